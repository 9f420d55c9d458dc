"""A case open in a browser stays as it is now, and what is being typed stays where it is."""

from __future__ import annotations

from playwright.sync_api import expect

from egard.base.clock import utc_now
from egard.kernel.access.queries import system_viewer
from egard.kernel.cases import operations


def test_a_colleagues_step_shows_on_the_open_page_and_takes_no_word_from_whoever_types(staff, make_person, sign_in):
    everything = system_viewer("test")
    case = operations.open_case(everything, "stolen_phone", make_person("Zélie", "Marchand"), now=utc_now()).uuid
    page = sign_in()
    page.goto(f"/cases/{case}/?step=facts")
    expect(page.locator("#live[data-state=on]")).to_be_attached()
    page.fill("#do-shop", "Lyon Bel")
    blocked = {"line": "06", "blocked_at": "2026-03-10T08:00:00Z"}
    operations.complete_step(everything, case, "block", blocked, now=utc_now())
    expect(page.locator("#step-block .step-word")).to_have_text("Done")
    expect(page.locator("#case-lines")).to_contain_text("“Block the line and the SIM” is done")
    expect(page.locator("#case-known")).to_contain_text("06")
    expect(page.locator("#case-now .live-waits")).to_be_visible()  # told, not taken
    expect(page.locator("#do-shop")).to_have_value("Lyon Bel")
