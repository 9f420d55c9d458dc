"""What staff see of gestures on their pages."""

from __future__ import annotations

import pytest
from django.conf import settings as django_settings

from egard.base.clock import utc_now
from egard.journeys.gestures import queries, worklists
from egard.journeys.gestures.journey import journey
from egard.journeys.gestures.models import Voucher
from egard.journeys.gestures.operations import grant
from egard.journeys.gestures.rules import codes
from egard.journeys.gestures.tests.giving import furnish
from egard.kernel.access.models import Sight

pytestmark = pytest.mark.django_db


@pytest.fixture
def house(make_user, me):
    return furnish(make_user, me, utc_now())


@pytest.fixture
def anne(make_person):
    return make_person("Anne", "Lebœuf")


@pytest.fixture
def camille(client, house):
    client.force_login(house.camille, django_settings.AUTHENTICATION_BACKENDS[0])
    return client


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_price_that_is_none_is_said_beside_its_field_and_what_was_typed_stays(camille, house, anne, language):
    house.camille.language = language
    house.camille.save()
    words = {"en": "at most 2 decimals", "fr": "décimales"}[language]
    page = camille.get(f"/gestures/for/{anne.uuid}/?price=12,345").content.decode()
    beside = page.partition('id="g-price-error"')[2].partition("</div>")[0]
    assert words in beside
    assert 'value="12,345"' in page
    right = camille.get(f"/gestures/for/{anne.uuid}/?price=12,34").content.decode()
    assert "error-text" not in right.partition('id="g-price-error"')[2].partition("</div>")[0]


def test_the_page_of_a_gesture_masks_its_voucher_shows_it_on_a_logged_click_and_revokes_it(client, house, anne):
    made = grant(house.adviser, anne, "voucher", 2_000, key="v", now=house.now)
    held = Voucher.objects.get(gesture=made)
    client.force_login(house.nadia, django_settings.AUTHENTICATION_BACKENDS[0])
    page = client.get(f"/gestures/{made.uuid}/").content.decode()
    assert codes.hidden(held.code) in page
    assert codes.shown(held.code) not in page
    assert "€20.00 is left of €20.00." in page
    assert not Sight.objects.filter(kind="voucher").exists()
    assert codes.shown(held.code) in client.post(f"/gestures/{made.uuid}/code/").content.decode()
    sight = Sight.objects.get(kind="voucher")
    assert (sight.person_id, sight.detail) == (anne.pk, codes.hidden(held.code))
    told = {"voucher": held.uuid, "reason": "The letter was stolen"}
    after = client.post(f"/gestures/{made.uuid}/revocation/", told, follow=True).content.decode()
    assert "what is left of it can no longer be used" in after
    held.refresh_from_db()
    assert (held.ended_as, held.ended_why) == ("revoked", "The letter was stolen")


def test_who_agrees_sees_the_price_that_was_paid(house, anne, monkeypatch):
    made = grant(house.adviser, anne, "credit", 9_000, key="c", now=house.now)
    monkeypatch.setattr(queries, "paid", lambda viewer, person, number, currency: 1_390)
    assert worklists.deciding(house.lead, made, house.now)["price"] == "€13.90"


def test_no_two_entries_of_the_menu_have_the_same_icon():
    icons = [entry.icon for entry in journey.menu]
    assert len(set(icons)) == len(icons)
    assert "chart-line" not in icons  # that of the figures on promises
