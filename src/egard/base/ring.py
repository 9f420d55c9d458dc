"""The promise ring as values: what a promise looks like at a moment. Pure; the console draws it and says it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

State = Literal["running", "paused", "kept", "broken", "released"]
Look = Literal["running", "risk", "paused", "kept", "late", "broken", "released"]
Span = tuple[datetime, datetime]

RISK_SHARE = 5
RISK_MAX = timedelta(hours=8)
"""A promise is at risk in the last fifth of its time, but never for longer than this: a visit booked two months ahead
is not at risk for twelve days."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring:
    """One promise, for the eye.

    `what` is its noun, in the reader's words (`answer`). `open` are the spans of time that count towards it, in order
    and apart from one another: opening hours, without pauses; empty where every hour counts. `working` makes the words
    speak of working hours. `risk` is the time left from which it is at risk, where its kind declares one. All moments
    are aware; raises ValueError where the state lacks its moment.
    """

    what: Any
    state: State
    made_at: datetime
    due_at: datetime
    ended_at: datetime | None = None
    paused_at: datetime | None = None
    open: tuple[Span, ...] = ()
    working: bool = False
    risk: timedelta | None = None

    def __post_init__(self) -> None:
        if self.state in ("kept", "broken", "released") and self.ended_at is None:
            raise ValueError(f"a {self.state} promise has the moment when it ended")
        if self.state == "paused" and self.paused_at is None:
            raise ValueError("a paused promise has the moment when it paused")


def counted(ring: Ring, since: datetime, until: datetime) -> timedelta:
    """The time that counts between two moments; nothing where they are the wrong way round."""
    spans = ring.open or ((min(ring.made_at, since), max(ring.due_at, until)),)
    parts = (min(end, until) - max(start, since) for start, end in spans)
    return sum((part for part in parts if part > timedelta(0)), timedelta(0))


def time_left(ring: Ring, now: datetime) -> timedelta:
    """What counts from `now` to the due moment, 0 or more; a paused promise keeps what it had."""
    return counted(ring, ring.paused_at if ring.state == "paused" and ring.paused_at else now, ring.due_at)


def share_left(ring: Ring, now: datetime) -> float:
    """The part of the promise's time that is still there, from 0 to 1; 0 where it had none."""
    whole = counted(ring, ring.made_at, ring.due_at)
    return min(1.0, time_left(ring, now) / whole) if whole else 0.0


def risk_from(ring: Ring) -> timedelta:
    """With this much time left, or less, the promise is at risk."""
    if ring.risk is not None:
        return ring.risk
    return min(counted(ring, ring.made_at, ring.due_at) / RISK_SHARE, RISK_MAX)


def look(ring: Ring, now: datetime) -> Look:
    """What the ring shows. A running promise is broken at its due moment, whether or not a sweep has said so yet; kept
    at that very moment is kept, kept later is late.
    """
    if ring.state == "kept":
        return "late" if ring.ended_at and ring.ended_at > ring.due_at else "kept"
    if ring.state != "running":
        return ring.state
    if now >= ring.due_at:
        return "broken"
    return "risk" if time_left(ring, now) <= risk_from(ring) else "running"
