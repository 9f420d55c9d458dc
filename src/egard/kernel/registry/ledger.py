"""What a journey declares for the ledger: units that are no currency; and, for `egard check`, what must be so."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

Words = Any


@dataclass(frozen=True, slots=True)
class Unit:
    """What an account counts beside the currencies: `points`, `minutes`. Amounts are whole numbers of its smallest
    piece, of which one unit has ten to the power of `decimals`.
    """

    name: str
    label: Words
    decimals: int = 0


@dataclass(frozen=True, slots=True)
class Check:
    """Something that must hold in a live database: `find()` reads, and says in plain words each thing that is wrong,
    at most some twenty of a sort. `egard check` asks all of them.
    """

    name: str
    label: Words
    find: Callable[[], Iterable[str]]
