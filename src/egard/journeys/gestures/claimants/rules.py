"""Who claims far more often than orders explain: a Gamma–Poisson model, and false discoveries held. Pure.

Each client's claims come at her own rate per order; rates differ between clients as a Gamma distribution says. It is
fitted to all clients by maximum likelihood. How likely a count as high as hers is under it, with her orders, is her
p-value; of those named together at most `RATE` are named wrongly in the mean (Benjamini and Hochberg, JRSS B 57, 1995).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import exp, inf, lgamma, log, log1p
from typing import TypeVar

RATE = 0.05
"""Of those who are named, so many at most are named wrongly, in the mean."""
CLAIMS_MIN = 3
"""Fewer claims than this are nobody's habit."""
ROUNDS_MAX = 20
TRIMMED = 100
"""The first time it is fitted without one client in so many, those who claim most."""
SHAPE_MAX = 1e6
"""From here on all clients have one rate."""
T = TypeVar("T")
Counts = Counter[tuple[int, int]]
"""How many clients have so many (claims, orders); orders are at least 1."""


@dataclass(frozen=True, slots=True)
class Model:
    """Rates are Gamma distributed: `mean` claims per order, and `shape` (small: few clients claim most)."""

    mean: float
    shape: float

    @property
    def rate(self) -> float:
        """The Gamma's own second parameter: the weight of what is usual, in orders."""
        return self.shape / self.mean

    def expected(self, claims: int, orders: int) -> float:
        """Her rate per order as known after her claims: drawn towards the mean, the more the fewer her orders."""
        return (self.shape + claims) / (self.rate + orders)

    def p_value(self, claims: int, orders: int) -> float:
        """The chance that somebody with so many orders claims as often or more."""
        if claims <= 0:
            return 1.0
        share = self.mean * orders / (self.shape + self.mean * orders)
        if claims <= self.mean * orders:  # not even many: from the other side
            return max(0.0, 1.0 - _summed(self.chance(0, orders), self.shape, share, 0, claims - 1))
        return min(1.0, _summed(self.chance(claims, orders), self.shape, share, claims, None))

    def chance(self, claims: int, orders: int) -> float:
        """The negative binomial's chance of exactly so many."""
        return exp(_log_chance(claims, orders, self.mean, self.shape))


def _summed(term: float, shape: float, share: float, first: int, last: int | None) -> float:
    """The chances from `first` claims to `last` (or to where they vanish)."""
    total, k = term, first
    while k != last and (last is not None or term > total * 1e-15):
        term *= (shape + k) / (k + 1) * share
        total += term
        k += 1
        if last is None and k > first + 100_000:
            break
    return total


def _log_chance(claims: int, orders: int, mean: float, shape: float) -> float:
    expected = mean * orders
    rising = sum(log1p(k / shape) for k in range(claims))
    return rising + claims * log(expected) - (shape + claims) * log1p(expected / shape) - lgamma(claims + 1)


def fitted(counts: Counts) -> Model | None:
    """The model that makes the counts of all clients likeliest; None where nobody claims."""
    if not any(claims for claims, _orders in counts):
        return None

    def profile(log_shape: float) -> float:
        shape = exp(log_shape)
        mean = _mean(counts, shape)
        return sum(n * _log_chance(claims, orders, mean, shape) for (claims, orders), n in counts.items())

    shape = exp(_peak(profile, log(1e-3), log(SHAPE_MAX)))
    return Model(_mean(counts, shape), shape)


def _mean(counts: Counts, shape: float) -> float:
    """The likeliest mean for a shape: where the likelihood's slope is zero. It falls once through zero."""
    rates = [claims / orders for claims, orders in counts]
    low, high = 0.0, max(rates)
    for _step in range(40):
        mean = (low + high) / 2
        slope = sum(n * (claims - mean * orders) / (shape + mean * orders) for (claims, orders), n in counts.items())
        low, high = (mean, high) if slope > 0 else (low, mean)
    return (low + high) / 2


def _peak(value: Callable[[float], float], low: float, high: float) -> float:
    """Where a function with one peak has it, by the golden section, to 0.001."""
    golden = (5**0.5 - 1) / 2
    left, right = high - golden * (high - low), low + golden * (high - low)
    at_left, at_right = value(left), value(right)
    while high - low > 1e-3:
        if at_left < at_right:
            low, left, at_left = left, right, at_right
            right = low + golden * (high - low)
            at_right = value(right)
        else:
            high, right, at_right = right, left, at_left
            left = high - golden * (high - low)
            at_left = value(left)
    return (low + high) / 2


def discovered(p_values: Mapping[T, float], counts: Mapping[T, int] | None = None, rate: float = RATE) -> list[T]:
    """Those who stand out, the clearest first: the largest k with the k-th lowest p-value at most k ÷ n × `rate`.

    `counts` says how many have the same p-value (one, without it): they stand out together, or none of them does.
    """
    counts = counts or {}
    ordered = sorted(p_values.items(), key=lambda one: one[1])
    n = sum(counts.get(who, 1) for who in p_values)
    last, k = 0, 0
    for place, (who, p) in enumerate(ordered, 1):
        k += counts.get(who, 1)
        if p <= k * rate / n:
            last = place
    return [who for who, _p in ordered[:last]]


def outstanding(counts: Counts, rate: float = RATE) -> tuple[Model | None, list[tuple[int, int]]]:
    """The model of the others, and the (claims, orders) that stand out from it, the clearest first.

    Who stands out would make the model think that such rates are usual: it is fitted without them, first without the
    few who claim most, then without those whom it names, until it names the same again.
    """
    model = fitted(counts)
    if model is None:
        return None, []
    left_out = _highest(model, counts, sum(counts.values()) // TRIMMED)
    named: list[tuple[int, int]] = []
    for _round in range(ROUNDS_MAX):
        model = fitted(counts - left_out) or model
        before, named = named, discovered({pair: model.p_value(*pair) for pair in counts}, counts, rate)
        left_out = Counter({pair: counts[pair] for pair in named})
        if set(named) == set(before) and _round:
            break
    return model, [pair for pair in named if pair[0] >= CLAIMS_MIN]


def _highest(model: Model, counts: Counts, most: int) -> Counts:
    """So many clients, those who claim most for their orders."""
    found: Counter[tuple[int, int]] = Counter()
    for pair in sorted(counts, key=lambda pair: (model.p_value(*pair), pair)):
        found[pair] = min(counts[pair], most)
        most -= found[pair]
    return +found


def one_in(p_value: float) -> float:
    """A small chance as people say it: one in so many."""
    return 1 / p_value if p_value > 0 else inf
