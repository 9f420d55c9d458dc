"""A transfer that is asked for, looked through before anything is locked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from egard.kernel.ledger import refusals
from egard.kernel.ledger.models import Account, Transfer
from egard.kernel.ledger.rules import AMOUNT_MAX, Phase

KEY_MAX, SUBJECT_MAX, REASON_MAX, SOURCE_MAX = 200, 200, 500, 64
PRIORITY_MAX = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Draft:
    """So much from `debit` to `credit`; see `operations.transfer`. `at` is the moment in which it is dated."""

    debit: Account
    credit: Account
    amount: int
    key: str
    source: str = ""
    pending: bool = False
    expires_at: datetime | None = None
    subject: str = ""
    reason: str = ""
    priority: int = 0
    lot_expires_at: datetime | None = None
    at: datetime | None = None
    reverses: Transfer | None = None

    @property
    def phase(self) -> Phase:
        return "pending" if self.pending else "posted"

    @property
    def asked(self) -> tuple[Any, ...]:
        """What a second transfer of the same key must say too. Moments are left out: who tries again reckons anew."""
        reverses = self.reverses.pk if self.reverses else None
        return self.debit.pk, self.credit.pk, self.amount, self.phase, self.subject, self.priority, reverses

    def check(self, now: datetime) -> None:
        """Raises `BadAmount`, `SameAccount`, `OtherUnit`, `BadTransfer`, `NotInLots`."""
        check_amount(self.amount)
        if self.debit.pk == self.credit.pk:
            raise refusals.SameAccount
        if self.debit.unit != self.credit.unit:
            raise refusals.OtherUnit(debit=str(self.debit), credit=str(self.credit))
        check_texts(self.key, self.source, self.reason, self.subject)
        wrong = {}
        if self.expires_at is not None and (not self.pending or self.expires_at <= now):
            wrong["expires_at"] = _("only a pending transfer expires, at a moment still to come")
        if self.lot_expires_at is not None:
            if not self.credit.lots:
                raise refusals.NotInLots(account=str(self.credit))
            if self.lot_expires_at <= now:
                wrong["lot_expires_at"] = _("what is credited must last until a moment still to come")
        if self.at is not None and self.at > now:
            wrong["at"] = _("nothing is dated in the future")
        if not -PRIORITY_MAX <= self.priority <= PRIORITY_MAX:
            wrong["priority"] = _("a number between -2147483647 and 2147483647")
        refuse(wrong)


def refuse(wrong: dict[str, str]) -> None:
    if wrong:
        raise refusals.BadTransfer(why=next(iter(wrong.values())), fields=wrong)


def check_amount(amount: Any) -> None:
    """Raises `BadAmount`."""
    if type(amount) is not int or not 0 < amount <= AMOUNT_MAX:
        raise refusals.BadAmount(
            most=AMOUNT_MAX, fields={"amount": str(refusals.BadAmount.message).format(most=AMOUNT_MAX)}
        )


def check_texts(key: str, source: str = "", reason: str = "", subject: str = "") -> None:
    """Raises `BadTransfer`."""
    texts = (("key", key, 1, KEY_MAX), ("source", source, 0, SOURCE_MAX))
    texts += (("reason", reason, 0, REASON_MAX), ("subject", subject, 0, SUBJECT_MAX))
    refuse(
        {
            name: _("{name} has {least} to {most} characters").format(name=name, least=least, most=most)
            for name, text, least, most in texts
            if not least <= len(text) <= most or "\x00" in text
        }
    )


def same(stored: Transfer, asked: tuple[Any, ...]) -> bool:
    """Whether a stored transfer is the one that is asked for again (`Draft.asked`)."""
    return asked == (
        stored.debit_id,
        stored.credit_id,
        stored.amount,
        stored.phase,
        stored.subject,
        stored.priority,
        stored.reverses_id,
    )


def accounts_of(drafts: Iterable[Draft]) -> dict[int, Account]:
    return {account.pk: account for draft in drafts for account in (draft.debit, draft.credit)}
