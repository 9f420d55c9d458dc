"""Many at one account on real connections: the last euro is spent once, a key moves once, all is decided once."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, connections, transaction
from tests.racing import at_once

from egard.kernel.ledger import queries
from egard.kernel.ledger.checks import ALL
from egard.kernel.ledger.closing import close_period
from egard.kernel.ledger.drafts import Draft
from egard.kernel.ledger.models import Transfer
from egard.kernel.ledger.operations import open_account, post, reverse, transfer, transfers, void
from egard.kernel.ledger.sweeping import sweep

pytestmark = pytest.mark.django_db(transaction=True)
MANY = 8
DAY = timedelta(days=1)


@pytest.fixture(params=[False, True], ids=["plain", "in lots"])
def books(request, me, now):
    """A house, a budget with five euros (in lots or not), and what they are spent on."""
    who = {"by": me, "now": now}
    house = open_account("house", unit="EUR", kind="expense", **who)
    more = {"limit": "no_negative", "lots": request.param}
    budget = open_account("budget", unit="EUR", kind="liability", **more, **who)
    cost = open_account("cost", unit="EUR", kind="income", **who)
    ends = now + DAY if request.param else None
    transfer(debit=house, credit=budget, amount=500, key="fund", lot_expires_at=ends, **who)
    yield budget, cost
    assert not [words for check in ALL for words in check.find()]


def test_the_last_euro_is_spent_once(books, me, now):
    budget, cost = books

    def spend(n):
        return lambda: transfer(debit=budget, credit=cost, amount=100, key=f"k{n}", by=me, now=now)

    told = at_once([spend(n) for n in range(MANY)])
    assert told.count("ledger.insufficient") == MANY - 5
    assert queries.balance(budget, now=now).available == 0


def test_one_key_pressed_by_many_moves_once(books, me, now):
    budget, cost = books
    told = at_once([lambda: transfer(debit=budget, credit=cost, amount=100, key="one", by=me, now=now)] * MANY)
    assert len({row.pk for row in told}) == 1
    assert queries.balance(cost).posted == 100


def test_a_pending_transfer_is_decided_once_by_whoever_comes_first(books, me, now):
    budget, cost = books
    late = now + DAY / 2 - timedelta(seconds=1)
    for n in range(3):
        held = transfer(
            debit=budget, credit=cost, amount=100, key=f"h{n}", pending=True, expires_at=now + DAY / 2, by=me, now=now
        )
        works = [lambda k=k, held=held: post(held, key=f"{held.key}:p{k}", by=me, now=late) for k in range(3)]
        works += [lambda k=k, held=held: void(held, key=f"{held.key}:v{k}", by=me, now=late) for k in range(3)]
        at_once([*works, lambda: sweep(now=now + DAY / 2)])
        assert Transfer.objects.filter(resolves=held).count() == 1


def test_a_reversal_by_many_gives_back_once(books, me, now):
    budget, cost = books
    moved = transfer(debit=budget, credit=cost, amount=300, key="one", by=me, now=now)
    works = [lambda n=n: reverse(moved, reason="back", key=f"r{n}", by=me, now=now) for n in range(MANY)]
    assert at_once(works).count("ledger.reversed_already") == MANY - 1
    assert queries.balance(budget, now=now).posted == 500


def test_what_was_closed_while_others_wrote_is_what_its_sums_say(books, me, now):
    budget, cost = books
    works = [
        lambda n=n: transfer(debit=budget, credit=cost, amount=1, key=f"k{n}", by=me, now=now) for n in range(MANY)
    ]
    later = now + timedelta(seconds=1)
    told = at_once([*works, lambda: close_period(until=later, by=me, now=later)])
    refused = told.count("ledger.period_closed")
    assert queries.balance(cost, as_of=now).posted == MANY - refused


def test_who_writes_twice_and_who_closes_in_between_do_not_wait_for_each_other(books, me, now):
    """The first transfer holds what the closing waits for; the second, maybe in lots, must not wait for the closing."""
    budget, cost = books
    house = queries.account("house", "EUR")
    later = now + timedelta(seconds=1)

    def close():
        try:
            return close_period(until=later, by=me, now=later)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        transfer(debit=house, credit=cost, amount=1, key="first", by=me, now=now)
        closing = pool.submit(close)
        _until_somebody_waits()
        transfers([Draft(debit=budget, credit=cost, amount=1, key="second")], by=me, now=now)
        transaction.on_commit(lambda: closing.result(30))
    assert closing.result().summed_at is not None
    assert queries.balance(cost, as_of=now).posted == 2


def _until_somebody_waits():
    """For a lock on the table of transfers, or for an advisory one."""
    asked = (
        "select count(*) from pg_locks l join pg_database d on d.oid = l.database"
        " where not granted and datname = current_database()"
    )
    for _turn in range(200):
        with connection.cursor() as cursor:
            cursor.execute(asked)
            if cursor.fetchone()[0]:
                return
        time.sleep(0.01)
    raise AssertionError("nobody waits")
