"""A visit is booked on line in three taps, once, by anybody."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from egard.base.clock import utc_now
from egard.journeys.visits import booking, shops, waitlist
from egard.journeys.visits.booking import Told
from egard.journeys.visits.links import own_link
from egard.journeys.visits.models import Occupied, Visit
from egard.journeys.visits.offering import offers
from egard.journeys.visits.placing import Wish
from egard.journeys.visits.public import holding
from egard.journeys.visits.refusals import NotOffered, SlotFull
from egard.journeys.visits.tests.conftest import DISCOVERY
from egard.kernel.access.operations import ensure_site
from egard.kernel.people.models import Person
from egard.portal.pages import COOKIE

WHEN = "/p/visits/lyon-2/discovery/"


@pytest.fixture
def anybody():
    return Client(headers={"accept-language": "en"})


def taps(client: Client, path: str = WHEN, at: str = "") -> str:
    """She taps the earliest time, or one that she saw; the address of the form that opens."""
    page = client.get(path).content.decode()
    at = at or re.search(r'name="at" value="([^"]+)"', page)[1]
    answer = client.post(path, {"form": token_of(page), "at": at})
    assert answer.status_code == 302, answer.content.decode()
    return answer["Location"]


def token_of(page: str) -> str:
    return re.search(r'name="form" value="([^"]+)"', page)[1]


def says(client: Client, address: str, **more: str):
    page = client.get(address).content.decode()
    told = {"form": token_of(page), "name": "Nora Benali", "told_by": "email", "email": "nora@example.org"}
    return client.post(address, told | more)


def test_a_visit_is_booked_in_three_taps_without_an_account(shop, anybody):
    start = anybody.get("/p/visits/", follow=True)
    assert start.redirect_chain == [("/p/visits/lyon-2/", 302)], "one shop needs no choice"
    assert "Discovery" in start.content.decode()
    booked = says(anybody, taps(anybody))
    assert booked.status_code == 302
    page = anybody.get(booked["Location"]).content.decode()
    visit = Visit.objects.get()
    assert "It is booked" in page
    assert visit.reference in page
    assert "Lyon 2" in page
    assert "Nora Benali" in page
    assert (visit.state, visit.person.name, visit.told_by, visit.channel) == ("booked", "Nora Benali", "email", "web")


def test_what_is_sent_twice_is_one_visit(shop, anybody):
    page = anybody.get(WHEN).content.decode()
    told = {"form": token_of(page), "at": re.search(r'name="at" value="([^"]+)"', page)[1]}
    first, second = (anybody.post(WHEN, told)["Location"] for _twice in range(2))
    assert first == second
    assert Visit.objects.count() == 1
    form = {"form": token_of(anybody.get(first).content.decode()), "name": "Nora", "told_by": "", "email": "n@a.org"}
    assert anybody.post(first, form)["Location"] == anybody.post(first, form)["Location"]
    assert anybody.post(WHEN, told)["Location"].startswith("/p/visits/own/"), "the time is hers already"
    assert Visit.objects.count() == 1


def test_another_time_takes_the_place_of_the_one_that_was_held(shop, anybody):
    page = anybody.get(WHEN).content.decode()
    times = re.findall(r'name="at" value="([^"]+)"', page)
    taps(anybody, at=times[1])
    assert "is held for you" in anybody.get(WHEN).content.decode()
    taps(anybody, at=times[2])
    assert sorted(Visit.objects.values_list("state", flat=True)) == ["held", "lapsed"]


def test_a_time_that_was_taken_meanwhile_is_said_with_the_nearest_others(shop, anybody, me):
    page = anybody.get(WHEN).content.decode()
    at = re.search(r'name="at" value="([^"]+)"', page)[1]
    for key in ("a", "b"):
        wish = Wish(next(iter(offers_now(shop))))
        booking.hold(shop.shop, shop.discovery, wish, told=Told(), key=key, by=me, now=utc_now())
        if len(offer := offers_now(shop)) and next(iter(offer)).isoformat() != at:
            break
    answer = anybody.post(WHEN, {"form": token_of(page), "at": at})
    text = answer.content.decode()
    assert answer.status_code == 409
    assert "Somebody was faster" in text
    assert len(re.findall(r'name="at"', text)) >= 4


def offers_now(shop):
    today = utc_now().date()
    return offers([shop.shop], shop.discovery, today, today + timedelta(days=7), now=utc_now())[0].at


def test_a_hold_that_lapsed_is_booked_where_nobody_came_else_another_time_in_the_same_form(shop, anybody, me):
    address = taps(anybody)
    for rows in (Visit, Occupied):
        rows.objects.update(lapses_at=utc_now() - timedelta(minutes=1))
    assert "No longer held" in anybody.get(address).content.decode()
    at = Visit.objects.get().starts_at
    for n, user in enumerate((shop.claire, shop.hugo)):
        with_whom = Wish(at, user.pk)
        with suppress(NotOffered, SlotFull):  # she does not receive at that hour
            booking.hold(shop.shop, shop.discovery, with_whom, told=Told(), key=str(n), by=me, now=utc_now())
    answer = says(anybody, address)
    assert answer.status_code == 409
    other = re.search(r'name="at" value="([^"]+)"', answer.content.decode())[1]
    assert says(anybody, address, at=other).status_code == 302
    assert Visit.objects.get(state="booked").starts_at.isoformat() == other


def test_the_same_is_shown_whether_the_address_is_known_or_not(shop, anybody):
    pages = []
    for email in ("elodie@example.org", "nobody@example.org"):
        client = Client(headers={"accept-language": "en"})
        text = client.get(says(client, taps(client), email=email)["Location"]).content.decode()
        made = Visit.objects.order_by("-pk").first()
        words = " ".join(re.sub("<time.*?</time>|<[^>]+>", " ", text.partition("</head>")[2]).split())
        assert made.host.name in words
        pages.append(words.replace(made.reference, "").replace(made.host.name, ""))
    assert pages[0] == pages[1]
    assert "Lebœuf" not in pages[0]
    assert "Élodie" not in pages[0]
    assert Visit.objects.filter(person=shop.elodie).count() == 1


def test_who_is_to_be_reminded_says_where_and_loses_nothing_that_was_typed(shop, anybody, me, now):
    asked = {**DISCOVERY, "questions": [
        {"key": "wish", "label": "What do you look for?", "required": True},
        {"key": "first", "label": "Your first visit?", "kind": "yes_no"},
    ]}  # fmt: skip
    shops.set_reason("discovery", asked, by=me, now=now)
    address = taps(anybody)
    answer = says(anybody, address, told_by="sms", note="By bike")
    assert answer.status_code == 422
    assert "By bike" in answer.content.decode()
    answer = says(anybody, address)
    assert answer.status_code == 422
    assert "answer the questions" in answer.content.decode()
    assert says(anybody, address, **{"q-wish": "A bike", "q-first": "no"}).status_code == 302
    assert Visit.objects.get().answers == {"wish": "A bike", "first": False}


def test_many_from_one_place_are_refused_and_a_trap_catches_programs(shop, anybody, monkeypatch):
    assert says(anybody, taps(anybody), website="https://spam.example").status_code == 429
    assert not Visit.objects.filter(state="booked").exists()
    monkeypatch.setattr(holding, "HELD_MOST", 2)
    for _n in range(2):
        client = Client()
        page = client.get(WHEN).content.decode()
        at = re.findall(r'name="at" value="([^"]+)"', page)[-1 - _n]
        answer = client.post(WHEN, {"form": token_of(page), "at": at})
    assert answer.status_code == 429


def test_a_form_that_is_not_ours_books_nothing(shop, anybody):
    at = re.search(r'name="at" value="([^"]+)"', anybody.get(WHEN).content.decode())[1]
    for form in ("", "forged"):
        assert anybody.post(WHEN, {"form": form, "at": at}).status_code == 422
    assert not Visit.objects.exists()


def test_where_nobody_is_free_the_nearest_shops_with_time_are_shown(shop, anybody, me, make_user, now):
    far, near = (
        ensure_site(code, name, zone="Europe/Paris", by=me, now=now)
        for code, name in (("paris-9", "Paris 9"), ("lyon-6", "Lyon 6"))
    )
    for site, place in ((far, (48.87, 2.34)), (near, (45.77, 4.85))):
        shops.set_shop(site, latitude=place[0], longitude=place[1], by=me, now=now)
        shops.set_host(make_user("adviser"), site, [shop.discovery], by=me, now=now)
    for user in (shop.claire, shop.hugo):
        shops.set_host(user, shop.site, [shop.discovery], max_per_day=0, by=me, now=now)
    text = anybody.get(WHEN).content.decode()
    assert "No time is free" in text
    assert text.index("Lyon 6") < text.index("Paris 9")
    assert "km" in text
    nearest = anybody.get("/p/visits/?near=48.86,2.35&reason=discovery").content.decode()
    assert nearest.index("Paris 9") < nearest.index("Lyon 2")


@pytest.fixture
def elodie(shop):
    """Élodie in her own space."""
    from tests.browser.furnished import portal_session_of

    client = Client(headers={"accept-language": "en"})
    client.cookies[COOKIE] = portal_session_of(shop.elodie)
    return client


def test_a_client_signed_in_gives_no_name_and_gets_her_own_adviser(shop, elodie):
    address = taps(elodie, "/me/visits/new/lyon-2/discovery/")
    page = elodie.get(address).content.decode()
    assert 'name="email"' not in page
    assert "Claire Martin" in page
    answer = elodie.post(address, {"form": token_of(page), "told_by": "email"})
    visit = Visit.objects.get()
    assert (visit.person, visit.host, visit.channel) == (shop.elodie, shop.claire, "portal")
    assert "It is booked" in elodie.get(answer["Location"]).content.decode()
    assert "Discovery" in elodie.get("/me/visits/").content.decode()


@pytest.fixture
def booked(shop, me):
    """Élodie's visit in three days."""
    found = offers_now(shop)
    at = next(one for one in found if one > utc_now() + timedelta(days=2))
    made = booking.book(
        shop.shop, shop.discovery, shop.elodie, Wish(at), told=Told(name="Élodie"), key="k", by=me, now=utc_now()
    )
    return SimpleNamespace(visit=made, path=own_link(made), times=list(found))


def test_who_holds_the_link_moves_and_cancels_her_visit(booked, anybody):
    assert booked.visit.reference in anybody.get(booked.path).content.decode()
    page = anybody.get(f"{booked.path}move/").content.decode()
    other = next(one for one in booked.times if one > booked.visit.starts_at + timedelta(hours=1))
    answer = anybody.post(f"{booked.path}move/", {"form": token_of(page), "at": other.isoformat()})
    assert answer["Location"].endswith("?moved=1")
    booked.visit.refresh_from_db()
    assert (booked.visit.starts_at, booked.visit.revision) == (other, 1)
    page = anybody.get(f"{booked.path}cancel/").content.decode()
    anybody.post(f"{booked.path}cancel/", {"form": token_of(page), "why": "settled", "words": "by phone"})
    booked.visit.refresh_from_db()
    assert (booked.visit.state, booked.visit.why) == ("cancelled", "It is settled already by phone")
    assert "cancelled" in anybody.get(booked.path).content.decode()
    assert anybody.get(f"{booked.path}move/").status_code == 409


def test_too_near_the_hour_only_the_phone_of_the_shop_is_left(booked, shop, anybody, me, now):
    shops.set_shop(shop.site, phone="+33478000000", by=me, now=now)
    shops.set_reason("discovery", {**DISCOVERY, "change_minutes": 7 * 1440}, by=me, now=now)
    page = anybody.get(booked.path).content.decode()
    assert "+33\u00a04\u00a078\u00a000\u00a000\u00a000" in page
    assert "cancel/" not in page
    token = token_of(anybody.get(WHEN).content.decode())
    assert anybody.post(f"{booked.path}cancel/", {"form": token}).status_code == 409
    assert anybody.get("/p/visits/own/forged/").status_code == 404


def test_a_page_is_framed_by_the_sites_that_the_house_lists_alone(shop, anybody, settings):
    settings.EMBED_ORIGINS = ["https://www.example.org"]
    listed = anybody.get(f"{WHEN}?embed=https://www.example.org")
    assert "frame-ancestors https://www.example.org" in listed["Content-Security-Policy"]
    assert "X-Frame-Options" not in listed
    assert "embed=https" in listed.content.decode()
    for other in (f"{WHEN}?embed=https://evil.example", WHEN, "/me/?embed=https://www.example.org"):
        answer = anybody.get(other)
        assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]
        assert answer["X-Frame-Options"] == "DENY"
    assert anybody.get("/p/visits/embed.js")["Content-Type"].startswith("text/javascript")


def test_the_page_of_times_asks_as_much_for_a_full_shop_as_for_an_empty_one(shop, anybody, me):
    anybody.get(WHEN)

    def asked() -> int:
        with CaptureQueriesContext(
            connection,
        ) as caught:
            anybody.get(WHEN)
        return len(caught)

    empty = asked()
    people = Person.objects.first()
    for n, at in enumerate(list(offers_now(shop))[::4]):
        booking.book(shop.shop, shop.back, people, Wish(at), told=Told(), key=f"q{n}", by=me, now=utc_now())
    assert asked() <= empty


def test_who_finds_no_time_waits_and_takes_what_becomes_free(shop, anybody, me, booked):
    for user in (shop.claire, shop.hugo):
        shops.set_host(user, shop.site, [shop.discovery], max_per_day=0, by=me, now=utc_now())
    assert "Tell me when a time is free" in anybody.get(WHEN).content.decode()
    joined = says(anybody, f"{WHEN}wait/", last=(utc_now() + timedelta(days=9)).date().isoformat(), part="afternoon")
    assert "first in the list" in anybody.get(joined["Location"]).content.decode()
    shops.set_host(shop.hugo, shop.site, [shop.discovery], by=me, now=utc_now())
    waitlist.offer(now=(utc_now() + timedelta(days=1)).replace(hour=12))  # nobody is written to at night
    page = anybody.get(joined["Location"]).content.decode()
    assert "A time is free for you" in page
    taken = anybody.post(joined["Location"], {"form": token_of(page), "do": "accept"})
    assert "It is booked" in anybody.get(taken["Location"]).content.decode()
    assert Visit.objects.filter(state="booked").exclude(person=shop.elodie).count() == 1


def test_who_puts_many_names_on_the_list_from_one_place_is_refused(shop, anybody, monkeypatch):
    monkeypatch.setattr(holding, "HOURLY", 2)
    told = {"last": (utc_now() + timedelta(days=9)).date().isoformat()}
    found = [says(anybody, f"{WHEN}wait/", email=f"n{n}@example.org", **told).status_code for n in range(4)]
    assert found == [302, 302, 429, 429]
    assert says(anybody, f"{WHEN}wait/", website="x", **told).status_code == 429


def test_the_calendar_entry_of_a_visit_is_given_to_who_holds_its_link(booked, anybody):
    answer = anybody.get(f"{booked.path}visit.ics")
    assert answer["Content-Type"].startswith("text/calendar")
    assert "BEGIN:VEVENT" in answer.content.decode()
