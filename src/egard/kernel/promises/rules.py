"""The clock of a promise: its state and due moment, reckoned from its events. Pure.

The stored row is a snapshot of what `replay` gives; no moment is ever moved by hand.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from egard.base.calendars import Calendar, Span, TooFar, add_working, before, due, working_between

State = Literal["open", "paused", "kept", "broken", "released"]
STATES: tuple[State, ...] = ("open", "paused", "kept", "broken", "released")
What = Literal[
    "made", "warned", "broken", "escalated", "kept", "released", "reopened", "paused", "resumed", "extended", "assigned"
]
_NOTHING = timedelta(0)


@dataclass(frozen=True, slots=True)
class Terms:
    """By what a promise is reckoned: its own version of a calendar, whether only open time counts (`working`), how long
    before its due moment its owner is warned, and how long after it others are told.
    """

    calendar: Calendar
    working: bool = False
    warnings: tuple[Span, ...] = ()
    escalations: tuple[Span, ...] = ()

    def counted(self, a: datetime, b: datetime) -> timedelta:
        """The time between two moments that counts towards the promise, 0 or more."""
        return working_between(a, b, self.calendar) if self.working else max(b - a, _NOTHING)

    def after(self, start: datetime, amount: timedelta) -> datetime:
        """When so much counted time has passed."""
        return add_working(start, amount, self.calendar) if self.working else start + amount


@dataclass(frozen=True, slots=True)
class Happened:
    """One event as the clock needs it. `due_at` belongs to `made` and `extended`; `level` counts warnings and
    escalations from 1.
    """

    what: What
    at: datetime
    due_at: datetime | None = None
    level: int = 0


@dataclass(frozen=True, slots=True)
class Clock:
    """Where a promise stands after its events. `left` is what a paused one still had; `ended_at` is when it was kept or
    released, which may be after it broke. `since` is when its due moment was set, `last_at` its latest event.
    """

    state: State
    made_at: datetime
    due_at: datetime
    first_due_at: datetime
    since: datetime
    last_at: datetime
    paused_at: datetime | None = None
    left: timedelta | None = None
    kept_at: datetime | None = None
    ended_at: datetime | None = None
    warned: int = 0
    escalated: int = 0

    @property
    def is_outstanding(self) -> bool:
        """It is still owed: also when it broke, until somebody keeps or releases it."""
        return self.ended_at is None


def begin(made: Happened) -> Clock:
    assert made.what == "made"
    assert made.due_at is not None
    return Clock("open", made.at, made.due_at, made.due_at, made.at, made.at)


def follow(clock: Clock, event: Happened, terms: Terms) -> Clock:
    """The clock after one more event."""
    at, clock = event.at, replace(clock, last_at=max(event.at, clock.last_at))
    match event.what:
        case "warned":
            return replace(clock, warned=event.level)
        case "escalated":
            return replace(clock, escalated=event.level)
        case "broken":
            return replace(clock, state="broken")
        case "kept":
            return replace(_running(clock, at, terms), state=_ended(clock, "kept"), kept_at=at, ended_at=at)
        case "released":
            return replace(_running(clock, at, terms), state=_ended(clock, "released"), ended_at=at)
        case "reopened":
            return replace(clock, state=_ended(clock, "open"), kept_at=None, ended_at=None)
        case "paused":
            return replace(clock, state="paused", paused_at=at, left=terms.counted(at, clock.due_at))
        case "resumed":
            return replace(_running(clock, at, terms), state="open")
        case "extended":
            assert event.due_at is not None
            left = terms.counted(at, event.due_at) if clock.state == "paused" else None
            return replace(clock, due_at=event.due_at, left=left, since=at, warned=0)
    return clock


def _running(clock: Clock, at: datetime, terms: Terms) -> Clock:
    """Out of its pause: what was left is left from now on. A pause that took no counted time changes nothing."""
    if clock.left is None:
        return clock
    due_at = max(terms.after(at, clock.left), clock.due_at)
    return replace(clock, due_at=due_at, paused_at=None, left=None)


def replay(events: Iterable[Happened], terms: Terms) -> Clock:
    """The clock after all its events, the first of which is `made`."""
    first, *more = events
    clock = begin(first)
    for event in more:
        clock = follow(clock, event, terms)
    return clock


def coming(clock: Clock, terms: Terms) -> Happened | None:
    """What happens next by itself, if nobody does anything: a warning, the breach, an escalation."""
    if clock.state == "open":
        if clock.warned < len(terms.warnings):
            for level, at in enumerate(warning_moments(clock, terms), 1):
                if level > clock.warned and at > clock.since:
                    return Happened("warned", max(at, clock.last_at), level=level)
        return Happened("broken", clock.due_at)
    if clock.state == "broken" and clock.is_outstanding and clock.escalated < len(terms.escalations):
        try:
            at = due(clock.due_at, terms.escalations[clock.escalated], terms.calendar)
        except TooFar:
            return None
        return Happened("escalated", at, level=clock.escalated + 1)
    return None


def warning_moments(clock: Clock, terms: Terms) -> list[datetime]:
    """When its owner is warned, in order, and always before its due moment."""
    return [at for at in sorted(_before(clock.due_at, span, terms) for span in terms.warnings) if at < clock.due_at]


def _before(due_at: datetime, span: Span, terms: Terms) -> datetime:
    try:
        return before(due_at, span, terms.calendar)
    except TooFar:
        return due_at


def overdue(clock: Clock, terms: Terms, now: datetime) -> tuple[Clock, list[Happened]]:
    """What happened by itself before `now`, each at its own moment however late it is noticed; what is kept at its due
    moment is kept in time.
    """
    found: list[Happened] = []
    while (event := coming(clock, terms)) is not None and event.at < now:
        clock = follow(clock, event, terms)
        found.append(event)
    return clock, found


def next_moment(clock: Clock, terms: Terms) -> datetime | None:
    """After which moment somebody must look at it again; never for one that waits for people alone."""
    event = coming(clock, terms)
    return event.at if event else None


def share(kept: int, broken: int) -> float | None:
    """The share of promises kept, of those that were kept or broken; None of none. Released ones count for neither."""
    return kept / (kept + broken) if kept + broken else None


def _ended(clock: Clock, state: State) -> State:
    """What broke stays broken, whatever is done about it later."""
    return "broken" if clock.state == "broken" else state


def spans_of(words: Sequence[str]) -> tuple[Span, ...]:
    return tuple(Span.parse(one) for one in words)
