"""Reckoning with calendars: what is open between two moments, and when an amount of it has passed.

Weeks are reckoned once each and kept with the calendar; a span of years costs a step a week.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import TypeAlias

from egard.base.calendars.calendar import EPOCH, MICROSECOND, Calendar, Micros, micros
from egard.base.calendars.span import Span

Opening: TypeAlias = tuple[datetime, datetime]
FIRST, LAST = date(1900, 1, 1).toordinal(), date(2199, 12, 30).toordinal()
SEARCHED_WEEKS = 52 * 60
"""An amount of time that is not reached in so many weeks never is."""
_ZERO = timedelta(0)


class TooFar(ValueError):
    """The calendar has not that much open time within sixty years, or the moment lies beyond the year 2199."""


def working_between(a: datetime, b: datetime, calendar: Calendar) -> timedelta:
    """The open time from `a` to `b`, 0 or more; nothing where `b` comes first."""
    start, end = micros(a), micros(b)
    if end <= start:
        return _ZERO
    monday, last = _monday(calendar, a), _monday(calendar, b)
    if monday == last:
        return _within(_week(calendar, monday)[0], start, end) * MICROSECOND
    total = _within(_week(calendar, monday)[0], start, end) + _within(_week(calendar, last)[0], start, end)
    total += sum(_week(calendar, between)[1] for between in range(monday + 7, last, 7))
    return total * MICROSECOND


def add_working(start: datetime, amount: timedelta, calendar: Calendar) -> datetime:
    """The first moment by which `amount` of open time has passed since `start`; a negative amount goes back, to the
    last moment since which it has. Nothing added is `start` itself. Raises `TooFar`.
    """
    left = amount // MICROSECOND
    if left == 0:
        return start
    return _forward(start, left, calendar) if left > 0 else _back(start, -left, calendar)


def due(start: datetime, span: Span, calendar: Calendar) -> datetime:
    """The moment by which a promise made at `start` within `span` is to be kept, in UTC.

    "2 h": two hours later. "2 business hours": when two hours of opening have passed. "3 days", "2 months": the same
    time on the wall of the calendar's zone, on that date. "1 business day": the closing of the first date after that of
    `start` on which something opens; what begins in an opening past midnight begins on that opening's date. Raises
    `TooFar`.
    """
    micros(start)  # a moment without its offset is refused
    try:
        clock = span.clock
        if clock is not None:
            found = add_working(start, clock, calendar) if span.working else start.astimezone(UTC) + clock
        elif span.working:
            found = _closing_after(start, span.amount, calendar)
        else:
            found = _on_the_wall(start, span, calendar)
    except TooFar:
        raise
    except (OverflowError, ValueError) as error:
        raise TooFar from error
    if found.toordinal() > LAST:
        raise TooFar
    return found.astimezone(UTC)


def before(end: datetime, span: Span, calendar: Calendar) -> datetime:
    """The moment that lies `span` before another, for a warning: "1 business day" is the first opening of the last date
    of work before that of `end`. Raises `TooFar`.
    """
    clock = span.clock
    if clock is not None:
        return add_working(end, -clock, calendar) if span.working else end.astimezone(UTC) - clock
    if not span.working:
        return _on_the_wall(end, span, calendar, back=True).astimezone(UTC)
    days, last = span.amount, calendar.local(end).toordinal() - 1
    for ordinal in range(last, max(FIRST, last - 7 * SEARCHED_WEEKS), -1):
        moments = opened(calendar, date.fromordinal(ordinal))
        days -= bool(moments)
        if not days:
            return _moment(min(opens for opens, _closes in moments))
    raise TooFar


def spans(a: datetime, b: datetime, calendar: Calendar) -> list[Opening]:
    """The openings between two moments, in order and apart from one another, cut at both ends."""
    start, end = micros(a), micros(b)
    found: list[list[Micros]] = []
    for monday in range(_monday(calendar, a), _monday(calendar, b) + 1, 7):
        for opens, closes in _week(calendar, monday)[0]:
            opens, closes = max(opens, start), min(closes, end)
            if opens >= closes:
                continue
            if found and found[-1][1] == opens:
                found[-1][1] = closes
            else:
                found.append([opens, closes])
    return [(_moment(opens), _moment(closes)) for opens, closes in found]


def openings(day: date, calendar: Calendar) -> list[Opening]:
    """The openings that begin on a date, each as its two moments."""
    return [(_moment(opens), _moment(closes)) for opens, closes in opened(calendar, day)]


def is_open(at: datetime, calendar: Calendar) -> bool:
    """Whether it is open at a moment; at the closing it no longer is."""
    there = micros(at)
    return any(opens <= there < closes for opens, closes in _week(calendar, _monday(calendar, at))[0])


def next_opening(at: datetime, calendar: Calendar) -> datetime:
    """`at` itself where it is open, else the moment when it opens next. Raises `TooFar`."""
    there = micros(at)
    for opens, closes in _ahead(at, calendar):
        if closes > there:
            return _moment(max(opens, there))
    raise TooFar


# --- inside -------------------------------------------------------------------------------------------------------


def _forward(start: datetime, left: Micros, calendar: Calendar) -> datetime:
    there, monday = micros(start), _monday(calendar, start)
    for week in range(monday, _last(monday), 7):
        spans, whole = _week(calendar, week)
        if week > monday and whole < left:
            left -= whole
            continue
        for opens, closes in spans:
            opens = max(opens, there)
            if closes - opens >= left:
                return _moment(opens + left)
            left -= max(closes - opens, 0)
    raise TooFar


def _back(start: datetime, left: Micros, calendar: Calendar) -> datetime:
    there, monday = micros(start), _monday(calendar, start)
    for week in range(monday, max(FIRST, monday - 7 * SEARCHED_WEEKS), -7):
        spans, whole = _week(calendar, week)
        if week < monday and whole < left:
            left -= whole
            continue
        for opens, closes in reversed(spans):
            closes = min(closes, there)
            if closes - opens >= left:
                return _moment(closes - left)
            left -= max(closes - opens, 0)
    raise TooFar


def _closing_after(start: datetime, days: int, calendar: Calendar) -> datetime:
    """The last closing of the `days`-th date with an opening, after the date of `start`."""
    day, there = calendar.local(start).date(), micros(start)
    eve = day - timedelta(days=1)
    if any(opens < there <= closes for opens, closes in opened(calendar, eve)):
        day = eve
    for ordinal in range(day.toordinal() + 1, min(LAST, day.toordinal() + 7 * SEARCHED_WEEKS)):
        found = date.fromordinal(ordinal)
        if calendar.hours_of(found) and (moments := opened(calendar, found)):
            days -= 1
            if not days:
                return _moment(max(closes for _opens, closes in moments))
    raise TooFar


def _on_the_wall(start: datetime, span: Span, calendar: Calendar, *, back: bool = False) -> datetime:
    """The same time of the day on another date."""
    local = calendar.local(start)
    day, amount = local.date(), -span.amount if back else span.amount
    if span.unit in ("day", "week"):
        day += timedelta(days=amount * (7 if span.unit == "week" else 1))
    else:
        months = day.year * 12 + day.month - 1 + amount * (12 if span.unit == "year" else 1)
        first = date(months // 12, months % 12 + 1, 1)
        after = date((months + 1) // 12, (months + 1) % 12 + 1, 1)
        day = first.replace(day=min(day.day, (after - first).days))
    within = timedelta(seconds=local.second, microseconds=local.microsecond)
    return _moment(calendar.moment(day, local.hour * 60 + local.minute, within))


def _ahead(at: datetime, calendar: Calendar) -> Iterator[tuple[Micros, Micros]]:
    monday = _monday(calendar, at)
    for week in range(monday, _last(monday), 7):
        yield from _week(calendar, week)[0]


def _last(monday: int) -> int:
    return min(LAST, monday + 7 * SEARCHED_WEEKS)


def _monday(calendar: Calendar, at: datetime) -> int:
    """The ordinal of the Monday that begins the week of a moment, by the calendar's own wall. Raises `TooFar`."""
    try:
        day = calendar.local(at).date()
    except OverflowError as error:
        raise TooFar from error
    ordinal = day.toordinal()
    if not FIRST < ordinal <= LAST:
        raise TooFar
    return ordinal - day.weekday()


def _week(calendar: Calendar, monday: int) -> tuple[tuple[tuple[Micros, Micros], ...], Micros]:
    """The openings of a week, in order and apart, cut at both its midnights; and how much is open in all."""
    known = calendar.weeks.get(monday)
    if known is not None:
        return known
    first = date.fromordinal(monday)
    start, end = calendar.moment(first, 0), calendar.moment(date.fromordinal(monday + 7), 0)
    # What began on the Sunday before may reach into the Monday.
    raw = sorted(span for n in range(-1, 7) for span in opened(calendar, date.fromordinal(monday + n)))
    merged: list[list[Micros]] = []
    for opens, closes in raw:
        opens, closes = max(opens, start), min(closes, end)
        if opens >= closes:
            continue
        if merged and opens <= merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], closes)
        else:
            merged.append([opens, closes])
    spans = tuple((opens, closes) for opens, closes in merged)
    calendar.weeks[monday] = spans, sum(closes - opens for opens, closes in spans)
    return calendar.weeks[monday]


def opened(calendar: Calendar, day: date) -> tuple[tuple[Micros, Micros], ...]:
    """`openings` in microseconds, reckoned once a calendar; one that lies whole in an hour that is skipped is none."""
    ordinal = day.toordinal()
    known = calendar.days.get(ordinal)
    if known is None:
        found = (
            (calendar.moment(day, hours.opens), calendar.moment(day, hours.closes)) for hours in calendar.hours_of(day)
        )
        known = calendar.days[ordinal] = tuple((opens, closes) for opens, closes in found if opens < closes)
    return known


def _within(spans: tuple[tuple[Micros, Micros], ...], start: Micros, end: Micros) -> Micros:
    return sum(max(0, min(closes, end) - max(opens, start)) for opens, closes in spans)


def _moment(at: Micros) -> datetime:
    return EPOCH + at * MICROSECOND
