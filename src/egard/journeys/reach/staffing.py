"""How many advisers keep the three minutes, hour by hour: from the calls of the last weeks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Avg, Count, Min, Q, QuerySet, Sum
from django.db.models.functions import ExtractHour, ExtractIsoWeekDay
from django.utils import timezone

from egard.journeys.reach.models import Call
from egard.journeys.reach.queries import FIGURES
from egard.journeys.reach.rules.staffing import TALKS_MIN, Advice, advise, patience
from egard.kernel.access.actors import Viewer

WEEKS_MAX = 8
"""So many whole weeks are looked at: more would mix seasons."""


@dataclass(frozen=True, slots=True)
class Staffing:
    """A day of the week (1: Monday), hour by hour. `talk_seconds` is the mean of `talks`, None below thirty.
    `patience_seconds`: how long callers bear to wait, None below twenty who hung up.
    """

    weekday: int
    weeks: int
    calls: int
    talks: int
    talk_seconds: float | None
    gave_up: int
    patience_seconds: float | None
    hours: list[Advice]


def staffing(viewer: Viewer, *, weekday: int | None = None, now: datetime) -> Staffing:
    """What a day of the week asks for, or that of the most calls, from the whole weeks before today: three queries.
    Raises `NotAllowed`.
    """
    viewer.require(FIGURES)
    today = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    first = Call.objects.filter(asked_at__lt=today).aggregate(at=Min("asked_at"))["at"]
    begun = timezone.localtime(first).replace(hour=0, minute=0, second=0, microsecond=0) if first else today
    weeks = min(max((today - begun) // timedelta(weeks=1), 1), WEEKS_MAX) if first else 0
    calls = Call.objects.filter(asked_at__gte=today - timedelta(weeks=max(weeks, 1)), asked_at__lt=today)
    told = calls.aggregate(
        talks=Count("id", filter=Q(talked__gt=0)),
        length=Avg("talked", filter=Q(talked__gt=0)),
        waited=Sum("waited"),
        gave_up=Count("id", filter=Q(outcome="abandoned")),
    )
    talk_seconds = float(told["length"]) if told["talks"] >= TALKS_MIN else None
    bears = patience(float(told["waited"] or 0), told["gave_up"])
    each = _counted(calls)
    weekday = weekday or max(each, key=lambda day: (sum(each[day].values()), -day), default=1)
    counted = each.get(weekday, {})
    hours = [
        advise(hour, counted.get(hour, 0), weeks, talk_seconds=talk_seconds, patience_seconds=bears)
        for hour in range(min(counted), max(counted) + 1)
    ] if counted else []  # fmt: skip
    return Staffing(
        weekday, weeks, sum(counted.values()), told["talks"], talk_seconds, told["gave_up"], bears, hours
    )  # fmt: skip


def _counted(calls: QuerySet[Call]) -> dict[int, dict[int, int]]:
    """How many came on each day of the week at each hour, on the house's clock."""
    hours = calls.annotate(day=ExtractIsoWeekDay("asked_at"), hour=ExtractHour("asked_at")).values("day", "hour")
    found: dict[int, dict[int, int]] = {}
    for day, hour, n in hours.annotate(n=Count("id")).values_list("day", "hour", "n"):
        found.setdefault(day, {})[hour] = n
    return found
