"""The shapes of delegations and trainings."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from egard.api.money import MoneyIn, MoneyOut
from egard.api.schemas import In, Out, SiteOut, StaffOut, TeamOut
from egard.base.moments import Moment

State = Literal["holds", "not_begun", "ended", "untrained", "training_lapsed"]
DAYS = {"ge": 1, "le": 3660}


class AuthorityOut(Out):
    """Something that can be delegated."""

    name: str = Field(examples=["gestures.grant"])
    label: str
    unit: str = Field(description="in which it is counted: a currency, or a unit of its own")
    roles: list[str] = Field(description="who may hold it; empty: every role of staff")


class CourseOut(Out):
    code: str
    name: str


class CourseIn(In):
    name: str = Field(min_length=1, max_length=200)


class DelegationOut(Out):
    id: UUID
    authority: str
    staff: StaffOut | None = Field(description="who holds it; or whoever holds `role`")
    role: str
    team: TeamOut | None = Field(description="only those who work in it")
    site: SiteOut | None = Field(description="only those who work there")
    per_act: MoneyOut
    per_day: MoneyOut | None = Field(description="of one holder's day; null: no limit of its own")
    per_person: MoneyOut | None = Field(description="to one person within `period_days`, whoever gives it")
    period_days: int
    split_days: int = Field(description="acts for one person within so many days are counted as one act")
    valid_from: datetime
    valid_until: datetime | None = Field(description="not included")
    training: CourseOut | None = Field(description="it holds while this does")
    ended_at: datetime | None
    version: int


class ChangeOut(Out):
    n: int
    what: str = Field(description="granted, changed, ended")
    at: datetime
    by: str
    reason: str
    values: dict[str, Any] = Field(description="what holds since then, whole")


class HolderOut(Out):
    staff: StaffOut
    state: State
    trained_until: datetime | None = Field(description="until when the training holds or held; null: no end")


class DelegationWhole(DelegationOut):
    holders: list[HolderOut]
    changes: list[ChangeOut] = Field(description="the latest first")


class Limits(In):
    per_day: MoneyIn | None = None
    per_person: MoneyIn | None = None
    valid_until: Moment | None = Field(None, description="not included; null: until it is ended")
    training: str = Field("", max_length=64, description="code of a training that must hold")
    team: UUID | None = None
    site: UUID | None = None
    reason: str = Field("", max_length=300)


class DelegationIn(Limits):
    authority: str = Field(max_length=64, examples=["gestures.grant"])
    staff: UUID | None = Field(None, description="who is to hold it; or `role`")
    role: str = Field("", max_length=64)
    per_act: MoneyIn
    period_days: int = Field(365, **DAYS)
    split_days: int | None = Field(None, **DAYS, description="the period, if absent")
    valid_from: Moment | None = Field(None, description="now, if absent")


class DelegationChange(Limits):
    """What is not named stays."""

    version: int | None = Field(None, description="refused where it is not the one that holds")
    per_act: MoneyIn | None = None
    period_days: int | None = Field(None, **DAYS)
    split_days: int | None = Field(None, **DAYS)
    valid_from: Moment | None = None


class EndIn(In):
    reason: str = Field("", max_length=300)


class UseOut(Out):
    key: str
    amount: MoneyOut
    staff: StaffOut = Field(description="whose authority it was")
    first: StaffOut | None = Field(description="who asked for it, where this was the second person")
    person: UUID | None
    case: str
    at: datetime
    version: int = Field(description="of the delegation, as it held then")
    given_back_at: datetime | None


class AuthorityReasonOut(Out):
    code: str
    detail: str


class RoomOut(Out):
    """What a colleague may decide alone now."""

    allowed: bool
    reasons: list[AuthorityReasonOut]
    delegation: UUID | None
    limit: MoneyOut = Field(description="the least of the four below")
    per_act: MoneyOut
    left_today: MoneyOut = Field(description="like the two below, at most one act")
    left_person: MoneyOut
    left_case: MoneyOut


class TrainingOut(Out):
    id: UUID
    staff: StaffOut
    training: CourseOut
    valid_from: datetime
    valid_until: datetime | None = Field(description="not included; null: for ever")
    withdrawn_at: datetime | None


class TrainingIn(In):
    staff: UUID
    training: str = Field(max_length=64, description="its code")
    valid_from: Moment | None = Field(None, description="now, if absent")
    valid_until: Moment | None = None
