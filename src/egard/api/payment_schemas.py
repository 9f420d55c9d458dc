"""The shapes of payments, cards, wallets and differences."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from egard.api.money import MoneyIn, MoneyOut
from egard.api.schemas import In, Out
from egard.base.moments import Moment

State = Literal["asked", "challenge", "authorized", "captured", "declined", "voided", "lapsed"]
Key = Field(min_length=1, max_length=200, description="names it for ever: the same key gives the first one again")


class InstrumentOut(Out):
    """A card that a person left with the provider."""

    id: UUID
    provider: str
    brand: str
    last4: str
    expires: str = Field(description="year and month", examples=["2029-04"])
    added_at: datetime
    removed_at: datetime | None


class InstrumentIn(In):
    token: str = Field(
        min_length=1,
        max_length=200,
        description="what the provider gave the person's browser; never a card's number. The sandbox takes"
        " `sandbox_approve`, `sandbox_decline`, `sandbox_challenge`, `sandbox_timeout`, …",
    )
    key: str = Key


class CommandOut(Out):
    """Something that was asked of the provider."""

    id: UUID
    what: Literal["authorize", "capture", "void", "refund"]
    amount: MoneyOut
    to: Literal["card", "wallet"]
    key: str
    outcome: Literal["", "challenge", "approved", "declined", "lapsed"] = Field(
        description="empty: the provider has not answered yet, and is asked again"
    )
    code: str = Field(description="why it was declined")
    asked_at: datetime
    answered_at: datetime | None


class PaymentOut(Out):
    id: UUID
    person: UUID
    instrument: InstrumentOut
    amount: MoneyOut
    captured: MoneyOut
    refunded: MoneyOut
    state: State
    code: str = Field(description="why it was declined")
    challenge_url: str = Field(description="where the person confirms it")
    subject: str
    key: str
    created_at: datetime
    lapses_at: datetime | None = Field(description="until when it can be captured")


class PaymentWhole(PaymentOut):
    commands: list[CommandOut]


class PaymentIn(In):
    key: str = Key
    person: UUID
    instrument: UUID
    amount: MoneyIn
    capture: bool = Field(True, description="false: only authorized, and captured later")
    subject: str = Field("", max_length=200, examples=["order:536365"])


class CaptureIn(In):
    key: str = Key
    amount: MoneyIn | None = Field(None, description="all of it, if absent; the rest is free again")


class PaymentVoidIn(In):
    key: str = Key


class RefundIn(In):
    key: str = Key
    amount: MoneyIn | None = Field(None, description="all that is left, if absent")
    to: Literal["card", "wallet"] = "card"
    reason: str = Field("", max_length=500)


class PurseLotOut(Out):
    amount: int
    expires_at: datetime | None


class PurseOut(Out):
    """What a person holds with us in one currency."""

    available: MoneyOut
    lots: list[PurseLotOut] = Field(description="in the order in which they are spent")


class WalletOut(Out):
    items: list[PurseOut]


class ReconciliationOut(Out):
    """One comparing of our books with the provider's."""

    id: UUID
    provider: str
    since: datetime
    until: datetime = Field(description="not included")
    done_at: datetime
    compared: int
    differences: int


class ReconciliationIn(In):
    since: Moment
    until: Moment


class DifferenceOut(Out):
    id: UUID
    provider: str
    kind: str = Field(description="unknown_here, missing_there, amount, ledger, overdue")
    reference: str
    payment: UUID | None
    ours: MoneyOut | None
    theirs: MoneyOut | None
    found_at: datetime
    settled_at: datetime | None
    settled_by: str
    note: str


class SettlementIn(In):
    note: str = Field("", max_length=500)
