"""When an adviser is there, when she is free, and how long those who wait for her will wait. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby, islice
from math import ceil, floor, sqrt

from egard.base.calendars import Calendar, is_open, openings, spans

Period = tuple[datetime, datetime]
"""From, and until: the end is not part of it."""

SLOT = timedelta(minutes=15)
"""What a call back takes of her time."""
NOTICE = timedelta(minutes=30)
"""A call back is not promised for sooner."""
AHEAD = (timedelta(days=4), timedelta(days=14), timedelta(days=56))
"""So far free times are looked for: further only where nothing nearer is free."""
CALLS_MIN = 10
"""From so few of her calls nothing is said of how long one waits."""
TAIL_MIN = 4
"""Nor from fewer calls that lasted as long as the one she is in already has."""
Z_80 = 1.2816
"""Eight waits in ten lie between the bounds."""


@dataclass(frozen=True, slots=True)
class Hours:
    """When somebody of staff works: her calendar, without the periods in which she is absent."""

    calendar: Calendar
    absences: tuple[Period, ...] = ()

    def there(self, at: datetime) -> bool:
        """Whether she is at work at a moment."""
        return not any(since <= at < until for since, until in self.absences) and is_open(at, self.calendar)

    def until(self, at: datetime) -> datetime | None:
        """When the work ends during which `at` lies; None where she is not at work."""
        if not self.there(at):
            return None
        return next((closes for opens, closes in self.periods(at, at + timedelta(days=2)) if opens <= at < closes), at)

    def of_day(self, day: date) -> list[Period]:
        """When she is at work in what opens on a date."""
        return without(openings(day, self.calendar), self.absences)

    def periods(self, since: datetime, until: datetime) -> list[Period]:
        """When she is at work between two moments, in order."""
        return without(spans(since, until, self.calendar), self.absences)


def without(periods: Iterable[Period], taken: Iterable[Period]) -> list[Period]:
    """The periods with what is taken cut out of them, in order."""
    found = sorted(periods)
    for since, until in sorted(taken):
        rest: list[Period] = []
        for start, end in found:
            if until <= start or end <= since:
                rest.append((start, end))
                continue
            rest += [piece for piece in ((start, since), (until, end)) if piece[0] < piece[1]]
        found = rest
    return found


def free_times(
    hours: Hours,
    taken: Iterable[Period],
    *,
    now: datetime,
    most: int,
    later: timedelta = NOTICE,
    ahead: Sequence[timedelta] = AHEAD,
) -> list[datetime]:
    """The next moments, `most` at most, at which a call back fits whole into her working hours beside what is `taken`;
    each on a quarter of an hour, none sooner than `later` from now. Empty where eight weeks hold none. Looked for as
    far `ahead` as the first of these that holds any.
    """
    begin, taken = now + later, list(taken)
    for far in ahead:
        found: list[datetime] = []
        for start, end in without(hours.periods(begin, now + far), taken):
            at = _quarter(start)
            while at + SLOT <= end and len(found) < most:
                found.append(at)
                at += SLOT
        if found:
            return found
    return []


def spread(times: Sequence[datetime], calendar: Calendar, *, a_day: int, days: int) -> list[datetime]:
    """Of moments in order, `a_day` at most of each of the first `days` days that have any: the first of each day, and
    others evenly after it.
    """
    found: list[datetime] = []
    each = groupby(times, key=lambda at: calendar.local(at).date())
    for _day, some in islice(each, days):
        held = list(some)
        found += [held[n * len(held) // a_day] for n in range(a_day)] if len(held) > a_day else held
    return found


def fits(hours: Hours, taken: Iterable[Period], at: datetime, *, now: datetime) -> bool:
    """Whether a call back may be promised for `at`."""
    if at <= now or at > now + AHEAD[-1] or at != _quarter(at):
        return False
    return (at, at + SLOT) in without(spans(at, at + SLOT, hours.calendar), [*hours.absences, *taken])


def _quarter(at: datetime) -> datetime:
    """The first quarter of an hour of the clock that is not before `at`."""
    step = int(SLOT.total_seconds())
    return datetime.fromtimestamp(ceil(at.timestamp() / step) * step, UTC)


@dataclass(frozen=True, slots=True)
class Wait:
    """Between how many minutes one will wait, eight times in ten; both None where too few calls tell."""

    low: int | None = None
    high: int | None = None


def expected_wait(lengths: Sequence[float], *, elapsed: float | None, before: int) -> Wait:
    """How long somebody waits for an adviser who talks since `elapsed` seconds (None: she is free), behind `before`
    others. `lengths` are those of her calls lately, in seconds.

    The call she is in lasts as much longer as those did that had lasted as long; each of the others as long as any.
    What is said are the mean and 1.28 standard deviations to each side, in whole minutes, outwards.
    """
    if elapsed is None and before == 0:
        return Wait(0, 1)
    rest = [] if elapsed is None else [length - elapsed for length in lengths if length > elapsed]
    if len(lengths) < CALLS_MIN or (elapsed is not None and len(rest) < TAIL_MIN):
        return Wait()
    mean, variance = _moments(lengths)
    ahead, spread = _moments(rest) if rest else (0.0, 0.0)
    middle, deviation = ahead + before * mean, sqrt(spread + before * variance)
    low, high = max(0.0, middle - Z_80 * deviation), middle + Z_80 * deviation
    return Wait(floor(low / 60), max(ceil(high / 60), 1))


def _moments(values: Sequence[float]) -> tuple[float, float]:
    """Mean, and variance of the sample."""
    mean = sum(values) / len(values)
    return mean, sum((value - mean) ** 2 for value in values) / max(len(values) - 1, 1)
