"""Call backs that are asked for at the same moment: no more than can be made, and one for a form that is sent twice."""

from __future__ import annotations

import pytest
from tests.racing import at_once

from egard.journeys.reach.links import operations as links
from egard.journeys.reach.models import CallBack
from egard.journeys.reach.tests.phones import MOBILE

pytestmark = pytest.mark.django_db(transaction=True)
SOMEWHERE = b"x" * 32


def ask(at, n, *, now, key=None):
    visitor = links.Visitor(bytes([n]) * 32, number=f"+3369876540{n}")
    return links.ask(links.Opened(), at, visitor, key=key or str(n), now=now).pk


def test_strangers_at_the_same_moment_are_not_promised_more_calls_than_the_house_can_make(house, now):
    at = links.times(links.Opened(), now=now)[0]
    told = at_once([lambda n=n: ask(at, n, now=now) for n in range(links.AT_ONCE + 3)])
    assert told.count("reach.time_taken") == 3
    assert CallBack.objects.count() == links.AT_ONCE


def test_a_form_that_is_sent_twice_at_the_same_moment_is_one_call_back_and_no_refusal(house, now):
    first, second = links.times(links.Opened(), now=now)[:2]
    links.ask(links.Opened(), first, links.Visitor(SOMEWHERE, number=MOBILE), key="before", now=now)
    visitor = links.Visitor(SOMEWHERE, number=MOBILE)
    told = at_once([lambda: links.ask(links.Opened(), second, visitor, key="k", now=now).pk] * 4)
    assert set(told) == {CallBack.objects.get(key="link:k").pk}


def test_a_call_that_is_changed_twice_at_the_same_moment_is_changed_once(house, now):
    free = links.times(links.Opened(), now=now)
    held = links.ask(links.Opened(), free[0], links.Visitor(SOMEWHERE, number=MOBILE), key="k", now=now)
    told = at_once([lambda at=at: links.change(held, at, now=now).pk for at in free[1:4]])
    assert len(set(told)) == 1
    assert CallBack.objects.get(dropped_at=None).pk == told[0]
