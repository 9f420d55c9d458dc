"""What is done for somebody who asks for her adviser: her line rings, or she is offered, in this order, to wait, the
deputy, a call back at a time of her choice, a message. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypeAlias, TypeVar
from uuid import UUID

from egard.base.calendars import Span, due
from egard.journeys.reach.rules.times import AHEAD, Hours, Period, Wait, expected_wait, free_times

Presence: TypeAlias = Literal["available", "busy", "away"]


@dataclass(frozen=True, slots=True)
class Staff:
    """Somebody of staff as she is at the moment. `talks` says since how many seconds she is on the line, `waiting` how
    many wait for her already, `lengths` how long her calls lasted lately (seconds), `taken` what is promised of her
    time. `has_line`: she has a direct line that can be rung.
    """

    id: UUID
    hours: Hours
    presence: Presence = "available"
    has_line: bool = True
    talks: float | None = None
    waiting: int = 0
    lengths: tuple[float, ...] = ()
    taken: tuple[Period, ...] = ()

    def free(self, now: datetime) -> bool:
        """Her line may ring at once."""
        return self.has_line and self.presence == "available" and self.talks is None and self.hours.there(now)


@dataclass(frozen=True, slots=True)
class Ring:
    """Her direct line."""

    staff: UUID


@dataclass(frozen=True, slots=True)
class ToWait:
    """Wait on the line, as long as that."""

    wait: Wait


@dataclass(frozen=True, slots=True)
class ToDeputy:
    """Her deputy, who sees all of it."""

    staff: UUID


@dataclass(frozen=True, slots=True)
class ToCallBack:
    """She is called back, by a promise, at one of these moments."""

    times: tuple[datetime, ...]


@dataclass(frozen=True, slots=True)
class ToMessage:
    """The adviser has a message, and answers it by a promise."""

    due_at: datetime


Sort = TypeVar("Sort")
Offer: TypeAlias = ToWait | ToDeputy | ToCallBack | ToMessage
_NEXT_DAY = Span(1, "day", working=True)
ORDER: tuple[type, ...] = (ToWait, ToDeputy, ToCallBack, ToMessage)


@dataclass(frozen=True, slots=True)
class Offers:
    """What she may choose from, in the order in which it is said; never empty."""

    offers: tuple[Offer, ...]

    def find(self, sort: type[Sort]) -> Sort | None:
        return next((one for one in self.offers if isinstance(one, sort)), None)


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks: `place` is how many are before her in the queue where she waits already; `missed` are those whose lines
    rang for her in vain.
    """

    place: int | None = None
    missed: frozenset[UUID] = frozenset()


def decide(
    adviser: Staff | None, deputy: Staff | None, house: Hours, asked: Asked, *, now: datetime, times: int = 3
) -> Ring | Offers:
    """Ring her own adviser, or what is offered instead. `house` are the hours of the organisation: they hold for those
    who have no adviser, and where neither the adviser nor the deputy is there for eight weeks.

    The last offer is always a message with a moment by which it is answered; no offer lies outside of working hours.
    """
    if adviser is not None and _first_in_line(adviser, asked, now):
        return Ring(adviser.id)
    offers: list[Offer] = []
    if adviser is not None and (wait := _waiting(adviser, asked, now)):
        offers.append(wait)
    if deputy is not None and deputy.free(now) and deputy.id not in asked.missed:
        offers.append(ToDeputy(deputy.id))
    if adviser is not None:
        free = free_times(adviser.hours, adviser.taken, now=now, most=times)
    else:
        free = free_times(house, (), now=now, most=times)
    if free:
        offers.append(ToCallBack(tuple(free)))
    offers.append(ToMessage(answered_by([one.hours for one in (adviser, deputy) if one], house, now=now)))
    return Offers(tuple(offers))


def _first_in_line(adviser: Staff, asked: Asked, now: datetime) -> bool:
    before = adviser.waiting if asked.place is None else asked.place
    return adviser.id not in asked.missed and before == 0 and adviser.free(now)


def _waiting(adviser: Staff, asked: Asked, now: datetime) -> ToWait | None:
    """To wait makes sense while she is at her desk and on the line or about to be, and will come before she leaves."""
    until = adviser.hours.until(now)
    if until is None or not adviser.has_line or adviser.presence == "away" or adviser.id in asked.missed:
        return None
    if adviser.presence == "busy" and adviser.talks is None:
        wait = Wait()  # in a meeting: nobody knows for how long
    else:
        before = adviser.waiting if asked.place is None else asked.place
        wait = expected_wait(adviser.lengths, elapsed=adviser.talks, before=before)
    return ToWait(wait) if now + timedelta(minutes=wait.high or 0) < until else None


def answered_by(hours: Sequence[Hours], house: Hours, *, now: datetime) -> datetime:
    """By when a message is answered: the end of the next day after today on which one of those who may answer works;
    where none does for eight weeks, on which the house is open.
    """
    found = [end for one in hours if (end := _next_day_ends(one, now))]
    return min(found) if found else due(now, _NEXT_DAY, house.calendar)


def _next_day_ends(hours: Hours, now: datetime) -> datetime | None:
    today = hours.calendar.local(now).date()
    for days in range(1, AHEAD[-1].days + 1):
        worked = hours.of_day(today + timedelta(days=days))
        if worked:
            return worked[-1][1]
    return None
