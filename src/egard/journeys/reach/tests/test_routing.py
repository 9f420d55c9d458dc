"""What somebody who asks for her adviser is offered: the order, the moments, and that something is always promised."""

from __future__ import annotations

import itertools
import random
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egard.base.calendars import Calendar, is_open
from egard.journeys.reach.rules.routing import (
    ORDER,
    Asked,
    Offers,
    Ring,
    Staff,
    ToCallBack,
    ToDeputy,
    ToMessage,
    ToWait,
    decide,
)
from egard.journeys.reach.rules.times import CALLS_MIN, SLOT, Hours, Wait, expected_wait, fits, free_times

OFFICE = Calendar.parse({"zone": "Europe/Paris", "week": {"mon-fri": ["09:00-12:30", "14:00-18:00"]}, "holidays": "FR"})
NIGHTS = Calendar.parse({"zone": "Europe/Paris", "week": {"sat-sun": ["22:00-04:00"]}})
HOUSE = Hours(Calendar.parse({"zone": "Europe/Paris", "week": {"mon-sat": ["09:00-18:00"]}}))
CLAIRE, HUGO = UUID(int=1), UUID(int=2)
TUESDAY = datetime(2026, 3, 10, 9, 12, tzinfo=UTC)
LENGTHS = tuple(60.0 * minutes for minutes in (2, 3, 3, 4, 4, 5, 5, 6, 8, 10, 12, 15))


def claire(**more) -> Staff:
    return Staff(CLAIRE, more.pop("hours", Hours(OFFICE)), **more)


def hugo(**more) -> Staff:
    return Staff(HUGO, more.pop("hours", Hours(OFFICE)), **more)


def sorts(decision) -> list[type]:
    assert isinstance(decision, Offers)
    return [type(one) for one in decision.offers]


def test_who_is_free_at_her_desk_is_rung():
    assert decide(claire(), hugo(), HOUSE, Asked(), now=TUESDAY) == Ring(CLAIRE)


@pytest.mark.parametrize("busy", [{"talks": 30.0}, {"presence": "busy"}, {"waiting": 1}])
def test_while_she_is_busy_all_is_offered_in_order(busy):
    assert sorts(decide(claire(**busy), hugo(), HOUSE, Asked(), now=TUESDAY)) == list(ORDER)


def test_nobody_waits_for_who_is_away_who_has_no_line_or_who_did_not_answer():
    for missing in ({"presence": "away"}, {"has_line": False}):
        assert ToWait not in sorts(decide(claire(**missing), hugo(), HOUSE, Asked(), now=TUESDAY))
    missed = Asked(missed=frozenset({CLAIRE, HUGO}))
    assert sorts(decide(claire(), hugo(), HOUSE, missed, now=TUESDAY)) == [ToCallBack, ToMessage]


def test_at_lunch_nobody_is_rung_and_she_calls_back_in_the_afternoon():
    lunch = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)  # 13:00 in Paris
    told = decide(claire(), hugo(), HOUSE, Asked(), now=lunch)
    assert sorts(told) == [ToCallBack, ToMessage]
    assert told.find(ToCallBack).times[0] == datetime(2026, 3, 10, 13, 0, tzinfo=UTC)
    assert told.find(ToMessage).due_at == datetime(2026, 3, 11, 17, 0, tzinfo=UTC)


def test_who_waits_first_is_rung_first():
    free = claire(waiting=2)
    assert decide(free, None, HOUSE, Asked(place=0), now=TUESDAY) == Ring(CLAIRE)
    assert sorts(decide(free, None, HOUSE, Asked(place=1), now=TUESDAY))[0] is ToWait


def test_nobody_waits_longer_than_she_stays():
    five_to_six = datetime(2026, 3, 10, 16, 55, tzinfo=UTC)
    waits = claire(talks=10.0, waiting=3, lengths=LENGTHS)
    assert ToWait not in sorts(decide(waits, None, HOUSE, Asked(), now=five_to_six))


def test_a_month_of_absence_is_covered_by_the_deputy_and_the_message_is_answered_by_her():
    month = Hours(OFFICE, ((TUESDAY - timedelta(days=1), TUESDAY + timedelta(days=30)),))
    told = decide(claire(hours=month), hugo(), HOUSE, Asked(), now=TUESDAY)
    assert sorts(told) == [ToDeputy, ToCallBack, ToMessage]
    assert told.find(ToCallBack).times[0] > TUESDAY + timedelta(days=29)
    assert told.find(ToMessage).due_at == datetime(2026, 3, 11, 17, 0, tzinfo=UTC)


def test_who_has_no_adviser_has_a_promise_of_the_house():
    assert sorts(decide(None, None, HOUSE, Asked(), now=TUESDAY)) == [ToCallBack, ToMessage]


def test_nothing_is_said_of_a_wait_that_too_few_calls_tell():
    assert expected_wait(LENGTHS[: CALLS_MIN - 1], elapsed=10, before=1) == Wait()
    assert expected_wait(LENGTHS, elapsed=14 * 60, before=0) == Wait()  # hardly any call lasted so long
    said = expected_wait(LENGTHS, elapsed=60, before=1)
    assert said.low is not None
    assert said.low < said.high


def test_the_wait_that_is_said_comes_true_about_eight_times_in_ten():
    drawn = random.Random(20)
    length = lambda: drawn.lognormvariate(5.4, 0.5)  # noqa: E731  (some four minutes)
    held = 0
    for _each in range(2000):
        lengths = tuple(length() for _ in range(60))
        current, elapsed = length(), drawn.uniform(0, 240)
        while current <= elapsed:
            current = length()
        said = expected_wait(lengths, elapsed=elapsed, before=2)
        waited = (current - elapsed + length() + length()) / 60
        held += said.low is not None and said.low <= waited <= said.high
    assert 0.75 < held / 2000 < 0.95


moments = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 20), timezones=st.just(UTC))  # noqa: DTZ001
calendars = st.sampled_from([OFFICE, NIGHTS, HOUSE.calendar])


@st.composite
def periods(draw, now):
    begin = now + timedelta(minutes=draw(st.integers(-3000, 30_000)))
    return begin, begin + timedelta(minutes=draw(st.integers(1, 60_000)))


@st.composite
def staff(draw, one, now):
    away = tuple(draw(st.lists(periods(now), max_size=3)))
    return Staff(
        one,
        Hours(draw(calendars), away),
        presence=draw(st.sampled_from(["available", "busy", "away"])),
        has_line=draw(st.booleans()),
        talks=draw(st.none() | st.floats(0, 1500)),
        waiting=draw(st.integers(0, 4)),
        lengths=tuple(draw(st.lists(st.floats(1, 3000), max_size=20))),
        taken=tuple(draw(st.lists(periods(now), max_size=3))),
    )


@st.composite
def situations(draw):
    now = draw(moments)
    adviser, deputy = draw(st.none() | staff(CLAIRE, now)), draw(st.none() | staff(HUGO, now))
    missed = frozenset(draw(st.sets(st.sampled_from([CLAIRE, HUGO]))))
    return adviser, deputy, Asked(draw(st.none() | st.integers(0, 3)), missed), now


@given(situations())
def test_there_is_always_a_dated_promise_the_order_holds_and_no_offer_lies_outside_working_hours(situation):
    adviser, deputy, asked, now = situation
    decision = decide(adviser, deputy, HOUSE, asked, now=now)
    assert decision == decide(adviser, deputy, HOUSE, asked, now=now)
    if isinstance(decision, Ring):
        assert adviser.free(now)
        assert adviser.hours.there(now)
        assert decision.staff not in asked.missed
        return
    told = sorts(decision)
    assert told == [sort for sort in ORDER if sort in told]
    assert told[-1] is ToMessage
    last = decision.offers[-1].due_at
    assert last > now
    hours = [one.hours for one in (adviser, deputy) if one] + [HOUSE]
    assert any(one.there(last - timedelta(seconds=1)) for one in hours)
    if ToWait in told:
        assert adviser.hours.there(now + timedelta(minutes=decision.find(ToWait).wait.high or 0))
    if ToDeputy in told:
        assert deputy.free(now)
    if ToCallBack in told:
        mine = adviser.hours if adviser else HOUSE
        for at in decision.find(ToCallBack).times:
            assert now < at
            assert fits(mine, adviser.taken if adviser else (), at, now=now)
            assert is_open(at, mine.calendar)
            assert is_open(at + SLOT - timedelta(seconds=1), mine.calendar)


@given(situations())
def test_free_times_never_overlap_and_are_no_two_the_same(situation):
    adviser, _deputy, _asked, now = situation
    hours = adviser.hours if adviser else HOUSE
    found = free_times(hours, (), now=now, most=40)
    assert all(later - earlier >= SLOT for earlier, later in itertools.pairwise(found))
