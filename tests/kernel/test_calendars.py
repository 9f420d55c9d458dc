"""Working time: what people mean by hours, days and months, on every kind of day."""

from __future__ import annotations

import csv
import io
import os
import tarfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from egard.base.calendars import (
    BadCalendar,
    BadSpan,
    Calendar,
    Span,
    TooFar,
    add_working,
    before,
    due,
    is_open,
    next_opening,
    openings,
    public_holiday,
    spans,
    working_between,
)

ROOT = Path(__file__).resolve().parents[2]
HOLIDAYS = ROOT.parent / "shared" / "data" / "jours-feries-fr" / "jours_feries.tar.gz"
PARIS = ZoneInfo("Europe/Paris")

OFFICE = Calendar.parse({"zone": "Europe/Paris", "week": {"mon-fri": ["09:00-12:30", "14:00-18:00"]}, "holidays": "FR"})
SHOP = Calendar.parse(
    {
        "zone": "Europe/Paris",
        "week": {"mon-sat": ["10:00-19:30"]},
        "holidays": "FR-57",
        "exceptions": {"2026-12-24": ["10:00-16:00"], "2026-12-26": [], "2026-12-25": ["18:00-20:00"]},
    }
)
NIGHT = Calendar.parse({"zone": "America/New_York", "week": {"thu-sat": ["22:00-04:00"], "sun": ["00:00-24:00"]}})
ALWAYS = Calendar.always("Europe/Paris")
CALENDARS = st.sampled_from([OFFICE, SHOP, NIGHT, ALWAYS])

EDGES = [
    datetime(2026, 3, 28, 23, tzinfo=UTC),  # Paris: the night of 23 hours
    datetime(2026, 10, 24, 22, tzinfo=UTC),  # and the one of 25
    datetime(2026, 3, 8, 5, tzinfo=UTC),  # New York
    datetime(2026, 11, 1, 4, tzinfo=UTC),
    datetime(2026, 12, 31, 17, tzinfo=UTC),
    datetime(2024, 2, 29, 10, tzinfo=UTC),
    datetime(2026, 5, 7, 22, tzinfo=UTC),  # the evening before a public holiday
    datetime(2026, 12, 24, 15, tzinfo=UTC),
]
MOMENTS = st.builds(
    lambda edge, minutes, micros: edge + timedelta(minutes=minutes, microseconds=micros),
    st.sampled_from(EDGES),
    st.one_of(st.integers(-1500, 1500), st.integers(-400_000, 400_000), st.sampled_from([-60, 0, 60, 1440])),
    st.sampled_from([0, 0, 0, 1, 999_999]),
)
AMOUNTS = st.one_of(
    st.sampled_from([timedelta(0), timedelta(microseconds=1), timedelta(hours=7, minutes=30), timedelta(hours=24)]),
    st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=90)),
)


def paris(*when: int) -> datetime:
    return datetime(*when, tzinfo=PARIS)


def told(start: datetime, words: str, calendar: Calendar = OFFICE) -> datetime:
    return due(start, Span.parse(words), calendar).astimezone(PARIS)


def test_hours_days_of_work_days_and_months_are_different_things():
    thursday = paris(2026, 4, 2, 16, 0)  # before Easter: Monday the 6th is a holiday
    assert told(thursday, "30 min") == paris(2026, 4, 2, 16, 30)
    assert told(thursday, "2 h") == paris(2026, 4, 2, 18, 0)
    assert told(thursday, "24 h") == paris(2026, 4, 3, 16, 0)
    assert told(thursday, "4 business hours") == paris(2026, 4, 3, 11, 0)
    assert told(thursday, "1 business day") == paris(2026, 4, 3, 18, 0)
    assert told(thursday, "2 business days") == paris(2026, 4, 7, 18, 0)
    assert told(thursday, "10 business days") == paris(2026, 4, 17, 18, 0)
    assert told(thursday, "3 days") == paris(2026, 4, 5, 16, 0)
    assert told(thursday, "1 week") == paris(2026, 4, 9, 16, 0)
    assert told(thursday, "2 months") == paris(2026, 6, 2, 16, 0)
    assert told(paris(2026, 12, 31, 9, 0), "2 months") == paris(2027, 2, 28, 9, 0)
    assert told(paris(2024, 2, 29, 9, 0), "1 year") == paris(2025, 2, 28, 9, 0)


def test_a_day_of_23_or_25_hours_keeps_its_time_on_the_wall_and_24_hours_do_not():
    assert told(paris(2026, 3, 28, 12, 0), "1 day") == paris(2026, 3, 29, 12, 0)
    assert told(paris(2026, 3, 28, 12, 0), "24 h") == paris(2026, 3, 29, 13, 0)
    assert told(paris(2026, 10, 24, 12, 0), "24 h") == paris(2026, 10, 25, 11, 0)
    assert told(paris(2026, 3, 28, 2, 30), "1 day") == paris(2026, 3, 29, 3, 0)  # 2:30 is skipped that night
    assert working_between(paris(2026, 3, 29), paris(2026, 3, 30), ALWAYS) == timedelta(hours=23)
    assert working_between(paris(2026, 10, 25), paris(2026, 10, 26), ALWAYS) == timedelta(hours=25)


def test_what_comes_after_closing_or_on_a_sunday_has_the_whole_next_day_of_work():
    for evening in (paris(2026, 4, 3, 20, 0), paris(2026, 4, 5, 9, 0), paris(2026, 4, 6, 9, 0)):
        assert told(evening, "1 business day") == paris(2026, 4, 7, 18, 0)
    new_york = ZoneInfo("America/New_York")
    late = datetime(2026, 3, 6, 2, 0, tzinfo=new_york)  # Friday at 2, in Thursday's opening
    assert due(late, Span.parse("1 business day"), NIGHT) == datetime(2026, 3, 7, 4, 0, tzinfo=new_york)


def test_a_warning_comes_as_long_before_as_it_says():
    tuesday = paris(2026, 4, 7, 10, 0)  # after Easter Monday
    assert before(tuesday, Span.parse("2 h"), OFFICE) == paris(2026, 4, 7, 8, 0)
    assert before(tuesday, Span.parse("2 business hours"), OFFICE) == paris(2026, 4, 3, 17, 0)
    assert before(tuesday, Span.parse("1 business day"), OFFICE) == paris(2026, 4, 3, 9, 0)
    assert before(tuesday, Span.parse("10 days"), OFFICE) == paris(2026, 3, 28, 10, 0)
    assert before(paris(2026, 3, 31, 10, 0), Span.parse("1 month"), OFFICE) == paris(2026, 2, 28, 10, 0)


def test_an_opening_past_midnight_belongs_to_its_evening_and_is_counted_once():
    new_york = ZoneInfo("America/New_York")
    saturday = datetime(2026, 2, 28, 12, tzinfo=new_york)
    monday = datetime(2026, 3, 2, 12, tzinfo=new_york)
    # Saturday 22:00 to 24:00, and the whole Sunday, of which four hours were Saturday's too.
    assert working_between(saturday, monday, NIGHT) == timedelta(hours=26)
    assert [str(o) for o in NIGHT.hours_of(date(2026, 2, 28))] == ["22:00-04:00"]


def test_an_exception_stands_in_the_place_of_the_usual_hours_and_of_a_holiday():
    assert [(a.astimezone(PARIS).hour, b.astimezone(PARIS).hour) for a, b in openings(date(2026, 12, 24), SHOP)] == [
        (10, 16)
    ]
    assert openings(date(2026, 12, 26), SHOP) == []
    assert is_open(paris(2026, 12, 25, 19, 0), SHOP)
    assert not is_open(paris(2026, 12, 25, 20, 0), SHOP)  # at the closing it no longer is
    assert next_opening(paris(2026, 12, 25, 21, 0), SHOP) == paris(2026, 12, 28, 10, 0)


@given(MOMENTS, AMOUNTS, CALENDARS)
def test_adding_and_counting_are_each_others_inverse(start, amount, calendar):
    end = add_working(start, amount, calendar)
    assert working_between(start, end, calendar) == amount
    back = add_working(end, -amount, calendar)
    assert working_between(back, end, calendar) == amount
    assert back >= start


@given(MOMENTS, MOMENTS, CALENDARS)
def test_what_lies_between_leads_back_to_the_moment_or_to_the_closing_before_it(a, b, calendar):
    assume(a <= b)
    amount = working_between(a, b, calendar)
    end = add_working(a, amount, calendar)
    assert end <= b
    assert working_between(end, b, calendar) == timedelta(0)
    assert sum((y - x for x, y in spans(a, b, calendar)), timedelta(0)) == amount


@given(MOMENTS, AMOUNTS, AMOUNTS, CALENDARS)
def test_adding_in_two_steps_is_adding_at_once_and_more_is_never_earlier(start, one, other, calendar):
    both = add_working(start, one + other, calendar)
    assert add_working(add_working(start, one, calendar), other, calendar) == both
    assert add_working(start, one, calendar) <= both
    assert add_working(start + other, one, calendar) >= add_working(start, one, calendar)


@given(MOMENTS, MOMENTS, MOMENTS, CALENDARS)
def test_counting_is_additive(a, b, c, calendar):
    a, b, c = sorted((a, b, c))
    assert working_between(a, b, calendar) + working_between(b, c, calendar) == working_between(a, c, calendar)


@given(MOMENTS, st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=3)), CALENDARS)
def test_counting_agrees_with_looking_at_the_wall_each_minute(start, length, calendar):
    start = start.replace(second=0, microsecond=0)
    minutes = int(length.total_seconds()) // 60
    zone, counted = ZoneInfo(calendar.zone), 0
    for n in range(minutes):
        wall = (start + timedelta(minutes=n)).astimezone(zone)
        at = wall.hour * 60 + wall.minute
        eve = wall.date() - timedelta(days=1)
        counted += any(h.opens <= at < h.closes for h in calendar.hours_of(wall.date())) or any(
            at + 1440 < h.closes for h in calendar.hours_of(eve)
        )
    assert working_between(start, start + timedelta(minutes=minutes), calendar) == timedelta(minutes=counted)


SPANS = st.sampled_from(["3 min", "2 h", "24 h", "5 business hours", "1 business day", "4 business days", "1 day"])


@given(MOMENTS, MOMENTS, st.one_of(SPANS, st.sampled_from(["2 weeks", "1 month", "1 year"])), CALENDARS)
def test_what_is_asked_later_is_never_due_earlier_and_nothing_is_due_before_it_was_asked(a, b, words, calendar):
    a, b = sorted((a, b))
    assert a < told(a, words, calendar) <= told(b, words, calendar)


@given(MOMENTS, st.integers(1, 20), st.integers(1, 20), CALENDARS)
def test_days_of_work_add_up(start, one, other, calendar):
    def after(moment, n):
        return due(moment, Span(n, "day", working=True), calendar)

    assert after(after(start, one), other) == after(start, one + other)


@given(MOMENTS, AMOUNTS, SPANS, st.sampled_from(["Asia/Tokyo", "America/Los_Angeles", "UTC"]))
def test_the_servers_zone_and_the_zone_of_what_it_is_given_change_nothing(start, amount, words, zone):
    here = add_working(start, amount, OFFICE), told(start, words)
    before = os.environ.get("TZ")
    try:
        os.environ["TZ"] = zone
        time.tzset()
        there = start.astimezone(ZoneInfo(zone))
        assert (add_working(there, amount, OFFICE), told(there, words)) == here
    finally:
        os.environ.pop("TZ") if before is None else os.environ.update(TZ=before)
        time.tzset()


@given(st.sampled_from(["minute", "hour", "day"]), st.integers(1, 99), st.booleans())
def test_an_amount_of_time_reads_what_it_writes(unit, amount, working):
    span = Span(amount, unit, working)
    assert Span.parse(str(span)) == span


@pytest.mark.parametrize(
    "words", ["", "h", "0 h", "2", "2 fortnights", "1.5 h", "-2 h", "2 business months", "9999999 h"]
)
def test_what_is_no_amount_of_time_is_refused(words):
    with pytest.raises(BadSpan, match="no amount of time"):
        Span.parse(words)


WEEK = {"mon": ["09:00-17:00"]}


@pytest.mark.parametrize(
    "data",
    [
        {"zone": "Europe/Paris", "week": {}},
        {"zone": "Europe/Paris", "week": {"mon": []}, "exceptions": {"2026-05-01": []}},
        {"zone": "Europe/Pariss", "week": WEEK},
        {"zone": "../etc/passwd", "week": WEEK},
        {"zone": "Europe/Paris", "week": {"lundi": ["09:00-17:00"]}},
        {"zone": "Europe/Paris", "week": {"mon": ["9-17"]}},
        {"zone": "Europe/Paris", "week": {"mon": ["24:30-25:00"]}},
        {"zone": "Europe/Paris", "week": {"mon": "09:00-17:00"}},
        {"zone": "Europe/Paris", "week": WEEK, "holidays": "FR-99"},
        {"zone": "Europe/Paris", "week": WEEK, "exceptions": {"2026-02-30": []}},
        {"zone": "Europe/Paris", "week": WEEK, "colour": "blue"},
        {"zone": "Europe/Paris"},
        [],
    ],
    ids=str,
)
def test_a_calendar_that_is_never_open_or_says_nonsense_is_refused(data):
    with pytest.raises(BadCalendar) as refused:
        Calendar.parse(data)
    assert refused.value.why


def test_a_calendar_reads_what_it_writes():
    for calendar in (OFFICE, SHOP, NIGHT, ALWAYS):
        assert Calendar.parse(calendar.as_data()) == calendar


def test_a_calendar_of_one_fair_says_that_it_opens_no_more():
    fair = Calendar("Europe/Paris", ((),) * 7, Calendar.parse(SHOP.as_data()).exceptions)
    assert next_opening(paris(2026, 1, 1), fair) == paris(2026, 12, 24, 10, 0)
    with pytest.raises(TooFar):
        add_working(paris(2026, 12, 1), timedelta(hours=9), fair)
    with pytest.raises(TooFar):
        due(paris(2199, 12, 1), Span(1, "month"), OFFICE)


def test_moments_without_an_offset_are_refused():
    with pytest.raises(ValueError, match="offset"):
        working_between(datetime(2026, 1, 1), paris(2026, 1, 2), OFFICE)  # noqa: DTZ001


def test_thirty_years_of_work_are_counted_in_a_moment():
    calendar = Calendar.parse(OFFICE.as_data())
    began = time.process_time()
    end = add_working(paris(2026, 1, 1), timedelta(hours=50_000), calendar)
    assert working_between(paris(2026, 1, 1), end, calendar) == timedelta(hours=50_000)
    assert time.process_time() - began < 5
    assert len(calendar.weeks) < 53 * 30  # a step a week, each reckoned once


# --- the public holidays of France, against the state's own list ---------------------------------------------------

ZONES = {
    "Métropole": "FR",
    "Alsace-Moselle": "FR-57",
    "Guadeloupe": "FR-971",
    "Martinique": "FR-972",
    "Guyane": "FR-973",
    "La Réunion": "FR-974",
    "Mayotte": "FR-976",
    "Saint-Barthélémy": "FR-BL",
    "Saint-Martin": "FR-MF",
    "Nouvelle-Calédonie": "FR-NC",
    "Polynésie Française": "FR-PF",
    "Saint-Pierre-et-Miquelon": "FR-PM",
    "Wallis-et-Futuna": "FR-WF",
}
BY_CUSTOM = {
    "Guadeloupe",
    "Martinique",
    "Saint-Martin",
    "Nouvelle-Calédonie",
    "Polynésie Française",
    "Wallis-et-Futuna",
}
"""Places with more holidays than the state's list has: by local law or custom (Good Friday, Victor Schœlcher)."""


@pytest.mark.parametrize("place", ZONES)
def test_public_holidays_are_those_of_the_states_own_list(place):
    if not HOLIDAYS.is_file():
        pytest.skip("the list of public holidays is not on this machine")
    with tarfile.open(HOLIDAYS) as archive:
        rows = io.TextIOWrapper(archive.extractfile("data/csv/jours_feries.csv"), encoding="utf-8")
        listed = {date.fromisoformat(row["date"]) for row in csv.DictReader(rows) if place in row["zones"].split("|")}
    days = [date(2018, 1, 1) + timedelta(days=n) for n in range((date(2032, 1, 1) - date(2018, 1, 1)).days)]
    ours = {day for day in days if public_holiday(ZONES[place], day)}
    theirs = {day for day in listed if day.year >= 2018}
    assert len(theirs) >= 14 * 11
    assert theirs <= ours
    assert place in BY_CUSTOM or ours == theirs
    assert len(ours - theirs) <= 14 * 3
