"""The brand that holds: the organisation's own file, read anew when it changes; else the one that ships."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import NamedTemporaryFile

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from egard.base.refusal import Refusal
from egard.journeys.signature.rules import brand as rules
from egard.journeys.signature.rules import grammar
from egard.journeys.signature.rules.brand import Brand
from egard.kernel.cases.rules.reading import Finding, Refused

BYTES_MAX = 1_000_000


@dataclass(frozen=True, slots=True)
class Held:
    """The brand with its file's text; `path` is None for the one that ships. `wrong` says what is wrong with the file
    that should hold: until it is mended, what held before still does.
    """

    brand: Brand
    source: str
    path: Path | None = None
    wrong: tuple[Finding, ...] = ()


class ReaderMissing(Refusal):
    """The style reads with spaCy, which is not installed here: install it, or let the style say `reader: forms`.

    Nothing is judged in another way meanwhile: one message would have two scores.
    """

    code = "signature.reader_missing"
    status = 503
    title = _("Our style cannot judge here")
    message = _(
        "Nothing can be judged: our style asks for a grammar of French (spaCy 3.8 with {model}) that is not installed "
        "here. Whoever runs the server can install it (egard[french]); or publish a style that does without."
    )

    def __init__(self) -> None:
        super().__init__(model=f"{grammar.MODEL} {grammar.VERSION}")


_held: dict[tuple[str, int, int], Held] = {}
"""What was read last, by where the file was, when it changed, and its size."""


def place() -> Path:
    """Where the organisation's own file is looked for: `$EGARD_BRAND`, else `signature/brand.yaml` under the data."""
    return named_file() or Path(settings.MEDIA_ROOT).parent / "signature" / "brand.yaml"


def named_file() -> Path | None:
    """The file that the operator named (`$EGARD_BRAND`): it is kept elsewhere, and no page writes it."""
    named = os.environ.get("EGARD_BRAND")
    return Path(named).expanduser() if named else None


def write(source: str) -> None:
    """Put the organisation's own file in its place, whole or not at all. Raises `OSError`."""
    path = place()
    path.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, delete=False) as file:
        file.write(source)
    Path(file.name).replace(path)


def held() -> Held:
    """The brand by which messages are judged now."""
    path = place()
    try:
        told = path.stat()
    except OSError:
        return _shipped()
    key = (str(path), told.st_mtime_ns, told.st_size)
    if key not in _held:
        found = _read(path)
        _held.clear()
        _held[key] = found
    return _held[key]


def judging() -> Brand:
    """The brand that holds, to judge by it. Raises `ReaderMissing`."""
    brand = held().brand
    require_reader(brand)
    return brand


def missing_reader(brand: Brand) -> ReaderMissing | None:
    """Why nothing can be judged by this brand here, if so."""
    return None if brand.is_readable else ReaderMissing()


def require_reader(brand: Brand) -> None:
    """Raises `ReaderMissing` where the brand asks for a reader that this installation has not."""
    if missing := missing_reader(brand):
        raise missing


@cache
def _shipped() -> Held:
    return Held(rules.default(), rules.DEFAULT.read_text(encoding="utf-8"))


def _read(path: Path) -> Held:
    before = next(iter(_held.values()), None) or _shipped()
    try:
        content = path.read_bytes()
        source = content.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return _kept(before, Finding(1, "unreadable", "the file cannot be read as UTF-8"))
    if len(content) > BYTES_MAX:
        return _kept(before, Finding(1, "too_large", f"the file has more than {BYTES_MAX:,} bytes"))
    try:
        return Held(rules.read(source), source, path)
    except Refused as refused:
        return _kept(before, *refused.findings)


def _kept(before: Held, *wrong: Finding) -> Held:
    return Held(before.brand, before.source, before.path, wrong)
