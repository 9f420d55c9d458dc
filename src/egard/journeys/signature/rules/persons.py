"""Who a message speaks of: the client (you), the company (we, its names). Forms as written, never lemmas: a
lemmatiser turns *vos*, *votre* and *nos* into one and the same word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from egard.journeys.signature.rules import Language
from egard.journeys.signature.rules.reading import Reading, Word

Who = Literal["client", "company"]


@dataclass(frozen=True, slots=True)
class Mention:
    """A word that means the client or the company. `form` is how the client is addressed: vous, tu, you, or nothing."""

    who: Who
    start: int
    end: int
    form: str = ""


_VOUS = frozenset(["vous", "votre", "vos", "vôtre", "vôtres"])
_TU = frozenset(["tu", "te", "toi", "ta", "tes", "tien", "tienne", "tiens", "tiennes"])
_NOUS = frozenset(["nous", "notre", "nos", "nôtre", "nôtres"])
_YOU = frozenset(["you", "your", "yours", "yourself", "yourselves"])
_WE = frozenset(["we", "us", "our", "ours", "ourselves"])

_DETERMINERS = frozenset(
    [
        "le",
        "un",
        "ce",
        "du",
        "au",
        "aucun",
        "quel",
        "même",
        "bon",
        "son",
        "mon",
        "notre",
        "votre",
        "leur",
        "tout",
        "juste",
        "autre",
        "nouveau",
        "meilleur",
    ]
)
"""Before *ton*, these make it a noun: *le ton*, *votre ton*."""
_AFTER_NOUN_TON = frozenset(
    [
        "de",
        "du",
        "des",
        "d",
        "et",
        "est",
        "sur",
        "qui",
        "que",
        "employé",
        "utilisé",
        "choisi",
        "juste",
        "à",
        "reste",
        "doit",
        "était",
        "sera",
    ]
)
"""After *ton*: *ton de voix*, *ton sur ton*."""
_AUXILIARIES = frozenset(["est", "sont", "suis", "es", "était", "étaient", "été", "être", "fut", "s'est"])
"""Before *tu*, these make it a participle: *il s'est tu*."""


def mentions(reading: Reading, language: Language, names: Iterable[str] = ()) -> tuple[Mention, ...]:
    """All mentions in the body. *Nous vous souhaitons* counts one of each; *nous nous engageons* counts one."""
    found = list(_french(reading) if language == "fr" else _english(reading))
    taken = {one.start for one in found}
    found += [one for one in _named(reading, names) if one.start not in taken]
    return tuple(sorted(found, key=lambda one: one.start))


def _french(reading: Reading) -> Iterator[Mention]:
    text, words = reading.body, reading.words
    for n, word in enumerate(words):
        before = words[n - 1] if n else None
        after = words[n + 1] if n + 1 < len(words) else None
        if word.text in _VOUS:
            if not _twice(word, before) and not _is_appointment(text, word, before):
                yield Mention("client", word.start, word.end, "vous")
        elif word.text in _NOUS:
            if not _twice(word, before) and not _is_proper(text, word):
                yield Mention("company", word.start, word.end)
        elif word.text in _TU:
            if not (word.text == "tu" and before and before.text in _AUXILIARIES) and not _is_verb(word, before):
                yield Mention("client", word.start, word.end, "tu")
        elif word.text == "t":
            if _is_elided(text, word) and not (
                after and after.text == "en" and text[word.start - 1 : word.start] == "-"
            ):
                yield Mention("client", word.start, word.end, "tu")
        elif word.text == "ton" and _is_possessive(text, word, before, after):
            yield Mention("client", word.start, word.end, "tu")


def _twice(word: Word, before: Word | None) -> bool:
    """The second of *nous nous* and *vous vous*: a reflexive verb speaks of them once."""
    return before is not None and before.text == word.text and word.start - before.end <= 2


def _is_appointment(text: str, word: Word, before: Word | None) -> bool:
    return word.text == "vous" and before is not None and before.text == "rendez" and word.start == before.end + 1 and (
        text[before.end] == "-"
    )  # fmt: skip


def _is_proper(text: str, word: Word) -> bool:
    """*Notre-Dame*."""
    return word.text == "notre" and text[word.start].isupper() and text[word.end : word.end + 2] == "-D"


def _is_elided(text: str, word: Word) -> bool:
    """*t'envoie*, but not the sound in *a-t-il* or *va-t'en*."""
    return text[word.end : word.end + 1] == "'" and text[word.start - 1 : word.start] != "-"


def _is_verb(word: Word, before: Word | None) -> bool:
    """*je tiens à*, *il tient*: no possessive without an article."""
    return word.text in ("tiens", "tien", "tienne", "tiennes") and (
        before is None or before.text not in ("le", "les", "la", "des", "du", "au", "aux")
    )


def _is_possessive(text: str, word: Word, before: Word | None, after: Word | None) -> bool:
    """*ton compte*, but not *le ton*, *ton de voix*, *un ton juste*."""
    if after is None or text[word.end : after.start].strip(" \n") or after.text in _AFTER_NOUN_TON:
        return False
    beside = before is not None and not text[before.end : word.start].strip(" \n'-")
    return not (beside and before is not None and before.text in _DETERMINERS)


def _english(reading: Reading) -> Iterator[Mention]:
    text, words = reading.body, reading.words
    for n, word in enumerate(words):
        if word.text in _YOU:
            yield Mention("client", word.start, word.end, "you")
        elif word.text in _WE:
            before = words[n - 1] if n else None
            country = text[word.start : word.end] == "US" or text[word.start : word.end + 2].upper() == "US-"
            if not country and not (word.text == "us" and before and before.text == "let"):
                yield Mention("company", word.start, word.end)


_SIGNED = re.compile(
    r"(?i:l'équipe|les équipes|le service (?:client|clients|relation client)|la direction|le groupe|"
    r"the team at|the|votre|your)(?i: de| du| des| chez| at)?"
    r" ((?:[A-ZÀ-Ý][\w&'-]+)(?: [A-ZÀ-Ý][\w&'-]+){0,2})"
)
_AT = re.compile(
    r"(?<![\w'])(?:[Cc]hez|[Aa]t) ((?:[A-ZÀ-Ý][\w&-]+)(?: [A-ZÀ-Ý][\w&-]+){0,2})(?= *,? *(?:nous|notre|nos|we|our)\b)"
)
_NOT_COMPANY = frozenset(["client", "clients", "cliente", "team", "customer", "service", "équipe", "direction"])


def names_of_company(reading: Reading) -> tuple[str, ...]:
    """What the company calls itself in this message: under the signature (*L'équipe Lumière*), or *chez Lumière,
    nous*.
    """
    start, end = reading.signature
    found = [one.group(1) for one in _SIGNED.finditer(reading.own, start, end)]
    found += [one.group(1) for one in _AT.finditer(reading.body)]
    kept = {_without_service(name) for name in found}
    return tuple(sorted(name for name in kept if len(name) > 2))


def _without_service(name: str) -> str:
    return " ".join(word for word in name.split() if word.lower() not in _NOT_COMPANY)


def _named(reading: Reading, names: Iterable[str]) -> Iterator[Mention]:
    for name in {*names, *names_of_company(reading)}:
        if name.strip():
            for one in re.finditer(rf"(?<!\w){re.escape(name)}(?!\w)", reading.body):
                yield Mention("company", *one.span())
