"""What people type and choose in forms, read in one way by every page: amounts, days, ids."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

from django.utils import timezone

from egard.base.money import exponent, to_minor
from egard.base.refusal import NotFound

_AMOUNT = re.compile(r"(\d{1,13})(?:[.,](\d+))?")


def read_amount(text: str, unit: str) -> int | None:
    """`50`, `12,50`, `1 000.00 €` in the smallest piece of a unit: minor units of a currency, whole ones of any other.
    None for what is none, half a cent included.
    """
    plain = re.sub(r"[\s€]", "", text)
    found, most = _AMOUNT.fullmatch(plain), exponent(unit) if len(unit) == 3 else 0
    if found is None or len(found[2] or "") > most:
        return None
    return to_minor(Decimal(plain.replace(",", ".")), unit) if most else int(found[1])


def read_day(text: str, *, after: bool = False) -> datetime | None:
    """The beginning of a day (`2026-03-29`) in the reader's zone, or of the next one where the day is included; None
    for no day.
    """
    try:
        found = date.fromisoformat(text.strip())
        return timezone.make_aware(datetime.combine(found + timedelta(days=1) if after else found, time.min))
    except (ValueError, OverflowError):
        return None


def read_moment(text: str) -> datetime | None:
    """A moment as `<input type=datetime-local>` gives it (`2026-03-29T14:30`), in the reader's zone; None for none."""
    try:
        found = datetime.fromisoformat(text.strip())
        return timezone.make_aware(found) if timezone.is_naive(found) else None
    except (ValueError, OverflowError):
        return None


def id_or_none(text: str | None) -> UUID | None:
    """An id; None for what is none."""
    try:
        return UUID(text or "")
    except ValueError:
        return None


def id_of(text: str) -> UUID:
    """An id as a form gives it. Raises `NotFound`."""
    found = id_or_none(text)
    if found is None:
        raise NotFound
    return found


def ids_of(texts: Iterable[str]) -> list[UUID]:
    """What of these are ids."""
    return [found for one in texts if (found := id_or_none(one)) is not None]
