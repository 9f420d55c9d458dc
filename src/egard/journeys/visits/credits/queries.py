"""Questions on what visits lead to. The viewer comes first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Case, CharField, Count, F, IntegerField, QuerySet, Sum, Value, When
from django.db.models.functions import Coalesce

from egard.journeys.visits.credits.models import Credit
from egard.journeys.visits.queries import FIGURES
from egard.kernel.access.actors import Viewer


@dataclass(frozen=True, slots=True)
class Led:
    """What visits of one site, host and reason led to in one currency (empty: to no sale): sales to those who came,
    associated and not caused. `elsewhere`: of it, sold on line or at another site. Minor units.
    """

    site: str
    host: str
    reason: str
    visits: int
    sales: int
    amount: int
    elsewhere: int
    currency: str


def led_to(
    viewer: Viewer, since: datetime, until: datetime, *, site: UUID | None = None, host: UUID | None = None
) -> list[Led]:
    """What visits that took place between two moments led to until now, by site, host and reason: two queries. Raises
    `NotAllowed`.
    """
    rows = _seen(viewer).filter(at__gte=since, at__lt=until)
    if site is not None:
        rows = rows.filter(site=site)
    if host is not None:
        rows = rows.filter(host=host)
    by = rows.values("site__code", "host__name", "reason")
    visits = {tuple(row[name] for name in _BY): row["n"] for row in by.annotate(n=Count("pk")).order_by()}
    away = When(shares__sold_site=F("site__code"), then=Value(0))
    sold = by.filter(shares__isnull=False).annotate(
        currency=Coalesce("shares__currency", Value(""), output_field=CharField()),
        n=Count("shares__order", distinct=True),
        amount=Sum("shares__amount"),
        elsewhere=Sum(Case(away, default="shares__amount", output_field=IntegerField())),
    )
    found: list[Led] = []
    for row in sold.order_by(*_BY, "currency"):
        place = tuple(row[name] for name in _BY)
        found.append(Led(*_named(place), visits[place], row["n"], row["amount"], row["elsewhere"], row["currency"]))
    told = {(one.site, one.host, one.reason) for one in found}
    found += [Led(*_named(place), n, 0, 0, 0, "") for place, n in visits.items() if _named(place) not in told]
    return sorted(found, key=lambda one: (one.site, one.host, one.reason, one.currency))


_BY = ("site__code", "host__name", "reason")


def _named(place: tuple[str | None, ...]) -> tuple[str, str, str]:
    site, host, reason = place
    return site or "", host or "", reason or ""


def _seen(viewer: Viewer) -> QuerySet[Credit]:
    scope = viewer.require(FIGURES)
    return Credit.objects.all() if scope == "all" else Credit.objects.filter(site__in=viewer.site_ids)
