"""Turning cells into dates and numbers, a column at a time; each distinct cell is understood once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic, TypeVar

from django.utils.translation import gettext_lazy as _

from egard.base.tables.coded import Coded

T = TypeVar("T")
_KEPT_MAX = 50_000
"""Distinct cells remembered at most: memory stays flat where a column never repeats."""

WHY = {
    "bad_date": _("“{cell}” is not a date of the form {form}."),
    "no_such_date": _("“{cell}” is a day or hour that does not exist."),
    "no_such_time": _("“{cell}” was skipped by the clocks of {zone} (summer time); state the right zone."),
    "bad_number": _("“{cell}” is not a number."),
    "empty": _("The cell is empty."),
}


class BadCell(Exception):
    """Why a cell cannot be used: a reason code and words."""

    def __init__(self, reason: str, why: str) -> None:
        self.reason, self.why = reason, why
        super().__init__(reason)


def bad_cell(reason: str, **context: Any) -> BadCell:
    return BadCell(reason, str(WHY[reason]).format(**context))


class Reader(dict[Any, Any], Generic[T]):
    """Reads cells by `understand`, which returns a value or raises `BadCell`; remembers what it understood.

    `column(cells)` gives a value or a `BadCell` per cell; `failed` tells whether any cell ever failed.
    """

    def __init__(self, understand: Callable[[Any], T]) -> None:
        super().__init__()
        self._understand = understand
        self.failed = False

    def __missing__(self, cell: Any) -> T | BadCell:
        value: T | BadCell
        try:
            value = self._understand(cell)
        except BadCell as bad:
            value, self.failed = bad, True
        if len(self) >= _KEPT_MAX:
            self.clear()
        self[cell] = value
        return value

    def column(self, cells: Sequence[Any]) -> list[Any]:
        if isinstance(cells, Coded):
            return self.coded(cells).listed()
        try:
            return list(map(self.__getitem__, cells))
        except TypeError:  # a list or an object in a JSON cell cannot be remembered
            return [self._one(cell) for cell in cells]

    def coded(self, cells: Coded) -> Coded:
        """The same for a column whose distinct cells are known."""
        return cells.map(self.__getitem__)

    def _one(self, cell: Any) -> T | BadCell:
        try:
            return self._understand(cell)
        except BadCell as bad:
            self.failed = True
            return bad

    def bad_places(self, values: Iterable[Any]) -> list[tuple[int, BadCell]]:
        """Where a column's values are none."""
        if not self.failed:
            return []
        return [(place, value) for place, value in enumerate(values) if isinstance(value, BadCell)]
