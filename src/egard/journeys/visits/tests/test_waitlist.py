"""Who finds no time waits, in order: what is free again is offered to one at a time, and to the next if she lets go."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import partial

import pytest
from tests.racing import at_once

from egard.journeys.visits import booking, links, privacy, refusals, waitlist
from egard.journeys.visits.booking import Told
from egard.journeys.visits.models import Occupied, Visit
from egard.journeys.visits.models_told import Waiting
from egard.journeys.visits.offering import offers
from egard.journeys.visits.placing import Wish
from egard.journeys.visits.waitlist import Wanted
from egard.kernel.messages.models import Outgoing

DAY = date(2026, 9, 16)


def at(hours: int, minutes: int = 0, day: int = 16) -> datetime:
    """By the clock of Lyon, in September 2026."""
    return datetime(2026, 9, day, hours - 2, minutes, tzinfo=UTC)


@pytest.fixture
def full(shop, me, now, make_person):
    """A Wednesday without a free time: who comes when."""
    made = []
    while times := list(offers([shop.shop], shop.discovery, DAY, DAY, now=now)[0].at):
        person = make_person("Q", str(len(made)), email=f"q{len(made)}@example.org")
        wish, key = Wish(times[0]), f"q{len(made)}"
        made.append(booking.book(shop.shop, shop.discovery, person, wish, told=Told(), key=key, by=me, now=now))
    return {one.starts_at: one for one in reversed(made)}


@pytest.fixture
def wait(shop, me, now, make_person, settings):
    settings.URL = "https://maison.example"

    def make(number, when=now, **wanted):
        person = make_person("W", str(number), email=f"w{number}@example.org", language="fr")
        wished = Wanted(**{"sites": (shop.site.pk,), "first": DAY, "last": DAY, **wanted})
        told = Told(told_by="email")
        return waitlist.join(person, shop.discovery, wished, told=told, by=me, now=when + timedelta(seconds=number))

    return make


def offered() -> list[str]:
    """To whom, in order."""
    return list(Outgoing.objects.filter(kind="visits.offered").order_by("pk").values_list("to", flat=True))


def test_a_time_that_becomes_free_goes_to_the_first_and_then_to_the_next(full, wait, me, now, carry_out):
    first, second = wait(1), wait(2)
    waitlist.offer(now=now)
    assert offered() == []
    booking.cancel(full[at(10)], by=me, now=now)
    carry_out()
    assert offered() == ["w1@example.org"]
    first.refresh_from_db()
    assert first.offer is not None
    assert (first.state, first.offer.starts_at, first.offer.lapses_at) == (
        "offered", at(10), now + timedelta(minutes=30),
    )  # fmt: skip
    letter = Outgoing.objects.get(kind="visits.offered")
    assert "une place s’est libérée le mercredi 16 septembre à 10:00" in letter.text
    assert "jusqu’à 09:30" in letter.text
    token = links.waiting_link(first).rsplit("/", 2)[1]
    assert f"/p/visits/waiting/{token}/" in letter.text
    assert links.waiting_opened(token) == first
    # She does not answer: it goes to the next, and not to her again.
    booking.lapse(now=now + timedelta(minutes=30))
    waitlist.offer(now=now + timedelta(minutes=30))
    waitlist.offer(now=now + timedelta(minutes=31))
    assert offered() == ["w1@example.org", "w2@example.org"]
    second.refresh_from_db()
    visit = waitlist.accept(second, by=me, now=now + timedelta(minutes=40))
    assert waitlist.accept(second, by=me, now=now + timedelta(minutes=41)) == visit
    assert (visit.state, visit.starts_at, visit.person, visit.told_by) == ("booked", at(10), second.person, "email")
    assert Outgoing.objects.filter(kind="visits.confirmed", to="w2@example.org").count() == 1
    with pytest.raises(refusals.HoldOver):
        waitlist.accept(first, by=me, now=now + timedelta(minutes=41))
    assert (waitlist.place_of(first), Waiting.objects.get(pk=first.pk).state) == (1, "waiting")


def test_who_declines_or_leaves_gives_way_at_once(full, wait, me, now, carry_out):
    first, second, third = wait(1), wait(2), wait(3)
    assert [waitlist.place_of(one) for one in (first, second, third)] == [1, 2, 3]
    booking.cancel(full[at(11)], by=me, now=now)
    carry_out()
    waitlist.decline(first, by=me, now=now)
    carry_out()
    waitlist.leave(second, by=me, now=now)
    carry_out()
    waitlist.leave(second, by=me, now=now)
    assert offered() == ["w1@example.org", "w2@example.org", "w3@example.org"]
    assert waitlist.place_of(third) == 2
    assert Visit.objects.filter(state="held").count() == 1


def test_only_what_she_wants_is_offered(full, wait, shop, me, now, carry_out):
    wait(1, parts=("morning",))
    wait(2, first=date(2026, 9, 17), last=date(2026, 9, 17), host=shop.hugo.pk, parts=("evening",))
    wait(3, host=shop.hugo.pk)
    wait(4, parts=("afternoon",))
    booking.cancel(full[at(14)], by=me, now=now)
    hugo = next(one for one in Visit.objects.filter(host=shop.hugo, starts_at__gt=at(15)).order_by("starts_at"))
    booking.cancel(hugo, by=me, now=now)
    carry_out()
    assert sorted(offered()) == ["w3@example.org", "w4@example.org"]
    assert Waiting.objects.get(person__identifiers__value="w3@example.org").offer.host == shop.hugo


def test_nobody_is_asked_at_night_nor_for_what_is_over(full, wait, me, now):
    one = wait(1)
    booking.cancel(full[at(17)], by=me, now=now)
    waitlist.offer(now=at(23, day=15))
    assert offered() == []
    waitlist.offer(now=at(8))
    assert offered() == ["w1@example.org"]
    waitlist.offer(now=at(12, day=18))
    one.refresh_from_db()
    assert (one.state, one.offer) == ("over", None)


def test_who_waits_for_the_same_keeps_her_place_with_her_new_wish(wait, shop, me, now):
    first = wait(1)
    again = waitlist.join(
        first.person, shop.discovery, Wanted(sites=(shop.site.pk,), first=DAY, last=date(2026, 9, 20)),
        told=Told(told_by="sms", told_to="0611223344"), by=me, now=now + timedelta(days=1),
    )  # fmt: skip
    assert (again.pk, again.joined_at, again.told_to) == (first.pk, first.joined_at, "+33611223344")
    wrongs = ({"sites": ()}, {"last": date(2026, 9, 10)}, {"parts": ("night",)}, {"seats": 2}, {"sites": (first.uuid,)})
    for n, wrong in enumerate(wrongs):
        with pytest.raises(refusals.WrongWish):
            wait(2 + n, **wrong)


def test_who_is_erased_waits_no_longer(full, wait, me, now, carry_out):
    one = wait(1)
    booking.cancel(full[at(10)], by=me, now=now)
    carry_out()
    privacy.erase(one.person, now=now)
    one.refresh_from_db()
    assert (one.state, one.told_to, one.name) == ("left", "", "")
    assert not Visit.objects.filter(state="held").exists()
    assert privacy.export(one.person)["waiting"][0]["state"] == "left"


@pytest.mark.django_db(transaction=True)
def test_one_time_is_offered_to_one_only_whoever_reaches_for_it(shop, full, wait, me, now, make_person):
    waiting = [wait(n) for n in range(1, 5)]
    booking.cancel(full[at(10)], by=me, now=now)
    passer = make_person("P", "P", email="p@example.org")
    book = partial(
        booking.book, shop.shop, shop.discovery, passer, Wish(at(10)), told=Told(), key="p", by=me, now=now
    )  # fmt: skip
    at_once([*[partial(waitlist.offer, now=now)] * 4, book])
    taken = Visit.objects.filter(starts_at=at(10), state__in=("held", "booked"))
    assert taken.count() == 1
    assert len(offered()) == taken.filter(state="held").count()
    assert Occupied.objects.filter(sitting__starts_at=at(10)).count() == 1
    if offered():  # accepted twice and declined at the same moment: one of them holds
        first = Waiting.objects.get(state="offered")
        assert first.pk == waiting[0].pk
        takes, lets_go = (partial(act, first, by=me, now=now) for act in (waitlist.accept, waitlist.decline))
        at_once([takes, takes, lets_go])
        first.refresh_from_db()
        booked = Visit.objects.filter(starts_at=at(10), state="booked").count()
        assert (first.state, booked) in (("taken", 1), ("waiting", 0))
