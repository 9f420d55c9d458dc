"""Rules tried on their own examples, and files looked through: what a writer of rules reads."""

from __future__ import annotations

from collections.abc import Iterator

from egard.journeys.signature.rules import brand as brands
from egard.journeys.signature.rules import grammar
from egard.journeys.signature.rules.brand import Brand
from egard.journeys.signature.rules.matching import Found, Look, matches
from egard.journeys.signature.rules.reading import read as reading_of
from egard.journeys.signature.rules.rule import Rule
from egard.journeys.signature.rules.source import read as source_of
from egard.journeys.signature.rules.style import Tongue
from egard.kernel.cases.rules.reading import Finding, Refused


def finds(rule: Rule, text: str, tongue: Tongue) -> list[Found]:
    """What one rule finds in a text, wherever it holds."""
    look = Look(reading_of(source_of(text).plain), tongue)
    return list(matches(rule, look, look.body.lower()))


def taken(text: str, found: Found) -> str:
    """The text with a proposal taken. For texts that are read as they are given."""
    return text[: found.start] + found.suggestion + text[found.end :]


def failing(rule: Rule, tongue: Tongue) -> Iterator[str]:
    """What the examples of a rule show to be wrong with it; nothing, where all run as they say."""
    for text in rule.examples.bad:
        if not (found := finds(rule, text, tongue)):
            yield f"{rule.rule}: finds nothing in the bad example “{text}”"
        elif len(finds(rule, taken(text, found[0]), tongue)) >= len(found):
            yield f"{rule.rule}: its own proposal does not mend “{text}”"
    for text in rule.examples.good:
        if found := finds(rule, text, tongue):
            yield f"{rule.rule}: finds “{text[found[0].start : found[0].end]}” in the good example “{text}”"


def lint(source: str) -> tuple[Brand | None, list[Finding]]:
    """The brand in a file (None where it has no shape), and what is wrong with it, by line."""
    try:
        found = brands.read(source)
    except Refused as refused:
        return None, refused.findings
    lines = {one.strip().removeprefix("- ").strip(): n for n, one in enumerate(source.split("\n"), start=1)}
    wrong = [
        Finding(lines.get(f"rule: {rule.rule}", 1), "example", words)
        for rule in found.style.rules
        if rule.language in found.style.languages
        for words in failing(rule, found.style.languages[rule.language])
    ]
    if not found.is_readable:
        wrong.append(Finding(lines.get("reader: spacy", 1), "reader_missing", grammar.NOT_HERE))
    return found, sorted(wrong)
