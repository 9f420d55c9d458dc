"""Closed cases take little room: their events and snapshot are packed, and read as before."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import orjson
import zstandard
from django.db import connection, transaction

from egard.kernel.cases.models import Archive, Case, CaseEvent
from egard.kernel.cases.rules.state import State
from egard.kernel.cases.writing import Held

LEVEL = 12
AFTER = timedelta(days=365)
"""How long after its closing a case is packed."""


def archive_old(*, now: datetime) -> None:
    """The house's job: pack what was closed long ago."""
    while archive(now - AFTER, now=now):
        pass


@transaction.atomic
def archive(before: datetime, *, now: datetime, most: int = 500) -> int:
    """Pack the cases that were closed before a moment; how many. One batch, safe beside any other."""
    closed = Case.objects.filter(status="closed", closed_at__lt=before, archived=False).order_by("closed_at")
    held = list(closed.select_for_update(skip_locked=True, no_key=True, of=("self",))[:most])
    histories: dict[int, list[dict[str, Any]]] = {case.pk: [] for case in held}
    rows = CaseEvent.objects.filter(case_id__in=histories).order_by("case_id", "n")
    for row in rows.values("case_id", "n", "at", "by", "kind", "key", "body").iterator(chunk_size=5000):
        histories[row.pop("case_id")].append(row)
    Archive.objects.bulk_create(
        Archive(case=case, body=packed(case.snapshot, histories[case.pk]), archived_at=now) for case in held
    )
    with archiving():
        CaseEvent.objects.filter(case_id__in=histories).delete()
    Case.objects.filter(pk__in=histories).update(snapshot=None, archived=True)
    return len(held)


class archiving:
    """Inside, events may be moved out of their table. For the archive only."""

    def __enter__(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("select set_config('egard.archiving', 'on', true)")

    def __exit__(self, kind: object, *_error: object) -> None:
        if kind is None:
            with connection.cursor() as cursor:
                cursor.execute("select set_config('egard.archiving', 'off', true)")


def packed(state: State | None, events: list[dict[str, Any]]) -> bytes:
    return zstandard.ZstdCompressor(level=LEVEL).compress(orjson.dumps({"state": state, "events": events}))


def _body(case_id: int) -> dict[str, Any]:
    body = Archive.objects.values_list("body", flat=True).filter(pk=case_id).first()
    return orjson.loads(zstandard.ZstdDecompressor().decompress(bytes(body))) if body else {"state": None, "events": []}


def unpack(case_id: int) -> list[dict[str, Any]]:
    """The packed events of a case, as `history.events_of` gives them."""
    return [{**one, "at": datetime.fromisoformat(one["at"])} for one in _body(case_id)["events"]]


def unpack_state(case_id: int) -> State:
    return _body(case_id)["state"]


def unarchive(held: Held) -> None:
    """A case that is reopened has its events in their table again."""
    events = unpack(held.id)
    if events:
        CaseEvent.objects.bulk_create(CaseEvent(case_id=held.id, **one) for one in events)
        Archive.objects.filter(pk=held.id).delete()
        Case.objects.filter(pk=held.id).update(archived=False)
