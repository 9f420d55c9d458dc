"""A brand ready to judge: its style with the rules that hold, read from files and looked through."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from egard.journeys.signature.rules import grammar
from egard.journeys.signature.rules.rule import Rule
from egard.journeys.signature.rules.style import Style
from egard.kernel.cases.rules.reading import Finding as Wrong
from egard.kernel.cases.rules.reading import Refused, misfits, values_of

FOLDER = Path(__file__).parents[1]
HOUSE = FOLDER / "house"
DEFAULT = FOLDER / "brands" / "house.yaml"
_RULE = TypeAdapter[Rule](Rule)


@dataclass(frozen=True)
class Brand:
    """A style and the rules that hold under it."""

    style: Style
    rules: tuple[Rule, ...]

    @cached_property
    def version(self) -> str:
        """Of the style and of the rules: the same judgement, the same version."""
        told = self.style.version + "".join(one.model_dump_json() for one in self.rules)
        return hashlib.sha256(told.encode()).hexdigest()

    @property
    def is_readable(self) -> bool:
        """Whether what it reads with is installed."""
        return self.style.reader == "forms" or grammar.is_installed()


def read_rule(source: str) -> Rule:
    """The rule in a file. Raises `Refused`, with what is wrong by line."""
    told, lines = values_of(source, a="a rule", begins="rule: name")
    try:
        return _RULE.validate_python(told)
    except ValidationError as error:
        raise Refused(misfits(error, lines)) from error


def read_style(source: str) -> Style:
    """The style in a file. Raises `Refused`, with what is wrong by line."""
    told, lines = values_of(source, a="a style", begins="brand: name")
    try:
        found = Style.model_validate(told)
    except ValidationError as error:
        raise Refused(misfits(error, lines)) from error
    if wrong := [Wrong(lines.at(path), rule, words) for path, rule, words in _contradictions(found)]:
        raise Refused(sorted(wrong))
    return found


def _contradictions(style: Style) -> Iterator[tuple[tuple[str, ...], str, str]]:
    names = [one.rule for one in style.rules]
    for n, name in enumerate(names):
        if name in names[:n]:
            yield ("rules",), "twice", f"the rule “{name}” stands here twice"
    known = {one.rule for one in house_rules()}
    for name in style.without:
        if name not in known:
            yield ("without",), "unknown_rule", f"no rule that ships is called “{name}”"


@cache
def house_rules() -> tuple[Rule, ...]:
    """The rules that ship, in the order of their names."""
    return tuple(read_rule(path.read_text(encoding="utf-8")) for path in sorted(HOUSE.glob("*/*.yaml")))


def brand_of(style: Style) -> Brand:
    """A rule of the brand's own takes the place of one that ships under its name and language."""
    own = {(one.language, one.rule) for one in style.rules}
    house = house_rules() if style.house else ()
    kept = [one for one in house if one.rule not in style.without and (one.language, one.rule) not in own]
    return Brand(style, (*kept, *style.rules))


def read(source: str) -> Brand:
    """The brand in a file. Raises `Refused`."""
    return brand_of(read_style(source))


@cache
def default() -> Brand:
    """The brand that ships: a careful house that says vous."""
    return read(DEFAULT.read_text(encoding="utf-8"))
