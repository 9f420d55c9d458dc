"""Numbers as files write them: `1 234,50`, `1,234.50`, `1'234.5`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from decimal import Decimal, InvalidOperation
from typing import Any

from egard.base.tables.refusals import AmbiguousNumbers
from egard.base.tables.values import bad_cell

_MONEY = re.compile(r"^[€$£¥]\s*|\s*[€$£¥]$")
_SPACES = "   "
_DOT = re.compile(rf"[+-]?(\d+|\d{{1,3}}([,'’{_SPACES}]\d{{3}})+)(\.\d*)?|[+-]?\.\d+")
_COMMA = re.compile(rf"[+-]?(\d+|\d{{1,3}}([.'’{_SPACES}]\d{{3}})+)(,\d*)?|[+-]?,\d+")
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+")
_STRIP = {".": str.maketrans("", "", f",'’{_SPACES}"), ",": str.maketrans(",", ".", f".'’{_SPACES}")}
DIGITS_MAX = 30


def detect_decimal(cells: Iterable[Any], column: str) -> str:
    """Which mark sets the decimals of a column apart: `.` or `,`; `.` where there are none.

    Raises `AmbiguousNumbers` where commas might as well set thousands apart (`1,234` and nothing else).
    """
    texts = [_MONEY.sub("", cell.strip()) for cell in cells if isinstance(cell, str) and cell.strip()]
    marked = [text for text in texts if "," in text]
    if not marked:
        return "."
    only_comma = sum(bool(_COMMA.fullmatch(text)) and not _THOUSANDS.fullmatch(text) for text in marked)
    only_dot = sum(bool(_DOT.fullmatch(text)) and "." in text for text in marked)
    dots = sum("." in text and "," not in text and not _COMMA.fullmatch(text) for text in texts)
    if only_comma > only_dot + dots:
        return ","
    if only_dot or dots:
        return "."
    if not only_comma and not any(_THOUSANDS.fullmatch(text) for text in marked):
        return "."
    raise AmbiguousNumbers(column=column, example=marked[0][:50])


def number_reader(decimal: str) -> Callable[[Any], Decimal | None]:
    """A function from a cell to an exact number; None for an empty cell. Raises `BadCell`."""
    shape, strip = (_COMMA, _STRIP[","]) if decimal == "," else (_DOT, _STRIP["."])

    def understand(cell: Any) -> Decimal | None:
        if cell is None or cell == "":
            return None
        if isinstance(cell, Decimal):
            value = cell
        elif isinstance(cell, (int, float)) and not isinstance(cell, bool):
            value = Decimal(str(cell))
        else:
            text = _MONEY.sub("", str(cell).strip())
            if not text:
                return None
            if len(text) > DIGITS_MAX or not shape.fullmatch(text):
                raise bad_cell("bad_number", cell=str(cell)[:50])
            try:
                value = Decimal(text.translate(strip))
            except InvalidOperation as error:
                raise bad_cell("bad_number", cell=str(cell)[:50]) from error
        if not value.is_finite() or abs(value.adjusted()) > DIGITS_MAX:
            raise bad_cell("bad_number", cell=str(cell)[:50])
        return value

    return understand
