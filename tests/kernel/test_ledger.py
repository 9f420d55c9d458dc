"""The ledger: value moves once, whole, and never out of nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import Error, connection, transaction

from egard.kernel.ledger import queries, refusals
from egard.kernel.ledger.drafts import Draft
from egard.kernel.ledger.models import Account, Transfer
from egard.kernel.ledger.operations import open_account, post, reverse, transfer, transfers, void

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def books(me, now):
    """A house account that pays, a budget that cannot be overdrawn, and what gestures cost."""
    who = {"by": me, "now": now}
    house = open_account("house:funds", unit="EUR", kind="equity", **who)
    budget = open_account("budget:lyon:2026-03", unit="EUR", kind="liability", limit="no_negative", **who)
    cost = open_account("gestures:cost", unit="EUR", kind="income", **who)
    transfer(debit=house, credit=budget, amount=10_000, key="fund", **who)
    return house, budget, cost


def held(account, **more):
    found = queries.balance(account, **more)
    return found.posted, found.pending_in, found.pending_out, found.available


def test_value_moves_from_one_account_to_the_other(books, me, now):
    _house, budget, cost = books
    moved = transfer(debit=budget, credit=cost, amount=500, key="one", subject="case:1", by=me, now=now)
    assert (held(budget)[0], held(cost)[0]) == (9_500, 500)
    assert Transfer.objects.get(pk=moved.pk).amount == 500
    assert queries.account("gestures:cost", "EUR") == cost


def test_the_same_key_moves_once_and_other_content_is_refused(books, me, now):
    _house, budget, cost = books
    first = transfer(debit=budget, credit=cost, amount=500, key="one", by=me, now=now)
    again = transfer(debit=budget, credit=cost, amount=500, key="one", by=me, now=now + HOUR)
    assert (again.pk, held(cost)[0]) == (first.pk, 500)
    for other in ({"amount": 501}, {"subject": "case:2"}, {"pending": True}):
        with pytest.raises(refusals.KeyReused):
            transfer(**{"debit": budget, "credit": cost, "amount": 500, "key": "one", "by": me, "now": now, **other})
    transfer(debit=budget, credit=cost, amount=500, key="one", source="till", by=me, now=now)
    assert held(cost)[0] == 1_000


def test_a_limited_account_gives_what_it_has_and_not_a_cent_more(books, me, now):
    _house, budget, cost = books
    transfer(debit=budget, credit=cost, amount=9_000, key="held", pending=True, by=me, now=now)
    with pytest.raises(refusals.Insufficient) as refused:
        transfer(debit=budget, credit=cost, amount=1_001, key="more", by=me, now=now)
    assert "€10.00" in refused.value.detail
    transfer(debit=budget, credit=cost, amount=1_000, key="all", by=me, now=now)
    assert held(budget) == (9_000, 0, 9_000, 0)


def test_a_ceiling_counts_what_is_announced(books, me, now):
    house, _budget, _cost = books
    card = open_account("card:1", unit="EUR", kind="liability", limit="ceiling", ceiling=15_000, by=me, now=now)
    transfer(debit=house, credit=card, amount=10_000, key="a", pending=True, by=me, now=now)
    with pytest.raises(refusals.OverCeiling):
        transfer(debit=house, credit=card, amount=5_001, key="b", by=me, now=now)
    transfer(debit=house, credit=card, amount=5_000, key="b", by=me, now=now)


def test_an_asset_grows_by_debits_and_is_limited_the_other_way(books, me, now):
    house, _budget, _cost = books
    till = open_account("till:lyon", unit="EUR", kind="asset", limit="no_negative", by=me, now=now)
    with pytest.raises(refusals.Insufficient):
        transfer(debit=house, credit=till, amount=1, key="out", by=me, now=now)
    transfer(debit=till, credit=house, amount=300, key="in", by=me, now=now)
    transfer(debit=house, credit=till, amount=300, key="out", by=me, now=now)
    assert held(till)[0] == 0


def test_a_pending_transfer_is_posted_once_in_part_and_the_rest_is_free(books, me, now):
    _house, budget, cost = books
    waits = transfer(debit=budget, credit=cost, amount=4_000, key="hold", pending=True, by=me, now=now)
    assert held(budget) == (10_000, 0, 4_000, 6_000)
    assert held(cost) == (0, 4_000, 0, 0)
    done = post(waits, amount=2_500, key="capture", by=me, now=now)
    assert (held(budget), held(cost)) == ((7_500, 0, 0, 7_500), (2_500, 0, 0, 2_500))
    assert post(waits, amount=2_500, key="capture", by=me, now=now).pk == done.pk
    with pytest.raises(refusals.KeyReused):
        post(waits, amount=2_400, key="capture", by=me, now=now)
    with pytest.raises(refusals.Resolved):
        post(waits, key="another", by=me, now=now)
    with pytest.raises(refusals.Resolved):
        void(waits, key="back", by=me, now=now)
    assert held(budget)[0] == 7_500


def test_a_voided_transfer_moved_nothing(books, me, now):
    _house, budget, cost = books
    waits = transfer(debit=budget, credit=cost, amount=4_000, key="hold", pending=True, by=me, now=now)
    void(waits, key="back", by=me, now=now)
    assert (held(budget), held(cost)) == ((10_000, 0, 0, 10_000), (0, 0, 0, 0))
    with pytest.raises(refusals.NotPending):
        post(transfer(debit=budget, credit=cost, amount=1, key="p", by=me, now=now), key="x", by=me, now=now)


def test_after_its_moment_it_cannot_be_posted_even_before_anybody_swept(books, me, now):
    _house, budget, cost = books
    late = now + HOUR
    waits = transfer(debit=budget, credit=cost, amount=1, key="h", pending=True, expires_at=late, by=me, now=now)
    with pytest.raises(refusals.Expired):
        post(waits, key="capture", by=me, now=late)
    post(waits, key="capture", by=me, now=late - timedelta(microseconds=1))


def test_several_move_all_or_none(books, me, now):
    house, budget, cost = books
    wallet = open_account("wallet:1", unit="EUR", kind="liability", limit="no_negative", by=me, now=now)
    linked = [Draft(house, wallet, 700, "a"), Draft(wallet, cost, 700, "b"), Draft(budget, cost, 10_000, "c")]
    with pytest.raises(refusals.Insufficient):
        transfers([*linked, Draft(budget, cost, 1, "d")], by=me, now=now)
    assert (held(wallet)[0], held(cost)[0], held(budget)[0]) == (0, 0, 10_000)
    rows = transfers(linked, by=me, now=now)
    assert (held(wallet)[0], held(cost)[0], held(budget)[0]) == (0, 10_700, 0)
    assert [row.pk for row in transfers(linked, by=me, now=now)] == [row.pk for row in rows]


def test_a_reversal_gives_back_once_and_is_linked(books, me, now):
    _house, budget, cost = books
    moved = transfer(debit=budget, credit=cost, amount=500, key="one", by=me, now=now)
    back = reverse(moved, amount=200, reason="too much", key="back", by=me, now=now)
    assert (back.reverses_id, back.debit_id, back.credit_id) == (moved.pk, cost.pk, budget.pk)
    assert reverse(moved, amount=200, reason="too much", key="back", by=me, now=now).pk == back.pk
    with pytest.raises(refusals.ReversedAlready):
        reverse(moved, reason="all of it", key="again", by=me, now=now)
    reverse(moved, amount=300, reason="the rest", key="rest", by=me, now=now)
    assert (held(budget)[0], held(cost)[0]) == (10_000, 0)
    with pytest.raises(refusals.NotReversible):
        reverse(back, reason="no", key="third", by=me, now=now)


def test_of_a_pending_one_its_posting_is_reversed(books, me, now):
    _house, budget, cost = books
    waits = transfer(debit=budget, credit=cost, amount=500, key="one", pending=True, by=me, now=now)
    with pytest.raises(refusals.StillPending):
        reverse(waits, reason="no", key="back", by=me, now=now)
    post(waits, amount=400, key="capture", by=me, now=now)
    reverse(waits, reason="sent back", amount=400, key="back", by=me, now=now)
    assert held(budget)[0] == 10_000


@pytest.mark.parametrize("amount", [0, -1, 10**15 + 1, 10**40, 1.5, "5", True, None])
def test_no_amount_that_is_none(books, me, now, amount):
    _house, budget, cost = books
    with pytest.raises(refusals.BadAmount):
        transfer(debit=budget, credit=cost, amount=amount, key="x", by=me, now=now)


def test_units_do_not_mix(books, me, now):
    house, *_rest = books
    dollars = open_account("house:funds", unit="USD", kind="equity", by=me, now=now)
    with pytest.raises(refusals.OtherUnit):
        transfer(debit=house, credit=dollars, amount=1, key="x", by=me, now=now)
    with pytest.raises(refusals.SameAccount):
        transfer(debit=house, credit=house, amount=1, key="x", by=me, now=now)
    with pytest.raises(refusals.UnknownUnit):
        open_account("a", unit="XYZ", kind="equity", by=me, now=now)


def test_an_account_is_opened_once_and_stays_what_it_is(books, me, now):
    house, budget, _cost = books
    again = open_account("budget:lyon:2026-03", unit="EUR", kind="liability", limit="no_negative", by=me, now=now)
    assert again == budget
    with pytest.raises(refusals.AccountDiffers):
        open_account("budget:lyon:2026-03", unit="EUR", kind="liability", by=me, now=now)
    for more in ({"code": "Über"}, {"kind": "money"}, {"limit": "ceiling"}, {"lots": True}, {"ceiling": 4}):
        with pytest.raises(refusals.BadAccount):
            open_account(**{"code": "new", "unit": "EUR", "kind": "liability", "by": me, "now": now, **more})
    for statement in (
        "update ledger_account set kind = 'asset'",
        "delete from ledger_account",
        "update ledger_transfer set amount = 1",
        "delete from ledger_transfer",
        "update ledger_sum set limited = false where limited",
        f"update ledger_sum set debits_posted = 99999 where account_id = {budget.pk}",
    ):
        with pytest.raises(Error), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    assert Account.objects.filter(pk=house.pk).exists()
