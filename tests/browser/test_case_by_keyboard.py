"""A stolen phone from the first word to the refund, through the page of its case, with the keyboard alone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from egard.base.clock import utc_now
from egard.console.models import Draft
from egard.kernel.access.operations import grant_role
from egard.kernel.access.queries import system_viewer
from egard.kernel.cases import operations
from egard.kernel.cases.models import Case


@pytest.fixture
def zelie(staff, make_person, me):
    """A client; and Camille may decide."""
    grant_role(staff, "supervisor", by=me, now=utc_now())
    return make_person("Zélie", "Marchand", email="zelie@example.org")


def keys(page, *pressed: str) -> None:
    for one in pressed:
        page.keyboard.press(one)


def reach(page, selector: str) -> None:
    """Tab until the focus is there."""
    for _step in range(30):
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{selector} is not reached with Tab")


@pytest.fixture(autouse=True)
def _refusals_are_answers(open_page):
    """The console tells of each answer that is a refusal; these here are meant."""
    yield
    open_page.complaints[:] = [one for one in open_page.complaints if "status of 4" not in one]


def at_hand(page, title: str) -> None:
    expect(page.locator("#now-title")).to_have_text(title)


def test_a_stolen_phone_is_handled_from_the_first_call_to_the_refund_with_the_keyboard_alone(zelie, signed_in_page):
    page = signed_in_page
    page.goto(f"/people/{zelie.uuid}/")
    keys(page, "c")
    page.keyboard.type("stolen")
    expect(page.locator("#palette [role=option]")).to_have_count(1)
    keys(page, "Enter")
    page.wait_for_url(re.compile(r"/cases/[0-9a-f-]{36}/$"))

    at_hand(page, "Block the line and the SIM")
    keys(page, "d")
    page.keyboard.type("06 12 34 56 78")
    keys(page, "Control+Enter")
    expect(page.locator("#do-blocked_at-error")).to_be_visible()  # what is missing is said beside its field
    expect(page.locator("#do-line")).to_have_value("06 12 34 56 78")
    expect(page.locator("#do-line")).to_be_focused()
    reach(page, "[data-now]")
    keys(page, "Enter")
    reach(page, ".evidence .btn-primary")
    keys(page, "Enter")

    at_hand(page, "Take down what happened")
    keys(page, "d")
    reach(page, "[data-now]")
    keys(page, "Enter")
    reach(page, "#do-shop")
    page.keyboard.type("Lyon")
    keys(page, "Tab", "Space", "ArrowRight")  # insured: no
    reach(page, ".evidence .btn-primary")
    keys(page, "Enter")

    at_hand(page, "Ask for the shop’s footage")
    keys(page, "q")
    page.keyboard.type("Was a guard there?")
    keys(page, "Enter")
    expect(page.locator("#case-lines")).to_contain_text("Security was asked: “Was a guard there?”")
    keys(page, "d", "Space", "ArrowRight")  # nothing seen
    reach(page, ".evidence .btn-primary")
    keys(page, "Enter")
    at_hand(page, "Was a guard there?")
    keys(page, "d", "Enter")
    at_hand(page, "Get the police report")
    keys(page, "d")
    page.keyboard.type("PV-7")
    keys(page, "Control+Enter")

    at_hand(page, "Decide")
    keys(page, "d", "Space", "ArrowRight")  # refund
    reach(page, ".evidence .btn-primary")
    keys(page, "Enter")
    at_hand(page, "Refund")
    keys(page, "d")
    page.keyboard.type("349.90")
    keys(page, "Enter")
    at_hand(page, "Tell the client")
    keys(page, "d", "Enter")

    at_hand(page, "The case is closed")
    expect(page.locator("#case-side")).to_contain_text("€349.90")
    case = Case.objects.get()
    assert (case.status, case.snapshot["data"]["decision"]) == ("closed", "refund")
    assert not Draft.objects.exists()


def test_answers_half_typed_survive_a_reload_and_a_colleagues_change(zelie, signed_in_page):
    everything = system_viewer("test")
    case = operations.open_case(everything, "stolen_phone", zelie, now=utc_now()).uuid
    page = signed_in_page
    page.goto(f"/cases/{case}/")
    keys(page, "Escape", "d")
    page.keyboard.type("06 12")
    expect(page.locator(".evidence [data-draft-state]")).to_have_text("Draft kept")
    page.reload()
    expect(page.locator("#do-line")).to_have_value("06 12")
    keys(page, "Escape", "e")
    expect(page.locator(".known-form")).to_be_visible()
    operations.edit_data(everything, case, {"shop": "Paris"}, now=utc_now())
    page.fill("#known-shop", "Lyon")
    keys(page, "Control+Enter")
    expect(page.locator(".contest")).to_contain_text("Paris")
    page.check("[name=c_shop][value=mine]")
    page.click(".known-form .btn-primary")
    expect(page.locator("#case-known dl")).to_contain_text("Lyon")
    expect(page.locator("#do-line")).to_have_value("06 12")  # the other form was not touched


def test_on_a_phone_the_step_at_hand_stands_first_and_nothing_is_wider_than_the_screen(zelie, sign_in):
    everything = system_viewer("test")
    case = operations.open_case(everything, "stolen_phone", zelie, now=utc_now()).uuid
    page = sign_in(width=360, height=780, touch=True)
    page.goto(f"/cases/{case}/")
    now, steps = page.locator("#case-now").bounding_box(), page.locator("#case-steps").bounding_box()
    assert now["y"] < steps["y"]
    assert page.locator(".evidence .btn-primary").bounding_box()["height"] >= 44
    page.tap("[data-press=add] summary")
    sheet = page.locator("[data-press=add] .act-sheet").bounding_box()
    assert sheet["x"] >= 0
    assert sheet["x"] + sheet["width"] <= 360
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.tap("#step-facts .step-open")
    at_hand(page, "Take down what happened")
