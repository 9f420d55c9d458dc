"""What is proposed, what codes let pass, what the catalogue refuses, where a budget is heading: pure."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egard.journeys.gestures.rules import RESPONSIBILITIES, budgets, codes
from egard.journeys.gestures.rules.catalogue import Catalogue, lint, read
from egard.journeys.gestures.rules.proposing import PROPOSED_MAX, Room, Situation, propose, sought

SHIPPED = (Path(__file__).parents[1] / "catalogue" / "catalogue.yaml").read_text(encoding="utf-8")
CATALOGUE = read(SHIPPED)
PARIS = ZoneInfo("Europe/Paris")

AROUND = [0, 1, 99, 100, 500, 1390, 14_999, 15_000, 15_001, 29_999, 30_000, 30_001, 200_000, 10**9]
amounts = st.one_of(st.sampled_from(AROUND), st.integers(0, 10**9))
situations = st.builds(
    Situation,
    responsibility=st.sampled_from(RESPONSIBILITIES),
    severity=st.integers(1, 3),
    price=st.none() | amounts,
    yearly=amounts,
    given=st.just(0) | amounts,
    gestures=st.integers(0, 9),
    contacts=st.integers(1, 9),
    broken=st.booleans(),
    proof=st.booleans(),
)
rooms = st.builds(Room, alone=st.none() | amounts, budget=st.none() | amounts)


@given(situations, rooms)
def test_a_short_list_holds_what_may_be_given_and_the_most_fitting_first(at: Situation, room: Room):
    found = propose(CATALOGUE, at, room)
    assert len(found) <= PROPOSED_MAX
    assert found == sorted(found, key=lambda one: (bool(one.waits), -one.score, one.cost, one.kind))
    for one in found:
        kind = CATALOGUE.kinds[one.kind]
        least, most, step = CATALOGUE.bounds(kind, at.price)
        assert least <= one.amount <= most
        assert kind.worth.price or (one.amount - least) % step == 0
        assert at.responsibility in kind.responsibility
        assert one.worth == sum(item.amount for item in one.items)
        assert one.cost == sum(CATALOGUE.cost_of(CATALOGUE.kinds[i.kind], i.amount) for i in one.items)
        if not one.waits:
            assert room.alone is None or one.worth <= room.alone
            assert room.budget is None or one.cost <= room.budget
        assert all(reason.words.fr and reason.words.en for reason in one.reasons)


@given(situations, rooms)
def test_nothing_is_proposed_beyond_150_percent_of_the_price_but_what_was_bought_itself(at: Situation, room: Room):
    if at.price is None:
        return
    for one in propose(CATALOGUE, at, room):
        kind = CATALOGUE.kinds[one.kind]
        if kind.form in ("letter", "gift") and kind.worth.is_fixed:
            continue  # a biscuit is a biscuit, whatever the price of the bread
        beyond = one.worth - at.price if kind.form == "redelivery" else one.worth
        beside = sum(item.amount for item in one.comes_with)
        assert 2 * (at.given + beyond) <= 3 * at.price or beyond == beside


@given(situations)
def test_what_is_fitting_grows_with_harm_and_effort_and_shrinks_with_what_was_given(at: Situation):
    aim = sought(CATALOGUE, at)
    assert aim.amount >= 0
    for more in (
        {"contacts": at.contacts + 1},
        {"broken": True},
        {"severity": min(3, at.severity + 1)},
        {"given": 0},
        {"yearly": 10**9},
    ):
        assert sought(CATALOGUE, replace(at, **more)).amount >= aim.amount
    if at.price is not None and at.severity < 3:
        assert aim.amount <= at.price * CATALOGUE.rules.enough // 100
    if at.responsibility == "theirs":
        assert aim.amount == 0


def test_a_damaged_dish_is_brought_again_with_an_apology_a_biscuit_and_five_euros():
    first = propose(CATALOGUE, Situation(severity=2, price=1390), Room(alone=5000, budget=None))[0]
    assert [(item.kind, item.amount) for item in first.items] == [
        ("redelivery", 1390),
        ("apology", 0),
        ("cookie", 300),
        ("credit", 500),
    ]
    assert not first.waits
    assert first.steps == 0
    assert not first.proof_first
    told = {reason.code: reason.words.en for reason in first.reasons}
    assert told["responsibility"] == "It is our fault."
    assert told["proof"] == "No proof to ask for."
    assert told["authority"] == "You decide alone up to €50.00 for this matter."


def test_above_what_one_decides_alone_the_same_gesture_says_that_it_waits():
    at = Situation(severity=3, price=250_000)
    assert propose(CATALOGUE, at, Room(alone=200_000))[0].waits == ""
    waiting = propose(CATALOGUE, at, Room(alone=0))
    assert {one.waits for one in waiting if one.worth} == {"authority"}
    assert {one.waits for one in propose(CATALOGUE, at, Room(budget=0))} == {"budget"}


# --- the catalogue's file ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("there", "wrong", "rule", "line"),
    [
        ("worth: 3\n", "worth: 3.005\n", "piece", 52),
        ("worth: 3\n", "worth: -3\n", "shape", 52),
        ("worth: 3\n", "worth: NaN\n", "shape", 52),
        ("worth: 3\n", "worth: 99999999999999\n", "huge", 52),
        ("credit: 5}", "credit: 501}", "amount", 34),
        ("cookie: yes", "cooky: yes", "unknown_kind", 34),
        ("cookie: yes", "voucher: yes", "amount", 34),
        ("form: refund", "form: money", "shape", 72),
        ("valid: 12 months", "valid: 12 moons", "shape", 19),
        ("worth: 60", "wroth: 60", "unknown_key", 89),
        ("usual: [5, 15, 40]", "usual: [15, 5, 40]", "order", 8),
        ("currency: EUR", "currency: euro", "shape", 2),
    ],
)
def test_a_slip_in_the_catalogue_is_named_with_its_line(there, wrong, rule, line):
    assert there in SHIPPED
    _found, findings = lint(SHIPPED.replace(there, wrong, 1))
    assert (findings[0].rule, findings[0].line) == (rule, line), findings


def test_the_shipped_catalogue_is_whole_and_asks_no_effort_but_of_the_voucher():
    assert lint(SHIPPED)[1] == []
    assert {name for name, kind in CATALOGUE.kinds.items() if kind.steps} == {"voucher"}
    assert {kind.form for kind in CATALOGUE.kinds.values()} == {
        "credit", "voucher", "refund", "redelivery", "upgrade", "letter", "gift"
    }  # fmt: skip


def test_the_same_content_is_the_same_version_whatever_the_comments():
    assert read("# a word\n" + SHIPPED).version == CATALOGUE.version
    assert read(SHIPPED.replace("enough: 80", "enough: 79")).version != CATALOGUE.version


@given(amounts, st.decimals(0, 200, places=1))
def test_a_cost_in_percent_is_never_a_cent_short(worth, percent):
    kind = CATALOGUE.kinds["credit"].model_copy(update={"cost": type(CATALOGUE.kinds["credit"].cost)(percent=percent)})
    cost = CATALOGUE.cost_of(kind, worth)
    assert 0 <= cost - Decimal(worth) * percent / 100 < 1


# --- codes ------------------------------------------------------------------------------------------------------------


@given(st.integers(0, 11), st.sampled_from(codes.ALPHABET), st.integers(0, 10))
def test_one_wrong_sign_or_two_that_changed_places_are_noticed(at, sign, swapped):
    code = codes.new_code()
    assert codes.read_code(codes.shown(code).lower()) == code
    assert codes.read_code(f" {code[:4]} {code[4:8]}-{code[8:]}\n") == code
    if sign != code[at]:
        assert codes.read_code(code[:at] + sign + code[at + 1 :]) is None
    if code[swapped] != code[swapped + 1]:
        assert codes.read_code(code[:swapped] + code[swapped + 1] + code[swapped] + code[swapped + 2 :]) is None
    assert codes.read_code(code[:-1]) is None


def test_codes_do_not_repeat_and_use_all_their_signs():
    drawn = [codes.new_code() for _ in range(2000)]
    assert len(set(drawn)) == 2000
    assert {sign for code in drawn for sign in code} == set(codes.ALPHABET)


# --- budgets ----------------------------------------------------------------------------------------------------------


def test_periods_are_months_quarters_and_years_of_the_house():
    assert budgets.bounds("2026-12", PARIS) == (
        datetime(2026, 12, 1, tzinfo=PARIS),
        datetime(2027, 1, 1, tzinfo=PARIS),
    )
    assert budgets.bounds("2026-Q4", PARIS)[0] == datetime(2026, 10, 1, tzinfo=PARIS)
    new_year = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)  # already 2027 in Paris
    assert budgets.periods_at(new_year, PARIS) == ("2027-01", "2027-Q1", "2027")
    for wrong in ("2026-13", "2026-Q5", "26", "", "2026-1"):
        with pytest.raises(budgets.BadPeriod):
            budgets.bounds(wrong, PARIS)


def test_a_forecast_holds_the_truth_in_some_95_of_100_cases():
    """Drawn by chance, with gestures that come at a steady rate and cost what they may."""
    chance, since, until = random.Random(5), datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
    now, held, told = since + timedelta(days=12), 0, 400
    for _ in range(told):
        at, before, after = 0.0, [], 0
        while (at := at + chance.expovariate(4)) < 30:
            cost = chance.choice([80, 500, 500, 1200, 6000])
            if at < 12:
                before.append(cost)
            else:
                after += cost
        found = budgets.forecast(budgets.Costs.of(before), since=since, until=until, now=now, budget=10**6)
        held += found.low <= sum(before) + after <= found.high
    assert 0.91 <= held / told <= 0.99


def test_a_forecast_says_when_the_money_ends_and_nothing_of_four_gestures():
    since, until = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
    now = since + timedelta(days=10)
    ten = budgets.Costs.of([1000] * 10)
    found = budgets.forecast(ten, since=since, until=until, now=now, budget=20_000)
    assert (found.total, found.empty_at) == (30_000, since + timedelta(days=20))
    assert budgets.forecast(ten, since=since, until=until, now=now, budget=40_000).empty_at is None
    assert budgets.forecast(budgets.Costs.of([1000] * 4), since=since, until=until, now=now, budget=1).total is None
    ended = budgets.forecast(ten, since=since, until=until, now=until + timedelta(days=3), budget=20_000)
    assert (ended.low, ended.total, ended.high) == (10_000, 10_000, 10_000)


def test_a_catalogue_is_read_back_from_what_is_stored():
    assert Catalogue.model_validate_json(CATALOGUE.model_dump_json(by_alias=True)).version == CATALOGUE.version
