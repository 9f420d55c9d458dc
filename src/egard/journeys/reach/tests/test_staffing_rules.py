"""How many advisers keep the three minutes: the formula, known values, and a simulation that agrees."""

from __future__ import annotations

from math import factorial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from egard.journeys.reach.rules import staffing
from egard.journeys.reach.rules.staffing import answered_soon, needed, occupancy, rate_bounds, simulate, waits

TALKS = st.sampled_from([60.0, 180.0, 300.0, 900.0])


@given(st.integers(1, 60), st.floats(0.05, 0.99))
def test_the_share_that_waits_is_that_of_the_formula_as_it_is_written(advisers, filled):
    load = advisers * filled
    top = load**advisers / factorial(advisers) * advisers / (advisers - load)
    assert waits(advisers, load) == pytest.approx(top / (sum(load**k / factorial(k) for k in range(advisers)) + top))


@given(st.floats(0.1, 400), TALKS)
@settings(max_examples=60)
def test_the_advisers_told_are_enough_and_one_fewer_are_not(calls, talk):
    advisers = needed(calls, talk)
    assert answered_soon(advisers, calls, talk) >= staffing.SHARE
    if advisers > 1:
        assert answered_soon(advisers - 1, calls, talk) < staffing.SHARE
    assert needed(calls * 1.5, talk) >= advisers
    assert occupancy(advisers, calls, talk) < 1
    assert answered_soon(advisers + 1, calls, talk) >= answered_soon(advisers, calls, talk)


@pytest.mark.parametrize(("calls", "talk"), [(20, 300.0), (60, 240.0), (110, 300.0), (12, 600.0)])
def test_a_seeded_simulation_agrees_with_the_formula(calls, talk):
    for advisers in (needed(calls, talk), needed(calls, talk) + 1):
        told = simulate(advisers, calls, talk, calls=30_000, seed=6)
        assert told.soon == pytest.approx(answered_soon(advisers, calls, talk), abs=0.02)
        assert told.occupancy == pytest.approx(occupancy(advisers, calls, talk), abs=0.02)
        assert told.gave_up == 0
        assert told == simulate(advisers, calls, talk, calls=30_000, seed=6)


def test_where_callers_hang_up_those_who_stay_wait_less_and_too_few_advisers_lose_them():
    advisers = needed(60, 300.0) - 1
    patient, hasty = (simulate(advisers, 60, 300.0, patience_seconds=told, seed=6) for told in (1e9, 120.0))
    assert hasty.gave_up > 0.02
    assert hasty.occupancy < patient.occupancy
    assert patient.gave_up == 0
    assert staffing.patience(6000.0, 20) == 300.0
    assert staffing.patience(6000.0, 19) is None


def test_the_bounds_of_a_count_are_garwoods_and_more_weeks_narrow_them():
    assert rate_bounds(10, 1) == pytest.approx((4.795, 18.390), abs=1e-3)
    assert rate_bounds(0, 1) == pytest.approx((0.0, 3.689), abs=1e-3)
    one, eight = rate_bounds(20, 1), rate_bounds(160, 8)
    assert eight[1] - eight[0] < one[1] - one[0]
    assert eight[0] < 20 < eight[1]


def test_nothing_is_advised_of_few_calls_and_few_talks():
    assert staffing.advise(9, 9, 8, talk_seconds=300.0).advisers is None
    assert staffing.advise(9, 100, 8, talk_seconds=None).advisers is None
    told = staffing.advise(9, 100, 8, talk_seconds=300.0, patience_seconds=240.0)
    assert told.advisers is not None
    assert told.most >= told.advisers
    assert told.low < told.calls < told.high
    assert told.with_leaving is not None
    assert 0 < told.busy < 1
    assert staffing.needed(0, 300.0) == 0
