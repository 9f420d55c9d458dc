"""One door to every format: open a file, see what was recognised, take its rows piece by piece."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from egard.base.tables import returned
from egard.base.tables.csvfiles import CsvRows, detect_dialect, read_header
from egard.base.tables.jsonlines import JsonRows
from egard.base.tables.lines import LinePiece, Lines
from egard.base.tables.pieces import Piece
from egard.base.tables.refusals import EmptyFile, MissingColumns
from egard.base.tables.sources import Source


@dataclass(frozen=True, slots=True)
class FileOptions:
    """What a map states of a file instead of leaving it to be recognised. Empty: recognise it.

    `header` False: no line names the columns, they are called 1, 2, 3…
    """

    format: Literal["", "csv", "jsonl", "parquet"] = ""
    encoding: str = ""
    separator: str = ""
    quote: str | None = None
    header: bool = True


@dataclass(slots=True)
class Table:
    """An open file. `detected` says in plain data what was recognised; `first` is the first piece, for samples."""

    path: Path
    detected: dict[str, Any]
    names: list[str]
    first: Piece
    open_columns: bool = False
    """Columns may appear later in the file (JSON lines)."""
    size: int = 0
    _source: Source | None = None
    _rest: Iterator[Piece] = field(default_factory=lambda: iter(()))

    def pieces(self) -> Iterator[Piece]:
        """All rows, once, the first piece included. Raises `Damaged`, `Bomb` on the way."""
        yield self.first
        yield from self._rest

    def require(self, wanted: Sequence[str]) -> None:
        """Raises `MissingColumns` where one of `wanted` is not in the file."""
        held = set(self.names)
        missing = [name for name in dict.fromkeys(wanted) if name not in held]
        if missing:
            quoted = "”, “".join(missing)
            raise MissingColumns(path=self.path.name, missing=f"“{quoted}”", found=", ".join(self.names[:100]))

    @property
    def position(self) -> int:
        """Bytes of the file read so far, out of `size`."""
        return self._source.position if self._source else 0

    def close(self) -> None:
        if self._source:
            self._source.close()


def open_table(path: Path, options: FileOptions | None = None, *, wanted: Sequence[str] = ()) -> Table:
    """Open a file and recognise what it is. `wanted` names columns that JSON lines may hold only later.

    Raises `BadFile`: not there, empty, an archive, damaged, a header that is none.
    """
    options = options or FileOptions()
    source = Source(path)
    if source.is_parquet or options.format == "parquet":
        source.close()
        return _parquet(path)
    lines = Lines(source, options.encoding)
    pieces = lines.pieces()
    first = next(pieces, None)
    if first is None or not (first.lines or first.bad):
        raise EmptyFile(path=path.name)
    detected: dict[str, Any] = {"compression": source.compression, "encoding": lines.encoding}
    is_json = options.format == "jsonl" or (
        not options.format and next((line for line in first.lines if line.strip()), "").lstrip().startswith("{")
    )
    if is_json:
        json_rows = JsonRows(wanted)
        sample = json_rows.rows(first)
        detected = {"format": "jsonl", **detected}
        rest = (json_rows.rows(piece) for piece in pieces)
        return Table(path, detected, list(sample.columns), sample, True, source.size, source, rest)
    dialect = detect_dialect(first.lines or [""], options.separator, options.quote)
    names = read_header(dialect, first, path.name, named=options.header)
    rows = CsvRows(dialect, names)
    detected = {"format": "csv", **detected, "separator": dialect.separator, "quote": dialect.quote}
    table = Table(path, detected, names, rows.rows(first), False, source.size, source, _csv_rest(rows, pieces))
    if returned.is_returned(names) and not set(returned.LEADING) & set(wanted):
        detected["rejects"] = True
        table.names = [returned.bare(name) for name in names[len(returned.LEADING) :]]
        table.first, table._rest = returned.as_it_was(table.first), map(returned.as_it_was, table._rest)
    return table


def _csv_rest(rows: CsvRows, pieces: Iterator[LinePiece]) -> Iterator[Piece]:
    for piece in pieces:
        yield rows.rows(piece)
    # What is still open at the end stays open: it is set aside line by line.
    last = rows.rows(LinePiece([], [], []), final=True)
    if len(last) or last.bad:
        yield last


def _parquet(path: Path) -> Table:
    from egard.base.tables.parquet import ParquetRows  # 45 MB that only such a file needs

    rows = ParquetRows(path)
    pieces = rows.pieces()
    first = next(pieces, None)
    if first is None:
        first = Piece([], {name: [] for name in rows.names})
    return Table(
        path,
        {"format": "parquet", "compression": "", "encoding": ""},
        rows.names,
        first,
        False,
        path.stat().st_size,
        None,
        pieces,
    )
