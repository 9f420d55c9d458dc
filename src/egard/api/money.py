"""Money as bodies and answers hold it: whole minor units and a currency, or another unit's smallest pieces."""

from __future__ import annotations

from pydantic import Field

from egard.api.schemas import In, Out
from egard.base.money import Money

AMOUNT_MAX = 10**15


class MoneyIn(In):
    """An amount above zero."""

    amount: int = Field(strict=True, ge=1, le=AMOUNT_MAX, description="minor units: 1250 is 12.50 EUR", examples=[1250])
    currency: str = Field(min_length=1, max_length=32, examples=["EUR"])

    @property
    def money(self) -> Money:
        return Money(self.amount, self.currency)


class MoneyOut(Out):
    amount: int = Field(description="minor units: 1250 is 12.50 EUR")
    currency: str


def money_out(amount: int | None, unit: str) -> dict[str, object] | None:
    """Nothing where there is no amount."""
    return None if amount is None else {"amount": amount, "currency": unit}
