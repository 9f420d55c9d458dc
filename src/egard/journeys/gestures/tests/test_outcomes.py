"""Complaints with and without a gesture, side by side, each with how many they are."""

from __future__ import annotations

from datetime import timedelta

import pytest

from egard.base.ids import new_id
from egard.journeys.gestures.outcomes import queries
from egard.journeys.gestures.tests.making import fact, gesture, purchase
from egard.kernel.access.actors import NotAllowed
from egard.kernel.access.queries import viewer_for
from egard.kernel.lifecycle.operations import merge_persons
from egard.kernel.timeline.operations import record

DAY = timedelta(days=1)


@pytest.fixture
def complain(make_person, me, now):
    """Somebody complained so many days ago, was answered after some hours, and bought again after some days, or not."""

    def one(days: int, hours: float | None, again: int | None = None, *, correct: bool = False) -> tuple:
        person, uuid = make_person("Anne"), new_id()
        at = now - days * DAY
        told: dict = {"by": me, "channel": "web", "now": now}
        record(person, fact("complaints.received/1", uuid, "A damaged dish"), at=at, key=f"c:{uuid}", **told)
        if hours is not None:
            solved = at + timedelta(hours=hours)
            record(person, fact("complaints.answered/1", uuid), at=solved, key=f"a:{uuid}", **told)
            record(person, fact("complaints.closed/1", uuid), at=solved + DAY, key=f"x:{uuid}", **told)
            if again is not None:
                bought = purchase(str(uuid))
                record(person, bought, at=solved + again * DAY, key=f"p:{uuid}", **told)
        return person, uuid

    return one


def given(viewer, now, **more):
    return queries.side_by_side(viewer, since=now - 400 * DAY, until=now, now=now, **more)


def test_time_amount_and_repurchase_stand_side_by_side_with_n(complain, everything, make_user, now, settle,
                                                             transactional_db):  # fmt: skip
    agent = make_user("agent")
    for n in range(8):
        person, uuid = complain(200, 1 + n, again=10 if n < 6 else None)
        gesture(person, 500 + 100 * n, by=agent, at=now - 199 * DAY, subject=f"case:{uuid}")
    for n in range(5):
        complain(200, 48 + n, again=120 if n else 20)
    complain(10, 2, again=1)  # its 90 days have not passed: not judged
    complain(10, None)  # not resolved
    settle()
    told = given(everything, now)
    assert (told.given.n, told.given.resolved, told.given.again, told.given.judged) == (8, 8, 6, 8)
    assert told.given.time.seconds == 4.5 * 3600
    assert told.given.amount.seconds == 850
    assert told.given.time.low is not None
    assert told.given.bounds == pytest.approx((0.409, 0.929), abs=0.001)
    assert (told.without.n, told.without.resolved, told.without.again, told.without.judged) == (7, 6, 1, 5)
    assert told.without.amount.n == 0
    assert given(everything, now, days=180).without.again == 5


def test_a_gesture_that_was_taken_back_is_none_and_a_repurchase_by_a_merged_record_is_hers(
    complain, make_person, everything, me, now, settle, transactional_db
):
    person, uuid = complain(200, 1)
    gesture(person, by=None, at=now, subject=f"case:{uuid}", state="reversed")
    twin = make_person("Anne")
    bought = purchase("1")
    record(twin, bought, at=now - 190 * DAY, by=me, channel="web", key="p:1", now=now)
    merge_persons(person, twin, by=me, now=now)
    settle()
    told = given(everything, now)
    assert told.given.n == 0
    assert (told.without.again, told.without.judged) == (1, 1)


def test_of_nothing_everything_is_possible(everything, now):
    told = given(everything, now)
    assert told.given.bounds == (0.0, 1.0)
    assert told.given.time.seconds is None


def test_who_may_not_compare_is_told_so(make_user, now):
    with pytest.raises(NotAllowed):
        given(viewer_for(make_user("agent")), now)
    assert given(viewer_for(make_user("analyst")), now).given.n == 0
