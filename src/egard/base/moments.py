"""Moments that others send us: with an offset, and such as a calendar of people may hold."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, AwareDatetime, BeforeValidator
from pydantic_core import PydanticCustomError

FIRST_YEAR, LAST_YEAR = 1900, 2199
"""Years of UTC between which a record lies. At the ends of the calendar an offset leaves what Python can hold."""


def _written(value: Any) -> Any:
    """A text of RFC 3339 (or a moment already); a bare number could be seconds or milliseconds, so it is refused."""
    if not isinstance(value, (str, datetime)) or (isinstance(value, str) and value[4:5] != "-"):
        raise PydanticCustomError("moment_form", "write a date and time with an offset: 2026-03-29T07:00:00Z")
    return value


def _plausible(value: datetime) -> datetime:
    if not FIRST_YEAR < value.year < LAST_YEAR:
        bounds = {"first": FIRST_YEAR + 1, "last": LAST_YEAR - 1}
        raise PydanticCustomError("moment_year", "the year must lie between {first} and {last}", bounds)
    return value.astimezone(UTC)


Moment = Annotated[AwareDatetime, BeforeValidator(_written), AfterValidator(_plausible)]
"""A moment of RFC 3339 with its offset, made UTC; its year between 1901 and 2198."""


def midnight(moment: datetime, zone: str) -> datetime:
    """When the day of a moment began on the wall of a zone, in UTC: a day has 23, 24 or 25 hours."""
    local = moment.astimezone(ZoneInfo(zone))
    return datetime.combine(local.date(), time(), tzinfo=local.tzinfo).astimezone(UTC)
