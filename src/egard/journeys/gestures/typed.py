"""Amounts as people type them."""

from __future__ import annotations

from decimal import Decimal

from django.utils.translation import get_language

from egard.base.money import exponent
from egard.console.typed import read_amount
from egard.journeys.gestures.refusals import NoAmount


def minor(text: str, currency: str) -> int:
    """Minor units of what was typed: `4,50`, `4.5`, `1 200`. Raises `NoAmount`, also for half a cent."""
    found = read_amount(text, currency)
    if not found or found >= 10**14:
        decimals = exponent(currency)
        raise NoAmount(decimals=decimals, fields={"amount": str(NoAmount.message).format(decimals=decimals)})
    return found


def written(amount: int, currency: str) -> str:
    """What stands in a field: `4.50`, in French `4,50`."""
    plain = str(Decimal(amount).scaleb(-exponent(currency)))
    return plain.replace(".", ",") if (get_language() or "").startswith("fr") else plain
