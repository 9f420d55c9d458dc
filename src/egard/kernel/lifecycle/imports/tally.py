"""What an import counts, and what it tells while it runs."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Tally:
    """Rows of the file: `rows` = `imported` + `unchanged` + `rejected`. `people` and `facts` were written by this run;
    `more` holds what a kind counts besides (orders, cancellations: of the file, whether new or known)."""

    rows: int = 0
    imported: int = 0
    unchanged: int = 0
    rejected: int = 0
    people: int = 0
    facts: int = 0
    more: dict[str, int] = field(default_factory=dict)
    reasons: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an import is: `stage` is reading, writing or updating; `done` of `total` in bytes or rows. Of the `rows`
    read so far `rejected` are refused.
    """

    stage: str
    done: int
    total: int
    rows: int
    rejected: int = 0
