"""A client and her adviser write to each other in Chromium: at once, through a restart, and without a stream."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from egard.base.calendars.calendar import WEEKDAYS
from egard.base.clock import utc_now
from egard.journeys.reach import operations
from egard.kernel.access.actors import Actor
from egard.kernel.messages import conversing
from egard.kernel.messages.models import Message
from egard.kernel.people.operations import set_adviser
from egard.kernel.promises import operations as promises
from egard.portal.models import Session
from egard.portal.operations import sha
from egard.portal.pages import COOKIE

ON = "#live[data-state=on]"
SOON = 4_500
"""Milliseconds within which the other side has read it: sooner than by asking every five seconds."""


@pytest.fixture
def anne(staff, make_person, me):
    """Anne, whose adviser is there at any hour."""
    now = utc_now()
    week = {day: ["00:00-24:00"] for day in WEEKDAYS}
    promises.set_calendar("always-there", {"zone": "Europe/Paris", "week": week}, by=me, now=now)
    found = make_person("Anne", "Lebœuf", email="anne@example.org", language="en")
    set_adviser(found, staff, since=now - timedelta(days=400), by=me, now=now)
    operations.set_desk(staff, calendar="always-there", by=me, now=now)
    return found


@pytest.fixture
def at_home(open_page, live_server, anne):
    """Her page of messages."""
    now = utc_now()
    Session.objects.create(
        token=sha("hers"), person=anne, began_at=now, seen_at=now, expires_at=now + timedelta(days=1)
    )
    page = open_page()
    page.context.add_cookies([{"name": COOKIE, "value": "hers", "url": f"{live_server.url}/me/"}])
    page.goto("/me/messages/")
    return page


def say(page, words: str, button: str = "Send") -> float:
    page.fill("textarea[name=text]", words)
    page.click(f"button:has-text('{button}')")
    return time.monotonic()


def test_both_sides_read_within_a_moment_and_see_that_the_other_writes(anne, at_home, sign_in):
    expect(at_home.locator("#reception")).to_contain_text("is here")
    say(at_home, "Good morning, is my card here?")
    at_home.wait_for_url("**/me/messages/*-*/")
    at_home.wait_for_selector(ON, state="attached")
    adviser = sign_in()
    adviser.goto(f"/inbox/{at_home.url.rstrip('/').rpartition('/')[2]}/")
    adviser.wait_for_selector(ON, state="attached")
    at_home.locator("textarea[name=text]").press_sequentially("I w")
    expect(adviser.locator("[data-typing=hers]")).to_be_visible(timeout=SOON)
    say(at_home, "I would come at noon.")
    expect(adviser.locator(".said")).to_contain_text("I would come at noon.", timeout=SOON)
    expect(at_home.locator("#said")).to_contain_text("I would come at noon.", timeout=SOON)
    expect(at_home.locator("textarea[name=text]")).to_have_value("")
    adviser.locator("textarea[name=text]").press_sequentially("Ye")
    expect(at_home.locator("[data-typing=ours]")).to_be_visible(timeout=SOON)
    say(adviser, "Yes, it is.", "Answer")
    expect(at_home.locator("#said")).to_contain_text("Yes, it is.", timeout=SOON)
    expect(at_home.locator("[data-typing=ours]")).to_be_hidden(timeout=1_500)  # it is written: nobody writes any more
    for _look in ("live", "loaded anew"):
        expect(at_home.locator("#reception")).to_contain_text("Camille Lefèvre answered you.")
        expect(at_home.locator(".me-word").last).to_contain_text("Camille Lefèvre")
        at_home.reload()
    sign_in.complaints.clear()  # of what the page still asked when it was loaded anew


def test_after_a_restart_of_the_server_nothing_is_lost_and_nothing_said_twice(
    anne, at_home, open_page, live_server, staff
):
    say(at_home, "one")
    at_home.wait_for_url("**/me/messages/*-*/")
    at_home.wait_for_selector(ON, state="attached")
    live_server.stop()
    thread = Message.objects.get().thread
    by = Actor("user", str(staff.pk), staff.name)
    conversing.reply(thread, conversing.Words(text="said meanwhile"), by=by, now=utc_now(), key="k")
    live_server.start()
    expect(at_home.locator("#said")).to_contain_text("said meanwhile", timeout=20_000)
    say(at_home, "two")
    expect(at_home.locator("#said .me-word")).to_have_count(3, timeout=10_000)
    assert Message.objects.count() == 3
    open_page.complaints.clear()  # of the server that was away


def test_without_a_stream_the_page_asks_by_itself(anne, at_home, open_page, staff):
    at_home.context.route("**/me/live/**", lambda route: route.abort())
    say(at_home, "one")
    at_home.wait_for_url("**/me/messages/*-*/")
    thread, by = Message.objects.get().thread, Actor("user", str(staff.pk), staff.name)
    conversing.reply(thread, conversing.Words(text="an answer"), by=by, now=utc_now(), key="k")
    expect(at_home.locator("#said")).to_contain_text("an answer", timeout=9_000)
    open_page.complaints.clear()  # of the stream that was refused
