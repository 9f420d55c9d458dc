"""What a person is worth as a buyer: pure sums over purchases and cancellations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, Literal

SHOP_CHANNELS = frozenset({"shop", "counter"})
"""Channels on which somebody came in person."""

YEAR_DAYS = 365.25


@dataclass(frozen=True, slots=True)
class Buying:
    """What one person bought in one currency. Amounts are minor units; cancelled amounts are positive."""

    orders: int = 0
    spent_minor: int = 0
    cancellations: int = 0
    cancelled_minor: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None
    visit_at: datetime | None = None
    visit_site: str = ""
    months: Mapping[str, int] = field(default_factory=dict)
    """Net amount by calendar month of UTC (`2026-03`)."""

    @property
    def net_minor(self) -> int:
        return self.spent_minor - self.cancelled_minor

    def yearly_orders(self, now: datetime) -> float | None:
        """Orders a year since the first one; None before one year's quarter has passed, when it would mislead."""
        if self.first_at is None or (now - self.first_at).days < YEAR_DAYS / 4:
            return None
        return self.orders / ((now - self.first_at).days / YEAR_DAYS)

    def average_minor(self) -> int | None:
        """The mean amount of an order, rounded half up; None of fewer than two: it would say the sum again."""
        return (2 * self.spent_minor + self.orders) // (2 * self.orders) if self.orders > 1 else None


FIELDS = tuple(column.name for column in fields(Buying))


Step = tuple[Literal["made", "cancelled"], datetime, Mapping[str, Any], str]
"""One fact as the sums read it: which, when, its data, its channel."""


def add(before: Buying, steps: Iterable[Step]) -> Buying:
    """`before` and these facts, all of one currency; their order does not matter.

    A cancellation is no purchase: it changes sums, not dates of buying.
    """
    orders, spent, cancellations, cancelled = (
        before.orders,
        before.spent_minor,
        before.cancellations,
        before.cancelled_minor,
    )
    first, last, visit, visit_site = before.first_at, before.last_at, before.visit_at, before.visit_site
    months = dict(before.months)
    for name, at, data, channel in steps:
        amount = int(data["total"]["amount"])
        month = f"{at.year:04d}-{at.month:02d}"
        if name == "cancelled":
            cancellations += 1
            cancelled += amount
            months[month] = months.get(month, 0) - amount
            continue
        orders += 1
        spent += amount
        months[month] = months.get(month, 0) + amount
        first = at if first is None or at < first else first
        last = at if last is None or at > last else last
        # Of two visits at one moment the name decides: nothing depends on the order of facts.
        site = data.get("site") or ""
        if channel in SHOP_CHANNELS and (visit is None or (at, site) > (visit, visit_site)):
            visit, visit_site = at, site
    return Buying(orders, spent, cancellations, cancelled, first, last, visit, visit_site, months)


def together(parts: Iterable[Buying]) -> Buying:
    """The sum of what several rows of one person bought in one currency; nothing for no rows."""
    held = list(parts)
    if len(held) == 1:
        return held[0]
    firsts = [one.first_at for one in held if one.first_at]
    lasts = [one.last_at for one in held if one.last_at]
    visits = [(one.visit_at, one.visit_site) for one in held if one.visit_at]
    visit_at, visit_site = max(visits, default=(None, ""))
    months: dict[str, int] = {}
    for one in held:
        for month, amount in one.months.items():
            months[month] = months.get(month, 0) + amount
    return Buying(
        orders=sum(one.orders for one in held),
        spent_minor=sum(one.spent_minor for one in held),
        cancellations=sum(one.cancellations for one in held),
        cancelled_minor=sum(one.cancelled_minor for one in held),
        first_at=min(firsts, default=None),
        last_at=max(lasts, default=None),
        visit_at=visit_at,
        visit_site=visit_site,
        months=months,
    )


def last_months(months: Mapping[str, int], now: datetime, count: int = 12) -> list[tuple[str, int]]:
    """The last `count` calendar months up to `now`, oldest first, with their net amounts (0 for nothing)."""
    index = now.year * 12 + now.month - 1
    names = [f"{n // 12:04d}-{n % 12 + 1:02d}" for n in range(index - count + 1, index + 1)]
    return [(name, months.get(name, 0)) for name in names]
