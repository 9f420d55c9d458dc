"""`winmail.dat`: what Outlook wraps letters and files into (MS-OXTNEF). Read for its files and its words alone.

Nothing in it is compressed but rich text, which is left alone: what is found is never longer than what came.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from egard.kernel.messages.rules.charsets import decoded, storable

SIGNATURE = b"\x78\x9f\x3e\x22"
DEEP_MAX = 8
"""Letters within letters that are opened."""
FILES_MAX = 100
PROPERTIES_MAX = 10_000
ATTACHMENT = 2
"""Level of what belongs to a file; 1 is the letter's own."""
CODE_PAGE, BODY, PROPERTIES = 0x9007, 0x800C, 0x9003
NEXT_FILE, FILE_NAME, FILE_BYTES, FILE_PROPERTIES = 0x9002, 0x8010, 0x800F, 0x9005
TEXT, HTML, RICH_TEXT = 0x1000, 0x1013, 0x1009
LONG_NAME, SHORT_NAME, SHOWN_NAME, DATA = 0x3707, 0x3704, 0x3001, 0x3701
STRING, UNICODE, OBJECT, BINARY, MANY = 0x1E, 0x1F, 0x0D, 0x102, 0x1000
FIXED = {1: 0, 2: 4, 3: 4, 4: 4, 5: 8, 6: 8, 7: 8, 0x0A: 4, 0x0B: 4, 0x14: 8, 0x40: 8, 0x48: 16}
"""Bytes of each simple type of property, with what fills it up."""


@dataclass(slots=True)
class Unpacked:
    """`is_whole`: nothing of it is left unread, so that the wrapping itself need not be kept."""

    text: str = ""
    html: str = ""
    files: list[tuple[str, bytes]] = field(default_factory=list)
    is_whole: bool = True


@dataclass(slots=True)
class _File:
    name: str = ""
    content: bytes | None = None


class _Broken(Exception):
    pass


@dataclass(slots=True)
class _Bytes:
    data: bytes
    at: int = 0

    def take(self, count: int) -> bytes:
        if count > len(self.data) - self.at:
            raise _Broken
        self.at += count
        return self.data[self.at - count : self.at]

    def number(self, size: int = 4) -> int:
        return int.from_bytes(self.take(size), "little")

    def padded(self, count: int) -> bytes:
        """Bytes that are filled up to a multiple of four; at the very end some writers leave that out."""
        told = self.take(count)
        self.at = min(len(self.data), self.at + -count % 4)
        return told


def unpack(content: bytes) -> Unpacked:
    """What is within; of what is broken, as much as could be read before it breaks."""
    found = Unpacked()
    _read(content, found, 0)
    return found


def _read(content: bytes, found: Unpacked, deep: int) -> None:
    page, is_rich, file, text, html = "cp1252", False, _File(), "", ""
    try:
        for level, what, data in _attributes(content):
            if what == CODE_PAGE:
                page = f"cp{int.from_bytes(data[:4], 'little')}"
            elif level == ATTACHMENT:
                file = _next_of_file(file, what, data, page, found, deep)
            elif what == BODY:
                text = text or _words(data, STRING, page)
            elif what == PROPERTIES:
                told = _properties(data)
                is_rich = RICH_TEXT in told
                text = _words(told[TEXT][1], told[TEXT][0], page) if TEXT in told else text
                html = _words(told[HTML][1], told[HTML][0], page) if HTML in told else html
    except _Broken:
        found.is_whole = False
    _put(file, found)
    has_words = bool(text.strip() or html.strip())
    if not deep:
        found.text, found.html = text, html
    if (has_words and deep) or (is_rich and not has_words):  # words of a letter within stand nowhere else
        found.is_whole = False


def _next_of_file(file: _File, what: int, data: bytes, page: str, found: Unpacked, deep: int) -> _File:
    """One more thing that is said of a file, or the beginning of the next one."""
    if what == NEXT_FILE:
        _put(file, found)
        return _File()
    if what == FILE_NAME:
        file.name = file.name or _words(data, STRING, page)
    elif what == FILE_BYTES:
        file.content = data
    elif what == FILE_PROPERTIES:
        told = _properties(data)
        better = next((told[key] for key in (LONG_NAME, SHORT_NAME, SHOWN_NAME) if key in told), None)
        file.name = _words(better[1], better[0], page) if better else file.name
        kind, inner = told.get(DATA, (BINARY, b""))
        if kind == OBJECT and inner[16:20] == SIGNATURE:  # a letter within the letter, behind the name of its kind
            if deep >= DEEP_MAX:
                raise _Broken
            _read(inner[16:], found, deep + 1)
            file.content = None
        elif kind == BINARY and inner and not file.content:
            file.content = inner
    return file


def _put(file: _File, found: Unpacked) -> None:
    if file.content is not None and len(found.files) < FILES_MAX:
        found.files.append((file.name, file.content))
    elif file.content is not None:
        found.is_whole = False


def _attributes(content: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Level, number and bytes of each; sums at their ends are not trusted, for some writers leave them wrong."""
    told = _Bytes(content)
    if told.take(4) != SIGNATURE:
        raise _Broken
    told.take(2)
    while told.at < len(content):
        level, what = told.number(1), told.number(2)
        told.take(2)
        data = told.take(told.number())
        told.take(2)
        yield level, what, data


def _properties(data: bytes) -> dict[int, tuple[int, bytes]]:
    """Type and first value of each property, by number."""
    told, found = _Bytes(data), {}
    for _n in range(min(told.number(), PROPERTIES_MAX)):
        kind, key = told.number(2), told.number(2)
        bare, is_many = kind & ~MANY, bool(kind & MANY)
        if key >= 0x8000:  # named: a set, then a number or a name
            told.take(16)
            told.padded(told.number()) if told.number() else told.take(4)
        is_long = bare in (STRING, UNICODE, OBJECT, BINARY)
        if not is_long and (bare not in FIXED or (is_many and not FIXED[bare])):
            raise _Broken
        values = [
            told.padded(told.number()) if is_long else told.take(FIXED[bare])
            for _value in range(told.number() if is_long or is_many else 1)
        ]
        found[key] = bare, values[0] if values else b""
    return found


def _words(data: bytes, kind: int, page: str) -> str:
    if kind == UNICODE:
        return storable(data.decode("utf-16-le", "replace").partition("\0")[0])
    return decoded(data.partition(b"\0")[0], page)
