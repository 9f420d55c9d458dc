"""What a message is made of: greeting, sentences, words, signature; and what in it is not its writer's own."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

HOLE = "\ufffc"
"""Stands for each character that is left out: neither a word nor a space."""
Span = tuple[int, int]

_QUOTED_LINE = re.compile(r"^[ ]*>[^\n]*$", re.MULTILINE)
_HISTORY = re.compile(
    r"^[ ]*(?:le [^\n]{3,150} a écrit ?:|on [^\n]{3,150} wrote ?:"
    r"|-{2,} ?(?:message d'origine|message transféré|original message|forwarded message) ?-{2,})[^\n]*$",
    re.MULTILINE | re.IGNORECASE,
)
_QUOTATION = re.compile(r"«[^«»]{1,2000}»|“[^“”]{1,2000}”|(?<!\w)\"[^\"\n]{1,500}\"(?!\w)")
_ADDRESS = re.compile(
    r"(?:https?://|www\.)[^\s<>\"»]{1,2000}|[\w.+%-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}", re.IGNORECASE
)
FIELD = re.compile(
    r"\{\{\s{0,5}([\w. |:'’,…-]{1,200}?)\s{0,5}\}\}|\{([a-z_][\w.]{0,60})\}|%([A-Z_]{2,40})%"
    r"|\[\[?([A-ZÀ-Ý_]{3,40})\]?\]|<<([\w ]{2,40})>>"
)
"""A merge field of a template, as the usual tools write it."""

_WORD = re.compile(r"[^\W\d_]+")
_CLOSING = re.compile(
    r"^[ ]*(?:(?:bien |très |sincèrement )?cordialement|bien à (?:vous|toi)|sincères"
    r" salutations|salutations(?: \w+)?|amicalement"
    r"|chaleureusement|à (?:très )?bientôt|bonne journée|belle journée|avec toute"
    r" (?:notre|mon) (?:attention|considération)"
    r"|respectueusement|(?:kind|best|warm|with kind|with warm|with best)(?: \w+)?"
    r" (?:regards|wishes)|kind(?:est)? regards|best|regards"
    r"|yours(?: (?:sincerely|faithfully|truly))?|(?:yours )?sincerely(?: yours)?|warmly|see you soon|--)[ ]*[,.!]?[ ]*$"
    r"|^[^\n]{0,120}?(?:je vous prie|nous vous prions|veuillez)[, ]{1,3}(?:[^\n,]{1,40},"
    r" )?(?:d'agréer|de recevoir|de croire|agréer|recevoir|croire)[^\n]*$",
    re.MULTILINE | re.IGNORECASE,
)
_POSTSCRIPT = re.compile(r"^[ ]*P\.?[ -]?S\.?[ ]*[:.–-]", re.MULTILINE)
_GREETING = re.compile(
    r"\A\s*(?:(?:objet|subject) ?:[^\n]*\n\s*)?(?P<greeting>(?:bonjour|bonsoir"
    r"|chers?|chères?|madame|monsieur|mesdames|mme|mlle|m\.|dear|hello|hi|hey|salut"
    r"|good (?:morning|afternoon|evening))\b[^\n,!:]{0,60}[,!:]?)",
    re.IGNORECASE,
)
_HONORIFIC = frozenset(["madame", "monsieur", "mme", "mlle", "mr", "mrs", "ms", "miss", "dr", "docteur", "maître", "m"])
_NO_NAME = frozenset(
    [
        "client",
        "cliente",
        "clients",
        "clientes",
        "client·e",
        "customer",
        "customers",
        "sir",
        "madam",
        "all",
        "tous",
        "toutes",
        "valued",
        "team",
        "équipe",
        "friend",
        "friends",
        "ami",
        "amie",
        "amis",
        "abonné",
        "abonnée",
        "membre",
        "member",
        "adhérent",
        "adhérente",
        "usager",
        "usagère",
        "passenger",
        "user",
        "voyageur",
    ]
)
_STOP = re.compile(r"[.!?…]+[\"»”)]*(?=\s|$)|\n[ ]*\n\s*|\n(?=[ ]*(?:[-*•–]|\d{1,2}[.)])[ ])")
_SHORTENED = frozenset(
    [
        "m",
        "mm",
        "mme",
        "mlle",
        "dr",
        "me",
        "st",
        "ste",
        "cf",
        "etc",
        "p",
        "ex",
        "art",
        "av",
        "bd",
        "tél",
        "tel",
        "réf",
        "ref",
        "env",
        "no",
        "n",
        "mr",
        "mrs",
        "ms",
        "vs",
        "inc",
        "ltd",
        "co",
        "dept",
        "approx",
        "e.g",
        "i.e",
    ]
)


@dataclass(frozen=True, slots=True)
class Word:
    text: str
    """In small letters."""
    start: int
    end: int


@dataclass(frozen=True)
class Reading:
    """A message read. `own` is the text with holes for what others wrote and for addresses and fields; `body` ends
    before the signature.
    """

    plain: str
    own: str
    greeting: Span | None
    signature: Span
    fields: tuple[tuple[str, int, int], ...]

    @cached_property
    def body(self) -> str:
        """`own`, with holes for the signature."""
        return with_holes(self.own, [self.signature])

    @cached_property
    def words(self) -> tuple[Word, ...]:
        """The words of the body."""
        return tuple(Word(one.group().lower(), one.start(), one.end()) for one in _WORD.finditer(self.body))

    @cached_property
    def sentences(self) -> tuple[Span, ...]:
        return tuple(_sentences(self.body, self.greeting))

    @cached_property
    def paragraphs(self) -> tuple[Span, ...]:
        edges = [0, *(edge for one in re.finditer(r"\n[ ]*\n\s*", self.body) for edge in one.span()), len(self.body)]
        return tuple((a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if a < b)

    @cached_property
    def _starts(self) -> list[int]:
        return [start for start, _end in self.sentences]

    def sentence_of(self, at: int) -> Span:
        """The sentence around a place; the whole text where there is none."""
        n = bisect_right(self._starts, at) - 1
        return self.sentences[n] if n >= 0 else (0, len(self.plain))

    @property
    def last(self) -> Span:
        """The last sentence of the body: where something that is missing would stand. A name alone on the last line
        (“L’équipe”) signs, and is none.
        """
        spoken = [one for one in self.sentences if one != self.greeting]
        if len(spoken) > 1 and self._signs(*spoken[-1]):
            return spoken[-2]
        return spoken[-1] if spoken else self.sentences[-1] if self.sentences else (0, 0)

    def _signs(self, start: int, end: int) -> bool:
        said = self.plain[start:end]
        before = self.plain[:start].rstrip(" \t")
        return before.endswith("\n") and len(said.split()) <= 3 and said[-1:].isalpha()

    @property
    def name_greeted(self) -> Span | None:
        """The name in the greeting, if somebody is greeted by name."""
        if self.greeting is None:
            return None
        start, end = self.greeting
        inside = next((f for f in self.fields if start <= f[1] < end), None)
        if inside:
            return inside[1], inside[2]
        words = list(_WORD.finditer(self.plain, start, end))
        first = next((n for n, w in enumerate(words) if n and _names(w.group())), None)
        if first is None and words and words[0].group().lower() in _HONORIFIC and len(words) > 1:
            first = 1 if _names(words[1].group()) else None
        return None if first is None else (words[first].start(), words[-1].end())


def _names(word: str) -> bool:
    return word[:1].isupper() and len(word) > 1 and word.lower() not in _HONORIFIC | _NO_NAME


def with_holes(text: str, spans: Iterable[Span]) -> str:
    """The text with each span left out, of the same length; line ends stay."""
    parts, at = [], 0
    for start, end in sorted(spans):
        start = max(start, at)
        if start < end:
            parts += [text[at:start], "".join("\n" if one == "\n" else HOLE for one in text[start:end])]
            at = end
    return "".join(parts) + text[at:]


def read(plain: str) -> Reading:
    """Any text; what a reply quotes, what stands in quotation marks and addresses are not its writer's words."""
    holes = [one.span() for one in _QUOTED_LINE.finditer(plain)]
    if history := _HISTORY.search(plain):
        holes.append((history.start(), len(plain)))
    fields = []
    for one in FIELD.finditer(plain):
        name = next(group for group in one.groups() if group)
        fields.append((re.split(r"[|:]", name)[0].strip().lower(), one.start(), one.end()))
    holes += [one.span() for one in _QUOTATION.finditer(plain)]
    holes += [one.span() for one in _ADDRESS.finditer(plain)]
    holes += [(start, end) for _name, start, end in fields]
    own = with_holes(plain, holes)
    found = _GREETING.match(own)
    greeting = found.span("greeting") if found else None
    return Reading(plain, own, greeting, _signature(own), tuple(fields))


def _signature(own: str) -> Span:
    """From the last closing formula to the end, or to a postscript."""
    closing = None
    for one in _CLOSING.finditer(own):
        closing = one
    if closing is None:
        return len(own), len(own)
    more = _POSTSCRIPT.search(own, closing.end())
    return closing.start(), more.start() if more else len(own)


def _sentences(body: str, greeting: Span | None) -> Iterable[Span]:
    start = 0
    if greeting:
        yield greeting
        start = greeting[1]
    for stop in _STOP.finditer(body, start):
        if stop.group().startswith(".") and _is_shortened(body, stop.start()):
            continue
        if span := _trimmed(body, start, stop.end()):
            yield span
        start = stop.end()
    if span := _trimmed(body, start, len(body)):
        yield span


def _is_shortened(body: str, at: int) -> bool:
    """`M. Durand`, `J. Martin`, `p. ex.`: a point that ends no sentence."""
    before = re.search(r"[^\W\d_]+\Z", body[max(0, at - 12) : at])
    if not before or not body[at + 1 :].strip():
        return False
    word = before.group()
    following = body[at + 1 :].lstrip(" ")[:1]
    if word.lower() in _SHORTENED:
        return following != "\n" and not (word.lower() == "etc" and following.isupper())
    return len(word) == 1 and word.isupper() and following.isupper()


def _trimmed(body: str, start: int, end: int) -> Span | None:
    inner = body[start:end]
    left = len(inner) - len(inner.lstrip(" \n" + HOLE))
    right = len(inner.rstrip(" \n" + HOLE))
    return (start + left, start + right) if left < right and _WORD.search(inner) else None
