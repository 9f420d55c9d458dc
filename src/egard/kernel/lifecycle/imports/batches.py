"""Some rows of a file as a loader sees them: fields instead of columns, and a way to refuse a row."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from egard.base.refusal import Refusal
from egard.base.tables import Piece
from egard.base.tables.coded import Coded
from egard.base.tables.values import BadCell, Reader
from egard.kernel.lifecycle.imports.maps import Field

if TYPE_CHECKING:
    from egard.kernel.lifecycle.imports.job import Job


class Batch:
    """At most `--batch` rows. `lines[i]` is the line of row i in the file; `bad` says which are refused, and why."""

    def __init__(self, job: Job, piece: Piece) -> None:
        self._job = job
        self.piece = piece
        self.lines = piece.lines
        self.bad: dict[int, tuple[str, str]] = {}

    def __len__(self) -> int:
        return len(self.piece)

    def fail(self, place: int, reason: str, why: str) -> None:
        """Refuse a row; the first reason given stands."""
        self.bad.setdefault(place, (reason, why))

    def refuse(self, place: int, refusal: Refusal) -> None:
        self.fail(place, refusal.code, refusal.detail)

    def has(self, name: str) -> bool:
        """Whether the map fills a field."""
        return name in self._job.map.fields

    def under(self, prefix: str) -> list[str]:
        """The fields the map fills below a prefix, in its order: `person.` gives `person.email`…"""
        return [name for name in self._job.map.fields if name.startswith(prefix)]

    def texts(self, name: str, default: str = "") -> Sequence[str]:
        """A field as trimmed text, `default` where the map or the cell has none."""
        field = self._job.map.fields.get(name)
        if field is None:
            return [default] * len(self)
        reader = self._job.reader(f"text:{name}", lambda: Reader(lambda cell: plain_text(cell) or default))
        return reader.column(self._cells(field))

    def raw(self, name: str) -> Sequence[Any]:
        """A field as the file holds it: text of CSV, plain values of JSON and Parquet."""
        return self._cells(self._job.map.fields[name])

    def moments(self, name: str) -> list[datetime | None]:
        """A field as moments in UTC; rows whose cell is none are refused."""
        return self._read(name, self._job.moments(name))

    def numbers(self, name: str) -> list[Decimal | None]:
        """A field as exact numbers; rows whose cell is none are refused."""
        return self._read(name, self._job.numbers(name))

    def read(self, name: str, key: str, make: Any) -> list[Any]:
        """A field through the reader that `make` makes once for the whole import."""
        return self._read(name, self._job.reader(key, make))

    def coded(self, name: str, key: str, make: Any) -> Coded:
        """Like `read`, by distinct cells, for loaders that join columns in bulk. None stands for a refused cell."""
        field = self._job.map.fields[name]
        cells = self._cells(field)
        try:
            column = Coded.of(cells)
        except TypeError:  # a list or an object in a JSON cell
            column = Coded.of([plain_text(cell) for cell in cells])
        read = self._job.reader(key, make).coded(column)
        places = read.where(lambda value: isinstance(value, BadCell))
        if not places:
            return read
        for place, code in zip(places, read.take(places).codes.to_pylist(), strict=True):
            bad = read.values[code]
            self.fail(place, bad.reason, f"{self._where(field)}{bad.why}")
        return read.map(lambda value: None if isinstance(value, BadCell) else value)

    def flags(self, name: str) -> Sequence[bool]:
        """A rule: true where the cell begins with its prefix or is one of its values; never, without a rule."""
        field = self._job.map.fields.get(name)
        if field is None:
            return [False] * len(self)
        return self._job.reader(f"rule:{name}", lambda: _rule_of(field)).column(self._cells(field))

    def _read(self, name: str, reader: Reader[Any]) -> list[Any]:
        field = self._job.map.fields[name]
        values = reader.column(self._cells(field))
        for place, bad in reader.bad_places(values):
            self.fail(place, bad.reason, f"{self._where(field)}{bad.why}")
            values[place] = None
        return values

    def _where(self, field: Field) -> str:
        return str(_("{columns}: ")).format(columns=", ".join(field.columns)) if field.columns else ""

    def _cells(self, field: Field) -> Sequence[Any]:
        """What a field holds: the only place where cells are taken, so that `values` and `default` hold for all."""
        cells = self._taken(field)
        if not field.values and not field.default:
            return cells
        # Without memory of what was replaced: to a dictionary the cells 1 and true of JSON are the same.
        if isinstance(cells, Coded):
            return cells.map(lambda cell: _replaced(field, cell))
        return [_replaced(field, cell) for cell in cells]

    def _taken(self, field: Field) -> Sequence[Any]:
        if field.constant is not None:
            return Coded.repeated(field.constant, len(self))
        if len(field.columns) == 1:
            return self._column(field.columns[0])
        columns = [self._column(name) for name in field.columns]
        return [
            field.join.join(str(cell).strip() for cell in cells if cell not in (None, ""))
            for cells in zip(*columns, strict=True)
        ]

    def _column(self, name: str) -> Sequence[Any]:
        # A column of JSON lines may be absent from a whole piece.
        return self.piece.columns.get(name) or [None] * len(self)

    def good(self) -> tuple[Batch, list[int]]:
        """The rows not refused so far as a batch of their own, and the place here of each; `take` brings back what is
        refused there."""
        places = [place for place in range(len(self)) if place not in self.bad]
        return (self if not self.bad else Batch(self._job, self.piece.take(places))), places

    def take(self, part: Batch, places: Sequence[int]) -> None:
        if part is not self:
            for place, (reason, why) in part.bad.items():
                self.fail(places[place], reason, why)


def _replaced(field: Field, cell: Any) -> Any:
    """The replacement of a cell, the default of an empty one; any other as it is."""
    text = plain_text(cell)
    if text in field.values:
        text = cell = field.values[text]
    return cell if text else field.default or cell


def plain_text(cell: Any) -> str:
    """A value of JSON or Parquet as text: 17850.0 is a customer's number that went through a spreadsheet."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        return cell.strip()
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        return str(int(cell))
    if isinstance(cell, bytes):
        return cell.decode("utf-8", "replace")
    return str(cell).strip()


_YES = frozenset({"1", "true", "yes", "y", "oui", "o", "x", "t"})
_NO = frozenset({"", "0", "false", "no", "n", "non", "f"})


def _rule_of(field: Field) -> Reader[bool]:
    """A rule by prefix or values; without either, the cell itself says yes or no."""

    def understand(cell: Any) -> bool:
        text = plain_text(cell)
        if field.prefix or field.equals:
            return bool(field.prefix and text.startswith(field.prefix)) or text in field.equals
        return text.lower() in _YES

    return Reader(understand)


def yes_or_no(cell: Any) -> bool | None:
    """A cell that says yes or no; None for an empty one. Raises `BadCell`."""
    text = "" if cell is None else str(cell).strip().lower()
    if not text:
        return None
    if text in _YES:
        return True
    if text in _NO:
        return False
    raise BadCell("bad_flag", str(_("“{cell}” is neither yes nor no.")).format(cell=text[:50]))
