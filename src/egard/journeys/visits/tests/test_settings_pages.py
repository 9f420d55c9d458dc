"""Shops, reasons and who receives are set on pages, with what is wrong beside its field."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from egard.base.clock import utc_now
from egard.journeys.visits.models import Reason, Rota, Shop

SHOP, NEW = "/visits/settings/shops/lyon-2/", "/visits/settings/reasons/new/"


@pytest.fixture
def manager(shop, make_user):
    client = Client(headers={"accept-language": "en"})
    client.force_login(make_user("supervisor"))
    return client


def test_the_week_and_single_days_are_kept_and_what_is_wrong_is_said_beside_its_day(shop, manager):
    soon = (utc_now() + timedelta(days=40)).date().isoformat()
    week = {"what": "hours", "holidays": "FR", "mon-from": ["09:00", "14:00"], "mon-to": ["12:30", "00:00"]}
    assert manager.post(SHOP, {**week, "x-date": [soon], "x0-from": [""], "x0-to": [""]}).status_code == 302
    hours = Shop.objects.get().hours
    assert hours["week"] == {"mon": ["09:00-12:30", "14:00-24:00"]}
    assert hours["exceptions"] == {soon: []}
    assert 'value="14:00"' in manager.get(SHOP).content.decode()
    wrong = manager.post(SHOP, {**week, "tue-from": ["18:00"], "tue-to": ["09:00"]})
    text = wrong.content.decode()
    assert wrong.status_code == 422
    assert "It closes before it opens" in text
    assert 'name="tue-from" value="18:00"' in text
    assert Shop.objects.get().hours == hours


def test_a_reason_has_its_questions_and_comes_back_as_it_was_typed(shop, manager):
    told = {
        "name_fr": "Essai de vélo", "name_en": "Test ride", "minutes": "30", "step_minutes": "30",
        "horizon_days": "14",
        "notice_minutes": "120", "change_minutes": "1440", "is_public": "on", "q-key": ["", ""], "q-en": ["Size?", ""],
        "q-fr": ["Quelle taille ?", ""], "q-kind": ["choice", "text"],
        "q-choices": ["Petit | Small\nGrand | Large", ""],
        "q-required": "0",
    }  # fmt: skip
    assert manager.post(NEW, told).status_code == 302
    made = Reason.objects.get(code="test-ride")
    assert (made.name["fr"], made.notice_minutes, made.change_minutes) == ("Essai de vélo", 120, 1440)
    assert [one["value"] for one in made.questions[0]["choices"]] == ["petit", "grand"]
    assert made.questions[0]["required"]
    assert "Petit | Small" in manager.get("/visits/settings/reasons/test-ride/").content.decode()
    wrong = manager.post(NEW, {**told, "minutes": "9999"})
    assert wrong.status_code == 422
    assert 'value="9999" aria-invalid="true"' in wrong.content.decode()


def test_who_receives_is_set_with_her_own_hours(shop, manager, make_user):
    paul = make_user("adviser", name="Paul Ba")
    told = {"what": "host", "user": str(paul.pk), "reason": ["return"], "own": "on", "max_per_day": "6",
            "feed": "https://calendar.example.org/paul.ics",
            "tue-from": ["10:00"], "tue-to": ["12:00"]}  # fmt: skip
    assert manager.post(SHOP, told).status_code == 302
    rota = Rota.objects.get(resource__user=paul)
    assert rota.hours["week"] == {"tue": ["10:00-12:00"]}
    assert (rota.resource.max_per_day, rota.resource.feed) == (6, "https://calendar.example.org/paul.ics")
    assert manager.post(SHOP, {"what": "room", "name": "Booth 1", "kind": "booth"}).status_code == 302
    assert "Booth 1" in manager.get(SHOP).content.decode()


def test_an_adviser_changes_none_of_it(shop):
    client = Client()
    client.force_login(shop.claire)
    for path in (SHOP, NEW, "/visits/settings/"):
        assert client.get(path).status_code == 403
