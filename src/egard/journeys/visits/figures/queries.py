"""How visits are kept, in figures. The viewer comes first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Avg, Count, DurationField, ExpressionWrapper, F, FloatField, Q, QuerySet, Sum
from django.db.models.aggregates import Aggregate
from django.db.models.functions import Coalesce, Extract, Greatest

from egard.base.calendars import working_between
from egard.base.figures import Share
from egard.journeys.visits import queries
from egard.journeys.visits.booking import ON_TIME
from egard.journeys.visits.models import Rota
from egard.journeys.visits.offering import hours_at
from egard.journeys.visits.refusals import ManyDays
from egard.kernel.access.actors import Viewer

DAYS_MOST = 366


class _Percentile(Aggregate):
    """The value below which a part of all lies, between two where it must (PostgreSQL's percentile_cont)."""

    function = "percentile_cont"
    template = "%(function)s(%(part)s) within group (order by %(expressions)s)"


@dataclass(frozen=True, slots=True)
class Figures:
    """Of the visits whose hour lies in a period and is past. Shares are of: `kept` and `missed` of those booked and not
    cancelled; `on_time` of those received that had an hour, counted from her coming where she came later; `at_hour` of
    those who were there by their hour. Waits are seconds from her hour, or her coming where that is later, until
    somebody received her; of none: None. `use` is time with visitors in time on the rota.
    """

    booked: int
    cancelled: int
    walked_in: int
    kept: Share
    missed: Share
    on_time: Share
    at_hour: Share
    wait_median: float | None
    wait_90: float | None
    wait_mean: float | None
    use: float | None


def figures(
    viewer: Viewer, since: datetime, until: datetime, *, site: UUID | None = None, reason: str = "", now: datetime
) -> Figures:
    """Over a period of 366 days at most: three queries. Raises `NotAllowed`, `ManyDays`."""
    rows = queries.visits(viewer, queries.FIGURES).select_related(None)
    if not timedelta(0) < until - since <= timedelta(days=DAYS_MOST):
        raise ManyDays(most=DAYS_MOST)
    rows = rows.filter(starts_at__gte=since, starts_at__lt=min(until, now))
    if site is not None:
        rows = rows.filter(site=site)
    if reason:
        rows = rows.filter(reason__code=reason)
    came = Q(state__in=("arrived", "started", "ended"))
    booked, received = Q(walked_in=False), Q(started_at__isnull=False)
    owed = Greatest("starts_at", Coalesce("arrived_at", "starts_at"))
    begun = rows.annotate(owed=owed)
    promised = booked & received
    punctual = booked & received & Q(arrived_at__lte=F("starts_at"))
    told = begun.aggregate(
        booked=Count("pk", filter=booked),
        cancelled=Count("pk", filter=booked & Q(state="cancelled")),
        unbooked=Count("pk", filter=~booked),
        kept=Count("pk", filter=booked & came),
        missed=Count("pk", filter=booked & Q(state="missed")),
        received=Count("pk", filter=promised),
        on_time=Count("pk", filter=promised & Q(started_at__lte=F("owed") + ON_TIME)),
        there=Count("pk", filter=punctual),
        at_hour=Count("pk", filter=punctual & Q(started_at__lte=F("starts_at") + ON_TIME)),
        spent=Sum(F("ended_at") - F("started_at"), filter=received & Q(ended_at__isnull=False)),
    )
    waited = ExpressionWrapper(F("started_at") - F("owed"), output_field=DurationField())
    seconds = Greatest(Extract(waited, "epoch"), 0.0, output_field=FloatField())
    waits = begun.filter(received).aggregate(
        half=_Percentile(seconds, part=0.5, output_field=FloatField()),
        most=_Percentile(seconds, part=0.9, output_field=FloatField()),
        mean=Avg(seconds),
    )
    asked = told["booked"] - told["cancelled"]
    on_rota = _on_rota(viewer, since, min(until, now), site)
    spent = told["spent"] or timedelta(0)
    return Figures(
        told["booked"], told["cancelled"], told["unbooked"], Share(told["kept"], asked), Share(told["missed"], asked),
        Share(told["on_time"], told["received"]), Share(told["at_hour"], told["there"]),
        waits["half"], waits["most"], waits["mean"], spent / on_rota if on_rota and not reason else None,
    )  # fmt: skip


def _on_rota(viewer: Viewer, since: datetime, until: datetime, site: UUID | None) -> timedelta:
    """How long hosts were there to receive, by their hours of now."""
    shops = {shop.site_id: shop for shop in queries.shops(viewer, queries.FIGURES)}
    rows: QuerySet[Rota] = Rota.objects.filter(
        site__in=[site] if site in shops else list(shops) if site is None else []
    )
    found = timedelta(0)
    for rota in rows.filter(resource__ended_at__isnull=True, skills__isnull=False).distinct():
        calendar = hours_at(shops[rota.site_id], rota.hours)
        if calendar is not None and until > since:
            found += working_between(since, until, calendar)
    return found
