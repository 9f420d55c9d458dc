"""Visits for programs."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from egard.journeys.visits import shops
from egard.journeys.visits.models import Visit
from egard.kernel.access.models import Sight
from egard.kernel.access.operations import create_api_key, ensure_site
from egard.kernel.promises.models import Promise

pytestmark = pytest.mark.django_db
JSON = "application/json"


@pytest.fixture
def now():
    from egard.base.clock import utc_now

    return utc_now()


@pytest.fixture
def call(client, shop, me, now):
    """As a program with all scopes: `call("post", "visits", {...})`."""
    key = create_api_key(name="till", scopes=["all"], by=me, now=now)[1]

    def ask(method, path, body=None, **headers):
        told = {"data": body, "content_type": JSON} if body is not None else {}
        return getattr(client, method)(f"/api/v1/{path}", **told, headers={"authorization": f"Bearer {key}", **headers})

    return ask


@pytest.fixture
def first(call, shop, now):
    """The first time that is offered on a working day from tomorrow on."""
    begin = (now + timedelta(days=1)).date()
    asked = f"slots?site={shop.site.pk}&reason=discovery&from={begin}&to={begin + timedelta(days=6)}"
    return call("get", asked).json()["items"][0]["start"]


def test_a_program_books_moves_and_cancels(call, shop, first):
    told = {
        "site": str(shop.site.pk), "reason": "discovery", "start": first, "told_by": "email",
        "visitor": {"name": "Anna Blum", "email": "anna@example.org"},
    }  # fmt: skip
    made = call("post", "visits", told, idempotency_key="k")
    assert made.status_code == 201, made.content
    visit = made.json()
    assert (visit["state"], visit["start"], visit["name"], visit["revision"]) == ("booked", first, "Anna Blum", 0)
    assert call("post", "visits", told, idempotency_key="k").json() == visit
    assert call("post", "visits", told).json()["id"] == visit["id"]  # sent again by another key: it is hers already
    taken = call("post", "visits", {**told, "visitor": {"name": "B", "email": "b@example.org"}})
    assert (taken.status_code, taken.json()["code"]) == (409, "visits.slot_full")
    later = call("get", f"slots?site={shop.site.pk}&reason=discovery&from={first[:10]}").json()["items"][-1]["start"]
    moved = call("patch", f"visits/{visit['id']}", {"start": later, "why": "train"}).json()
    assert (moved["start"], moved["revision"], moved["id"]) == (later, 1, visit["id"])
    gone = call("post", f"visits/{visit['id']}/cancellation", {"why": "ill"}).json()
    assert (gone["state"], gone["revision"], gone["why"]) == ("cancelled", 2, "ill")
    listed = call("get", f"visits?site={shop.site.pk}&state=cancelled&limit=1").json()
    assert [one["id"] for one in listed["items"]] == [visit["id"]]
    assert Sight.objects.filter(kind="list", detail="visits").count() == 1


def test_a_time_is_held_then_booked_or_let_go(call, shop, first):
    told = {"site": str(shop.site.pk), "reason": "discovery", "start": first}
    held = call("post", "holds", told).json()
    assert held["adviser"] == str(shop.claire.pk)
    assert call("post", "holds", told).status_code == 409
    booked = call("post", "visits", {"hold": held["id"], "person": str(shop.elodie.uuid)})
    assert (booked.status_code, booked.json()["id"], booked.json()["person"]) == (
        201, held["id"], str(shop.elodie.uuid)
    )  # fmt: skip
    assert call("delete", f"holds/{held['id']}").status_code == 404  # it is a visit now
    assert Visit.objects.get().state == "booked"


def test_lists_go_on_where_they_stopped_and_cost_as_much(call, shop, first, make_person):
    day = call("get", f"slots?site={shop.site.pk}&reason=return&from={first[:10]}").json()["items"]
    costs = []
    for n, slot in enumerate(day[:4]):
        person = make_person("P", str(n), email=f"p{n}@example.org")
        told = {"site": str(shop.site.pk), "reason": "return", "start": slot["start"], "person": str(person.uuid)}
        assert call("post", "visits", told).status_code == 201
        with CaptureQueriesContext(connection) as queries:
            call("get", "visits")
        costs.append(len(queries))
    assert len(set(costs)) == 1
    page = call("get", "visits?limit=3").json()
    rest = call("get", f"visits?limit=3&cursor={page['next']}").json()
    assert [one["start"] for one in (*page["items"], *rest["items"])] == [one["start"] for one in day[:4]]
    assert rest["next"] is None


def test_shops_reasons_and_hosts_are_set_and_listed(call, shop):
    put = call(
        "put", f"sites/{shop.site.pk}/shop", {"hours": {"week": {"mon": ["09:00-12:00"]}}, "phone": "0478000000"}
    )
    assert (put.json()["hours"]["week"], put.json()["phone"]) == ({"mon": ["09:00-12:00"]}, "+33478000000")
    wrong = call("put", f"sites/{shop.site.pk}/shop", {"hours": {"week": {"mon": ["12:00-12:00"]}}})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "visits.wrong_hours")
    said = {"name": {"fr": "Essayage", "en": "Fitting"}, "minutes": 30, "questions": []}
    assert call("put", "reasons/fitting", said).json()["minutes"] == 30
    assert call("put", "reasons/fitting", {**said, "minutes": 0}).status_code == 422
    host = call("put", f"advisers/{shop.nadia.pk}/sites/{shop.site.pk}", {"reasons": ["fitting"]}).json()
    assert (host["reasons"], host["staff"]["name"]) == (["fitting"], "Nadia Sy")
    names = [one["staff"]["name"] for one in call("get", f"advisers?site={shop.site.pk}").json()["items"]]
    assert names == ["Claire Martin", "Hugo Delmas", "Nadia Sy"]
    assert [one["code"] for one in call("get", f"reasons?site={shop.site.pk}").json()["items"]] == [
        "discovery", "fitting", "return"
    ]  # fmt: skip
    assert call("delete", "reasons/fitting").status_code == 204
    assert call("get", "reasons").json()["items"][-1]["code"] == "return"


def test_the_nearest_shop_with_a_time_comes_first(call, shop, first, me, now):
    for code, latitude, longitude in (("paris-1", 48.86, 2.34), ("vienne", 45.52, 4.87), ("nowhere", None, None)):
        site = ensure_site(code, code, zone="Europe/Paris", by=me, now=now)
        shops.set_shop(site, latitude=latitude, longitude=longitude, by=me, now=now)
        shops.set_host(shop.nadia, site, [shop.discovery], by=me, now=now)
    asked = f"slots/nearest?reason=discovery&latitude=45.53&longitude=4.87&from={first[:10]}"
    with CaptureQueriesContext(connection) as queries:
        found = call("get", asked).json()["items"]
    assert [one["site"]["code"] for one in found] == ["vienne", "lyon-2", "paris-1"]
    assert [round(one["kilometres"]) for one in found] == [1, 26, 417]
    assert len(queries) < 20


def test_days_backwards_and_too_many_are_refused(call, shop):
    for span in ("from=2030-01-02&to=2030-01-01", "from=2030-01-01&to=2040-01-01"):
        found = call("get", f"slots?site={shop.site.pk}&reason=discovery&{span}")
        assert (found.status_code, found.json()["code"]) == (422, "visits.many_days")


def test_a_host_of_another_site_sees_and_books_nothing_here(client, shop, make_user, me, now):
    elsewhere = make_user("host", name="Paul")
    client.force_login(elsewhere)
    assert client.get(f"/api/v1/slots?site={shop.site.pk}&reason=return&from=2026-09-16").status_code == 404
    assert client.get("/api/v1/visits").json()["items"] == []


def test_who_comes_is_received_and_what_came_of_it_is_kept(call, shop, now):
    came = call("post", "walk-ins", {"site": str(shop.site.pk), "reason": "return", "person": str(shop.elodie.uuid)})
    assert (came.status_code, came.json()["state"], came.json()["walked_in"]) == (201, "arrived", True)
    visit = f"visits/{came.json()['id']}"
    assert call("post", f"{visit}/arrival", {}).json()["arrived_at"] == came.json()["arrived_at"]
    begun = call("post", f"{visit}/start", {"adviser": str(shop.nadia.pk)}).json()
    assert (begun["state"], begun["adviser"]["name"]) == ("started", "Nadia Sy")
    later = {"due_at": f"{now + timedelta(days=3):%Y-%m-%d}T10:00:00Z", "owner": str(shop.nadia.pk)}
    over = call("post", f"{visit}/end", {"next_step": "A new strap", "follow_up": later}).json()
    assert Promise.objects.get(kind="visits.follow_up").owner == shop.nadia
    assert (over["state"], over["outcome"], over["next_step"]) == ("ended", "settled", "A new strap")
    assert call("post", f"{visit}/end", {}).json() == over
    entry = call("get", f"{visit}/visit.ics")
    assert entry["content-type"].startswith("text/calendar")
    assert b"BEGIN:VEVENT" in entry.content


def test_the_brief_of_a_day_and_what_visits_led_to_are_read(call, shop, now):
    told = call("get", f"briefs/{shop.site.pk}/{now:%Y-%m-%d}")
    assert told.status_code == 200, told.content
    led = call("get", "visit-credits?since=2026-01-01T00:00:00Z&until=2030-01-01T00:00:00Z")
    assert led.json() == {"items": [], "next": None}
