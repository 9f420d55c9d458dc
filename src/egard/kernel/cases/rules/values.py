"""Values of a case's data: checked against the fields of its type, and as expressions see them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from egard.kernel.cases.rules.definition import CaseType, DataField
from egard.kernel.cases.rules.text import Text

TEXT_MAX = 10_000
WHOLE_MAX = 2**53
_WORDS = {
    "unknown": Text(fr="n’est pas un champ de ce dossier", en="is not a field of this case"),
    "text": Text(fr="doit être un texte (10 000 caractères au plus)", en="must be a text (at most 10,000 characters)"),
    "choice": Text(fr="doit être l’un des choix proposés", en="must be one of the choices"),
    "whole": Text(fr="doit être un nombre entier", en="must be a whole number"),
    "number": Text(fr="doit être un nombre", en="must be a number"),
    "yes_no": Text(fr="doit être oui ou non", en="must be yes or no (true, false)"),
    "date": Text(fr="doit être une date, comme 2026-03-29", en="must be a date such as 2026-03-29"),
    "moment": Text(
        fr="doit être une date et une heure, comme 2026-03-29T07:00:00Z",
        en="must be a date and time such as 2026-03-29T07:00:00Z",
    ),
    "money": Text(fr="doit être un montant et sa devise", en="must be an amount in minor units and its currency"),
    "missing": Text(fr="est à renseigner", en="is needed"),
}
_WORDS["document"] = _WORDS["text"]


def problems(case_type: CaseType, values: Mapping[str, Any]) -> dict[str, Text]:
    """What is wrong with some values, by field; a null takes a value away and is always right."""
    found: dict[str, Text] = {}
    for name, value in values.items():
        field = case_type.data.get(name)
        if field is None:
            found[name] = _WORDS["unknown"]
        elif value is not None and not _fits(field, value):
            found[name] = _WORDS[field.type]
    return found


def missing(fields: tuple[str, ...], data: Mapping[str, Any]) -> dict[str, Text]:
    """The fields among `fields` that are not answered; an empty text is no answer."""
    return {name: _WORDS["missing"] for name in fields if data.get(name) in (None, "")}


def _fits(field: DataField, value: Any) -> bool:
    match field.type:
        case "text" | "document":
            return isinstance(value, str) and len(value) <= TEXT_MAX and "\x00" not in value
        case "choice":
            return isinstance(value, str) and value in field.choices
        case "yes_no":
            return isinstance(value, bool)
        case "whole":
            return isinstance(value, int) and not isinstance(value, bool) and abs(value) < WHOLE_MAX
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool) and _plain(value)
        case "date":
            return isinstance(value, str) and len(value) == 10 and as_date(value) is not None
        case "moment":
            return isinstance(value, str) and as_moment(value) is not None
        case _:
            return (
                isinstance(value, dict)
                and set(value) == {"amount", "currency"}
                and isinstance(value["amount"], int)
                and not isinstance(value["amount"], bool)
                and abs(value["amount"]) < WHOLE_MAX
                and isinstance(value["currency"], str)
                and len(value["currency"]) == 3
                and value["currency"].isascii()
                and value["currency"].isupper()
            )


def _plain(value: float) -> bool:
    return math.isfinite(value) and abs(value) < 1e15


def as_date(value: str) -> date | None:
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None


def as_moment(value: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return None
    return at.astimezone(UTC) if at.tzinfo and 1 < at.year < 9999 else None


def seen(field: DataField | None, value: Any) -> Any:
    """A stored value as expressions see it: numbers are floats, dates and moments are moments, money is its amount."""
    match field.type if field else "":
        case "number":
            return float(value)
        case "moment":
            return as_moment(value)
        case "date":
            day = as_date(value)
            return datetime(day.year, day.month, day.day, tzinfo=UTC) if day else None
        case "money":
            return value["amount"]
    return value
