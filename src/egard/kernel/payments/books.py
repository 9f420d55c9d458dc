"""The accounts of payments in the ledger."""

from __future__ import annotations

from datetime import datetime

from egard.kernel.access.actors import Actor
from egard.kernel.ledger.models import Account
from egard.kernel.ledger.operations import open_account

SOURCE = "payments"
"""Of our keys in the ledger."""


def at_provider(provider: str, currency: str, *, by: Actor, now: datetime) -> Account:
    """What a provider owes us: captured, less given back, until it is settled."""
    return open_account(f"payments:{provider}", unit=currency, kind="asset", name=provider, by=by, now=now)


def received(currency: str, *, by: Actor, now: datetime) -> Account:
    """Where payments go for which nobody names an account."""
    return open_account("payments:received", unit=currency, kind="income", by=by, now=now)
