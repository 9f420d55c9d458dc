"""A piece of a table: some rows, column by column, and the lines among them that could not be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext_lazy as _

from egard.base.tables.coded import Coded

LINE_MAX_CHARS = 10 * 1024 * 1024
"""One line of a file at most; also one record of several lines, and so one cell."""

WHY: Mapping[str, Any] = {
    "line_too_long": _("The line is longer than 10 MB."),
    "bad_encoding": _("The line is not in the file’s encoding ({encoding}). State the right one in the map."),
    "nul_byte": _("The line holds a NUL byte: the file is damaged or binary."),
    "broken_quotes": _("A quotation mark is opened and not closed, or closed in the middle of a cell."),
    "wrong_columns": _("The line has {found} cells where the first line has {wanted}."),
    "bad_json": _("The line is not a JSON object."),
    "cell_too_long": _("A cell is longer than 10 MB."),
}
"""Why one line cannot be read, by reason code."""


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that could not be read: its number in the file (from 1), a reason code, words, what was in it."""

    line: int
    reason: str
    why: str
    cells: tuple[str, ...] = ()


def bad_line(line: int, reason: str, cells: Sequence[str] = (), **context: Any) -> BadLine:
    return BadLine(line, reason, str(WHY[reason]).format(**context), tuple(cells))


def taken(column: Sequence[Any], places: Sequence[int]) -> Sequence[Any]:
    """Some cells of a column, in the order given."""
    return column.take(places) if isinstance(column, Coded) else [column[place] for place in places]


@dataclass(slots=True)
class Piece:
    """Rows of a table. `columns` holds one sequence of cells per column, `lines` the number of each row in the file.

    Cells of CSV are text; those of JSON and Parquet are plain Python values, None where there is none.
    """

    lines: Sequence[int]
    columns: dict[str, Sequence[Any]]
    bad: list[BadLine] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.lines)

    def take(self, places: Sequence[int]) -> Piece:
        """Some of the rows, in the order given."""
        if len(places) == len(self.lines):
            return self
        return Piece(
            [self.lines[place] for place in places],
            {name: taken(column, places) for name, column in self.columns.items()},
        )

    def part(self, start: int, stop: int) -> Piece:
        """The rows from `start` to before `stop`, without the bad lines."""
        return Piece(self.lines[start:stop], {name: column[start:stop] for name, column in self.columns.items()})
