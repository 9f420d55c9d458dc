"""Payments as programs take them, give them back, and compare them."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from egard.base.clock import utc_now
from egard.base.money import Money
from egard.kernel.access.models import Sight
from egard.kernel.payments import carrying
from egard.kernel.payments.sandbox import Sandbox

pytestmark = pytest.mark.django_db


def euros(amount: int) -> dict:
    return {"amount": amount * 100, "currency": "EUR"}


@pytest.fixture
def pay(program, anne):
    def make(kind="approve", euro=20, **more):
        path = f"people/{anne['id']}/instruments"
        card = program.post(path, {"token": f"sandbox_{kind}", "key": str(uuid4())})
        assert card.status == 201, card
        body = {"key": str(uuid4()), "person": anne["id"], "instrument": card.json["id"], "amount": euros(euro), **more}
        return program.post("payments", body)

    return make


def test_a_payment_is_taken_read_and_given_back_on_the_card_and_into_the_wallet(program, pay, anne):
    paid = pay()
    assert (paid.status, paid.json["state"], paid.json["captured"]) == (201, "captured", euros(20))
    path = f"payments/{paid.json['id']}"
    back = program.post(f"{path}/refunds", {"key": "r1", "amount": euros(5)})
    assert (back.status, back.json["refunded"]) == (201, euros(5))
    into = program.post(f"{path}/refunds", {"key": "r2", "to": "wallet", "reason": "a broken dish"})
    assert (into.json["refunded"], into.json["commands"][-1]["to"]) == (euros(20), "wallet")
    assert program.post(f"{path}/refunds", {"key": "r3"}).code == "payments.too_much"
    (purse,) = program.get(f"people/{anne['id']}/wallet").json["items"]
    assert (purse["available"], purse["lots"][0]["amount"]) == (euros(15), 15_00)
    assert program.get(path).json["commands"] == into.json["commands"]
    assert [one["id"] for one in program.get(f"payments?person={anne['id']}&state=captured").json["items"]] == [
        paid.json["id"]
    ]
    assert Sight.objects.filter(kind="payment").count() >= 3


def test_the_same_key_is_the_same_payment_and_a_header_answers_before_the_provider(program, anne, carry_out):
    card = program.post(f"people/{anne['id']}/instruments", {"token": "sandbox_approve", "key": str(uuid4())}).json
    body = {"key": "order-1", "person": anne["id"], "instrument": card["id"], "amount": euros(20)}
    first = program.post("payments", body, Idempotency_Key="once")
    assert (first.status, first.json["state"]) == (201, "asked")
    carry_out(at=utc_now() + timedelta(seconds=1))
    again = program.post("payments", body)
    assert (again.json["id"], again.json["state"]) == (first.json["id"], "captured")
    assert program.post("payments", {**body, "amount": euros(21)}).code == "payments.key_reused"


def test_what_is_authorized_is_captured_or_voided(program, pay):
    one, two = pay(capture=False).json, pay(capture=False).json
    assert one["state"] == "authorized"
    taken = program.post(f"payments/{one['id']}/capture", {"key": "c1", "amount": euros(12)}).json
    assert (taken["state"], taken["captured"]) == ("captured", euros(12))
    assert program.post(f"payments/{two['id']}/void", {"key": "v1"}).json["state"] == "voided"
    assert program.post(f"payments/{two['id']}/capture", {"key": "c2"}).code == "payments.not_authorized"
    assert program.post(f"payments/{two['id']}/refunds", {"key": "r2"}).code == "payments.not_paid"


def test_what_is_declined_or_away_is_told(program, pay):
    assert (pay("decline").json["state"], pay("decline").json["code"]) == ("declined", "insufficient_funds")
    waiting = pay("timeout").json
    assert (waiting["state"], waiting["commands"][0]["outcome"]) == ("asked", "")
    carrying.listen(now=utc_now())
    assert program.get(f"payments/{waiting['id']}").json["state"] == "authorized"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"amount": {"amount": 0, "currency": "EUR"}}, "api.invalid"),
        ({"amount": {"amount": 12.5, "currency": "EUR"}}, "api.invalid"),
        ({"amount": {"amount": 5, "currency": "EURO"}}, "payments.bad_amount"),
        ({"instrument": str(uuid4())}, "not_found"),
        ({"person": str(uuid4())}, "not_found"),
        ({"key": ""}, "api.invalid"),
    ],
)
def test_what_cannot_be_paid_is_refused(program, anne, body, code):
    card = program.post(f"people/{anne['id']}/instruments", {"token": "sandbox_approve", "key": str(uuid4())}).json
    whole = {"key": str(uuid4()), "person": anne["id"], "instrument": card["id"], "amount": euros(20), **body}
    assert program.post("payments", whole).code == code


def test_a_card_that_the_provider_does_not_know_is_refused_and_one_can_be_removed(program, anne):
    path = f"people/{anne['id']}/instruments"
    assert program.post(path, {"token": "4111111111111111", "key": "n"}).code == "payments.bad_instrument"
    card = program.post(path, {"token": "sandbox_approve", "key": str(uuid4())}).json
    assert [one["id"] for one in program.get(path).json["items"]] == [card["id"]]
    assert program.delete(f"{path}/{card['id']}").json["removed_at"]
    assert program.get(path).json["items"] == []


def test_differences_are_listed_and_settled(program, pay, make_program):
    paid = pay().json
    from egard.kernel.payments.models import Payment

    reference = Payment.objects.get(pk=paid["id"]).reference
    Sandbox().refund(reference, Money(1_00, "EUR"), key=f"hand-{paid['id']}", now=utc_now())
    now = utc_now()
    period = {"since": (now - timedelta(minutes=5)).isoformat(), "until": (now + timedelta(minutes=5)).isoformat()}
    run = program.post("reconciliations", period)
    assert (run.status, run.json["differences"] >= 1) == (201, True)
    assert program.get("reconciliations").json["items"][0]["id"] == run.json["id"]
    found = [
        one
        for one in program.get("payment-differences?limit=200").json["items"]
        if one["reference"] == f"hand-{paid['id']}"
    ]
    assert (found[0]["kind"], found[0]["theirs"], found[0]["ours"]) == ("unknown_here", euros(1), None)
    settled = program.post(f"payment-differences/{found[0]['id']}/settlement", {"note": "the shop"})
    assert (settled.status, settled.json["note"]) == (201, "the shop")
    assert make_program("payments.read").get("payment-differences").code == "access.not_allowed"


def test_scopes_hold(make_program, pay):
    paid = pay().json
    reader = make_program("payments.read", "people.read")
    assert reader.get(f"payments/{paid['id']}").status == 200
    assert reader.post(f"payments/{paid['id']}/refunds", {"key": "r"}).code == "access.not_allowed"
    assert make_program("people.read").get("payments").code == "access.not_allowed"
