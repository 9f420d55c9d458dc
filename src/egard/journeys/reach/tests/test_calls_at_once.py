"""What comes at the same moment: one line rings for one call, one time is promised once, one request is done once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.racing import at_once

from egard.journeys.reach import operations
from egard.journeys.reach.models import Call, CallBack
from egard.journeys.reach.rules.times import free_times
from egard.journeys.reach.state import hours_of
from egard.journeys.reach.tests.phones import LINES, phone
from egard.kernel.people.operations import set_adviser
from egard.kernel.promises.models import Promise

pytestmark = pytest.mark.django_db(transaction=True)
RACERS = 6


@pytest.fixture
def clients(house, make_person, me, now):
    """Six clients of one adviser, each with a number."""
    made = [make_person("A", "B", phone=f"+3361111111{n}") for n in range(RACERS)]
    for one in made:
        set_adviser(one, house.claire, since=now, by=me, now=now)
    return made


def test_of_many_calls_at_the_same_moment_one_rings_her_and_the_others_hear_what_else_there_is(clients):
    heard = at_once([phone(f"+3361111111{n}").call for n in range(RACERS)])
    assert sorted(one.line for one in heard) == [""] * (RACERS - 1) + [LINES[0]]
    assert all(one.line or one.gather for one in heard)
    assert Call.objects.filter(state="ringing").count() == 1


def test_one_call_that_is_sent_many_times_at_once_is_one_call(clients):
    heard = at_once([phone("+33611111110", sid="CA0").call] * RACERS)
    assert len(set(heard)) == 1
    assert Call.objects.count() == 1


def test_one_time_is_promised_to_one_person(clients, house, me, now):
    at = free_times(hours_of(house.desk, now=now), (), now=now, most=1)[0]

    def ask(n: int):
        told = {"channel": "web", "key": f"k{n}", "by": me, "now": now + timedelta(seconds=1)}
        return lambda: operations.promise_call_back(clients[n], house.desk, at, **told)

    got = at_once([ask(n) for n in range(RACERS)])
    assert got.count("reach.time_taken") == RACERS - 1
    assert CallBack.objects.count() == Promise.objects.count() == 1
