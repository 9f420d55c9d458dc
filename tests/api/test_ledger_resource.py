"""Accounts and transfers by the API: whole amounts, one transfer a key, refusals with codes."""

from __future__ import annotations

from uuid import uuid4

import pytest

from egard.kernel.access.models import Sight
from egard.kernel.ledger.models import Transfer

pytestmark = pytest.mark.django_db


@pytest.fixture
def books(program, anne):
    """A house account, a purse of Anne's in lots, a shop."""

    def opened(code, kind, **more):
        made = program.post("accounts", {"code": code, "unit": "EUR", "kind": kind, **more})
        assert made.status == 201, made
        return made.json["id"]

    purse = opened("purse", "liability", limit="no_negative", lots=True, person=anne["id"])
    return opened("house", "expense"), purse, opened("shop", "income")


@pytest.fixture
def move(program, books):
    house, purse, _shop = books

    def run(key="one", **more):
        body = {"key": key, "debit": house, "credit": purse, "amount": 500, "unit": "EUR", **more}
        return program.post("transfers", {name: value for name, value in body.items() if value is not None})

    return run


def test_value_moves_and_the_account_shows_it_with_its_lots(program, books, move):
    _house, purse, shop = books
    made = move(lot_expires_at="2190-01-01T00:00:00Z", reason="sorry", subject="case:1")
    assert (made.status, made.json["state"], made.json["amount"]) == (201, "posted", 500)
    assert move(lot_expires_at="2191-01-01T00:00:00Z", reason="sorry", subject="case:1").json == made.json
    move("three", lot_expires_at="2192-01-01T00:00:00Z", amount=100)
    spent = move("two", debit=purse, credit=shop, amount=200)
    assert program.get(f"transfers/{spent.json['id']}").json == spent.json
    account = program.get(f"accounts/{purse}").json
    assert (account["balance"], account["available"]) == (400, 400)
    assert [(lot["amount"], lot["remaining"]) for lot in account["lots_left"]] == [(500, 300), (100, 100)]
    entries = program.get(f"accounts/{purse}/entries?limit=1").json
    assert [(one["amount"], one["balance"]) for one in entries["items"]] == [(-200, 400)]
    more = program.get(f"accounts/{purse}/entries?cursor={entries['next']}").json
    told = [(one["amount"], one["balance"], one["other_code"]) for one in more["items"]]
    assert told == [(100, 600, "house"), (500, 500, "house")]
    assert [one["code"] for one in program.get("accounts?unit=EUR").json["items"]] == ["house", "purse", "shop"]
    before = program.get(f"accounts/{purse}/balance?as_of=2020-01-01T00:00:00Z").json
    assert before["balance"] == 0
    assert Sight.objects.filter(kind="account").exists()


def test_a_pending_transfer_is_posted_once_or_voided(program, books, move):
    _house, purse, shop = books
    move()
    held = move("hold", debit=purse, credit=shop, amount=300, pending=True, expires_at="2190-01-01T00:00:00Z").json
    assert held["state"] == "pending"
    assert program.get(f"accounts/{purse}").json["available"] == 200
    taken = program.post(f"transfers/{held['id']}/posting", {"key": "take", "amount": 100})
    assert (taken.status, taken.json["resolves"], taken.json["phase"]) == (201, held["id"], "post")
    assert program.post(f"transfers/{held['id']}/posting", {"key": "take", "amount": 100}).json == taken.json
    assert program.post(f"transfers/{held['id']}/void", {"key": "no"}).code == "ledger.resolved"
    assert program.get(f"transfers/{held['id']}").json["state"] == "posted"
    other = move("again", debit=purse, credit=shop, amount=300, pending=True).json
    assert program.post(f"transfers/{other['id']}/void", {"key": "back"}).status == 201
    assert program.get(f"accounts/{purse}").json["available"] == 400


def test_a_reversal_needs_a_reason_and_returns_what_was_consumed(program, books, move):
    _house, purse, shop = books
    move()
    spent = move("two", debit=purse, credit=shop, amount=200).json
    path = f"transfers/{spent['id']}/reversal"
    assert program.post(path, {"key": "r", "reason": ""}).code == "api.invalid"
    back = program.post(path, {"key": "r", "reason": "it was broken"})
    assert (back.status, back.json["reverses"]) == (201, spent["id"])
    assert program.get(f"transfers/{spent['id']}").json["reversed"] == 200
    assert program.post(path, {"key": "s", "reason": "again"}).code == "ledger.reversed_already"
    assert program.get(f"accounts/{purse}").json["balance"] == 500


def test_several_move_all_or_none(program, books):
    house, purse, shop = books
    moves = [
        {"key": "a", "debit": house, "credit": purse, "amount": 100, "unit": "EUR"},
        {"key": "b", "debit": purse, "credit": shop, "amount": 100, "unit": "EUR"},
    ]
    refused = program.post("linked-transfers", {"transfers": [*moves, {**moves[1], "key": "c"}]})
    assert refused.code == "ledger.insufficient"
    assert not Transfer.objects.exists()
    assert len(program.post("linked-transfers", {"transfers": moves}).json["items"]) == 2


@pytest.mark.parametrize("amount", [0, -5, 1.5, "500", 10**15 + 1, True, None])
def test_no_amount_that_is_none(move, amount):
    assert move(amount=amount).code == "api.invalid"
    assert not Transfer.objects.exists()


def test_what_is_refused_has_its_code(program, books, move):
    house, purse, shop = books
    move()
    assert move(amount=501).code == "ledger.key_reused"
    assert move("x", unit="USD").code == "ledger.other_unit"
    assert move("x", credit=house).code == "ledger.same_account"
    assert move("x", credit=shop, lot_expires_at="2190-01-01T00:00:00Z").code == "ledger.not_in_lots"
    assert move("x", debit=purse, credit=shop, amount=501).code == "ledger.insufficient"
    assert move("x", credit=str(uuid4())).code == "not_found"
    assert move("x", at="2190-01-01T00:00:00Z").code == "ledger.bad_transfer"
    assert program.post("accounts", {"code": "purse", "unit": "EUR", "kind": "equity"}).code == "ledger.account_differs"
    assert program.post("accounts", {"code": "x", "unit": "florin", "kind": "equity"}).code == "ledger.unknown_unit"


def test_books_that_are_closed_stay_closed(program, move):
    closed = program.post("ledger-closings", {"until": "2020-01-01T00:00:00Z", "note": "2019"})
    assert closed.status == 201
    assert move(at="2019-12-31T23:59:59Z").code == "ledger.period_closed"
    assert move(at="2020-01-01T00:00:00Z").status == 201
    assert program.post("ledger-closings", {"until": "2019-01-01T00:00:00Z"}).code == "ledger.bad_closing"
    assert [one["note"] for one in program.get("ledger-closings").json["items"]] == ["2019"]


def test_who_may_only_read_moves_nothing(make_program, books, anne):
    house, purse, _shop = books
    reader = make_program("ledger.read")
    body = {"key": "x", "debit": house, "credit": purse, "amount": 1, "unit": "EUR"}
    assert reader.post("transfers", body).code == "access.not_allowed"
    assert reader.get(f"accounts/{house}").status == 200
    assert make_program("people.read").get("accounts").code == "access.not_allowed"
