"""The list of promises on an open page: what is promised or kept elsewhere shows at once, and by keys it is done."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from egard.base.clock import utc_now
from egard.kernel.promises.models import Promise
from egard.kernel.promises.operations import keep, promise

ON = "#live[data-state=on]"


@pytest.fixture
def owed(make_person, staff, me):
    person = make_person("Anne", "Lebœuf")

    def make(note: str, within: str = "2 h"):
        now = utc_now()
        return promise(person, "promises.answer", within=within, note=note, key=note, owner=staff, by=me, now=now)

    return make


def test_the_list_follows_what_happens_elsewhere_and_is_worked_through_by_keys(owed, sign_in, me):
    first = owed("the loan")
    page = sign_in()
    page.goto("/worklist/promises/")
    page.wait_for_selector(ON, state="attached")
    titles = page.locator(".work-title")
    expect(titles).to_have_text(["the loan"])
    expect(page.locator(".work-row .promise-brief")).to_contain_text("minutes left")

    owed("the card", "20 min")
    expect(titles).to_have_text(["the card", "the loan"])
    keep(first, by=me, now=utc_now())
    expect(titles).to_have_text(["the card"])

    page.keyboard.press("j")
    expect(page.locator("#pane .promise-whole")).to_contain_text("the card")
    page.keyboard.press("e")
    expect(page.locator("#toasts")).to_contain_text("1 promise is kept.")
    expect(titles).to_have_count(0)
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(page.locator("#toasts")).to_contain_text("Undone")
    expect(titles).to_have_text(["the card"])
    assert Promise.objects.get(key="the card").state == "open"
