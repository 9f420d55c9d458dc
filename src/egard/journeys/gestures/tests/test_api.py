"""Gestures, vouchers and budgets for programs and tills."""

from __future__ import annotations

import pytest

from egard.journeys.gestures import budgets, catalogues, figures
from egard.journeys.gestures.models import Gesture, Voucher
from egard.journeys.gestures.operations import grant
from egard.journeys.gestures.tests.giving import furnish
from egard.kernel.access.operations import create_api_key
from egard.kernel.access.queries import system_viewer, viewer_for

pytestmark = pytest.mark.django_db
JSON = "application/json"


@pytest.fixture
def house(make_user, me, now):
    from egard.base.clock import utc_now

    return furnish(make_user, me, utc_now())


@pytest.fixture
def anne(make_person):
    return make_person("Anne", "Lebœuf", language="en")


@pytest.fixture
def call(client, house):
    """As a member of staff: `call(house.camille, "gestures", {...})` posts, without a body it gets."""

    def ask(user, path, body=None):
        client.force_login(user)
        address = f"/api/v1/{path}"
        return client.get(address) if body is None else client.post(address, body, content_type=JSON)

    return ask


def test_it_is_proposed_then_given_and_the_answer_tells_all_of_the_act(call, house, anne):
    asked = {"person": str(anne.uuid), "price": {"amount": 1390, "currency": "EUR"}}
    proposed = call(house.camille, "gestures", asked).json()["proposals"]
    assert proposed[0]["kind"] == "redelivery"
    assert proposed[0]["worth"] == {"amount": 2190, "currency": "EUR"}
    assert {reason["code"] for reason in proposed[0]["reasons"]} >= {
        "restores",
        "responsibility",
        "severity",
        "authority",
    }
    made = call(house.camille, "gestures", {**asked, "kind": "redelivery", "amount": asked["price"]})
    assert made.status_code == 201
    assert [one["kind"] for one in made.json()["gestures"]] == ["redelivery", "apology", "cookie", "credit"]
    listed = call(house.camille, f"gestures?person={anne.uuid}").json()["items"]
    assert [one["kind"] for one in listed] == ["redelivery"]
    one = call(house.camille, f"gestures/{listed[0]['id']}").json()["gestures"]
    assert len(one) == 4


@pytest.mark.parametrize("amount", [0, -5, 0.5, 4.5, "500", None, 10**16])
def test_an_amount_that_nobody_means_is_refused_at_the_door(call, house, anne, amount):
    body = {"person": str(anne.uuid), "kind": "credit", "amount": {"amount": amount, "currency": "EUR"}}
    answer = call(house.camille, "gestures", body)
    assert answer.status_code == 422
    assert answer.json()["fields"]
    assert not Gesture.objects.exists()


def test_a_key_that_is_sent_twice_gives_once(client, house, anne):
    client.force_login(house.camille)
    body = {"person": str(anne.uuid), "kind": "credit", "amount": {"amount": 500, "currency": "EUR"}}
    told = [
        client.post("/api/v1/gestures", body, content_type=JSON, headers={"Idempotency-Key": "one"}).json()
        for _twice in range(2)
    ]
    assert told[0] == told[1]
    assert Gesture.objects.count() == 1


def test_a_second_person_agrees_by_the_api_and_nobody_to_her_own(call, house, anne):
    body = {"person": str(anne.uuid), "kind": "credit", "amount": {"amount": 9000, "currency": "EUR"}}
    waiting = call(house.camille, "gestures", body).json()["gestures"][0]
    assert (waiting["state"], waiting["waits_for"]) == ("waiting", "authority")
    address = f"gestures/{waiting['id']}/approval"
    assert call(house.camille, address, {}).json()["code"] == "access.not_allowed"
    less = {"agreed": True, "amount": {"amount": 6000, "currency": "EUR"}, "reason": "Half is enough"}
    agreed = call(house.nadia, address, less).json()["gestures"][0]
    assert (agreed["state"], agreed["desired"]["amount"], agreed["amount"]["amount"]) == ("granted", 9000, 6000)
    assert call(house.nadia, address, {}).json()["code"] == "gestures.not_waiting"
    own = call(
        house.nadia,
        "gestures",
        {**body, "kind": "refund", "amount": {"amount": 200000, "currency": "EUR"}, "proof": True},
    )
    own = own.json()["gestures"][0]
    assert own["state"] == "waiting"
    assert call(house.nadia, f"gestures/{own['id']}/approval", {}).json()["code"] == "gestures.four_eyes"
    back = call(house.nadia, f"gestures/{agreed['id']}/reversal", {"reason": "The wrong client"})
    assert back.json()["gestures"][0]["state"] == "reversed"


def test_a_till_checks_and_uses_a_voucher_with_a_key_of_its_own(client, house, anne, me):
    made = grant(house.adviser, anne, "voucher", 2000, key="v", now=house.now)
    code = Voucher.objects.get(gesture=made).code
    _key, secret = create_api_key(name="till", scopes=["gestures.redeem"], by=me, now=house.now)
    auth = {"Authorization": f"Bearer {secret}"}
    seen = client.get(f"/api/v1/vouchers/{code}", headers=auth).json()
    assert (seen["state"], seen["left"]["amount"], seen["channels"]) == ("usable", 2000, ["shop", "web", "phone"])
    body = {"amount": {"amount": 1250, "currency": "EUR"}, "channel": "shop", "reference": "T-77"}
    used = client.post(f"/api/v1/vouchers/{code}/redemptions", body, content_type=JSON, headers=auth)
    assert used.status_code == 201
    assert used.json()["voucher"]["left"]["amount"] == 750
    undone = f"/api/v1/vouchers/{code}/redemptions/{used.json()['id']}/reversal"
    assert (
        client.post(undone, {"reason": "wrong till"}, content_type=JSON, headers=auth).json()["voucher"]["left"][
            "amount"
        ]
        == 2000
    )
    by_body = client.post("/api/v1/vouchers/check", {"code": code}, content_type=JSON, headers=auth).json()
    assert (by_body["code"], by_body["left"]["amount"]) == (code, 2000)
    part = {**body, "code": code}
    once = client.post("/api/v1/vouchers/redemptions", part, content_type=JSON, headers=auth).json()
    undone = f"/api/v1/vouchers/{by_body['id']}/redemptions/{once['id']}/reversal"
    assert client.post(undone, {"reason": "again"}, content_type=JSON, headers=auth).status_code == 201
    assert client.get("/api/v1/vouchers/XXXX", headers=auth).status_code == 404
    assert client.get(f"/api/v1/people/{anne.uuid}", headers=auth).status_code == 403
    client.force_login(house.nadia)
    revoked = client.post(f"/api/v1/vouchers/{code}/revocation", {"reason": "stolen"}, content_type=JSON)
    assert revoked.json()["state"] == "revoked"


def test_budgets_are_set_never_below_what_is_spent_and_tell_desired_beside_given(call, house, anne):
    period = f"{house.now:%Y-%m}"
    body = {"team": str(house.team.pk), "period": period, "amount": {"amount": 1000, "currency": "EUR"}}
    assert call(house.nadia, "budgets", body).status_code == 201
    for n in range(3):
        grant(house.adviser, anne, "credit", 400, key=str(n), now=house.now)
    told = call(house.nadia, "budgets").json()["items"][0]
    assert {name: told[name]["amount"] for name in ("amount", "spent", "left", "desired", "granted", "waiting")} == {
        "amount": 1000, "spent": 800, "left": 200, "desired": 1200, "granted": 800, "waiting": 400
    }  # fmt: skip
    lower = call(house.nadia, "budgets", {**body, "amount": {"amount": 799, "currency": "EUR"}})
    assert lower.json()["code"] == "gestures.bad_budget"
    assert call(house.nadia, "budgets", {**body, "amount": {"amount": 800, "currency": "EUR"}}).status_code == 201
    for wrong in ("2026-13", "2020-01", "soon"):
        assert call(house.nadia, "budgets", {**body, "period": wrong}).json()["code"] == "gestures.bad_budget"
    assert call(house.camille, "budgets").status_code == 403


def test_a_catalogue_is_published_with_its_findings_by_line(call, house, make_user):
    admin = make_user("administrator")
    told = call(admin, "gesture-catalogue").json()
    assert "credit" in {kind["name"] for kind in told["kinds"]}
    wrong = call(admin, "gesture-catalogue", {"file": catalogues.source().replace("form: refund", "form: money", 1)})
    assert wrong.json()["code"] == "gestures.bad_catalogue"
    assert "line 72" in wrong.json()["fields"]
    francs = call(admin, "gesture-catalogue", {"file": catalogues.source().replace("currency: EUR", "currency: CHF")})
    assert francs.json()["code"] == "gestures.bad_catalogue"
    fewer = catalogues.source().split("  bouquet:")[0]
    assert call(admin, "gesture-catalogue", {"file": fewer}).status_code == 201
    assert "bouquet" not in {kind["name"] for kind in call(admin, "gesture-catalogue").json()["kinds"]}
    assert call(house.camille, "gesture-catalogue", {"file": fewer}).status_code == 403


def test_asking_costs_the_same_after_many_gestures(call, house, anne, django_assert_max_num_queries):
    for n in range(12):
        grant(house.adviser, anne, "credit", 100, key=str(n), now=house.now)
    call(house.camille, "gestures")
    with django_assert_max_num_queries(10):
        assert len(call(house.camille, "gestures").json()["items"]) == 12
    with django_assert_max_num_queries(30):
        call(house.camille, "gestures", {"person": str(anne.uuid)})


def test_the_operations_of_the_house_are_the_same(house):
    """What the API translates is asked here by name, too."""
    row = budgets.set_budget(system_viewer("test"), house.team, "2030", house_money(100), now=house.now)
    assert budgets.running(viewer_for(house.camille), first=None, currency="EUR", now=house.now) is None
    assert budgets.left(row) == 100
    assert figures.figures(house.lead, now=house.now).repaired.n == 0


def house_money(amount):
    from egard.base.money import Money

    return Money(amount, "EUR")
