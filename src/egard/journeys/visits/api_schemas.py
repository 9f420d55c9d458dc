"""The shapes of visits for programs."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from egard.api.schemas import In, Out, SiteOut, StaffOut
from egard.base.moments import Moment
from egard.kernel.cases.rules.text import Text

Code = Annotated[str, Field(max_length=64)]
Answers = Annotated[dict[str, str | bool], Field(max_length=20)]
Channel = Literal["", "email", "sms"]
Hours = Annotated[
    dict[str, Any],
    Field(
        description='`{"week": {"mon-fri": ["09:00-12:30", "14:00-18:00"]}, "holidays": "FR",'
        ' "exceptions": {"2026-12-24": ["09:00-12:00"], "2026-12-26": []}}`, by the clock of the site'
    ),
]


class ShopIn(In):
    """What is not said stays."""

    hours: Hours | None = None
    address: Annotated[str, Field(max_length=300)] | None = None
    phone: Annotated[str, Field(max_length=32)] | None = None
    latitude: Annotated[float, Field(ge=-90, le=90)] | None = None
    longitude: Annotated[float, Field(ge=-180, le=180)] | None = None
    is_public: bool | None = None
    welcome: Annotated[list[Text], Field(max_length=12)] | None = None
    brief_minutes: Annotated[int, Field(ge=0, le=720)] | None = None


class ShopOut(Out):
    site: SiteOut
    hours: dict[str, Any]
    address: str
    phone: str
    latitude: float | None
    longitude: float | None
    is_public: bool
    welcome: list[Text]
    brief_minutes: int


class VisitReasonOut(Out):
    """See `PUT reasons/{code}`; times are minutes."""

    code: str
    name: Text
    about: Text | None
    minutes: int
    step_minutes: int
    before: int
    after: int
    notice_minutes: int
    horizon_days: int
    change_minutes: int
    hosts: int
    capacity: int
    room_kind: str
    questions: list[dict[str, Any]]
    is_public: bool
    credit_days: int
    credit_rule: str


class HostOut(Out):
    """Somebody who receives at a site; without `hours`, whenever it is open."""

    staff: StaffOut
    site: UUID
    reasons: list[str]
    hours: dict[str, Any] | None
    max_per_day: int | None


class HostIn(In):
    """No reason: she does not receive there any more."""

    reasons: Annotated[list[Code], Field(max_length=200)]
    hours: Hours | None = None
    max_per_day: Annotated[int, Field(ge=0, le=200)] | None = None


class VisitRoomIn(In):
    name: Annotated[str, Field(min_length=1, max_length=100)]
    kind: Code


class VisitRoomOut(Out):
    id: UUID
    site: UUID
    name: str
    kind: str


class SlotOut(Out):
    start: datetime
    end: datetime
    free: int = Field(description="so many hosts are free then, or seats of a visit of several")
    site: UUID


class SlotsOut(Out):
    items: list[SlotOut]
    next: None = None


class NearbyOut(Out):
    site: SiteOut
    kilometres: float
    slots: list[datetime] = Field(description="the first ten")


class NearbyList(Out):
    items: list[NearbyOut]
    next: None = None


class HoldIn(In):
    site: UUID
    reason: Code
    start: Moment
    adviser: UUID | None = Field(None, description="by her alone")
    seats: Annotated[int, Field(ge=1, le=100)] = 1


class HoldOut(Out):
    id: UUID
    start: datetime
    end: datetime
    until: datetime = Field(description="held until then")
    adviser: UUID | None


class VisitorIn(In):
    """Who is known by her e-mail address, else by her number; else she is new."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    email: Annotated[str, Field(max_length=254)] = ""
    phone: Annotated[str, Field(max_length=32)] = ""


class VisitIn(In):
    """With the id of a `hold`, or with site, reason and start. `person`, or who comes (`visitor`)."""

    hold: UUID | None = None
    site: UUID | None = None
    reason: Code = ""
    start: Moment | None = None
    adviser: UUID | None = Field(None, description="by her alone")
    seats: Annotated[int, Field(ge=1, le=100)] = 1
    person: UUID | None = None
    visitor: VisitorIn | None = None
    answers: Answers = {}
    note: Annotated[str, Field(max_length=500)] = ""
    told_by: Channel = ""
    language: Literal["fr", "en"] = "fr"
    channel: Literal["api", "web", "phone", "counter"] = "api"


class MoveIn(In):
    """What is not said stays."""

    start: Moment | None = None
    site: UUID | None = None
    adviser: UUID | None = None
    why: Annotated[str, Field(max_length=300)] = ""


class WhyIn(In):
    why: Annotated[str, Field(max_length=300)] = ""


class ArrivalIn(In):
    at: Moment | None = Field(None, description="when she came, where that is told later; the same moment is once")


class StartIn(In):
    adviser: UUID | None = Field(None, description="who receives her; else who was to")


class FollowUpIn(In):
    """What was agreed is promised by a moment; `owner` sees to it."""

    due_at: Moment
    owner: UUID


class VisitEndIn(In):
    outcome: Annotated[str, Field(max_length=32)] = "settled"
    next_step: Annotated[str, Field(max_length=500)] = ""
    follow_up: FollowUpIn | None = None


class WalkInIn(In):
    """Who comes without a booking, known or not."""

    site: UUID
    reason: Code
    person: UUID | None = None
    name: Annotated[str, Field(max_length=200)] = ""


class VisitOut(Out):
    id: UUID
    reference: str
    state: Literal["booked", "arrived", "started", "ended", "cancelled", "missed"]
    site: SiteOut
    reason: str
    start: datetime
    end: datetime
    person: UUID | None = Field(description="null where you may not see her")
    name: str
    adviser: StaffOut | None
    seats: int
    answers: dict[str, Any]
    note: str
    channel: str
    told_by: str
    revision: int
    walked_in: bool
    arrived_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    why: str
    outcome: str
    next_step: str
    promise: UUID | None
