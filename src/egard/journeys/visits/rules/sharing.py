"""How a sale is shared among the visits before it. Pure; amounts are minor units, moments are aware."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Literal

Rule = Literal["first", "last", "even", "decaying"]
HALVES = timedelta(days=7)
"""By `decaying` a visit counts half as much for each week that lies between it and the sale."""


@dataclass(frozen=True, slots=True)
class Credit:
    """A visit that may lead to a sale for `days` after it, and the rule of its reason."""

    id: int
    at: datetime
    days: int
    rule: Rule


@dataclass(frozen=True, slots=True)
class Sale:
    """What somebody bought, and what was given back of it since."""

    order: str
    at: datetime
    amount: int
    currency: str
    site: str = ""
    refunded: int = 0


@dataclass(frozen=True, slots=True)
class Share:
    """What of a sale a visit is credited with."""

    credit: int
    sale: Sale
    amount: int


def shares(credits: Iterable[Credit], sales: Iterable[Sale]) -> list[Share]:
    """What is left of each sale is shared whole among the visits within whose days it lies, by the rule of the last one
    before it; whatever the order in which they are told. Nothing of a sale that was given back, nor of one before which
    nobody came. A part of nothing is not told.
    """
    known = sorted(credits, key=lambda one: (one.at, one.id))
    found: list[Share] = []
    for sale in sorted(sales, key=lambda one: (one.at, one.order)):
        left = sale.amount - sale.refunded
        counted = [one for one in known if one.at <= sale.at <= one.at + timedelta(days=one.days)]
        if left <= 0 or not counted:
            continue
        parts = split(left, _weights(counted, sale.at))
        found += [Share(one.id, sale, part) for one, part in zip(counted, parts, strict=True) if part]
    return found


def split(amount: int, weights: Sequence[Fraction | int]) -> list[int]:
    """An amount in whole units by weights, without a unit lost or made: what is over goes to the largest remainders,
    the first ones first. `amount` is 0 or more, one weight at least is above 0.
    """
    whole = sum(weights)
    exact = [Fraction(amount) * weight / whole for weight in weights]
    parts = [int(one) for one in exact]
    order = sorted(range(len(parts)), key=lambda n: (parts[n] - exact[n], n))
    for n in order[: amount - sum(parts)]:
        parts[n] += 1
    return parts


def _weights(counted: Sequence[Credit], at: datetime) -> list[Fraction | int]:
    rule = counted[-1].rule
    if rule == "first":
        return [1, *([0] * (len(counted) - 1))]
    if rule == "last":
        return [*([0] * (len(counted) - 1)), 1]
    if rule == "even":
        return [1] * len(counted)
    return [Fraction(2 ** -((at - one.at) / HALVES)) for one in counted]
