"""A shop that is closed for a day, an adviser who is away: each visit goes elsewhere, or its visitor is told, once."""

from __future__ import annotations

import os
import random
import time
from datetime import UTC, date, datetime, timedelta
from functools import partial

import pytest
from tests.killing import Workers, wait_until
from tests.racing import at_once

from egard.journeys.visits import booking, days, refusals, shops
from egard.journeys.visits.booking import Told
from egard.journeys.visits.models import Occupied, Visit
from egard.journeys.visits.models_told import Closing
from egard.journeys.visits.offering import offers
from egard.journeys.visits.placing import Wish
from egard.kernel.messages.models import Outgoing
from egard.kernel.promises.models import Promise

DEEP = os.environ.get("EGARD_DEEP") == "1"
DAY = date(2026, 9, 16)


def at(hours: int, minutes: int = 0, day: int = 16) -> datetime:
    """By the clock of Lyon, in September 2026."""
    return datetime(2026, 9, day, hours - 2, minutes, tzinfo=UTC)


@pytest.fixture
def book(shop, me, now, make_person):
    def make(start, number=0, reason=None, **wish):
        person = make_person("P", str(number), email=f"p{number}@example.org", language="fr")
        told = Told(told_by="email")
        return booking.book(
            shop.shop, reason or shop.discovery, person, Wish(start, **wish), told=told, key=f"n{number}", by=me,
            now=now,
        )  # fmt: skip

    return make


@pytest.fixture
def full_day(shop, book):
    """Forty visits on one day."""

    def fill(many: int = 40) -> None:
        for n in range(many):
            book(at(10) + timedelta(minutes=15 * (n % 32)), n, shop.back)

    return fill


def told(kind: str) -> list[str]:
    return sorted(Outgoing.objects.filter(kind=f"visits.{kind}").exclude(state="dropped").values_list("to", flat=True))


def test_a_day_is_closed_by_one_operation_and_all_forty_are_told_once(shop, full_day, me, now, carry_out):
    full_day()
    close = partial(days.close_day, shop.shop, DAY, why="Dégât des eaux.", by=me, now=now)
    assert days.outlook(close, now=now) == days.Outlook(0, 40, 0)
    assert Visit.objects.filter(state="booked").count() == 40  # looked at, not done
    assert offers([shop.shop], shop.back, DAY, DAY, now=now)[0].at
    held = close()
    assert close() == held
    carry_out()
    days.see_to_all(now=now + days.SETTLES)
    held.refresh_from_db()
    assert (held.cancelled, held.moved, held.untold, held.done_at) == (40, 0, 0, now + days.SETTLES)
    assert told("cancelled") == sorted(f"p{n}@example.org" for n in range(40))
    letter = Outgoing.objects.filter(kind="visits.cancelled")[0]
    assert "Motif\u00a0: Dégât des eaux." in letter.text
    assert "nous en sommes désolés" in letter.text
    shop.shop.refresh_from_db()
    assert not offers([shop.shop], shop.back, DAY, DAY, now=now)[0].at
    assert not Occupied.objects.exists()
    assert set(Promise.objects.values_list("state", flat=True)) == {"released"}


def test_visits_of_a_closed_day_go_to_the_same_hour_of_another_where_it_is_free(shop, book, me, now, carry_out):
    stays = book(at(10, day=17), 0)  # Claire alone receives in the morning
    goes, cannot = book(at(11), 1), book(at(10), 2)
    days.close_day(shop.shop, DAY, why="travaux", move_to=date(2026, 9, 17), by=me, now=now)
    carry_out()
    for visit in (stays, goes, cannot):
        visit.refresh_from_db()
    assert [one.state for one in (stays, goes, cannot)] == ["booked", "booked", "cancelled"]
    assert (goes.starts_at, goes.revision, stays.revision) == (at(11, day=17), 1, 0)
    assert (told("changed"), told("cancelled")) == (["p1@example.org"], ["p2@example.org"])


def test_what_is_booked_while_the_day_is_being_closed_is_told_too(shop, book, me, now, carry_out):
    days.close_day(shop.shop, DAY, why="travaux", by=me, now=now)
    carry_out()
    shop.shop.refresh_from_db()
    shop.shop.hours = {"week": {"mon-sat": ["10:00-18:00"]}}  # as a booking under way still reads them
    late = book(at(11), 1)
    days.see_to_all(now=now + timedelta(minutes=1))
    late.refresh_from_db()
    assert late.state == "cancelled"
    with pytest.raises(refusals.NotNow):
        days.close_day(shop.shop, date(2026, 9, 14), why="", by=me, now=now)


def test_an_adviser_who_leaves_is_replaced_where_somebody_is_free(shop, book, me, now, carry_out):
    morning, afternoon = book(at(10), 1), book(at(15), 2, only=shop.claire.pk)
    leave = partial(days.relieve_host, shop.claire, DAY, by=me, now=now)
    assert days.outlook(leave, now=now) == days.Outlook(1, 1, 0)
    leave()
    carry_out()
    for visit in (morning, afternoon):
        visit.refresh_from_db()
    assert (morning.state, afternoon.state, afternoon.host, afternoon.starts_at) == (
        "cancelled", "booked", shop.hugo, at(15),
    )  # fmt: skip
    assert Promise.objects.get(uuid=afternoon.promise).owner == shop.hugo
    assert (told("changed"), told("cancelled")) == (["p2@example.org"], ["p1@example.org"])
    assert "c’est Hugo Delmas qui vous recevra" in Outgoing.objects.get(kind="visits.changed").text
    assert not offers([shop.shop], shop.discovery, DAY, DAY, only=shop.claire.pk, now=now)[0].at


def test_who_is_away_for_some_days_is_not_offered_on_them_and_comes_back(shop, book, me, now, carry_out):
    kept, given = book(at(15, day=18), 1, only=shop.claire.pk), book(at(15, 30), 2, only=shop.claire.pk)
    days.relieve_host(shop.claire, date(2026, 9, 15), date(2026, 9, 17), why="malade", by=me, now=now)
    carry_out()
    for visit in (kept, given):
        visit.refresh_from_db()
    assert (kept.host, kept.revision, given.host) == (shop.claire, 0, shop.hugo)
    free = offers([shop.shop], shop.discovery, DAY, date(2026, 9, 18), only=shop.claire.pk, now=now)[0].at
    assert {moment.date() for moment in free} == {date(2026, 9, 18)}
    with pytest.raises(refusals.WrongHost):
        days.relieve_host(shop.claire, date(2026, 9, 17), date(2026, 9, 15), by=me, now=now)


def test_of_a_sitting_of_several_everybody_goes_to_the_other_host(shop, me, now, make_person, carry_out):
    group = shops.set_reason(
        "workshop", {"name": {"fr": "Atelier", "en": "Workshop"}, "minutes": 60, "capacity": 3}, by=me, now=now
    )
    for one in (shop.claire, shop.hugo):
        shops.set_host(one, shop.site, [group], by=me, now=now)
    made = [
        booking.book(
            shop.shop, group, make_person("P", str(n), email=f"p{n}@example.org"), Wish(at(15)),
            told=Told(told_by="email"), key=str(n), by=me, now=now,
        )
        for n in range(3)
    ]  # fmt: skip
    host = made[0].host
    days.relieve_host(host, DAY, DAY, by=me, now=now)
    carry_out()
    other = shop.hugo if host == shop.claire else shop.claire
    assert list(Visit.objects.values_list("host", "state").distinct()) == [(other.pk, "booked")]
    assert told("changed") == [f"p{n}@example.org" for n in range(3)]
    assert Occupied.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_managers_who_close_the_same_day_close_it_once(shop, me, now):
    made = at_once([lambda: days.close_day(shop.shop, DAY, why="", by=me, now=now).pk] * 4)
    assert len(set(made)) == 1


WORK = """
from datetime import datetime
from egard.journeys.visits.days import see_to_all

def run(word):
    see_to_all(now=datetime.fromisoformat(word))
"""


@pytest.mark.fault
@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_while_a_day_is_closed_tells_each_once(shop, full_day, me, now):
    many, kills = (40, 30) if DEEP else (16, 2)
    rng, workers = random.Random(7), Workers(WORK)
    full_day(many)
    held = days.close_day(shop.shop, DAY, why="travaux", by=me, now=now)
    try:
        for _kill in range(kills):
            pid = workers.begin(now.isoformat())
            time.sleep(rng.uniform(0.2, 0.6))
            workers.kill(pid)
            gone = Visit.objects.filter(state="cancelled").count()
            assert len(told("cancelled")) == gone == Closing.objects.get(pk=held.pk).cancelled
        for _more in range(2):
            workers.begin((now + days.SETTLES).isoformat())
        assert wait_until(lambda: Closing.objects.filter(done_at__isnull=False).exists(), seconds=120, step=0.05)
    finally:
        workers.close()
    assert told("cancelled") == sorted(f"p{n}@example.org" for n in range(many))
