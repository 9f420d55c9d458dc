"""The shapes of promises and calendars."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from egard.api.schemas import In, Out, SiteOut, StaffOut, TeamOut
from egard.base.moments import Moment

State = Literal["open", "paused", "kept", "broken", "released"]


class PromiseEventOut(Out):
    n: int
    what: str = Field(
        description="made, warned, broken, escalated, kept, released, reopened, paused, resumed, extended, assigned"
    )
    at: datetime = Field(
        description="when it happened: a breach is dated at the due moment, however late it was noticed"
    )
    recorded_at: datetime
    by: str
    channel: str
    due_at: datetime | None = Field(description="by when it is due since then")
    level: int = Field(description="of a warning or an escalation, from 1")
    reason: str


class PromiseOut(Out):
    id: UUID
    kind: str
    label: str = Field(description="what is owed, in your language")
    person: UUID | None
    subject: str
    note: str
    key: str
    state: State
    made_at: datetime
    due_at: datetime
    first_due_at: datetime = Field(description="as it was first promised; an extension leaves it")
    paused_at: datetime | None
    kept_at: datetime | None
    ended_at: datetime | None = Field(description="kept or released, which may be after it broke; null: still owed")
    within: str
    seconds_left: int = Field(description="what counts from now to the due moment; 0 when it is over")
    working: bool = Field(description="only open time counts")
    calendar: str = Field(description="code and version; empty where every hour counts")
    owner: StaffOut | None
    team: TeamOut | None
    site: SiteOut | None
    channel: str
    kept_channel: str


class PromiseWhole(PromiseOut):
    events: list[PromiseEventOut]


class PromiseIn(In):
    key: str = Field(min_length=1, max_length=200, description="names the promise for ever, among those to this person")
    kind: str = Field(max_length=64, examples=["promises.call_back"])
    person: UUID | None = None
    due_at: Moment | None = Field(None, description="by when; or `within`")
    within: str | None = Field(None, max_length=40, examples=["2 h", "1 business day", "2 months"])
    calendar: str | None = Field(None, max_length=64, description="code of the calendar that counts")
    subject: str = Field("", max_length=200)
    note: str = Field("", max_length=500, description="in a few words, what was promised; she reads it too")
    owner: UUID | None = None
    team: UUID | None = None
    site: UUID | None = Field(None, description="by default the person's own")
    channel: str = Field("", max_length=32)


class KeepingIn(In):
    channel: str = Field("", max_length=32, description="how it was kept: phone, email, counter…")


class ReasonIn(In):
    reason: str = Field(min_length=1, max_length=500)


class OptionalReasonIn(In):
    reason: str = Field("", max_length=500)


class ExtensionIn(ReasonIn):
    due_at: Moment | None = None
    within: str | None = Field(None, max_length=40, description="from now")


class OwnerIn(In):
    staff: UUID | None = Field(description="null: nobody in person")
    team: UUID | None = None


class CalendarOut(Out):
    code: str
    version: int
    name: str
    data: dict[str, Any] = Field(description="zone, week, holidays, exceptions")
    created_at: datetime


class CalendarIn(In):
    name: str = Field("", max_length=200)
    data: dict[str, Any] = Field(
        examples=[{"zone": "Europe/Paris", "week": {"mon-fri": ["09:00-12:30", "14:00-18:00"]}, "holidays": "FR"}]
    )


class FigureOut(Out):
    """A share, honestly: of how many, and between which bounds it lies with 95 % confidence (Wilson)."""

    name: str = Field(description="what the filters take; empty for what names none")
    label: str
    kept: int
    n: int = Field(description="kept or broken; released ones count for neither")
    share: float | None = Field(description="null of none")
    low: float
    high: float


class SharesOut(Out):
    whole: FigureOut
    items: list[FigureOut]
