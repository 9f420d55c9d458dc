"""When a visit can begin. Pure; moments are microseconds since 1970, UTC; spans are half-open.

An opening belongs to the date on which it begins; openings of one date that touch are one. What is taken of it is cut
out with its buffers and those of the visit to come: buffers of neighbours add up, and may lie outside the opening. In
each piece that is left, visits begin at its start and every `step` after it, as long as they end within.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any, TypeAlias

from egard.base.calendars import Calendar, opened
from egard.base.calendars.calendar import EPOCH, MICROSECOND, Micros, micros

Span: TypeAlias = tuple[Micros, Micros]
Name: TypeAlias = Any
"""A text or a number, by which hosts are told apart; of one question all are alike."""
MINUTE = 60_000_000
ZONES_APART = timedelta(days=2)
"""Dates of two zones lie at most so far apart."""


@dataclass(frozen=True, slots=True)
class Reason:
    """What a visit is for: its length in minutes, how far apart two may begin, and what stays free around it."""

    minutes: int
    step_minutes: int
    before: int = 0
    after: int = 0
    notice_minutes: int = 0
    """No visit begins sooner from now."""
    skill: str = ""
    """What a host has to be skilled in; empty for anything."""
    hosts: int = 1
    """So many receive it together."""


@dataclass(frozen=True, slots=True)
class Taken:
    """Time of a host that is given away. Of a visit: with its own buffers, in minutes."""

    start: Micros
    end: Micros
    before: int = 0
    after: int = 0
    is_visit: bool = True


@dataclass(frozen=True, slots=True)
class Host:
    """Somebody who receives, or a room: hours (None: never), skills, what is taken, and visits a day at most."""

    name: Name
    calendar: Calendar | None
    skills: frozenset[str] = frozenset()
    taken: tuple[Taken, ...] = ()
    max_per_day: int | None = None

    def can(self, reason: Reason) -> bool:
        return self.max_per_day != 0 and (not reason.skill or reason.skill in self.skills)


class Openings:
    """The openings of each date of a period, reckoned once for all whose calendar is the same."""

    def __init__(self, first: date, last: date) -> None:
        self.days = [date.fromordinal(n) for n in range(first.toordinal(), last.toordinal() + 1)]
        self.known: dict[int, list[Span]] = {}

    def of(self, calendar: Calendar) -> list[Span]:
        """In order of their dates; those of one date that touch are one."""
        found = self.known.get(id(calendar))
        if found is None:
            found = [span for day in self.days for span in _joined(sorted(opened(calendar, day)))]
            self.known[id(calendar)] = found
        return found


def free(host: Host, reason: Reason, opens: Openings) -> list[Span]:
    """What is left of the openings of a host, once what is taken is cut out. Pieces overlap only where an opening
    reaches into the next date's.
    """
    if host.calendar is None:
        return []
    whole = opens.of(host.calendar)
    if not host.taken:
        return whole
    before, after = reason.before * MINUTE, reason.after * MINUTE
    blocks = _joined(
        sorted((t.start - t.before * MINUTE - after, t.end + t.after * MINUTE + before) for t in host.taken)
    )
    ends = [end for _start, end in blocks]
    found: list[Span] = []
    for begins, closes in whole:
        for start, end in blocks[bisect_right(ends, begins) :]:
            if start >= closes:
                break
            if start > begins:
                found.append((begins, start))
            begins = max(begins, end)
        if begins < closes:
            found.append((begins, closes))
    return found


def slots(
    hosts: Iterable[Host],
    reason: Reason,
    *,
    first: date,
    last: date,
    site: Calendar,
    now: datetime,
    rooms: Iterable[Host] | None = None,
) -> dict[datetime, tuple[Name, ...]]:
    """Each moment at which a visit can begin on the dates `first` to `last` (included) of the site's clock, in order,
    with the names of the hosts who are free for it, in order. Only the clock of `site` matters, not its hours: a host's
    calendar holds those that she keeps there. Where `rooms` are given, one of them is free as well.
    """
    low = max(site.moment(first, 0), micros(now) + reason.notice_minutes * MINUTE)
    high = site.moment(last + timedelta(days=1), 0)
    length, step = reason.minutes * MINUTE, reason.step_minutes * MINUTE
    opens = Openings(first - ZONES_APART, last + ZONES_APART)
    able = [_Times(host, free(host, reason, opens)) for host in sorted(hosts, key=_name) if host.can(reason)]
    held = None if rooms is None else [_Times(room, free(room, reason, opens)) for room in rooms]
    twice = any(times.overlaps for times in able)
    found: dict[Micros, list[Name]] = {}
    for times in able:
        for start, end in times.pieces:
            begin = start if start >= low else start + -(-(low - start) // step) * step
            for at in range(begin, min(end - length + 1, high), step):
                if times.full and times.is_full(at):
                    continue
                if at in found:
                    found[at].append(times.name)
                else:
                    found[at] = [times.name]
    kept: dict[datetime, tuple[Name, ...]] = {}
    for at in sorted(found):
        # Those who receive together keep one another's grid.
        names = found[at] if reason.hosts == 1 else [one.name for one in able if one.has(at, length)]
        if twice:
            names = list(dict.fromkeys(names))
        if len(names) >= reason.hosts and (held is None or any(room.has(at, length) for room in held)):
            kept[EPOCH + at * MICROSECOND] = tuple(names)
    return kept


class _Times:
    """When one host is free, and on which days she has had enough."""

    def __init__(self, host: Host, pieces: list[Span]) -> None:
        self.name, self.pieces, self.full = host.name, pieces, _full_days(host)
        self.overlaps = any(later[0] < one[1] for one, later in pairwise(pieces))

    def is_full(self, at: Micros) -> bool:
        return any(start <= at < end for start, end in self.full)

    def has(self, at: Micros, length: Micros) -> bool:
        return not self.is_full(at) and any(start <= at and at + length <= end for start, end in self.pieces)


def _name(host: Host) -> Name:
    return host.name


def _full_days(host: Host) -> list[Span]:
    """The days, by her own clock, that hold as many visits as she takes."""
    if host.max_per_day is None or host.calendar is None:
        return []
    days = Counter(host.calendar.local(EPOCH + t.start * MICROSECOND).date() for t in host.taken if t.is_visit)
    return [
        (host.calendar.moment(day, 0), host.calendar.moment(day + timedelta(days=1), 0))
        for day, visits in days.items()
        if visits >= host.max_per_day
    ]


def _joined(spans: Iterable[Span]) -> list[Span]:
    """Those in order of their starts, with what overlaps or touches made one."""
    found: list[list[Micros]] = []
    for start, end in spans:
        if found and start <= found[-1][1]:
            found[-1][1] = max(found[-1][1], end)
        else:
            found.append([start, end])
    return [(start, end) for start, end in found]
