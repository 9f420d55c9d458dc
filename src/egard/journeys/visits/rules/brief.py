"""What a morning brief reckons: hours at risk, and how many usually come without a booking. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import TypeAlias

Span: TypeAlias = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Risk:
    """A time from `since` to `until` in which more hosts are needed than are there."""

    since: datetime
    until: datetime
    needed: int
    there: int


@dataclass(frozen=True, slots=True)
class Usual:
    """How many came without a booking on each of `n` days before: on the mean, and at most."""

    mean: float
    most: int
    n: int


def at_risk(visits: Sequence[tuple[datetime, datetime, int]], there: Sequence[Span]) -> list[Risk]:
    """The times at which visits (`since`, `until`, hosts needed) together need more hosts than are there (each with the
    spans of her presence), in order; what touches with the same shortage is one.
    """
    moments = sorted(
        {at for since, until, _n in visits for at in (since, until)} | {at for span in there for at in span}
    )
    found: list[Risk] = []
    for since, until in pairwise(moments):
        needed = sum(n for a, b, n in visits if a <= since and until <= b)
        present = sum(a <= since and until <= b for a, b in there)
        if needed <= present:
            continue
        last = found[-1] if found else None
        if last and (last.until, last.needed, last.there) == (since, needed, present):
            found[-1] = Risk(last.since, until, needed, present)
        else:
            found.append(Risk(since, until, needed, present))
    return found


def usual(counts: Iterable[int]) -> Usual | None:
    """None where no day is known."""
    days = list(counts)
    return Usual(sum(days) / len(days), max(days), len(days)) if days else None
