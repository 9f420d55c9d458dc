"""Normal forms of identifiers, and what a search looks through: pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, Protocol, TypeVar

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from egard.base.text import fold, trigrams, words
from egard.kernel.registry.declarations import IdentifierKind

VALUE_MAX = 320
"""Characters of an identifier at most: the longest e-mail address there can be (64 + 1 + 255)."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SPACES = re.compile(r"\s+")
_PLATE = re.compile(r"[^A-Z0-9]")
_PLAIN_EMAIL = re.compile(
    r"[a-z0-9_+-]+(\.[a-z0-9_+-]+)*@[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*\.[a-z]{2,24}"
)
_RESERVED = (".test", ".invalid", ".localhost", ".local", ".example")


def normalise_text(value: str) -> str:
    """Trimmed, inner spaces made one. Raises `ValueError("empty" | "too_long" | "control_character")`."""
    value = " ".join(value.split())
    if not value:
        raise ValueError("empty")
    if len(value) > VALUE_MAX:
        raise ValueError("too_long")
    if not value.isprintable() and _CONTROL.search(value):
        raise ValueError("control_character")
    return value


def normalise_email(value: str) -> str:
    """The address in lower case, by RFC 5322/6531 syntax; no mailbox is asked. Raises `ValueError("not_an_email")`."""
    value = value.strip().lower()
    # The common shape is recognised at once; everything else goes through the full grammar.
    if len(value) <= 254 and _PLAIN_EMAIL.fullmatch(value) and "xn--" not in value and value.find("@") <= 64:
        return value
    try:
        found = validate_email(value, check_deliverability=False, test_environment=value.endswith(_RESERVED))
    except (EmailNotValidError, ValueError) as error:
        raise ValueError("not_an_email") from error
    return found.normalized.lower()


@lru_cache(maxsize=4096)
def normalise_phone(value: str, country: str) -> str:
    """E.164 (`+33612345678`). `country` (ISO 3166) is assumed where none is written.

    Raises `ValueError("not_a_phone")`.
    """
    try:
        number = phonenumbers.parse(value, country or None)
    except phonenumbers.NumberParseException as error:
        raise ValueError("not_a_phone") from error
    # Possible, not valid by today's tables: new ranges are given out before the tables know them.
    reason = phonenumbers.is_possible_number_with_reason(number)
    if number.extension or reason != phonenumbers.ValidationResult.IS_POSSIBLE:
        raise ValueError("not_a_phone")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def display_phone(value: str, home: str = "") -> str:
    """As people read it: `+33 6 12 34 56 78`, or `06 12 34 56 78` where it is of the country `home` (ISO 3166); with
    no-break spaces.
    """
    try:
        number = phonenumbers.parse(value)
    except phonenumbers.NumberParseException:
        return value
    at_home = bool(home) and phonenumbers.region_code_for_number(number) == home
    shape = phonenumbers.PhoneNumberFormat.NATIONAL if at_home else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(number, shape).replace(" ", "\u00a0")


def phone_terms(value: str) -> tuple[str, ...]:
    """What people type of a phone: the digits with the country (33612345678) and as dialled at home (0612345678)."""
    digits = value.lstrip("+")
    try:
        number = phonenumbers.parse(value)
    except phonenumbers.NumberParseException:
        return (digits,)
    home = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
    return (digits, re.sub(r"\D", "", home))


def normalise_plate(value: str) -> str:
    """Letters and digits only, upper case: `ab-123-cd` becomes `AB123CD`. Raises `ValueError("not_a_plate")`."""
    plate = _PLATE.sub("", value.upper())
    if not 2 <= len(plate) <= 12:
        raise ValueError("not_a_plate")
    return plate


def stored_form(kind: IdentifierKind, value: str) -> str:
    """The form in which an identifier is stored; kinds found by their ends in upper case: search need not fold.

    Raises `ValueError` with a code of two or three words.
    """
    normal = normalise_text(kind.normalise(value))
    return normal.upper() if kind.search == "ends" else normal


# --- search ----------------------------------------------------------------------------------------------------


def search_text(name_words: Iterable[str], terms: Iterable[str]) -> str:
    """The text that a search looks through: folded words set apart by one space, a space before the first.

    A word found after a space is found at its beginning; anywhere else, inside.
    """
    seen = dict.fromkeys([*name_words, *(_compact(term) for term in terms)])
    return "".join(f" {word}" for word in seen if word)


def terms_of(kind: IdentifierKind, value: str) -> tuple[str, ...]:
    """What is looked through for an identifier: the forms that people type of it."""
    return kind.search_terms(value) if kind.search_terms else (value,)


_SEPARATOR = re.compile(r"[\s/-]+")


def _compact(term: str) -> str:
    """An identifier as it is searched: folded, and without separators unless it is an address."""
    return fold(term) if "@" in term else _SEPARATOR.sub("", fold(term))


def grams_of(text: str) -> list[str]:
    return trigrams(text)


@dataclass(frozen=True, slots=True)
class Query:
    """What somebody typed, understood.

    `words` are folded; each must be found. `digits` replaces them when the text is a number written with spaces,
    dots or a leading +. `grams` are the trigrams that every match holds.
    """

    words: tuple[str, ...]
    kind: Literal["nothing", "short", "words"]
    grams: tuple[str, ...] = ()

    @property
    def only(self) -> str:
        return self.words[0] if len(self.words) == 1 else ""


_NUMBER = re.compile(r"\+?[\d\s.()/\u00a0-]{2,}")
QUERY_MAX = 200


class Pointing(Protocol):
    """Something that points to a person: an identifier as a list or a page shows it."""

    @property
    def kind(self) -> IdentifierKind: ...


P = TypeVar("P", bound=Pointing)


def telling(entries: Sequence[P]) -> P | None:
    """The identifier that tells a person without a name from the others: her customer number, else another number,
    else an address."""
    return min(entries, key=lambda e: (e.kind.name != "customer_number", bool(e.kind.reach)), default=None)


def understand(q: str) -> Query:
    """A typed text as a `Query`. A number may be typed as people write numbers: `06 12.34`, `+33 (0)6 12`."""
    q = _CONTROL.sub(" ", q)[:QUERY_MAX].strip()
    if _NUMBER.fullmatch(q) and sum(c.isdecimal() for c in q) >= 2:
        digits = re.sub(r"\D", "", q.replace("(0)", ""))
        if q.startswith("00"):
            digits = digits[2:]
        found: tuple[str, ...] = (digits,)
    elif "@" in q:
        found = tuple(fold(part) for part in q.split())
    else:
        found = tuple(dict.fromkeys(part for part in _query_words(q)))
    if not found:
        return Query((), "nothing")
    grams = {g for word in found for g in _inner_grams(word)}
    return Query(found, "words" if grams else "short", tuple(sorted(grams)))


def _query_words(q: str) -> Iterable[str]:
    for part in q.split():
        # A token with digits is a number of something (AB-123-CD, C536365), stored without its separators;
        # one with a dot or an underscore is a piece of an e-mail address.
        if any(c.isdecimal() for c in part):
            yield fold(part) if "." in part or "_" in part else _SEPARATOR.sub("", fold(part))
        else:
            yield from words(part)


def _inner_grams(word: str) -> Iterable[str]:
    """The trigrams inside a typed word: it may stand anywhere in a stored one."""
    return (word[i : i + 3] for i in range(len(word) - 2))
