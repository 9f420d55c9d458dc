"""The bytes of a file, unpacked on the way, in constant memory."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from typing import Any, BinaryIO

import zstandard
from django.utils.translation import gettext_lazy as _

from egard.base.tables.refusals import Bomb, Damaged, EmptyFile, NoFile, NotATable

BLOCK_BYTES = 1 << 20
BOMB_FLOOR_BYTES = 256 << 20
BOMB_RATIO = 200
"""Text packs 5 to 50 times; a file that unpacks above the floor to more than this is refused."""
WINDOW_MAX_BYTES = 128 << 20
"""What zstd may ask to keep in memory (`--long=27`, its own default limit)."""

_CSV = _("Save it as CSV and import that.")
_OTHERS: dict[bytes, tuple[Any, Any]] = {
    b"PK\x03\x04": (_("a zip archive or a spreadsheet"), _("Unpack it, or save the sheet as CSV, and import that.")),
    b"PK\x05\x06": (_("an empty zip archive"), _("Unpack what you want to import.")),
    b"\xd0\xcf\x11\xe0": (_("an old spreadsheet"), _CSV),
    b"BZh": (_("packed with bzip2"), _("Unpack it, or pack it with gzip or zstd.")),
    b"\xfd7zXZ\x00": (_("packed with xz"), _("Unpack it, or pack it with gzip or zstd.")),
    b"7z\xbc\xaf": (_("a 7-Zip archive"), _("Unpack it and import what is inside.")),
    b"Rar!": (_("a RAR archive"), _("Unpack it and import what is inside.")),
    b"%PDF": (_("a PDF document"), _CSV),
    b"SQLite format 3": (_("a database"), _CSV),
}


class Source:
    """A file to read from its beginning. `compression` is `gzip`, `zstd` or empty."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._file: BinaryIO = path.open("rb")
            self.size = path.stat().st_size
            head = self._file.read(16)
        except OSError as error:
            raise NoFile(path=path.name, why=(error.strerror or str(error)).lower()) from error
        self._file.seek(0)
        if not head:
            raise EmptyFile(path=path.name)
        self._refuse_others(head)
        self.is_parquet = head.startswith(b"PAR1")
        self.compression = ""
        self._stream: Any = self._file
        if head.startswith(b"\x1f\x8b"):
            self.compression = "gzip"
            self._stream = gzip.GzipFile(fileobj=self._file)
        elif head.startswith(b"\x28\xb5\x2f\xfd"):
            self.compression = "zstd"
            unpacker = zstandard.ZstdDecompressor(max_window_size=WINDOW_MAX_BYTES)
            self._stream = unpacker.stream_reader(self._file, read_across_frames=True)
        self._unpacked = 0
        self._damage = ""
        self._ahead: list[bytes] = []

    def _refuse_others(self, head: bytes) -> None:
        for magic, (what, advice) in _OTHERS.items():
            if head.startswith(magic):
                raise NotATable(path=self.path.name, what=str(what), advice=str(advice))

    @property
    def position(self) -> int:
        """How many bytes of the file itself were read, out of `size`."""
        return self._file.tell()

    def head(self) -> bytes:
        """The first piece, up to one megabyte; it is read again by `read`."""
        if not self._ahead:
            self._ahead = [self._read(BLOCK_BYTES)]
            if self.compression:
                self._refuse_others(self._ahead[0][:16])
                if self._ahead[0].startswith(b"PAR1"):
                    raise NotATable(
                        path=self.path.name,
                        what=str(_("a Parquet file that was packed again")),
                        advice=str(_("Parquet packs by itself: unpack the file and import that.")),
                    )
        return self._ahead[0]

    def read(self) -> bytes:
        """The next piece, unpacked; empty at the end. Raises `Damaged`, `Bomb`."""
        return self._ahead.pop() if self._ahead else self._read(BLOCK_BYTES)

    def _read(self, size: int) -> bytes:
        # A gzip or zstd stream may give less than asked: a piece is filled, so that the first one is a good sample.
        parts: list[bytes] = []
        wanted = size
        try:
            while wanted and not self._damage and (part := self._stream.read(wanted)):
                parts.append(part)
                wanted -= len(part)
        except (EOFError, gzip.BadGzipFile, zlib.error, zstandard.ZstdError) as error:
            # What came before the damage is given first; the next call says that there was one.
            self._damage = str(error)
        if self._damage and not parts:
            raise Damaged(path=self.path.name, why=self._damage)
        block = b"".join(parts)
        self._unpacked += len(block)
        if self.compression and self._unpacked > BOMB_FLOOR_BYTES and self._unpacked > BOMB_RATIO * self.position:
            raise Bomb(path=self.path.name, ratio=BOMB_RATIO)
        return block

    def close(self) -> None:
        self._file.close()
