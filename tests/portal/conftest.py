"""A client of the house, and browsers in which she reads."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from egard.kernel.messages.models import Outgoing

ADDRESS = "anne@example.org"


@pytest.fixture(autouse=True)
def _hosts(settings):
    settings.ALLOWED_HOSTS = ["testserver", "localhost"]


@pytest.fixture
def anne(make_person):
    return make_person("Anne", "Kerouac", email=ADDRESS, phone="0612345678", customer_number="17850", language="fr")


@pytest.fixture
def clock(monkeypatch, now):
    """What time the pages and the worker think it is: `clock.now`, moved by the test."""

    class Clock:
        pass

    held = Clock()
    held.now = now
    for module in ("entrance", "data", "life", "pages", "talk"):
        monkeypatch.setattr(f"egard.portal.{module}.utc_now", lambda: held.now)
    return held


@pytest.fixture
def browser_of():
    """A new browser: `browser_of(language="fr")`."""

    def make(language: str = "en", place: str = "192.0.2.1") -> Client:
        agent = "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36"
        return Client(headers={"Accept-Language": language, "User-Agent": agent}, REMOTE_ADDR=place)

    return make


@pytest.fixture
def ask(clock, carry_out):
    """Asks for a code in a browser, and reads the mail: the code, or None where none came."""

    def one(browser: Client, address: str = ADDRESS) -> str | None:
        before = set(Outgoing.objects.values_list("pk", flat=True))
        answer = browser.post("/me/sign-in/", {"email": address})
        assert answer.status_code == 302, answer.content.decode()
        carry_out(at=clock.now)
        came = Outgoing.objects.exclude(pk__in=before).filter(kind="portal.code", to=address).first()
        return re.search(r"\b\d{6}\b", came.text)[0] if came else None

    return one


@pytest.fixture
def signed_in(browser_of, ask, anne):
    """A browser in which Anne is signed in."""

    def make(**look) -> Client:
        browser = browser_of(**look)
        answer = browser.post("/me/sign-in/code/", {"code": ask(browser)})
        assert answer.status_code == 302, answer.content.decode()
        return browser

    return make
