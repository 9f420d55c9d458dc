"""CSV as people write it: separators and quotes are recognised, broken lines are set aside one by one."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv
from django.utils.translation import gettext as _

from egard.base.tables.coded import Coded
from egard.base.tables.lines import LinePiece
from egard.base.tables.pieces import LINE_MAX_CHARS, BadLine, Piece, bad_line
from egard.base.tables.refusals import BadHeader

SEPARATORS = (",", ";", "\t", "|", ":")
SPAN_MAX_LINES = 10_000
"""Lines that one quoted cell may span; beyond, its quotation mark was never closed."""
_SAMPLE_LINES = 200
_QUOTED_SHARE = 0.3
"""Above this share of quoted lines nothing is won by reading them twice."""

csv.field_size_limit(LINE_MAX_CHARS)


@dataclass(frozen=True, slots=True)
class Dialect:
    """How cells are set apart. `quote` is empty where nothing quotes; `escape` is a backslash where one escapes."""

    separator: str = ","
    quote: str = '"'
    escape: str = ""

    def reader(self, lines: Iterable[str]) -> csv.reader:  # ty: ignore[invalid-type-form]  (a class only at run time)
        return csv.reader(
            lines,
            delimiter=self.separator,
            quotechar=self.quote or None,
            quoting=csv.QUOTE_MINIMAL if self.quote else csv.QUOTE_NONE,
            escapechar=self.escape or None,
            doublequote=not self.escape,
            strict=True,
        )


def detect_dialect(lines: Sequence[str], separator: str = "", quote: str | None = None) -> Dialect:
    """The dialect under which the first lines have the most columns, and the same number of them."""
    sample = list(lines[:_SAMPLE_LINES])
    mark = _quote(sample) if quote is None else quote
    text = "".join(sample)
    # At the end of a cell a backslash before the mark may be the cell's own; inside one it escapes.
    inside = mark and re.search(rf"\\{mark}(?![,;\t|\r\n]|\Z)", text)
    escape = "\\" if inside and f"{mark}{mark}" not in text.replace(f"\\{mark}", "") else ""
    if separator:
        return Dialect(separator, mark, escape)
    best, best_score = Dialect(",", mark, escape), (0.0, 0)
    for one in SEPARATORS:
        if one not in sample[0]:
            continue
        dialect = Dialect(one, mark, escape)
        widths = Counter(len(row) for row in _readable(dialect, sample) if row)
        if not widths:
            continue
        width, count = widths.most_common(1)[0]
        score = (round(count / sum(widths.values()), 1), width)
        if width > 1 and score > best_score:
            best, best_score = dialect, score
    return best


def _quote(sample: Sequence[str]) -> str:
    if any('"' in line for line in sample):
        return '"'
    single = re.compile(r"(^|[,;\t|:])'[^']*'([,;\t|:]|$)")
    hits = sum(bool(single.search(line.rstrip("\r\n"))) for line in sample)
    return "'" if len(sample) > 1 and hits > len(sample) / 2 else '"'


def _readable(dialect: Dialect, sample: Sequence[str]) -> Iterator[list[str]]:
    try:
        yield from dialect.reader(sample)
    except csv.Error:
        return


class CsvRows:
    """Turns pieces of lines into pieces of rows. A record that goes on in the next piece is carried over."""

    def __init__(self, dialect: Dialect, names: Sequence[str]) -> None:
        self.dialect = dialect
        self.names = list(names)
        self._carried = LinePiece([], [], [])

    def rows(self, piece: LinePiece, *, final: bool = False) -> Piece:
        """The rows of a piece; `final` says that no other follows, so that what is open now stays open."""
        numbers, lines = piece.numbers, piece.lines
        if self._carried.lines:
            numbers, lines = [*self._carried.numbers, *numbers], self._carried.lines + lines
            self._carried = LinePiece([], [], [])
        columns = self._in_bulk(lines)
        if columns is not None:
            return Piece(numbers, columns, piece.bad)
        rows = self._quick(lines)
        if rows is not None:
            return self._columns(rows, numbers, piece.bad)
        found, starts, bad = self._careful(lines, numbers, final)
        return self._columns(found, starts, [*piece.bad, *bad])

    def _in_bulk(self, lines: list[str]) -> dict[str, Sequence[Any]] | None:
        """All columns at once by Arrow's parser, where each line is one row of the right width and nothing is odd.

        Lines with quotation marks are read by the strict reader first: Arrow mends what should be refused.
        """
        if not lines or self.dialect.escape or "\n" in lines or "\r\n" in lines:
            return None
        text = "".join(lines)
        if text.count("\r") != text.count("\r\n"):
            return None
        quote = self.dialect.quote
        if quote and quote in text:
            quoted = [line for line in lines if quote in line]
            if len(quoted) > len(lines) * _QUOTED_SHARE or self._quick(quoted) is None:
                return None
        try:
            table = pa_csv.read_csv(
                pa.BufferReader(text.encode()),
                pa_csv.ReadOptions(column_names=self.names, use_threads=False, block_size=len(text) * 4 + 1),
                pa_csv.ParseOptions(
                    delimiter=self.dialect.separator, quote_char=quote or False, double_quote=bool(quote)
                ),
                pa_csv.ConvertOptions(column_types=dict.fromkeys(self.names, pa.string()), strings_can_be_null=False),
            )
        except pa.ArrowInvalid:
            return None
        if len(table) != len(lines):
            return None
        return {
            name: Coded.of_text(column.combine_chunks()) for name, column in zip(self.names, table.columns, strict=True)
        }

    def _quick(self, lines: list[str]) -> list[list[str]] | None:
        """All rows at once, where each is one line and nothing is broken."""
        reader = self.dialect.reader(lines)
        try:
            rows = list(reader)
        except csv.Error:
            return None
        return rows if len(rows) == len(lines) else None

    def _careful(
        self, lines: list[str], numbers: Sequence[int], final: bool
    ) -> tuple[list[list[str]], list[int], list[BadLine]]:
        """Row by row. A line that opens a quotation it does not close is set aside alone: the lines after it are read
        again from their beginning, so that one broken line never swallows good ones."""
        rows: list[list[str]] = []
        starts: list[int] = []
        bad: list[BadLine] = []
        at, width = 0, len(self.names)
        while at < len(lines):
            reader = self.dialect.reader(_from(lines, at))
            base, passed = at, 0
            try:
                for row in reader:
                    start, used = base + passed, reader.line_num - passed
                    if used > 1 and (len(row) != width or used > SPAN_MAX_LINES):
                        raise _Broken(start)
                    passed = reader.line_num
                    rows.append(row)
                    starts.append(numbers[start])
                at = len(lines)
            except (_Broken, csv.Error) as error:
                start = base + passed
                # An error before the last line was read is one of that record; at the end the record may go on.
                open_end = not isinstance(error, _Broken) and "unexpected end of data" in str(error)
                if open_end and not final and self._may_go_on(lines, start):
                    self._carried = LinePiece(list(numbers[start:]), lines[start:], [])
                    break
                reason = "cell_too_long" if "field larger" in str(error) else "broken_quotes"
                bad.append(bad_line(numbers[start], reason, [lines[start].rstrip("\r\n")[:1000]]))
                at = start + 1
        return rows, starts, bad

    def _may_go_on(self, lines: list[str], start: int) -> bool:
        held = len(lines) - start
        return held <= SPAN_MAX_LINES and sum(map(len, lines[start:])) <= LINE_MAX_CHARS

    def _columns(self, rows: list[list[str]], numbers: Sequence[int], bad: list[BadLine]) -> Piece:
        width = len(self.names)
        if set(map(len, rows)) - {width}:
            good = [(n, row) for n, row in zip(numbers, rows, strict=True) if len(row) == width]
            bad = [
                *bad,
                *(
                    bad_line(n, "wrong_columns", row, found=len(row), wanted=width)
                    for n, row in zip(numbers, rows, strict=True)
                    if row and len(row) != width and any(row)
                ),
            ]
            numbers, rows = [n for n, _row in good], [row for _n, row in good]
        columns = zip(*rows, strict=True) if rows else ([] for _name in self.names)
        return Piece(numbers, dict(zip(self.names, columns, strict=True)), sorted(bad, key=lambda b: b.line))


class _Broken(Exception):
    """A record whose quotes cannot be what was meant; carries the place of its first line."""


def _from(lines: list[str], at: int) -> Iterator[str]:
    for place in range(at, len(lines)):
        yield lines[place]


def read_header(dialect: Dialect, piece: LinePiece, path: str, *, named: bool) -> list[str]:
    """The names of the columns: taken off the piece's first record, or numbers where no line names them."""
    while piece.lines and not piece.lines[0].strip():
        _drop(piece, 1)
    if not piece.lines:
        raise BadHeader(path=path, why=_("there is none."))
    reader = dialect.reader(_from(piece.lines, 0))
    try:
        first = next(reader)
    except csv.Error as error:
        raise BadHeader(path=path, why=str(error)) from error
    if not named:
        return [str(n) for n in range(1, len(first) + 1)]
    _drop(piece, reader.line_num)
    names = [name.strip() for name in first]
    twice = [name for name, count in Counter(names).items() if count > 1 and name]
    if twice:
        raise BadHeader(path=path, why=_("“{names}” stands there twice.").format(names="”, “".join(twice)))
    if not any(names):
        raise BadHeader(path=path, why=_("it names none."))
    # A column without a name (a separator at the end of each line) keeps its place.
    return [name or f"column {n}" for n, name in enumerate(names, 1)]


def _drop(piece: LinePiece, count: int) -> None:
    piece.numbers, piece.lines = piece.numbers[count:], piece.lines[count:]
