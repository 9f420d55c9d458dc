"""The shapes of accounts, transfers and statements. Amounts are whole numbers of the unit's smallest piece."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from egard.api.schemas import In, Out, TeamOut
from egard.base.moments import Moment
from egard.kernel.ledger.rules import AMOUNT_MAX

Kind = Literal["asset", "liability", "income", "expense", "equity"]
Limit = Literal["none", "no_negative", "ceiling"]
Amount = Annotated[int, Field(strict=True, ge=1, le=AMOUNT_MAX, description="in the smallest piece of the unit: cents")]
Key = Annotated[str, Field(min_length=1, max_length=200, description="names the transfer for ever, among yours")]
Unit = Annotated[str, Field(min_length=1, max_length=32, examples=["EUR"], description="ISO 4217, or a declared unit")]
Reason = Annotated[str, Field(max_length=500)]


class NewAccount(In):
    code: str = Field(min_length=1, max_length=200, examples=["budget:lyon:2026-03"], description="a readable path")
    unit: Unit
    kind: Kind = Field(description="liability, income and equity grow by credits; asset and expense by debits")
    name: str = Field("", max_length=200)
    limit: Limit = Field("none", description="no_negative: never below zero; ceiling: nor above `ceiling`")
    ceiling: Annotated[int, Field(strict=True, ge=0, le=AMOUNT_MAX)] | None = None
    lots: bool = Field(False, description="what is credited may expire: it is kept lot by lot")
    person: UUID | None = None
    team: UUID | None = None


class AccountOut(Out):
    id: UUID
    code: str
    name: str
    unit: str
    kind: Kind
    limit: Limit
    ceiling: int | None
    lots: bool
    person: UUID | None
    team: TeamOut | None
    opened_at: datetime
    balance: int = Field(description="what it holds, on the side on which it grows")
    pending_in: int = Field(description="announced, not there yet")
    pending_out: int = Field(description="held back, still there")
    available: int = Field(description="what can be taken now")


class LotOut(Out):
    amount: int
    remaining: int
    reserved: int = Field(description="held back by pending transfers")
    priority: int
    expires_at: datetime | None
    transfer: UUID


class AccountWhole(AccountOut):
    lots_left: list[LotOut] = Field(description="what it is made of, in the order in which it is consumed")


class BalanceOut(Out):
    balance: int
    unit: str
    as_of: datetime


class AccountEntryOut(Out):
    transfer: UUID
    at: datetime = Field(description="the moment in which it is dated")
    recorded_at: datetime
    amount: int = Field(description="above zero the account grew")
    balance: int = Field(description="what it held then")
    other_code: str
    other_name: str
    subject: str
    reason: str
    by: str
    reverses: UUID | None


class TransferIn(In):
    key: Key
    debit: UUID = Field(description="id of the account that is debited")
    credit: UUID = Field(description="id of the account that is credited")
    amount: Amount
    unit: Unit
    pending: bool = Field(False, description="hold it back until it is posted, voided or `expires_at`")
    expires_at: Moment | None = None
    subject: str = Field("", max_length=200, description="what it is about, as kind:id")
    reason: Reason = ""
    priority: Annotated[int, Field(strict=True, ge=-1000, le=1000)] = Field(
        0, description="of the lot that it makes: the lowest is consumed first"
    )
    lot_expires_at: Moment | None = Field(None, description="when the lot that it makes ends")
    at: Moment | None = Field(None, description="dates it in the past, where the books are open; now, if absent")


class TransfersIn(In):
    transfers: list[TransferIn] = Field(min_length=1, max_length=100, description="all of them, or none")


class TransferOut(Out):
    id: UUID
    state: Literal["posted", "pending", "voided", "expired"]
    phase: Literal["posted", "pending", "post", "void", "expire"]
    debit: UUID
    credit: UUID
    amount: int
    unit: str
    key: str
    at: datetime
    recorded_at: datetime
    by: str
    subject: str
    reason: str
    priority: int
    expires_at: datetime | None
    lot_expires_at: datetime | None
    resolves: UUID | None = Field(description="the pending transfer that this one posted, voided or let expire")
    reverses: UUID | None
    reversed: int = Field(description="how much of it was reversed")


class TransfersOut(Out):
    items: list[TransferOut]


class PostingIn(In):
    key: Key
    amount: Amount | None = Field(None, description="all of it, if absent; the rest is free again")
    reason: Reason = ""


class VoidIn(In):
    key: Key
    reason: Reason = ""


class ReversalIn(In):
    key: Key
    reason: str = Field(min_length=1, max_length=500, description="why, in a few words")
    amount: Amount | None = Field(None, description="all of it, if absent")
    at: Moment | None = None


class ClosingIn(In):
    until: Moment = Field(description="the first moment that stays open")
    note: str = Field("", max_length=500)


class ClosingOut(Out):
    until: datetime
    closed_at: datetime
    by: str
    note: str
