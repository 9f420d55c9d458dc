"""The drawer on the page of a case: opened by one key from wherever one stands, and it says what is typed wrong."""

from __future__ import annotations

from playwright.sync_api import expect

from egard.base.clock import utc_now
from egard.journeys.gestures.tests.giving import DAY
from egard.kernel.access.operations import grant_role
from egard.kernel.access.queries import system_viewer
from egard.kernel.cases import operations
from egard.kernel.delegations.operations import delegate


def test_a_key_opens_the_drawer_and_a_wrong_price_is_said_beside_its_field(staff, make_person, me, sign_in):
    now = utc_now()
    grant_role(staff, "supervisor", by=me, now=now)
    delegate("gestures.grant", user=staff, per_act=5_000, valid_from=now - DAY, by=me, now=now)
    anne = make_person("Anne", "Lebœuf")
    case = operations.open_case(system_viewer("test"), "stolen_phone", anne, now=now).uuid
    for look in ({}, {"language": "fr", "theme": "dark", "width": 360}):
        page = sign_in(**look)
        page.goto(f"/cases/{case}/")
        page.wait_for_selector("[data-press=panel-gestures]")
        expect(page.locator("[data-presses=panel-gestures]")).to_be_in_viewport()
        if look:
            page.click("[data-presses=panel-gestures]")
        else:
            page.keyboard.press("Escape")
            page.keyboard.press("v")
        first = page.locator("#gesture-about [name=responsibility]:checked")
        expect(first).to_be_focused()
        expect(page.locator("#gesture-about fieldset").first).to_be_in_viewport()
        page.fill("#g-price", "12,345")
        page.keyboard.press("Tab")
        expect(page.locator("#g-price-error .error-text")).to_be_visible()
        expect(page.locator("#g-price")).to_have_value("12,345")
        page.fill("#g-price", "12,34")
        page.keyboard.press("Tab")
        expect(page.locator("#g-price-error .error-text")).to_have_count(0)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
