"""Time of staff that is given away, by whatever journey."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from uuid import UUID

from egard.kernel.registry import registry


def busy(
    users: Collection[UUID], since: datetime, until: datetime, *, now: datetime, besides: str = ""
) -> Iterator[tuple[UUID, datetime, datetime]]:
    """When members of staff are taken between two moments: absences, call backs, visits, as the journeys declare
    (`Busy`), without those of one journey `besides`. One or two queries a journey, none for nobody.
    """
    if users:
        for name, one in registry.busy.items():
            if name != besides:
                yield from one.spans(users, since, until, now)
