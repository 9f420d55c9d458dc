"""Dates and numbers as files write them: recognised, exact, and never guessed between day and month."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egard.base.tables.dates import detect_form, moment_reader
from egard.base.tables.numbers import detect_decimal, number_reader
from egard.base.tables.refusals import AmbiguousDates, AmbiguousNumbers, UnknownDates
from egard.base.tables.values import BadCell

PARIS = ZoneInfo("Europe/Paris")


@pytest.mark.parametrize(
    ("cells", "form"),
    [
        (["2010-12-01 08:26:00", "2010-12-02"], "iso"),
        (["2010-12-01T08:26:00Z", "", None], "iso"),
        (["13/02/2026", "01/02/2026 08:30"], "d/m/Y"),
        (["02/13/2026", "01/02/2026 8:30 PM"], "m/d/Y"),
        (["2026/02/13", "2026/01/02"], "Y/m/d"),
        (["13.02.26", "01.02.26"], "d/m/Y"),
        ([], "iso"),
    ],
)
def test_the_form_of_dates_is_recognised(cells, form):
    assert detect_form(cells, "date") == form


def test_day_and_month_are_never_guessed():
    with pytest.raises(AmbiguousDates) as refused:
        detect_form(["01/02/2026", "03/04/2026"], "date")
    assert "01/02/2026" in refused.value.detail
    with pytest.raises(AmbiguousDates):
        detect_form(["13/02/2026", "02/13/2026"], "date")
    with pytest.raises(UnknownDates):
        detect_form(["1 déc. 2026", "2 janv. 2026"], "date")


@pytest.mark.parametrize(
    ("form", "cell", "moment"),
    [
        ("iso", "2026-07-01 10:00", "2026-07-01T08:00:00+00:00"),
        ("iso", "2026-01-01", "2025-12-31T23:00:00+00:00"),
        ("iso", "2026-07-01T10:00:00+05:30", "2026-07-01T04:30:00+00:00"),
        ("iso", "2026-07-01 10:00:00 UTC", "2026-07-01T10:00:00+00:00"),
        ("d/m/Y", "1/7/2026 10:00", "2026-07-01T08:00:00+00:00"),
        ("m/d/Y", "07/01/2026 10:00:05 PM", "2026-07-01T20:00:05+00:00"),
        ("d/m/Y", "01.07.26", "2026-06-30T22:00:00+00:00"),
        ("epoch", "1750000000", "2025-06-15T15:06:40+00:00"),
        ("%d-%b-%Y", "01-Jul-2026", "2026-06-30T22:00:00+00:00"),
        ("iso", "2026-10-25 02:30", "2026-10-25T00:30:00+00:00"),  # twice: the first
        ("iso", "0001-01-01", None),
    ],
)
def test_a_cell_becomes_a_moment_in_utc(form, cell, moment):
    read_one = moment_reader(form, PARIS)
    if moment is None:
        with pytest.raises(BadCell):
            read_one(cell)
    else:
        assert read_one(cell) == datetime.fromisoformat(moment)


@pytest.mark.parametrize(
    ("form", "cell", "reason"),
    [
        ("iso", "2026-02-30", "no_such_date"),
        ("d/m/Y", "30/02/2026", "no_such_date"),
        ("d/m/Y", "29/02/2025 10:00", "no_such_date"),
        ("%d-%m-%Y", "30-02-2026", "no_such_date"),
        ("iso", "2026-03-29 02:30", "no_such_time"),
        ("iso", "yesterday", "bad_date"),
        ("iso", "20260101", "bad_date"),
        ("iso", "2026-W01-1", "bad_date"),
        ("d/m/Y", "2026-01-01", "bad_date"),
        ("epoch", "1e300", "bad_date"),
    ],
)
def test_a_date_that_is_none_says_why(form, cell, reason):
    with pytest.raises(BadCell) as bad:
        moment_reader(form, PARIS)(cell)
    assert bad.value.reason == reason
    assert cell[:10] in bad.value.why


@given(
    st.datetimes(datetime(1950, 1, 1), datetime(2060, 1, 1)),  # noqa: DTZ001 - local wall times
    st.sampled_from(["Europe/Paris", "Australia/Lord_Howe", "America/New_York", "UTC"]),
)
def test_local_times_are_what_the_zone_says(moment, zone):
    """Against the plain rule; the reader remembers offsets by the hour."""
    place = ZoneInfo(zone)
    utc = moment.replace(tzinfo=place).astimezone(UTC)
    exists = utc.astimezone(place).replace(tzinfo=None) == moment
    if exists:
        assert moment_reader("iso", place)(moment.isoformat(" ")) == utc
    else:
        with pytest.raises(BadCell, match="no_such_time"):
            moment_reader("iso", place)(moment.isoformat(" "))


@pytest.mark.parametrize("zone", ["Europe/Paris", "Australia/Lord_Howe", "America/Sao_Paulo", "Asia/Kathmandu"])
def test_no_minute_around_a_change_of_clocks_is_misread(zone):
    place = ZoneInfo(zone)
    read_one = moment_reader("iso", place)
    for day in ("2018-02-18", "2018-11-04", "2026-03-29", "2026-10-25", "2026-04-05", "2026-10-04"):
        for minute in range(0, 1440, 5):
            local = datetime.fromisoformat(f"{day} {minute // 60:02d}:{minute % 60:02d}")
            utc = local.replace(tzinfo=place).astimezone(UTC)
            try:
                assert read_one(local.isoformat(" ")) == utc
            except BadCell:
                assert utc.astimezone(place).replace(tzinfo=None) != local


@pytest.mark.parametrize(
    ("cells", "decimal"),
    [
        (["2.55", "0.001", "12"], "."),
        (["2,55", "12"], ","),
        (["1 234,50", "3,5"], ","),
        (["1.234,50 €", "12,00 €"], ","),
        (["1,234.50", "1,000"], "."),
        (["12", "-5", ""], "."),
        (["1'234.50"], "."),
    ],
)
def test_the_decimal_mark_is_recognised(cells, decimal):
    assert detect_decimal(cells, "price") == decimal
    for cell in cells:
        number_reader(decimal)(cell)


def test_a_comma_that_may_be_both_is_not_guessed():
    with pytest.raises(AmbiguousNumbers) as refused:
        detect_decimal(["1,234", "5,678"], "price")
    assert "1,234" in refused.value.detail


@pytest.mark.parametrize(
    ("decimal", "cell", "value"),
    [
        (".", "1,234.50", "1234.50"),
        (",", "1 234,50 €", "1234.50"),
        (",", "-0,5", "-0.5"),
        (".", "$12.00", "12.00"),
        (".", 2.55, "2.55"),
        (".", 7, "7"),
    ],
)
def test_numbers_are_exact(decimal, cell, value):
    assert number_reader(decimal)(cell) == Decimal(value)


@pytest.mark.parametrize("cell", ["=1+1", "12,34.5", "1e999", "NaN", "abc", "1.2.3", "0x10", float("inf"), "9" * 40])
def test_what_is_no_number_is_refused(cell):
    with pytest.raises(BadCell) as bad:
        number_reader(".")(cell)
    assert bad.value.reason == "bad_number"
