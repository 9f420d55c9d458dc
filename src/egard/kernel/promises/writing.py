"""Writing what happened to promises: events, the snapshot, facts, whom to tell; one or a batch, the same way."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection

from egard.base.copytext import moment_array, number_array, text_array
from egard.kernel.access.actors import Actor
from egard.kernel.access.live import tell
from egard.kernel.people.live import tell_persons
from egard.kernel.promises import facts, refusals
from egard.kernel.promises.calendars import terms_of
from egard.kernel.promises.models import Notice, Promise, PromiseEvent
from egard.kernel.promises.recipients import told_of
from egard.kernel.promises.rules import Clock, Happened, Terms, What, follow, next_moment, overdue
from egard.kernel.registry import PromiseListener, registry
from egard.kernel.timeline.operations import validated
from egard.kernel.timeline.writing import Prepared, record_prepared

TOPIC = "promises"
"""What open pages follow: some promise changed."""
_FACTS = {
    "made": facts.PromiseMade,
    "kept": facts.PromiseKept,
    "broken": facts.PromiseBroken,
    "released": facts.PromiseReleased,
}

_SHOWN = ("state", "due_at", "since", "last_at", "paused_at", "left", "kept_at", "ended_at", "warned", "escalated")


@dataclass(slots=True)
class Written:
    """An event with what the clock does not need of it."""

    event: Happened
    by: Actor
    channel: str = ""
    reason: str = ""


@dataclass(slots=True)
class Change:
    """A promise that is held, and what happens to it now, in order."""

    promise: Promise
    terms: Terms
    clock: Clock
    events: list[Written] = field(default_factory=list)

    @classmethod
    def of(cls, promise: Promise) -> Change:
        return cls(promise, terms_of(promise), clock_of(promise))

    def notice(self, *, by: Actor, now: datetime) -> Change:
        """First what happened by itself before `now`: whoever comes first writes it, always the same."""
        self.clock, found = overdue(self.clock, self.terms, now)
        self.events += [Written(event, by) for event in found]
        return self

    def add(self, event: Happened, *, by: Actor, channel: str = "", reason: str = "") -> None:
        self.clock = follow(self.clock, event, self.terms)
        self.events.append(Written(event, by, channel, reason))


def allow(change: Change, what: What) -> bool:
    """Whether the change is to be written; False where it is so already. Raises `Ended`, `NotRunning`."""
    clock, state = change.clock, change.clock.state
    if what == "reopened":
        return not clock.is_outstanding
    if what in ("kept", "released"):
        if clock.is_outstanding:
            return True
        if (what == "kept") != (clock.kept_at is not None):
            raise refusals.Ended
        return False
    if not clock.is_outstanding:
        raise refusals.Ended
    if state == "broken":
        raise refusals.NotRunning
    if what == "extended":
        return True
    return (what == "paused") == (state == "open")


def clock_of(promise: Promise) -> Clock:
    """The snapshot as the rules know it."""
    return Clock(
        state=promise.state,
        made_at=promise.made_at,
        due_at=promise.due_at,
        first_due_at=promise.first_due_at,
        since=promise.since,
        last_at=promise.last_at,
        paused_at=promise.paused_at,
        left=promise.left,
        kept_at=promise.kept_at,
        ended_at=promise.ended_at,
        warned=promise.warned,
        escalated=promise.escalated,
    )


def show(promise: Promise, clock: Clock, terms: Terms) -> None:
    """Put the clock into the row."""
    for name in _SHOWN:
        setattr(promise, name, getattr(clock, name))
    promise.next_at = next_moment(clock, terms)


_KEEP = """
update promises_promise p set state = w.state, due_at = w.due_at, since = w.since, last_at = w.last_at,
  paused_at = w.paused_at, "left" = w.left_s * interval '1 microsecond', kept_at = w.kept_at, ended_at = w.ended_at,
  next_at = w.next_at, warned = w.warned, escalated = w.escalated, version = w.version, kept_channel = w.kept_channel
from unnest(%s::bigint[], %s::text[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[],
  %s::bigint[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[], %s::int[], %s::int[], %s::int[], %s::text[])
  w(id, state, due_at, since, last_at, paused_at, left_s, kept_at, ended_at, next_at, warned, escalated, version,
    kept_channel)
where p.id = w.id
"""


_EVENTS = """
insert into promises_event (promise_id, n, what, at, recorded_at, by, channel, due_at, level, reason)
select * from unnest(%s::bigint[], %s::int[], %s::text[], %s::timestamptz[], %s::timestamptz[], %s::text[], %s::text[],
  %s::timestamptz[], %s::int[], %s::text[]) returning id
"""


def insert_events(rows: Sequence[PromiseEvent]) -> None:
    """Several times quicker than Django's own way for the hundreds of a sweep."""
    columns = (
        number_array(row.promise_id for row in rows),
        number_array(row.n for row in rows),
        text_array([row.what for row in rows]),
        moment_array(row.at for row in rows),
        moment_array(row.recorded_at for row in rows),
        text_array([row.by for row in rows]),
        text_array([row.channel for row in rows]),
        moment_array(row.due_at for row in rows),
        number_array(row.level for row in rows),
        text_array([row.reason for row in rows]),
    )
    with connection.cursor() as cursor:
        cursor.execute(_EVENTS, columns)
        for row, (pk,) in zip(rows, cursor.fetchall(), strict=True):
            row.pk = pk


def write(changes: Iterable[Change], *, now: datetime) -> None:
    """Write what happened to some promises that are held: a constant number of statements, then who listens."""
    changed = [change for change in changes if change.events]
    if not changed:
        return
    events = [one for change in changed for one in _numbered(change)]
    rows = [event_row(promise, n, written, now) for promise, n, written in events]
    insert_events(rows)
    _update([change.promise for change in changed])
    _tell_staff(changed, rows, now=now)
    record_facts(events, now=now)
    hear(rows)
    tell_pages([change.promise for change in changed])


def write_first(promise: Promise, written: Written, *, now: datetime) -> None:
    """The same for a promise that was just made."""
    row = event_row(promise, 1, written, now)
    insert_events([row])
    record_facts([(promise, 1, written)], now=now)
    hear([row])
    tell_pages([promise])


def _numbered(change: Change) -> list[tuple[Promise, int, Written]]:
    """The row as it is after all, and its events with their numbers."""
    promise, first = change.promise, change.promise.version
    show(promise, change.clock, change.terms)
    promise.version = first + len(change.events)
    for written in change.events:
        if written.event.what == "kept":
            promise.kept_channel = written.channel
    return [(promise, n, written) for n, written in enumerate(change.events, first + 1)]


def event_row(promise: Promise, n: int, written: Written, now: datetime) -> PromiseEvent:
    event = written.event
    return PromiseEvent(
        promise=promise,
        n=n,
        what=event.what,
        at=event.at,
        recorded_at=now,
        by=str(written.by),
        channel=written.channel,
        due_at=promise.due_at if event.what == "resumed" else event.due_at,
        level=event.level,
        reason=written.reason,
    )


def _update(promises: Sequence[Promise]) -> None:
    columns = (
        number_array(p.pk for p in promises),
        text_array([p.state for p in promises]),
        *(moment_array(getattr(p, name) for p in promises) for name in ("due_at", "since", "last_at", "paused_at")),
        number_array(None if p.left is None else round(p.left.total_seconds() * 1_000_000) for p in promises),
        *(moment_array(getattr(p, name) for p in promises) for name in ("kept_at", "ended_at", "next_at")),
        *(number_array(getattr(p, name) for p in promises) for name in ("warned", "escalated", "version")),
        text_array([p.kept_channel for p in promises]),
    )
    with connection.cursor() as cursor:
        cursor.execute(_KEEP, columns)


def record_facts(happened: Iterable[tuple[Promise, int, Written]], *, now: datetime, history: bool = False) -> None:
    """On the timelines of those to whom the promises were made; each event with its number."""
    told: dict[Actor, list[Prepared]] = {}
    for promise, n, written in happened:
        fact_class = _FACTS.get(written.event.what)
        if fact_class is None or promise.person_id is None or not _is_told(promise.kind):
            continue
        fact_type, prepared = registry.fact_of[fact_class], told.setdefault(written.by, [])
        data = validated(fact_type, _fact(fact_class, promise, written))
        key = f"promise:{promise.uuid}:{n}"
        at, channel = min(written.event.at, now), written.channel or promise.channel
        prepared.append(Prepared(len(prepared), fact_type, at, channel, key, data, person_id=promise.person_id))
    for by, prepared in told.items():
        record_prepared(prepared, by=by, now=now, history=history, create_people=False)


def _fact(fact_class: type[Any], promise: Promise, written: Written) -> Any:
    more: dict[str, Any] = {}
    if fact_class is facts.PromiseKept:
        more["late"] = written.event.at > promise.due_at
    if fact_class is facts.PromiseReleased:
        more["reason"] = written.reason
    return fact_class(promise=promise.uuid, kind=promise.kind, due_at=promise.due_at, **more)


def _tell_staff(changed: Sequence[Change], rows: Sequence[PromiseEvent], *, now: datetime) -> None:
    """Who is to know: the owner of a warning that still holds, and whom the escalation names."""
    open_ones = {c.promise.pk: c for c in changed if c.clock.is_outstanding}
    news = [
        row
        for row in rows
        if row.promise_id in open_ones
        and (row.what == "escalated" or (row.what == "warned" and open_ones[row.promise_id].clock.state == "open"))
    ]
    if news:
        notices = [
            Notice(event=row, promise=row.promise, user_id=user, at=now)
            for row, users in told_of(news)
            for user in sorted(users)
        ]
        Notice.objects.bulk_create(notices, ignore_conflicts=True)


def hear(rows: Sequence[PromiseEvent]) -> None:
    """Listeners, in the order of what happened."""
    for row in rows:
        for listener in listeners(row.promise.subject):
            listener.handler(row.promise, row)


def listeners(subject: str) -> list[PromiseListener]:
    return [one for one in registry.promise_listeners if subject.startswith(one.prefix)]


def lock_subjects(subjects: Collection[str], *, wait: bool) -> set[str]:
    """Lock what some subjects name, as their listeners ask; the subjects that nobody else holds."""
    free = set(subjects)
    for listener in registry.promise_listeners:
        if listener.lock is None:
            continue
        asked = {subject for subject in free if subject.startswith(listener.prefix)}
        if asked:
            free -= asked - set(listener.lock(sorted(asked), wait))
    return free


def hold_persons(promises: Iterable[Promise]) -> None:
    """Before promises are held, those on whose timelines something will be written: an erasure holds her first too, so
    that two never wait for each other.
    """
    persons = {row.person_id for row in promises if row.person_id is not None and _is_told(row.kind)}
    if persons:
        with connection.cursor() as cursor:
            cursor.execute(_PERSONS, [number_array(sorted(persons))])


_PERSONS = "select 1 from people_person where id = any(%s::bigint[]) order by id for key share"


def free_persons(promises: Iterable[Promise]) -> list[Promise]:
    """Of promises that are held, those whose persons nobody is erasing or merging just now; these are held as well."""
    held = list(promises)
    persons = {row.person_id for row in held if row.person_id is not None}
    if not persons:
        return held
    with connection.cursor() as cursor:
        cursor.execute(_FREE_PERSONS, [number_array(sorted(persons))])
        free = {pk for (pk,) in cursor.fetchall()}
    return [row for row in held if row.person_id is None or row.person_id in free]


_FREE_PERSONS = "select id from people_person where id = any(%s::bigint[]) for key share skip locked"


def _is_told(kind: str) -> bool:
    declared = registry.promises.get(kind)
    return declared is not None and declared.portal


def tell_pages(promises: Sequence[Promise]) -> None:
    tell(TOPIC)
    tell_persons([promise.person_id for promise in promises], "effects")
