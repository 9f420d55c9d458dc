"""Fair order in the shop, booked or not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from egard.journeys.visits.rules.queue import Waiting, expected, ordered, turn_of

NINE = datetime(2026, 9, 15, 7, 0, tzinfo=UTC)
minutes = st.integers(0, 480)


def after(n: int) -> datetime:
    return NINE + timedelta(minutes=n)


@st.composite
def shops(draw):
    """Three hosts with some free pieces each, and up to ten who wait."""
    free = {}
    for host in range(3):
        cuts = sorted(draw(st.sets(minutes, min_size=2, max_size=6)))
        free[host] = [(after(a), after(b)) for a, b in zip(cuts[::2], cuts[1::2], strict=False)]
    people = []
    for n in range(draw(st.integers(0, 10))):
        able = tuple(draw(st.permutations(range(3))))[: draw(st.integers(0, 3))]
        own = draw(st.sampled_from([None, None, 0, 1, 2]))
        people.append(Waiting(n, after(draw(minutes)), draw(st.sampled_from([5, 15, 30, 45, 60])), able, own))
    return free, people, after(draw(minutes))


@given(shops())
def test_each_is_received_in_free_time_that_is_long_enough_and_nobody_is_given_twice(shop):
    free, people, now = shop
    by_id = {one.id: one for one in people}
    taken = []
    for turn in expected(people, free, {}, now=now):
        one = by_id[turn.id]
        if one.own is not None:
            assert (turn.host, turn.at) == (one.own, max(now, one.turn))
        elif turn.at is not None:
            end = turn.at + timedelta(minutes=one.minutes)
            assert turn.host in one.hosts
            assert turn.at >= now
            assert any(a <= turn.at and end <= b for a, b in free[turn.host]), "it would reach into a booked visit"
            taken.append((turn.host, turn.at, end))
    for host, start, end in taken:
        assert sum(host == h and start < e and s < end for h, s, e in taken) == 1


@given(shops(), st.data())
def test_who_comes_later_delays_nobody_who_was_there_before(shop, data):
    free, people, now = shop
    before = {turn.id: turn for turn in expected(people, free, {}, now=now)}
    last = max((one.turn for one in people), default=NINE)
    late = Waiting(99, last + timedelta(minutes=data.draw(st.integers(1, 60))), 15, (2, 1, 0))
    again = {turn.id: turn for turn in expected([late, *people], free, {}, now=now)}
    assert {pk: again[pk] for pk in before} == before


@given(shops())
def test_nobody_starves_who_is_passed_over_could_not_have_been_served_then(shop):
    """Somebody who is received before an earlier one took time in which the earlier one did not fit."""
    free, people, now = shop
    turns = {turn.id: turn for turn in expected(people, free, {}, now=now)}
    line = [one for one in ordered(people) if one.own is None]
    for n, one in enumerate(line):
        for other in line[n + 1 :]:
            at, host = turns[other.id].at, turns[other.id].host
            mine = turns[one.id].at
            if at is None or host not in one.hosts or (mine is not None and mine <= at):
                continue
            # She would have had the piece if it were long enough for her, whoever is expected before.
            earlier = [(turns[x.id].host, turns[x.id].at, x.minutes) for x in line[:n] if turns[x.id].at]
            end = at + timedelta(minutes=one.minutes)
            fits = any(a <= at and end <= b for a, b in free[host])
            met = any(h == host and at < s + timedelta(minutes=m) and s < end for h, s, m in earlier)
            assert not fits or met


def test_in_time_she_has_her_hour_and_later_the_moment_when_she_came():
    told = {"walked_in": False, "grace_minutes": 10}
    assert turn_of(after(60), after(30), **told) == after(60)
    assert turn_of(after(60), after(70), **told) == after(60)
    assert turn_of(after(60), after(71), **told) == after(71)
    assert turn_of(after(60), after(60), walked_in=True, grace_minutes=10) == after(60)


def test_at_one_moment_who_booked_goes_first_and_a_walk_in_waits_for_room():
    booked, walked = Waiting(2, after(60), 45, (0,), own=0), Waiting(1, after(60), 30, (0, 1))
    assert [one.id for one in ordered([walked, booked])] == [2, 1]
    # Host 0 has twenty minutes before her next visit: not enough; host 1 is free at half past ten.
    free = {0: [(after(60), after(80))], 1: [(after(90), after(180))]}
    turns = expected([walked], free, {}, now=after(60))
    assert [(turn.host, turn.at) for turn in turns] == [(1, after(90))]
