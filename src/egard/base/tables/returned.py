"""Rejects files: how they set cells down, and how they come back once they are put right.

Before the file's own columns stand `line`, `reason` and `why`; what a spreadsheet could run has an apostrophe.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from egard.base.tables.coded import Coded
from egard.base.tables.pieces import Piece

LEADING = ("line", "reason", "why")
_NUMBER = re.compile(r"[+-]?[\d\s.,'’]*\d")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def guarded(text: str) -> str:
    """A cell as a spreadsheet may open it: what could run as a formula gets an apostrophe before it, as OWASP advises.

    Plain numbers stay. What had an apostrophe there gets one more, so that `bare` takes away what was added, no more.
    """
    inner = text.lstrip("'")
    return f"'{text}" if inner.startswith(_FORMULA) and not _NUMBER.fullmatch(inner) else text


def bare(text: Any) -> Any:
    """The cell as it was before `guarded`."""
    return text[1:] if isinstance(text, str) and text[:1] == "'" and guarded(text[1:]) == text else text


def is_returned(names: Sequence[str]) -> bool:
    """Whether a file with these columns is a rejects file."""
    return tuple(names[: len(LEADING)]) == LEADING and len(names) > len(LEADING)


def as_it_was(piece: Piece) -> Piece:
    """A piece of a rejects file as the first file held it; lines are those of the rejects file."""
    columns = {bare(name): _bare(cells) for name, cells in list(piece.columns.items())[len(LEADING) :]}
    # A line that could not be cut into cells stays whole.
    bad = [replace(one, cells=tuple(map(bare, one.cells[len(LEADING) :])) or one.cells) for one in piece.bad]
    return Piece(piece.lines, columns, bad)


def _bare(cells: Sequence[Any]) -> Sequence[Any]:
    return cells.map(bare) if isinstance(cells, Coded) else [bare(cell) for cell in cells]
