"""Friction and leaving: a known slope is found again, no slope is not made up, too few leavings are refused."""

from __future__ import annotations

from math import exp, log
from random import Random

import pytest

from egard.journeys.friction.rules import relation
from egard.journeys.friction.rules.relation import Relation, Rows, TooFew, relate, slopes

INTERCEPT = -3.0


@pytest.fixture(autouse=True)
def _fewer_draws(monkeypatch):
    monkeypatch.setattr(relation, "DRAWS", 40)


def _town(slope: float, *, seed: int, persons: int = 700, other: float | None = None) -> Rows:
    """Persons at three moments each, who leave by a known law; none comes back."""
    random = Random(seed)
    rows = Rows([], [], [], [])
    for person in range(persons):
        for _moment in range(3):
            points = [random.expovariate(1 / 12)]
            if other is not None:
                points.append(random.expovariate(1 / 12))
            told = INTERCEPT + slope * points[0] + (other or 0) * points[-1] * (other is not None)
            left = random.random() < 1 / (1 + exp(-told))
            for column, value in zip((rows.person, rows.index, rows.left, rows.weight),
                                     (person, points, left, 1.0), strict=True):  # fmt: skip
                column.append(value)
            if left:
                break
    return rows


def test_a_known_slope_lies_between_its_bounds_and_so_does_the_level():
    found = [relate(_town(0.06, seed=seed)) for seed in range(4)]
    covered = [one.slope.low <= exp(0.6) <= one.slope.high for one in found]
    assert sum(covered) >= 3
    base = 1 / (1 + exp(-INTERCEPT))
    level = (log(2 * base / (1 - 2 * base)) - INTERCEPT) / 0.06
    assert sum(one.level.low <= level <= one.level.high for one in found) >= 3
    one = found[0]
    assert one.slope.is_told
    assert one.brier < one.brier_flat
    assert one.off < 0.03
    assert [point.share for point in one.curve] == sorted(point.share for point in one.curve)
    assert all(point.low <= point.share <= point.high for point in one.curve)
    assert sum(held.n for held in one.bins) == one.rows


def test_without_a_relation_the_bounds_hold_one_and_there_is_no_level():
    found = [relate(_town(0.0, seed=seed)) for seed in range(4)]
    assert sum(one.slope.low <= 1 <= one.slope.high for one in found) >= 3
    assert all(one.level is None for one in found if not one.slope.is_told)


def test_the_same_sample_has_the_same_answer():
    rows = _town(0.05, seed=3, persons=300)
    assert relate(rows, seed=1) == relate(rows, seed=1)


def test_below_twenty_leavings_nothing_is_told_but_how_many_are_missing():
    rows = _town(0.06, seed=1, persons=400)
    places = [k for k, left in enumerate(rows.left) if left][:19]
    kept = [k for k, left in enumerate(rows.left) if not left] + places
    few = Rows(*([column[k] for k in kept] for column in (rows.person, rows.index, rows.left, rows.weight)))
    told = relate(few)
    assert isinstance(told, TooFew)
    assert (told.leavings, told.needed, told.missing) == (19, 20, 1)
    assert isinstance(relate(Rows([], [], [], [])), TooFew)
    everybody = Rows(range(30), [[1.0]] * 30, [True] * 30, [1.0] * 30)
    assert isinstance(relate(everybody), TooFew)


def test_of_two_processes_the_one_that_makes_leave_is_told_and_the_other_is_not():
    rows = _town(0.06, seed=2, other=0.0)
    bad, harmless = slopes(rows, ["bad", "harmless"])
    assert bad.is_told
    assert bad.low <= exp(0.6) <= bad.high
    assert not harmless.is_told
    assert isinstance(slopes(_town(0.06, seed=2, persons=80, other=0.0), ["a", "b"]), TooFew)


def test_those_who_stayed_may_be_a_sample_that_stands_for_all():
    rows = _town(0.06, seed=5)
    kept = [k for k, left in enumerate(rows.left) if left or rows.person[k] % 3 == 0]
    stood = [1.0 if rows.left[k] else 3.0 for k in kept]
    part = Rows(*([column[k] for k in kept] for column in (rows.person, rows.index, rows.left)), stood)
    whole, sampled = relate(rows), relate(part)
    assert isinstance(whole, Relation)
    assert abs(log(whole.slope.times) - log(sampled.slope.times)) < 0.15
    assert abs(whole.curve[0].share - sampled.curve[0].share) < 0.01
