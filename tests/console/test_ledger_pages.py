"""The books on the pages: who keeps them sees accounts, statements with a running balance, and closes periods."""

from __future__ import annotations

import csv
from datetime import timedelta

import pytest
from django.urls import reverse

from egard.base.clock import utc_now
from egard.kernel.access.models import Sight
from egard.kernel.ledger.models import Closing
from egard.kernel.ledger.operations import open_account, transfer
from egard.kernel.ledger.operations import reverse as take_back

pytestmark = pytest.mark.django_db


@pytest.fixture
def books(me, make_person):
    """A budget that gave, and a purse of Anne's in lots."""
    now = utc_now() - timedelta(days=10)
    who = {"by": me, "now": now}
    house = open_account("house:funds", unit="EUR", kind="equity", name="Funds of the house", **who)
    budget = open_account("budget:lyon", unit="EUR", kind="liability", limit="no_negative", name="Lyon, March", **who)
    anne = make_person("Anne", "Lebœuf")
    purse = open_account(
        f"wallet:{anne.uuid}", unit="EUR", kind="liability", limit="no_negative", lots=True, owner=anne, **who
    )
    transfer(debit=house, credit=budget, amount=150_000, key="fund", **who)
    ends = utc_now() + timedelta(days=90)
    given = transfer(debit=budget, credit=purse, amount=500, key="g", reason="Late parcel", lot_expires_at=ends, **who)
    take_back(given, amount=200, reason="Counted twice", key="b", by=me, now=now + timedelta(days=1))
    transfer(debit=budget, credit=house, amount=9_000, key="hold", pending=True, **who)
    return house, budget, purse


def test_the_keeper_sees_what_each_account_holds(read_as, books):
    page = read_as("administrator").get(reverse("console:ledger")).content.decode()
    for words in ("Lyon, March", "budget:lyon", "€1,497.00", "€1,407.00", "What we owe"):
        assert words in page, words
    found = read_as("auditor", email="two@example.org").get(reverse("console:ledger"), {"q": "budget:"})
    assert "Lyon, March" in found.content.decode()
    assert "Funds of the house" not in found.content.decode().split("<tbody>")[1]
    assert Sight.objects.filter(detail="accounts budget:").exists()
    assert "console:ledger" not in read_as("agent", email="three@example.org").get("/people/").content.decode()
    assert read_as("agent", email="four@example.org").get(reverse("console:ledger")).status_code == 403


def test_a_statement_has_a_running_balance_and_says_why(read_as, books):
    _house, budget, purse = books
    client = read_as("administrator")
    page = client.get(reverse("console:ledger_account", args=[budget.uuid])).content.decode()
    for words in (
        "+€1,500.00",
        "-€5.00",
        "€1,495.00",
        "+€2.00",
        "Counted twice",
        "Not decided yet",
        "€90.00",
        "Anne Lebœuf",
    ):
        assert words in page, words
    hers = client.get(reverse("console:ledger_account", args=[purse.uuid])).content.decode()
    assert "Anne Lebœuf" in hers
    assert "What it is made of" in hers
    assert Sight.objects.filter(kind="account").count() == 1
    far = client.get(reverse("console:ledger_account", args=[budget.uuid]), {"since": "2190-01-01", "until": "no"})
    assert "Nothing moved" in far.content.decode()


def test_a_statement_is_taken_as_a_file(read_as, books):
    _house, _budget, purse = books
    answer = read_as("administrator").get(reverse("console:ledger_statement", args=[purse.uuid]))
    assert answer["Content-Disposition"].endswith(".csv")
    rows = list(csv.DictReader(answer.getvalue().decode("utf-8-sig").splitlines()))
    assert [(row["amount"], row["balance"], row["reason"]) for row in rows] == [
        ("5.00", "5.00", "Late parcel"),
        ("-2.00", "3.00", "Counted twice"),
    ]
    assert Sight.objects.filter(kind="export").exists()


def test_a_period_is_closed_by_its_last_day_and_never_for_the_future(read_as, books):
    client, page = read_as("administrator"), reverse("console:ledger")
    last = (utc_now() - timedelta(days=5)).date()
    for day in ("", "no day", "2190-01-01"):
        assert client.post(page, {"day": day}).status_code == 422
    assert client.post(page, {"day": last.isoformat(), "note": "first days"}).status_code == 302
    assert Closing.objects.get().note == "first days"
    assert "first days" in client.get(page).content.decode()
    assert client.post(page, {"day": last.isoformat()}).status_code == 422
    assert read_as("auditor", email="five@example.org").post(page, {"day": "2020-01-01"}).status_code == 403


def test_the_books_cost_the_same_however_many_accounts_and_entries(read_as, books, me, django_assert_max_num_queries):
    _house, budget, _purse = books
    client, now = read_as("administrator"), utc_now()
    for n in range(30):
        other = open_account(f"other:{n}", unit="EUR", kind="income", by=me, now=now)
        transfer(debit=budget, credit=other, amount=100, key=f"o{n}", by=me, now=now)
    client.get(reverse("console:ledger"))
    with django_assert_max_num_queries(12):
        client.get(reverse("console:ledger"))
    with django_assert_max_num_queries(12):
        client.get(reverse("console:ledger_account", args=[budget.uuid]))
