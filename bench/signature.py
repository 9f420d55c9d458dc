"""The relational signature: messages of 300 words judged, without a language model; and with the grammar of French.

Messages are put together from the pairs of the tests (both sides, both languages) until they have 300 words: greeting,
paragraphs, signature. `check` answers with score, parts and findings, in this process, one after another;
the brand that ships, all its rules. Goal: p95 50 ms, by forms. With spaCy is the same brand with `reader: spacy`, the
same French messages. One long text says that time grows with length and no faster.
"""

from __future__ import annotations

import os
import time
from itertools import cycle
from typing import Any

from bench.report import Section, summary

NEEDS_SERVER = False
MESSAGES = int(os.environ.get("EGARD_BENCH_MESSAGES", "1000"))
WORDS = 300


def run(section: Section) -> None:
    begun = time.perf_counter()
    from egard.journeys.signature.rules import brand
    from egard.journeys.signature.rules.check import check

    held = brand.default()
    check("Bonjour", held)
    ready = time.perf_counter() - begun
    section.head("what", "p50", "p95", "p99")
    for language in ("fr", "en"):
        rules = sum(1 for rule in held.rules if rule.language == language)
        _timed(section, held, language, f"{rules} rules")
    begun = time.perf_counter()
    grammatical = brand.read(brand.DEFAULT.read_text(encoding="utf-8") + "\nreader: spacy\n")
    check("Bonjour", grammatical, language="fr")
    loaded = time.perf_counter() - begun
    _timed(section, grammatical, "fr", "with spaCy")
    text = "\n\n".join(_messages("fr"))[:45_000]
    for style, how in ((held, ""), (grammatical, ", with spaCy")):
        times = []
        for _n in range(5):
            begun = time.perf_counter()
            check(text, style, language="fr")
            times.append(time.perf_counter() - begun)
        figures = (f"{one:.1f} ms" for one in summary(times))
        section.row(f"fr: one text of {len(text.split()):,} words{how}", *figures)
    section.say(
        f"{MESSAGES:,} messages a language. The files are read and made ready once a process, in {ready:.2f} s; spaCy"
        f" and its model, where a style asks for them, in {loaded:.1f} s."
    )
    section.done()


def _timed(section: Section, held: Any, language: Any, how: str) -> None:
    from egard.journeys.signature.rules.check import check

    texts = _messages(language)
    times, scores = [], []
    for n in range(MESSAGES):
        text = texts[n % len(texts)]
        begun = time.perf_counter()
        found = check(text, held, language=language, moment="apology", channel="email")
        times.append(time.perf_counter() - begun)
        scores.append(found.score)
    words = sum(len(text.split()) for text in texts) / len(texts)
    figures = (f"{one:.1f} ms" for one in summary(times))
    section.row(f"{language}: {words:.0f} words, {how}, scores {min(scores)} to {max(scores)}", *figures)


def _messages(language: str) -> list[str]:
    from egard.journeys.signature.tests.pairs_told import PAIRS

    paragraphs = [
        paragraph
        for of, _n, pair in PAIRS
        for side in ("client", "company")
        for paragraph in pair[side].strip().split("\n\n")[1:-1]
        if of == language
    ]
    made = []
    for first in range(len(paragraphs)):
        words, parts = 0, []
        for paragraph in cycle(paragraphs[first:] + paragraphs[:first]):
            if words >= WORDS:
                break
            parts.append(paragraph)
            words += len(paragraph.split())
        greeting, closing = ("Bonjour", "Bien à vous") if language == "fr" else ("Dear", "Kind regards")
        made.append("\n\n".join([f"{greeting} Anna,", *parts, f"{closing},\nCamille Martin"]))
    return made
