"""Desks: lines, hours, presence, absences. And what is promised of an adviser's time: call backs and answers."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.utils import translation
from django.utils.translation import gettext

from egard.journeys.reach import callers, facts, refusals, state
from egard.journeys.reach.chatting.covering import cover
from egard.journeys.reach.models import Absence, Call, CallBack, CallStep, Desk, Handed, KnownNumber
from egard.journeys.reach.rules import PRESENCES
from egard.journeys.reach.rules.times import SLOT, fits
from egard.kernel.access.actors import Actor
from egard.kernel.access.live import tell
from egard.kernel.access.models import User
from egard.kernel.access.operations import log_change
from egard.kernel.messages.arriving import receive_call
from egard.kernel.messages.models import Thread
from egard.kernel.people.models import Identifier, Person
from egard.kernel.people.operations import normalise
from egard.kernel.promises import operations as promises
from egard.kernel.promises.calendars import HOUSE, newest
from egard.kernel.promises.models import Promise, PromiseEvent
from egard.kernel.timeline.operations import record

TOPIC, DESK = "reach", "desk"
CALL_BACK = "reach.call_back"
BACK = "callback:"
ABOUT_MAX = 500
FAR = timedelta(days=3 * 365)
"""An absence does not last further than this: a slip of a digit."""


@transaction.atomic
def set_desk(
    user: User, *, line: str = "", calendar: str = HOUSE, deputy: User | None = None, by: Actor, now: datetime
) -> Desk:
    """Where somebody's direct line is, by which calendar she works, who stands in for her.

    Raises `NoStaff`, `BadIdentifier` (the line), `UnknownCalendar`.
    """
    stands_in = deputy is None or (deputy.pk != user.pk and state.is_reached(deputy))
    if not user.is_staff or not user.is_active or not stands_in:
        raise refusals.NoStaff(fields={"deputy": str(refusals.NoStaff.message)})
    newest(calendar)
    told = {"line": normalise("phone", line) if line.strip() else "", "calendar": calendar, "deputy": deputy}
    held, created = Desk.objects.select_for_update().get_or_create(user=user, defaults={**told, "since": now})
    changed = created or any(getattr(held, name) != value for name, value in told.items())
    if changed:
        Desk.objects.filter(pk=held.pk).update(**told)
        log_change("reach.desk_set", by=by, now=now, subject=str(user.pk), calendar=calendar, line=told["line"])
        tell_desk(user.pk)
    return Desk.objects.select_related("user", "deputy").get(pk=held.pk)


def tell_desk(user: UUID | None) -> None:
    """Open pages ask again: those on desks, and those of clients who follow hers."""
    tell(TOPIC, *([f"{DESK}:{user}"] if user else ()))


def desk_for(user: User | None, *, now: datetime) -> Desk | None:
    """The desk of an adviser, made where she has none yet: the hours of the house, and no line. None for nobody."""
    if user is None:
        return None
    made, _created = Desk.objects.select_related("user").get_or_create(user=user, defaults={"since": now})
    return made


@transaction.atomic
def set_presence(user: User, presence: str, *, until: datetime | None = None, by: Actor, now: datetime) -> Desk:
    """Whether somebody is there to be rung: available, busy, away; `until` a moment after which she is available again.
    Saying again what is so changes nothing. Raises `WrongPresence`.
    """
    if presence not in PRESENCES or (until is not None and (until <= now or presence == "available")):
        raise refusals.WrongPresence(known=", ".join(PRESENCES), fields={"presence": ", ".join(PRESENCES)})
    held, _created = Desk.objects.select_for_update().get_or_create(user=user, defaults={"since": now})
    if (held.presence, held.until) != (presence, until):
        held.presence, held.until, held.since = presence, until, now
        Desk.objects.filter(pk=held.pk).update(presence=presence, until=until, since=now)
        if presence == "away":
            cover(user, by=by, now=now)
        tell_desk(user.pk)
    return held


@transaction.atomic
def add_absence(desk: Desk, since: datetime, until: datetime, *, by: Actor, now: datetime) -> Absence:
    """She does not work from one moment to another. Raises `WrongPeriod`, `AbsentAlready` where it overlaps another
    one, also one that is written at the same moment. What is promised of that time stays promised: `queries.owed_in`
    says what it is, `moving.to_deputy` gives it away. The same period again is the same absence.
    """
    if until <= since or not now < until <= now + FAR:
        raise refusals.WrongPeriod(fields={"until": str(refusals.WrongPeriod.message)})
    same = Absence.objects.filter(desk=desk, since=since, until=until)
    if held := same.first():
        return held
    try:
        with transaction.atomic():
            made = Absence.objects.create(desk=desk, since=since, until=until, by=str(by))
    except IntegrityError as error:
        if held := same.first():
            return held
        raise refusals.AbsentAlready(fields={"since": str(refusals.AbsentAlready.message)}) from error
    if since <= now:
        cover(desk.user, by=by, now=now)
    log_change("reach.absence_added", by=by, now=now, subject=str(desk.user_id))
    tell_desk(desk.user_id)
    return made


@transaction.atomic
def end_absence(absence: Absence, *, by: Actor, now: datetime) -> None:
    """She is back, or does not go: what lies ahead of it no longer holds."""
    held = Absence.objects.filter(pk=absence.pk)
    if held.filter(since__gte=now).delete()[0] or held.filter(until__gt=now).update(until=now):
        log_change("reach.absence_ended", by=by, now=now, subject=str(absence.desk.user_id))
        tell_desk(absence.desk.user_id)


@transaction.atomic
def promise_call_back(
    person: Person | None,
    desk: Desk | None,
    at: datetime,
    *,
    number: str = "",
    about: str = "",
    channel: str,
    key: str,
    by: Actor,
    now: datetime,
) -> CallBack:
    """Promise to call somebody at one of the free times of an adviser (`desk`; None: of the house), on `number` or on
    that of the person. Time of an adviser is promised once, whoever asks at the same moment; the same key is one call
    back. To somebody whom the same adviser is to call already, that call moves: she is never called twice. Raises
    `TimeTaken`, `NoNumber`.
    """
    if held := CallBack.objects.filter(key=key).first():
        return held
    number = normalise("phone", number) if number.strip() else number_of(person)
    if not number:
        raise refusals.NoNumber(fields={"number": str(refusals.NoNumber.message)})
    if person is not None:
        one_at_a_time(person)
        before = callers.owed(person, "", desk.user_id if desk else None, now=now)
        if before is not None and before.promise is not None:
            if (before.starts_at, before.number) == (at, number) and about.strip() in ("", before.about):
                return before
            about = about.strip() or before.about
            promises.release(before.promise, reason=gettext("moved to another time"), by=by, now=now)
    taken = [(start, end) for _desk, start, end in state.taken_times([desk.pk], now=now)] if desk else []
    if not fits(state.hours_of(desk, now=now), taken, at, now=now):
        raise refusals.TimeTaken(fields={"at": str(refusals.TimeTaken.message)})
    told: dict[str, Any] = {"person": person, "desk": desk, "number": number, "about": about.strip()[:ABOUT_MAX]}
    try:
        with transaction.atomic():
            made = CallBack.objects.create(
                **told, starts_at=at, ends_at=at + SLOT, channel=channel, key=key, asked_at=now, by=str(by)
            )
    except IntegrityError as error:  # at the same moment: sent twice, or taken by somebody else
        if held := CallBack.objects.filter(key=key).first():
            return held
        raise refusals.TimeTaken(fields={"at": str(refusals.TimeTaken.message)}) from error
    owed = promises.promise(
        person, CALL_BACK, due_at=made.ends_at, subject=f"{BACK}{made.uuid}", note=made.about,
        owner=desk.user if desk else None, channel=channel, key=f"call_back:{made.uuid}", by=by, now=now,
    )  # fmt: skip
    made.promise = owed.uuid
    CallBack.objects.filter(pk=made.pk).update(promise=owed.uuid)
    tell(TOPIC)
    return made


def one_at_a_time(person: Person) -> None:
    """Until the end of the transaction nobody else promises her a call, or moves one."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtextextended('egard.call_back.' || %s, 0))", [str(person.pk)])


def leave_message(call: Call, *, due_at: datetime | None, about: str = "", now: datetime) -> Thread:
    """The adviser of a call has a message from it: a conversation in her inbox, whose answer is promised by a moment.
    What the same call leaves besides, a recording, stands in it too.
    """
    with translation.override(call.language):
        words = about.strip() or gettext("She called, and asks for an answer.")
    told = receive_call(
        call.person, call.number, words, assignee=call.adviser, due_at=due_at, language=call.language,
        key=str(call.uuid), now=now,
    )  # fmt: skip
    assert told.message is not None
    return told.message.thread


def number_of(person: Person | None) -> str:
    """The number that we have of somebody, the first one first; empty where there is none."""
    if person is None:
        return ""
    held = Identifier.objects.filter(person__in=person.members, kind="phone").order_by("id")
    return held.values_list("value", flat=True).first() or ""


def heard(promise: Promise, event: PromiseEvent) -> None:
    """What became of the promise of a call back: kept, she was called; released, the time is free again."""
    uuid = promise.subject.removeprefix(BACK)
    held = CallBack.objects.select_for_update(of=("self",)).select_related("person").filter(uuid=uuid).first()
    if held is None:
        return
    if event.what == "kept" and held.made_at is None:
        CallBack.objects.filter(pk=held.pk).update(made_at=event.at)
        if held.person and not held.person.erased_at:
            record(
                held.person, facts.CalledBack(call_back=held.uuid), at=event.at, by=_actor(event.by), channel="voice",
                key=f"call_back:{held.uuid}:{event.n}", now=event.recorded_at,
            )  # fmt: skip
    elif event.what == "released":
        CallBack.objects.filter(pk=held.pk).update(dropped_at=event.at)
    elif event.what == "reopened":
        CallBack.objects.filter(pk=held.pk).update(made_at=None)
    tell(TOPIC)


def _actor(words: str) -> Actor:
    kind, _colon, name = words.partition(":")
    return Actor(kind, name)  # type: ignore[arg-type]


def export(person: Person) -> dict[str, Any]:
    """What we hold of her calls and call backs, and of her being handed over."""
    calls = Call.objects.filter(person=person).order_by("asked_at")
    backs = CallBack.objects.filter(person=person).order_by("asked_at")
    handed = Handed.objects.filter(person=person).order_by("pk")
    return {
        "calls": list(calls.values("number", "asked_at", "answered_at", "ended_at", "outcome", "waited", "recording")),
        "call_backs": list(backs.values("number", "starts_at", "about", "made_at")),
        "handovers": list(handed.values("at", "told_by", "why")),
    }


def erase(person: Person, *, now: datetime) -> None:
    """Numbers, words and recordings go; that somebody called then, and how long she waited, stays."""
    CallStep.objects.filter(call__person=person).delete()
    Call.objects.filter(person=person).update(number="", recording="", offered={})
    CallBack.objects.filter(person=person).update(number="", about="")
    CallBack.objects.filter(person=person, made_at=None, dropped_at=None).update(dropped_at=now)
    KnownNumber.objects.filter(person=person).delete()
