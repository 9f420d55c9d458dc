"""Following complaints by their facts alone: this journey knows no other."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import connection

from egard.base.copytext import moment_array, number_array, text_array
from egard.kernel.timeline.reactions import LoggedFact

RECEIVED, ANSWERED, CLOSED = "complaints.received/1", "complaints.answered/1", "complaints.closed/1"
FACTS = (RECEIVED, ANSWERED, CLOSED)

_KEEP = """
insert into gestures_outcome (complaint, person_id, received_at, resolved_at)
select * from unnest(%s::uuid[], %s::bigint[], %s::timestamptz[], %s::timestamptz[])
on conflict (complaint) do update set received_at = least(gestures_outcome.received_at, excluded.received_at),
                                      resolved_at = least(gestures_outcome.resolved_at, excluded.resolved_at)
"""


def keep_outcomes(facts: list[LoggedFact]) -> None:
    """The reaction: when each complaint was first received, and first answered or closed."""
    held: dict[str, tuple[int, datetime | None, datetime | None]] = {}
    for f in facts:
        if f.person_id is None or f.corrects:
            continue
        name = str(UUID(f.data["complaint"]))
        _person, received, resolved = held.get(name, (0, None, None))
        if f.kind == RECEIVED:
            received = _earlier(received, f.at)
        else:
            resolved = _earlier(resolved, f.at)
        held[name] = f.person_id, received, resolved
    if held:
        names = sorted(held)
        persons, received_at, resolved_at = zip(*(held[name] for name in names), strict=True)
        _write(names, persons, received_at, resolved_at)


def _write(names: list[str], persons: Iterable[int], *moments: Iterable[datetime | None]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_KEEP, [text_array(names), number_array(persons), *map(moment_array, moments)])


def _earlier(one: datetime | None, other: datetime) -> datetime:
    return other if one is None or other < one else one
