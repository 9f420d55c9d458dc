"""The books: statements, balances of any day, closed periods, copies and erasure, and what a check of them finds."""

from __future__ import annotations

import csv
from datetime import timedelta

import pytest
from django.db import connection
from tests.racing import at_once

from egard.base.refusal import NotFound
from egard.kernel.access.actors import NotAllowed
from egard.kernel.access.queries import viewer_for
from egard.kernel.ledger import queries, refusals, statements
from egard.kernel.ledger.checks import ALL
from egard.kernel.ledger.closing import add_up, close_period
from egard.kernel.ledger.models import Account, Closing, ClosingSum, Transfer
from egard.kernel.ledger.operations import open_account, post, reverse, transfer
from egard.kernel.lifecycle.operations import erase_person, export_person, merge_persons

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def month(me, now):
    """A till with ten days of sales, one held back, one corrected."""
    who = {"by": me, "now": now}
    sales = open_account("sales", unit="EUR", kind="income", **who)
    till = open_account("till", unit="EUR", kind="asset", limit="no_negative", name="Till of Lyon", **who)
    for day in range(10):
        transfer(debit=till, credit=sales, amount=100 + day, key=f"s{day}", reason="=1+1", by=me, now=now + day * DAY)
    transfer(debit=sales, credit=till, amount=50, key="hold", pending=True, by=me, now=now + 9 * DAY)
    return till, sales


def running(found):
    return [(entry.amount, entry.balance) for entry in found]


def test_a_statement_tells_each_entry_with_what_was_held_then(month, everything, now):
    till, sales = month
    newest = statements.page(till, since=None, until=None, limit=4)
    assert running(newest.items) == [(109, 1045), (108, 936), (107, 828), (106, 721)]
    more = statements.page(till, since=None, until=None, limit=20, cursor=newest.next)
    assert running(more.items)[-1] == (100, 100)
    assert more.next is None
    some = statements.page(sales, since=now + 2 * DAY, until=now + 4 * DAY)
    assert running(some.items) == [(103, 406), (102, 303)]
    assert {entry.other_code for entry in some.items} == {"till"}


def test_a_statement_is_a_file_with_decimals_that_no_spreadsheet_runs(month, now, monkeypatch):
    till, _sales = month
    monkeypatch.setattr(statements, "FILE_PAGE", 3)
    text = b"".join(statements.csv_pieces(till, since=now + DAY, until=None)).decode("utf-8-sig")
    rows = list(csv.DictReader(text.splitlines()))
    assert [(row["amount"], row["balance"]) for row in rows][:2] == [("1.01", "2.01"), ("1.02", "3.03")]
    assert len(rows) == 9
    assert rows[0]["reason"] == "'=1+1"


@pytest.mark.django_db(transaction=True)
def test_a_file_is_of_one_moment_whatever_is_written_while_it_is_read(month, me, now, monkeypatch):
    till, sales = month
    monkeypatch.setattr(statements, "FILE_PAGE", 3)
    pages, ask = [], statements.entries

    def asked(*args, **more):
        if len(pages) == 2:  # meanwhile somebody books what was forgotten on the third day, which was read, and later
            told = {"debit": till, "credit": sales, "amount": 1, "by": me, "now": now + 20 * DAY}
            at_once([lambda: [transfer(**told, key=f"late {day}", at=now + day * DAY) for day in (2, 8)]])
        pages.append(1)
        return ask(*args, **more)

    monkeypatch.setattr(statements, "entries", asked)
    text = b"".join(statements.csv_pieces(till, since=None, until=None)).decode("utf-8-sig")
    rows = list(csv.DictReader(text.splitlines()))
    assert [row["balance"] for row in rows] == [f"{sum(range(100, 101 + day)) / 100:.2f}" for day in range(10)]
    assert Transfer.objects.filter(key__startswith="late").count() == 2


def test_the_balance_of_any_day_is_what_was_dated_by_then(month, me, now):
    till, sales = month
    assert queries.balance(till, as_of=now - DAY).posted == 0
    assert queries.balance(till, as_of=now + 2 * DAY).posted == 303
    transfer(debit=till, credit=sales, amount=7, key="forgotten", at=now + DAY / 2, by=me, now=now + 20 * DAY)
    assert queries.balance(till, as_of=now + 2 * DAY).posted == 310
    assert queries.balance(till).posted == 1052


def test_a_closed_period_takes_nothing_more_and_the_correction_stands_in_the_open_one(month, me, now):
    till, sales = month
    until = now + 5 * DAY
    closed = close_period(until=until, note="first half", by=me, now=now + 10 * DAY)
    assert closed.summed_at
    assert ClosingSum.objects.get(account=till).debits == 510
    wrong = Transfer.objects.get(key="s1")
    later = {"by": me, "now": now + 11 * DAY}
    for dated in (until - timedelta(microseconds=1), now):
        with pytest.raises(refusals.PeriodClosed):
            transfer(debit=till, credit=sales, amount=7, key="late", at=dated, **later)
        with pytest.raises(refusals.PeriodClosed):
            reverse(wrong, reason="twice", key="back", at=dated, **later)
    with pytest.raises(refusals.PeriodClosed):  # a clock that runs behind
        transfer(debit=till, credit=sales, amount=7, key="late", by=me, now=now)
    transfer(debit=till, credit=sales, amount=7, key="edge", at=until, **later)
    reverse(wrong, reason="twice", key="back", **later)
    assert queries.balance(till, as_of=now + 4 * DAY).posted == 510
    assert queries.balance(till, as_of=until).posted == 510 + 105 + 7
    assert queries.balance(till).posted == 1045 + 7 - 101


def test_books_are_closed_forward_and_never_for_the_future(month, me, now):
    close_period(until=now + DAY, by=me, now=now + 2 * DAY)
    for until in (now + DAY, now, now + 3 * DAY):
        with pytest.raises(refusals.BadClosing):
            close_period(until=until, by=me, now=now + 2 * DAY)
    close_period(until=now + 2 * DAY, by=me, now=now + 2 * DAY)
    assert [row.until for row in Closing.objects.order_by("-until")] == [now + 2 * DAY, now + DAY]


def test_sums_that_a_dead_process_left_out_are_written_later(month, me, now):
    till, _sales = month
    Closing.objects.create(until=now + 3 * DAY, closed_at=now + 4 * DAY, by=str(me))
    assert queries.balance(till, as_of=now + 3 * DAY).posted == 406  # also without them
    assert add_up(now=now + 5 * DAY) == 1
    assert add_up(now=now + 5 * DAY) == 0
    assert queries.balance(till, as_of=now + 3 * DAY).posted == 406


def test_who_may_read_the_books(month, make_user, make_person, me, now):
    till, _sales = month
    agent, keeper = viewer_for(make_user("agent")), viewer_for(make_user("administrator"))
    for asked in (queries.accounts, queries.totals, queries.closings):
        with pytest.raises(NotAllowed):
            asked(agent)
    assert [one.account.code for one in queries.accounts(keeper, unit="EUR").items] == ["sales", "till"]
    assert [one.balance.posted for one in queries.accounts(keeper, code="Lyon").items] == [1045]
    assert queries.holding(keeper, till.uuid) == till
    assert [row.key for row in queries.waiting(keeper, till)] == ["hold"]
    with pytest.raises(NotFound):
        queries.holding(keeper, Transfer.objects.first().uuid)
    held = Transfer.objects.get(key="hold")
    assert queries.state_of(keeper, queries.found_transfer(keeper, held.uuid)) == "pending"
    post(held, key="taken", by=me, now=now + 9 * DAY)
    assert queries.state_of(keeper, held) == "posted"
    assert [(one.unit, one.moved, one.pending) for one in queries.totals(keeper)] == [("EUR", 1095, 0)]


def test_a_persons_accounts_follow_her_and_sums_stay_when_she_is_erased(make_person, everything, me, now):
    anne, nan = make_person("Anne"), make_person("Nan")
    who = {"by": me, "now": now}
    house = open_account("house", unit="EUR", kind="expense", **who)
    for n, person in enumerate((anne, nan)):
        wallet = open_account(
            f"wallet:{person.uuid}", unit="EUR", kind="liability", owner=person, name=f"Of {person}", **who
        )
        transfer(debit=house, credit=wallet, amount=100 + n, key=f"w{n}", reason="Sorry, Anne", **who)
    merge_persons(anne, nan, **who)
    anne.refresh_from_db()
    both = queries.accounts(everything, person=queries.Person.objects.get(pk=anne.pk))
    assert sorted(one.balance.posted for one in both.items) == [100, 101]
    copy = export_person(everything, anne, now=now)
    assert copy["ledger"][0]["entries"][0]["reason"] == "Sorry, Anne"
    erase_person(anne, **who)
    assert not Transfer.objects.exclude(reason="").exists()
    assert not Account.objects.exclude(name="").exists()
    assert queries.balance(house).posted == 201


SABOTAGE = {
    "ledger.sums": "update ledger_sum set debits_posted = debits_posted + 1 where not limited and stripe = 0",
    "ledger.entries": "update ledger_sum set debits_posted = debits_posted + 1 where limited",
    "ledger.limits": "update ledger_transfer set amount = 9999 where key = 'spent'",
    "ledger.units": "update ledger_account set unit = 'USD' where code = 'house'",
    "ledger.pending": "delete from ledger_pending",
    "ledger.reversals": "update ledger_transfer set amount = 1 where key = 'spent'",
    "ledger.lots": "update ledger_lot set remaining = remaining - 1",
    "ledger.closings": "update ledger_transfer set at = at - interval '2 days' where key = 'spent'",
}


@pytest.fixture
def busy(me, now):
    """A little of everything, with a closed day."""
    who = {"by": me, "now": now}
    house = open_account("house", unit="EUR", kind="expense", **who)
    purse = open_account("purse", unit="EUR", kind="liability", limit="no_negative", lots=True, **who)
    shop = open_account("shop", unit="EUR", kind="income", **who)
    transfer(debit=house, credit=purse, amount=500, key="given", by=me, now=now - 2 * DAY)
    close_period(until=now - DAY, **who)
    spent = transfer(debit=purse, credit=shop, amount=200, key="spent", **who)
    reverse(spent, amount=50, reason="back", key="back", **who)
    transfer(debit=purse, credit=shop, amount=100, key="held", pending=True, **who)


def findings():
    return {check.name: list(check.find()) for check in ALL}


def test_sound_books_give_nothing_to_say(busy):
    assert not any(findings().values())


@pytest.mark.parametrize("name", SABOTAGE)
def test_each_check_says_what_is_wrong(busy, name):
    with connection.cursor() as cursor:
        cursor.execute("set constraints all immediate")
        for table in ("transfer", "sum", "account", "lot", "lot_use"):
            cursor.execute(f"alter table ledger_{table} disable trigger user")
        cursor.execute(SABOTAGE[name])
    found = findings()[name]
    assert found
    assert all(len(words) > 20 and words.endswith((".", "!")) for words in found), found
