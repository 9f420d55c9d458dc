"""How much may still be decided: pure. Amounts are whole numbers of the unit's smallest piece."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

CLOCK_AHEAD_MAX = timedelta(days=1)
"""A record further ahead of the clock than this says that the clock was wrong then, not that it is now."""

State = Literal["holds", "not_begun", "ended", "untrained", "training_lapsed"]
Over = Literal["act", "case", "person", "day"]


@dataclass(frozen=True, slots=True)
class Limits:
    """None: no limit of its own beside that of one act."""

    per_act: int
    per_day: int | None = None
    per_person: int | None = None


@dataclass(frozen=True, slots=True)
class Counted:
    """What was decided already and not given back, whoever decided it (`today`: by the holder alone)."""

    today: int = 0
    person: int = 0
    """To the person, within the period."""
    together: int = 0
    """To the person, within the days that count as one act."""
    case: int = 0


@dataclass(frozen=True, slots=True)
class Room:
    """What is left, each at most one act and never below zero; the least of them is what may be decided now."""

    act: int
    case: int
    person: int
    day: int

    @property
    def least(self) -> int:
        return min(self.act, self.case, self.person, self.day)


def room(limits: Limits, counted: Counted) -> Room:
    """What may still be decided: acts for one case are one act, and so are those for one person within some days."""
    act = limits.per_act
    person = act - counted.together
    if limits.per_person is not None:
        person = min(person, limits.per_person - counted.person)
    day = act if limits.per_day is None else limits.per_day - counted.today
    return Room(act, _between(act - counted.case, act), _between(person, act), _between(day, act))


def _between(amount: int, most: int) -> int:
    return max(0, min(amount, most))


def exceeded(amount: int, left: Room) -> tuple[Over, ...]:
    """Which limits an amount passes, the first to be told first."""
    if amount > left.act:
        return ("act",)
    rooms: tuple[tuple[Over, int], ...] = (("case", left.case), ("person", left.person), ("day", left.day))
    return tuple(name for name, least in rooms if amount > least)


def state(
    *,
    valid_from: datetime,
    valid_until: datetime | None,
    ended: bool,
    asks_training: bool,
    trained: bool,
    trained_before: bool,
    moment: datetime,
) -> State:
    """Whether a delegation holds at a moment. Intervals are half open; what was ended stays so, whatever the clock."""
    if ended or (valid_until is not None and moment >= valid_until):
        return "ended"
    if moment < valid_from:
        return "not_begun"
    if asks_training and not trained:
        return "training_lapsed" if trained_before else "untrained"
    return "holds"


def moment_of(now: datetime, latest: datetime | None) -> datetime:
    """The moment by which is judged: time does not run back where the clock was set back. `latest` is the latest
    moment that was recorded.
    """
    return latest if latest is not None and now < latest <= now + CLOCK_AHEAD_MAX else now


def period_start(moment: datetime, days: int) -> datetime:
    """A period is so many times 24 hours, up to the moment."""
    return moment - timedelta(days=days)
