"""Making a promise and what becomes of it. Each operation takes the promise or its public id, holds its row, notices
first what happened by itself, and changes nothing when it is repeated.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet

from egard.base.calendars import Calendar, Span, TooFar, due
from egard.base.ids import new_id
from egard.base.refusal import NotFound
from egard.kernel.access.actors import Actor, system
from egard.kernel.access.models import Site, Team, User
from egard.kernel.access.operations import log_change, redacting
from egard.kernel.people.models import Person
from egard.kernel.people.operations import Erased
from egard.kernel.promises import refusals, writing
from egard.kernel.promises.calendars import (
    HOUSE,
    WEEKDAYS,
    checked,
    newest,
    readable,
    terms_of,
)
from egard.kernel.promises.calendars import (
    calendar as calendar_of,
)
from egard.kernel.promises.models import CalendarVersion, Notice, Promise, PromiseEvent, Publication
from egard.kernel.promises.rules import Happened, What, begin
from egard.kernel.promises.writing import Change, Written
from egard.kernel.registry import Escalation, PromiseKind, registry

KEY_MAX, SUBJECT_MAX, NOTE_MAX, REASON_MAX, CODE_MAX = 200, 200, 500, 500, 64
ALWAYS = "always"


@transaction.atomic
def promise(
    person: Person | None,
    kind: str,
    *,
    due_at: datetime | None = None,
    within: str | Span | None = None,
    calendar: str | None = None,
    subject: str = "",
    note: str = "",
    owner: User | None = None,
    team: Team | None = None,
    site: Site | None = None,
    channel: str = "",
    warnings: Sequence[str] | None = None,
    escalation: Sequence[Escalation] | None = None,
    key: str,
    by: Actor,
    now: datetime,
) -> Promise:
    """Promise something by a moment, or within an amount of time reckoned on a calendar (its code); what is not said is
    as the kind declares it. With a calendar, a promise for a moment counts the open time that is left.

    The same key of the same person gives the first promise, whatever has become of it. The place is the person's own
    unless said otherwise. Raises `UnknownKind`, `NoMoment`, `AlreadyDue`, `TooLong`, `WrongTime`, `UnknownCalendar`,
    `BadText`, `Erased`, `PromiseKeyReused` (the key names another promise).
    """
    declared = registry.promises.get(kind)
    if declared is None:
        raise refusals.UnknownKind(kind=kind[:64], known=", ".join(sorted(registry.promises)))
    _texts(key=(key, 1, KEY_MAX), subject=(subject, 0, SUBJECT_MAX), note=(note, 0, NOTE_MAX))
    span, version = _asked(declared, due_at, within, calendar)
    reckoned = calendar_of(version.pk if version else None)
    moment = due_at or _moment(now, span, reckoned)
    row = Promise(
        person=person,
        kind=kind,
        subject=subject,
        key=key,
        note=note,
        within=str(span or ""),
        working=span.working if span else version is not None,
        calendar=version,
        terms=_terms(warnings, escalation),
        owner=owner,
        team=team,
        site_id=site.pk if site else person.site_id if person else None,
        channel=channel,
    )
    made = Happened("made", now, moment)
    clock = begin(made)
    row.made_at, row.first_due_at = clock.made_at, clock.first_due_at
    writing.show(row, clock, terms_of(row))
    if moment > now and _insert(row):
        written = Written(made, by, channel, "")
        writing.write_first(row, written, now=now)
        return row
    stored = Promise.objects.filter(person=person, key=key).first()
    if stored is None:
        raise refusals.AlreadyDue(fields={"due_at": str(refusals.AlreadyDue.message)})
    asked_moment = stored.within == row.within if span else stored.first_due_at == due_at
    if (stored.kind, stored.subject) != (kind, subject) or not asked_moment:
        raise refusals.PromiseKeyReused(key=key)
    return stored


def keep(promise: Promise | UUID, *, by: Actor, now: datetime, channel: str = "") -> Promise:
    """It was done. After the due moment that is recorded, and the promise stays broken. Raises `Ended` (released)."""
    return _change(promise, "kept", by=by, now=now, channel=channel)


def release(promise: Promise | UUID, *, reason: str, by: Actor, now: datetime) -> Promise:
    """It is no longer owed, for a reason. Raises `Ended` (kept), `BadText`."""
    return _change(promise, "released", reason=_reason(reason), by=by, now=now)


def reopen(promise: Promise | UUID, *, reason: str = "", by: Actor, now: datetime) -> Promise:
    """It was not kept or released after all: it is owed as before, and breaks at its due moment."""
    return _change(promise, "reopened", reason=reason[:REASON_MAX], by=by, now=now)


def pause(promise: Promise | UUID, *, reason: str, by: Actor, now: datetime) -> Promise:
    """Its time stands still until it is resumed. Raises `NotRunning`, `Ended`, `BadText`."""
    return _change(promise, "paused", reason=_reason(reason), by=by, now=now)


def resume(promise: Promise | UUID, *, reason: str = "", by: Actor, now: datetime) -> Promise:
    """Its time runs on: what was left, by its own calendar, is left from now. Raises `NotRunning`, `Ended`."""
    return _change(promise, "resumed", reason=reason[:REASON_MAX], by=by, now=now)


def extend(
    promise: Promise | UUID,
    *,
    due_at: datetime | None = None,
    within: str | Span | None = None,
    reason: str,
    by: Actor,
    now: datetime,
) -> Promise:
    """More time, for a reason: until a moment, or `within` from now. The first due moment stays with it.

    Raises `NotLater`, `NoMoment`, `NotRunning`, `Ended`, `WrongTime`, `TooLong`, `BadText`.
    """
    if (due_at is None) == (within is None):
        raise refusals.NoMoment
    reason = _reason(reason)
    with transaction.atomic():
        change = _held(promise, by=by, now=now)
        moment = due_at or _moment(now, readable(within or ""), change.terms.calendar)
        repeated = change.clock.due_at == moment and change.clock.since > change.clock.made_at
        if not repeated or change.clock.state not in ("open", "paused"):
            writing.allow(change, "extended")
            if moment <= max(now, change.clock.due_at):
                raise refusals.NotLater(fields={"due_at": str(refusals.NotLater.message)})
            change.add(Happened("extended", now, moment), by=by, reason=reason)
        writing.write([change], now=now)
        return change.promise


@transaction.atomic
def assign(
    promise: Promise | UUID,
    *,
    owner: User | None,
    team: Team | None = None,
    site: Site | None = None,
    by: Actor,
    now: datetime,
) -> Promise:
    """Somebody else sees to it; a team or a place that is not given stays. Raises `Ended`."""
    change = _held(promise, by=by, now=now)
    row = change.promise
    if not change.clock.is_outstanding:
        raise refusals.Ended
    wanted = (owner.pk if owner else None, team.pk if team else row.team_id, site.pk if site else row.site_id)
    if wanted != (row.owner_id, row.team_id, row.site_id):
        row.owner_id, row.team_id, row.site_id = wanted
        Promise.objects.filter(pk=row.pk).update(owner=wanted[0], team=wanted[1], site=wanted[2])
        change.add(Happened("assigned", now), by=by)
    writing.write([change], now=now)
    return row


# --- calendars, notices, what is shown to all ----------------------------------------------------------------------


@transaction.atomic
def set_calendar(code: str, data: Mapping[str, Any], *, name: str = "", by: Actor, now: datetime) -> CalendarVersion:
    """The calendar that holds from now on under this code: a new version, unless it says what the newest one does.

    Promises keep the version with which they were made. Raises `WrongCalendar`, `BadText`.
    """
    _texts(code=(code, 1, CODE_MAX))
    stored = checked(data).as_data()
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtextextended('egard.calendar.' || %s, 0))", [code])
    last = CalendarVersion.objects.filter(code=code).order_by("-version").first()
    if last and last.data == stored and name in (last.name, ""):
        return last
    number = last.version + 1 if last else 1
    label = name or (last.name if last else "")
    made = CalendarVersion.objects.create(
        code=code, version=number, name=label, data=stored, created_at=now, by=str(by)
    )
    log_change("promises.calendar_set", by=by, now=now, subject=code, version=number)
    return made


def ensure_calendars(*, now: datetime) -> None:
    """The calendars that every house begins with: office hours, the weekdays of the law (Saturdays too), never closed.
    What is there stays.
    """
    zone, by = settings.TIME_ZONE, system("setup")
    country = settings.COUNTRY if _has_holidays(settings.COUNTRY) else ""
    always = Calendar.always(zone).as_data()
    for code, data in (
        (HOUSE, {"zone": zone, "week": {"mon-fri": ["09:00-18:00"]}, "holidays": country}),
        (WEEKDAYS, {"zone": zone, "week": {"mon-sat": ["09:00-18:00"]}, "holidays": country}),
        (ALWAYS, always),
    ):
        # Several machines may start at once. No change of the house: it begins with them.
        first = {"data": checked(data).as_data(), "created_at": now, "by": str(by)}
        if not CalendarVersion.objects.filter(code=code).exists():
            CalendarVersion.objects.get_or_create(code=code, version=1, defaults=first)


def publish(on: bool, *, by: Actor, now: datetime) -> None:
    """Show anybody the shares of promises kept, or no longer; asking for what is so changes nothing."""
    row, _created = Publication.objects.get_or_create(pk=1)
    if row.is_on != on:
        Publication.objects.filter(pk=1).update(is_on=on, since=now if on else None)
        log_change("promises.published" if on else "promises.unpublished", by=by, now=now)


def note_told(notices: Sequence[Notice], *, now: datetime) -> None:
    """These were told to whom they concern."""
    Notice.objects.filter(pk__in=[notice.pk for notice in notices], told_at=None).update(told_at=now)


def erase(person: Person, *, now: datetime) -> None:
    """Nothing is owed to somebody who is no more here; what was said of her in words goes, that it happened stays."""
    by = system("erasure")
    for row in Promise.objects.filter(person=person, ended_at=None).order_by("pk").values_list("uuid", flat=True):
        _change(row, "released", by=by, now=now)
    _without_words(Promise.objects.filter(person=person))


def forget_words(promises: Collection[UUID]) -> None:
    """What was said in words of these goes, where they were made to nobody whom we know: no erasure will find them."""
    _without_words(Promise.objects.filter(uuid__in=promises, person=None))


# --- inside --------------------------------------------------------------------------------------------------------


def _without_words(rows: QuerySet[Promise]) -> None:
    with redacting():
        PromiseEvent.objects.filter(promise__in=rows).exclude(reason="").update(reason="")
        rows.exclude(note="").update(note="")


@transaction.atomic
def _change(
    promise: Promise | UUID, what: What, *, by: Actor, now: datetime, channel: str = "", reason: str = ""
) -> Promise:
    change = _held(promise, by=by, now=now)
    if writing.allow(change, what):
        change.add(Happened(what, now), by=by, channel=channel, reason=reason)
    writing.write([change], now=now)
    return change.promise


def _held(promise: Promise | UUID, *, by: Actor, now: datetime) -> Change:
    """The promise under a lock, and what happened to it meanwhile. What its subject names is locked first."""
    known = promise
    if isinstance(known, UUID):
        known = Promise.objects.filter(uuid=known).only("pk", "subject", "person_id", "kind").first()
    if known is None:
        raise NotFound
    if known.subject:
        writing.lock_subjects([known.subject], wait=True)
    writing.hold_persons([known])
    row = Promise.objects.select_for_update().filter(pk=known.pk)[0]  # an act on a case may end several
    return Change.of(row).notice(by=system("promises"), now=now)


def _asked(
    kind: PromiseKind, due_at: datetime | None, within: str | Span | None, code: str | None
) -> tuple[Span | None, CalendarVersion | None]:
    """The amount of time, if it is one, and the calendar, if one is needed."""
    if due_at is not None:
        if within is not None:
            raise refusals.NoMoment
        return None, newest(code) if code else None
    words = within or kind.within
    if not words:
        raise refusals.NoMoment
    span = readable(words)
    named = code or kind.calendar or (HOUSE if span.working else "")
    return span, newest(named) if named else None


def _moment(start: datetime, span: Span | None, calendar: Calendar) -> datetime:
    assert span is not None
    try:
        return due(start, span, calendar)
    except TooFar as error:
        raise refusals.TooLong from error


def _terms(warnings: Sequence[str] | None, escalation: Sequence[Escalation] | None) -> dict[str, Any] | None:
    terms: dict[str, Any] = {}
    if warnings is not None:
        terms["warnings"] = [str(readable(words)) for words in warnings]
    if escalation is not None:
        terms["escalation"] = [{"after": str(readable(step.after)), "to": list(step.to)} for step in escalation]
    return terms or None


_INSERTED = (
    "uuid", "person_id", "kind", "subject", "key", "note", "state", "made_at", "due_at", "first_due_at", "since",
    "last_at", "next_at", "within", "working", "calendar_id", "terms", "owner_id", "team_id", "site_id", "channel",
)  # fmt: skip
_INSERT = f"""
insert into promises_promise ({", ".join(_INSERTED)}, warned, escalated, version, kept_channel)
select {", ".join(["%s"] * 16)}, %s::jsonb, {", ".join(["%s"] * 4)}, 0, 0, 1, ''
on conflict (person_id, key) do nothing returning id
"""


def _insert(row: Promise) -> bool:
    """One row, unless its key is there; whether it was written. Raises `Erased`."""
    row.uuid = new_id()
    values = [getattr(row, name) for name in _INSERTED]
    values[16] = orjson.dumps(row.terms).decode() if row.terms is not None else None
    if row.person_id is not None and not _is_alive(row.person_id):
        raise Erased
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, values)
        found = cursor.fetchone()
    if found is None:
        return False
    row.pk, row._state.adding, row._state.db = found[0], False, connection.alias
    return True


def _is_alive(person_id: int) -> bool:
    """A share lock: an erasure waits for promises being made, and none is made after it."""
    with connection.cursor() as cursor:
        cursor.execute("select 1 from people_person where id = %s and erased_at is null for key share", [person_id])
        return cursor.fetchone() is not None


def _has_holidays(country: str) -> bool:
    try:
        Calendar.parse({"zone": "UTC", "week": {"mon": ["09:00-10:00"]}, "holidays": country})
    except ValueError:
        return False
    return True


def _reason(reason: str) -> str:
    _texts(reason=(reason.strip(), 1, REASON_MAX))
    return reason.strip()


def _texts(**texts: tuple[str, int, int]) -> None:
    """Each text between its bounds, and such as the database can hold. Raises `BadText`."""
    for name, (text, least, most) in texts.items():
        if not least <= len(text) <= most or "\x00" in text:
            raise refusals.BadText(name=name, most=most, fields={name: str(refusals.BadText.title)})
