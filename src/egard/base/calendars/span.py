"""Amounts of time as people agree on them: "2 h", "24 h", "1 business day" and "2 months" are different things."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any, Literal, get_args

Unit = Literal["minute", "hour", "day", "week", "month", "year"]
AMOUNT_MAX: dict[str, int] = {"minute": 10**6, "hour": 20_000, "day": 4_000, "week": 500, "month": 120, "year": 30}
"""Longer than some ten years is no promise but a slip of the pen."""
_CLOCK = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1)}
_SHORT = {"min": "minute", "mins": "minute", "h": "hour", "hr": "hour", "hrs": "hour", "d": "day"}
_FORM = re.compile(r"(?P<amount>\d{1,7})\s*(?P<working>business|working)?\s*(?P<unit>[a-z]+)")


class BadSpan(ValueError):
    """The amount of time is not written as one: a number, then min, h, days, weeks, months, business days…"""

    def __init__(self, written: str) -> None:
        self.written = written
        super().__init__(
            f"{written!r} is no amount of time; write 30 min, 2 h, 2 business hours, 1 business day, 3 days"
        )


@dataclass(frozen=True, slots=True)
class Span:
    """`amount` of a `unit`, 1 or more.

    Minutes and hours are those of the clock: 24 h is 24 hours whatever is closed. Days, weeks, months and years are
    those of the calendar on the wall: the same time of another date (the 31st becomes the last of a shorter month).
    `working`: minutes and hours that are counted only while it is open; days are days of work, to the closing of the
    last one.
    """

    amount: int
    unit: Unit
    working: bool = False

    def __post_init__(self) -> None:
        bad = self.unit not in get_args(Unit) or not 1 <= self.amount <= AMOUNT_MAX[self.unit]
        if bad or (self.working and self.unit not in ("minute", "hour", "day")):
            raise BadSpan(f"{self.amount} {'business ' if self.working else ''}{self.unit}")

    @classmethod
    def parse(cls, words: str | Span) -> Span:
        """Reads "2 h", "30 min", "1 business day", "2 business hours", "3 days", "2 months". Raises `BadSpan`."""
        return words if isinstance(words, Span) else _parsed(words)

    @property
    def clock(self) -> timedelta | None:
        """Its length where that is the same everywhere: minutes and hours, of the clock or of work."""
        each = _CLOCK.get(self.unit)
        return each * self.amount if each else None

    def __str__(self) -> str:
        """The form that `parse` reads."""
        unit = {"minute": "min", "hour": "h"}.get(self.unit, f"{self.unit}{'s' if self.amount > 1 else ''}")
        if self.working:
            unit = f"business {self.unit}{'s' if self.amount > 1 else ''}"
        return f"{self.amount} {unit}"


@lru_cache(maxsize=1000)
def _parsed(words: str) -> Span:
    found = _FORM.fullmatch(" ".join(str(words).lower().split()))
    if found is None:
        raise BadSpan(str(words)[:50])
    unit: Any = found["unit"]
    unit = _SHORT.get(unit, unit.removesuffix("s"))
    try:
        return Span(int(found["amount"]), unit, working=bool(found["working"]))
    except BadSpan as error:
        raise BadSpan(str(words)[:50]) from error
