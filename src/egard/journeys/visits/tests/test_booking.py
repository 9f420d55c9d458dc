"""What is offered is bookable, what is booked was offered; held, moved, cancelled; nobody is promised twice."""

from __future__ import annotations

import os
import random
from datetime import UTC, date, datetime, timedelta
from functools import partial

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from tests.racing import at_once

from egard.base.refusal import Refusal
from egard.journeys.visits import booking, refusals, shops
from egard.journeys.visits.booking import Told
from egard.journeys.visits.models import Occupied, Sitting, Visit
from egard.journeys.visits.offering import offers
from egard.journeys.visits.placing import Wish
from egard.journeys.visits.tests.conftest import DISCOVERY
from egard.journeys.visits.visitors import visitor
from egard.kernel.promises.models import Promise
from egard.kernel.timeline.models import Fact

DEEP = os.environ.get("EGARD_DEEP") == "1"
DAY = date(2026, 9, 16)


def at(hours: int, minutes: int = 0, day: date = DAY) -> datetime:
    """By the clock of Lyon in summer."""
    return datetime(day.year, day.month, day.day, hours - 2, minutes, tzinfo=UTC)


@pytest.fixture
def book(shop, me, now):
    def make(start, person=None, reason=None, key=None, **wish):
        told = Told(told_by="email")
        return booking.book(
            shop.shop, reason or shop.discovery, person or shop.elodie, Wish(start, **wish), told=told,
            key=key or booking.new_key(), by=me, now=now,
        )  # fmt: skip

    return make


@pytest.fixture
def offered(shop, now):
    def ask(reason=None, day=DAY, **more):
        return offers([shop.shop], reason or shop.discovery, day, day, now=now, **more)[0]

    return ask


def test_a_visit_is_booked_with_her_own_adviser_and_promised(shop, book, offered):
    assert at(10) in offered().at
    made = book(at(14))
    assert (made.state, made.host, made.revision) == ("booked", shop.claire, 0)
    owed = Promise.objects.get(uuid=made.promise)
    assert (owed.kind, owed.due_at, owed.owner, owed.state) == ("visits.receive", at(14, 5), shop.claire, "open")
    assert Fact.objects.get(person=shop.elodie, key=f"visit:{made.uuid}:0").data["site"] == "Lyon 2"


def test_the_grid_goes_on_behind_a_visit_and_its_buffer(shop, book, offered):
    book(at(10))
    # Claire: 10:00 to 10:45 and a quarter of an hour after it.
    assert next(iter(offered(only=shop.claire.pk).at)) == at(11)


def test_whoever_was_given_least_comes_first_where_nobody_is_hers(shop, book, make_person):
    anna, bert = make_person("Anna", "A", email="a@example.org"), make_person("Bert", "B", email="b@example.org")
    assert book(at(14), anna).host == shop.claire
    assert book(at(16), bert).host == shop.hugo  # Claire has one this week
    assert book(at(16), make_person("Carl", "C", email="c@example.org"), only=shop.claire.pk).host == shop.claire


def test_nobody_else_receives_who_asks_for_one(shop, book, make_person):
    book(at(14), only=shop.hugo.pk)
    with pytest.raises(refusals.SlotFull):
        book(at(14), make_person("Anna", "A", email="a@example.org"), only=shop.hugo.pk)


@pytest.mark.parametrize(
    ("start", "why"),
    [
        (at(9), "before it opens"),
        (at(17, 30), "it would end after it closes"),
        (at(10, 7), "off the grid"),
        (at(10, day=date(2026, 9, 20)), "a Sunday"),
        (at(10, day=date(2026, 9, 14)), "in the past"),
        (at(9, 30, day=date(2026, 9, 15)), "in half an hour, an hour's notice"),
        (at(10, day=date(2027, 9, 15)), "in a year, two months ahead"),
    ],
)
def test_what_is_not_offered_is_refused(shop, book, start, why):
    with pytest.raises((refusals.NotOffered, refusals.SlotFull)):
        book(start)
    assert (Visit.objects.count(), Sitting.objects.count()) == (0, 0), why


def test_a_time_that_is_taken_is_told_apart_from_one_that_is_none(shop, book, make_person):
    book(at(10))
    with pytest.raises(refusals.SlotFull):  # Claire alone works in the morning
        book(at(10), make_person("Anna", "A", email="a@example.org"))
    with pytest.raises(refusals.NotOffered):
        book(at(22))


def test_a_retry_returns_her_own_booking(shop, book):
    one = book(at(10), key="k")
    assert book(at(10), key="k") == one == book(at(10), key="another")
    assert Visit.objects.count() == Sitting.objects.count() == Occupied.objects.count() == 1


def test_a_hold_keeps_a_time_for_ten_minutes(shop, book, offered, me, now, make_person):
    held = booking.hold(shop.shop, shop.discovery, Wish(at(10)), told=Told(), key="h", by=me, now=now)
    assert at(10) not in offered().at
    anna = make_person("Anna", "A", email="a@example.org")
    with pytest.raises(refusals.SlotFull):
        book(at(10), anna)
    made = booking.confirm(held, shop.elodie, told=Told(), by=me, now=now + timedelta(minutes=9))
    assert (made.pk, made.state, made.person) == (held.pk, "booked", shop.elodie)
    assert booking.confirm(held, shop.elodie, told=Told(), by=me, now=now + timedelta(hours=1)) == made
    assert booking.lapse(now=now + timedelta(hours=1)) == 0


def test_a_hold_that_lapsed_gives_way_and_is_regained_where_nobody_came(shop, me, now, make_person, offered):
    later = now + timedelta(minutes=10)
    held = booking.hold(shop.shop, shop.discovery, Wish(at(10)), told=Told(), key="h", by=me, now=now)
    assert at(10) in offers([shop.shop], shop.discovery, DAY, DAY, now=later)[0].at
    regained = booking.confirm(held, shop.elodie, told=Told(), by=me, now=later)
    assert regained.state == "booked"
    overtaken = booking.hold(shop.shop, shop.back, Wish(at(17)), told=Told(), key="o", by=me, now=now)
    bert = make_person("Bert", "B", email="b@example.org")
    for n in range(3):  # three hosts: the one of the hold as well, though nobody has swept it
        made = booking.book(shop.shop, shop.back, bert, Wish(at(17)), told=Told(), key=f"b{n}", by=me, now=later)
        bert = make_person("Bert", str(n), email=f"b{n}@example.org")
        assert made.state == "booked"
    assert overtaken.host in (shop.claire, shop.hugo, shop.nadia)
    second = booking.hold(shop.shop, shop.discovery, Wish(at(12)), told=Told(), key="i", by=me, now=now)
    assert booking.lapse(now=later) == 2
    anna = make_person("Anna", "A", email="a@example.org")
    booking.book(shop.shop, shop.discovery, anna, Wish(at(12)), told=Told(), key="j", by=me, now=later)
    with pytest.raises(refusals.HoldOver):
        booking.confirm(second, shop.elodie, told=Told(), by=me, now=later)


def test_a_visit_is_moved_into_its_own_time_and_promised_anew(shop, book, me, now):
    made = book(at(10))
    moved = booking.move(made, shop.shop, Wish(at(10, 15)), why="bus", by=me, now=now)
    assert (moved.starts_at, moved.revision, moved.host) == (at(10, 15), 1, shop.claire)
    assert list(Occupied.objects.values_list("since", "until")) == [(at(10, 15), at(11, 15))]
    states = dict(Promise.objects.filter(kind="visits.receive").values_list("due_at", "state"))
    assert states == {at(10, 5): "released", at(10, 20): "open"}
    with pytest.raises(refusals.NotOffered):
        booking.move(made, shop.shop, Wish(at(21)), by=me, now=now)
    assert Occupied.objects.count() == 1  # where nothing is found, she keeps what she had


def test_a_cancelled_visit_frees_its_time_once(shop, book, offered, me, now):
    made = book(at(10))
    assert booking.cancel(made, why="ill", by=me, now=now).revision == 1
    assert booking.cancel(made, by=me, now=now).revision == 1
    assert at(10) in offered().at
    assert Promise.objects.get().state == "released"
    with pytest.raises(refusals.NotNow):
        booking.move(made, shop.shop, Wish(at(11)), by=me, now=now)


def test_on_line_she_changes_it_until_the_reason_says(shop, book, me, now):
    shops.set_reason("discovery", {**DISCOVERY, "change_minutes": 120}, by=me, now=now)
    made = book(at(14))
    with pytest.raises(refusals.TooLate):
        booking.cancel(made, on_line=True, by=me, now=at(12, 1))
    assert booking.cancel(made, on_line=True, by=me, now=at(12)).state == "cancelled"


def test_several_come_to_one_sitting_until_it_is_full(shop, book, offered, me, now, make_person):
    group = shops.set_reason(
        "workshop", {"name": {"fr": "Atelier", "en": "Workshop"}, "minutes": 60, "capacity": 3}, by=me, now=now
    )
    shops.set_host(shop.nadia, shop.site, [group], by=me, now=now)
    people = [make_person("P", str(n), email=f"p{n}@example.org") for n in range(4)]
    assert book(at(11), people[0], group).sitting == book(at(11), people[1], group, seats=2).sitting
    assert at(11) not in offered(group).at
    with pytest.raises(refusals.SlotFull):
        book(at(11), people[3], group)
    booking.cancel(Visit.objects.get(person=people[0]), by=me, now=now)
    assert at(11) in offered(group).at
    assert Occupied.objects.count() == 1
    booking.cancel(Visit.objects.get(person=people[1]), by=me, now=now)
    assert not Occupied.objects.exists()


def test_who_joins_a_hold_keeps_its_hosts_when_the_hold_lapses(shop, me, now, make_person):
    group = shops.set_reason("workshop", {"name": "Atelier", "minutes": 60, "capacity": 3}, by=me, now=now)
    shops.set_host(shop.nadia, shop.site, [group, shop.back], by=me, now=now)
    ask = {"told": Told(), "by": me, "now": now}
    first = booking.hold(shop.shop, group, Wish(at(11)), key="h", **ask)
    second = booking.book(shop.shop, group, shop.elodie, Wish(at(11)), key="b", **ask)
    assert first.sitting == second.sitting
    later = now + timedelta(hours=1)
    booking.lapse(now=later)
    assert at(11) not in offers([shop.shop], shop.back, DAY, DAY, only=shop.nadia.pk, now=later)[0].at
    assert Sitting.objects.get(pk=second.sitting.pk).taken == 1


def test_two_hosts_and_a_room_are_taken_together_or_not_at_all(shop, book, offered, me, now, make_person):
    shops.set_room(shop.site, "Salon", "lounge", by=me, now=now)
    pair = shops.set_reason(
        "fitting", {"name": "Essayage", "minutes": 30, "hosts": 2, "room_kind": "lounge"}, by=me, now=now
    )
    for one in (shop.claire, shop.hugo, shop.nadia):
        shops.set_host(one, shop.site, [pair], by=me, now=now)
    made = book(at(14), reason=pair)
    assert made.sitting is not None
    assert made.sitting.occupied.count() == 3
    assert at(14) not in offered(pair).at  # one host is left, and no room
    with pytest.raises(refusals.SlotFull):
        book(at(14), make_person("Anna", "A", email="a@example.org"), pair)
    assert Occupied.objects.count() == 3
    assert Sitting.objects.count() == 1


def test_no_more_visits_a_day_than_she_takes(shop, book, me, now, make_person):
    shops.set_host(shop.claire, shop.site, [shop.discovery], max_per_day=1, by=me, now=now)
    book(at(10))
    with pytest.raises(refusals.SlotFull):
        book(at(12), make_person("Anna", "A", email="a@example.org"))


def test_a_public_holiday_and_a_dated_exception_close_the_shop(shop, offered, me, now):
    assert not offered(day=date(2026, 11, 11)).at
    closed = shops.with_exception(shop.shop.hours, DAY, ())
    shop.shop = shops.set_shop(shop.site, hours=closed, by=me, now=now)
    assert not offers([shop.shop], shop.discovery, DAY, DAY, now=now)[0].at


@pytest.mark.parametrize("hours", [["18:00-09:60"], ["10:00-10:00"], ["10:00-13:00", "12:00-15:00"], ["25:00-26:00"]])
def test_hours_that_cannot_be_are_refused(shop, me, now, hours):
    with pytest.raises(refusals.WrongHours):
        shops.set_shop(shop.site, hours={"week": {"mon": hours}}, by=me, now=now)


def test_questions_are_answered_by_their_choices(shop, me, now):
    asked = {
        "name": "Conseil", "minutes": 30,
        "questions": [
            {"key": "about", "label": "About", "kind": "choice", "required": True,
             "choices": [{"value": "ring", "label": "A ring"}, {"value": "watch", "label": "A watch"}]},
            {"key": "first", "label": "First?", "kind": "yes_no"},
        ],
    }  # fmt: skip
    reason = shops.set_reason("discovery", asked, by=me, now=now)
    ask = partial(booking.book, shop.shop, reason, shop.elodie, Wish(at(10)), key="q", by=me, now=now)
    for answers in ({}, {"about": "car"}, {"about": ""}):
        with pytest.raises(refusals.MissingAnswer) as told:
            ask(told=Told(answers=answers))
        assert list(told.value.fields) == ["about"]
    assert ask(told=Told(answers={"about": "ring", "first": "yes", "x": 1})).answers == {"about": "ring", "first": True}


def test_who_books_is_known_by_what_she_gives(shop, me, now):
    told = {"by": me, "now": now}
    assert visitor("E. Leboeuf", email="Elodie@Example.org", **told) == shop.elodie
    assert visitor("Somebody", phone="06 11 22 33 44", **told) == shop.elodie
    new = visitor("Jean-Marc de La Tour", email="jm@example.org", site=shop.site, **told)
    assert (new.given_name, new.family_name, new.site) == ("Jean-Marc", "de La Tour", shop.site)
    with pytest.raises(refusals.NoVisitor):
        visitor("Nobody", **told)


def test_offering_costs_as_many_queries_whatever_is_booked(shop, book, offered, make_person, now):
    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            offers([shop.shop], shop.discovery, DAY, DAY + timedelta(days=13), now=now)
        return len(queries)

    before = count()
    for n in range(3):
        book(at(14, day=DAY + timedelta(days=n % 3)), make_person("P", str(n), email=f"p{n}@example.org"))
    assert count() == before <= 7


def test_every_offered_time_is_bookable_and_every_other_refused(shop, me, now, make_person):
    """In a shop that random visits have filled."""
    rng = random.Random(7)
    persons = [make_person("P", str(n), email=f"p{n}@example.org") for n in range(12)]
    for n, person in enumerate(persons):
        free = list(offers([shop.shop], (shop.discovery, shop.back)[n % 2], DAY, DAY, now=now)[0].at)
        told = Told(channel="phone")
        booking.book(
            shop.shop, (shop.discovery, shop.back)[n % 2], person, Wish(rng.choice(free)), told=told, key=str(n), by=me,
            now=now,
        )  # fmt: skip
    for reason in (shop.discovery, shop.back):
        free = offers([shop.shop], reason, DAY, DAY, now=now)[0].at
        for minute in range(8 * 60, 20 * 60, 15):
            start = at(8) + timedelta(minutes=minute - 8 * 60)
            with transaction.atomic():
                try:
                    booking.book(shop.shop, reason, shop.elodie, Wish(start), told=Told(), key="x", by=me, now=now)
                    booked = True
                except Refusal:
                    booked = False
                transaction.set_rollback(True)
            assert booked == (start in free), start


@pytest.mark.django_db(transaction=True)
def test_of_many_for_the_last_time_as_many_succeed_as_there_are_hosts(shop, me, now, make_person):
    many = 500 if DEEP else 12
    people = [make_person("P", str(n), email=f"p{n}@example.org") for n in range(many)]

    def take(person, n):
        return booking.book(shop.shop, shop.discovery, person, Wish(at(15)), told=Told(), key=str(n), by=me, now=now)

    outcomes: list = []
    for begin in range(0, many, 50):
        outcomes += at_once([partial(take, one, begin + n) for n, one in enumerate(people[begin : begin + 50])])
    made = [one for one in outcomes if isinstance(one, Visit)]
    assert {one.host for one in made} == {shop.claire, shop.hugo}
    assert len(made) == 2
    assert [one for one in outcomes if not isinstance(one, Visit)] == ["visits.slot_full"] * (many - 2)
    assert Visit.objects.filter(state="booked").count() == Sitting.objects.count() == Occupied.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_the_same_booking_sent_at_once_is_one(shop, me, now):
    def take():
        return booking.book(shop.shop, shop.discovery, shop.elodie, Wish(at(15)), told=Told(), key="k", by=me, now=now)

    assert len({one.pk for one in at_once([take] * 8)}) == 1
    assert Visit.objects.count() == Occupied.objects.count() == 1
