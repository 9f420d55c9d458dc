"""The workbench with the keyboard alone, and on a phone."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from egard.base.clock import utc_now
from egard.console.models import Draft
from egard.kernel.access.models import User
from egard.kernel.people import operations as people
from egard.kernel.people.models import Relationship

ROW = ".work-row"
STILL = """() => new Promise((done) => {
    const count = () => document.querySelectorAll("[data-row]").length;
    const look = (before) => setTimeout(() => count() === before ? done(true) : look(count()), 500);
    look(count());
})"""
"""No more rows come by themselves."""


@pytest.fixture
def town(staff, make_user, make_person, me):
    """Five people without an adviser, one client of Camille's, and a colleague."""
    made = [
        make_person("Zoé", name, email=f"{name}@example.org")
        for name in ("Allard", "Berger", "Colin", "Dubois", "Émery")
    ]
    mine = make_person("Anne", "Lebœuf", email="anne@example.org")
    people.set_adviser(mine, staff, since=utc_now() - timedelta(days=9), by=me, now=utc_now())
    make_user("adviser", name="Hugo Delmas", email="hugo@example.org")
    return made


def keys(page, *pressed: str) -> None:
    for one in pressed:
        page.keyboard.press(one)


def toast(page, words: str):
    expect(page.locator("#toasts")).to_contain_text(words)


def test_a_morning_with_the_keyboard_alone(town, signed_in_page):
    """List, person, note, one adviser for three, undo, put off, view, palette: no hand leaves the keys."""
    page = signed_in_page
    keys(page, "Escape", "g", "o")  # out of the search box, then to those without an adviser
    page.wait_for_url("**/worklist/without-adviser/")

    keys(page, "j", "j")
    expect(page.locator(".card-person h2")).to_have_text("Zoé Berger")
    keys(page, "k")
    expect(page.locator(".card-person h2")).to_have_text("Zoé Allard")

    keys(page, "n")
    page.keyboard.type("Prefers the morning, jx u?")  # in a field the keys are letters
    keys(page, "Control+Enter")
    toast(page, "The note is written.")
    expect(page.locator(".card-lately .is-private")).to_contain_text("Prefers the morning, jx u?")

    keys(page, "x", "j", "j", "Shift+X")
    expect(page.locator("#bulk-count")).to_have_text("3 selected")
    keys(page, "a")
    page.keyboard.type("hugo")
    expect(page.locator("#palette [role=option]")).to_have_count(1)
    keys(page, "Enter")
    toast(page, "3 clients now have Hugo Delmas as adviser.")
    expect(page.locator(ROW)).to_have_count(2)
    expect(page.locator(".card-person h2")).to_have_text("Zoé Dubois")  # the next one, by itself
    keys(page, "u")
    toast(page, "Undone: 3 are as they were.")
    expect(page.locator(ROW)).to_have_count(5)
    assert not Relationship.objects.filter(staff__name="Hugo Delmas").exists()

    keys(page, "z")
    expect(page.locator("#palette [role=option]").first).to_contain_text("Tomorrow morning")
    keys(page, "Enter")
    toast(page, "Put off until tomorrow 09:00.")
    expect(page.locator(ROW)).to_have_count(4)

    keys(page, "Enter")
    page.wait_for_url(re.compile(r"/people/[0-9a-f-]{36}/$"))
    expect(page.locator("h1")).to_have_text("Zoé Émery")

    keys(page, "Control+k")
    page.keyboard.type("my cli")
    expect(page.locator("#palette [aria-selected=true]")).to_contain_text("My clients")
    keys(page, "Enter")
    page.wait_for_url("**/worklist/clients/")
    expect(page.locator(ROW)).to_have_count(1)

    keys(page, "Control+k")
    expect(page.locator("#palette .palette-group").first).to_contain_text("Zoé Émery")  # opened lately
    page.keyboard.type("leb")
    expect(page.locator("#palette [aria-selected=true]")).to_contain_text("Anne Lebœuf")
    keys(page, "Enter")
    expect(page.locator("h1")).to_have_text("Anne Lebœuf")


def test_a_view_is_saved_opened_removed_and_put_back_from_the_keyboard(town, signed_in_page):
    page = signed_in_page
    page.goto("/worklist/without-adviser/?order=newest")
    page.focus(".view-menu summary")
    keys(page, "Enter", "Tab")
    page.keyboard.type("The newest")
    keys(page, "Enter")
    page.wait_for_url("**view=*")
    expect(page.locator(".view[aria-current]")).to_have_text("The newest")
    expect(page.locator(f"{ROW} .work-title").first).to_have_text("Zoé Émery")
    page.focus(".view-menu summary")
    keys(page, "Enter", "Tab", "Tab", "Enter")
    toast(page, "The view “The newest” is removed.")
    expect(page.locator(".view")).to_have_count(0)
    page.evaluate("document.activeElement.blur()")
    keys(page, "u")
    expect(page.locator(".view")).to_have_count(2)


def test_all_that_match_are_chosen_at_once(town, signed_in_page):
    page = signed_in_page
    page.goto("/worklist/without-adviser/")
    keys(page, "j", "x")
    page.click("#bulk [data-all]")
    expect(page.locator("#bulk-count")).to_have_text("All 5 rows that match are selected.")
    keys(page, "Control+k")
    page.keyboard.type("name an adv")
    keys(page, "Enter")
    page.keyboard.type("camille")
    expect(page.locator("#palette [role=option]")).to_have_count(1)
    keys(page, "Enter")
    toast(page, "5 clients now have Camille Lefèvre as adviser.")
    expect(page.locator(".pane-list .teach")).to_contain_text("Everybody has an adviser")


def test_a_draft_survives_a_reload_and_signing_out_and_goes_when_it_is_sent(town, sign_in):
    page = sign_in()
    address = f"/people/{town[0].uuid}/"
    page.goto(address)
    keys(page, "n")
    page.keyboard.type("Her sister is called @hug")
    expect(page.locator(".mention-option")).to_have_text("Hugo Delmas")
    keys(page, "Enter")
    expect(page.locator("#note-text")).to_have_value("Her sister is called @Hugo Delmas ")
    expect(page.get_by_role("region", name="Note").locator("[data-draft-state]")).to_have_text("Draft kept")
    page.reload()
    expect(page.locator("#note-text")).to_have_value("Her sister is called @Hugo Delmas ")

    elsewhere = sign_in()
    elsewhere.goto(address)
    expect(elsewhere.locator("#note-text")).to_be_visible()
    expect(elsewhere.locator("#note-text")).to_have_value("Her sister is called @Hugo Delmas ")
    elsewhere.focus("#note-text")
    elsewhere.keyboard.press("Control+Enter")
    expect(elsewhere.locator(".entry.is-private")).to_contain_text("Her sister is called @Hugo Delmas")
    expect(elsewhere.locator("#note-text")).to_be_hidden()
    elsewhere.wait_for_function(
        "() => fetch('/drafts/?place=notes&person="
        + str(town[0].uuid)
        + "').then(a => a.json()).then(d => d.text === '')"
    )
    assert not Draft.objects.exists()


def test_the_sheet_says_what_holds_and_switches_single_keys_off(town, signed_in_page):
    page = signed_in_page
    page.goto("/worklist/without-adviser/")
    keys(page, "?")
    expect(page.locator("#keys-sheet")).to_contain_text("Put off")
    with page.expect_navigation():
        page.click("#keys-sheet .keys-switch button")
    keys(page, "j")
    page.wait_for_timeout(400)
    assert page.locator(".card-person").count() == 0
    keys(page, "Control+k")
    expect(page.locator("#palette")).to_be_visible()  # what needs Ctrl still holds


def test_the_list_keeps_its_focus_and_its_selection_when_rows_change_elsewhere(town, signed_in_page, make_person):
    page = signed_in_page
    page.goto("/worklist/without-adviser/")
    keys(page, "j", "x", "j", "j")
    expect(page.locator(".card-person h2")).to_have_text("Zoé Colin")
    make_person("Zoé", "Abel")
    page.evaluate("htmx.trigger(document.body, 'egard:changed')")
    expect(page.locator(ROW)).to_have_count(6)
    expect(page.locator(".is-picked .work-title")).to_have_text("Zoé Allard")
    assert page.evaluate("document.activeElement.closest('[data-row]').innerText").startswith("Zoé Colin")


def test_on_a_phone_one_pane_stands_at_a_time_and_back_leads_to_the_list(town, sign_in):
    page = sign_in(width=360, height=780, touch=True, language="fr")
    page.goto("/worklist/without-adviser/")
    page.tap(f"{ROW}:nth-child(2) .work-open")
    expect(page.locator(".card-person h2")).to_have_text("Zoé Berger")
    expect(page.locator(".pane-list")).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.go_back()
    expect(page.locator(".pane-list")).to_be_visible()
    page.tap(f"{ROW}:nth-child(3) .work-open")
    page.tap("[data-back]")
    expect(page.locator(".pane-list")).to_be_visible()
    page.tap(f"{ROW}:nth-child(1) .pick")
    page.tap("#bulk [data-act='console.name_adviser']")
    page.tap("#palette [role=option]:has-text('Hugo')")
    toast(page, "1 client a maintenant Hugo Delmas pour conseiller.")
    page.tap("#toasts .undo button")
    toast(page, "Annulé")
    assert User.objects.filter(name="Hugo Delmas", portfolio__until=None, portfolio__isnull=False).count() == 0


def test_any_day_is_chosen_by_a_finger(town, sign_in):
    page = sign_in(width=360, height=780, touch=True)
    page.goto("/worklist/without-adviser/")
    page.tap(f"{ROW}:nth-child(1) .pick")
    page.tap("#bulk [data-act^='console.snooze']")
    page.locator("#palette [role=option]").last.tap()
    assert page.locator("#palette-day").bounding_box()["width"] > 150
    page.fill("#palette-day", f"{utc_now() + timedelta(days=30):%Y-%m-%d}")
    page.tap("#palette-chosen")
    toast(page, "Put off until")
    expect(page.locator(ROW)).to_have_count(4)


def test_the_keyboard_keeps_its_place_when_an_answer_takes_the_form_away(town, signed_in_page):
    page = signed_in_page
    page.goto(f"/people/{town[0].uuid}/")
    page.focus("#ways summary")
    keys(page, "Enter", "Tab", "Tab")
    page.keyboard.type("second@example.org")
    keys(page, "Enter")
    expect(page.locator("#ways .way")).to_have_count(2)
    expect(page.locator("#ways summary")).to_be_focused()
    page.locator("#ways .way button").last.focus()
    keys(page, "Enter")
    expect(page.locator("#ways .notice .undo button")).to_be_focused()
    page.focus("#edit-details")
    keys(page, "Enter")
    expect(page.locator("#details-given_name")).to_be_focused()
    keys(page, "Enter")
    expect(page.locator("#edit-details")).to_be_focused()


def test_after_an_action_people_reach_as_far_down_as_before(town, signed_in_page, make_person, monkeypatch):
    monkeypatch.setattr("egard.console.people.LIST_SIZE", 20)
    for number in range(60):
        make_person("Léa", f"Martin {number:02}")
    page = signed_in_page
    page.goto("/people/")
    page.mouse.wheel(0, 3000)  # the next ones come by themselves
    page.locator("[data-row] .list-name a", has_text="Martin 28").click()
    expect(page.locator(".card-person h2")).to_have_text("Léa Martin 28")
    page.wait_for_function(STILL)
    rows, place = page.locator("[data-row]").count(), page.evaluate("scrollY")
    keys(page, "a")
    page.keyboard.type("hugo")
    expect(page.locator("#palette [role=option]")).to_have_count(1)
    keys(page, "Enter")
    toast(page, "now has Hugo Delmas")
    expect(page.locator("tr[data-row]:has(a[aria-current]) .list-adviser")).to_have_text("Hugo Delmas")
    assert (page.locator("[data-row]").count(), page.evaluate("scrollY")) == (rows, place)
    assert page.evaluate("document.activeElement.innerText") == "Léa Martin 28"
