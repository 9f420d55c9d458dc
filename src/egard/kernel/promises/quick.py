"""Making a promise and ending it where nothing else is to be said of it, in one statement each: the hot path of cases.

Whoever sends the statements holds what the promise's subject names, and is its only listener. Each answers whether it
did it, 1 or 0. Where more is to be done (the person's timeline, a breach that nobody noticed yet, a pause), there is no
statement, or it answers 0 and changes nothing: `operations` does it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from django.db import connection

from egard.base.calendars import TooFar, due
from egard.base.ids import new_id
from egard.base.quickread import Statement, quick_run
from egard.kernel.access.actors import Actor
from egard.kernel.access.live import CHANNEL
from egard.kernel.promises.calendars import HOUSE, calendar, readable, spans_known
from egard.kernel.promises.rules import Happened, Terms, begin, next_moment
from egard.kernel.registry import registry

_TOLD = f"""
told as (select pg_notify('{CHANNEL}', 'promises') from wrote),
heard as (select pg_notify('{CHANNEL}', 'person:' || coalesce(root.uuid, p.uuid)::text || '/effects')
  from wrote join people_person p on p.id = wrote.person_id left join people_person root on root.id = p.root_id)"""
_COUNT = "select (select count(*) from event), (select count(*) from told), (select count(*) from heard)"

_MAKE = f"""
with wrote as (
  insert into promises_promise (uuid, person_id, kind, subject, key, note, state, made_at, due_at, first_due_at, since,
    last_at, next_at, within, working, calendar_id, owner_id, team_id, site_id, channel, warned, escalated, version,
    kept_channel)
  select %s, %s, %s, %s, %s, %s, 'open', now_at, due_at, due_at, now_at, now_at, %s, %s, %s, %s, %s, %s, %s, %s,
    0, 0, 1, ''
  from (values (%s::timestamptz, %s::timestamptz)) said(now_at, due_at)
  where (%s::bigint is null or exists (
    select 1 from people_person where id = %s and erased_at is null for key share))
    and (%s::int is null or %s = (
      select id from promises_calendar where code = %s order by version desc limit 1))
  on conflict (person_id, key) do nothing returning id, person_id, made_at, due_at),
event as (
  insert into promises_event (promise_id, n, what, at, recorded_at, by, channel, due_at, level, reason)
  select id, 1, 'made', made_at, made_at, %s, %s, due_at, 0, '' from wrote returning 1),
{_TOLD}
{_COUNT}""".encode()

_END = f"""
with wrote as (
  update promises_promise set state = %s, kept_at = %s, ended_at = said.now_at,
    last_at = greatest(last_at, said.now_at), next_at = null, version = version + 1, kept_channel = %s
  from (values (%s::timestamptz)) said(now_at)
  where uuid = %s and state = 'open' and next_at >= said.now_at and (person_id is null or not kind = any(%s))
  returning id, person_id, version, said.now_at),
event as (
  insert into promises_event (promise_id, n, what, at, recorded_at, by, channel, level, reason)
  select id, version, %s, now_at, now_at, %s, %s, 0, %s from wrote returning 1),
{_TOLD}
{_COUNT}""".encode()


def make(
    kind: str,
    *,
    within: str,
    code: str,
    person_id: int | None,
    subject: str,
    note: str,
    owner_id: UUID | None,
    team_id: UUID | None,
    site_id: UUID | None,
    channel: str,
    key: str,
    by: Actor,
    now: datetime,
) -> tuple[UUID, datetime, Statement] | None:
    """The public id and the due moment that a new promise will have, and the statement that makes it; None where
    `operations.promise` must see to it.
    """
    declared = registry.promises.get(kind)
    if declared is None or (declared.portal and person_id is not None):
        return None
    span = readable(within)
    named = code or declared.calendar or (HOUSE if span.working else "")
    version = _newest(named) if named else None
    if named and version is None:
        return None
    terms = Terms(calendar(version), span.working, spans_known(declared.warnings))
    try:
        due_at = due(now, span, terms.calendar)
    except TooFar:
        return None
    uuid, next_at = new_id(), next_moment(begin(Happened("made", now, due_at)), terms)
    values = [
        *(uuid, person_id, kind, subject, key, note, next_at, str(span), span.working, version),
        *(owner_id, team_id, site_id, channel, now, due_at, person_id, person_id, version, version, named),
        *(str(by), channel),
    ]
    return uuid, due_at, (_MAKE, values)


_known: dict[tuple[str, str], int] = {}
"""The newest version of a calendar when it was last asked for. The statement asks whether it still is."""


def _newest(code: str) -> int | None:
    place = (str(connection.settings_dict["NAME"]), code)
    if place not in _known:
        rows = quick_run(b"select id from promises_calendar where code = %s order by version desc limit 1", [code])
        if not rows:
            return None
        _known[place] = rows[0][0]
    return _known[place]


def forget() -> None:
    """Ask anew which calendars are the newest: a statement answered 0."""
    _known.clear()


def end(
    promise: UUID, what: Literal["kept", "released"], *, by: Actor, now: datetime, channel: str = "", reason: str = ""
) -> Statement:
    """The statement that keeps or releases an open promise of which nothing is left to be noticed."""
    shown = [name for name, kind in registry.promises.items() if kind.portal]
    kept = what == "kept"
    return _END, [
        what,
        now if kept else None,
        channel if kept else "",
        now,
        promise,
        shown,
        what,
        str(by),
        channel,
        reason,
    ]
