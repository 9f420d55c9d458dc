"""When advisers are absent, or have promised to call somebody: time that nobody else promises."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from uuid import UUID

from egard.journeys.reach.models import Absence, CallBack


def spans(
    users: Collection[UUID], since: datetime, until: datetime, now: datetime
) -> Iterator[tuple[UUID, datetime, datetime]]:
    """What overlaps a period: two queries."""
    del now  # what is promised does not lapse
    away = Absence.objects.filter(desk__user__in=users, until__gt=since, since__lt=until)
    yield from away.values_list("desk__user_id", "since", "until")
    owed = CallBack.objects.filter(
        desk__user__in=users, ends_at__gt=since, starts_at__lt=until, dropped_at__isnull=True, made_at__isnull=True
    )
    yield from owed.values_list("desk__user_id", "starts_at", "ends_at")
