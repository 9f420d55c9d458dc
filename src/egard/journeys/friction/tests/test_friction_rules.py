"""Points and the index: monotone, in whatever order, fading; lots; differences."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egard.journeys.friction.rules import KINDS
from egard.journeys.friction.rules.arms import is_new
from egard.journeys.friction.rules.comparing import N_MIN, of_means, of_shares, side
from egard.journeys.friction.rules.sources import found
from egard.journeys.friction.rules.weights import HALF_LIFE_DAYS, WEIGHTS, WINDOW_DAYS, Lived, index, weighed

NOW = datetime(2026, 3, 10, 8, 12, tzinfo=UTC)
EDGES = [0.0, 1.0, HALF_LIFE_DAYS, WINDOW_DAYS - 1e-3, WINDOW_DAYS, WINDOW_DAYS + 1]
AGES = st.one_of(st.sampled_from(EDGES), st.floats(0, 1000))
MEASURES = st.one_of(st.sampled_from([0.0, 1.0, 3.0, 3.001, 23.0, 1e6]), st.floats(0, 60))
LIVED = st.builds(
    lambda kind, measure, age: Lived(kind, measure, NOW - timedelta(days=age)), st.sampled_from(KINDS), MEASURES, AGES
)


@given(st.lists(LIVED, max_size=8), LIVED, st.randoms())
def test_one_friction_more_never_lowers_an_index_and_the_order_does_not_matter(some, more, random):
    before = index(some, at=NOW)
    assert before >= 0
    assert index([*some, more], at=NOW) >= before
    assert index(random.sample(some, len(some)), at=NOW) == before
    assert index([], at=NOW) == 0


@given(LIVED, MEASURES, st.floats(0, 400))
def test_more_of_it_never_counts_less_and_time_never_makes_it_heavier(one, other, days):
    low, high = sorted((one.measure, other))
    points = [weighed(replace(one, measure=measure), at=NOW) for measure in (low, high)]
    assert points[0] <= points[1] <= WEIGHTS[one.kind].most
    assert weighed(one, at=NOW + timedelta(days=days)) <= weighed(one, at=NOW)


def test_a_friction_counts_half_after_its_half_life_and_nothing_before_it_happens():
    broken = Lived("promise_broken", 1, NOW)
    assert weighed(broken, at=NOW) == WEIGHTS["promise_broken"].each
    assert weighed(broken, at=NOW + timedelta(days=HALF_LIFE_DAYS)) == WEIGHTS["promise_broken"].each / 2
    assert weighed(broken, at=NOW - timedelta(seconds=1)) == 0
    assert [weighed(Lived("wait", minutes, NOW), at=NOW) for minutes in (0, 3, 5, 60)] == [0, 0, 1, 10]
    with pytest.raises(ValueError, match="number"):
        WEIGHTS["wait"].points(float("nan"))


def test_facts_of_others_tell_frictions_and_contacts_that_went_well_tell_a_measure_of_nothing():
    call = "018f0000-0000-7000-8000-000000000001"
    gave_up = found("reach.abandoned/1", {"call": call, "waited_seconds": 600})
    assert [(one.kind, one.measure, one.once) for one in gave_up] == [("wait", 10.0, call), ("unanswered", 1.0, "")]
    assert [one.measure for one in found("reach.called/1", {"call": call, "asked_again": True})] == [1.0]
    assert [one.measure for one in found("reach.called/1", {"call": call})] == [0.0]
    broken = found("promises.broken/1", {"kind": "messages.answer"})
    assert [(one.kind, one.process, one.measure) for one in broken] == [("unanswered", "messages", 1.0)]
    assert found("promises.kept/1", {"kind": "complaints.answer"})[0].measure == 0.0
    assert found("purchases.made/1", {}) == []
    assert found("friction.met/1", {"kind": "joy", "process": "pool"}) == []


def test_lots_are_the_same_each_time_near_their_share_and_more_share_takes_nobody_back():
    random = Random(6)
    persons = [f"{random.getrandbits(128):x}" for _n in range(4000)]
    tenth = {one for one in persons if is_new("change", one, 10)}
    assert tenth == {one for one in persons if is_new("change", one, 10)}
    assert 320 < len(tenth) < 480
    assert tenth < {one for one in persons if is_new("change", one, 50)}
    assert tenth != {one for one in persons if is_new("another", one, 10)}
    assert all(is_new("change", one, 100) for one in persons)


@given(st.integers(0, 2**31), st.floats(-5, 5))
def test_a_difference_lies_between_its_bounds_and_is_not_told_of_few(seed, by):
    random = Random(seed)
    old = side((random.expovariate(0.2) for _n in range(200)), left=20)
    new = side((max(random.expovariate(0.2) + by, 0) for _n in range(200)), left=30)
    for difference in (of_means(old, new), of_shares(old, new)):
        assert difference
        assert difference.low <= difference.value <= difference.high
    few = side([1.0] * (N_MIN - 1))
    assert of_means(few, new) is None
    assert of_shares(old, few) is None


def test_a_difference_of_shares_is_that_of_newcombe():
    """His example (56 of 70, 48 of 80): 0.0524 to 0.3339."""
    told = of_shares(side([0.0] * 80, left=48), side([0.0] * 70, left=56))
    assert told
    assert (round(told.value, 4), round(told.low, 4), round(told.high, 4)) == (0.2, 0.0524, 0.3339)


def test_the_product_starts_without_what_figures_alone_need():
    told = (
        "import sys, django; django.setup(); import egard.site.urls;"
        " print([name for name in ('sklearn', 'scipy', 'joblib') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[-2] == "[]"
