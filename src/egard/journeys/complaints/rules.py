"""Rules of complaints: rule sets as files, how alike two complaints are, what counts as once and done. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import yaml

from egard.base.calendars import BadSpan, Span
from egard.base.text import fold, trigrams, words

TYPE = "complaint"
NOT_ASKED = "settled"
SAID_OF_IT = ("satisfied", "unsatisfied", NOT_ASKED)
"""Outcomes of what is settled in one contact; the last where nobody asked."""
WATCHED = timedelta(days=30)
"""For so long after its closing a complaint may still come back: only then is it once and done, or not."""
ALIKE = 0.25
"""From this likeness on two complaints are shown as possibly one."""
WORD_MIN = 4


@dataclass(frozen=True, slots=True)
class RuleSet:
    """What is promised to whoever complains: amounts of time as `egard.base.calendars` reads them."""

    name: str
    title: Mapping[str, str]
    about: Mapping[str, str]
    acknowledge: str
    answer: str
    calendar: str = ""


class BadRules(ValueError):
    """The file is no rule set; its text says why."""


def read_rules(source: str) -> RuleSet:
    """A rule set from its file. Raises `BadRules`."""
    try:
        told = yaml.safe_load(source)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise BadRules(str(error)) from error
    if not isinstance(told, dict) or not {"name", "title", "acknowledge", "answer"} <= set(told):
        raise BadRules("name, title, acknowledge, answer")
    for field in ("acknowledge", "answer"):
        try:
            Span.parse(str(told[field]))
        except BadSpan as error:
            raise BadRules(f"{field}: {told[field]}") from error
    title, about = (_texts(told.get(field)) for field in ("title", "about"))
    return RuleSet(
        str(told["name"])[:64], title, about, str(told["acknowledge"]), str(told["answer"]),
        str(told.get("calendar", ""))[:64],
    )  # fmt: skip


def _texts(told: Any) -> dict[str, str]:
    if isinstance(told, dict):
        return {language: str(told.get(language, ""))[:500] for language in ("fr", "en")}
    return dict.fromkeys(("fr", "en"), str(told or "")[:500])


def with_rules(source: str, rules: RuleSet) -> str:
    """The file of the case type with the promises of a rule set; nothing else in it moves.

    Raises `BadRules` where the file makes no such promises.
    """
    for clock, within in (("acknowledged", rules.acknowledge), ("answered", rules.answer)):
        source = _set(source, ("promises", clock, "within"), within)
        if rules.calendar:
            source = _set(source, ("promises", clock, "calendar"), rules.calendar)
    return source


def _set(source: str, path: tuple[str, ...], value: str) -> str:
    """One scalar of a YAML text in its place; a missing last key is written after the first of its mapping."""
    node: Any = yaml.compose(source, yaml.SafeLoader)
    for depth, key in enumerate(path):
        pairs = {one.value: held for one, held in node.value} if isinstance(node, yaml.MappingNode) else {}
        if key in pairs:
            node = pairs[key]
        elif depth == len(path) - 1 and pairs:
            first_key, first = node.value[0]
            between = ", " if node.flow_style else "\n" + " " * first_key.start_mark.column
            at = first.end_mark.index
            return f"{source[:at]}{between}{key}: {value}{source[at:]}"
        else:
            raise BadRules(".".join(path))
    return source[: node.start_mark.index] + value + source[node.end_mark.index :]


def likeness(one: str, other: str) -> float:
    """How alike two texts are, 0 to 1: the share of common words (of four letters and more) in the shorter one, or of
    common trigrams in both (Jaccard), whichever is more. Accents, case and endings of words weigh little.
    """
    a, b = (frozenset(_stem(word) for word in words(text) if len(word) >= WORD_MIN) for text in (one, other))
    grams = [frozenset(trigrams(" ".join(words(text)))) for text in (one, other)]
    common = len(a & b) / min(len(a), len(b)) if a and b and len(a & b) > 1 else 0.0
    both = grams[0] | grams[1]
    return max(common, len(grams[0] & grams[1]) / len(both) if both else 0.0)


def _stem(word: str) -> str:
    """The beginning of a word: `livraison`, `livraisons`, `livré` need not agree at their ends."""
    return word[:6]


def same_number(one: str, other: str) -> bool:
    return bool(one) and _bare(one) == _bare(other)


def _bare(number: str) -> str:
    return "".join(character for character in fold(number) if character.isalnum())


def contact_key(contact: str) -> str:
    """A way to reach somebody as it is compared: an address in lower case, a phone by its last nine digits."""
    plain = fold(contact).strip()
    digits = "".join(character for character in plain if character.isdecimal())
    return plain[:200] if "@" in plain or len(digits) < 6 else digits[-9:]


def is_once_and_done(
    *, settled_at_once: bool, contacts: int, closed_at: datetime, reopened_at: datetime | None
) -> bool:
    """Settled in its first and only contact, and not reopened within 30 days of its closing."""
    return settled_at_once and contacts == 1 and (reopened_at is None or reopened_at - closed_at > WATCHED)
