"""Codes of vouchers are not found by trying them, and stand in no address."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings as django_settings

from egard.base.clock import utc_now
from egard.journeys.gestures.guesses import WRONG_MAX
from egard.journeys.gestures.models import Redemption, Voucher, WrongCode
from egard.journeys.gestures.operations import grant
from egard.journeys.gestures.rules import codes
from egard.journeys.gestures.tests.giving import furnish
from egard.kernel.access.operations import create_api_key

pytestmark = pytest.mark.django_db
JSON = "application/json"


@pytest.fixture
def house(make_user, me):
    return furnish(make_user, me, utc_now())


@pytest.fixture
def code(house, make_person):
    made = grant(house.adviser, make_person("Anne", "Lebœuf"), "voucher", 2_000, key="v", now=house.now)
    return Voucher.objects.get(gesture=made).code


def test_after_twenty_wrong_codes_a_till_waits_ten_minutes_whatever_it_sends(client, house, code, me):
    _key, secret = create_api_key(name="till", scopes=["gestures.redeem"], by=me, now=house.now)
    _other, other = create_api_key(name="another", scopes=["gestures.redeem"], by=me, now=house.now)

    def ask(path, typed, *, key=secret, once="", place="10.0.0.1"):
        more = {"Idempotency-Key": once} if once else {}
        headers = {"Authorization": f"Bearer {key}", **more}
        body = {"code": typed}
        return client.post(f"/api/v1/vouchers/{path}", body, content_type=JSON, headers=headers, REMOTE_ADDR=place)

    for n in range(WRONG_MAX):  # by either way, and also where the answer is rolled back
        told = ask(("check", "redemptions")[n % 2], codes.new_code(), once=f"k{n}" if n % 3 else "")
        assert told.status_code == 404
    assert ask("check", code).json()["code"] == "gestures.too_many_wrong_codes"
    refused = ask("redemptions", code)
    assert (refused.status_code, 0 < int(refused["Retry-After"]) <= 600) == (429, True)
    assert ask("check", code, key=other).status_code == 429  # the same place
    assert ask("check", code, key=secret, place="10.0.0.2").status_code == 429  # the same till
    assert ask("check", code, key=other, place="10.0.0.2").status_code == 200
    assert not Redemption.objects.exists()
    assert not {code, codes.shown(code)} & {str(value) for row in WrongCode.objects.values() for value in row.values()}
    WrongCode.objects.update(at=house.now - timedelta(minutes=11))
    assert ask("check", code).status_code == 200


def test_the_counter_posts_codes_shows_a_use_by_its_own_id_and_waits_after_twenty_wrong_ones(client, house, code):
    client.force_login(house.camille, django_settings.AUTHENTICATION_BACKENDS[0])
    seen = client.post("/counter/", {"code": codes.shown(code)})
    assert "€20.00" in seen.content.decode()
    used = client.post("/counter/", {"code": code, "amount": "5", "key": "k"})
    assert (used.status_code, code in used["Location"]) == (302, False)
    page = client.get(used["Location"]).content.decode()
    assert "€5.00 taken off." in page
    assert "€15.00 is left on the voucher." in page
    undone = client.post("/counter/undoing/", {"used": Redemption.objects.get().uuid}, follow=True)
    assert "the amount is on the voucher again" in undone.content.decode()
    for _n in range(WRONG_MAX):
        assert client.post("/counter/", {"code": "XXXX"}).status_code == 404
    full = client.post("/counter/", {"code": code})
    assert (full.status_code, "Retry-After" in full.headers) == (429, True)
    assert "Many wrong codes were tried here" in full.content.decode()
