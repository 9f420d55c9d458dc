"""The accounts of gestures in the ledger: what each of their moves goes from and to.

A budget is an allowance: put in from `gestures:allowance`, taken out to `gestures:given`, at the cost of what is given.
What the client gets moves apart from it, at its worth: from `gestures:cost` to her wallet, or to a voucher’s account.
"""

from __future__ import annotations

from datetime import datetime

from egard.journeys.gestures.models import Budget, Voucher
from egard.kernel.access.actors import Actor, system
from egard.kernel.ledger.models import Account
from egard.kernel.ledger.operations import open_account

SOURCE = "gestures"
"""Of our keys in the ledger."""
BY = system("gestures")


def allowance(unit: str, *, now: datetime) -> Account:
    """Where budgets come from."""
    return open_account("gestures:allowance", unit=unit, kind="equity", by=BY, now=now)


def given(unit: str, *, now: datetime) -> Account:
    """Where what budgets paid ends."""
    return open_account("gestures:given", unit=unit, kind="equity", by=BY, now=now)


def cost(unit: str, *, now: datetime) -> Account:
    """The worth of what clients were credited with."""
    return open_account("gestures:cost", unit=unit, kind="expense", by=BY, now=now)


def redeemed(unit: str, *, now: datetime) -> Account:
    """What vouchers paid for."""
    return open_account("gestures:redeemed", unit=unit, kind="income", by=BY, now=now)


def lapsed(unit: str, *, now: datetime) -> Account:
    """What vouchers held when they ended."""
    return open_account("gestures:lapsed", unit=unit, kind="income", by=BY, now=now)


def budget(row: Budget, *, by: Actor, now: datetime) -> Account:
    return open_account(
        row.code, unit=row.currency, kind="equity", team=row.team, name=f"{row.team.name} · {row.period}"[:100],
        limit="no_negative", by=by, now=now,
    )  # fmt: skip


def voucher(row: Voucher, *, by: Actor, now: datetime) -> Account:
    return open_account(
        row.account, unit=row.currency, kind="liability", owner=row.person, limit="no_negative", by=by, now=now
    )
