"""Payments on the pages: seen, given back once, differences settled."""

from __future__ import annotations

import re

import pytest

from egard.base.clock import utc_now
from egard.base.ids import new_id
from egard.base.money import Money
from egard.kernel.payments import carrying, operations
from egard.kernel.payments.models import Difference
from egard.kernel.payments.sandbox import Sandbox

pytestmark = pytest.mark.django_db


@pytest.fixture
def paid(make_person, me):
    def run(kind="approve", euros=20):
        now, anne = utc_now(), make_person("Anne", "Lebœuf")
        card = operations.save_instrument(anne, f"sandbox_{kind}", key=f"card-{new_id()}", by=me, now=now)
        made = operations.charge(anne, card, Money(euros * 100, "EUR"), key=f"pay-{new_id()}", by=me, now=now)
        return carrying.settle(made, now=now)

    return run


def test_a_refund_is_made_once_however_often_the_button_is_pressed(client, make_user, paid):
    client.force_login(make_user("supervisor", language="en"))
    row = paid()
    assert "Anne Lebœuf" in client.get("/admin/payments/").content.decode()
    page = f"/admin/payments/{row.pk}/"
    key = re.search(r'name="key" value="([^"]+)"', client.get(page).content.decode())[1]
    for _press in range(2):
        assert client.post(page, {"key": key, "amount": "5,50", "to": "card", "reason": "broken"}).status_code == 302
    row.refresh_from_db()
    assert row.refunded == 5_50
    for typed in ("0,005", "-1", "", "100"):
        assert client.post(page, {"key": "another", "amount": typed}).status_code in (409, 422)
    assert client.post(page, {"key": "wallet", "amount": "14.50", "to": "wallet"}).status_code == 302
    shown = client.get(page).content.decode()
    assert "€20.00" in shown
    assert "Give money back" not in shown  # nothing is left


def test_an_agent_sees_payments_and_gives_nothing_back(client, make_user, paid):
    client.force_login(make_user("agent", language="en"))
    page = f"/admin/payments/{paid().pk}/"
    assert "Give money back" not in client.get(page).content.decode()
    assert client.post(page, {"key": "k", "amount": "5"}).status_code == 403
    assert client.get("/admin/payments/differences/").status_code == 403
    client.force_login(make_user("analyst", language="en"))
    assert client.get("/admin/payments/").status_code == 403


def test_in_the_sandbox_a_challenge_is_answered_in_the_clients_place(client, make_user, paid):
    client.force_login(make_user("agent", language="en"))
    row = paid("challenge")
    page = f"/admin/payments/{row.pk}/"
    assert "The client has to confirm" in client.get(page).content.decode()
    client.post(f"{page}answer/", {"yes": "1"})
    row.refresh_from_db()
    assert row.state == "captured"
    assert client.post(f"{page}answer/", {"yes": "1"}).status_code == 404


def test_a_difference_is_found_by_a_click_and_settled_with_a_word(client, make_user, paid):
    client.force_login(make_user("administrator", language="en"))
    row, hand = paid(), str(new_id())
    Sandbox().refund(row.reference, Money(1_00, "EUR"), key=hand, now=utc_now())
    assert client.post("/admin/payments/differences/").status_code == 302
    assert hand in client.get("/admin/payments/differences/").content.decode()
    found = Difference.objects.get(reference=hand)
    client.post(f"/admin/payments/differences/{found.pk}/", {"note": "by hand in the shop"})
    assert hand not in client.get("/admin/payments/differences/").content.decode()
    assert "by hand in the shop" in client.get("/admin/payments/differences/?settled=1").content.decode()
    assert "sandbox_decline" in client.get("/admin/payments/sandbox/").content.decode()
