"""Two groups side by side: a difference of means, a difference of shares, each with its interval. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import sqrt

from egard.base.figures import Z_95, interval

N_MIN = 30
"""Of fewer persons on a side no difference is shown: the mean of so skewed a figure is not yet near normal."""


@dataclass(frozen=True, slots=True)
class Side:
    """Points of `n` persons: their sum and the sum of their squares; `left`, how many of them left."""

    n: int
    total: float
    squares: float
    left: int = 0

    @property
    def mean(self) -> float:
        return self.total / self.n if self.n else 0.0

    @property
    def error(self) -> float:
        """The standard error of the mean, squared."""
        if self.n < 2:
            return 0.0
        return max(self.squares - self.n * self.mean**2, 0.0) / (self.n - 1) / self.n

    @property
    def bounds(self) -> tuple[float, float]:
        """Between which means the true one lies with 95 % confidence."""
        half = Z_95 * sqrt(self.error)
        return max(self.mean - half, 0.0), self.mean + half


@dataclass(frozen=True, slots=True)
class Difference:
    value: float
    low: float
    high: float

    @property
    def is_told(self) -> bool:
        """Whether nothing (0) is out of bounds."""
        return self.low > 0 or self.high < 0


def side(points: Iterable[float], left: int = 0) -> Side:
    held = list(points)
    return Side(len(held), sum(held), sum(one * one for one in held), left)


def of_means(old: Side, new: Side) -> Difference | None:
    """How much more the new one has, in points a person, with 95 % bounds (Welch, large samples); None below 30 persons
    on a side.
    """
    if min(old.n, new.n) < N_MIN:
        return None
    value, half = new.mean - old.mean, Z_95 * sqrt(old.error + new.error)
    return Difference(value, value - half, value + half)


def of_shares(old: Side, new: Side) -> Difference | None:
    """How much larger the share is that left, with 95 % bounds: R. G. Newcombe, Interval estimation for the difference
    between independent proportions, Statistics in Medicine 17 (1998), method 10. None below 30 persons on a side.
    """
    if min(old.n, new.n) < N_MIN:
        return None
    first, second = old.left / old.n, new.left / new.n
    (low_1, high_1), (low_2, high_2) = interval(old.left, old.n), interval(new.left, new.n)
    value = second - first
    low = value - sqrt((second - low_2) ** 2 + (high_1 - first) ** 2)
    high = value + sqrt((high_2 - second) ** 2 + (first - low_1) ** 2)
    return Difference(value, low, high)
