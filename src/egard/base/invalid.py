"""What a schema found wrong, in the reader's language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

FIELDS_MAX = 20
"""How many fields one refusal names at most."""

_WORDS: dict[str, Any] = {
    "missing": _("is required"),
    "extra_forbidden": _("is not a known field"),
    "unexpected_keyword_argument": _("is not a known field"),
    "string_type": _("must be a text"),
    "string_too_short": _("must have at least {min_length} characters"),
    "string_too_long": _("must have at most {max_length} characters"),
    "string_pattern_mismatch": _("must have the form {pattern}"),
    "int_type": _("must be a whole number"),
    "int_parsing": _("must be a whole number"),
    "int_parsing_size": _("must be a smaller number"),
    "int_from_float": _("must be a whole number"),
    "float_type": _("must be a number"),
    "float_parsing": _("must be a number"),
    "finite_number": _("must be a finite number"),
    "greater_than_equal": _("must be at least {ge}"),
    "less_than_equal": _("must be at most {le}"),
    "greater_than": _("must be more than {gt}"),
    "less_than": _("must be less than {lt}"),
    "bool_type": _("must be true or false"),
    "bool_parsing": _("must be true or false"),
    "uuid_type": _("must be an id (a UUID)"),
    "uuid_parsing": _("must be an id (a UUID)"),
    "list_type": _("must be a list"),
    "too_long": _("must have at most {max_length} items"),
    "too_short": _("must have at least {min_length} items"),
    "dict_type": _("must be an object"),
    "model_type": _("must be an object"),
    "model_attributes_type": _("must be an object"),
    "dataclass_type": _("must be an object"),
    "literal_error": _("must be {expected}"),
    "timezone_aware": _("needs an offset: 2026-03-29T07:00:00Z"),
    "datetime_type": _("must be a date and time with an offset: 2026-03-29T07:00:00Z"),
    "datetime_parsing": _("must be a date and time with an offset: 2026-03-29T07:00:00Z"),
    "datetime_from_date_parsing": _("is no date of the calendar, or not written as 2026-03-29T07:00:00Z"),
    "moment_form": _("must be a date and time with an offset: 2026-03-29T07:00:00Z"),
    "moment_year": _("must lie between the years {first} and {last}"),
}


def words(error: Mapping[str, Any]) -> str:
    """One finding of pydantic in words; a rare one stays in pydantic's own English."""
    known = _WORDS.get(error["type"])
    if known is None:
        return str(error["msg"])
    return str(known).format(**error.get("ctx", {}))


def by_field(errors: Iterable[Mapping[str, Any]], *, whole: str = "body") -> dict[str, str]:
    """Findings by the dotted path of their field (`lines.0.quantity`); `whole` names what has no path."""
    found: dict[str, str] = {}
    for error in errors:
        if len(found) == FIELDS_MAX:
            break
        found.setdefault(".".join(str(part) for part in error["loc"]) or whole, words(error))
    return found
