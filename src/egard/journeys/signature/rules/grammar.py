"""Persons that forms leave open, told by spaCy's French model: for a style that says `reader: spacy`.

Only its morphology is read (kind of word, person, reflexive), never a lemma. The small model learned from newspapers:
it misreads most imperatives and many a *tu*, but hardly the words around them. So the form of a word says that it is
open and whose it would be, and the grammar says what its place is.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from threading import Lock
from typing import TYPE_CHECKING

from egard.journeys.signature.rules.persons import Mention, Who
from egard.journeys.signature.rules.reading import Reading, Word

if TYPE_CHECKING:
    from spacy.language import Language

MODEL, VERSION = "fr_core_news_sm", "3.8.0"
"""Another version reads otherwise: it would be another style."""
NOT_HERE = (
    f"spaCy 3.8 with its model {MODEL} {VERSION} is not installed here: install egard[french], or say reader: forms"
)
_UNUSED = ["parser", "senter", "attribute_ruler", "lemmatizer", "ner"]
_reading = Lock()  # a model's memory serves one text at a time


class Missing(Exception):
    """The model is not installed, or in another version."""


@dataclass(frozen=True, slots=True)
class Tag:
    """What the model says of a word or mark: its kind (`VERB`, `PUNCT`…) and person, empty if none."""

    start: int
    kind: str
    person: str
    is_reflexive: bool


@cache
def is_installed() -> bool:
    """Whether the model is there in its version; what is installed later, the next process sees."""
    try:
        return metadata.version(MODEL) == VERSION and metadata.version("spacy").startswith("3.8.")
    except metadata.PackageNotFoundError:
        return False


@cache
def _model() -> Language:
    """Read once a process: some seconds. Raises `Missing`."""
    if not is_installed():
        raise Missing(NOT_HERE)
    import spacy

    return spacy.load(MODEL, exclude=_UNUSED)


def _tags(text: str) -> list[Tag]:
    """Of each word and mark, in order; spaces are none. Raises `Missing`."""
    with _reading:
        model = _model()
        with model.memory_zone():  # else every new word would stay for ever
            return [
                Tag(
                    one.idx,
                    one.pos_,
                    "".join(one.morph.get("Person", [])),
                    "Yes" in one.morph.get("Reflex", []),
                )
                for one in model(text)
                if not one.is_space
            ]


def reread(reading: Reading, by_forms: Iterable[Mention]) -> tuple[Mention, ...]:
    """The mentions in a French text, in order, with those put right that forms leave open. Raises `Missing`."""
    found = {one.start: one for one in by_forms}
    place = _Places(reading, _tags(reading.body))
    for n, word in enumerate(reading.words):
        if word.text == "tu":
            if place.follows_hyphen(word):
                found[word.start] = Mention("client", word.start, word.end, "tu")
            elif place.follows_auxiliary(word):
                found.pop(word.start, None)
        elif word.text in _TWICE:
            who, form = _TWICE[word.text]
            if first := place.said_before(n):
                if first.start not in found or place.is_apart(word, first):
                    found[word.start] = Mention(who, word.start, word.end, form)
                else:
                    found.pop(word.start, None)
        elif place.is_imperative(word):
            found[word.start] = Mention("client", word.start, word.end)
    return tuple(sorted(found.values(), key=lambda one: one.start))


_TWICE: dict[str, tuple[Who, str]] = {"nous": ("company", ""), "vous": ("client", "vous")}
_NO_VERBS = frozenset(["chez", "assez", "nez", "rez", "lez"])
_MARKS = ".,;:!?…()–—"
_VOUS = re.compile(r"(?<!rendez-)\bvous\b", re.IGNORECASE)
_BETWEEN = re.compile(r"[,.;:!?]?\s{1,2}(?:ne |n'(?:y|en) |y )?", re.IGNORECASE)
_BEGINS = ("PUNCT", "CCONJ", "SCONJ")
CLAUSE_MAX, ADVERBS_MAX = 200, 4
"""So many characters and adverbs before a word are looked at: time stays in proportion to the text."""


class _Places:
    """What stands around a word, by the model."""

    def __init__(self, reading: Reading, tags: list[Tag]) -> None:
        self.reading, self.tags = reading, tags
        self._starts = [one.start for one in tags]

    def follows_hyphen(self, word: Word) -> bool:
        return self.reading.body[word.start - 1 : word.start] == "-"

    def follows_auxiliary(self, word: Word) -> bool:
        """*L'atelier a longtemps tu la panne*: no pronoun, but the participle of *taire*."""
        return next(self._before(word), "") in ("AUX", "VERB")

    def said_before(self, n: int) -> Word | None:
        """The same word before the `n`th, with nothing but *ne*, *y* or a mark between."""
        word = self.reading.words[n]
        for one in reversed(self.reading.words[max(0, n - 3) : n]):
            if one.text == word.text:
                return one if _BETWEEN.fullmatch(self.reading.body, one.end, word.start) else None
        return None

    def is_apart(self, word: Word, first: Word) -> bool:
        """*Chez nous, nous ouvrons*: not the reflexive of the first, which another sentence or a preposition holds."""
        if self.reading.sentence_of(first.start) != self.reading.sentence_of(word.start):
            return True
        before = self._at(first) - 1
        return before >= 0 and self.tags[before].kind == "ADP" and not self.tags[self._at(word)].is_reflexive

    def is_imperative(self, word: Word) -> bool:
        """*Passez*, *faites-moi signe*, without a *vous* that is counted already; no name, noun or participle."""
        if not (word.text.endswith("ez") or word.text in ("dites", "faites")) or word.text in _NO_VERBS:
            return False
        body = self.reading.body
        mark, clause = self._clause(word)
        if body[word.end : word.end + 5].lower() == "-vous" or _VOUS.search(clause):
            return False
        written = body[word.start : word.end]
        inside = mark == "," or any(one.isalpha() for one in clause)
        if written[0].isupper() and inside and not written.isupper():
            return False  # a name
        return self.tags[self._at(word)].person == "2" or self._begins(word)

    def _clause(self, word: Word) -> tuple[str, str]:
        """The mark after which its clause begins (empty: the sentence), and the words before it in that clause."""
        begin = max(self.reading.sentence_of(word.start)[0], word.start - CLAUSE_MAX)
        before = self.reading.body[begin : word.start]
        at = max(before.rfind(mark) for mark in _MARKS)
        return before[at : at + 1] if at >= 0 else "", before[at + 1 :]

    def _begins(self, word: Word) -> bool:
        """Nothing but adverbs (*alors*, *ne*) stands between it and the beginning of a clause."""
        return next(self._before(word), "PUNCT") in _BEGINS

    def _before(self, word: Word) -> Iterator[str]:
        """Kinds of what stands before it in its sentence, the nearest first, without adverbs."""
        begin, at = self.reading.sentence_of(word.start)[0], self._at(word)
        for n in range(at - 1, max(-1, at - 2 - ADVERBS_MAX), -1):
            if self.tags[n].start < begin:
                return
            if self.tags[n].kind != "ADV":
                yield self.tags[n].kind

    def _at(self, word: Word) -> int:
        """The number of the tag in which a word begins."""
        return max(0, bisect_right(self._starts, word.start) - 1)
