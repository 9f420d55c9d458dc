"""How many acts must be looked at, and what so many say of all: exact, from the laws of sampling themselves.

No library: the binomial and hypergeometric tails are sums of a few terms, and what computes them for others (scipy,
60 MB with what it needs) would weigh more than the rest of the product.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from math import ceil, comb, exp, inf, lgamma, log, log1p

CONFIDENCE = Fraction(95, 100)
SAMPLE_MAX = 100_000
"""More acts than this nobody looks at."""


class Unmeasurable(ValueError):
    """So small a rate, or so many tolerated deviations, that no sample of a bearable size says it."""


def sample_size(
    tolerable: Fraction, tolerated: int = 0, population: int | None = None, confidence: Fraction = CONFIDENCE
) -> int:
    """The fewest acts among which at most `tolerated` deviations show, with `confidence`, that fewer than `tolerable`
    (0 to 1) of all deviate. Of a finite population fewer are enough, and never more than all of it.

    Source: the binomial and hypergeometric plans of attribute sampling (AICPA, Audit Sampling; 59, 93 and 124 acts for
    0, 1 and 2 deviations at 5 %). Raises `Unmeasurable`.
    """
    if not 0 < tolerable < 1 or not 0 < confidence < 1 or tolerated < 0:
        raise Unmeasurable("a rate and a confidence lie between 0 and 1")
    risk = 1 - confidence
    if population is None:
        if log(risk) / log1p(-float(tolerable)) > SAMPLE_MAX:
            raise Unmeasurable(f"more than {SAMPLE_MAX} acts")
        return _first(lambda n: _binomial_is_below(n, tolerable, tolerated, risk), tolerated + 1, SAMPLE_MAX)
    worst = ceil(population * tolerable)
    if worst <= tolerated:  # so few in all that even too many would be tolerated: only looking at all of them tells
        return population
    return _first(lambda n: _urn_is_below(n, population, worst, tolerated, risk), tolerated + 1, population)


def _first(holds: Callable[[int], bool], least: int, most: int) -> int:
    """The smallest whole number from which on it holds."""
    step, low = 1, least - 1
    while not holds(high := min(low + step, most)):
        if high == most:
            raise Unmeasurable(f"more than {most} acts")
        low, step = high, 2 * step
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


def _binomial_is_below(n: int, rate: Fraction, k: int, risk: Fraction) -> bool:
    """Whether at most k of n deviate with a chance of at most `risk`: in whole numbers, so that no rounding decides."""
    a, b = rate.numerator, rate.denominator
    tail = sum(comb(n, i) * a**i * (b - a) ** (n - i) for i in range(min(k, n) + 1))
    return tail * risk.denominator <= risk.numerator * b**n


def _urn_is_below(n: int, population: int, deviating: int, k: int, risk: Fraction) -> bool:
    """The same of acts that are drawn from a finite population without being put back."""
    tail = sum(comb(deviating, i) * comb(population - deviating, n - i) for i in range(min(k, n) + 1))
    return tail * risk.denominator <= risk.numerator * comb(population, n)


def bounds(hits: int, n: int, population: int, risk: float) -> tuple[int, int]:
    """The fewest and the most that may deviate among `population`, when `hits` of `n` drawn ones do: each bound is
    wrong with a chance of at most `risk`. What Clopper and Pearson do, for a finite population.
    """
    if not 0 <= hits <= n <= population:
        raise ValueError("hits lie between 0 and n, and n between 0 and the population")
    return _least(hits, n, population, risk), _most(hits, n, population, risk)


@lru_cache(maxsize=4096)
def _most(hits: int, n: int, population: int, risk: float) -> int:
    """The largest number of deviations of which no more than `hits` are still drawn often enough."""
    low, high, often = hits, population - (n - hits), risk * (1 + 1e-9)  # the chances carry errors below 1e-9
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if _at_most(hits, n, population, middle) > often else (low, middle - 1)
    return low


@lru_cache(maxsize=4096)
def _least(hits: int, n: int, population: int, risk: float) -> int:
    """By looking at those that do not deviate: the most of them leave the fewest that do."""
    return population - _most(n - hits, n, population, risk)


def _at_most(k: int, n: int, population: int, deviating: int) -> float:
    """The chance that at most k of n drawn ones deviate, of `deviating` in the population: summed from the side on
    which the terms fall.
    """
    sound = population - deviating
    lowest, highest = max(0, n - sound), min(n, deviating)
    if k >= highest or k < lowest:
        return 1.0 if k >= highest else 0.0
    falling = k * population < n * deviating
    i = k if falling else k + 1
    term = exp(_log_comb(deviating, i) + _log_comb(sound, n - i) - _log_comb(population, n))
    total = term
    while term > total * 1e-16 and (i > lowest if falling else i < highest):
        if falling:
            term *= i * (sound - n + i) / ((deviating - i + 1) * (n - i + 1))
            i -= 1
        else:
            term *= (deviating - i) * (n - i) / ((i + 1) * (sound - n + i + 1))
            i += 1
        total += term
    return min(total, 1.0) if falling else max(0.0, 1.0 - total)


def _log_comb(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1) if 0 <= k <= n else -inf


@lru_cache(maxsize=512)
def poisson_factor(hits: int, risk: float = 0.05) -> float:
    """The largest mean under which `hits` or fewer still come with a chance above `risk`: 3.00, 4.75, 6.30, 7.76, 9.16
    for 0 to 4 at 5 % (the factors of monetary-unit sampling).
    """
    low, high = float(hits), hits + 10 * (hits + 5) ** 0.5 - 5 * log(risk)
    for _step in range(100):
        middle = (low + high) / 2
        term = total = exp(-middle)
        for i in range(1, hits + 1):
            term *= middle / i
            total += term
        low, high = (middle, high) if total > risk else (low, middle)
    return high
