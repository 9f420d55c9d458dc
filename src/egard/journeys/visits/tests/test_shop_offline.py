"""The list of the shop through a network cut: readable, and what is tapped is sent once, with its own moment."""

from __future__ import annotations

from datetime import timedelta

import pytest

from egard.base.clock import utc_now
from egard.journeys.visits.models import Visit
from egard.journeys.visits.tests.today import shop_today
from egard.kernel.timeline.models import Fact

EXPECTED = ("Failed to load resource: net::ERR_INTERNET_DISCONNECTED", "htmx:afterRequest", "htmx:sendError")
"""What a browser says of a cut."""


@pytest.fixture
def today(transactional_db, make_user, make_person, me):
    return shop_today(make_user, make_person, me)


@pytest.fixture
def tablet(browser, live_server, make_user, today):
    """A tablet at the door, signed in. What its console complains of besides the cut is a fault."""
    make_user("supervisor", email="ines@example.org", name="Inès Petit", password="a-warm-welcome", language="en")
    context = browser.new_context(
        base_url=live_server.url, viewport={"width": 1024, "height": 768}, has_touch=True, locale="en",
        timezone_id=str(today.zone), reduced_motion="reduce",
    )  # fmt: skip
    complaints = []
    page = context.new_page()
    page.set_default_timeout(20_000)
    page.on(
        "console",
        lambda told: told.type == "error" and not told.text.startswith(EXPECTED) and complaints.append(told.text),
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto("/accounts/login/")
    page.fill("input[name=login]", "ines@example.org")
    page.fill("input[name=password]", "a-warm-welcome")
    page.click("form.entrance-sign-in button[type=submit]")
    page.wait_for_url("**/people/")
    page.goto(f"/shop/{today.site.pk}/")
    page.locator("#shop-net[data-kept]").wait_for(state="attached")
    yield page
    context.close()
    assert complaints == []


def arrivals(visit) -> int:
    return Fact.objects.filter(person=visit.person, kind__name="visits.arrived").count()


def test_a_tap_without_a_network_outlives_a_reload_and_counts_once_from_its_own_moment(tablet, today):
    page, context = tablet, tablet.context
    row = page.locator(f'[data-visit="{today.paul.uuid}"]')
    context.set_offline(True)
    tapped = utc_now()
    row.get_by_role("button", name="Is here").click()
    page.get_by_text("No network.").wait_for()
    assert "to be sent" in row.inner_text()
    page.reload()
    page.get_by_text("Paul Roche").wait_for()
    assert "to be sent" in page.locator(f'[data-visit="{today.paul.uuid}"]').inner_text()
    assert "Anna Petit" in page.locator("#shop-day").inner_text()
    assert arrivals(today.paul) == 0
    page.wait_for_timeout(1200)
    context.set_offline(False)
    page.locator(".shop-waits", has_text="Paul Roche").wait_for()
    held = Visit.objects.get(pk=today.paul.pk)
    assert held.state == "arrived"
    assert abs(held.arrived_at - tapped) < timedelta(seconds=1)
    assert page.evaluate("localStorage.getItem('egard.arrivals')") == "[]"
    # The same tap once more, as if its answer had been lost on the way.
    tap = {"key": "k", "url": f"/shop/visits/{held.uuid}/arrival/", "at": held.arrived_at.isoformat()}
    page.evaluate("tap => localStorage.setItem('egard.arrivals', JSON.stringify([tap, tap]))", tap)
    page.reload()
    for _ in range(100):
        if page.evaluate("localStorage.getItem('egard.arrivals')") == "[]":
            break
        page.wait_for_timeout(100)
    else:
        pytest.fail("it was not sent")
    assert arrivals(today.paul) == 1
    assert Visit.objects.get(pk=held.pk).arrived_at == held.arrived_at


def test_somebody_is_found_by_name_code_or_digits_and_enter_says_that_she_is_here(tablet, today):
    page = tablet
    for typed in ("anna pet", today.anna.reference.lower(), "+33 6 11 22 40 60"):
        page.fill("[data-find]", typed)
        shown = page.locator("#shop-day [data-search]:visible")
        assert shown.count() == 1, typed
        assert "Anna Petit" in shown.inner_text()
    page.press("[data-find]", "Enter")
    page.locator(".shop-waits", has_text="Anna Petit").wait_for()
    page.fill("[data-find]", "nobody of this name")
    page.get_by_text("Take her in without an appointment").wait_for()


def test_nothing_of_the_list_is_left_on_the_tablet_once_she_signs_out(tablet, today):
    page = tablet
    page.locator(".whoami").click()
    page.get_by_role("button", name="Sign out").click()
    page.locator("form.entrance-sign-in").wait_for()
    page.wait_for_timeout(300)
    assert page.evaluate("caches.keys()") == ["egard-drawn"]
    tablet.context.set_offline(True)
    with pytest.raises(Exception, match="ERR_"):
        page.goto(f"/shop/{today.site.pk}/")
    tablet.context.set_offline(False)
