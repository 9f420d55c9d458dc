"""The calendar of a shop: visits are moved to where they are offered, by mouse and by keyboard, and booked by phone."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from egard.base.clock import utc_now
from egard.journeys.visits import booking
from egard.journeys.visits.booking import Told
from egard.journeys.visits.models import Visit
from egard.journeys.visits.offering import offers
from egard.journeys.visits.placing import Wish

CALENDAR = "/visits/calendar/lyon-2/"


@pytest.fixture
def held(shop, me):
    """Élodie's visit to Claire at the first hour of a day within the next week, and the times of that day."""
    today = utc_now().date()
    found = offers([shop.shop], shop.discovery, today, today + timedelta(days=9), now=utc_now())[0].at
    at = next(one for one in found if one > utc_now() + timedelta(days=1) and len(found[one]) == 1)
    visit = booking.book(
        shop.shop, shop.discovery, shop.elodie, Wish(at), told=Told(name="Élodie"), key="k", by=me, now=utc_now()
    )
    times = [one for one in found if one.date() == at.date()]
    return SimpleNamespace(visit=visit, at=at, day=at.date().isoformat(), times=times)


@pytest.fixture
def desk(shop):
    client = Client(headers={"accept-language": "en"})
    client.force_login(shop.claire)
    return client


def test_a_day_shows_hosts_with_their_hours_and_a_week_its_days(held, desk):
    page = desk.get(f"{CALENDAR}?day={held.day}").content.decode()
    assert page.index("Claire Martin") < page.index("Hugo Delmas") < page.index("Nadia Sy")
    assert "Élodie" in page
    assert 'data-start="840" data-end="1080"' in page, "Hugo's afternoon"
    week = desk.get(f"{CALENDAR}?day={held.day}&view=week").content.decode()
    assert week.count("data-column=") == 7
    assert "Élodie" in week


def test_a_visit_goes_where_it_is_free_and_nowhere_else(held, desk, shop):
    told = desk.get(f"{CALENDAR}free/?day={held.day}&visit={held.visit.uuid}").json()["free"]
    there = next(one for one in told if one["column"] == str(shop.hugo.pk))
    form = {"visit": str(held.visit.uuid), "at": there["at"], "host": there["column"]}
    answer = desk.post(f"{CALENDAR}move/", form)
    held.visit.refresh_from_db()
    assert (held.visit.host, held.visit.starts_at.isoformat()) == (shop.hugo, there["at"])
    back = {"visit": str(held.visit.uuid), **answer.json()["was"]}
    assert desk.post(f"{CALENDAR}move/", back).status_code == 200
    held.visit.refresh_from_db()
    assert (held.visit.host, held.visit.starts_at) == (shop.claire, held.at)
    wrong = {**form, "at": (held.at - timedelta(hours=5)).isoformat()}
    refused = desk.post(f"{CALENDAR}move/", wrong)
    assert refused.status_code == 422
    assert "No visit can begin" in refused.json()["said"]


def test_a_visit_is_booked_for_who_calls(held, desk, shop):
    at = held.times[-1].isoformat()
    query = f"reason=discovery&at={at.replace('+', '%2B')}&host={shop.hugo.pk}"
    assert "Leb" in desk.get(f"{CALENDAR}new/?{query}&q=lebœuf").content.decode()
    form = {"reason": "discovery", "at": at, "host": str(shop.hugo.pk), "key": "one", "name": "Paul Roche",
            "phone": "06 12 34 56 78", "told_by": "sms"}  # fmt: skip
    for _twice in range(2):
        assert desk.post(f"{CALENDAR}new/", form).status_code == 302
    made = Visit.objects.get(channel="phone")
    assert (made.host, made.person.name, made.told_to) == (shop.hugo, "Paul Roche", "+33612345678")


def test_the_calendar_asks_as_much_for_many_visits_as_for_one(held, desk, shop, me, make_person):
    desk.get(CALENDAR)

    def asked() -> int:
        with CaptureQueriesContext(connection) as caught:
            desk.get(f"{CALENDAR}?day={held.day}&view=week")
        return len(caught)

    one = asked()
    for n, at in enumerate(held.times[4::4]):
        booking.book(
            shop.shop, shop.back, make_person(f"P{n}"), Wish(at), told=Told(), key=f"b{n}", by=me, now=utc_now()
        )
    assert asked() <= one


def minute_of(at) -> int:
    local = at.astimezone(ZoneInfo("Europe/Paris"))
    return local.hour * 60 + local.minute


@pytest.mark.usefixtures("transactional_db")
def test_a_visit_is_dragged_taken_up_by_keys_and_put_back(held, shop, sign_in):
    page = sign_in()
    page.goto(f"{CALENDAR}?day={held.day}")
    block, hugo = page.locator(".cal-visit[data-visit]"), page.locator(f"[data-column='{shop.hugo.pk}'] .cal-body")
    box, other = block.bounding_box(), hugo.bounding_box()
    page.mouse.move(box["x"] + 20, box["y"] + 8)
    page.mouse.down()
    page.mouse.move(box["x"] + 60, box["y"] + 30, steps=3)
    page.locator(".cal-free").first.wait_for()
    aim = hugo.locator(".cal-free").first.bounding_box()
    page.mouse.move(other["x"] + 40, aim["y"] + 9, steps=4)
    page.locator(".cal-free.is-aim").wait_for()
    page.mouse.up()
    page.locator("#cal-toast:visible").wait_for()
    hugo.locator(".cal-visit").wait_for()
    held.visit.refresh_from_db()
    assert held.visit.host == shop.hugo
    page.click("[data-cal-undo]")
    page.locator(f"[data-column='{shop.claire.pk}'] .cal-visit").wait_for()
    page.locator(".cal-visit[data-visit] a").focus()
    page.keyboard.press("Space")
    page.locator(".cal-free").first.wait_for()
    page.keyboard.press("ArrowDown")
    page.locator(".cal-free.is-aim").wait_for()
    page.keyboard.press("Enter")
    page.locator("#cal-toast:visible").wait_for()
    page.locator(f".cal-visit[data-start]:not([data-start='{minute_of(held.at)}'])").wait_for()
    held.visit.refresh_from_db()
    assert (held.visit.host, held.visit.starts_at > held.at) == (shop.claire, True)
    page.keyboard.press("Space")
    page.locator(".cal-free").first.wait_for()
    page.keyboard.press("Escape")
    assert page.locator(".cal-free").count() == 0
