"""Holding a time, booking it, moving it, cancelling it."""

from __future__ import annotations

import secrets
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.db.models import Q

from egard.base.ids import new_id
from egard.journeys.visits import facts, refusals, telling
from egard.journeys.visits.models import Occupied, Reason, Shop, Visit
from egard.journeys.visits.placing import Wish, leave, place
from egard.journeys.visits.visitors import own_adviser
from egard.kernel.access.actors import Actor
from egard.kernel.access.live import tell
from egard.kernel.access.models import User
from egard.kernel.jobs.operations import defer
from egard.kernel.messages.permitted import WRITTEN
from egard.kernel.people.models import Person
from egard.kernel.people.operations import normalise
from egard.kernel.promises import operations as promises
from egard.kernel.promises.refusals import Ended
from egard.kernel.timeline.operations import record

RECEIVE = "visits.receive"
SUBJECT = "visit:"
TOPIC = "visits"
HOLD = timedelta(minutes=10)
"""So long a time is held for somebody who fills in the form."""
ON_TIME = timedelta(minutes=5)
"""She is received within so long of the hour."""
SIGNS, LENGTH = "23456789BCDFGHJKLMNPQRSTVWXYZ", 7
WHY_MAX, NOTE_MAX, NAME_MAX = 300, 500, 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What is said with a booking: answers to the questions of the reason, a word, how she wants to hear of it
    (`email`, `sms`, or nothing) and where: an address or number, else the one in her file.
    """

    name: str = ""
    answers: dict[str, Any] = field(default_factory=dict)
    note: str = ""
    told_by: str = ""
    told_to: str = ""
    language: str = "fr"
    channel: str = "web"


@transaction.atomic
def hold(
    shop: Shop, reason: Reason, wish: Wish, *, told: Told, lasts: timedelta = HOLD, key: str, by: Actor, now: datetime
) -> Visit:
    """Keep a time for somebody while she says who she is; the same key is one hold.

    Raises `SlotFull`, `NotOffered`.
    """
    return _made(shop, reason, None, wish, told, lapses_at=now + lasts, key=key, by=by, now=now)


@transaction.atomic
def book(
    shop: Shop, reason: Reason, person: Person, wish: Wish, *, told: Told, key: str, by: Actor, now: datetime
) -> Visit:
    """Somebody comes at a time that is offered. Her own adviser receives her where she is free, else who was given
    least. The same key is one visit, and so is the same person, reason and time at one site.

    Raises `SlotFull`, `NotOffered`, `MissingAnswer`, `Erased`.
    """
    told = checked(reason, told)
    one_by_one(person)
    same = Q(key=key) | Q(
        person__in=person.members, site=shop.site_id, reason=reason, starts_at=wish.at, state="booked"
    )
    if found := _whole().filter(same).order_by("pk").first():
        return found
    if wish.own is None:
        wish = Wish(wish.at, wish.only, own_adviser(person), wish.seats, wish.beside)
    made = _made(shop, reason, person, wish, told, lapses_at=None, key=key, by=by, now=now)
    return _expected(made, by=by, now=now) if made.promise is None else made


@transaction.atomic
def confirm(held: Visit, person: Person, *, told: Told, by: Actor, now: datetime) -> Visit:
    """Who holds a time says who she is: it is hers. Where the hold has lapsed and nobody else came, too; the same again
    changes nothing. Raises `HoldOver`, `NotNow`, `MissingAnswer`, `Erased`.
    """
    one_by_one(person)
    visit = locked(held)
    told = checked(visit.reason, told)
    if visit.state == "booked" and visit.person_id in person.members:
        return visit
    if visit.state not in ("held", "lapsed"):
        raise refusals.NotNow
    over = visit.state == "lapsed" or (visit.lapses_at is not None and visit.lapses_at <= now)
    if over or not Occupied.objects.filter(sitting=visit.sitting_id).update(lapses_at=None):
        _regain(visit, person, now=now)
    visit.person, visit.state, visit.lapses_at = person, "booked", None
    for name in ("name", "answers", "note", "told_by", "told_to", "language"):
        setattr(visit, name, getattr(told, name))
    visit.changed_at = now
    visit.save()
    return _expected(visit, by=by, now=now)


@transaction.atomic
def move(
    visit: Visit, shop: Shop, wish: Wish, *, why: str = "", on_line: bool = False, by: Actor, now: datetime
) -> Visit:
    """She comes at another time that is offered, to another host or site. `on_line`: by herself, as long before it as
    the reason allows. What she has already changes nothing. Raises `SlotFull`, `NotOffered`, `NotNow`, `TooLate`.
    """
    held = locked(visit)
    _require_before(held, on_line=on_line, now=now)
    if (held.site_id, held.starts_at) == (shop.site_id, wish.at) and wish.only in (None, held.host_id):
        return held
    own = wish.own or (own_adviser(held.person) if held.person else None) or held.host_id
    # Her own time must not stand in her way; where nothing else is found, all of this never was.
    assert held.sitting_id is not None
    same_time = (held.site_id, held.starts_at) == (shop.site_id, wish.at)
    leave(held.sitting_id, held.seats)
    placed = place(shop, held.reason, Wish(wish.at, wish.only, own, held.seats), now=now)
    released(held, why=why or "moved", by=by, now=now)
    held.site, held.sitting, held.host_id = shop.site, placed.sitting, placed.host
    held.starts_at, held.ends_at = placed.sitting.starts_at, placed.sitting.ends_at
    held.revision, held.changed_at, held.why, held.promise = held.revision + 1, now, why.strip()[:WHY_MAX], None
    held.save()
    by_us = not on_line and by.kind != "person"
    _expected(held, by=by, now=now, moved=True, by_us=by_us)
    if held.person is not None:
        telling.changed(held, by_us=by_us, same_time=same_time, by=by, now=now)
        defer("visits.offer")
    return held


@transaction.atomic
def cancel(visit: Visit, *, why: str = "", on_line: bool = False, by: Actor, now: datetime) -> Visit:
    """She does not come, or cannot be received: the time is free again. Twice is once. Raises `NotNow`, `TooLate`."""
    held = locked(visit)
    if held.state in ("cancelled", "lapsed"):
        return held
    _require_before(held, on_line=on_line, now=now)
    if held.sitting_id is not None:
        leave(held.sitting_id, held.seats)
    held.why = why.strip()[:WHY_MAX]
    held.state, held.ended_at, held.changed_at, held.revision = "cancelled", now, now, held.revision + 1
    held.save()
    released(held, why=held.why or "cancelled", by=by, now=now)
    if held.person is not None:
        told = facts.Cancelled(
            held.uuid, held.site.name, held.reason.code, held.starts_at, by_us=by.kind != "person", why=held.why
        )
        note(held, told, f"{held.uuid}:cancelled", by=by, now=now)
        telling.cancelled(held, by_us=by.kind != "person", by=by, now=now)
        defer("visits.offer")
    tell_visit(held)
    return held


@transaction.atomic
def let_go(held: Visit, *, now: datetime) -> None:
    """A time that is held no longer, for she chose another one. What is booked already stays."""
    row = Visit.objects.select_for_update().filter(pk=held.pk, state="held", sitting__isnull=False).first()
    if row is not None and row.sitting_id is not None:
        leave(row.sitting_id, row.seats)
        Visit.objects.filter(pk=row.pk).update(state="lapsed", ended_at=now)
        tell_visit(row)


def lapse(*, now: datetime) -> int:
    """Let go of the holds that are over; gives how many there were."""
    over = Visit.objects.filter(state="held", lapses_at__lte=now).order_by("pk")
    with transaction.atomic():
        rows = list(over.select_for_update(skip_locked=True)[:500])
        for row in rows:
            assert row.sitting_id is not None
            leave(row.sitting_id, row.seats)
        Visit.objects.filter(pk__in=[row.pk for row in rows]).update(state="lapsed", ended_at=now)
    return len(rows)


def lapse_job(*, now: datetime) -> None:
    """All of them."""
    while lapse(now=now):
        pass


def note(
    visit: Visit, fact: Any, key: str, *, by: Actor, now: datetime, at: datetime | None = None,
    corrects: UUID | None = None,
) -> None:  # fmt: skip
    """Something of a visit stands on the timeline of who comes."""
    told = {"by": by, "channel": visit.channel, "key": f"visit:{key}", "now": now}
    record(visit.person, fact, at=at or now, corrects=corrects, **told)


def tell_visit(visit: Visit) -> None:
    """Open pages of its shop, and of who comes, ask again."""
    tell(TOPIC, f"{TOPIC}:{visit.site_id}")


def checked(reason: Reason, told: Told) -> Told:
    """What was said, shortened to what is kept; each question that must be is answered, by one of its choices.

    Raises `MissingAnswer`.
    """
    answers: dict[str, Any] = {}
    missing: dict[str, str] = {}
    for question in reason.questions:
        given = told.answers.get(question["key"])
        given = given.strip()[:NOTE_MAX] if isinstance(given, str) else given
        choices = [choice["value"] for choice in question.get("choices", ())]
        if question["kind"] == "yes_no" and given not in (None, ""):
            given = given in (True, "true", "yes", "on", "1")
        if given in (None, "") or (choices and given not in choices):
            if question.get("required") or given not in (None, ""):
                missing[question["key"]] = str(refusals.MissingAnswer.title)
            continue
        answers[question["key"]] = given
    if missing:
        raise refusals.MissingAnswer(fields=missing)
    kind = WRITTEN.get(told.told_by)
    to = normalise(kind, told.told_to) if kind and told.told_to else ""
    return replace(
        told, name=told.name.strip()[:NAME_MAX], answers=answers, note=told.note.strip()[:NOTE_MAX], told_to=to
    )


def one_by_one(person: Person) -> None:
    """Bookings of one person are made one after the other, so that a retry finds the first."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtextextended('egard.visits.' || %s, 0))", [str(person.uuid)])


def released(visit: Visit, *, why: str, by: Actor, now: datetime) -> None:
    """She is no longer owed to be received on time, for a reason; where that is settled already, it stays."""
    if visit.promise is not None:
        with suppress(Ended):
            promises.release(visit.promise, reason=why, by=by, now=now)


def locked(visit: Visit) -> Visit:
    """The visit under a lock, with what is shown of it."""
    return _whole().select_for_update(of=("self",)).get(pk=visit.pk)


# --- inside --------------------------------------------------------------------------------------------------------


def _made(
    shop: Shop, reason: Reason, person: Person | None, wish: Wish, told: Told, *, lapses_at: datetime | None,
    key: str, by: Actor, now: datetime,
) -> Visit:  # fmt: skip
    if found := _whole().filter(key=key).first():
        return found
    try:
        with transaction.atomic():
            placed = place(shop, reason, wish, lapses_at=lapses_at, now=now)
            made = Visit.objects.create(
                reference="".join(secrets.choice(SIGNS) for _ in range(LENGTH)), site=shop.site, reason=reason,
                sitting=placed.sitting, person=person, host_id=placed.host, seats=wish.seats,
                state="held" if lapses_at else "booked", starts_at=placed.sitting.starts_at,
                ends_at=placed.sitting.ends_at, lapses_at=lapses_at, name=told.name, answers=told.answers,
                note=told.note, told_by=told.told_by, told_to=told.told_to, language=told.language,
                channel=told.channel, key=key, made_at=now, changed_at=now, by=str(by),
            )  # fmt: skip
    except IntegrityError:  # sent twice at the same moment
        if found := _whole().filter(key=key).first():
            return found
        raise
    tell_visit(made)
    return made


def _expected(visit: Visit, *, by: Actor, now: datetime, moved: bool = False, by_us: bool = False) -> Visit:
    """She is promised to be received on time, and her timeline says that she comes."""
    assert visit.person is not None
    host = User.objects.filter(pk=visit.host_id).first() if visit.host_id else None
    owed = promises.promise(
        visit.person, RECEIVE, due_at=visit.starts_at + ON_TIME, subject=f"{SUBJECT}{visit.uuid}", owner=host,
        site=visit.site, channel=visit.channel, key=f"visit:{visit.uuid}:{visit.revision}", by=by, now=now,
    )  # fmt: skip
    visit.promise = owed.uuid
    Visit.objects.filter(pk=visit.pk).update(promise=owed.uuid)
    where = (visit.uuid, visit.site.name, visit.reason.code, visit.starts_at, host.name if host else "")
    fact = facts.Moved(*where, by_us=by_us, why=visit.why) if moved else facts.Booked(*where)
    note(visit, fact, f"{visit.uuid}:{visit.revision}", by=by, now=now)
    if not moved:
        telling.booked(visit, by=by, now=now)
    tell_visit(visit)
    return visit


def _regain(visit: Visit, person: Person, *, now: datetime) -> None:
    """The time that was held, taken anew. Raises `HoldOver`."""
    if visit.state == "held" and visit.sitting_id is not None:
        leave(visit.sitting_id, visit.seats)
    shop = Shop.objects.select_related("site").get(pk=visit.site_id)
    try:
        # Who was named on the page is asked first: who is somebody's own adviser is nobody else's business.
        wish = Wish(visit.starts_at, None, visit.host_id or own_adviser(person), visit.seats)
        placed = place(shop, visit.reason, wish, now=now)
    except (refusals.SlotFull, refusals.NotOffered) as error:
        raise refusals.HoldOver from error
    visit.sitting, visit.host_id, visit.ended_at = placed.sitting, placed.host, None


def _require_before(visit: Visit, *, on_line: bool, now: datetime) -> None:
    """Only what is still to come is changed."""
    if visit.state not in ("held", "booked"):
        raise refusals.NotNow
    if on_line and now > visit.starts_at - timedelta(minutes=visit.reason.change_minutes):
        raise refusals.TooLate


def _whole() -> Any:
    return Visit.objects.select_related("site", "reason", "person", "sitting", "host")


def new_key() -> str:
    """A name for a booking that is asked for once."""
    return str(new_id())


def visit_of(uuid: UUID) -> Visit | None:
    """A visit by its public id, with what is shown of it."""
    found: Visit | None = _whole().filter(uuid=uuid).first()
    return found
