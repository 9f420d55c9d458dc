"""What staff see of gestures on their pages."""

from __future__ import annotations

import pytest
from django.conf import settings as django_settings

from egard.base.clock import utc_now
from egard.journeys.gestures.tests.giving import furnish

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
