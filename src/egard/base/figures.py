"""Rates said honestly: with how many they are of, and between which bounds they lie."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Any

Z_95 = 1.959963984540054


def interval(hits: int, n: int, *, z: float = Z_95) -> tuple[float, float]:
    """Between which shares the true rate lies with 95 % confidence, 0 to 1; everything is possible of n = 0.

    The score interval: E. B. Wilson, Probable inference, the law of succession, and statistical inference, JASA 22
    (1927). It holds for small n and near 0 and 1, where the usual one does not.
    """
    if not 0 <= hits <= n:
        raise ValueError("hits lie between 0 and n")
    if n == 0:
        return 0.0, 1.0
    share = hits / n
    middle = share + z * z / (2 * n)
    spread = z * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    low, high = (middle - spread) / (1 + z * z / n), (middle + spread) / (1 + z * z / n)
    return (0.0 if hits == 0 else max(0.0, low)), (1.0 if hits == n else min(1.0, high))


@dataclass(frozen=True, slots=True)
class Share:
    """So many `hits` of `n`. `label` is said in the language of whoever reads it; `name` is what a filter takes."""

    hits: int
    n: int
    label: Any = ""
    name: str = ""

    @property
    def share(self) -> float | None:
        return self.hits / self.n if self.n else None

    @property
    def percent(self) -> int:
        return round(100 * self.hits / self.n) if self.n else 0

    @property
    def bounds(self) -> tuple[float, float]:
        """Between which shares the true one lies with 95 % confidence."""
        return interval(self.hits, self.n)
