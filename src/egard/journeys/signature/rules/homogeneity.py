"""How alike a house writes: the scores of groups with n and intervals, and how much of their spread lies between
groups.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

Z_95 = 1.959963984540054
N_MIN = 5
"""Of fewer messages no interval is given: it would say nothing."""


@dataclass(frozen=True, slots=True)
class Group:
    """The scores (0 to 100) of one team, channel, author or month: their number, sum and sum of squares."""

    name: str
    n: int
    total: float
    squares: float

    @property
    def mean(self) -> float:
        return self.total / self.n if self.n else 0.0

    @property
    def variance(self) -> float:
        """Of one score, from the sample; 0 for one message."""
        return max(0.0, (self.squares - self.n * self.mean**2) / (self.n - 1)) if self.n > 1 else 0.0

    @property
    def bounds(self) -> tuple[float, float] | None:
        """Between which means the true one lies with 95 % confidence (Student); None below five messages."""
        if self.n < N_MIN:
            return None
        half = student_95(self.n - 1) * sqrt(self.variance / self.n)
        return max(0.0, self.mean - half), min(100.0, self.mean + half)


def student_95(freedom: int) -> float:
    """The 97.5 % quantile of Student's t by the expansion of Cornish and Fisher; within 0.01 from 4 degrees on."""
    z, v = Z_95, float(freedom)
    return (
        z
        + (z**3 + z) / (4 * v)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * v**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * v**3)
    )


def together(groups: Sequence[Group]) -> Group:
    return Group("", sum(g.n for g in groups), sum(g.total for g in groups), sum(g.squares for g in groups))


@dataclass(frozen=True, slots=True)
class Spread:
    """`between` and `within`: standard deviations in points, between the groups' true means and inside them. `alike`
    is the share of a score's variance that does not depend on the group, 0 to 1; None where there is nothing to
    compare.
    """

    between: float
    within: float
    alike: float | None


def spread(groups: Sequence[Group]) -> Spread:
    """One-way random effects, by the method of moments (Searle, Casella, McCulloch, Variance Components, 1992, ch.
    3): chance differences between small groups are not taken for true ones.
    """
    held = [group for group in groups if group.n]
    n, k = sum(group.n for group in held), len(held)
    if k < 2 or n <= k:
        return Spread(0.0, sqrt(together(held).variance) if held else 0.0, None)
    mean = sum(group.total for group in held) / n
    inside = sum(group.variance * (group.n - 1) for group in held) / (n - k)
    among = sum(group.n * (group.mean - mean) ** 2 for group in held) / (k - 1)
    size = (n - sum(group.n**2 for group in held) / n) / (k - 1)
    between = max(0.0, (among - inside) / size)
    whole = between + inside
    return Spread(sqrt(between), sqrt(inside), inside / whole if whole else 1.0)
