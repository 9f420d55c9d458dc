"""When somebody is taken, by what her other calendar says (RFC 5545): each event with its recurrences. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from time import monotonic
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr
from icalendar import Calendar, Event

Span: TypeAlias = tuple[datetime, datetime]
EVENTS_MOST = 20_000
SPANS_MOST = 20_000
SECONDS_MOST = 20
LASTS_MOST = timedelta(days=366)
FREQUENCIES = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY")
"""Nobody meets every minute; a rule that did would never end."""
DAY = timedelta(days=1)


class BadCalendarFile(ValueError):
    """It is no calendar, or one that cannot be reckoned: `not_a_calendar`, `too_many_events`, `too_slow`."""


@dataclass(frozen=True, slots=True)
class _Event:
    start: date | datetime
    lasts: timedelta
    held: Event


def engaged(text: str | bytes, since: datetime, until: datetime, *, zone: str) -> list[Span]:
    """The times that are taken between two moments, in order, in UTC, apart from one another. What is cancelled or does
    not take time (`TRANSPARENT`) is left out; times without a zone, and whole days, are by the clock of `zone`.

    An event that cannot be read is passed over. Raises `BadCalendarFile`.
    """
    try:
        calendars = Calendar.from_ical(text, multiple=True)
    except (ValueError, IndexError, KeyError, TypeError, AttributeError) as error:
        raise BadCalendarFile("not_a_calendar") from error
    events = [event for one in calendars for event in one.walk("VEVENT")]
    if not calendars or any(one.name != "VCALENDAR" for one in calendars):
        raise BadCalendarFile("not_a_calendar")
    if len(events) > EVENTS_MOST:
        raise BadCalendarFile("too_many_events")
    deadline, clock = monotonic() + SECONDS_MOST, ZoneInfo(zone)
    found: list[Span] = []
    for span in _spans(events, since, until, clock):
        found.append(span)
        if monotonic() > deadline:
            raise BadCalendarFile("too_slow")
        if len(found) > SPANS_MOST:
            raise BadCalendarFile("too_many_events")
    return _joined(sorted(found))


def _spans(events: list[Any], since: datetime, until: datetime, clock: tzinfo) -> Iterator[Span]:
    """Of each event and each of its recurrences; one that was moved (`RECURRENCE-ID`) only where it went."""
    moved: dict[str, set[datetime]] = defaultdict(set)
    for event in events:
        if "RECURRENCE-ID" in event:
            at = _read(lambda event=event: _moment(event.decoded("RECURRENCE-ID"), clock))
            if at is not None:
                moved[str(event.get("UID", ""))].add(at)
    for event in events:
        if not _takes_time(event):
            continue
        one = _read(lambda event=event: _event(event))
        if one is None:
            continue
        if "RECURRENCE-ID" in event:
            starts = [_moment(one.start, clock)]
        else:
            gone = moved[str(event.get("UID", ""))]
            starts = _read(lambda one=one: list(_starts(one, since, until, clock))) or []
            starts = [start for start in starts if start not in gone]
        for start in starts:
            end = _end(start, one, clock)
            if start < until and end > since and end > start:
                yield max(start, since), min(end, until)


def _takes_time(event: Event) -> bool:
    said = (str(event.get(name, "")).upper() for name in ("STATUS", "TRANSP", "X-MICROSOFT-CDO-BUSYSTATUS"))
    return not {"CANCELLED", "TRANSPARENT", "FREE"} & set(said)


def _event(event: Event) -> _Event:
    """Raises `ValueError`, `KeyError` and such for what nobody can read."""
    start = event.decoded("DTSTART")
    if "DTEND" in event:
        end = event.decoded("DTEND")
        lasts = _naive(end) - _naive(start) if _zone(end) == _zone(start) else end - start
    elif "DURATION" in event:
        lasts = event.decoded("DURATION")
    else:
        lasts = timedelta(0) if isinstance(start, datetime) else DAY
    if not timedelta(0) <= lasts <= LASTS_MOST:
        raise ValueError("it ends before it starts")
    return _Event(start, lasts, event)


def _starts(one: _Event, since: datetime, until: datetime, clock: tzinfo) -> Iterator[datetime]:
    """When it begins, by the wall of its own zone: 9 o'clock stays 9 o'clock when the clock changes."""
    zone = _zone(one.start) or clock
    first = _naive(one.start)
    out = {_moment(at, zone) for at in _dates(one.held, "EXDATE")}
    rules = one.held.get("RRULE", [])
    low = since.astimezone(zone).replace(tzinfo=None) - one.lasts - DAY
    high = until.astimezone(zone).replace(tzinfo=None) + DAY
    starts = {first, *(_naive(at) if _zone(at) in (None, zone) else at.astimezone(zone).replace(tzinfo=None)
                       for at in _dates(one.held, "RDATE"))}  # fmt: skip
    for rule in rules if isinstance(rules, list) else [rules]:
        if not {*rule.get("FREQ", [])} <= set(FREQUENCIES):
            raise ValueError("a rule that is too fine")
        rule = rule.copy()
        if "UNTIL" in rule:
            rule["UNTIL"] = [_until(at, zone) for at in rule["UNTIL"]]
        repeated = rrulestr(rule.to_ical().decode(), dtstart=first, ignoretz=True)
        starts.update(repeated.between(low, high, inc=True))
    for start in sorted(starts):
        at = _moment(start, zone)
        if low <= start <= high and at not in out:
            yield at


def _until(at: date | datetime, zone: tzinfo) -> datetime:
    """The last moment of a rule on the wall of its event; of a date, its end."""
    if not isinstance(at, datetime):
        return datetime.combine(at, time(23, 59, 59))
    return at.astimezone(zone).replace(tzinfo=None) if at.tzinfo else at


def _dates(event: Event, name: str) -> Iterator[Any]:
    held = event.get(name, [])
    for part in held if isinstance(held, list) else [held]:
        for one in part.dts:
            yield one.dt[0] if isinstance(one.dt, tuple) else one.dt


def _end(start: datetime, one: _Event, clock: tzinfo) -> datetime:
    """Whole days end at midnight on the wall; what lasts some hours lasts them."""
    if isinstance(one.start, datetime):
        return start + one.lasts
    return _moment(start.astimezone(clock).replace(tzinfo=None) + one.lasts, clock)


def _moment(at: date | datetime, zone: tzinfo) -> datetime:
    held = at if isinstance(at, datetime) else datetime.combine(at, time())
    return (held if held.tzinfo else held.replace(tzinfo=zone)).astimezone(UTC)


def _naive(at: date | datetime) -> datetime:
    return at.replace(tzinfo=None) if isinstance(at, datetime) else datetime.combine(at, time())


def _zone(at: date | datetime) -> tzinfo | None:
    return at.tzinfo if isinstance(at, datetime) else None


def _read(work: Any) -> Any:
    """What could be read; None for an event that says what cannot be."""
    try:
        return work()
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, IndexError):
        return None


def _joined(spans: list[Span]) -> list[Span]:
    """Those in order, with what overlaps or touches made one."""
    found: list[Span] = []
    for start, end in spans:
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found
