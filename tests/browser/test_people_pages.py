"""What staff do all day, in Chromium."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from egard.base.clock import utc_now
from egard.journeys.purchases.facts import Amount, PurchaseMade
from egard.kernel.people import operations as people
from egard.kernel.timeline.operations import record

LOOKS = list(itertools.product(("fr", "en"), ("light", "dark")))
WIDTHS = (1280, 900, 360)


@pytest.fixture
def anne(staff, make_person, me):
    """A client of long standing with forty-five purchases, and a few others beside her."""
    now = utc_now()
    found = make_person("Anne", "Lebœuf", email="anne@example.org", phone="06 12 34 56 78", roles=["customer"])
    for name in ("Lebrun", "Martin", "Marchand"):
        make_person("Zoé", name)
    people.set_adviser(found, staff, since=now - timedelta(days=400), by=me, now=now)
    people.record_consent(found, "offers", "email", given=True, by=me, now=now)
    for n in range(45):
        bought = PurchaseMade(order_number=f"{536365 + n}", total=Amount(1250, "EUR"), lines=[])
        at = now - timedelta(days=5 * n, minutes=1)
        record(found, bought, at=at, by=me, channel="shop", key=str(n), now=now, history=True)
    return found


def overflow(page) -> list[str]:
    """What sticks out of the screen on the right, by tag and class."""
    return page.evaluate(
        """() => document.documentElement.scrollWidth <= innerWidth ? [] :
        [...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > innerWidth + 1)
        .map(e => `${e.tagName}.${e.className}`).slice(0, 8)"""
    )


def test_three_letters_and_enter_open_a_person(anne, signed_in_page):
    page = signed_in_page
    page.keyboard.type("leb")  # the box has the focus already
    page.wait_for_selector("[data-for=leb] [data-option][aria-selected=true]")
    assert page.locator("#people [data-option]").count() == 2
    assert page.evaluate("document.activeElement.id") == "search"
    page.keyboard.press("ArrowDown")
    assert page.get_attribute("#search", "aria-activedescendant") == page.get_attribute(
        "[data-option][aria-selected=true]", "id"
    )
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/people/{anne.uuid}/")
    assert page.inner_text("h1") == "Anne Lebœuf"


def test_a_slash_reaches_the_search_from_a_persons_page(anne, signed_in_page):
    page = signed_in_page
    page.goto(f"/people/{anne.uuid}/")
    page.keyboard.press("/")
    page.keyboard.type("march")
    page.wait_for_selector("#quick [data-for=march] [data-option][aria-selected=true]")
    page.keyboard.press("Escape")
    assert page.locator("#quick [data-option]").count() == 0
    page.fill("#search", "marc")
    page.wait_for_selector("#quick [data-for=marc] [data-option]")
    page.keyboard.press("Enter")
    page.wait_for_selector("h1:has-text('Zoé Marchand')")


def test_the_page_tells_who_she_is_and_the_rest_comes_by_itself(anne, signed_in_page):
    page = signed_in_page
    page.goto(f"/people/{anne.uuid}/")
    page.wait_for_selector("#panel-purchases.is-loaded")
    assert page.locator(".entry").count() == 40
    page.locator(".past-more").scroll_into_view_if_needed()
    page.wait_for_selector(".past-end")
    assert page.locator(".entry").count() == 45
    page.fill("#past-search", "536409")
    expect(page.locator(".entry")).to_have_count(1)


def test_an_address_is_added_and_a_wrong_one_is_explained(anne, sign_in):
    page = sign_in()
    page.goto(f"/people/{anne.uuid}/")
    page.click("#ways .edit summary")
    page.fill("#way-value", "no mail")
    page.click("#ways .edit button.btn-primary")
    page.wait_for_selector("#way-error")
    assert page.input_value("#way-value") == "no mail"
    # Chromium itself notes each answer of 4xx; that one was asked for.
    assert [c for c in sign_in.complaints if "422" not in c] == []
    sign_in.complaints.clear()
    page.fill("#way-value", "second@example.org")
    page.click("#ways .edit button.btn-primary")
    page.wait_for_selector("#ways a[href='mailto:second@example.org']")
    page.hover("#ways .way:has-text('second@example.org')")
    page.click("#ways button:has-text('Remove second@example.org')")
    page.click("#ways button:has-text('Undo')")
    page.wait_for_selector("#ways a[href='mailto:second@example.org']")


def test_a_consent_is_withdrawn_in_one_click(anne, signed_in_page):
    page = signed_in_page
    page.goto(f"/people/{anne.uuid}/")
    page.click("#consents button:has-text('Withdraw')")
    page.wait_for_selector("#consents button:has-text('Give')")


def test_a_theme_that_was_chosen_stays(anne, signed_in_page):
    page = signed_in_page
    page.click(".whoami")
    with page.expect_response("**/preferences/"):
        page.click(".menu button[value=dark]")
    night = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.keyboard.press("Escape")
    assert not page.locator(".menu-sheet").is_visible()
    page.goto(f"/people/{anne.uuid}/")
    assert page.get_attribute("html", "data-bs-theme") == "dark"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == night


def test_figures_stand_in_columns(anne, signed_in_page):
    """The vendored font has figures of one width."""
    widths = signed_in_page.evaluate(
        """async () => { await document.fonts.ready; return ["1111", "8888"].map(digits => {
        const span = document.createElement("span"); span.className = "figure-value"; span.textContent = digits;
        document.body.append(span); return span.getBoundingClientRect().width; }); }"""
    )
    assert widths[0] == widths[1]
    assert signed_in_page.evaluate("document.fonts.check('15px \"Source Sans 3\"')")


@pytest.mark.parametrize(("language", "theme"), LOOKS)
def test_every_page_fits_a_phone_and_a_desk_and_leaves_the_console_silent(anne, sign_in, language, theme):
    page = sign_in(language=language, theme=theme, touch=True)
    for address in ("/people/", "/people/?q=zzz", "/accounts/2fa/", f"/people/{anne.uuid}/"):
        page.goto(address)
        assert page.get_attribute("html", "lang") == language
        if anne.uuid.hex in address.replace("-", ""):
            page.wait_for_selector("#panel-purchases.is-loaded")
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            assert overflow(page) == [], (address, width)
    page.set_viewport_size({"width": 360, "height": 800})
    page.click(".side-toggle")
    page.click(".whoami")
    assert overflow(page) == []
    page.click(".menu-sheet button:has(use[href$='#logout'])")
    page.wait_for_url("**/accounts/login/**")
    assert overflow(page) == []
