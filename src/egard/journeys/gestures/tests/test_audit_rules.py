"""Ex-post control: sizes as published, draws that nobody can tell and everybody can recompute, honest bounds."""

from __future__ import annotations

import random
import secrets
from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from egard.journeys.gestures.audits.rules.drawing import (
    Act,
    Plan,
    allocation,
    commitment,
    digest,
    divided,
    draw,
    frozen,
    thawed,
    ticket,
)
from egard.journeys.gestures.audits.rules.estimates import Judged, amount_by_money, amount_in_error, deviations
from egard.journeys.gestures.audits.rules.sizes import Unmeasurable, bounds, poisson_factor, sample_size

FIVE, TWO = Fraction(5, 100), Fraction(2, 100)
PLAN = Plan("acts", threshold=10_000, tolerable=FIVE, tolerated=0, least=2)


def agents(*sizes: int, amount: int = 1500) -> list[Act]:
    return [Act(f"{a}-{n:04}", f"agent{a}", amount + n) for a, size in enumerate(sizes) for n in range(size)]


# --- how many ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rate", "sizes"), [(FIVE, (59, 93, 124)), (TWO, (149, 236, 313))])
def test_sample_sizes_are_the_published_ones(rate, sizes):
    assert tuple(sample_size(rate, tolerated) for tolerated in range(3)) == sizes


@pytest.mark.parametrize(("population", "size"), [(20, 19), (50, 31), (100, 45), (200, 51), (500, 56), (1_000_000, 59)])
def test_a_finite_population_needs_fewer(population, size):
    """45 of 100, 51 of 200: the hypergeometric tables of discovery sampling."""
    assert sample_size(FIVE, 0, population) == size


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 3000), st.integers(1, 300), st.integers(0, 3))
def test_a_finite_size_is_just_enough_and_never_more_than_all(population, thousandths, tolerated):
    rate = Fraction(thousandths, 1000)
    size = sample_size(rate, tolerated, population)
    assert 0 < size <= population
    if size < population:
        too_many = -(-population * rate.numerator // rate.denominator)
        assert bounds(tolerated, size, population, 0.05)[1] < too_many
        assert bounds(tolerated, size - 1, population, 0.05)[1] >= too_many or size - 1 == tolerated


def test_what_cannot_be_measured_is_refused():
    for rate, tolerated in ((Fraction(0), 0), (Fraction(1), 0), (FIVE, -1), (Fraction(1, 10**7), 0)):
        with pytest.raises(Unmeasurable):
            sample_size(rate, tolerated)


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    [(0, 10, 0.0, 0.3085), (1, 10, 0.0025, 0.4450), (5, 10, 0.1871, 0.8129), (10, 10, 0.6915, 1.0),
     (3, 59, 0.0106, 0.1415)],
)  # fmt: skip
def test_bounds_of_a_large_population_are_those_of_clopper_and_pearson(hits, n, low, high):
    least, most = bounds(hits, n, 1_000_000, 0.025)
    assert least / 1e6 == pytest.approx(low, abs=6e-5)
    assert most / 1e6 == pytest.approx(high, abs=6e-5)


def test_who_looks_at_all_knows_all():
    assert bounds(3, 50, 50, 0.025) == (3, 3)


def test_the_factors_of_monetary_unit_sampling_are_the_published_ones():
    published = (3.00, 4.75, 6.30, 7.76, 9.16, 10.52)
    assert [poisson_factor(hits) for hits in range(6)] == pytest.approx(published, abs=0.01)


# --- which ------------------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 200), min_size=1, max_size=12), st.integers(1, 5), st.randoms())
def test_every_agent_is_within_reach_and_order_plays_no_part(sizes, least, chance):
    plan = Plan("acts", 10_000, FIVE, 0, least)
    acts = agents(*sizes)
    shares = allocation(Counter(act.agent for act in acts), plan)
    for n, size in enumerate(sizes):
        assert min(size, least) <= shares[f"agent{n}"] <= size
    assert sum(shares.values()) >= sample_size(FIVE, 0, len(acts))
    drawn = draw(acts, plan, "5eed")
    assert Counter(key.split("-")[0] for key in drawn.chosen) == {k.removeprefix("agent"): n for k, n in shares.items()}
    chance.shuffle(acts)
    assert draw(acts, plan, "5eed") == drawn
    assert draw(thawed(frozen(acts)), plan, "5eed") == drawn


def test_all_acts_above_the_threshold_are_looked_at_whatever_the_seed():
    acts = [*agents(300), *(Act(f"large{n}", "agent0", 10_000 + n) for n in range(7))]
    for _n in range(5):
        drawn = draw(acts, PLAN, secrets.token_hex(32))
        assert set(drawn.certain) == {f"large{n}" for n in range(7)}
        assert not set(drawn.certain) & set(drawn.chosen)


def test_who_knows_all_but_the_seed_cannot_tell_which_acts_are_drawn():
    """Over many seeds each act of an agent is drawn as often as any other of hers: nothing in it betrays it."""
    acts, times = agents(40, 160), 1500
    shares = allocation(Counter(act.agent for act in acts), PLAN)
    seen = Counter(key for n in range(times) for key in draw(acts, PLAN, ticket("test", str(n))).chosen)
    assert len(seen) == len(acts)
    for agent, size in (("agent0", 40), ("agent1", 160)):
        expected = times * shares[agent] / size
        spread = expected * (1 - shares[agent] / size)
        chi = sum((seen[act.key] - expected) ** 2 for act in acts if act.agent == agent) / spread * (size - 1) / size
        assert abs(chi - (size - 1)) < 5 * (2 * (size - 1)) ** 0.5


def test_a_commitment_fits_one_seed_and_one_population_only():
    acts = agents(20)
    told = digest(frozen(acts))
    seed = secrets.token_hex(32)
    assert commitment(told, seed) == commitment(digest(frozen(reversed(acts))), seed)
    assert commitment(told, seed) != commitment(told, secrets.token_hex(32))
    assert commitment(told, seed) != commitment(digest(frozen(acts[1:])), seed)
    assert seed not in commitment(told, seed)


def test_by_money_the_interval_is_what_is_tolerable_by_three_and_amounts_are_the_chances():
    plan = Plan("money", None, FIVE, 0, 1, tolerable_amount=30_000)
    assert plan.interval == 10_000
    acts = [Act(f"a{n}", "agent0", 500 + 100 * (n % 40)) for n in range(400)] + [Act("large", "agent0", 10_000)]
    total, times = sum(act.amount for act in acts) - 10_000, 1500
    seen: Counter[str] = Counter()
    for n in range(times):
        drawn = draw(acts, plan, ticket("money", str(n)))
        assert drawn.certain == ("large",)
        assert len(drawn.chosen) in (total // 10_000, total // 10_000 + 1)
        seen.update(drawn.chosen)
    small = sum(seen[act.key] for act in acts if act.amount < 1000)
    expected = times * sum(act.amount for act in acts if act.amount < 1000) / 10_000
    assert small == pytest.approx(expected, rel=0.08)


# --- what it says of all ----------------------------------------------------------------------------------------------


def looked_at(acts: list[Act], plan: Plan, wrong: dict[str, int], seed: str) -> tuple[list[Act], list[Judged]]:
    drawn, by_key = draw(acts, plan, seed), {act.key: act for act in acts}
    keys = [*drawn.certain, *drawn.chosen]
    return divided(acts, plan)[1], [Judged(by_key[key], key in wrong, wrong.get(key, 0)) for key in keys]


def test_a_sample_without_a_deviation_says_what_it_was_drawn_to_say():
    for sizes in ((400,), (300, 20, 7, 1), (90, 90, 90, 3), (1, 1, 2)):
        below, judged = looked_at(agents(*sizes), PLAN, {}, "a")
        told = deviations(below, judged).of(sum(sizes))
        assert told.found == told.likely == told.low == 0
        assert told.at_most < 0.05


def test_where_all_was_looked_at_nothing_is_guessed():
    acts = agents(5, 8, 3)
    wrong = {acts[0].key: 700, acts[7].key: 0}
    below, judged = looked_at(acts, PLAN, wrong, "a")
    assert len(judged) == len(acts)
    for told, true in ((deviations(below, judged), 2), (amount_in_error(below, judged), 700)):
        assert (told.found, told.likely, told.low, told.high, told.at_most) == (true,) * 5


def test_bounds_hold_the_truth_as_often_as_they_say_also_where_one_agent_is_far_worse():
    chance = random.Random(5)
    acts = [
        Act(f"{a}-{n}", f"agent{a}", chance.choice((500, 900, 2000, 6000)))
        for a, size in enumerate((220, 150, 90, 40, 12, 4)) for n in range(size)
    ]  # fmt: skip
    share = {"agent3": 0.45, "agent1": 0.06}
    wrong = {
        a.key: chance.choice((a.amount, a.amount // 3)) for a in acts if chance.random() < share.get(a.agent, 0.02)
    }
    held: Counter[str] = Counter()
    times = 300
    plan = Plan("acts", 10_000, FIVE, 1, 2)
    for n in range(times):
        below, judged = looked_at(acts, plan, wrong, ticket("cover", str(n)))
        for name, told, true in (
            ("acts", deviations(below, judged), len(wrong)),
            ("amount", amount_in_error(below, judged), sum(wrong.values())),
        ):
            held[name] += told.low <= true <= told.high
            held[f"{name} at most"] += true <= told.at_most
            held[f"{name} likely"] += told.likely
    for name, true in (("acts", len(wrong)), ("amount", sum(wrong.values()))):
        assert held[name] >= 0.94 * times
        assert held[f"{name} at most"] >= 0.94 * times
        assert held[f"{name} likely"] / times == pytest.approx(true, rel=0.08)


def test_without_a_found_error_the_amount_is_at_most_that_of_the_largest_acts_that_may_still_deviate():
    acts = [*agents(400, amount=0), *(Act(f"large{n}", "agent0", 9_000) for n in range(3))]
    below, judged = looked_at(acts, PLAN, {}, "a")
    acts_at_most = deviations(below, judged).at_most
    largest = sorted((act.amount for act in acts), reverse=True)[: int(acts_at_most)]
    assert amount_in_error(below, judged).at_most == pytest.approx(sum(largest))


def test_by_money_one_error_of_half_an_act_adds_half_of_the_next_factor():
    act = Act("a", "agent0", 4_000)
    told = amount_by_money(10_000, [Judged(Act("b", "agent0", 20_000), True, 1_500)], [Judged(act, True, 2_000)])
    assert told.likely == 1_500 + 5_000
    assert told.at_most == pytest.approx(1_500 + 10_000 * (3.00 + 0.5 * (4.75 - 3.00)), rel=2e-3)
    assert told.found == told.low == 3_500
