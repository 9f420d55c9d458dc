"""Promises as they would have gone: reckoned by the rules of all others as of moments that are past, and written in
bulk. Nobody is warned, nobody is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection

from egard.base.calendars import Span, TooFar, due
from egard.base.ids import new_id
from egard.kernel.access.actors import Actor
from egard.kernel.promises import refusals, writing
from egard.kernel.promises.calendars import HOUSE, newest, readable, terms_of
from egard.kernel.promises.calendars import calendar as calendar_of
from egard.kernel.promises.models import CalendarVersion, Promise
from egard.kernel.promises.rules import Clock, Happened, Terms, What, begin, coming, follow
from egard.kernel.promises.writing import Written
from egard.kernel.registry import registry

_QUIET = {"warnings": [], "escalation": []}


@dataclass(frozen=True, slots=True)
class PastTerms:
    """What was promised, looked up once for many. Raises `UnknownKind`, `WrongTime`, `UnknownCalendar`."""

    kind: str
    span: Span
    calendar: CalendarVersion | None

    @classmethod
    def of(cls, kind: str, within: str | Span, calendar: str = "") -> PastTerms:
        declared = registry.promises.get(kind)
        if declared is None:
            raise refusals.UnknownKind(kind=kind[:64], known=", ".join(sorted(registry.promises)))
        span = readable(within or declared.within)
        code = calendar or declared.calendar or (HOUSE if span.working else "")
        return cls(kind, span, newest(code) if code else None)


@dataclass(slots=True)
class PastPromise:
    """One of them, not written yet."""

    row: Promise
    terms: Terms
    clock: Clock
    events: list[Written] = field(default_factory=list)

    @classmethod
    def made(
        cls, terms: PastTerms, *, person_id: int | None, site_id: object, subject: str, note: str, channel: str,
        key: str, at: datetime, by: Actor,
    ) -> PastPromise:  # fmt: skip
        """A promise made at a past moment. Raises `TooLong`."""
        try:
            moment = due(at, terms.span, calendar_of(terms.calendar.pk if terms.calendar else None))
        except TooFar as error:
            raise refusals.TooLong from error
        row = Promise(
            person_id=person_id, kind=terms.kind, subject=subject, key=key, note=note[:500], within=str(terms.span),
            working=terms.span.working, calendar=terms.calendar, terms=_QUIET, site_id=site_id, channel=channel,
        )  # fmt: skip
        event = Happened("made", at, moment)
        clock = begin(event)
        row.made_at, row.first_due_at = clock.made_at, clock.first_due_at
        return cls(row, terms_of(row), clock, [Written(event, by, channel)])

    def next_by_itself(self) -> Happened | None:
        """What comes if nobody does anything: that it breaks."""
        return coming(self.clock, self.terms)

    def happened(self, what: What, at: datetime, *, by: Actor, channel: str = "", reason: str = "") -> None:
        """One more event; what came by itself before it was to be told first (see `next_by_itself`)."""
        event = Happened(what, at)
        self.clock = follow(self.clock, event, self.terms)
        self.events.append(Written(event, by, channel, reason))


_COLUMNS = (
    "id", "uuid", "person_id", "kind", "subject", "key", "note", "state", "made_at", "due_at", "first_due_at",
    "paused_at", "kept_at", "ended_at", "next_at", "since", "last_at", "left", "warned", "escalated", "version",
    "within", "working", "calendar_id", "terms", "owner_id", "team_id", "site_id", "channel", "kept_channel",
)  # fmt: skip
_EVENT_COLUMNS = ("promise_id", "n", "what", "at", "recorded_at", "by", "channel", "due_at", "level", "reason")


def write_past(promises: Sequence[PastPromise], *, now: datetime) -> None:
    """Write them with all their events, by COPY, in the caller's transaction."""
    if not promises:
        return
    with connection.wrap_database_errors, connection.cursor() as cursor:
        cursor.execute(
            "select nextval(pg_get_serial_sequence('promises_promise', 'id')) from generate_series(1, %s)",
            [len(promises)],
        )
        ids = [row[0] for row in cursor.fetchall()]
        with cursor.copy(f"copy promises_promise ({_quoted(_COLUMNS)}) from stdin") as copy:
            for pk, promise in zip(ids, promises, strict=True):
                copy.write_row(_values(pk, promise))
        with cursor.copy(f"copy promises_event ({_quoted(_EVENT_COLUMNS)}) from stdin") as copy:
            for promise in promises:
                for n, written in enumerate(promise.events, 1):
                    event = writing.event_row(promise.row, n, written, now)
                    copy.write_row([getattr(event, name) for name in _EVENT_COLUMNS])


def _values(pk: int, promise: PastPromise) -> list[object]:
    from psycopg.types.json import Jsonb

    row = promise.row
    row.pk, row.uuid = pk, row.uuid or new_id()
    writing.show(row, promise.clock, promise.terms)
    row.version = len(promise.events)
    kept = [one for one in promise.events if one.event.what == "kept"]
    row.kept_channel = kept[-1].channel if kept else ""
    return [Jsonb(row.terms) if name == "terms" else getattr(row, name) for name in _COLUMNS]


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
