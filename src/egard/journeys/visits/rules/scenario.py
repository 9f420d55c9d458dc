"""A shop in JSON, without a database: what `egard visits slots` reads. Pure."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from egard.base.calendars import BadCalendar, Calendar, Hours
from egard.base.calendars.calendar import WEEKDAYS, micros
from egard.base.moments import Moment
from egard.journeys.visits.rules.slots import Host, Reason, Taken, slots

DAYS_MAX = 366
"""So many dates are looked through at once, at most."""
DAY = 1440
Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Minutes = Annotated[int, Field(ge=0, le=DAY)]
Clock = Annotated[str, StringConstraints(pattern=r"^([01]?\d|2[0-3]):[0-5]\d$|^24:00$")]


class BadScenario(ValueError):
    """The scenario says what no shop can be: `place` and `why`."""

    def __init__(self, place: str, why: str) -> None:
        self.place, self.why = place, why
        super().__init__(f"{place}: {why}")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=False, populate_by_name=True)


class _Reason(_Part):
    minutes: Annotated[int, Field(ge=1, le=DAY)]
    step_minutes: Annotated[int, Field(ge=1, le=DAY)]
    before: Minutes = 0
    after: Minutes = 0
    notice_minutes: Annotated[int, Field(ge=0, le=DAY * 3660)] = 0
    skill: str | None = None


class _Weekly(_Part):
    days: list[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]]
    start: Clock = Field(alias="from")
    end: Clock = Field(alias="to")


class _Exception(_Part):
    date: date
    hours: list[tuple[Clock, Clock]] = []


class _Booking(_Part):
    start: Moment
    end: Moment
    before: Minutes = 0
    after: Minutes = 0
    state: Literal["booked", "pending", "held", "cancelled"] = "booked"
    until: Moment | None = None

    @model_validator(mode="after")
    def _runs_on(self) -> _Booking:
        if self.end <= self.start:
            raise ValueError("it ends before it starts")
        return self

    def counts(self, now: datetime) -> bool:
        """Whether it takes the time: a hold only until it lapses."""
        return self.state != "cancelled" and not (self.state == "held" and self.until is not None and self.until <= now)


class _Adviser(_Part):
    name: Name
    zone: str = ""
    skills: list[str] = []
    weekly: list[_Weekly] = []
    exceptions: list[_Exception] = []
    busy: list[tuple[Moment, Moment]] = []
    bookings: list[_Booking] = []
    max_per_day: Annotated[int, Field(ge=0)] | None = None

    @model_validator(mode="after")
    def _agrees(self) -> _Adviser:
        dates = [one.date for one in self.exceptions]
        if len(set(dates)) < len(dates):
            raise ValueError("two exceptions are of one date")
        if any(end <= start for start, end in self.busy):
            raise ValueError("a busy time ends before it starts")
        return self

    def host(self, now: datetime, zone: str) -> Host:
        taken = [Taken(micros(a), micros(b), is_visit=False) for a, b in self.busy]
        taken += [
            Taken(micros(one.start), micros(one.end), one.before, one.after) for one in self.bookings if one.counts(now)
        ]
        return Host(self.name, self._calendar(zone), frozenset(self.skills), tuple(taken), self.max_per_day)

    def _calendar(self, zone: str) -> Calendar | None:
        week: list[list[Hours]] = [[] for _day in WEEKDAYS]
        for one in self.weekly:
            for day in one.days:
                week[WEEKDAYS.index(day)].append(_hours(one.start, one.end))
        dated = {one.date: tuple(_hours(*hours) for hours in one.hours) for one in self.exceptions}
        if not any(week) and not any(dated.values()):
            return None
        return Calendar(self.zone or zone, tuple(tuple(sorted(day)) for day in week), dated)


class Scenario(_Part):
    """A site's clock, the dates asked for, a reason and the advisers."""

    zone: str
    now: Moment
    first: date = Field(alias="from")
    last: date = Field(alias="to")
    reason: _Reason
    advisers: list[_Adviser]
    only: str | None = Field(default=None, alias="with")

    @model_validator(mode="after")
    def _is_one(self) -> Scenario:
        if self.last < self.first:
            raise ValueError("the last date comes before the first")
        if self.last - self.first >= timedelta(days=DAYS_MAX):
            raise ValueError(f"at most {DAYS_MAX} days at once")
        names = [one.name for one in self.advisers]
        if len(set(names)) < len(names):
            raise ValueError("two advisers have one name")
        if self.only is not None and self.only not in names:
            raise ValueError("“with” names nobody of the advisers")
        return self


def offered(data: Any) -> list[datetime]:
    """The moments at which a visit can begin, in order, in UTC. Raises `BadScenario`."""
    try:
        told = Scenario.model_validate(data)
        site = Calendar.always(told.zone)
        hosts = [one.host(told.now, told.zone) for one in told.advisers if told.only in (None, one.name)]
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "scenario"
        raise BadScenario(place, first["msg"].removeprefix("Value error, ")) from error
    except BadCalendar as error:
        raise BadScenario("hours", error.why) from error
    asked = told.reason
    reason = Reason(
        asked.minutes, asked.step_minutes, asked.before, asked.after, asked.notice_minutes, asked.skill or ""
    )
    return list(slots(hosts, reason, first=told.first, last=told.last, site=site, now=told.now))


def _hours(start: str, end: str) -> Hours:
    """Raises `BadCalendar` where it ends before it starts; midnight at the end is 24:00."""
    found = Hours.parse(f"{start}-{end}")
    if found.closes > DAY:
        raise BadCalendar(why=f"{start}-{end} ends before it starts (the end of the day is 24:00)")
    return found
