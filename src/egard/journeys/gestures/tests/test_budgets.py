"""Budgets as they stand: sums of the database, whatever the number of gestures."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from egard.journeys.gestures import budgets
from egard.journeys.gestures.rules.budgets import Costs, forecast
from egard.journeys.gestures.tests.giving import furnish
from egard.journeys.gestures.tests.making import gesture

pytestmark = pytest.mark.django_db
PARIS = ZoneInfo("Europe/Paris")


def test_a_budget_stands_by_sums_of_its_days_and_no_act_is_read(make_user, make_person, me, now):
    house = furnish(make_user, me, now)
    budget, person = house.budget(100_000), make_person("Anne", "Lebœuf")
    costs = [500, 1_500, 700, 10**9, 300, 900]
    midnight = budget.since + timedelta(days=2)
    for n, cost in enumerate(costs):  # two on each side of a midnight of the house
        at = midnight + timedelta(minutes=(n % 2) - 1)
        gesture(person, cost, by=house.camille, at=at, budget=budget, team=house.team)
    with CaptureQueriesContext(connection) as asked:
        (told,) = budgets.standings(house.lead, now=now)
    assert told.forecast == forecast(
        Costs.of(costs), since=budget.since, until=budget.until, now=now, budget=budget.amount
    )
    assert told.days == (
        (midnight - timedelta(days=1), 500 + 700 + 300), (midnight, 1_500 + 10**9 + 900)
    )  # fmt: skip
    assert all(day.astimezone(PARIS).hour == 0 for day, _cost in told.days)
    before = len(asked)
    for n in range(20):
        gesture(person, 100, by=house.camille, at=midnight + timedelta(hours=n), budget=budget, team=house.team)
    with CaptureQueriesContext(connection) as asked:
        (told,) = budgets.standings(house.lead, now=now)
    assert (len(asked), len(told.days), told.n) == (before, 2, 26)
