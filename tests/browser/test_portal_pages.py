"""A client in the street, with one thumb, in French."""

from __future__ import annotations

import re
import threading

import pytest
from tests.browser.test_people_pages import overflow

from egard.base.clock import utc_now
from egard.kernel.access.operations import log_sight
from egard.kernel.access.queries import viewer_for
from egard.kernel.jobs.worker import run_jobs
from egard.kernel.messages.models import Outgoing

PAGES = ("", "data/", "data/name/", "data/address/", "data/phone/", "data/email/", "data/copy/", "data/erasure/")
MORE = ("choices/", "sights/", "devices/")


@pytest.fixture
def worker(transactional_db):
    """What carries messages away while the browser waits."""
    stop = threading.Event()
    thread = threading.Thread(target=run_jobs, args=(stop,))
    thread.start()
    yield
    stop.set()
    thread.join(20)


@pytest.fixture
def anne(staff, make_person):
    found = make_person("Anne", "Lebœuf", email="anne@example.org", phone="06 12 34 56 78", language="fr")
    log_sight(viewer_for(staff), "person", person_id=found.pk, now=utc_now())
    return found


def code_to(page, address: str) -> str:
    """The code of the latest message to an address, once it left."""
    for _ in range(100):
        found = Outgoing.objects.filter(to=address, state="sent", text__regex=r"\d{6}").order_by("-id").first()
        if found:
            return re.search(r"\b\d{6}\b", found.text)[0]
        page.wait_for_timeout(100)
    raise AssertionError(f"no code came to {address}")


def small_targets(page) -> list[str]:
    """What a thumb would miss: links and buttons under 44 pixels, but for those inside a sentence."""
    return page.evaluate(
        """() => [...document.querySelectorAll("a, button, input:not([type=hidden])")]
        .filter(e => !e.matches(".skip") && !e.closest("p"))
        .filter(e => e.getClientRects().length && e.getBoundingClientRect().height < 44)
        .map(e => `${e.tagName} ${e.textContent.trim()} ${e.getBoundingClientRect().height}`)"""
    )


def test_anne_signs_in_mends_her_file_says_what_she_wants_and_leaves(anne, open_page, worker):
    page = open_page(width=360, height=740, language="fr", touch=True)
    page.goto("/me/")
    assert page.get_attribute("html", "lang") == "fr"
    page.fill("#email", "anne@example.org")
    page.keyboard.press("Enter")
    page.wait_for_selector("#code")
    assert page.evaluate("document.activeElement.id") == "code"
    page.fill("#code", code_to(page, "anne@example.org"))
    page.keyboard.press("Enter")
    page.wait_for_selector("h1:has-text('Bonjour Anne')")
    for place in (*PAGES, *MORE):
        page.goto(f"/me/{place}")
        assert overflow(page) == [], place
        assert small_targets(page) == [], place
    page.goto("/me/sights/")
    assert "Conseiller" in page.inner_text(".me-sights")
    assert "Camille" not in page.inner_text("main")

    page.goto("/me/data/name/")
    page.fill("#given_name", "Annie")
    page.click("main button")
    page.wait_for_selector(".notice-kept")
    assert "Annie Lebœuf" in page.inner_text("main")

    page.goto("/me/choices/")
    switch = page.locator("#s-offers-email")
    assert switch.get_attribute("aria-checked") == "false"
    switch.click()
    page.wait_for_selector("#s-offers-email[aria-checked=true]")
    assert page.evaluate("document.activeElement.id") == "s-offers-email"

    page.goto("/me/data/copy/")
    with page.expect_download() as download:
        page.click("main button")
    assert download.value.suggested_filename == "mes-donnees.json"

    page.goto("/me/data/erasure/")
    page.fill("#word", "effacer")
    page.click("main button")
    page.wait_for_selector("h1:has-text('Vous êtes effacé')")
    anne.refresh_from_db()
    assert anne.erased_at
    page.goto("/me/data/")
    page.wait_for_selector("#email")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_wrong_code_is_explained_beside_it_and_another_can_be_asked_for(anne, open_page, worker, theme):
    page = open_page(width=360, height=740, language="en", theme=theme, touch=True)
    page.goto("/me/sign-in/")
    page.fill("#email", "nobody@example.org")
    page.click("main .me-act")
    page.wait_for_selector("#code")
    page.fill("#code", "123456")
    page.click("text=Sign in")
    page.wait_for_selector("#code-error")
    assert "4 more times" in page.inner_text("#code-error")
    assert page.get_attribute("#code", "aria-describedby") == "code-error"
    assert overflow(page) == []
    assert small_targets(page) == []
    page.click("text=Send a new code")
    page.wait_for_selector("#code:not([aria-invalid])")
    page.click("button[name=theme][value=dark]")
    page.wait_for_selector("html[data-bs-theme=dark]")
    page.click("button[name=language][value=fr]")
    page.wait_for_selector("html[lang=fr][data-bs-theme=dark]")
    # Chromium itself notes each answer of 4xx; that one was asked for.
    assert [c for c in open_page.complaints if "422" not in c] == []
    open_page.complaints.clear()
