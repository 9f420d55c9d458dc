"""Who finds no time leaves her name, is offered one, takes it or leaves, all from her link."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client

from egard.base.clock import utc_now
from egard.journeys.visits import links, waitlist
from egard.journeys.visits.models import Visit
from egard.journeys.visits.models_told import Waiting

WHEN = "/p/visits/lyon-2/discovery/"


@pytest.fixture
def anybody():
    return Client(headers={"accept-language": "en"})


@pytest.fixture
def decent(monkeypatch):
    """Whatever the hour at which the tests run."""
    monkeypatch.setattr("egard.kernel.messages.rules.quiet.span_of", lambda words: None)


def token_of(page: str) -> str:
    return re.search(r'name="form" value="([^"]+)"', page)[1]


def joins(client: Client, **more):
    page = client.get(f"{WHEN}waiting/").content.decode()
    today = utc_now().date()
    told = {
        "form": token_of(page), "name": "Nora Benali", "told_by": "email", "email": "nora@example.org",
        "first": today.isoformat(), "last": (today + timedelta(days=14)).isoformat(),
    }  # fmt: skip
    return client.post(f"{WHEN}waiting/", told | more)


def act(client: Client, address: str, what: str):
    return client.post(address, {"form": token_of(client.get(address).content.decode()), "act": what})


def test_she_joins_takes_what_is_offered_and_has_a_visit(shop, anybody, decent):
    assert f"{WHEN}waiting/" in anybody.get(WHEN).content.decode()
    address = joins(anybody)["Location"]
    assert joins(anybody, part="morning")["Location"] == address
    assert "You are the next one whom we ask." in anybody.get(address).content.decode()
    waitlist.offer(now=utc_now())
    page = anybody.get(address).content.decode()
    assert "A time is free for you" in page
    booked = act(anybody, address, "accept")
    visit = Visit.objects.get()
    assert (visit.state, visit.name, visit.told_to) == ("booked", "Nora Benali", "nora@example.org")
    assert links.own_link(visit) in booked["Location"]
    assert act_is_over(anybody, address)


def act_is_over(client: Client, address: str) -> bool:
    return 'name="act"' not in client.get(address).content.decode()


def test_she_lets_it_go_and_leaves(shop, anybody, decent):
    address = joins(anybody)["Location"]
    waitlist.offer(now=utc_now())
    act(anybody, address, "decline")
    assert "You are on the waiting list" in anybody.get(address).content.decode()
    assert Visit.objects.get().state == "cancelled"
    act(anybody, address, "leave")
    assert "You are not waiting any more" in anybody.get(address).content.decode()
    assert Waiting.objects.get().state == "left"


def test_what_lapsed_and_is_taken_is_said(shop, anybody, decent):
    address = joins(anybody)["Location"]
    waitlist.offer(now=utc_now())
    page = anybody.get(address).content.decode()
    waitlist.decline(Waiting.objects.get(), by=waitlist.BY, now=utc_now())
    answer = anybody.post(address, {"form": token_of(page), "act": "accept"})
    assert answer.status_code == 409
    assert "taken now" in answer.content.decode()


@pytest.mark.parametrize(
    ("wrong", "status"),
    [({"told_by": "fax"}, 422), ({"last": "2020-01-01"}, 422), ({"email": ""}, 422), ({"first": "x"}, 422),
     ({"website": "http://spam"}, 429), ({"name": ""}, 422), ({"part": "night"}, 422)],
)  # fmt: skip
def test_a_wish_that_cannot_be_is_said_and_nobody_is_made(shop, anybody, wrong, status):
    answer = joins(anybody, **wrong)
    assert answer.status_code == status
    assert 'role="alert"' in answer.content.decode()
    assert not Waiting.objects.exists()


def test_many_from_one_place_are_refused(shop, anybody, monkeypatch):
    monkeypatch.setattr("egard.journeys.visits.public.holding.HOURLY", 3)
    found = [joins(anybody, email=f"n{n}@example.org").status_code for n in range(5)]
    assert found == [302, 302, 302, 429, 429]


def test_nobody_opens_what_we_did_not_sign(shop, anybody):
    assert anybody.get("/p/visits/waiting/AAAA:nonsense/").status_code == 404
    assert anybody.get("/p/visits/lyon-2/nothing/waiting/").status_code in (404, 422)
