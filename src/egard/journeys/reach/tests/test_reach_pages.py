"""The adviser's desk and the page on which a client asks to be called."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client

from egard.base.clock import utc_now
from egard.journeys.reach import pages, portfolio
from egard.journeys.reach.models import CallBack, Desk
from egard.journeys.reach.tests.phones import MOBILE, phone
from egard.kernel.access.queries import viewer_for
from egard.kernel.people.operations import set_adviser
from egard.kernel.promises.models import Promise
from egard.portal.models import Session
from egard.portal.operations import sha

pytestmark = pytest.mark.django_db


@pytest.fixture
def at_home(house):
    """Élodie's phone, signed in to her own space."""
    at = utc_now()
    Session.objects.create(
        token=sha("hers"), person=house.elodie, began_at=at, seen_at=at, expires_at=at + timedelta(days=1)
    )
    browser = Client(headers={"Accept-Language": "en"})
    browser.cookies["egard_me"] = "hers"
    return browser


@pytest.fixture(autouse=True)
def _same_clock(clock, monkeypatch):
    monkeypatch.setattr(pages, "utc_now", lambda: clock.now)


def test_the_desk_shows_who_is_on_the_line_and_whom_something_is_owed(house, clock):
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(house.claire)
    page = client.get("/reach/").content.decode()
    assert "Élodie Lebœuf" in page
    assert "Nobody is on your line" in page
    line = phone()
    line.call()
    line.answered()
    part = client.get("/reach/line/").content.decode()
    assert "you talk" in part
    assert "Élodie Lebœuf" in part
    assert client.post("/reach/presence/", {"presence": "away"}).status_code == 302
    assert Desk.objects.get(user=house.claire).presence == "away"
    assert client.post("/reach/presence/", {"presence": "asleep"}).status_code == 422


def test_the_questions_of_the_desk_are_as_many_whatever_the_portfolio(house, make_person, me, now,
                                                                      django_assert_num_queries):  # fmt: skip
    viewer = viewer_for(house.claire)
    with django_assert_num_queries(4):
        portfolio.portfolio(viewer, now=now)
    for n in range(12):
        set_adviser(make_person("A", str(n)), house.claire, since=now, by=me, now=now)
    with django_assert_num_queries(4):
        rows, n = portfolio.portfolio(viewer, now=now)
    assert (len(rows), n) == (13, 13)


def test_she_chooses_when_she_is_called_and_it_is_a_promise(at_home, house):
    page = at_home.get("/me/call/").content.decode()
    assert "Claire Martin, your adviser, calls you" in page
    first = re.search(r'<option value="([^"]+)"', page)[1]
    told = {"at": first, "number": "", "about": "my loan", "key": "k"}
    for _twice in range(2):
        assert at_home.post("/me/call/", told).status_code == 302
    made = CallBack.objects.get()
    assert (made.number, made.about, made.desk) == (MOBILE, "my loan", house.desk)
    assert Promise.objects.get().owner == house.claire
    page = at_home.get("/me/call/").content.decode()
    assert "Claire Martin calls you on" in page
    assert f'value="{first}"' not in page


def test_a_time_that_is_none_or_taken_is_refused_in_words_and_nothing_typed_is_lost(at_home, house):
    for at in ("", "tomorrow", "2026-03-10T23:00:00+00:00", "2026-03-11T09:00:00"):
        answer = at_home.post("/me/call/", {"at": at, "number": "06 99 99 99 99", "about": "my loan"})
        assert answer.status_code == 409
        assert "06 99 99 99 99" in answer.content.decode()
    assert not CallBack.objects.exists()
