"""The model of repeat claimants finds the parameters of simulated clients, and names few who are only unlucky."""

from __future__ import annotations

import math
import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egard.journeys.gestures.claimants.rules import Model, discovered, fitted, outstanding


def claims_of(chance: random.Random, expected: float) -> int:
    """From a Poisson distribution (Knuth)."""
    limit, k, product = math.exp(-expected), 0, chance.random()
    while product > limit:
        k, product = k + 1, product * chance.random()
    return k


def clients(chance: random.Random, n: int, mean: float, shape: float) -> list[tuple[int, int]]:
    orders = [1 + int(chance.expovariate(0.15)) for _n in range(n)]
    return [(claims_of(chance, chance.gammavariate(shape, mean / shape) * o), o) for o in orders]


@pytest.mark.parametrize(("mean", "shape"), [(0.04, 0.4), (0.1, 2.0), (0.02, 1.0)])
def test_the_parameters_of_simulated_clients_are_recovered(mean, shape):
    model = fitted(Counter(clients(random.Random(11), 30_000, mean, shape)))
    assert model is not None
    assert model.mean == pytest.approx(mean, rel=0.06)
    assert model.shape == pytest.approx(shape, rel=0.25)


def test_clients_who_are_all_alike_are_seen_to_be():
    chance = random.Random(3)
    counts = Counter((claims_of(chance, 0.05 * orders), orders) for orders in [4, 9, 15] * 4000)
    model = fitted(counts)
    assert model is not None
    assert model.mean == pytest.approx(0.05, rel=0.06)
    assert model.shape > 5
    assert fitted(Counter({(0, 4): 100, (0, 1): 7})) is None


def test_few_who_are_only_unlucky_are_named_and_most_who_overdo_it_are():
    chance, wrong, found, there, times = random.Random(8), 0.0, 0, 0, 16
    for _time in range(times):
        usual = clients(chance, 4000, 0.04, 0.8)
        hard = [(claims_of(chance, 0.9 * orders), orders) for orders in (chance.randint(15, 30) for _n in range(12))]
        everybody = usual + hard
        model, pairs = outstanding(Counter(everybody))
        named = [n for n, one in enumerate(everybody) if one in pairs]
        assert model is not None
        assert model.mean == pytest.approx(0.04, rel=0.25)
        wrong += sum(n < len(usual) for n in named) / max(1, len(named))
        found += sum(n >= len(usual) for n in named)
        there += len(hard)
    assert wrong / times <= 0.05
    assert found / there > 0.8


def test_where_nobody_overdoes_it_hardly_anybody_is_ever_named():
    chance, times = random.Random(21), 15
    alarms = 0
    for _time in range(times):
        everybody = clients(chance, 2000, 0.05, 0.7)
        alarms += bool(outstanding(Counter(everybody))[1])
    assert alarms <= 0.05 * times + 3 * (0.05 * 0.95 * times) ** 0.5


@given(st.floats(0.005, 0.5), st.floats(0.1, 50), st.integers(0, 30), st.integers(1, 60))
def test_a_p_value_is_a_chance_that_falls_with_claims_and_rises_with_orders(mean, shape, claims, orders):
    model = Model(mean, shape)
    p = model.p_value(claims, orders)
    assert 0 <= p <= 1
    assert model.p_value(claims + 1, orders) <= p + 1e-12
    assert model.p_value(claims, orders + 1) >= p - 1e-12
    assert p == pytest.approx(1 - sum(model.chance(k, orders) for k in range(claims)), abs=1e-9)
    low, high = sorted((mean, claims / orders))
    assert low - 1e-12 <= model.expected(claims, orders) <= high + 1e-12


def test_false_discoveries_are_held_as_in_the_example_of_benjamini_and_hochberg():
    p_values = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528,
                0.7590, 1.0]  # fmt: skip
    assert discovered(dict(enumerate(p_values))) == [0, 1, 2, 3]
    assert discovered({}) == []
    assert discovered({1: 0.002, 2: 0.04}, {1: 3, 2: 97}) == [1, 2]
    assert discovered({1: 0.002, 2: 0.06}, {1: 3, 2: 97}) == []
