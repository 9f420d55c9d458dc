"""Each visit is told once per revision, on the channel that was chosen, and stands right in the client's calendar."""

from __future__ import annotations

import os
import random
import time
from datetime import UTC, datetime, timedelta

import pytest
import vobject
from tests.killing import Workers, wait_until

from egard.base.refusal import Refusal
from egard.journeys.visits import booking, privacy, telling
from egard.journeys.visits.booking import Told
from egard.journeys.visits.models import Visit
from egard.journeys.visits.models_told import Telling
from egard.journeys.visits.placing import Wish
from egard.kernel.access.actors import Actor, system
from egard.kernel.messages.models import DeadAddress, Outgoing

DEEP = os.environ.get("EGARD_DEEP") == "1"
HERSELF = Actor("person", "elodie", "Élodie")


def at(hours: int, minutes: int = 0, day: int = 16) -> datetime:
    """By the clock of Lyon, in September 2026."""
    return datetime(2026, 9, day, hours - 2, minutes, tzinfo=UTC)


@pytest.fixture
def book(shop, me, now, settings):
    settings.URL = "https://maison.example"

    def make(start, person=None, *, when=now, key="", **told):
        told = {"told_by": "email", "language": "fr", **told}
        return booking.book(
            shop.shop, shop.discovery, person or shop.elodie, Wish(start), told=Told(**told),
            key=key or booking.new_key(), by=me, now=when,
        )  # fmt: skip

    return make


def told() -> list[tuple[str, str]]:
    """What left or waits to, in order."""
    rows = Outgoing.objects.filter(kind__startswith="visits.").exclude(state="dropped").order_by("pk")
    return list(rows.values_list("kind", "channel"))


def read(letter) -> tuple[str, vobject.base.Component]:
    """The method by which a letter invites, and the event as another library reads it."""
    part = next(part for part in letter.walk() if part.get_content_type() == "text/calendar")
    raw = part.get_payload(decode=True)
    assert all(len(line) <= 75 for line in raw.split(b"\r\n"))
    files = [part for part in letter.iter_attachments() if part.get_filename() == "invite.ics"]
    assert [file.get_payload(decode=True) for file in files] == [raw]
    held = vobject.readOne(raw.decode())
    assert part.get_param("method") == held.method.value
    return held.method.value, held.vevent


def test_an_entry_follows_its_visit_in_the_clients_calendar(shop, book, me, now, mailbox, carry_out):
    made = book(at(14))
    booking.move(made, shop.shop, Wish(at(15)), by=HERSELF, on_line=True, now=now)
    booking.cancel(made, by=HERSELF, on_line=True, now=now + timedelta(minutes=1))
    # What was overtaken before it left is not sent at all; here each leaves in its turn.
    assert told() == [("visits.cancelled", "email")]
    other = book(at(16))
    carry_out()
    booking.move(other, shop.shop, Wish(at(17)), by=HERSELF, on_line=True, now=now)
    carry_out()
    booking.cancel(other, by=HERSELF, on_line=True, now=now)
    carry_out()
    letters = [letter for letter in mailbox.letters if letter["To"] == "elodie@example.org"][-3:]
    entries = [read(letter) for letter in letters]
    assert [method for method, _event in entries] == ["REQUEST", "REQUEST", "CANCEL"]
    events = [event for _method, event in entries]
    assert {event.uid.value for event in events} == {f"{other.uuid}@maison.example"}
    assert [event.sequence.value for event in events] == ["0", "1", "2"]
    assert [event.dtstart.value for event in events] == [at(16), at(17), at(17)]
    assert events[0].dtend.value == at(16, 45)
    assert [event.status.value for event in events] == ["CONFIRMED", "CONFIRMED", "CANCELLED"]
    assert events[0].location.value == "Lyon 2, 12 rue de la République"
    assert events[0].organizer.value == "mailto:no-reply@maison.example"
    assert events[0].attendee.value == "mailto:elodie@example.org"
    assert "https://maison.example/p/visits/own/" in events[0].description.value
    first = letters[0].get_body(("plain",)).get_content()
    for said in ("mercredi 16 septembre à 16:00", "Découverte", "Claire Martin", "12 rue de la République"):
        assert said in first


def test_nobody_is_told_twice_whatever_is_asked_again(shop, book, me, now):
    made = book(at(14), key="k")
    assert book(at(14), key="k") == made
    booking.cancel(made, by=me, now=now)
    booking.cancel(made, by=me, now=now)
    kinds = list(Telling.objects.filter(state="told").values_list("kind", "revision"))
    assert kinds == [("confirmed", 0), ("cancelled", 1)]


def test_short_messages_are_for_those_who_chose_them(shop, book, now, carry_out):
    book(at(14), told_by="sms", language="en")
    sent = Outgoing.objects.get(kind="visits.confirmed")
    assert (sent.channel, sent.to, sent.html, sent.calendar) == ("sms", "+33611223344", "", "")
    assert "visit booked on Wednesday, 16 September at 14:00, Lyon 2, 12 rue de la République." in sent.text
    carry_out()
    sent.refresh_from_db()
    assert (sent.state, sent.driver) == ("sent", "sandbox")


def test_she_is_told_where_she_said_and_else_not_at_all(shop, book, me, now, make_person):
    book(at(14), told_to="Other@Example.org")
    assert Outgoing.objects.get().to == "other@example.org"
    book(at(16), make_person("Anna", "A", email="a@example.org"), told_by="")
    DeadAddress.objects.create(channel="email", address="b@example.org", why="bounced", at=now)
    unlucky = book(at(10), make_person("Bert", "B", email="b@example.org"))
    assert Outgoing.objects.count() == 1
    assert Telling.objects.get(visit=unlucky, kind="confirmed").state == "unreachable"
    with pytest.raises(Refusal):
        book(at(12), make_person("Carl", "C", email="c@example.org"), told_to="nowhere")


def test_she_is_reminded_the_day_before_and_two_hours_before(shop, book, now):
    made = book(at(14, day=18))
    assert list(made.tellings.filter(state="due").values_list("due_at", flat=True).order_by("due_at")) == [
        at(14, day=17),
        at(12, day=18),
    ]
    for moment in (at(13, 59, day=17), at(14, day=17), at(14, 1, day=17), at(12, day=18), at(13, day=18)):
        telling.remind_job(now=moment)
    assert told() == [("visits.confirmed", "email")] + [("visits.reminder", "email")] * 2


def test_days_before_it_is_the_same_hour_on_the_wall_though_the_clock_changed(shop, book, settings):
    settings.VISIT_REMINDERS = ("2 days",)
    monday = datetime(2026, 10, 26, 9, 0, tzinfo=UTC)  # 10:00, on the day after the clock went back
    made = book(monday, when=datetime(2026, 10, 20, 8, tzinfo=UTC))
    assert made.tellings.get(kind="reminder 2 days").due_at == monday - timedelta(hours=49)


def test_who_books_late_is_not_reminded_of_what_she_just_did(shop, book):
    made = book(at(14), when=at(12, 30))
    assert not made.tellings.filter(kind__startswith="reminder").exists()


def test_nothing_is_said_of_what_is_no_longer_true(shop, book, me, now):
    moved, gone = book(at(14, day=18)), book(at(10, day=18))
    booking.move(moved, shop.shop, Wish(at(16, day=21)), by=me, now=now)
    booking.cancel(gone, by=me, now=now)
    telling.remind_job(now=at(17, day=18))
    assert ("visits.reminder", "email") not in told()
    telling.remind_job(now=at(16, day=20))
    assert told().count(("visits.reminder", "email")) == 1
    late = book(at(17, day=25))
    telling.remind_job(now=at(17, 1, day=25))  # no worker ran before the hour
    assert set(late.tellings.filter(kind__startswith="reminder").values_list("state", flat=True)) == {"void"}


def test_a_reminder_that_would_ring_at_night_waits_for_the_morning_and_may_be_void_by_then(shop, book, me, settings):
    settings.VISIT_REMINDERS = ("3 h",)
    shop.shop.hours = {"week": {"mon-sat": ["09:00-18:00"]}}
    shop.shop.save()
    stays, gone = book(at(10), told_by="sms"), book(at(9), told_by="sms")
    telling.remind_job(now=at(7, 5))
    assert told() == [("visits.confirmed", "sms")] * 2
    booking.cancel(gone, by=HERSELF, now=at(7, 30))
    telling.remind_job(now=at(8))
    reminded = Outgoing.objects.filter(kind="visits.reminder").values_list("key", flat=True)
    assert list(reminded) == [f"visit:{stays.uuid}:0:reminder 3 h"]


def test_we_are_sorry_only_for_what_we_do(shop, book, me, now):
    made = book(at(14))
    booking.cancel(made, why="dégât des eaux", by=system("visits"), now=now)
    sent = Outgoing.objects.get(kind="visits.cancelled")
    assert "nous en sommes désolés" in sent.text
    assert "Motif\u00a0: dégât des eaux." in sent.text
    by = Actor("user", "1", "Nadia")
    booking.cancel(book(at(16)), why="", by=by, now=now)
    assert "désolés" not in Outgoing.objects.filter(kind="visits.cancelled").order_by("-pk")[0].text


def test_who_is_erased_is_not_written_to(shop, book, me, now):
    book(at(14))
    privacy.erase(shop.elodie, now=now)
    assert not Outgoing.objects.filter(kind="visits.cancelled").exists()
    assert Visit.objects.get().told_to == ""


WORK = """
from datetime import datetime
from egard.journeys.visits.telling import remind_job

def run(word):
    remind_job(now=datetime.fromisoformat(word))
"""


@pytest.mark.fault
@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_in_the_middle_of_reminders_reminds_each_once(shop, book, me, make_person, monkeypatch):
    many, kills = (2000, 40) if DEEP else (60, 3)
    monkeypatch.setattr("egard.journeys.visits.telling.send", lambda *args, **told: None)
    first = book(at(14, day=18))
    monkeypatch.undo()
    made = [
        Visit(**{
            **{field.attname: getattr(first, field.attname) for field in Visit._meta.concrete_fields},
            "id": None, "uuid": booking.new_key(), "reference": f"R{n}", "key": f"k{n}",
            "person_id": make_person("P", str(n), email=f"p{n}@example.org").pk,
        })
        for n in range(many)
    ]  # fmt: skip
    visits = Visit.objects.bulk_create(made)
    due = at(14, day=17)
    Telling.objects.all().delete()
    Telling.objects.bulk_create(
        [Telling(visit=one, revision=0, kind="reminder 1 day", channel="email", due_at=due) for one in visits]
    )
    rng, workers = random.Random(7), Workers(WORK)
    queued = Outgoing.objects.filter(kind="visits.reminder")
    try:
        for kill in range(kills):
            pid, least = workers.begin(due.isoformat()), queued.count() + (1 if kill else 0)
            wait_until(lambda least=least: queued.count() >= least, seconds=30, step=0.005)
            time.sleep(rng.random() * 0.1)
            workers.kill(pid)
        workers.begin(due.isoformat())
        workers.begin(due.isoformat())
        assert wait_until(lambda: not Telling.objects.filter(state="due").exists(), seconds=600, step=0.05)
    finally:
        workers.close()
    assert sorted(queued.values_list("to", flat=True)) == sorted(f"p{n}@example.org" for n in range(many))
    assert set(Telling.objects.values_list("state", flat=True)) == {"told"}
