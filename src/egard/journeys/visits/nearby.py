"""The nearest sites with a time that is free."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Exists, F, FloatField, OuterRef, QuerySet, Value
from django.db.models.functions import ASin, Cos, Power, Radians, Sin, Sqrt

from egard.journeys.visits.models import Reason, Shop, Skill
from egard.journeys.visits.offering import Offer, offers

EARTH = 6371.0088
"""Its mean radius in kilometres (IUGG)."""
ROUNDS = 3
"""How often as many sites again are looked at, where the nearest ones have no time."""


@dataclass(frozen=True, slots=True)
class Near:
    """What a site offers, and how far it is as the crow flies."""

    offer: Offer
    kilometres: float


def nearest(
    shops: QuerySet[Shop], reason: Reason, place: tuple[float, float], first: date, last: date, *, most: int = 20,
    now: datetime,
) -> list[Near]:  # fmt: skip
    """The nearest of some sites where a visit can begin on the dates `first` to `last`, by distance from a place
    (degrees of latitude and longitude). As many queries, however many sites there are.
    """
    held = Skill.objects.filter(reason=reason, rota__site=OuterRef("pk"), rota__resource__ended_at__isnull=True)
    known = shops.filter(latitude__isnull=False).filter(Exists(held)).annotate(away=kilometres(*place))
    rows = list(known.order_by("away", "pk")[: most * ROUNDS])
    found: list[Near] = []
    for begin in range(0, len(rows), most):
        some = rows[begin : begin + most]
        for shop, offer in zip(some, offers(some, reason, first, last, now=now), strict=True):
            if offer.at:
                found.append(Near(offer, shop.away))  # type: ignore[attr-defined]
        if len(found) >= most:
            break
    return found[:most]


def kilometres(latitude: float, longitude: float) -> ASin:
    """How far the sites of a query lie from a place: the great circle by haversines."""
    here, there = Radians(Value(latitude)), Radians(F("latitude"))
    height = Power(Sin((there - here) / 2), 2)
    width = Cos(here) * Cos(there) * Power(Sin((Radians(F("longitude")) - Radians(Value(longitude))) / 2), 2)
    return Value(2 * EARTH, output_field=FloatField()) * ASin(Sqrt(height + width))
