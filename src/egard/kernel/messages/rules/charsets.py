"""Bytes into words, whatever their sender says that they are."""

from __future__ import annotations

import re

from charset_normalizer import from_bytes

WEAK = frozenset({"", "ascii", "us-ascii", "unknown-8bit", "x-unknown", "8bit", "7bit", "default", "binary"})
_LATIN = frozenset({"iso-8859-1", "latin-1", "latin1", "iso8859-1", "iso_8859-1", "windows-1252", "cp1252"})
GUESSED_FROM = 20_000
_UNWANTED = re.compile("[\x00\ud800-\udfff]")


def decoded(data: bytes, charset: str = "") -> str:
    """Never fails: as declared where that is true, else UTF-8 where it is, else what the bytes look like."""
    named = charset.strip().strip("\"'").lower()
    tried = ["utf-8"] if named in WEAK | _LATIN else [named, "utf-8"]
    if named in _LATIN:
        tried.append("cp1252")
    for one in tried:
        try:
            return storable(data.decode(one))
        except (LookupError, UnicodeError, ValueError):
            continue
    return storable(_guessed(data))


def _guessed(data: bytes) -> str:
    """Mostly plain letters: a Western text, for which guessers lack matter. Else what the guesser says."""
    sample = data[:GUESSED_FROM]
    letters = sum(byte > 127 or chr(byte).isalpha() for byte in sample)
    if 4 * sum(byte > 127 for byte in sample) > letters:
        best = from_bytes(sample).best()
        if best is not None:
            return data.decode(best.encoding, errors="replace")
    return data.decode("cp1252", errors="replace")


def storable(text: str) -> str:
    """Without what PostgreSQL cannot hold (NUL, halves of characters)."""
    return _UNWANTED.sub("�", text)
