"""How often clients reach their own adviser, and how fast: shares with how many they are of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.db.models.functions import TruncWeek

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


@dataclass(frozen=True, slots=True)
class Week:
    """The same of the calls of one week; `begins_at`: its Monday, as the house's clock has it."""

    begins_at: datetime
    reached: Reached


def reached(viewer: Viewer, *, since: datetime, until: datetime) -> Reached:
    """Of the calls asked from `since` to before `until` that are over: one query. Raises `NotAllowed`."""
    return _reached(_calls(viewer, since, until).aggregate(**_COUNTED))


def weeks(viewer: Viewer, *, since: datetime, until: datetime) -> list[Week]:
    """The same week by week, the earliest first; weeks without a call are left out: one query. Raises `NotAllowed`."""
    begun = _calls(viewer, since, until).annotate(week=TruncWeek("asked_at")).values("week")
    return [Week(row["week"], _reached(row)) for row in begun.annotate(**_COUNTED).order_by("week")]


def _calls(viewer: Viewer, since: datetime, until: datetime) -> QuerySet[Call]:
    viewer.require(READ)
    again = Call.objects.filter(person=OuterRef("person"), asked_at__gt=OuterRef("asked_at"))
    again = again.filter(asked_at__lte=OuterRef("asked_at") + REPEATED)
    return Call.objects.filter(asked_at__gte=since, asked_at__lt=until, state="ended").annotate(again=Exists(again))


_COUNTED: dict[str, Any] = {
    "n": Count("id"),
    "clients": Count("id", filter=Q(adviser__isnull=False)),
    "own_n": Count("id", filter=Q(adviser__isnull=False, outcome="own")),
    "soon_n": Count("id", filter=Q(answered_at__isnull=False, waited__lte=int(SOON.total_seconds()))),
    "abandoned_n": Count("id", filter=Q(outcome="abandoned")),
    "transferred_n": Count("id", filter=Q(transfers__gt=0)),
    "promised_n": Count("id", filter=Q(outcome__in=("call_back", "message"))),
    "known": Count("id", filter=Q(person__isnull=False)),
    "repeated_n": Count("id", filter=Q(person__isnull=False, again=True)),
}
_OF = {"own": "clients", "repeated": "known"}
"""Of which calls a share is; else of all."""


def _reached(told: Mapping[str, Any]) -> Reached:
    names = [one.name for one in fields(Reached)]
    return Reached(**{name: Share(told[f"{name}_n"], told[_OF.get(name, "n")], name=name) for name in names})
