"""What each friction counts, and the index of a person: points that fade. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from math import fsum, isfinite

HALF_LIFE_DAYS = 90.0
"""After so many days a friction counts half."""
WINDOW_DAYS = 730.0
"""What is older counts nothing (it would count less than half a hundredth)."""
DAY_SECONDS = 86_400.0


@dataclass(frozen=True, slots=True)
class Weight:
    """Points of one friction by its measure (minutes of a wait, else how often): nothing up to `free`, then `each` for
    each more, `most` at most.
    """

    free: float
    each: float
    most: float

    def points(self, measure: float) -> float:
        """0 or more; never falls as `measure` grows. Raises `ValueError` for what is no number."""
        if not isfinite(measure):
            raise ValueError("a measure is a number")
        return min(self.most, self.each * max(measure - self.free, 0.0))


WEIGHTS: Mapping[str, Weight] = {
    # Three minutes are the least that people expect; a quarter of an hour weighs as much as two transfers.
    "wait": Weight(free=3.0, each=0.5, most=10.0),
    "transfer": Weight(free=0.0, each=3.0, most=9.0),
    "asked_again": Weight(free=0.0, each=3.0, most=9.0),
    "forced_channel": Weight(free=0.0, each=4.0, most=8.0),
    "unanswered": Weight(free=0.0, each=6.0, most=12.0),
    # The one thing that we said ourselves.
    "promise_broken": Weight(free=0.0, each=8.0, most=16.0),
}


@dataclass(frozen=True, slots=True)
class Lived:
    """One friction that somebody lived: its kind, how much of it, when."""

    kind: str
    measure: float
    at: datetime


def faded(age_days: float) -> float:
    """The share that counts of something so many days old: 1 when it happens, a half after the half-life, and so on; 0
    of what lies ahead or beyond the window.
    """
    return 0.5 ** (age_days / HALF_LIFE_DAYS) if 0 <= age_days < WINDOW_DAYS else 0.0


def weighed(one: Lived, *, at: datetime, weights: Mapping[str, Weight] = WEIGHTS) -> float:
    """The points that one friction still counts at a moment."""
    age_days = (at - one.at).total_seconds() / DAY_SECONDS
    return weights[one.kind].points(one.measure) * faded(age_days)


def index(lived: Iterable[Lived], *, at: datetime, weights: Mapping[str, Weight] = WEIGHTS) -> float:
    """The friction index of one person at a moment: the sum of her points as they have faded, in whatever order they
    come. One friction more never lowers it; no friction is 0.
    """
    return fsum(weighed(one, at=at, weights=weights) for one in lived)
