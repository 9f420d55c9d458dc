"""When somebody receives visitors, for those who promise other time of hers."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from uuid import UUID

from egard.journeys.visits.models import Engaged, Occupied
from egard.journeys.visits.offering import counts


def spans(
    users: Collection[UUID], since: datetime, until: datetime, now: datetime
) -> Iterator[tuple[UUID, datetime, datetime]]:
    """What overlaps a period: two queries."""
    told = {"resource__user__in": users, "until__gt": since, "since__lt": until}
    for rows in (Occupied.objects.filter(counts(now), **told), Engaged.objects.filter(**told)):
        yield from rows.values_list("resource__user_id", "since", "until")
