"""What accounts count: currencies in their minor units, and what journeys declare."""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache

from babel.numbers import format_decimal, is_currency
from django.utils.translation import get_language

from egard.base.money import Money, exponent
from egard.kernel.ledger.refusals import UnknownUnit
from egard.kernel.registry import registry


@lru_cache(maxsize=512)
def is_money(unit: str) -> bool:
    return len(unit) == 3 and unit.isascii() and unit.isupper() and is_currency(unit)


def checked(unit: str) -> str:
    """Raises `UnknownUnit`."""
    if unit not in registry.units and not is_money(unit):
        known = ", ".join(sorted(registry.units)) or "EUR"
        raise UnknownUnit(unit=unit[:32], known=known, fields={"unit": str(UnknownUnit.title)})
    return unit


def decimals(unit: str) -> int:
    """How many decimals one unit has; 0 for one whose journey is gone."""
    declared = registry.units.get(unit)
    return declared.decimals if declared else exponent(unit) if is_money(unit) else 0


def label(unit: str) -> str:
    declared = registry.units.get(unit)
    return str(declared.label) if declared else unit


def words(amount: int, unit: str, language: str | None = None) -> str:
    """As people write it: `12,50 €`, `1 200 points`."""
    language = language or get_language() or "en"
    if is_money(unit):
        return Money(amount, unit).words(language)
    number = Decimal(amount).scaleb(-decimals(unit))
    return f"{format_decimal(number, locale=language.replace('-', '_'))}\u00a0{label(unit)}"
