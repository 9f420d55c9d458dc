"""Which acts are looked at: nobody can tell before, and everybody can recompute afterwards.

The population is frozen first, as text. Only then is a secret seed taken from the system's randomness, and a commitment
to both published. When the draw is done with, the seed is shown: who has the frozen population finds the same acts
with nothing but SHA-256.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from typing import Literal

from egard.journeys.gestures.audits.rules.sizes import bounds, sample_size

Method = Literal["acts", "money"]
METHODS: tuple[Method, ...] = ("acts", "money")
RELIABILITY = 3
"""Of monetary-unit sampling at 95 % where no error is expected: the interval is what is tolerable ÷ 3.0."""
RISK = 0.05


@dataclass(frozen=True, slots=True)
class Act:
    """A gesture of the population: its public id, who granted it, its amount in minor units (0 or more)."""

    key: str
    agent: str
    amount: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What is looked at. All acts of `threshold` and more (minor units; None: of no amount by itself).

    Below it, by `method`: `acts`, so many that with at most `tolerated` deviations fewer than `tolerable` of all
    deviate, and at least `least` of each agent; `money`, so many that less than `tolerable_amount` is in error.
    """

    method: Method
    threshold: int | None
    tolerable: Fraction
    tolerated: int
    least: int
    tolerable_amount: int = 0

    @property
    def interval(self) -> int:
        """Of monetary-unit sampling: one of so many minor units is looked at."""
        return max(1, self.tolerable_amount // RELIABILITY)


@dataclass(frozen=True, slots=True)
class Drawn:
    """The acts to look at: `certain` ones for their amount, and those that were `chosen`, by their ids in order."""

    certain: tuple[str, ...]
    chosen: tuple[str, ...]


def frozen(acts: Iterable[Act]) -> str:
    """The population as text, one act a line, in the order of their ids: what was there to be drawn from."""
    return "".join(f"{act.key} {act.agent} {act.amount}\n" for act in sorted(acts, key=lambda act: act.key))


def thawed(population: str) -> list[Act]:
    """The acts of a frozen population."""
    parts = (line.split(" ") for line in population.splitlines())
    return [Act(key, agent, int(amount)) for key, agent, amount in parts]


def digest(population: str) -> str:
    """The SHA-256 of the frozen text, in hexadecimal."""
    return hashlib.sha256(population.encode()).hexdigest()


def commitment(population_digest: str, seed: str) -> str:
    """What is published at once: the SHA-256 of `<digest of the population> <seed>`. It tells neither the seed nor the
    sample, and fits no other seed.
    """
    return hashlib.sha256(f"{population_digest} {seed}".encode()).hexdigest()


def ticket(seed: str, key: str) -> str:
    """An act's lot: the SHA-256 of `<seed> <id>`. The lowest lots of an agent are drawn."""
    return hashlib.sha256(f"{seed} {key}".encode()).hexdigest()


def draw(acts: Sequence[Act], plan: Plan, seed: str) -> Drawn:
    """The acts that a seed chooses: the same for the same population, plan and seed, in whatever order they come.

    Raises `Unmeasurable`.
    """
    certain, below = divided(acts, plan)
    if plan.method == "money":
        chosen = _by_money(below, plan.interval, seed)
    else:
        held: dict[str, list[str]] = defaultdict(list)
        for act in below:
            held[act.agent].append(act.key)
        wanted = allocation({agent: len(keys) for agent, keys in held.items()}, plan)
        lots = {agent: sorted(keys, key=lambda key: ticket(seed, key)) for agent, keys in held.items()}
        chosen = [key for agent, n in wanted.items() for key in lots[agent][:n]]
    return Drawn(tuple(sorted(act.key for act in certain)), tuple(sorted(chosen)))


def divided(acts: Iterable[Act], plan: Plan) -> tuple[list[Act], list[Act]]:
    """Those that are all looked at for their amount, and those of which some are. With the method `money`, what is as
    large as the interval cannot be missed, and one that amounts to nothing cannot be met.
    """
    bar = plan.threshold
    if plan.method == "money":
        bar = plan.interval if bar is None else min(bar, plan.interval)
    certain, below = [], []
    for act in acts:
        (certain if bar is not None and act.amount >= bar else below).append(act)
    return certain, below


def _by_money(acts: Sequence[Act], interval: int, seed: str) -> list[str]:
    """Every `interval`-th minor unit, from a random one on, the acts in a random order: each has a chance in proportion
    to its amount.
    """
    next_unit = int(ticket(seed, "start"), 16) % interval
    chosen, passed = [], 0
    for act in sorted(acts, key=lambda act: ticket(seed, act.key)):
        passed += act.amount
        if next_unit < passed:  # smaller than the interval, it is met once at most
            chosen.append(act.key)
            next_unit += interval
    return chosen


def allocation(sizes: Mapping[str, int], plan: Plan) -> dict[str, int]:
    """How many acts of each agent: in proportion to how many there are, and at least `least` of each, so that nobody is
    out of reach. Unequal shares say less than equal ones: as many are added as make up for it.

    Raises `Unmeasurable`.
    """
    total = sum(sizes.values())
    if not total:
        return {}
    too_many = max(1, ceil(total * plan.tolerable))
    wanted = min(total, sample_size(plan.tolerable, plan.tolerated, total))
    while True:
        shares = shared(sizes, wanted, plan.least)
        rest, told = effective(sizes, shares)
        if not rest or (told > plan.tolerated and bounds(plan.tolerated, told, rest, RISK)[1] < too_many):
            return shares
        wanted += max(1, wanted // 50)


def shared(sizes: Mapping[str, int], wanted: int, least: int) -> dict[str, int]:
    """`wanted` divided in proportion to `sizes` by the largest remainders, each at least `least` and at most all."""
    total = sum(sizes.values())
    exact = {name: Fraction(wanted * size, total) for name, size in sizes.items()}
    shares = {name: floor(share) for name, share in exact.items()}
    left = wanted - sum(shares.values())
    for name in sorted(exact, key=lambda name: (shares[name] - exact[name], name))[:left]:
        shares[name] += 1
    return {name: min(sizes[name], max(shares[name], least, 1)) for name in sorted(sizes)}


def effective(sizes: Mapping[str, int], shares: Mapping[str, int]) -> tuple[int, int]:
    """Of those of whom not all acts are looked at: how many acts they have, and as how many from equal shares the
    sample tells (Kish: the square of the sum of weights by the sum of their squares).
    """
    weights = [(sizes[name], n) for name, n in shares.items() if 0 < n < sizes[name]]
    rest = sum(size for size, _n in weights)
    if not rest:
        return 0, 0
    return rest, floor(Fraction(rest * rest) / sum(Fraction(size * size, n) for size, n in weights))
