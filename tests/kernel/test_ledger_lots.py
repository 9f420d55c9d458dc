"""What expires: lots are consumed in their order, come back with their ends, and go when their time is over."""

from __future__ import annotations

from datetime import timedelta

import pytest

from egard.kernel.ledger import queries, refusals
from egard.kernel.ledger.models import Lot, Transfer
from egard.kernel.ledger.operations import open_account, post, reverse, transfer, void
from egard.kernel.ledger.sweeping import sweep

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def purse(me, now):
    """A house that gives, a purse kept in lots, a shop that takes; and how to give and spend."""
    who = {"by": me, "now": now}
    house = open_account("house", unit="EUR", kind="expense", **who)
    purse = open_account("purse:1", unit="EUR", kind="liability", limit="no_negative", lots=True, **who)
    shop = open_account("shop", unit="EUR", kind="income", **who)

    def give(amount, key, *, days=None, at=now, **more):
        ends = at + days * DAY if days else None
        return transfer(debit=house, credit=purse, amount=amount, key=key, lot_expires_at=ends, by=me, now=at, **more)

    def spend(amount, key, *, at=now, **more):
        return transfer(debit=purse, credit=shop, amount=amount, key=key, by=me, now=at, **more)

    return purse, give, spend


def left(purse, at):
    return [lot.remaining for lot in queries.lots(purse, at)]


def test_the_lowest_priority_goes_first_then_what_ends_first_then_the_oldest(purse, now):
    account, give, spend = purse
    give(100, "late", days=30)
    give(200, "soon", days=3)
    give(300, "ever")
    give(400, "first", days=60, priority=-1)
    give(500, "soon too", days=3)
    assert left(account, now) == [400, 200, 500, 100, 300]
    spend(650, "one")
    assert left(account, now) == [450, 100, 300]
    assert queries.balance(account, now=now).posted == sum(left(account, now)) == 850


def test_what_is_past_its_time_cannot_be_spent_swept_or_not(purse, now):
    account, give, spend = purse
    give(100, "short", days=1)
    give(50, "long", days=9)
    late = now + DAY
    with pytest.raises(refusals.Insufficient) as refused:
        spend(60, "one", at=late)
    assert "€0.50" in refused.value.detail
    found = queries.balance(account, now=late)
    assert (found.posted, found.lapsed, found.available) == (150, 100, 50)


def test_the_sweeper_takes_away_what_is_left_once_dated_when_it_ended(purse, now):
    account, give, spend = purse
    give(100, "short", days=1)
    spend(30, "one")
    assert sweep(now=now + 5 * DAY) == 1
    assert sweep(now=now + 5 * DAY) == 0
    gone = Transfer.objects.get(credit__code="lots:expired")
    assert (gone.amount, gone.at, gone.recorded_at) == (70, now + DAY, now + 5 * DAY)
    assert queries.balance(account, now=now).posted == 0
    assert queries.balance(account, as_of=now + DAY / 2).posted == 70
    with pytest.raises(refusals.NotReversible):
        reverse(gone, reason="please", key="x", by=gone_by(), now=now + 6 * DAY)


def gone_by():
    from egard.kernel.access.actors import system

    return system("test")


def test_what_is_held_back_does_not_expire_and_goes_when_it_is_free_again(purse, me, now):
    account, give, spend = purse
    give(100, "short", days=1)
    waits = spend(60, "hold", pending=True)
    assert sweep(now=now + 2 * DAY) == 1
    assert queries.balance(account, now=now + 2 * DAY).posted == 60
    void(waits, key="back", by=me, now=now + 3 * DAY)
    assert queries.balance(account, now=now + 3 * DAY).available == 0
    assert sweep(now=now + 4 * DAY) == 1
    assert queries.balance(account, now=now).posted == 0
    gone = Transfer.objects.filter(credit__code="lots:expired").order_by("id").values_list("amount", "at")
    assert list(gone) == [(40, now + DAY), (60, now + 3 * DAY)]


def test_what_was_held_in_time_may_be_posted_after_the_lots_end(purse, me, now):
    account, give, spend = purse
    give(100, "short", days=1)
    waits = spend(60, "hold", pending=True)
    sweep(now=now + 2 * DAY)
    post(waits, amount=50, key="take", by=me, now=now + 3 * DAY)
    assert queries.balance(account, now=now + 3 * DAY).posted == 10
    sweep(now=now + 3 * DAY)
    assert queries.balance(account, now=now).posted == 0
    assert not Lot.objects.filter(remaining__gt=0).exists()


def test_a_reversal_puts_back_what_it_took_with_its_end(purse, me, now):
    account, give, spend = purse
    give(100, "short", days=1)
    give(100, "long", days=9)
    bought = spend(150, "one")
    reverse(bought, amount=70, reason="half came back", key="back", by=me, now=now)
    assert left(account, now) == [20, 100]  # what lasts longest returns first
    reverse(bought, amount=80, reason="all of it", key="more", by=me, now=now)
    assert left(account, now) == [100, 100]
    assert [lot.expires_at for lot in queries.lots(account, now)] == [now + DAY, now + 9 * DAY]


def test_a_reversal_of_what_was_given_takes_that_lot_first(purse, me, now):
    account, give, _spend = purse
    give(100, "early", days=1)
    given = give(100, "late", days=9)
    reverse(given, amount=60, reason="a mistake", key="back", by=me, now=now)
    assert left(account, now) == [100, 40]


def test_a_pending_credit_makes_its_lot_when_it_is_posted(purse, me, now):
    account, give, spend = purse
    waits = give(100, "announced", days=9, pending=True)
    with pytest.raises(refusals.Insufficient):
        spend(1, "early")
    post(waits, amount=80, key="there", by=me, now=now)
    assert left(account, now) == [80]
    assert Lot.objects.get().expires_at == now + 9 * DAY


def test_only_an_account_in_lots_holds_what_ends(purse, me, now):
    account, *_rest = purse
    shop = queries.account("shop", "EUR")
    with pytest.raises(refusals.NotInLots):
        transfer(debit=account, credit=shop, amount=1, key="x", lot_expires_at=now + DAY, by=me, now=now)


def test_a_pending_transfer_expires_by_itself_at_its_moment(purse, me, now):
    account, give, spend = purse
    give(100, "g")
    waits = spend(60, "hold", pending=True, expires_at=now + DAY)
    assert sweep(now=now + DAY - timedelta(microseconds=1)) == 0
    assert sweep(now=now + 2 * DAY) == 1
    assert queries.balance(account, now=now).available == 100
    assert Transfer.objects.get(resolves=waits).at == now + DAY
    with pytest.raises(refusals.Resolved):
        post(waits, key="late", by=me, now=now)
