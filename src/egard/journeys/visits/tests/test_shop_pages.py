"""The pages of the shop: who is expected, one tap for who comes, the adviser's day."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from egard.base.clock import utc_now
from egard.journeys.visits import reception
from egard.journeys.visits.models import Visit
from egard.journeys.visits.tests.today import shop_today
from egard.kernel.access.actors import Actor
from egard.kernel.access.models import Sight
from egard.kernel.access.operations import place_user

HTMX = {"HX-Request": "true"}


@pytest.fixture
def today(db, make_user, make_person, me):
    return shop_today(make_user, make_person, me)


@pytest.fixture
def reader(client, make_user, me, today, settings):
    """`reader("host")`: a member of staff of the shop who reads English."""
    settings.ALLOWED_HOSTS = ["testserver"]

    def sign_in(*roles):
        user = make_user(*roles, name="Inès Petit", language="en")
        place_user(user, teams=[], sites=[today.site], by=me, now=utc_now())
        client.force_login(user)
        client.user = user
        return client

    return sign_in


def page_of(client, today, **more) -> str:
    answer = client.get(f"/shop/{today.site.pk}/", **more)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_host_sees_who_waits_who_is_late_and_what_was_answered(reader, today):
    client = reader("host")
    assert client.get("/shop/").url == f"/shop/{today.site.pk}/"
    page = page_of(client, today)
    for words in ("Élodie Lebœuf", "Zoé", "Paul Roche", "late by", "A gift", "By name", "Received by Claire Martin"):
        assert words in page, words
    assert "+33" not in page  # four digits find her; the whole number stays with the server
    assert Sight.objects.filter(kind="list", detail="visits of Lyon 2").count() == 1


def test_a_tap_is_an_arrival_once_and_a_refusal_is_told_to_the_script(reader, today):
    client = reader("host")
    tap = {"at": utc_now().isoformat(), "key": "k"}
    url = f"/shop/visits/{today.paul.uuid}/arrival/"
    first, again = client.post(url, tap), client.post(url, tap)
    assert (first.json(), first.status_code) == (again.json(), 200)
    assert Visit.objects.get(pk=today.paul.pk).welcomed_by == client.user
    assert client.post(url, {"at": "yesterday"}).status_code == 422
    refused = client.post(f"/shop/visits/{today.anna.uuid}/arrival/", {"at": "2020-01-01T10:00:00Z"})
    assert (refused.status_code, refused.json()["code"]) == (409, "visits.not_today")


def test_a_slip_that_was_taken_back_does_not_come_again_when_its_tap_is_sent_twice(reader, today):
    client = reader("host")
    tap = {"at": utc_now().isoformat(), "key": "k"}
    client.post(f"/shop/visits/{today.paul.uuid}/arrival/", tap)
    client.post(f"/shop/visits/{today.paul.uuid}/act/", {"what": "back"}, headers=HTMX)
    assert client.post(f"/shop/visits/{today.paul.uuid}/arrival/", tap).json()["state"] == "booked"
    assert Visit.objects.get(pk=today.paul.pk).state == "booked"


def test_a_walk_in_takes_a_reason_and_no_more(reader, today):
    client = reader("host")
    form = {"reason": "return", "key": "00000000-0000-4000-8000-000000000001"}
    part = client.post(f"/shop/{today.site.pk}/walk-in/", form, headers=HTMX).content.decode()
    client.post(f"/shop/{today.site.pk}/walk-in/", form, headers=HTMX)
    assert "Visitor without a name" in part
    assert Visit.objects.filter(walked_in=True).count() == 2  # Zoé was there before
    known = {**form, "key": "00000000-0000-4000-8000-000000000002", "name": "Paul", "contact": "paul@example.org"}
    client.post(f"/shop/{today.site.pk}/walk-in/", known, headers=HTMX)
    assert Visit.objects.latest("pk").person == today.paul.person
    refused = client.post(f"/shop/{today.site.pk}/walk-in/", {**form, "contact": "06 11 22 33 44"}, headers=HTMX)
    assert (refused.status_code, refused.headers["HX-Retarget"]) == (422, "#notices")


def test_she_is_received_by_one_tap_and_seen_off_with_what_was_agreed(client, today, settings):
    settings.ALLOWED_HOSTS = ["testserver"]
    client.force_login(today.claire)
    act = f"/shop/visits/{today.elodie.uuid}/act/"
    assert "Élodie" in client.get("/shop/mine/").content.decode()
    client.post(act, {"what": "coming", "from": "mine"}, headers=HTMX)
    client.post(act, {"what": "start", "from": "mine", "host": str(today.claire.pk)}, headers=HTMX)
    held = Visit.objects.get(pk=today.elodie.pk)
    assert (held.state, held.host) == ("started", today.claire)
    wrong = client.post(f"/shop/visits/{held.uuid}/", {"outcome": "sold", "follow_up": "1", "due": "soon"})
    assert wrong.status_code == 422
    told = {"outcome": "sold", "next_step": "Envoyer la garantie"}
    assert client.post(f"/shop/visits/{held.uuid}/", told).url == "/shop/mine/"
    page = client.get(f"/shop/visits/{held.uuid}/").content.decode()
    assert "Envoyer la garantie" in page


def test_another_shop_is_not_hers_and_an_analyst_has_no_list(reader, today, make_user, client):
    stranger = make_user("host")
    client.force_login(stranger)
    assert client.get(f"/shop/{today.site.pk}/").status_code == 404
    assert client.post(f"/shop/visits/{today.paul.uuid}/arrival/").status_code == 404
    client.force_login(make_user("analyst"))
    assert client.get(f"/shop/{today.site.pk}/").status_code == 403


def test_the_list_costs_as_many_queries_whoever_is_expected(reader, today, make_person, me):
    client = reader("host")
    hers = make_person("P", "0", email="p@example.org", site=today.site)
    reception.walk_in(today.shop, today.zoe.reason, hers, key="q", by=me, now=utc_now())
    page_of(client, today)

    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            page_of(client, today)
        return len(queries)

    before = count()
    for n in range(4):
        person = make_person("P", str(n), email=f"p{n}@example.org", site=today.site)
        reason = today.zoe.reason
        reception.walk_in(today.shop, reason, person, key=f"q{n}", by=me, now=utc_now())
    assert count() == before


def test_the_menu_says_how_many_wait(client, today, settings):
    settings.ALLOWED_HOSTS = ["testserver"]
    client.force_login(today.claire)
    assert ">1<" in client.get("/shop/waits/").content.decode()


def test_her_page_shows_her_visits_with_what_came_of_them(client, today, settings):
    settings.ALLOWED_HOSTS = ["testserver"]
    client.force_login(today.claire)
    told = {"by": Actor("user", str(today.claire.pk)), "now": utc_now()}
    reception.start(today.elodie, **told)
    reception.end(today.elodie, outcome="thinking", next_step="Rappeler jeudi", **told)
    with CaptureQueriesContext(connection) as queries:
        page = client.get(f"/people/{today.elodie.person.uuid}/panels/visits/").content.decode()
    assert "Rappeler jeudi" in page
    assert sum("visits_visit" in query["sql"] for query in queries) == 1


def test_the_name_of_somebody_whom_we_do_not_know_is_kept_for_a_week(today):
    reception.forget_job(now=utc_now() + timedelta(days=6))
    assert Visit.objects.get(pk=today.zoe.pk).name == "Zoé"
    reception.forget_job(now=utc_now() + timedelta(days=8))
    assert Visit.objects.get(pk=today.zoe.pk).name == ""
    assert Visit.objects.get(pk=today.anna.pk).answers
