"""The figures of calls for managers: shares by week, and the advisers that each hour asks for."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from egard.journeys.reach import figures, figures_page, staffing
from egard.journeys.reach.models import Call
from egard.journeys.reach.rules.staffing import needed
from egard.kernel.access.actors import NotAllowed, Viewer, system
from egard.kernel.access.operations import create_api_key

pytestmark = pytest.mark.django_db
WEEKS = 3


@pytest.fixture
def months(house, now, monkeypatch):
    """Three whole weeks: each Tuesday sixty calls between nine and ten, ten of five minutes given up, two at noon."""
    monkeypatch.setattr(figures_page, "utc_now", lambda: now)
    rows = []
    for week in range(1, WEEKS + 1):
        nine = now.replace(hour=8, minute=0) - timedelta(weeks=week)
        for n in range(62):
            at = nine + (timedelta(minutes=n) if n < 60 else timedelta(hours=3, minutes=n - 59))
            gave_up = n < 10
            rows.append(
                Call(provider_id=f"CA{week}x{n}", adviser=house.claire, person=house.elodie if n == 11 else None,
                     language="fr", asked_at=at, seen_at=at, answered_at=None if gave_up else at,
                     ended_at=at + timedelta(minutes=6), state="ended", outcome="abandoned" if gave_up else "own",
                     waited=300 if gave_up else 20, talked=0 if gave_up else 240)
            )  # fmt: skip
    Call.objects.bulk_create(rows)


def test_staffing_follows_from_the_calls_of_the_last_whole_weeks(months, everything, now, django_assert_num_queries):
    with django_assert_num_queries(3):
        told = staffing.staffing(everything, weekday=2, now=now)
    assert (told.weeks, told.calls, told.talks, told.talk_seconds) == (WEEKS, 62 * WEEKS, 52 * WEEKS, 240.0)
    assert told.patience_seconds == pytest.approx((300 * 30 + 20 * 156) / 30)
    nine, ten, eleven, noon = told.hours
    assert (nine.hour, nine.calls, nine.advisers) == (9, 60.0, needed(60.0, 240.0))
    assert nine.most >= nine.advisers
    assert nine.soon >= 0.9
    assert (ten.counted, eleven.advisers, noon.counted, noon.advisers) == (0, None, 2 * WEEKS, None)
    assert staffing.staffing(everything, weekday=3, now=now).hours == []
    assert staffing.staffing(everything, now=now).weekday == 2  # the day of the most calls
    with pytest.raises(NotAllowed):
        staffing.staffing(Viewer(system("nobody")), weekday=2, now=now)


def test_weeks_add_up_to_the_whole(months, everything, now, django_assert_num_queries):
    since = now - timedelta(weeks=5)
    with django_assert_num_queries(1):
        weeks = figures.weeks(everything, since=since, until=now)
    whole = figures.reached(everything, since=since, until=now)
    assert len(weeks) == WEEKS
    for name in ("own", "soon", "abandoned"):
        assert sum(getattr(one.reached, name).hits for one in weeks) == getattr(whole, name).hits
    assert (whole.abandoned.hits, whole.soon.n) == (30, 186)


def test_the_page_and_the_api_show_them_to_managers_alone(months, make_user, client, me, now):
    manager = Client(headers={"Accept-Language": "en"})
    manager.force_login(make_user("site_manager"))
    page = manager.get("/reach/figures/", {"weekday": "2"}).content.decode()
    assert "186 calls" in page
    assert "last 3 whole weeks" in page
    assert "fewer than 10 calls: nothing is advised" in page
    assert "30 callers hung up" in page
    assert "Nobody called on this day" in manager.get("/reach/figures/", {"weekday": "3"}).content.decode()
    adviser = Client()
    adviser.force_login(make_user("adviser"))
    assert adviser.get("/reach/figures/").status_code == 403
    _key, secret = create_api_key(name="board", scopes=["reach.read", "reach.figures"], by=me, now=now)
    headers = {"Authorization": f"Bearer {secret}"}
    period = {"since": "2026-02-01T00:00:00Z", "until": "2026-03-10T00:00:00Z"}
    assert len(client.get("/api/v1/call-figures/weeks", period, headers=headers).json()["items"]) == WEEKS
    assert client.get("/api/v1/staffing?weekday=8", headers=headers).status_code == 422
    assert client.get("/api/v1/staffing?weekday=2", headers=headers).status_code == 200
