"""Periods of budgets, and where a budget is heading. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import sqrt
from zoneinfo import ZoneInfo

from egard.base.figures import Z_95

_FORM = re.compile(r"(?P<year>20\d\d)(?:-(?:(?P<month>0[1-9]|1[0-2])|Q(?P<quarter>[1-4])))?")


class BadPeriod(ValueError):
    """It is no period: write 2026-11, 2026-Q4 or 2026."""


def bounds(period: str, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """From when (included) until when (not) a month, a quarter or a year lasts, at a place. Raises `BadPeriod`."""
    found = _FORM.fullmatch(period)
    if found is None:
        raise BadPeriod(period)
    first, months = 1, 12
    if found["month"]:
        first, months = int(found["month"]), 1
    elif found["quarter"]:
        first, months = 3 * int(found["quarter"]) - 2, 3
    year = int(found["year"])
    ends = first + months
    return (
        datetime(year, first, 1, tzinfo=zone),
        datetime(year + (ends > 12), ends - 12 if ends > 12 else ends, 1, tzinfo=zone),
    )


def periods_at(moment: datetime, zone: ZoneInfo) -> tuple[str, str, str]:
    """The periods that a moment lies in, the shortest first: that one's budget bears what is given then."""
    local = moment.astimezone(zone)
    return f"{local.year}-{local.month:02d}", f"{local.year}-Q{(local.month + 2) // 3}", str(local.year)


@dataclass(frozen=True, slots=True)
class Forecast:
    """What will be spent by the end, if it goes on as it went: minor units, with bounds at 95 %; and when the budget
    would be empty. None where nothing can be said yet.
    """

    n: int
    total: int | None = None
    low: int | None = None
    high: int | None = None
    empty_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Costs:
    """What gestures cost: how many there were, the sum of their costs (minor units), and the sum of their squares."""

    n: int = 0
    total: int = 0
    squares: float = 0.0

    def __add__(self, more: Costs) -> Costs:
        return Costs(self.n + more.n, self.total + more.total, self.squares + more.squares)

    @classmethod
    def of(cls, costs: Sequence[int]) -> Costs:
        return cls(len(costs), sum(costs), float(sum(x * x for x in costs)))


GESTURES_MIN = 5
"""Below so many gestures nothing is forecast: the interval would say nothing but that."""


def forecast(costs: Costs, *, since: datetime, until: datetime, now: datetime, budget: int) -> Forecast:
    """Where a budget is heading. `costs` are those of the gestures so far.

    The run-rate, with the spread of a compound Poisson process: gestures come by chance at a steady rate and cost as
    they did. With e elapsed and r remaining time, what is still to come has the mean r/e · Σx and, the rate and the
    costs being themselves estimated, the variance r/e · (1 + r/e) · Σx² (Var Σx ≈ Σx² for a Poisson sum).
    """
    spent, n = costs.total, costs.n
    elapsed, remaining = min(now, until) - since, until - min(now, until)
    if n < GESTURES_MIN or elapsed <= timedelta(0):
        return Forecast(n)
    ratio = remaining / elapsed
    coming = ratio * spent
    spread = Z_95 * sqrt(ratio * (1 + ratio) * costs.squares)
    empty_at = None
    if spent >= budget:
        empty_at = now
    elif spent and coming + spent > budget:
        empty_at = now + elapsed * ((budget - spent) / spent)
    return Forecast(
        n, round(spent + coming), max(spent, round(spent + coming - spread)), round(spent + coming + spread), empty_at
    )
