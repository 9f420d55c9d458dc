"""JSON lines: one object a line. A field inside an object is named by its path, `person.email`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from egard.base.tables.lines import LinePiece
from egard.base.tables.pieces import Piece, bad_line

DEPTH_MAX = 16
"""Objects inside objects at most."""


class JsonRows:
    """Turns lines into rows. The columns are those of the first piece and whatever the map asks for besides."""

    def __init__(self, wanted: Sequence[str] = ()) -> None:
        self._wanted = dict.fromkeys(wanted)

    def rows(self, piece: LinePiece, *, final: bool = False) -> Piece:
        numbers: list[int] = []
        rows: list[dict[str, Any]] = []
        bad = list(piece.bad)
        for number, line in zip(piece.numbers, piece.lines, strict=True):
            try:
                row = orjson.loads(line)
                rows.append(_flat(row) if isinstance(row, dict) else _refuse())
                numbers.append(number)
            except ValueError:
                if line.strip():
                    bad.append(bad_line(number, "bad_json", [line.rstrip("\r\n")[:1000]]))
        names = dict(self._wanted)
        for row in rows:
            names.update(dict.fromkeys(row))
        columns: dict[str, Sequence[Any]] = {name: [row.get(name) for row in rows] for name in names}
        return Piece(numbers, columns, sorted(bad, key=lambda b: b.line))


def _refuse() -> Any:
    raise ValueError("not an object")


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    """Inner objects opened to paths; the objects themselves stay too, for maps that take one whole."""
    if not any(type(value) is dict for value in row.values()):
        return row
    flat: dict[str, Any] = {}
    stack: list[tuple[str, Any, int]] = [("", row, 0)]
    while stack:
        prefix, held, depth = stack.pop()
        if depth > DEPTH_MAX:
            raise ValueError("too deep")
        for name, value in held.items():
            flat[f"{prefix}{name}"] = value
            if type(value) is dict:
                stack.append((f"{prefix}{name}.", value, depth + 1))
    return flat
