"""From bytes to numbered lines of text: encodings, line ends, and lines that cannot be."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from charset_normalizer import from_bytes

from egard.base.tables.pieces import LINE_MAX_CHARS, BadLine, bad_line
from egard.base.tables.refusals import UnknownEncoding
from egard.base.tables.sources import Source

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WIDE = ("utf-16", "utf-32", "utf_16", "utf_32")
SAMPLE_BYTES = 64 * 1024
_NOISE = 0.02
"""How much messier the Western reading may look and still be taken: a few names tell little."""
_CANDIDATES = [
    "cp1252", "iso8859_15", "cp1250", "cp1251", "cp1253", "cp1254", "cp437", "cp850", "mac_roman",
    "shift_jis", "cp932", "euc_jp", "gb18030", "big5", "euc_kr",
]  # fmt: skip


def detect_encoding(head: bytes) -> tuple[str, int]:
    """The encoding of a text by its first piece, and how many bytes its mark takes.

    A byte order mark decides; then UTF-8 if it fits; then wide encodings by their zeros; then the likeliest
    of the usual single-byte and Asian ones, Western before others where both fit.
    """
    for mark, name in _BOMS:
        if head.startswith(mark):
            return name, len(mark)
    even, odd = head[0:4096:2].count(0), head[1:4096:2].count(0)
    pairs = max(1, min(len(head), 4096) // 2)
    if odd > 0.3 * pairs and even < 0.05 * pairs:
        return "utf-16-le", 0
    if even > 0.3 * pairs and odd < 0.05 * pairs:
        return "utf-16-be", 0
    # The piece may end in the middle of a character: only whole lines are looked at.
    whole = head[: head.rfind(b"\n") + 1] or head
    try:
        codecs.getincrementaldecoder("utf-8")().decode(whole)
    except UnicodeDecodeError as error:
        return _likeliest(whole, error.start), 0
    return "utf-8", 0


def _likeliest(text: bytes, first_odd: int) -> str:
    # What tells is where bytes are not ASCII: the sample begins near the first of them.
    start = max(0, text.rfind(b"\n", 0, first_odd) + 1)
    sample = text[start : start + SAMPLE_BYTES]
    if _reads_as_western(sample):
        return "cp1252"
    found = from_bytes(sample, cp_isolation=_CANDIDATES, enable_fallback=False)
    best = found.best()
    western = next((match for match in found if "cp1252" in (match.encoding, *match.could_be_from_charset)), None)
    if best is None or (western is not None and western.chaos <= best.chaos + _NOISE):
        return "cp1252" if _fits(text, "cp1252") else "latin-1"
    return best.encoding


_WESTERN = frozenset("àâäáãåæçèéêëìíîïñòóôöõœøùúûüýÿßÀÂÄÁÃÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÖÕŒØÙÚÛÜÝŸ€£°§«»’‘“”…–—·¿¡ºª²©®\u00a0")
_FOREIGN_RUN = re.compile(r"[^\x00-\x7f]{3}")


def _reads_as_western(text: bytes) -> bool:
    """Whether a short text is cp1252 beyond doubt: only what Western languages write, an accent here and there.

    Statistics need more text than a small file has: a list of French names would pass for Polish by its `œ`. Greek and
    Cyrillic read this way give nothing but accents, in long runs.
    """
    try:
        decoded = text.decode("cp1252")
    except UnicodeDecodeError:
        return False
    return set(filter(lambda c: not c.isascii(), decoded)) <= _WESTERN and not _FOREIGN_RUN.search(decoded)


def _fits(text: bytes, encoding: str) -> bool:
    try:
        text.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def known_encoding(name: str) -> str:
    """The name Python knows a text encoding by. Raises `UnknownEncoding`."""
    try:
        found = codecs.lookup(name)
    except LookupError as error:
        raise UnknownEncoding(encoding=name) from error
    if not found._is_text_encoding:
        raise UnknownEncoding(encoding=name)
    return found.name


@dataclass(slots=True)
class LinePiece:
    """Some lines with their numbers (from 1), line ends kept, and those that are no text."""

    numbers: Sequence[int]
    lines: list[str]
    bad: list[BadLine]


def _marking_last(blocks: Iterator[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Each block and whether it is the last: the end of a file belongs to the piece before it."""
    held: bytes | None = None
    for block in blocks:
        if held is not None:
            yield held, False
        held = block
    if held is not None:
        yield held, True


class Lines:
    """The lines of a source. `encoding` is detected on the first piece unless it is named."""

    def __init__(self, source: Source, encoding: str = "") -> None:
        self._source = source
        head = source.head()
        detected, mark = detect_encoding(head)
        self.encoding = known_encoding(encoding) if encoding else detected
        if self.encoding in ("utf-16", "utf-32"):
            self.encoding = detected if detected.startswith(self.encoding) else f"{self.encoding}-le"
        wide = self.encoding.startswith(_WIDE)
        # Wide encodings are turned into UTF-8 on the way in: below, a line ends with one byte. A half character
        # survives as what strict UTF-8 refuses, so that its line is rejected and no other.
        self._wide = codecs.getincrementaldecoder(self.encoding)("surrogatepass") if wide else None
        self._codec = "utf-8" if wide else self.encoding
        fits = not encoding or known_encoding(encoding) in (detected, "utf-8-sig") or wide
        self._skip = mark if fits else 0
        text = self._decoded_head(head)
        self.newline = b"\r" if b"\r" in text and b"\n" not in text else b"\n"

    def _decoded_head(self, head: bytes) -> bytes:
        if self._wide is None:
            return head
        text = codecs.getincrementaldecoder(self.encoding)("replace").decode(head[self._skip :])
        return text.encode("utf-8", "replace")

    def _blocks(self) -> Iterator[bytes]:
        first = True
        while block := self._source.read():
            if first:
                block, first = block[self._skip :], False
            yield self._narrow(block, final=False)
        if self._wide is not None:
            yield self._narrow(b"", final=True)

    def _narrow(self, block: bytes, *, final: bool) -> bytes:
        if self._wide is None:
            return block
        try:
            return self._wide.decode(block, final).encode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            return b"\xff"  # half a character at the very end: its line is refused below

    def pieces(self) -> Iterator[LinePiece]:
        """Lines, about a megabyte at a time. A line without end is refused at its limit and passed over."""
        number, tail, skipping = 1, [], False
        held = 0
        for block, last in _marking_last(self._blocks()):
            if skipping:
                begin = block.find(self.newline) + 1
                if not begin:
                    continue
                block, number, skipping = block[begin:], number + 1, False
            cut = len(block) if last else block.rfind(self.newline) + 1
            if not cut:
                tail.append(block)
                held += len(block)
                if held > LINE_MAX_CHARS:
                    yield LinePiece([], [], [bad_line(number, "line_too_long", [self._glimpse(tail[0])])])
                    tail, held, skipping = [], 0, True
                continue
            whole = b"".join([*tail, block[:cut]])
            tail, held = ([block[cut:]], len(block) - cut) if cut < len(block) else ([], 0)
            if whole:
                yield self._piece(whole, number)
                number += whole.count(self.newline)

    def _piece(self, whole: bytes, number: int) -> LinePiece:
        """The lines of some bytes; all at once when all is well, else one by one."""
        if b"\0" not in whole and len(whole) <= LINE_MAX_CHARS:
            try:
                lines = self._split(whole.decode(self._codec))
            except UnicodeDecodeError:
                pass
            else:
                return LinePiece(range(number, number + len(lines)), lines, [])
        return self._one_by_one(whole, number)

    def _split(self, text: str) -> list[str]:
        if self.newline == b"\r":
            text = text.replace("\r", "\n")
        # Not `splitlines`: it also cuts at form feeds and other characters that are data.
        return list(io.StringIO(text, newline="\n"))

    def _one_by_one(self, whole: bytes, number: int) -> LinePiece:
        numbers: list[int] = []
        piece = LinePiece(numbers, [], [])
        for n, line in enumerate(whole.split(self.newline), number):
            if n > number and not line and n == number + whole.count(self.newline):
                break
            reason = "line_too_long" if len(line) > LINE_MAX_CHARS else "nul_byte" if b"\0" in line else ""
            if not reason:
                try:
                    piece.lines.append(line.decode(self._codec) + "\n")
                    numbers.append(n)
                    continue
                except UnicodeDecodeError:
                    reason = "bad_encoding"
            piece.bad.append(bad_line(n, reason, [self._glimpse(line)], encoding=self.encoding))
        return piece

    def _glimpse(self, line: bytes) -> str:
        """Enough of a bad line to recognise it."""
        return line[:1000].decode(self._codec, "replace").replace("\0", "\ufffd").strip()
