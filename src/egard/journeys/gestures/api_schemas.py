"""The shapes of gestures, vouchers and budgets in the API."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from ninja import Schema
from pydantic import Field

from egard.api.money import MoneyIn, MoneyOut
from egard.api.schemas import In, StaffOut, TeamOut

Name = Annotated[str, Field(max_length=64)]
Reason = Annotated[str, Field(min_length=1, max_length=500)]
Code = Annotated[str, Field(min_length=1, max_length=40)]


class NewGesture(In):
    person: UUID
    kind: str = Field(default="", max_length=64, description="a name of the catalogue; empty: only propose")
    amount: MoneyIn | None = Field(default=None, description="worth to the client; null where the kind has one amount")
    subject: str = Field(default="", max_length=200, description="case:<id>, or nothing")
    reason: str = Field(default="", max_length=500, description="why, for colleagues")
    responsibility: Literal["ours", "shared", "theirs", "nobody"] = "ours"
    severity: int = Field(default=2, ge=1, le=3, description="1 a nuisance, 2 a real harm, 3 grave")
    price: MoneyIn | None = Field(default=None, description="what was paid for what went wrong; else found by the case")
    proof: bool = Field(default=False, description="a proof was seen")
    repairs: UUID | None = Field(default=None, description="the broken promise that it makes up for")
    channel: str = Field(default="api", max_length=32)


class ProposalReasonOut(Schema):
    code: str
    words: str = Field(description="in the reader’s language")


class GestureItemOut(Schema):
    kind: str
    title: str
    worth: MoneyOut


class GestureProposalOut(Schema):
    kind: str
    title: str
    amount: MoneyOut
    comes_with: list[GestureItemOut]
    worth: MoneyOut = Field(description="of all that is given in the act")
    cost: MoneyOut = Field(description="expected, for the house")
    steps: int = Field(description="what the client has to do to have the use of it")
    waits: str = Field(description="`authority` or `budget`: a second person agrees first; empty: given at once")
    proof_first: bool
    reasons: list[ProposalReasonOut]


class VoucherOut(Schema):
    id: UUID
    code: str
    amount: MoneyOut
    left: MoneyOut
    channels: list[str] = Field(description="where it works; empty: anywhere")
    expires_at: datetime
    state: str = Field(description="usable, used, expired, revoked")


class GestureOut(Schema):
    id: UUID
    person: UUID
    subject: str
    kind: str
    title: str
    form: str
    state: Literal["waiting", "granted", "refused", "reversed"]
    waits_for: str
    desired: MoneyOut
    amount: MoneyOut
    cost: MoneyOut
    steps: int
    reason: str
    decision: str
    responsibility: str
    severity: int
    proof: bool
    granted_by: StaffOut | None
    second_by: StaffOut | None
    repairs: UUID | None
    channel: str
    recorded_at: datetime
    granted_at: datetime | None
    decided_at: datetime | None
    used_at: datetime | None
    ends_at: datetime | None
    together: UUID = Field(description="the same for all that was given in one act")


class GestureAnswer(Schema):
    """What was given (or waits), all of one act; or what may be given."""

    gestures: list[GestureOut]
    proposals: list[GestureProposalOut]


class GestureActOut(Schema):
    gestures: list[GestureOut]


class GestureApproval(In):
    agreed: bool = True
    amount: MoneyIn | None = Field(default=None, description="less than was asked for")
    reason: str = Field(default="", max_length=500, description="needed where it is not agreed to")


class GestureWhy(In):
    reason: Reason


class VoucherCode(In):
    code: str = Field(max_length=40, description="with or without its dashes")


class NewRedemption(In):
    amount: MoneyIn | None = Field(default=None, description="null: all that is left")
    channel: Name = "api"
    site: UUID | None = None
    reference: str = Field(default="", max_length=100, description="the order or ticket")


class NewRedemptionByCode(NewRedemption):
    code: str = Field(max_length=40, description="with or without its dashes")


class RedemptionOut(Schema):
    id: UUID
    amount: MoneyOut
    at: datetime
    channel: str
    reference: str
    undone_at: datetime | None
    voucher: VoucherOut


class NewBudget(In):
    team: UUID
    period: str = Field(max_length=7, description="2026-11, 2026-Q4 or 2026")
    amount: MoneyIn


class BudgetForecastOut(Schema):
    n: int
    total: MoneyOut | None
    low: MoneyOut | None = Field(description="the true total lies above, with 95 % confidence")
    high: MoneyOut | None
    empty_at: datetime | None


class BudgetOut(Schema):
    id: UUID
    team: TeamOut
    period: str
    since: datetime
    until: datetime
    amount: MoneyOut
    spent: MoneyOut
    left: MoneyOut
    desired: MoneyOut = Field(description="worth to clients of what was asked for")
    granted: MoneyOut = Field(description="worth to clients of what was given")
    waiting: MoneyOut
    refused: MoneyOut
    gestures: int
    forecast: BudgetForecastOut


class GestureKindOut(Schema):
    name: str
    form: str
    title: dict[str, str]
    about: dict[str, str]
    least: MoneyOut
    most: MoneyOut
    step: MoneyOut
    steps: list[dict[str, str]]
    proof_above: MoneyOut | None
    comes_with: list[str]


class GestureCatalogueOut(Schema):
    name: str
    version: str
    currency: str
    kinds: list[GestureKindOut]


class NewGestureCatalogue(In):
    file: str = Field(max_length=200_000)


class GestureEffortOut(Schema):
    kind: str
    title: str
    steps: int
    given: int
    watched: int = Field(description="given less than 30 days ago: not judged yet")
    used: int = Field(description="had the use of within 30 days")
    n: int
    share: float | None
    low: float
    high: float


class GestureRepairedOut(Schema):
    broken: int
    repaired: int
    share: float | None
    low: float
    high: float


class GestureFiguresOut(Schema):
    effort: list[GestureEffortOut]
    repaired: GestureRepairedOut
