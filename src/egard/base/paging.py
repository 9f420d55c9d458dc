"""Pages of a list, and the opaque cursors between them."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

import orjson
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from egard.base.refusal import Refusal

T = TypeVar("T")
LIMIT_MAX = 200


class UnknownCursor(Refusal):
    """The cursor is not one that this list gave; start again without it."""

    code = "paging.unknown_cursor"
    title = _("Unknown cursor")
    message = _("This cursor is not one that this list gave. Start again without a cursor.")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some items, and the cursor of the next ones (None: these are the last)."""

    items: list[T] = field(default_factory=list)
    next: str | None = None


MARK_BYTES = 9
"""A cursor carries a mark of ours: a list that is gone on with was begun, and its beginning is logged."""


def encode_cursor(kind: str, *position: Any) -> str:
    """An opaque cursor; `kind` names the list, so that one list's cursor is refused by another."""
    place = orjson.dumps([kind, *position])
    return base64.urlsafe_b64encode(_mark(place) + place).decode().rstrip("=")


def _mark(place: bytes) -> bytes:
    return hmac.digest(settings.SECRET_KEY.encode(), b"cursor\x1f" + place, hashlib.sha256)[:MARK_BYTES]


def decode_cursor(cursor: str, kind: str, *types: type) -> list[Any]:
    """The position inside a cursor of `kind`, its parts checked against `types`. Raises `UnknownCursor`."""
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        place = raw[MARK_BYTES:]
        if not hmac.compare_digest(_mark(place), raw[:MARK_BYTES]):
            raise UnknownCursor
        parts = orjson.loads(place)
    except (binascii.Error, ValueError) as error:
        raise UnknownCursor from error
    if not isinstance(parts, list) or not parts or parts[0] != kind or len(parts) != len(types) + 1:
        raise UnknownCursor
    if any(type(part) is not wanted for part, wanted in zip(parts[1:], types, strict=True)):
        raise UnknownCursor
    if any(isinstance(part, str) and "\x00" in part for part in parts):
        raise UnknownCursor
    # A bigint is as far as any position goes; Python's integers go further than PostgreSQL's.
    if any(isinstance(part, int) and not -(2**63) <= part < 2**63 for part in parts):
        raise UnknownCursor
    return parts[1:]


def micros(at: datetime) -> int:
    """A moment as a position: microseconds since 1970, exactly."""
    return int(at.replace(microsecond=0).timestamp()) * 1_000_000 + at.microsecond


def moment_of(position: int) -> datetime:
    """The inverse of `micros`. A number that no clock ever showed raises `UnknownCursor`."""
    try:
        whole = datetime.fromtimestamp(position // 1_000_000, UTC)
    except (OverflowError, ValueError, OSError) as error:
        raise UnknownCursor from error
    return whole.replace(microsecond=position % 1_000_000)


def bounded(limit: int) -> int:
    """A page size between 1 and 200."""
    return max(1, min(limit, LIMIT_MAX))
