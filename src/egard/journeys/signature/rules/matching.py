"""What a rule finds in a message, and what it proposes to write instead."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from egard.journeys.signature.rules import Level, Part
from egard.journeys.signature.rules import rule as rules
from egard.journeys.signature.rules.reading import Reading, Span
from egard.journeys.signature.rules.style import Tongue
from egard.kernel.cases.rules.text import Text


@dataclass(frozen=True, slots=True)
class Found:
    """Words of `plain` that a rule finds wanting; `suggestion` stands for them when it is taken."""

    rule: str
    part: Part
    level: Level
    start: int
    end: int
    suggestion: str
    message: Text


@dataclass(frozen=True, slots=True)
class Look:
    """A message as rules look at it: `body` with holes, `small` the same in small letters."""

    reading: Reading
    tongue: Tongue
    channel: str = ""

    @property
    def body(self) -> str:
        return self.reading.body


Hit = tuple[int, int, str]


def matches(rule: rules.Rule, look: Look, small: str) -> Iterator[Found]:
    """All that a rule finds, each with its proposal."""
    for start, end, suggestion in _LOOKS[type(rule)](rule, look, small):
        if start < end and not _is_excused(rule, look, start):
            yield Found(
                rule.rule,
                rule.part,
                rule.level,
                start,
                end,
                suggestion,
                said(rule.message, look, start, end, suggestion),
            )


def said(message: Text, look: Look, start: int, end: int, suggestion: str) -> Text:
    words = {"{text}": look.reading.plain[start:end], "{suggestion}": suggestion}

    def filled(template: str) -> str:
        return re.sub(r"\{text\}|\{suggestion\}", lambda one: words[one.group()], template)[:2000]

    return Text.model_construct(fr=filled(message.fr), en=filled(message.en))


def _is_excused(rule: rules.Base, look: Look, at: int) -> bool:
    if not rule.excused:
        return False
    start, end = look.reading.sentence_of(at)
    return any(one.search(look.body, start, end) for one in rule.excused)


def rewritten(template: str, one: re.Match[str]) -> str:
    """The proposal with its groups filled in; it begins with a capital where the words did."""
    words = re.sub(r"\\(\d)", lambda number: _group(one, int(number.group(1))), template)
    begins = one.group()[:1]
    if begins.isupper() and words[:1].islower() and not one.group().isupper():
        words = words[:1].upper() + words[1:]
    return words


def _group(one: re.Match[str], number: int) -> str:
    return (one.group(number) or "") if number <= (one.re.groups or 0) else ""


_NEXT = re.compile(r"[^\W\d_]{1,40}'?")


def _taken(one: re.Match[str], suggestion: str, body: str) -> Hit:
    """Where nothing is written instead, the space (or comma) after the words goes too, and the word that follows gets
    their capital.
    """
    start, end = one.span()
    if suggestion:
        spaced = suggestion.endswith(" ") and not body[end : end + 1].isalpha()
        return start, end, suggestion.rstrip() if spaced else suggestion
    rest = re.compile(r"[ ]?[,:]?[ ]*").match(body, end)
    end = rest.end() if rest else end
    following = _NEXT.match(body, end)
    if following and one.group()[:1].isupper() and following.group()[:1].islower():
        return start, following.end(), following.group()[:1].upper() + following.group()[1:]
    return start, end, ""


def _existence(rule: rules.Existence, look: Look, small: str) -> Iterator[Hit]:
    for literal, search in rule.searches:
        if literal in small:
            for one in search.finditer(look.body):
                yield _taken(one, rewritten(rule.suggest, one), look.body)


def _substitution(rule: rules.Substitution, look: Look, small: str) -> Iterator[Hit]:
    for literal, search, instead in rule.searches:
        if literal in small:
            for one in search.finditer(look.body):
                yield _taken(one, rewritten(instead, one), look.body)


def _occurrence(rule: rules.Occurrence, look: Look, _small: str) -> Iterator[Hit]:
    scopes: dict[str, Sequence[Span]] = {
        "text": ((0, len(look.body)),),
        "paragraph": look.reading.paragraphs,
        "sentence": look.reading.sentences,
    }
    most = look.tongue.warmth if rule.max == "warmth" else rule.max
    for start, end in scopes[rule.scope]:
        for one in list(rule.search.finditer(look.body, start, end))[most:]:
            yield _taken(one, rewritten(rule.suggest, one), look.body)


def _repetition(rule: rules.Repetition, look: Look, _small: str) -> Iterator[Hit]:
    words = look.reading.words
    for one, other in pairwise(words):
        between = look.body[one.end : other.start]
        if one.text == other.text and between and not between.strip(" \n") and one.text not in rule.allowed:
            yield one.start, other.end, look.body[one.start : one.end]


def _consistency(rule: rules.Consistency, look: Look, _small: str) -> Iterator[Hit]:
    for first, second, instead in rule.pairs:
        if first.search(look.body):
            for one in second.finditer(look.body):
                yield *one.span(), rewritten(instead, one)


def _conditional(rule: rules.Conditional, look: Look, _small: str) -> Iterator[Hit]:
    first, second = rule.searches
    if (one := first.search(look.body)) and not second.search(look.body):
        start, end = look.reading.sentence_of(one.start())
        yield start, end, f"{look.reading.plain[start:end]} {rule.suggest}"


_CAPITALS = re.compile(r"(?<!\w)[A-ZÀ-ÖØ-Þ]{2,40}(?:[ '-][A-ZÀ-ÖØ-Þ]{1,40}){0,30}(?!\w)")


def _capitalization(rule: rules.Capitalization, look: Look, _small: str) -> Iterator[Hit]:
    for one in _CAPITALS.finditer(look.body):
        words = one.group()
        if any(len(word) >= rule.least and word not in rule.allowed for word in re.split(r"[ '-]", words)):
            yield *one.span(), words[:1] + words[1:].lower()


def _metric(rule: rules.Metric, look: Look, _small: str) -> Iterator[Hit]:
    length = look.tongue.length
    starts = [word.start for word in look.reading.words]
    if rule.measure == "message_words":
        most = rule.max or length.of_message(look.channel)
        if len(starts) > most and look.reading.sentences:
            yield *max(look.reading.sentences, key=lambda one: one[1] - one[0]), "[…]"
        return
    spans = look.reading.sentences if rule.measure == "sentence_words" else look.reading.paragraphs
    most = rule.max or (length.sentence if rule.measure == "sentence_words" else length.paragraph)
    for start, end in spans:
        if sum(1 for at in starts if start <= at < end) > most:
            left, right = _bare(look.body, start, end)
            yield (
                left,
                right,
                parted(look.reading.plain[left:right], "\n\n" if rule.measure == "paragraph_words" else " "),
            )


def _bare(body: str, start: int, end: int) -> Span:
    inner = body[start:end]
    return start + len(inner) - len(inner.lstrip()), start + len(inner.rstrip())


_SEAMS = re.compile(
    r"(?P<point>[.!?]) +| ?; |, (?:et|mais|car|puis|donc|and|but|so|then) "
    r"|,? (?:c'est pourquoi|cependant|toutefois|however|therefore) | (?:et|and)"
    r" (?=(?:je|nous|vous|il|elle|we|you|i|it|they)\b)",
    re.IGNORECASE,
)
_DROPPED = re.compile(r"[;,. ]+|(?:et|and|puis|then)\b")


def parted(words: str, between: str = " ") -> str:
    """The same in two: at the joint nearest to the middle; where there is none, with a word that says so."""
    third = len(words) // 4
    seams = [one for one in _SEAMS.finditer(words) if third <= one.start() <= len(words) - third]
    if not seams:
        return f"[…] {words}"
    middle = len(words) / 2
    seam = min(
        seams,
        key=lambda one: (
            not one.group("point"),
            "," not in one.group() and ";" not in one.group(),
            abs(one.start() - middle),
        ),
    )
    rest = words[seam.start() :]
    while dropped := _DROPPED.match(rest):
        rest = rest[dropped.end() :]
    rest = rest.lstrip()
    point = seam.group("point") or "."
    return f"{words[: seam.start()].rstrip(' ,;')}{point}{between}{rest[:1].upper()}{rest[1:]}"


def _sequence(rule: rules.Sequence, look: Look, _small: str) -> Iterator[Hit]:
    for one in rule.search.finditer(look.body):
        yield _taken(one, rewritten(rule.suggest, one), look.body)


_LOOKS: dict[type, Callable[..., Iterator[Hit]]] = {
    rules.Existence: _existence,
    rules.Substitution: _substitution,
    rules.Occurrence: _occurrence,
    rules.Repetition: _repetition,
    rules.Consistency: _consistency,
    rules.Conditional: _conditional,
    rules.Capitalization: _capitalization,
    rules.Metric: _metric,
    rules.Sequence: _sequence,
}


def apart(found: Sequence[Found]) -> tuple[Found, ...]:
    """Of findings over the same words the gravest stays, then the longest, in the order of the text; a finding over a
    whole sentence stays beside those inside it.
    """
    order = {"error": 0, "warning": 1, "suggestion": 2}
    kept: list[Found] = []
    for one in sorted(found, key=lambda f: (order[f.level], f.start - f.end, f.start, f.rule)):
        if not any(_overlap(one, other) for other in kept):
            kept.append(one)
    counted = Counter((one.start, one.end, one.rule) for one in kept)
    assert max(counted.values(), default=1) == 1
    return tuple(sorted(kept, key=lambda f: (f.start, f.end, f.rule)))


def _overlap(one: Found, other: Found) -> bool:
    if one.part != other.part and (one.end - one.start > 80 or other.end - other.start > 80):
        return False
    if max(one.end - one.start, other.end - other.start) > 80 and one.rule != other.rule:
        return False
    return one.start < other.end and other.start < one.end
