"""How often clients reach their own adviser, and how fast: shares with how many they are of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Exists, OuterRef, Q

from egard.base.figures import Share
from egard.journeys.reach.models import Call
from egard.journeys.reach.queries import READ
from egard.kernel.access.actors import Viewer

SOON = timedelta(minutes=3)
"""Answering within three minutes is the least."""
REPEATED = timedelta(days=1)
"""Who calls again within a day had not got what she needed."""


@dataclass(frozen=True, slots=True)
class Reached:
    """Calls that ended in a period. `own`: of those with an adviser, who talked to her; `soon`: of all, answered within
    three minutes; `abandoned`: hung up before an answer or a promise; `transferred`: put through at least once;
    `promised`: left with a promise; `repeated`: of those whose caller is known, called again within a day.
    """

    own: Share
    soon: Share
    abandoned: Share
    transferred: Share
    promised: Share
    repeated: Share


def reached(viewer: Viewer, *, since: datetime, until: datetime) -> Reached:
    """Of the calls asked from `since` to before `until` that are over: one query. Raises `NotAllowed`."""
    viewer.require(READ)
    again = Call.objects.filter(person=OuterRef("person"), asked_at__gt=OuterRef("asked_at"))
    again = again.filter(asked_at__lte=OuterRef("asked_at") + REPEATED)
    calls = Call.objects.filter(asked_at__gte=since, asked_at__lt=until, state="ended").annotate(again=Exists(again))
    seconds = int(SOON.total_seconds())
    told = calls.aggregate(
        n=Count("id"),
        clients=Count("id", filter=Q(adviser__isnull=False)),
        own=Count("id", filter=Q(adviser__isnull=False, outcome="own")),
        soon=Count("id", filter=Q(answered_at__isnull=False, waited__lte=seconds)),
        abandoned=Count("id", filter=Q(outcome="abandoned")),
        transferred=Count("id", filter=Q(transfers__gt=0)),
        promised=Count("id", filter=Q(outcome__in=("call_back", "message"))),
        known=Count("id", filter=Q(person__isnull=False)),
        repeated=Count("id", filter=Q(person__isnull=False, again=True)),
    )
    return Reached(
        own=Share(told["own"], told["clients"], name="own"),
        soon=Share(told["soon"], told["n"], name="soon"),
        abandoned=Share(told["abandoned"], told["n"], name="abandoned"),
        transferred=Share(told["transferred"], told["n"], name="transferred"),
        promised=Share(told["promised"], told["n"], name="promised"),
        repeated=Share(told["repeated"], told["known"], name="repeated"),
    )
