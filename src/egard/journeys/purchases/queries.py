"""What staff ask of buyers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
from django.db.models import Sum
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from egard.base.money import Money
from egard.base.quickread import quick_rows
from egard.journeys.purchases import rules
from egard.journeys.purchases.models import Value
from egard.kernel.access.actors import Viewer
from egard.kernel.people.models import Person
from egard.kernel.people.queries import seen_as
from egard.kernel.registry import FieldClass
from egard.kernel.timeline.models import Fact

READ = "purchases.read_value"


_VALUES = f"""
select currency, {", ".join(f"v.{name}" for name in rules.FIELDS if name != "months")}, months::text,
       coalesce((select s.name from access_site s where s.code = v.visit_site), v.visit_site)
from purchases_value v where person_id = any(%s) order by id
"""


def values(viewer: Viewer, person: Person) -> list[tuple[str, rules.Buying, str]]:
    """What a person bought, by currency, the largest first, with the name of the shop last visited: one query."""
    viewer = seen_as(viewer, person)
    if not viewer.can(READ) or not viewer.sees(FieldClass.VALUE):
        return []
    places: dict[str, str] = {}
    held: dict[str, list[rules.Buying]] = {}
    for currency, *sums, months, place in quick_rows(_VALUES, [list(person.members)]):
        buying = rules.Buying(*sums, months=orjson.loads(months))
        places[buying.visit_site] = place
        held.setdefault(currency, []).append(buying)
    sums = {currency: rules.together(some) for currency, some in held.items()}
    return sorted(((c, b, places[b.visit_site]) for c, b in sums.items()), key=lambda found: -found[1].spent_minor)


def counts(viewer: Viewer, person: Person) -> list[tuple[Any, int]]:
    """What a merge brings together: orders, over all rows of the person."""
    if not viewer.can(READ) or not viewer.sees(FieldClass.VALUE):
        return []
    orders = Value.objects.filter(person__in=person.members).aggregate(n=Sum("orders"))["n"]
    return [(_("Orders"), orders or 0)]


def panel(person: Person, viewer: Viewer, now: datetime) -> Mapping[str, Any] | None:
    """What the panel of the person's page shows; None for somebody who never bought."""
    found = values(viewer, person)
    if not found:
        return None
    language = get_language() or "fr"
    currency, buying, visit_place = found[0]
    months = rules.last_months(buying.months, now)
    highest = max((amount for _month, amount in months), default=0)
    return {
        "spent": Money(buying.net_minor, currency).words(language),
        "others": [Money(b.net_minor, c).words(language) for c, b, _place in found[1:]],
        "buying": buying,
        "visit_place": visit_place,
        "average": Money(average, currency).words(language) if (average := buying.average_minor()) is not None else "",
        "yearly": buying.yearly_orders(now),
        "cancelled": Money(buying.cancelled_minor, currency).words(language) if buying.cancellations else "",
        "months": [
            {
                "at": datetime.fromisoformat(f"{month}-01T00:00:00+00:00"),
                "amount": Money(amount, currency).words(language),
                # Tenths of the highest month: the chart is drawn by classes, the page allows no inline style.
                "height": max(1 if amount > 0 else 0, round(10 * amount / highest))
                if highest > 0 and amount > 0
                else 0,
            }
            for month, amount in months
        ]
        if highest > 0
        else [],
    }


def data(person: Person, viewer: Viewer, now: datetime) -> Mapping[str, Any] | None:
    """The same for programs (`overview`)."""
    found = values(viewer, person)
    if not found:
        return None
    return {
        "currencies": [
            {
                "spent": {"amount": b.net_minor, "currency": currency},
                "orders": b.orders,
                "cancellations": b.cancellations,
                "cancelled": {"amount": b.cancelled_minor, "currency": currency},
                "first_at": b.first_at,
                "last_at": b.last_at,
                "last_visit_at": b.visit_at,
                "last_visit_site": b.visit_site,
                "orders_per_year": b.yearly_orders(now),
            }
            for currency, b, _place in found
        ]
    }


def spent(viewer: Viewer, person: Person, *, currency: str, now: datetime) -> int:
    """What she bought in the last twelve months, net of what was cancelled, in minor units: for other journeys."""
    months = [
        dict(rules.last_months(buying.months, now))
        for held, buying, _place in values(viewer, person)
        if held == currency
    ]
    return max(0, sum(sum(one.values()) for one in months))


def paid(viewer: Viewer, person: Person, *, order_number: str, currency: str) -> int | None:
    """What she paid for an order, in minor units; None where no order of hers has this number: for other journeys."""
    if not seen_as(viewer, person).can(READ):
        return None
    key = f"made:{order_number.strip()}"
    data = Fact.objects.filter(person__in=person.members, key=key).values_list("data", flat=True).first()
    total = (data or {}).get("total", {})
    return total["amount"] if total.get("currency") == currency and total["amount"] > 0 else None


def export(person: Person) -> list[dict[str, Any]]:
    """What the journey holds on a person beside her facts."""
    return list(Value.objects.filter(person=person).values("currency", *rules.FIELDS))
