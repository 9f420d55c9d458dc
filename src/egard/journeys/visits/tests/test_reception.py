"""In the shop: who comes, in time or late, without a booking, by mistake, or not at all; received and seen off."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import partial

import pytest
from tests.racing import at_once

from egard.journeys.visits import booking, reception, refusals
from egard.journeys.visits.booking import Told
from egard.journeys.visits.models import Occupied, Visit
from egard.journeys.visits.offering import present
from egard.journeys.visits.placing import Wish
from egard.journeys.visits.reception import FollowUp
from egard.journeys.visits.waiting import line
from egard.kernel.access.actors import Actor
from egard.kernel.promises import sweeping
from egard.kernel.promises.models import Promise
from egard.kernel.timeline.models import Fact

DAY = date(2026, 9, 16)


def at(hours: int, minutes: int = 0, day: date = DAY) -> datetime:
    """By the clock of Lyon in summer."""
    return datetime(day.year, day.month, day.day, hours - 2, minutes, tzinfo=UTC)


@pytest.fixture
def visit(shop, me, now):
    """Élodie comes to Claire at ten."""
    told = {"told": Told(answers={}), "key": "v", "by": me, "now": now}
    return booking.book(shop.shop, shop.discovery, shop.elodie, Wish(at(10)), **told)


@pytest.fixture
def host(make_user):
    user = make_user("host", name="Inès Petit")
    return Actor("user", str(user.pk), user.name)


def promised(visit) -> tuple[str, datetime]:
    row = Promise.objects.get(uuid=Visit.objects.get(pk=visit.pk).promise)
    return row.state, row.due_at


def kinds(person) -> list[str]:
    rows = Fact.objects.filter(person=person, key__startswith="visit:").order_by("id")
    return [row.kind.name for row in rows.select_related("kind")]


def test_she_comes_in_time_is_received_and_seen_off_with_a_promise(shop, visit, host):
    came = reception.arrive(visit, by=host, now=at(9, 55))
    assert (came.state, came.arrived_at, str(came.welcomed_by_id)) == ("arrived", at(9, 55), host.id)
    assert promised(visit) == ("open", at(10, 5))
    assert reception.come(visit, by=host, now=at(10)).coming_at == at(10)
    assert reception.start(visit, by=host, now=at(10, 3)).host == shop.claire
    assert promised(visit) == ("kept", at(10, 5))
    assert Fact.objects.get(person=shop.elodie, key=f"visit:{visit.uuid}:received").data["waited_seconds"] == 180
    told = FollowUp(at(12, day=date(2026, 9, 18)), shop.hugo)
    over = reception.end(
        visit, outcome="thinking", next_step="Call her on Friday", follow_up=told, by=host, now=at(10, 20)
    )
    assert (over.state, over.outcome) == ("ended", "thinking")
    owed = Promise.objects.get(kind="visits.follow_up")
    assert (owed.owner, owed.due_at, owed.note) == (shop.hugo, told.due_at, "Call her on Friday")
    assert Occupied.objects.get().until == at(10, 20)  # the rest of her time is free again
    assert kinds(shop.elodie) == ["visits.booked", "visits.arrived", "visits.received", "visits.ended"]
    assert reception.end(visit, by=host, now=at(11)) == over  # twice is once


def test_two_taps_are_one_arrival(shop, visit, host):
    one = reception.arrive(visit, by=host, now=at(9, 55))
    again = reception.arrive(visit, at=at(9, 50), by=host, now=at(9, 56))
    assert one.arrived_at == again.arrived_at
    assert kinds(shop.elodie).count("visits.arrived") == 1


def test_a_tap_that_is_sent_later_counts_from_its_own_moment(shop, visit, host):
    reception.not_come_job(now=at(10, 1))
    assert promised(visit)[0] == "released"
    came = reception.arrive(visit, at=at(9, 58), by=host, now=at(10, 2))
    assert came.arrived_at == at(9, 58)
    assert promised(visit) == ("open", at(10, 5))
    sweeping.sweep(now=at(10, 6))
    assert promised(visit) == ("broken", at(10, 5))


TUESDAY, THURSDAY = date(2026, 9, 15), date(2026, 9, 17)


@pytest.mark.parametrize(
    ("tapped", "sent"), [(at(10, 20), at(10, 10)), (at(9, day=TUESDAY), at(8)), (at(10), at(11, day=THURSDAY))]
)
def test_a_tap_of_another_day_or_of_tomorrow_is_refused(shop, visit, host, tapped, sent):
    with pytest.raises(refusals.NotToday):
        reception.arrive(visit, at=tapped, by=host, now=sent)


def test_within_the_grace_she_keeps_her_turn_and_is_promised_from_her_coming(shop, visit, host):
    reception.not_come_job(now=at(10))
    sweeping.sweep(now=at(10, 6))
    reception.arrive(visit, by=host, now=at(10, 8))
    assert promised(visit) == ("open", at(10, 13))
    assert Promise.objects.filter(kind="visits.receive", state="broken").count() == 0
    place = line(shop.shop, [Visit.objects.select_related("reason").get(pk=visit.pk)], now=at(10, 8)).places[0]
    assert (place.turn, place.is_late, place.host) == (at(10), False, shop.claire.pk)


def test_later_she_queues_like_one_who_walked_in(shop, visit, host, me):
    walked = reception.walk_in(shop.shop, shop.discovery, name="Paul", key="w", by=host, now=at(10, 12))
    came = reception.arrive(visit, by=host, now=at(10, 15))
    rows = list(Visit.objects.select_related("reason").filter(state="arrived"))
    places = line(shop.shop, rows, now=at(10, 15)).places
    assert [(place.visit.pk, place.is_late) for place in places] == [(walked.pk, False), (came.pk, True)]
    # Claire alone takes discoveries in the morning, and her ten o'clock is free again: Paul, then Élodie.
    assert [place.at for place in places] == [at(10, 15), at(11)]
    assert promised(visit) == ("open", at(11, 5))


def test_who_walks_in_is_promised_what_the_queue_lets_expect_and_gets_time_until_the_next_visit(shop, visit, host, now):
    walked = reception.walk_in(shop.shop, shop.discovery, name="Paul", key="w", by=host, now=at(9, 20))
    assert reception.walk_in(shop.shop, shop.discovery, name="Paul", key="w", by=host, now=at(9, 21)) == walked
    assert (walked.state, walked.walked_in, walked.sitting) == ("arrived", True, None)
    reception.start(walked, shop.claire, by=host, now=at(9, 30))
    row = Occupied.objects.exclude(sitting=visit.sitting_id).get()
    assert (row.since, row.until) == (at(9, 30), at(10))  # 45 minutes were asked for: her next visit begins at ten
    second = reception.walk_in(shop.shop, shop.back, name="Anna", key="x", by=host, now=at(9, 35))
    with pytest.raises(refusals.HostBusy):
        reception.start(second, shop.claire, by=host, now=at(9, 36))
    reception.end(walked, outcome="sold", by=host, now=at(9, 50))
    assert Occupied.objects.get(sitting=Visit.objects.get(pk=walked.pk).sitting_id).until == at(9, 50)
    today = next(one for one in present(shop.shop, DAY, now=at(9, 50)) if one.user == shop.claire.pk)
    assert today.free == ((at(11), at(18)),)


def test_a_slip_is_taken_back_for_some_minutes(shop, visit, host):
    reception.arrive(visit, by=host, now=at(9, 55))
    back = reception.take_back(visit, by=host, now=at(10))
    assert (back.state, back.arrived_at) == ("booked", None)
    assert promised(visit) == ("open", at(10, 5))
    assert kinds(shop.elodie)[-1] == "visits.not_arrived"
    reception.arrive(visit, by=host, now=at(10, 1))
    with pytest.raises(refusals.SlipOver):
        reception.take_back(visit, by=host, now=at(10, 12))
    walked = reception.walk_in(shop.shop, shop.back, name="Paul", key="w", by=host, now=at(10))
    assert reception.take_back(walked, by=host, now=at(10, 1)).state == "cancelled"
    assert promised(walked)[0] == "released"


def test_who_is_not_there_half_an_hour_after_the_hour_did_not_come_and_may_come_still(shop, visit, host):
    reception.not_come_job(now=at(10, 10))
    assert Occupied.objects.get().until == at(11)  # within the grace her time is hers
    reception.not_come_job(now=at(10, 11))
    assert Occupied.objects.get().until == at(10, 11)
    reception.not_come_job(now=at(10, 29))
    assert Visit.objects.get().state == "booked"
    reception.not_come_job(now=at(10, 30))
    reception.not_come_job(now=at(10, 31))
    assert Visit.objects.get().state == "missed"
    assert kinds(shop.elodie).count("visits.missed") == 1
    came = reception.arrive(visit, by=host, now=at(10, 40))
    assert (came.state, came.ended_at) == ("arrived", None)
    assert reception.start(visit, by=host, now=at(10, 45)).state == "started"
    assert Occupied.objects.filter(until__gt=at(10, 45)).get().until == at(11, 45)


def test_nobody_is_missed_before_her_hour(shop, visit, me):
    with pytest.raises(refusals.NotNow):
        reception.miss(visit, by=me, now=at(9, 59))


def test_another_host_takes_her_over_with_time_of_his_own(shop, visit, host):
    with pytest.raises(refusals.NotHere):
        reception.start(visit, shop.nadia.__class__(pk=shop.site.pk), by=host, now=at(10))
    reception.arrive(visit, by=host, now=at(10))
    assert reception.start(visit, shop.hugo, by=host, now=at(10, 1)).host == shop.hugo
    rows = list(Occupied.objects.values_list("resource__user", "since", "until"))
    assert rows == [(shop.hugo.pk, at(10, 1), at(11, 1))]


def test_who_leaves_unreceived_is_told_apart_and_her_promise_stays_broken(shop, visit, host):
    reception.arrive(visit, by=host, now=at(10))
    sweeping.sweep(now=at(10, 6))
    over = reception.end(visit, outcome="left", by=host, now=at(10, 20))
    assert (over.state, over.outcome, promised(visit)[0]) == ("ended", "left", "broken")


@pytest.mark.parametrize("told", [{"outcome": "married"}, {"follow_up": "yesterday"}])
def test_what_cannot_have_come_of_it_is_refused(shop, visit, host, told):
    reception.start(visit, by=host, now=at(10))
    if "follow_up" in told:
        told = {"follow_up": FollowUp(at(9), shop.claire)}
    with pytest.raises(refusals.WrongOutcome):
        reception.end(visit, by=host, now=at(10, 30), **told)


def test_steps_of_the_welcome_are_gone_through(shop, visit, host):
    reception.arrive(visit, by=host, now=at(10))
    reception.set_step(visit, 1, True, now=at(10, 1))
    assert reception.set_step(visit, 0, True, now=at(10, 1)).steps == [0, 1]
    assert reception.set_step(visit, 1, False, now=at(10, 2)).steps == [0]


@pytest.mark.django_db(transaction=True)
def test_two_who_walk_in_are_not_given_the_same_host_at_once(shop, host):
    walked = [reception.walk_in(shop.shop, shop.back, name=str(n), key=str(n), by=host, now=at(11)) for n in range(4)]
    outcomes = at_once([partial(reception.start, one, shop.claire, by=host, now=at(11, 1)) for one in walked])
    assert (
        sorted(one if isinstance(one, str) else "started" for one in outcomes) == ["started"] + ["visits.host_busy"] * 3
    )
    assert Occupied.objects.count() == 1
    assert Visit.objects.filter(state="started").count() == 1
