"""The rejects file: every row that is not in, with its line, the reason, and its cells as they were."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, TextIO

import orjson

from egard.base.tables import BadLine
from egard.base.tables.coded import Coded

_NUMBER = re.compile(r"[+-]?[\d\s.,'’]*\d")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def safe_cell(cell: Any) -> str:
    """A cell as a spreadsheet may open it: what could run as a formula gets an apostrophe before it, as OWASP advises.

    Plain numbers stay, so that the file can be put right and imported again.
    """
    if cell is None:
        return ""
    text = cell if isinstance(cell, str) else _plain(cell)
    return f"'{text}" if text.startswith(_FORMULA) and not _NUMBER.fullmatch(text) else text


def _plain(cell: Any) -> str:
    if isinstance(cell, (dict, list)):
        return orjson.dumps(cell, default=str).decode()
    return str(cell)


class RejectsFile:
    """`FILE.rejects.csv`, beside the file where one may write there, else in the current folder.

    Written under another name and renamed at the end, so that two imports of one file do not mix; an import without
    rejects takes an older rejects file away.
    """

    def __init__(self, path: Path, names: Sequence[str]) -> None:
        folder = path.parent if os.access(path.parent, os.W_OK) else Path.cwd()
        self.path = folder / f"{path.name}.rejects.csv"
        self._part = folder / f".{path.name}.{os.getpid()}.rejects"
        self._names = names
        self._file: TextIO | None = None
        self._writer: Any = None

    def write(
        self, lines: Sequence[int], reasons: Sequence[str], whys: Sequence[str], columns: Sequence[Sequence[Any]]
    ) -> None:
        """Refused rows, column by column: their lines, reason codes, words, and the file's own columns."""
        if self._file is None:
            self._file = self._part.open("w", encoding="utf-8-sig", newline="")
            self._writer = csv.writer(self._file)
            self._writer.writerow(["line", "reason", "why", *map(safe_cell, self._names)])
        safe = [c.map(safe_cell).listed() if isinstance(c, Coded) else list(map(safe_cell, c)) for c in columns]
        self._writer.writerows(zip(lines, reasons, whys, *safe, strict=True))

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
