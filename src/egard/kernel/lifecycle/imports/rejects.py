"""The rejects file: every row that is not in, with its line, the reason, and its cells as they were."""

from __future__ import annotations

import codecs
import os
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import orjson
import pyarrow as pa
import pyarrow.csv as pa_csv

from egard.base.tables import BadLine
from egard.base.tables.coded import Coded
from egard.base.tables.returned import LEADING, guarded

_ONE = pa.array([0], pa.int32())
_AS_CSV = pa_csv.WriteOptions(include_header=False, quoting_style="needed")


def safe_cell(cell: Any) -> str:
    """A cell as text that a spreadsheet may open."""
    return "" if cell is None else guarded(cell if isinstance(cell, str) else _plain(cell))


def _plain(cell: Any) -> str:
    if isinstance(cell, (dict, list)):
        return orjson.dumps(cell, default=str).decode()
    return str(cell)


class RejectsFile:
    """`FILE.rejects.csv`, beside the file where one may write there, else in the current folder.

    Written under another name and renamed at the end, so that two imports of one file do not mix; an import without
    rejects takes an older rejects file away. Only its owner may read it: it holds what the file held of people. A dry
    run writes `FILE.dry-run.rejects.csv` and leaves the rejects of the real import alone.
    """

    def __init__(self, path: Path, names: Sequence[str], *, dry_run: bool = False) -> None:
        self._folder = path.parent if os.access(path.parent, os.W_OK) else Path.cwd()
        self.path = self._folder / f"{path.name}{'.dry-run' if dry_run else ''}.rejects.csv"
        self._part = Path()  # named when it is needed
        self._names = names
        self._file: BinaryIO | None = None

    def write(
        self, lines: Sequence[int], reasons: Sequence[str], whys: Sequence[str], columns: Sequence[Sequence[Any]]
    ) -> None:
        """Refused rows, column by column: their lines, reason codes, words, and the file's own columns."""
        if self._file is None:
            # A new file of mode 0600 under a name that nobody can guess: no link laid in its way is followed.
            handle, part = tempfile.mkstemp(prefix=".egard-", suffix=".rejects", dir=self._folder)
            self._file, self._part = os.fdopen(handle, "wb"), Path(part)
            self._file.write(codecs.BOM_UTF8)  # without it spreadsheets take UTF-8 for something else
            names = [Coded([safe_cell(name)], _ONE) for name in self._names]
            self._write([Coded([name], _ONE) for name in LEADING] + names)
        first = [pa.array(lines, pa.int64()).cast(pa.string()), Coded.of(reasons), Coded.of(whys)]
        safe = [c.map(safe_cell) if isinstance(c, Coded) else Coded.of(list(map(safe_cell, c))) for c in columns]
        self._write([*first, *safe])

    def _write(self, columns: Sequence[Coded | pa.Array]) -> None:
        arrays = [column.text() if isinstance(column, Coded) else column for column in columns]
        table = pa.table(arrays, names=[str(n) for n in range(len(arrays))])
        pa_csv.write_csv(table, self._file, _AS_CSV)

    def write_lines(self, bad: Iterable[BadLine]) -> None:
        """Lines that could not be read: what was recognised of their cells."""
        for one in bad:
            self.write([one.line], [one.reason], [one.why], [[cell] for cell in one.cells])

    def close(self) -> Path | None:
        """Put the file in its place; None when nothing was rejected."""
        if self._file is None:
            self.path.unlink(missing_ok=True)
            return None
        self._file.close()
        self._part.replace(self.path)
        return self.path

    def abandon(self) -> None:
        if self._file is not None:
            self._file.close()
            self._part.unlink(missing_ok=True)
