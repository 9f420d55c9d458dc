"""What a person is worth as a buyer: pure sums over purchases and cancellations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
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
        """The mean amount of an order, rounded half up."""
        return (2 * self.spent_minor + self.orders) // (2 * self.orders) if self.orders else None


FIELDS = tuple(column.name for column in fields(Buying))


def bought(before: Buying, *, at: datetime, amount_minor: int, channel: str, site: str) -> Buying:
    """`before` and one more purchase; the order of facts does not matter."""
    came = channel in SHOP_CHANNELS and (before.visit_at is None or at > before.visit_at)
    return replace(
        before,
        orders=before.orders + 1,
        spent_minor=before.spent_minor + amount_minor,
        first_at=at if before.first_at is None else min(before.first_at, at),
        last_at=at if before.last_at is None else max(before.last_at, at),
        visit_at=at if came else before.visit_at,
        visit_site=site if came else before.visit_site,
        months=_plus(before.months, at, amount_minor),
    )


def cancelled(before: Buying, *, at: datetime, amount_minor: int) -> Buying:
    """`before` and one cancellation of `amount_minor` (positive). It is no purchase: dates of buying stay."""
    return replace(
        before,
        cancellations=before.cancellations + 1,
        cancelled_minor=before.cancelled_minor + amount_minor,
        months=_plus(before.months, at, -amount_minor),
    )


def _plus(months: Mapping[str, int], at: datetime, amount_minor: int) -> dict[str, int]:
    month = f"{at:%Y-%m}"
    return {**months, month: months.get(month, 0) + amount_minor}


Step = tuple[Literal["made", "cancelled"], datetime, Mapping[str, Any], str]
"""One fact as the sums read it: which, when, its data, its channel."""


def add(before: Buying, steps: Iterable[Step]) -> Buying:
    """`before` and these facts, all of one currency."""
    for name, at, data, channel in steps:
        amount = int(data["total"]["amount"])
        if name == "made":
            before = bought(before, at=at, amount_minor=amount, channel=channel, site=data.get("site") or "")
        else:
            before = cancelled(before, at=at, amount_minor=amount)
    return before


def last_months(months: Mapping[str, int], now: datetime, count: int = 12) -> list[tuple[str, int]]:
    """The last `count` calendar months up to `now`, oldest first, with their net amounts (0 for nothing)."""
    index = now.year * 12 + now.month - 1
    names = [f"{n // 12:04d}-{n % 12 + 1:02d}" for n in range(index - count + 1, index + 1)]
    return [(name, months.get(name, 0)) for name in names]
