"""Money: integer minor units and an ISO 4217 currency; one rounding point."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache

from babel.numbers import format_currency, get_currency_precision


@lru_cache(maxsize=256)
def exponent(currency: str) -> int:
    """How many decimals the currency has (EUR 2, JPY 0, TND 3), by CLDR."""
    return get_currency_precision(currency)


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units (cents of EUR, yen of JPY), never a float."""

    amount: int
    currency: str

    @classmethod
    def of(cls, major: Decimal, currency: str) -> Money:
        """Minor units of `major`, rounded half to even: the one rounding point."""
        return cls(to_minor(major, currency), currency)

    @property
    def major(self) -> Decimal:
        return Decimal(self.amount).scaleb(-exponent(self.currency))

    def words(self, language: str) -> str:
        """As people of `language` write it: `1 234,50 €` with its no-break spaces, `€1,234.50`."""
        return format_currency(self.major, self.currency, locale=language.replace("-", "_"))


def to_minor(major: Decimal, currency: str) -> int:
    """Minor units of a decimal amount, rounded half to even."""
    return int(major.scaleb(exponent(currency)).to_integral_value(rounding=ROUND_HALF_EVEN))
