"""Money: integer minor units and an ISO 4217 currency; one rounding point."""

from __future__ import annotations

import re
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
        written = _plain(self.amount, self.currency, language) if _is_plain(self.currency, language) else None
        return written or _by_babel(self.amount, self.currency, language)


def _by_babel(amount: int, currency: str, language: str) -> str:
    major = Decimal(amount).scaleb(-exponent(currency))
    return format_currency(major, currency, locale=language.replace("-", "_"))


# Babel takes some 80 µs an amount, more than all else on its line of a timeline. Most languages write amounts in one
# plain way, which is learned from Babel itself, and used only where it gives the same for every sample.


@lru_cache(maxsize=1024)
def _signs(currency: str, language: str) -> tuple[str, str, str, str] | None:
    """What stands before the number, between thousands, before decimals, and after; None where it is not so plain."""
    decimals = exponent(currency)
    fraction = "89" * decimals
    sample = _by_babel(int(f"1234567{fraction[:decimals]}"), currency, language)
    found = re.fullmatch(rf"(\D*)1(?P<group>\D*)234(?P=group)567(\D*?){fraction[:decimals]}(\D*)", sample)
    return (found[1], found[2], found[3], found[4]) if found else None


def _plain(amount: int, currency: str, language: str) -> str | None:
    signs = _signs(currency, language)
    if signs is None:
        return None
    before, group, point, after = signs
    decimals = exponent(currency)
    whole, rest = divmod(abs(amount), 10**decimals)
    fraction = f"{point}{rest:0{decimals}}" if decimals else ""
    return f"{'-' if amount < 0 else ''}{before}{f'{whole:,}'.replace(',', group)}{fraction}{after}"


@lru_cache(maxsize=1024)
def _is_plain(currency: str, language: str) -> bool:
    """Whether the plain way and Babel agree on amounts of every length and sign."""
    samples = [sign * int("98765432101"[:length]) for length in range(1, 12) for sign in (1, -1)]
    return all(_plain(n, currency, language) == _by_babel(n, currency, language) for n in (0, *samples))


def to_minor(major: Decimal, currency: str) -> int:
    """Minor units of a decimal amount, rounded half to even."""
    return int(major.scaleb(exponent(currency)).to_integral_value(rounding=ROUND_HALF_EVEN))
