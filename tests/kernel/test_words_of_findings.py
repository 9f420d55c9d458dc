"""What a schema found wrong is said in the reader's language, and moments are such as can be kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Literal

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from egard.base import invalid
from egard.base.moments import FIRST_YEAR, LAST_YEAR, Moment

moment = TypeAdapter(Moment)


class Shape(BaseModel):
    name: str = Field(min_length=2, max_length=3, pattern="^[a-z]+$")
    count: int = Field(ge=1, le=9)
    kind: Literal["a", "b"]
    at: Moment
    parts: list[int] = Field(max_length=1)


def found(**more) -> dict[str, str]:
    good = {"name": "abc", "count": 1, "kind": "a", "at": "2026-03-01T10:00:00Z", "parts": []}
    with pytest.raises(ValidationError) as caught:
        Shape.model_validate(good | more)
    return invalid.by_field(caught.value.errors())


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("name", "a", "must have at least 2 characters"),
        ("name", "abcd", "must have at most 3 characters"),
        ("name", "AB", "must have the form ^[a-z]+$"),
        ("name", None, "must be a text"),
        ("count", 0, "must be at least 1"),
        ("count", 10, "must be at most 9"),
        ("count", "x", "must be a whole number"),
        ("kind", "c", "must be 'a' or 'b'"),
        ("at", "2026-02-30T10:00:00Z", "is no date of the calendar, or not written as 2026-03-29T07:00:00Z"),
        ("at", "2026-02-28T10:00:00", "needs an offset: 2026-03-29T07:00:00Z"),
        ("at", 1767225600, "must be a date and time with an offset: 2026-03-29T07:00:00Z"),
        ("at", "1767225600", "must be a date and time with an offset: 2026-03-29T07:00:00Z"),
        ("at", "1899-01-01T00:00:00Z", "must lie between the years 1901 and 2198"),
        ("parts", [1, 2], "must have at most 1 items"),
    ],
)
def test_a_finding_is_said_in_words_and_in_french_too(field, value, words):
    with translation.override("en"):
        assert found(**{field: value}) == {field: words}
    with translation.override("fr"):
        assert found(**{field: value})[field] != words


def test_a_finding_inside_is_named_by_its_path_and_only_so_many_are_named():
    assert list(found(parts=["x"])) == ["parts.0"]
    many = [{"loc": (n,), "type": "missing", "msg": ""} for n in range(1000)]
    assert len(invalid.by_field(many)) == invalid.FIELDS_MAX
    assert invalid.by_field([{"loc": (), "type": "strange", "msg": "Strange"}], whole="data") == {"data": "Strange"}


@given(
    st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29)),  # noqa: DTZ001
    st.integers(-14 * 60, 14 * 60),
)
def test_a_moment_is_kept_in_utc_or_refused_and_never_overflows(naive, offset):
    at = naive.replace(tzinfo=timezone(timedelta(minutes=offset)))
    utc = at.astimezone(UTC)
    try:
        assert moment.validate_python(at.isoformat()) == utc
        assert FIRST_YEAR <= utc.year <= LAST_YEAR
    except ValidationError:
        assert not FIRST_YEAR + 1 < utc.year < LAST_YEAR - 1


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_the_ends_of_the_calendar_are_refused(at):
    with pytest.raises(ValidationError):
        moment.validate_python(at)
