"""What the acts that were looked at say of all of them: the rate of deviations and the amount in error, with bounds.

Acts that were all looked at (for their amount, or because an agent has no more) are known and add no doubt. Of the
rest, shares of agents that differ are weighed, and bounds follow from as many equal shares (Kish), by the exact bounds
of a finite population. The amount is summed over all amounts s: how many errors above s there may be (Stringer's
bound), which are never more than acts above s.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

from egard.journeys.gestures.audits.rules.drawing import Act
from egard.journeys.gestures.audits.rules.sizes import bounds, poisson_factor

ONE_SIDE, EACH_SIDE = 0.05, 0.025
"""With 95 % confidence: not above a limit; between two bounds."""


@dataclass(frozen=True, slots=True)
class Judged:
    """An act that was looked at: whether it deviates, and the amount in error (minor units, 0 to the act's)."""

    act: Act
    deviates: bool
    error: int = 0


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number of acts or an amount: `found` among those looked at, the `likely` one of all, between `low` and `high`
    (95 %), and `at_most` (95 %, one side: what is compared with what is tolerable).
    """

    found: int
    likely: float
    low: float
    high: float
    at_most: float

    def of(self, total: int) -> Estimate:
        """The same as shares of a total."""
        if not total:
            return Estimate(self.found, 0.0, 0.0, 0.0, 0.0)
        return Estimate(
            self.found, self.likely / total, self.low / total, self.high / total, self.at_most / total
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Rest:
    """The acts of agents of whom not all were looked at: their number, as how many equal draws the sample tells, and
    for each act looked at how many it stands for.
    """

    acts: list[Act]
    told: int
    weights: dict[str, Fraction]

    def most_and_least(self, weighted: Fraction, risk: float) -> tuple[float, float]:
        """The bounds of how many of them deviate when the deviations found stand for `weighted` of them. Between two
        whole numbers of hits the bounds lie on a line.
        """
        size = len(self.acts)
        hits = min(weighted * self.told / size, Fraction(self.told))
        below, above = floor(hits), ceil(hits)
        share = float(hits - below)
        (low, high), (next_low, next_high) = (bounds(n, self.told, size, risk) for n in (below, above))
        return low + share * (next_low - low), high + share * (next_high - high)


def deviations(below: Sequence[Act], judged: Iterable[Judged]) -> Estimate:
    """How many acts deviate among all: `below` are those of which some were drawn, agent by agent; `judged` are all
    that were looked at, the certain ones too.
    """
    known, sampled, rest = _parted(below, judged)
    sure = sum(one.deviates for one in known)
    found = sure + sum(one.deviates for one in sampled)
    if not rest.acts:
        return Estimate(found, found, found, found, found)
    weighted = sum((rest.weights[one.act.agent] for one in sampled if one.deviates), Fraction(0))
    low, high = rest.most_and_least(weighted, EACH_SIDE)
    at_most = rest.most_and_least(weighted, ONE_SIDE)[1]
    likely = float(weighted)
    return Estimate(found, sure + likely, max(found, sure + min(low, likely)), sure + max(high, likely),
                    sure + max(at_most, likely))  # fmt: skip


def amount_in_error(below: Sequence[Act], judged: Iterable[Judged]) -> Estimate:
    """How much is in error among all, in minor units; as `deviations`."""
    known, sampled, rest = _parted(below, judged)
    sure = sum(one.error for one in known)
    found = sure + sum(one.error for one in sampled)
    if not rest.acts:
        return Estimate(found, found, found, found, found)
    errors: dict[int, Fraction] = defaultdict(Fraction)
    for one in sampled:
        if one.error:
            errors[one.error] += rest.weights[one.act.agent]
    amounts = Counter(act.amount for act in rest.acts)
    weighted, above = sum(errors.values(), Fraction(0)), len(rest.acts)
    likely, low, high, at_most, s = Fraction(0), 0.0, 0.0, 0.0, 0
    for step in sorted({*errors, *amounts}):
        width = step - s
        if width:
            least, most = rest.most_and_least(weighted, EACH_SIDE)
            likely += width * weighted
            low += width * min(least, above)
            high += width * min(most, above)
            at_most += width * min(rest.most_and_least(weighted, ONE_SIDE)[1], above)
        weighted, above, s = weighted - errors.get(step, 0), above - amounts.get(step, 0), step
    told = float(likely)
    return Estimate(found, sure + told, max(found, sure + min(low, told)), sure + max(high, told),
                    sure + max(at_most, told))  # fmt: skip


def _parted(below: Sequence[Act], judged: Iterable[Judged]) -> tuple[list[Judged], list[Judged], _Rest]:
    """Those that are known, those that stand for others, and what they stand for."""
    agent_of = {act.key: act.agent for act in below}
    sizes, looked_at = Counter(agent_of.values()), Counter[str]()
    every = list(judged)
    for one in every:
        if one.act.key in agent_of:
            looked_at[one.act.agent] += 1
    partly = {agent for agent, size in sizes.items() if 0 < looked_at[agent] < size}
    if missing := sizes.keys() - looked_at.keys():
        raise ValueError(f"nothing was looked at of {len(missing)} agents")
    sampled = [one for one in every if one.act.key in agent_of and one.act.agent in partly]
    known = [one for one in every if one.act.key not in agent_of or one.act.agent not in partly]
    weights = {agent: Fraction(sizes[agent], looked_at[agent]) for agent in partly}
    rest = sum(sizes[agent] for agent in partly)
    told = floor(Fraction(rest * rest) / sum(weights[a] * sizes[a] for a in partly)) if rest else 0
    return known, sampled, _Rest([act for act in below if act.agent in partly], told, weights)


def amount_by_money(interval: int, certain: Iterable[Judged], sampled: Iterable[Judged]) -> Estimate:
    """How much is in error, from a draw by money: a chosen act stands for `interval` minor units with its own share in
    error. Limits by the Poisson factors (3.00, then 4.75 …), the shares from the largest down.
    """
    sure = sum(one.error for one in certain)
    chosen = list(sampled)
    taints = sorted((one.error / one.act.amount for one in chosen if one.error), reverse=True)
    found = sure + sum(one.error for one in chosen)

    def limit(risk: float) -> float:
        factors = [poisson_factor(hits, risk) for hits in range(len(taints) + 1)]
        more = sum((factors[i + 1] - factors[i]) * taint for i, taint in enumerate(taints))
        return sure + interval * (factors[0] + more)

    return Estimate(found, sure + interval * sum(taints), float(found), limit(EACH_SIDE), limit(ONE_SIDE))
