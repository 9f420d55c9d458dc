"""One thing done to many promises at once, as lists do: a constant number of statements."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from egard.base.calendars import due
from egard.base.refusal import Conflict
from egard.kernel.access.actors import Actor, system
from egard.kernel.access.models import User
from egard.kernel.promises.calendars import calendar as calendar_of
from egard.kernel.promises.calendars import newest, readable, terms_of
from egard.kernel.promises.models import CalendarVersion, Promise
from egard.kernel.promises.rules import Happened, What, begin
from egard.kernel.promises.writing import (
    Change,
    Written,
    allow,
    event_row,
    hold_persons,
    insert_events,
    lock_subjects,
    record_facts,
    show,
    write,
)
from egard.kernel.registry import registry


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A promise of the past, and what was done to it: (`kept`, `paused`…, when, why), in order. `within` is as words;
    the calendar is the newest of its code. What happened by itself in between is reckoned.
    """

    kind: str
    key: str
    made_at: datetime
    within: str = ""
    calendar: str = ""
    due_at: datetime | None = None
    deeds: Sequence[tuple[What, datetime, str]] = ()
    person_id: int | None = None
    subject: str = ""
    note: str = ""
    owner_id: UUID | None = None
    team_id: UUID | None = None
    site_id: UUID | None = None
    channel: str = ""


@transaction.atomic
def remember(stories: Sequence[Story], *, by: Actor, now: datetime) -> int:
    """Write promises of the past as if each had been made and kept then; how many are new. Nobody is told, and nobody
    listens: it is history. One whose key is there is left as it is; what is still owed is swept from now on.
    """
    held = set(Promise.objects.filter(key__in=[one.key for one in stories]).values_list("person_id", "key"))
    calendars = {code: newest(code) for code in {one.calendar for one in stories} - {""}}
    lived = [
        _lived(story, calendars.get(story.calendar), by=by, now=now)
        for story in stories
        if (story.person_id, story.key) not in held
    ]
    Promise.objects.bulk_create([change.promise for change in lived])
    events = [(change.promise, n, written) for change in lived for n, written in enumerate(change.events, 1)]
    insert_events([event_row(promise, n, written, now) for promise, n, written in events])
    record_facts(events, now=now, history=True)
    return len(lived)


def _lived(story: Story, version: CalendarVersion | None, *, by: Actor, now: datetime) -> Change:
    """What became of a promise up to `now`."""
    span, moment = None, story.due_at
    if moment is None:
        span = readable(story.within or registry.promises[story.kind].within)
        moment = due(story.made_at, span, calendar_of(version.pk if version else None))
    names = ("kind", "key", "person_id", "subject", "note", "owner_id", "team_id", "site_id", "channel")
    row = Promise(
        **{name: getattr(story, name) for name in names},
        within=str(span or ""),
        working=span.working if span else version is not None,
        calendar=version,
        made_at=story.made_at,
        first_due_at=moment,
    )
    made = Happened("made", story.made_at, moment)
    change = Change(row, terms_of(row), begin(made), [Written(made, by, story.channel)])
    for what, at, reason in story.deeds:
        if at > now:
            break
        change.notice(by=system("promises"), now=at)
        if allow(change, what):
            change.add(Happened(what, at), by=by, channel=story.channel, reason=reason)
    change.notice(by=system("promises"), now=now)
    show(row, change.clock, change.terms)
    row.version = len(change.events)
    row.kept_channel = story.channel if row.kept_at else ""
    return change


@transaction.atomic
def change_all(
    promises: Iterable[Promise], what: What, *, by: Actor, now: datetime, reason: str = "", channel: str = ""
) -> list[Promise]:
    """The same to each; answers those that changed. What it may not be done to, and what is so already, is left."""
    changes, changed = _held(promises, now=now), []
    for change in changes:
        try:
            wanted = allow(change, what)
        except Conflict:
            continue
        if wanted:
            change.add(Happened(what, now), by=by, reason=reason, channel=channel)
            changed.append(change.promise)
    write(changes, now=now)
    return changed


@transaction.atomic
def assign_all(promises: Iterable[Promise], owner: User | None, *, by: Actor, now: datetime) -> dict[UUID, UUID | None]:
    """Somebody sees to all of them; answers who did before, by promise, of those that changed."""
    changes, before = _held(promises, now=now), {}
    wanted = owner.pk if owner else None
    for change in changes:
        row = change.promise
        if change.clock.is_outstanding and row.owner_id != wanted:
            before[row.uuid] = row.owner_id
            row.owner_id = wanted
            change.add(Happened("assigned", now), by=by)
    Promise.objects.filter(uuid__in=list(before)).update(owner=wanted)
    write(changes, now=now)
    return before


def _held(promises: Iterable[Promise], *, now: datetime) -> list[Change]:
    """What their subjects name is held first, then the promises in their order; what happened meanwhile is noticed."""
    asked = list(promises)
    lock_subjects({row.subject for row in asked if row.subject}, wait=True)
    hold_persons(asked)
    rows = Promise.objects.filter(pk__in=[row.pk for row in asked]).order_by("pk").select_for_update()
    return [Change.of(row).notice(by=system("promises"), now=now) for row in rows]
