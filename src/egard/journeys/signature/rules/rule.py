"""One rule, in the shape of Vale's files: what it looks for, why it matters, what to write instead, and examples of
both.

A pattern is a regular expression over words: whole words, any case; a space is any white space, one apostrophe is every
apostrophe.
"""

from __future__ import annotations

import re
from functools import cached_property
from importlib import import_module
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from egard.journeys.signature.rules import Language, Level, Part
from egard.kernel.cases.rules.text import Text

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
PATTERN_MAX = 500
NESTED_MAX = 60
# The only reader of expressions that Python has; it is not public, and has not moved since 3.11.
parser, codes = import_module("re._parser"), import_module("re._constants")
_REPEATS = (codes.MAX_REPEAT, codes.MIN_REPEAT)


class BadPattern(ValueError):
    """The pattern cannot be used; its text says why."""


def compiled(pattern: str) -> re.Pattern[str]:
    """The expression of a pattern. Raises `BadPattern`, also where its time could grow beyond the length of a text."""
    if len(pattern) > PATTERN_MAX:
        raise BadPattern(f"has more than {PATTERN_MAX} characters")
    same = pattern.replace("’", "'").replace("\u00a0", " ").replace("\u202f", " ")
    words = re.sub(r"(?<!\\)(?<!\[)(?<!\[\^) (?![*+?{])", lambda _: r"\s{1,4}", same)
    try:
        _require_quick(parser.parse(words))
        left = r"(?<!\w)" if re.match(r"[\w(\[\\]", words) else ""
        # What ends in an apostrophe or a space is followed by its word.
        right = r"(?:(?!\w)|(?<=')|(?<=\s))" if re.search(r"[\w)\]}?+*]\Z", words) else ""
        return re.compile(f"{left}(?:{words}){right}", re.IGNORECASE)
    except (re.error, RecursionError, OverflowError) as error:
        raise BadPattern(f"is no pattern: {error}") from error


def _require_quick(tree: Any, *, times: int = 1) -> None:
    """No repetition without end, and few within another: the time of a search stays in proportion to the text."""
    for code, told in tree:
        if code in _REPEATS:
            _least, most, part = told
            if most == codes.MAXREPEAT or most > 200:
                raise BadPattern("repeats without end: write {0,40} instead of * or +")
            if times > 1 and times * most > NESTED_MAX:
                raise BadPattern("repeats within a repetition")
            _require_quick(part, times=times * max(1, most))
        elif code is codes.SUBPATTERN:
            _require_quick(told[-1], times=times)
        elif code is codes.BRANCH:
            for part in told[1]:
                _require_quick(part, times=times)
        elif code in (codes.ASSERT, codes.ASSERT_NOT):
            _require_quick(told[1], times=times)


_COUNT = r"(?:\{[^}]*\}|[?*+])?"
_GROUP = re.compile(rf"(?<!\\)\([^()]*(?<!\\)\){_COUNT}")
_LOOSE = re.compile(rf"\[[^\]]*\]{_COUNT}|\\.{_COUNT}|.(?:\{{[^}}]*\}}|[?*+])")


def needed(pattern: str) -> str:
    """Small letters that stand in whatever a pattern finds; empty where none can be named. Looking for them first saves
    the search.
    """
    bare, before = pattern, ""
    while bare != before:  # from the innermost group outwards
        before, bare = bare, _GROUP.sub("\0", bare)
    if "|" in bare:
        return ""
    runs = re.split(r"[^\w'’]", _LOOSE.sub("\0", bare))
    return max(runs, key=len, default="").replace("’", "'").lower()


def _is_pattern(value: str) -> str:
    compiled(value)
    return value


Pattern = Annotated[str, StringConstraints(min_length=1), AfterValidator(_is_pattern)]


def _several(value: object) -> object:
    return [value] if isinstance(value, str) else value


Patterns = Annotated[tuple[Pattern, ...], BeforeValidator(_several), Field(min_length=1, max_length=300)]
Samples = Annotated[
    tuple[Annotated[str, StringConstraints(min_length=1, max_length=4000)], ...], BeforeValidator(_several)
]


class Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Examples(Shape):
    """Texts in which the rule finds something, and texts in which it does not. They run as tests."""

    bad: Samples = Field(min_length=1)
    good: Samples = Field(min_length=1)


class Only(Shape):
    """Where a rule holds; everywhere, if nothing is said."""

    posture: tuple[Literal["vous", "tu"], ...] = ()
    formality: tuple[Literal["formal", "plain", "familiar"], ...] = ()
    moments: tuple[Name, ...] = ()
    channels: tuple[Name, ...] = ()

    def holds(self, *, posture: str, formality: str, moment: str, channel: str) -> bool:
        asked = ((self.posture, posture), (self.formality, formality), (self.moments, moment), (self.channels, channel))
        return all(not wanted or value in wanted for wanted, value in asked)


class Base(Shape):
    """What all rules have. `message` may say `{text}`, what was found, and `{suggestion}`."""

    rule: Name
    language: Language
    part: Part
    level: Level = "warning"
    message: Text
    only: Only = Only()
    unless: tuple[Pattern, ...] = ()
    """Not where the sentence has one of these."""
    examples: Examples

    @cached_property
    def excused(self) -> tuple[re.Pattern[str], ...]:
        return tuple(compiled(one) for one in self.unless)


class Existence(Base):
    """None of these words. `suggest` is written instead (groups as \\1); nothing, where the words say nothing."""

    kind: Literal["existence"]
    tokens: Patterns
    suggest: str = ""

    @cached_property
    def searches(self) -> tuple[tuple[str, re.Pattern[str]], ...]:
        return tuple((needed(one), compiled(one)) for one in self.tokens)


class Substitution(Base):
    """This instead of that."""

    kind: Literal["substitution"]
    swap: Annotated[dict[Pattern, str], Field(min_length=1, max_length=300)]

    @cached_property
    def searches(self) -> tuple[tuple[str, re.Pattern[str], str], ...]:
        return tuple((needed(one), compiled(one), instead) for one, instead in self.swap.items())


class Occurrence(Base):
    """At most `max` of these in a text, a paragraph or a sentence; `warmth`: as many as the style's warmth."""

    kind: Literal["occurrence"]
    token: Pattern
    max: Annotated[int, Field(ge=0, le=1000)] | Literal["warmth"]
    scope: Literal["text", "paragraph", "sentence"] = "text"
    suggest: str = ""

    @cached_property
    def search(self) -> re.Pattern[str]:
        return compiled(self.token)


class Repetition(Base):
    """The same word twice in a row; `except` are words that may (*nous nous*)."""

    kind: Literal["repetition"]
    allowed: tuple[str, ...] = Field(default=(), alias="except")


class Consistency(Base):
    """One or the other in the same text, never both; the second is changed into the first."""

    kind: Literal["consistency"]
    either: Annotated[dict[Pattern, Pattern], Field(min_length=1, max_length=100)]

    @cached_property
    def pairs(self) -> tuple[tuple[re.Pattern[str], re.Pattern[str], str], ...]:
        return tuple((compiled(one), compiled(other), one) for one, other in self.either.items())


class Conditional(Base):
    """Whoever writes `first` also writes `second`, anywhere in the text. `suggest` is added after the sentence."""

    kind: Literal["conditional"]
    first: Pattern
    second: Pattern
    suggest: str

    @cached_property
    def searches(self) -> tuple[re.Pattern[str], re.Pattern[str]]:
        return compiled(self.first), compiled(self.second)


class Capitalization(Base):
    """No words in capitals, unless they are short (an abbreviation) or named here."""

    kind: Literal["capitalization"]
    least: Annotated[int, Field(ge=2, le=40)] = 5
    allowed: tuple[str, ...] = Field(default=(), alias="except")


class Metric(Base):
    """So many words in a sentence, a paragraph or the message at most; without `max`, what the style says."""

    kind: Literal["metric"]
    measure: Literal["sentence_words", "paragraph_words", "message_words"]
    max: Annotated[int, Field(ge=1, le=10_000)] | None = None


class Sequence(Base):
    """These one after the other in a sentence, with at most `skip` words between."""

    kind: Literal["sequence"]
    tokens: Annotated[tuple[Pattern, ...], Field(min_length=2, max_length=6)]
    skip: Annotated[int, Field(ge=0, le=10)] = 3
    suggest: str = ""

    @cached_property
    def search(self) -> re.Pattern[str]:
        gap = rf"(?:[^\w.!?\n]{{1,4}}\w{{1,30}}){{0,{self.skip}}}?[^\w.!?\n]{{1,4}}"
        return re.compile(gap.join(f"(?:{compiled(one).pattern})" for one in self.tokens), re.IGNORECASE)


Rule = Annotated[
    Existence | Substitution | Occurrence | Repetition | Consistency | Conditional | Capitalization | Metric | Sequence,
    Field(discriminator="kind"),
]
