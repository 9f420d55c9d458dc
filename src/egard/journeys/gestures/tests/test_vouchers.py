"""Vouchers: used whole or in parts, from anywhere, once; undone, revoked, ended, with a word before."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.racing import at_once

from egard.base.money import Money
from egard.base.refusal import NotFound, Refusal
from egard.journeys.gestures import budgets, jobs, queries, refusals, vouchers
from egard.journeys.gestures.models import Gesture, Redemption, Voucher
from egard.journeys.gestures.operations import erase, grant, reverse
from egard.journeys.gestures.rules import codes
from egard.journeys.gestures.tests.giving import EUR, furnish
from egard.kernel.access.actors import NotAllowed
from egard.kernel.access.models import Change
from egard.kernel.access.operations import ensure_team
from egard.kernel.access.queries import system_viewer, viewer_for
from egard.kernel.ledger import queries as ledger
from egard.kernel.messages.models import Outgoing
from egard.kernel.timeline.queries import timeline

DEEP = os.environ.get("EGARD_DEEP") == "1"
MANY = 100
pytestmark = pytest.mark.django_db


@pytest.fixture
def house(make_user, me, now):
    return furnish(make_user, me, now)


@pytest.fixture
def anne(make_person):
    return make_person("Anne", "Lebœuf", email="anne@example.org", language="en")


@pytest.fixture
def voucher(house, anne, now):
    made = grant(house.adviser, anne, "voucher", 2_000, key="v", now=now)
    return Voucher.objects.get(gesture=made)


def held(voucher):
    return ledger.balance(ledger.account(voucher.account, EUR)).available


def test_a_voucher_is_used_in_parts_on_any_of_its_channels_until_nothing_is_left(house, voucher, anne, now):
    till = house.adviser
    seen = vouchers.check(till, codes.shown(voucher.code).lower(), now=now)
    assert (seen.state, seen.left, seen.channels) == ("usable", Money(2_000, EUR), ("shop", "web", "phone"))
    first = vouchers.redeem(till, voucher.code, 1_250, channel="shop", reference="T-77", key="1", now=now)
    assert (first.amount, held(voucher)) == (1_250, 750)
    with pytest.raises(refusals.NotEnough) as refused:
        vouchers.redeem(till, voucher.code, 751, channel="web", key="2", now=now)
    assert refused.value.detail == "€7.50 is left on this voucher."
    rest = vouchers.redeem(till, voucher.code, channel="web", key="3", now=now)
    assert rest.amount == 750
    assert vouchers.check(till, voucher.code, now=now).state == "used"
    with pytest.raises(refusals.VoucherEnded):
        vouchers.redeem(till, voucher.code, 1, channel="shop", key="4", now=now)
    lines = [str(entry.headline) for entry in timeline(system_viewer("test"), anne).items]
    assert lines[:2] == ["Voucher used: €7.50", "Voucher used: €12.50, €7.50 is left"]
    assert Gesture.objects.get().used_at == now


def test_a_slip_of_the_hand_uses_it_once(house, voucher, now):
    one = vouchers.redeem(house.adviser, voucher.code, 500, channel="shop", key="k", now=now)
    two = vouchers.redeem(house.adviser, voucher.code, 500, channel="shop", key="k", now=now)
    assert one.pk == two.pk
    assert held(voucher) == 1_500
    with pytest.raises(refusals.KeyReused):
        vouchers.redeem(house.adviser, voucher.code, 600, channel="shop", key="k", now=now)


@pytest.mark.parametrize(
    ("amount", "channel", "code"),
    [
        (0, "shop", "gestures.no_amount"),
        (-1, "shop", "gestures.no_amount"),
        (0.5, "shop", "gestures.no_amount"),
        (10**15, "shop", "gestures.not_enough"),
        (Money(500, "USD"), "shop", "gestures.wrong_currency"),
        (500, "parking", "gestures.voucher_elsewhere"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_used(house, voucher, now, amount, channel, code):
    with pytest.raises(Refusal) as refused:
        vouchers.redeem(house.adviser, voucher.code, amount, channel=channel, key="k", now=now)
    assert refused.value.code == code
    assert held(voucher) == 2_000


def test_a_code_that_is_none_is_unknown_and_who_may_not_take_vouchers_is_told_so(house, voucher, make_user, now):
    wrong = voucher.code[:-1] + codes.ALPHABET[(codes.ALPHABET.index(voucher.code[-1]) + 1) % 29]
    for typed in (wrong, "", "x" * 500, codes.new_code()):
        with pytest.raises(refusals.UnknownVoucher):
            vouchers.check(house.adviser, typed, now=now)
        with pytest.raises(refusals.UnknownVoucher):
            vouchers.redeem(house.adviser, typed, 1, channel="shop", key="k", now=now)
    with pytest.raises(NotAllowed):
        vouchers.check(viewer_for(make_user("analyst")), voucher.code, now=now)


def test_a_use_that_was_a_mistake_is_undone_and_the_amount_is_there_again(house, voucher, now):
    made = vouchers.redeem(house.adviser, voucher.code, channel="shop", key="k", now=now)
    for _twice in range(2):
        undone = vouchers.undo(house.adviser, made.uuid, reason="the wrong till", now=now)
    assert undone.undone_at == now
    assert held(voucher) == 2_000
    assert vouchers.check(house.adviser, voucher.code, now=now).state == "usable"


def test_who_used_it_undoes_it_for_a_quarter_of_an_hour_then_a_manager_with_a_reason(house, voucher, now, make_user):
    host = viewer_for(make_user("host", name="Léa"), now=now)
    made = vouchers.redeem(host, voucher.code, 500, channel="shop", key="k", reference="T-12", now=now)
    late = now + vouchers.OWN_UNDO
    for viewer, at in ((house.adviser, now), (host, late)):  # a colleague at once, the host too late
        with pytest.raises(refusals.NotYoursToUndo) as refused:
            vouchers.undo(viewer, made.uuid, reason="a mistake", now=at)
        assert refused.value.status == 403
    with pytest.raises(refusals.BadText):
        vouchers.undo(house.lead, made.uuid, reason=" ", now=late)
    assert held(voucher) == 1_500
    undone = vouchers.undo(house.lead, made.uuid, reason="the wrong client", now=late)
    assert (undone.by, undone.undone_by, undone.undone_why) == (
        str(host.actor), str(house.lead.actor), "the wrong client"
    )  # fmt: skip
    assert held(voucher) == 2_000
    own = vouchers.redeem(host, voucher.code, 500, channel="shop", key="own", now=late)
    vouchers.undo(host, own.uuid, reason="", now=late + vouchers.OWN_UNDO - timedelta(seconds=1))
    trail = Change.objects.filter(what="gestures.redemption_undone").order_by("pk")
    assert [(one.actor, one.detail["used_by"]) for one in trail] == [
        (str(house.lead.actor), str(host.actor)), (str(host.actor), str(host.actor))
    ]  # fmt: skip


def test_an_erased_person_leaves_no_ticket_number_and_no_words_behind(house, voucher, anne, now):
    made = vouchers.redeem(house.adviser, voucher.code, 500, channel="shop", key="k", reference="T-12", now=now)
    vouchers.undo(house.adviser, made.uuid, reason="Mrs Lebœuf changed her mind", now=now)
    erase(anne, now=now)
    made.refresh_from_db()
    assert (made.reference, made.undone_why, made.amount) == ("", "", 500)


def test_a_revoked_one_and_a_taken_back_one_are_worth_nothing(house, voucher, anne, now):
    with pytest.raises(NotAllowed):
        vouchers.revoke(house.adviser, voucher.uuid, reason="stolen", now=now)
    for _twice in range(2):
        vouchers.revoke(house.lead, voucher.uuid, reason="stolen", now=now)
    assert held(voucher) == 0
    with pytest.raises(refusals.VoucherEnded) as refused:
        vouchers.redeem(house.adviser, voucher.code, 1, channel="shop", key="k", now=now)
    assert "revoked" in refused.value.detail
    other = grant(house.adviser, anne, "voucher", 500, key="w", now=now)
    reverse(house.lead, other.uuid, reason="the wrong client", now=now)
    assert vouchers.check(house.adviser, Voucher.objects.get(gesture=other).code, now=now).state == "revoked"


def test_the_manager_of_another_team_or_shop_neither_revokes_nor_undoes_nor_sees_its_budget(
    house, voucher, now, make_user, me
):
    used = vouchers.redeem(house.adviser, voucher.code, 500, channel="shop", key="k", now=now)
    budget = house.budget(10_000)
    other = ensure_team("other", "Other", by=me, now=now)
    theirs = viewer_for(make_user("supervisor", teams=[other]), now=now)
    for scope in ("team", "site"):
        names = (vouchers.REVOKE, budgets.READ, budgets.MANAGE)
        viewer = replace(theirs, permissions={**theirs.permissions, **dict.fromkeys(names, scope)})
        with pytest.raises(refusals.UnknownVoucher):
            vouchers.revoke(viewer, voucher.uuid, reason="stolen", now=now)
        with pytest.raises(refusals.NotYoursToUndo):
            vouchers.undo(viewer, used.uuid, reason="a mistake", now=now)
        with pytest.raises(refusals.BadBudget):
            budgets.set_budget(viewer, house.team, "2026-03", Money(1, EUR), now=now)
        with pytest.raises(NotFound):
            budgets.standing(viewer, budget, now=now)
        assert budgets.set_budget(viewer, other, "2026-03", Money(1, EUR), now=now).amount == 1
    assert held(voucher) == 1_500


def test_a_used_one_is_not_taken_back(house, voucher, now):
    vouchers.redeem(house.adviser, voucher.code, 1, channel="shop", key="k", now=now)
    with pytest.raises(refusals.UsedAlready):
        reverse(house.lead, voucher.gesture.uuid, reason="too late", now=now)


def test_before_it_ends_she_is_told_once_and_afterwards_nothing_of_it_is_owed(house, voucher, anne, now):
    near = voucher.expires_at - timedelta(days=13)
    jobs.warn_of_ends(now=near - timedelta(days=2))
    assert Outgoing.objects.filter(kind=jobs.ENDS_MESSAGE).count() == 0
    for _twice in range(2):
        jobs.warn_of_ends(now=near)
    told = Outgoing.objects.get(kind=jobs.ENDS_MESSAGE)
    assert "€20.00" in told.subject
    assert codes.shown(voucher.code) in told.text
    jobs.end_vouchers(now=voucher.expires_at - timedelta(seconds=1))
    assert held(voucher) == 2_000
    with pytest.raises(refusals.VoucherEnded):  # nobody swept it yet, and yet it has ended
        vouchers.redeem(house.adviser, voucher.code, 1, channel="shop", key="k", now=voucher.expires_at)
    jobs.end_vouchers(now=voucher.expires_at)
    voucher.refresh_from_db()
    assert (voucher.ended_as, held(voucher)) == ("expired", 0)
    assert queries.wallet(house.lead, anne, now=voucher.expires_at).vouchers == []


def test_however_many_end_all_of_them_are_ended(house, anne, now, monkeypatch):
    monkeypatch.setattr(vouchers, "SWEPT_MAX", 2)
    ends = [grant(house.adviser, anne, "voucher", 500, key=f"v{n}", now=now).ends_at for n in range(5)]
    jobs.warn_of_ends(now=ends[0] - timedelta(days=1))
    assert Outgoing.objects.filter(kind=jobs.ENDS_MESSAGE).count() == 5
    jobs.end_vouchers(now=ends[0])
    assert set(Voucher.objects.values_list("ended_as", flat=True)) == {"expired"}


def test_a_credit_that_ends_is_warned_of_by_what_is_left_of_it(house, anne, now):
    made = grant(house.adviser, anne, "credit", 700, key="c", now=now)
    jobs.warn_of_ends(now=made.ends_at - timedelta(days=1))
    assert "€7.00" in Outgoing.objects.get(kind=jobs.ENDS_MESSAGE).subject


@pytest.mark.django_db(transaction=True)
def test_one_voucher_from_many_tills_at_once_is_used_once(house, voucher):
    """As many connections as 100 in the deep run: each wants all of it, under a key of its own."""
    many, till = (MANY if DEEP else 8), viewer_for(house.camille, now=house.now)

    def use(n):
        return lambda: vouchers.redeem(till, voucher.code, 2_000, channel="shop", key=f"till {n}", now=house.now)

    told = at_once([use(n) for n in range(many)])
    refused = [one for one in told if isinstance(one, str)]
    assert refused == ["gestures.voucher_ended"] * (many - 1)
    assert Redemption.objects.count() == 1
    assert held(voucher) == 0


@pytest.mark.django_db(transaction=True)
def test_a_double_click_is_one_gesture_and_a_budget_is_never_overspent(house, make_person):
    budget = house.budget(2_100)
    people = [make_person("P", str(n)) for n in range(4)]
    jobs_ = [(person, f"key {person.pk} {n // 2}") for person in people for n in range(4)]  # each key twice
    viewer = house.adviser
    made = at_once([
        lambda person=person, key=key: grant(viewer, person, "credit", 500, key=key, now=house.now)
        for person, key in jobs_
    ])  # fmt: skip
    assert len(made) == 16
    assert Gesture.objects.count() == 8
    states = sorted(Gesture.objects.values_list("state", flat=True))
    assert states == ["granted"] * 4 + ["waiting"] * 4
    assert ledger.balance(ledger.account(budget.code, EUR)).available == 100
