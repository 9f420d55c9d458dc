"""Amounts as people type them."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

from django.utils.translation import get_language

from egard.base.money import exponent
from egard.journeys.gestures.refusals import NoAmount

_SPACES = re.compile(r"[\s\u00a0\u202f€]")


def minor(text: str, currency: str) -> int:
    """Minor units of what was typed: `4,50`, `4.5`, `1 200`. Raises `NoAmount`, also for half a cent."""
    plain = _SPACES.sub("", text).replace(",", ".")
    decimals = exponent(currency)
    wrong = NoAmount(decimals=decimals, fields={"amount": str(NoAmount.message).format(decimals=decimals)})
    try:
        amount = Decimal(plain)
    except InvalidOperation as error:
        raise wrong from error
    if not amount.is_finite() or amount <= 0 or amount >= 10**12:
        raise wrong
    scaled = amount.scaleb(decimals)
    if scaled != scaled.to_integral_value():
        raise wrong
    return int(scaled)


def written(amount: int, currency: str) -> str:
    """What stands in a field: `4.50`, in French `4,50`."""
    plain = str(Decimal(amount).scaleb(-exponent(currency)))
    return plain.replace(".", ",") if (get_language() or "").startswith("fr") else plain
