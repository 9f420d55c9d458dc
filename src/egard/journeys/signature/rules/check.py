"""A message is read, judged by a brand's style, and scored 0 to 100 in five parts.

The score only falls with what is found: words that a rule finds wanting count for nothing good (no mention of the
client, no fact, no service, no action), and each finding takes points off its part.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from egard.base.language import language_of
from egard.journeys.signature.rules import (
    PARTS,
    POINTS,
    Language,
    Level,
    Part,
    facts,
    grammar,
    persons,
    usefulness,
    words,
)
from egard.journeys.signature.rules.brand import Brand
from egard.journeys.signature.rules.matching import Found, Look, apart, matches, said
from egard.journeys.signature.rules.reading import HOLE, Reading, with_holes
from egard.journeys.signature.rules.reading import read as reading_of
from egard.journeys.signature.rules.source import Form, Source
from egard.journeys.signature.rules.source import read as source_of
from egard.journeys.signature.rules.style import Moment, Tongue
from egard.kernel.cases.rules.text import Text

COMPANY_SENTENCES = 3
"""So many sentences about the company alone are pointed at; the share says the rest."""
POSTURE = 80
SERVING = 10
"""Posture begins at 80; each way of taking charge adds 10, twice."""
TEXT_MAX = 50_000
"""Code points that are looked at; what comes after is not judged."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Words of the given text (code points from `start` to before `end`); `suggestion` stands for them when taken,
    empty to leave them out. `message` says why.
    """

    rule: str
    part: Part
    level: Level
    start: int
    end: int
    text: str
    suggestion: str
    message: Text


@dataclass(frozen=True, slots=True)
class Checked:
    """`score` and `parts` 0 to 100; `why` says each part in words. `is_sure` of the language."""

    score: int
    parts: dict[Part, int]
    why: dict[Part, Text]
    findings: tuple[Finding, ...]
    language: Language
    is_sure: bool
    moment: str
    facts: tuple[str, ...]
    words: int
    client: int = 0
    company: int = 0
    """Mentions of each."""


def check(
    given: str,
    brand: Brand,
    *,
    language: Language | None = None,
    moment: str = "",
    channel: str = "",
    named: Mapping[str, str] | None = None,
    form: Form = "text",
) -> Checked:
    """Judge a text; any text at all has an answer. `named` are its merge fields, values by name: what is the client's
    own.

    An unknown moment or channel is as none. Time grows with the length of the text. Raises `grammar.Missing` where a
    French text is to be read with a grammar that is not installed.
    """
    source = source_of(given[:TEXT_MAX], form)
    reading = reading_of(source.plain)
    told, is_sure = language_of(reading.body) if language is None else (language, True)
    spoken, tongue = brand.style.tongue(told or "fr")
    at = tongue.moments.get(moment)
    look = Look(reading, tongue, channel)
    company = frozenset({*brand.style.names, *persons.names_of_company(reading)})
    mentions = _mentions(brand, reading, spoken)
    small = reading.body.lower()

    found = [*_by_rules(brand, look, spoken, moment, channel, small), *_wrong_address(look, tongue, mentions)]
    found = list(apart(found))
    wanting = [_wanting(reading, one) for one in found if one.level != "suggestion" and one.end - one.start <= 120]
    positive = with_holes(reading.own, wanting)
    of_client = [one for one in mentions if one.who == "client" and HOLE not in positive[one.start : one.end]]
    ours = [one for one in mentions if one.who == "company"]
    own = facts.found_facts(reading, positive, of_client, named=named or {}, company=company)
    serving = _served(positive, reading.signature[0], tongue)
    gives = usefulness.given(reading, positive, tongue, company)

    better = [(one.start, one.end) for one in found if one.suggestion]
    found += _about_company(reading, mentions, of_client, ours, tongue, better)
    found += _missing(reading, tongue, gives, own)
    found += _markers(reading, at, positive)
    found += _too_long(reading, tongue, channel)
    parts = _parts(found, tongue, len(of_client), len(ours), sum(one.worth for one in own), serving, gives)
    score = round(sum(parts[part] * brand.style.weights[part] for part in PARTS) / sum(brand.style.weights.values()))
    if not reading.words:
        parts, score = dict.fromkeys(PARTS, 0), 0
    wrong = {part: sum(1 for one in found if one.part == part) for part in PARTS}
    there, lacking = ([name for name, is_there in gives.items() if is_there is which] for which in (True, False))
    why: dict[Part, Text] = {
        "focus": words.focus_said(len(of_client), len(ours)),
        "facts": words.facts_said([one.text for one in own], tongue.facts),
        "posture": words.posture_said(serving, wrong["posture"]),
        "usefulness": words.usefulness_said(there, lacking),
        "clarity": words.clarity_said(wrong["clarity"], len(reading.words)),
    }
    findings = tuple(_placed(source, one) for one in sorted(found, key=lambda f: (f.start, f.end, f.rule)))
    personal = tuple(one.text for one in own)
    told = {"client": len(of_client), "company": len(ours)}
    return Checked(
        score, parts, why, findings, spoken, is_sure, moment if at else "", personal, len(reading.words), **told
    )


def _mentions(brand: Brand, reading: Reading, language: Language) -> tuple[persons.Mention, ...]:
    found = persons.mentions(reading, language, brand.style.names)
    return grammar.reread(reading, found) if brand.style.reader == "spacy" and language == "fr" else found


def _wanting(reading: Reading, one: Found) -> tuple[int, int]:
    """The words that a finding is about, without those at their end that its proposal keeps."""
    kept = one.suggestion.lower()
    said_again = bool(kept) and reading.plain[one.start : one.end].lower().endswith(kept)
    return one.start, one.end - len(kept) if said_again else one.end


def _by_rules(brand: Brand, look: Look, language: Language, moment: str, channel: str, small: str) -> Iterator[Found]:
    tongue = look.tongue
    for rule in brand.rules:
        if rule.language == language and rule.only.holds(
            posture=tongue.posture, formality=tongue.formality, moment=moment, channel=channel
        ):
            yield from matches(rule, look, small)
    for literal, search, banned in tongue.unwanted:
        if literal in small:
            for one in search.finditer(look.body):
                why = Text(fr=banned.why, en=banned.why) if banned.why else words.BANNED
                message = said(why, look, *one.span(), banned.use)
                yield Found("vocabulary", "clarity", "error", *one.span(), banned.use, message)


_VOUS_OF = {"tu": "vous", "te": "vous", "toi": "vous", "ton": "votre", "ta": "votre", "tes": "vos", "t": "vous "}
_TU_OF = {"vous": "tu", "votre": "ton", "vos": "tes"}


def _wrong_address(look: Look, tongue: Tongue, mentions: tuple[persons.Mention, ...]) -> Iterator[Found]:
    """*Tu* where the brand says *vous*, and the other way."""
    if tongue.posture == "you":
        return
    swap = _VOUS_OF if tongue.posture == "vous" else _TU_OF
    for one in mentions:
        if one.who == "client" and one.form in ("vous", "tu") and one.form != tongue.posture:
            word = look.body[one.start : one.end].lower()
            end = one.end + 1 if word == "t" else one.end
            instead = swap.get(word, tongue.posture)
            instead = instead.capitalize() if look.body[one.start].isupper() else instead
            message = said(words.VOUS if tongue.posture == "vous" else words.TU, look, one.start, end, instead)
            yield Found("address", "posture", "error", one.start, end, instead, message)


def _served(positive: str, end: int, tongue: Tongue) -> int:
    small = positive.lower()
    return sum(1 for literal, search in tongue.serving if literal in small and search.search(positive, 0, end))


def _about_company(
    reading: Reading,
    mentions: tuple[persons.Mention, ...],
    of_client: list,
    ours: list,
    tongue: Tongue,
    better: list[tuple[int, int]],
) -> Iterator[Found]:
    """Sentences that speak of the company alone, but for those of which a rule has a proposal (`better`): two at once
    would contradict one another.
    """
    if not reading.words:
        return
    if not mentions:
        start, end = reading.last
        yield _whole(
            reading,
            "speaks_to_nobody",
            "focus",
            "suggestion",
            (start, end),
            words.NOBODY,
            tongue.give.get("client", ""),
        )
        return
    if len(of_client) >= tongue.focus * (len(of_client) + len(ours)):
        return
    left = COMPANY_SENTENCES
    for start, end in reading.sentences:
        speaks = [one.who for one in mentions if start <= one.start < end]
        if any(a < end and start < b for a, b in better):
            continue
        if left and "company" in speaks and "client" not in speaks:
            left -= 1
            yield _whole(
                reading,
                "about_company",
                "focus",
                "suggestion",
                (start, end),
                words.COMPANY,
                tongue.give.get("client", ""),
            )


def _whole(
    reading: Reading,
    rule: str,
    part: Part,
    level: Level,
    span: tuple[int, int],
    why: Text,
    add: str,
    *,
    before: bool = True,
) -> Found:
    """About a sentence as a whole: the proposal is the sentence with what should stand beside it."""
    sentence = reading.plain[span[0] : span[1]]
    led = f"{add} {sentence[:1].lower()}{sentence[1:]}" if add else sentence
    suggestion = led if before else f"{sentence} {add}"
    return Found(rule, part, level, *span, suggestion, why)


_WHY_MISSING = {"name": words.NAME, "next_step": words.NEXT_STEP, "when": words.WHEN, "direct_line": words.DIRECT_LINE}


def _missing(
    reading: Reading, tongue: Tongue, gives: Mapping[str, bool], own: tuple[facts.OwnFact, ...]
) -> Iterator[Found]:
    """What is not there stands after the last sentence. It costs what it would have given, and nothing more."""
    if not reading.words:
        return
    if sum(one.worth for one in own) < 1:
        span = next((one for one in reading.sentences if one != reading.greeting), reading.last)
        yield _whole(
            reading,
            "no_own_fact",
            "facts",
            "suggestion",
            span,
            words.NO_FACT,
            tongue.give.get("fact", "[…]"),
            before=False,
        )
    for name, there in gives.items():
        if not there and not (name == "when" and not gives.get("next_step")):
            add = next((one for key, one in tongue.give.items() if key == name), "[…]")
            yield _whole(
                reading, f"no_{name}", "usefulness", "suggestion", reading.last, _WHY_MISSING[name], add, before=False
            )


def _markers(reading: Reading, at: Moment | None, positive: str) -> Iterator[Found]:
    if at is None or not reading.words:
        return
    small = positive.lower()
    for name, marker in at.markers.items():
        if not any(literal in small and search.search(positive) for literal, search in marker.searches):
            yield _whole(
                reading,
                f"moment_{name}",
                marker.part,
                "error",
                reading.last,
                marker.missing,
                marker.suggest,
                before=False,
            )


def _too_long(reading: Reading, tongue: Tongue, channel: str) -> Iterator[Found]:
    """Over the length that the channel bears: its longest sentence is what could go."""
    most = tongue.length.of_message(channel)
    if len(reading.words) > most:
        start, end = max(reading.sentences, key=lambda one: one[1] - one[0])
        why = words.too_long(len(reading.words), most)
        yield Found("too_long", "clarity", "warning", start, end, "[…]", why)


SAID_BY_ITSELF = frozenset(
    {"about_company", "speaks_to_nobody", "no_own_fact", "no_name", "no_next_step", "no_when", "no_direct_line"}
)
"""Findings whose cost the part's own reckoning has taken already."""


def _parts(
    found: list[Found], tongue: Tongue, client: int, company: int, personal: float, serving: int, gives: dict[str, bool]
) -> dict[Part, int]:
    share = client / (client + company) if client + company else tongue.focus / 2
    base: dict[Part, float] = {
        "focus": 100 * min(1.0, share / tongue.focus),
        "facts": 100 * min(1.0, personal / tongue.facts),
        "posture": POSTURE + SERVING * min(2, serving),
        "usefulness": usefulness.score(gives),
        "clarity": 100,
    }
    for one in found:
        if one.rule not in SAID_BY_ITSELF:
            base[one.part] -= POINTS[one.level]
    return {part: max(0, min(100, round(base[part]))) for part in PARTS}


def _placed(source: Source, one: Found) -> Finding:
    """At its place in the given text; a proposal that repeats the sentence repeats it as it was given."""
    start, end = source.span(one.start, one.end)
    text, plain, suggestion = source.given[start:end], source.plain[one.start : one.end], one.suggestion
    if text != plain and len(plain) > 1:
        suggestion = suggestion.replace(plain, text) if plain in suggestion else suggestion.replace(plain[1:], text[1:])
    return Finding(one.rule, one.part, one.level, start, end, text, suggestion, one.message)
