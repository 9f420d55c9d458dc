"""The fields of a type of case as a form: how each is asked for, read and said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from egard.base.money import Money
from egard.console.moments import day_words
from egard.console.ring import at
from egard.kernel.cases.checks import said
from egard.kernel.cases.rules.definition import DataField
from egard.kernel.cases.rules.values import as_date, as_moment

CURRENCY = "EUR"
RADIOS_MAX = 5
"""So many choices stand beside one another; more are a menu."""


@dataclass(slots=True)
class Field:
    """One field of a form. `text` is what stands in it, `was` what it was opened on; `theirs` what somebody else wrote
    meanwhile: to be chosen between.
    """

    name: str
    field: DataField
    text: str = ""
    currency: str = CURRENCY
    was: str = ""
    mandatory: bool = False
    error: str = ""
    theirs: str | None = None
    theirs_said: str = ""

    @property
    def input(self) -> str:
        return f"f_{self.name}"

    @property
    def label(self) -> str:
        return said(self.field.label)

    @property
    def type(self) -> str:
        return self.field.type

    @property
    def choices(self) -> list[tuple[str, str]]:
        if self.type == "yes_no":
            return [("yes", _("Yes")), ("no", _("No"))]
        return [(code, said(label)) for code, label in self.field.choices.items()]

    @property
    def has_radios(self) -> bool:
        return self.type == "yes_no" or (self.type == "choice" and len(self.field.choices) <= RADIOS_MAX)

    @property
    def raw(self) -> str:
        """All that stands in it, as one text."""
        return f"{self.text} {self.currency}" if self.type == "money" and self.text else self.text

    @property
    def is_contested(self) -> bool:
        return self.theirs is not None and self.theirs != self.raw


def fields(
    asked: Iterable[tuple[str, DataField, bool]], data: Mapping[str, Any], post: Mapping[str, str] | None = None
) -> list[Field]:
    """The fields of a form, filled with what is known, or with what was typed."""
    found = []
    for name, field, mandatory in asked:
        text, currency = as_text(field, data.get(name))
        made = Field(name, field, text, currency, mandatory=mandatory)
        made.was = made.raw
        if post is not None and (f"w_{name}" in post or made.input in post):
            made.was = post.get(f"w_{name}", made.was).replace("\r\n", "\n")
            made.text = post.get(made.input, "").strip().replace("\r\n", "\n")
            made.currency = post.get(f"{made.input}_currency", CURRENCY).strip().upper()[:3] or CURRENCY
        found.append(made)
    return found


def as_text(field: DataField, value: Any) -> tuple[str, str]:
    """A stored value as it stands in its input, and its currency."""
    if value is None:
        return "", CURRENCY
    if field.type == "money":
        money = Money(value["amount"], value["currency"])
        return _number(money.major), money.currency
    if field.type == "yes_no":
        return ("yes" if value else "no"), CURRENCY
    if field.type == "moment":
        moment = as_moment(value)
        return (f"{timezone.localtime(moment):%Y-%m-%dT%H:%M}" if moment else str(value)), CURRENCY
    return (_number(value) if field.type in ("number", "whole") else str(value)), CURRENCY


def _number(value: Any) -> str:
    text = str(value)
    return text.replace(".", ",") if (get_language() or "").startswith("fr") else text


def value_of(made: Field) -> Any:
    """What was typed as it is stored; None where nothing was. What cannot be read stays as typed: the kernel says why
    it is wrong.
    """
    text = made.text
    if not text:
        return None
    match made.type:
        case "yes_no":
            return {"yes": True, "no": False}.get(text, text)
        case "whole" | "number":
            return _amount(text, whole=made.type == "whole")
        case "moment":
            return _moment(text)
        case "money":
            number = _decimal(text)
            if number is None:
                return text
            try:
                return {"amount": Money.of(number, made.currency).amount, "currency": made.currency}
            except (ValueError, ArithmeticError, KeyError):
                return text
    return text


def _decimal(text: str) -> Decimal | None:
    plain = "".join(text.split()).replace(",", ".")
    try:
        number = Decimal(plain)
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number) < Decimal(10) ** 15 else None


def _amount(text: str, *, whole: bool) -> Any:
    number = _decimal(text)
    if number is None or (whole and number != number.to_integral_value()):
        return text
    return int(number) if number == number.to_integral_value() else float(number)


def _moment(text: str) -> str:
    """What the house's clocks showed, as a moment."""
    try:
        naive = datetime.fromisoformat(text)
    except ValueError:
        return text
    aware = naive if naive.tzinfo else naive.replace(tzinfo=timezone.get_default_timezone())
    try:
        return aware.astimezone(UTC).isoformat().replace("+00:00", "Z")
    except OverflowError:
        return text


def given(found: Iterable[Field]) -> dict[str, Any]:
    """What a form changes of what it was opened on, by name."""
    return {one.name: value_of(one) for one in found if one.raw != one.was}


def words(field: DataField | None, value: Any, now: datetime) -> str:
    """A stored value as people say it."""
    if value is None or value == "":
        return "–"
    language = get_language() or "en"
    match field.type if field else "":
        case "yes_no":
            return _("Yes") if value else _("No")
        case "choice":
            label = field.choices.get(value) if field else None
            return said(label) if label else str(value)
        case "money":
            return Money(value["amount"], value["currency"]).words(language)
        case "moment":
            moment = as_moment(value)
            return at(moment, now) if moment else str(value)
        case "date":
            day = as_date(value)
            return day_words(day, _("j F Y")) if day else str(value)
        case "number" | "whole":
            return _number(value)
    if isinstance(value, dict):  # what an outside event brought beside what its type knows
        return ", ".join(f"{name}: {one}" for name, one in value.items())
    return str(value)
