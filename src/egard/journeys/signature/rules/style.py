"""A brand's relational style: the shape of its file. The JSON Schema that ships is made from these classes."""

from __future__ import annotations

import hashlib
import re
from functools import cached_property
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from egard.journeys.signature.rules import ALWAYS, PARTS, Language, Part, grammar
from egard.journeys.signature.rules.rule import Name, Patterns, Rule, Shape, compiled, needed
from egard.kernel.cases.rules.text import Text

Words = Annotated[str, StringConstraints(min_length=1, max_length=600)]
Channel = Name
WEIGHTS: dict[Part, int] = {"focus": 25, "facts": 25, "posture": 15, "usefulness": 20, "clarity": 15}


class Value(Shape):
    """Something that the brand stands for, and how it is heard."""

    title: Text
    about: Text


class Banned(Shape):
    """A word that the brand does not use; `use` is what it says instead."""

    use: str = Field(default="", max_length=200)
    why: str = Field(default="", max_length=300)


def _banned(value: object) -> object:
    """`word: instead`, or the whole."""
    return {"use": value} if isinstance(value, str) else value


class Vocabulary(Shape):
    """Words of the brand, with why; and words that are not. Plain words, not patterns."""

    wanted: dict[Words, str] = Field(default={}, max_length=300)
    banned: dict[Words, Annotated[Banned, BeforeValidator(_banned)]] = Field(default={}, max_length=300)


class Lengths(Shape):
    """Words: of a sentence, of a paragraph, of a message by channel (`any` where a channel is not named)."""

    sentence: Annotated[int, Field(ge=5, le=100)] = 28
    paragraph: Annotated[int, Field(ge=10, le=500)] = 90
    message: dict[Channel, Annotated[int, Field(ge=5, le=5000)]] = {"any": 250}

    def of_message(self, channel: str) -> int:
        return self.message.get(channel) or self.message.get("any", 250)


class Marker(Shape):
    """What a moment asks for: found by any of some patterns; `suggest` is what to add where there is none of them."""

    any: Patterns
    part: Part = "usefulness"
    missing: Text
    suggest: Words

    @cached_property
    def searches(self) -> tuple[tuple[str, re.Pattern[str]], ...]:
        return tuple((needed(one), compiled(one)) for one in self.any)


class Moment(Shape):
    """A moment of the relation: what a message then has, and ways to say it."""

    title: Text
    about: Text
    markers: dict[Name, Marker] = {}
    phrases: tuple[Words, ...] = ()


class Scene(Shape):
    """A step of a conversation on the phone or at the counter: what to do, what to say, what not to say."""

    title: Text
    do: str = Field(default="", max_length=400)
    say: tuple[Words, ...] = ()
    avoid: tuple[Words, ...] = ()


class Tongue(Shape):
    """The style in one language."""

    posture: Literal["vous", "tu", "you"]
    formality: Literal["formal", "plain", "familiar"] = "plain"
    warmth: Annotated[int, Field(ge=0, le=3)] = 2
    """0 reserved … 3 cordial; the number of exclamation marks that a message bears."""
    focus: Annotated[float, Field(gt=0, le=1)] = 0.65
    """The share of the client among all mentions of client and company that is full marks."""
    facts: Annotated[int, Field(ge=1, le=10)] = 3
    """So many facts of the client's own are full marks."""
    length: Lengths = Lengths()
    always: tuple[Literal["name", "next_step", "direct_line"], ...] = ALWAYS
    words: Vocabulary = Vocabulary()
    service: Patterns
    """Words by which somebody takes charge: they raise the posture."""
    action: Patterns
    """Words that give the client something to do or to expect."""
    give: dict[Literal["name", "next_step", "direct_line", "when", "fact", "client", "greeting"], Words] = {}
    """What is proposed where something is missing."""
    moments: dict[Name, Moment] = {}
    phone: dict[Name, Scene] = {}
    counter: dict[Name, Scene] = {}

    @cached_property
    def serving(self) -> tuple[tuple[str, re.Pattern[str]], ...]:
        return tuple((needed(one), compiled(one)) for one in self.service)

    @cached_property
    def acting(self) -> tuple[tuple[str, re.Pattern[str]], ...]:
        return tuple((needed(one), compiled(one)) for one in self.action)

    @cached_property
    def unwanted(self) -> tuple[tuple[str, re.Pattern[str], Banned], ...]:
        return tuple((_longest(word), compiled(_plain(word)), one) for word, one in self.words.banned.items())


def _plain(words: str) -> str:
    """A pattern for plain words."""
    return " ".join(re.escape(word) for word in words.split())


def _longest(words: str) -> str:
    return max(re.findall(r"\w+", words.lower()), key=len, default="")


class Blocks(Shape):
    """When a message is held back: templates only, below a score or for rules at level error. Without it all is
    advice.
    """

    below: Annotated[int, Field(ge=0, le=100)] = 0
    errors: bool = False


class Style(Shape):
    """A brand's file."""

    brand: Name
    title: Text
    names: tuple[Words, ...] = ()
    """What the company calls itself: each mention counts for the company."""
    values: tuple[Value, ...] = ()
    weights: dict[Part, Annotated[int, Field(ge=0, le=100)]] = WEIGHTS
    languages: Annotated[dict[Language, Tongue], Field(min_length=1)]
    house: bool = True
    """With the rules that ship; `without` leaves some out."""
    without: tuple[Name, ...] = ()
    rules: tuple[Rule, ...] = Field(default=(), max_length=500)
    templates: Blocks = Blocks()
    reader: Literal["forms", "spacy"] = "forms"
    """Persons are counted on words as written; with spaCy, what forms leave open in French is told by grammar."""

    @model_validator(mode="after")
    def _whole(self) -> Style:
        if set(self.weights) != set(PARTS) or not sum(self.weights.values()):
            raise ValueError("weights name all five parts, and are not all 0")
        for language, tongue in self.languages.items():
            if (language == "en") != (tongue.posture == "you"):
                raise ValueError("posture is vous or tu in French, you in English")
        return self

    @cached_property
    def version(self) -> str:
        """Stands for what it says: the same content, the same version. The grammar's model is part of it; a style that
        counts forms has the version that it had before there were readers.
        """
        told = self.model_dump_json(by_alias=True, exclude={"reader"})
        if self.reader == "spacy":
            told += f"{grammar.MODEL} {grammar.VERSION}"
        return hashlib.sha256(told.encode()).hexdigest()

    def tongue(self, language: Language) -> tuple[Language, Tongue]:
        """The style in a language; in the brand's first one where it does not speak it."""
        if language in self.languages:
            return language, self.languages[language]
        return next(iter(self.languages.items()))
