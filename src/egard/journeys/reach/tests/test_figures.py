"""Shares of calls, each with how many it is of and between which bounds it lies."""

from __future__ import annotations

from datetime import timedelta

import pytest

from egard.base.figures import interval
from egard.journeys.reach import figures
from egard.journeys.reach.models import Call
from egard.kernel.access.actors import NotAllowed, Viewer, system
from egard.kernel.access.operations import create_api_key

pytestmark = pytest.mark.django_db


@pytest.fixture
def lived(house, make_person, now):
    """Twenty calls of clients of Claire, and one of somebody unknown who gave up."""
    n = 0

    def call(outcome: str, *, waited: int, at, person=None, adviser=house.claire, transfers=0) -> None:
        nonlocal n
        n += 1
        answered = at if outcome in ("own", "deputy") else None
        Call.objects.create(
            provider_id=f"CA{n}", person=person, adviser=adviser, language="fr", asked_at=at, seen_at=at,
            answered_at=answered, ended_at=at + timedelta(minutes=5), state="ended", outcome=outcome, waited=waited,
            transfers=transfers,
        )  # fmt: skip

    others = [make_person("A", str(one)) for one in range(20)]
    for k, one in enumerate(others):
        at = now + timedelta(minutes=k)
        if k < 14:
            call("own", waited=180 if k < 10 else 181, at=at, person=one)
        elif k < 17:
            call("deputy", waited=20, at=at, person=one, transfers=1)
        else:
            call("call_back" if k < 19 else "abandoned", waited=60, at=at, person=one)
    call("abandoned", waited=30, at=now, adviser=None)
    call("own", waited=5, at=now + timedelta(days=1), person=others[0])  # a day later: again
    call("own", waited=5, at=now + timedelta(days=2, hours=5), person=others[1])  # later than that: not


def test_each_share_counts_what_it_says(lived, everything, now):
    told = figures.reached(everything, since=now, until=now + timedelta(hours=1))
    assert (told.own.hits, told.own.n) == (14, 20)
    assert (told.soon.hits, told.soon.n) == (13, 21)
    assert (told.abandoned.hits, told.transferred.hits, told.promised.hits) == (2, 3, 2)
    assert (told.repeated.hits, told.repeated.n) == (1, 20)
    assert told.own.bounds == interval(14, 20)


def test_the_figures_by_the_api_and_only_for_who_may(lived, client, me, now):
    _key, secret = create_api_key(name="board", scopes=["reach.read"], by=me, now=now)
    url = "/api/v1/call-figures"
    asked = {"since": "2026-03-10T00:00:00Z", "until": "2026-03-10T12:00:00Z"}
    told = client.get(url, asked, headers={"Authorization": f"Bearer {secret}"}).json()
    assert told["own"]["hits"] == 14
    assert told["own"]["n"] == 20
    assert told["own"]["low"] < told["own"]["share"] < told["own"]["high"]
    assert client.get(url, asked).status_code == 401
    with pytest.raises(NotAllowed):
        figures.reached(Viewer(system("nobody")), since=now, until=now)
