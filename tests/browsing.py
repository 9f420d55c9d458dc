"""A real browser on a real server. Every page that a test opens must leave the browser's console silent."""

from __future__ import annotations

import os
import shutil

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
PATIENCE = 20_000
"""Milliseconds for what must come: only a test that fails waits so long, and a machine that does much else is slow."""


def pytest_itemcollected(item):
    """A test that opens a page is marked `browser` by that."""
    if "browser" in getattr(item, "fixturenames", ()):
        item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser():
    """Chromium, started once. Skips, saying so, where the machine has none."""
    path = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if path is None:
        pytest.skip("no Chromium on this machine: install it (apt-get install chromium) to run the browser's tests")
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE)
    # Playwright's own loop runs in this thread, which makes Django believe that it is called from asynchronous code.
    allowed = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield started
        started.close()
    if allowed is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def staff(transactional_db, make_user):
    """Somebody who can sign in: an adviser, with a password."""
    return make_user("adviser", email="camille@example.org", name="Camille Lefèvre", password="a-warm-welcome")


@pytest.fixture
def open_page(browser, live_server, staff):
    """Opens pages: `open_page(language="fr", theme="dark", touch=True)`. At the end no console may have complained."""
    contexts, complaints = [], []

    def open_one(
        *, width: int = 1280, height: int = 860, language: str = "en", theme: str = "light", touch: bool = False
    ):
        context = browser.new_context(
            viewport={"width": width, "height": height},
            locale=language,
            color_scheme=theme,
            base_url=live_server.url,
            reduced_motion="reduce",
            has_touch=touch,
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("console", lambda told: told.type in ("error", "warning") and complaints.append(told.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    open_one.complaints = complaints
    yield open_one
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def sign_in(open_page):
    """Opens a page and signs in through the form: `sign_in(language="fr")`."""

    def signed(**look):
        page = open_page(**look)
        page.goto("/accounts/login/")
        page.fill("input[name=login]", "camille@example.org")
        page.fill("input[name=password]", "a-warm-welcome")
        page.click("form.entrance-sign-in button[type=submit]")
        page.wait_for_url("**/people/")
        return page

    signed.complaints = open_page.complaints
    return signed


@pytest.fixture
def page(open_page):
    """A page of nobody."""
    return open_page()


@pytest.fixture
def signed_in_page(sign_in):
    """A page of the adviser."""
    return sign_in()
