"""When it is open: hours of the week as local wall time, dated exceptions, public holidays."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo, available_timezones

Micros: TypeAlias = int
"""Microseconds since 1970, UTC."""
MICROSECOND = timedelta(microseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY_MINUTES = 1440
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SPANS_MAX, EXCEPTIONS_MAX = 20, 5000
"""So many openings a day, and so many dated exceptions, at most."""
_HOURS = re.compile(r"([01]?\d|2[0-4]):([0-5]\d)\s*[-–]\s*([01]?\d|2[0-4]):([0-5]\d)")
_HOLIDAYS = re.compile(r"[A-Z]{2}(-[0-9A-Z]{1,5})?")


class BadCalendar(ValueError):
    """The calendar contradicts itself, or is never open; `why` says where."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(f"no calendar of opening hours: {why}")


@dataclass(frozen=True, slots=True, order=True)
class Hours:
    """One opening of a day, in minutes after midnight by the clock on the wall; `closes` may lie in the next day."""

    opens: int
    closes: int

    def __post_init__(self) -> None:
        if not 0 <= self.opens < DAY_MINUTES or not self.opens < self.closes <= self.opens + DAY_MINUTES:
            raise BadCalendar(why=f"{self}")

    @classmethod
    def parse(cls, text: str) -> Hours:
        """Reads "09:00-12:30"; "22:00-02:00" ends in the next day; "00:00-24:00" is the whole day."""
        found = _HOURS.fullmatch(str(text).strip())
        if found is None:
            raise BadCalendar(why=f"{str(text)[:40]!r} ≠ 09:00-12:30")
        opens, closes = int(found[1]) * 60 + int(found[2]), int(found[3]) * 60 + int(found[4])
        if max(opens, closes) > DAY_MINUTES or opens == closes:
            raise BadCalendar(why=str(text)[:40])
        return cls(opens, closes if closes > opens else closes + DAY_MINUTES)

    def __str__(self) -> str:
        closes = self.closes if self.closes <= DAY_MINUTES else self.closes - DAY_MINUTES
        return f"{self.opens // 60:02}:{self.opens % 60:02}-{closes // 60:02}:{closes % 60:02}"


Day: TypeAlias = tuple[Hours, ...]


@dataclass(frozen=True)
class Calendar:
    """Openings of each weekday (Monday first) in the IANA `zone`; `exceptions` stand in the place of a date's usual
    hours, holidays included (an empty one is closed); `holidays` names a country or a part of it by ISO 3166
    (`FR`, `FR-57`), whose public holidays are closed. An opening belongs to the date on which it begins.

    Raises `BadCalendar`: unknown zone or holidays, and where nothing is ever open.
    """

    zone: str
    week: tuple[Day, ...]
    exceptions: Mapping[date, Day] = field(default_factory=dict, hash=False)
    holidays: str = ""
    weeks: dict[int, tuple[tuple[tuple[Micros, Micros], ...], Micros]] = field(
        default_factory=dict, init=False, repr=False, compare=False, hash=False
    )
    """What was reckoned of each week, by the ordinal of its Monday (see `reckoning`)."""
    days: dict[int, tuple[tuple[Micros, Micros], ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False, hash=False
    )
    """And of each date, by its ordinal."""

    def __post_init__(self) -> None:
        if self.zone not in _zones():
            raise BadCalendar(why=f"zone {self.zone[:40]!r}")
        if len(self.week) != len(WEEKDAYS):
            raise BadCalendar(why=f"week: {len(self.week)} ≠ 7")
        if not any(self.week) and not any(self.exceptions.values()):
            raise BadCalendar(why="it is never open")
        if len(self.exceptions) > EXCEPTIONS_MAX or any(
            len(d) > SPANS_MAX for d in (*self.week, *self.exceptions.values())
        ):
            raise BadCalendar(why=f"> {EXCEPTIONS_MAX}, > {SPANS_MAX}")
        if self.holidays and not _known_holidays(self.holidays):
            raise BadCalendar(why=f"holidays {self.holidays[:40]!r}")

    @classmethod
    def always(cls, zone: str) -> Calendar:
        """Never closed; its days are those of `zone`."""
        return _always(zone)

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Calendar:
        """Reads `{"zone": "Europe/Paris", "week": {"mon-fri": ["09:00-12:30", "14:00-18:00"]}, "holidays": "FR",
        "exceptions": {"2026-12-24": ["09:00-12:00"], "2026-12-26": []}}`. Raises `BadCalendar`.
        """
        if not isinstance(data, Mapping) or (unknown := set(data) - {"zone", "week", "holidays", "exceptions"}):
            raise BadCalendar(why=", ".join(sorted(map(str, unknown))) if isinstance(data, Mapping) else str(data)[:40])
        week: list[Day] = [()] * 7
        for name, hours in _items(data.get("week"), "week"):
            for weekday in _weekdays(str(name)):
                week[weekday] = _day(hours)
        exceptions = {_date(name): _day(hours) for name, hours in _items(data.get("exceptions") or {}, "exceptions")}
        return cls(str(data.get("zone", "")), tuple(week), exceptions, str(data.get("holidays") or ""))

    def as_data(self) -> dict[str, Any]:
        """What `parse` reads, each weekday by itself."""
        return {
            "zone": self.zone,
            "week": {name: [str(h) for h in hours] for name, hours in zip(WEEKDAYS, self.week, strict=True) if hours},
            "holidays": self.holidays,
            "exceptions": {day.isoformat(): [str(h) for h in hours] for day, hours in sorted(self.exceptions.items())},
        }

    def hours_of(self, day: date) -> Day:
        """The openings that begin on a date."""
        if day in self.exceptions:
            return self.exceptions[day]
        if self.holidays and day in _public_holidays(self.holidays, day.year):
            return ()
        return self.week[day.weekday()]

    def moment(self, day: date, minutes: int, within: timedelta = timedelta(0)) -> Micros:
        """When the clock on the wall shows `minutes`, and `within` more, after the midnight of `day`.

        A time that comes twice is its first coming; one that is skipped is the moment of the skip: so what is later on
        the wall is never earlier in truth.
        """
        wall = datetime(day.year, day.month, day.day) + timedelta(minutes=minutes) + within  # noqa: DTZ001
        zone = ZoneInfo(self.zone)
        first = wall.replace(tzinfo=zone)
        before = micros(first)
        later = wall.replace(tzinfo=zone, fold=1).utcoffset()
        if later == first.utcoffset() or wall == first.astimezone(UTC).astimezone(zone).replace(tzinfo=None):
            return before
        return _skip(zone, before - 86_400_000_000, before)

    def local(self, at: datetime) -> datetime:
        return at.astimezone(ZoneInfo(self.zone))


def micros(at: datetime) -> Micros:
    """Raises `ValueError` for a moment without its offset."""
    if at.tzinfo is None:
        raise ValueError("a moment has its offset")
    return (at - EPOCH) // MICROSECOND


def public_holiday(holidays: str, day: date) -> bool:
    """Whether a date is a public holiday of a country or a part of it (`FR`, `FR-971`)."""
    return day in _public_holidays(holidays, day.year)


def _skip(zone: ZoneInfo, low: Micros, high: Micros) -> Micros:
    """The moment between two at which the offset changes, to the second."""
    offset = _offset(zone, high)
    low, high = low // 1_000_000, high // 1_000_000
    while low < high:
        middle = (low + high) // 2
        if _offset(zone, middle * 1_000_000) == offset:
            high = middle
        else:
            low = middle + 1
    return low * 1_000_000


def _offset(zone: ZoneInfo, at: Micros) -> timedelta | None:
    return (EPOCH + at * MICROSECOND).astimezone(zone).utcoffset()


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


@lru_cache(maxsize=64)
def _always(zone: str) -> Calendar:
    return Calendar(zone, ((Hours(0, DAY_MINUTES),),) * 7)


def _known_holidays(name: str) -> bool:
    if not _HOLIDAYS.fullmatch(name):
        return False
    try:
        _public_holidays(name, 2026)
    except NotImplementedError:
        return False
    return True


@lru_cache(maxsize=2000)
def _public_holidays(name: str, year: int) -> frozenset[date]:
    """The public holidays of a year. Raises `NotImplementedError` for a place that nobody knows."""
    from holidays import country_holidays

    country, _dash, part = name.partition("-")
    return frozenset(country_holidays(country, subdiv=part or None, years=year, observed=True))


def _items(data: Any, where: str) -> Iterable[tuple[Any, Any]]:
    if not isinstance(data, Mapping):
        raise BadCalendar(why=where)
    return data.items()


def _weekdays(name: str) -> range:
    """`mon`, `mon-fri`."""
    first, _dash, last = name.lower().replace("–", "-").partition("-")
    if first not in WEEKDAYS or (last or first) not in WEEKDAYS:
        raise BadCalendar(why=f"{name[:40]!r} ≠ mon, mon-fri")
    return range(WEEKDAYS.index(first), WEEKDAYS.index(last or first) + 1)


def _day(hours: Any) -> Day:
    if not isinstance(hours, list | tuple):
        raise BadCalendar(why=str(hours)[:40])
    return tuple(sorted(Hours.parse(one) for one in hours))


def _date(name: Any) -> date:
    try:
        return name if isinstance(name, date) else date.fromisoformat(str(name))
    except ValueError as error:
        raise BadCalendar(why=str(name)[:40]) from error
