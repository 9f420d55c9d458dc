"""Any text at all has a score, any finding points to its words, and worse words never make a better score."""

from __future__ import annotations

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from egard.journeys.signature.rules import PARTS, brand
from egard.journeys.signature.rules.check import check
from egard.journeys.signature.rules.lint import finds
from egard.journeys.signature.tests.pairs_told import PAIRS

BRAND = brand.default()
WORDS = st.sampled_from(
    [
        "nous",
        "vous",
        "notre",
        "votre",
        "nos",
        "vos",
        "tu",
        "ton",
        "ta",
        "t’",
        "te",
        "n’hésitez",
        "pas",
        "à",
        "nous",
        "contacter",
        "cher",
        "client",
        "rendez-vous",
        "de",
        "voix",
        "L’",
        "d’",
        "qu’",
        "we",
        "you",
        "our",
        "your",
        "us",
        "US",
        "please",
        "«",
        "»",
        ">",
        "“",
        "”",
        "--",
        "\n",
        "\n\n",
        ".",
        "!",
        "?",
        ",",
        ":",
        ";",
        "{{",
        "order",
        "}}",
        "[NOM]",
        "12",
        "mars",
        "39",
        "€",
        "n°",
        "A-1234",
        "https://a.org",
        "Bonjour",
        "Anna",
        "Cordialement",
        "Camille",
        "Martin",
        "01",
        "44",
        "00",
        "00",
        "12",
        "<b>",
        "</b>",
        "&eacute;",
        "**x**",
        "́",
        "\xad",
        "\u202f",
        "é",
        "🙂",
        "İ",
        "ß",
    ]
)
TEXTS = st.one_of(st.text(max_size=300), st.lists(WORDS, max_size=60).map(" ".join))
FORMS = st.sampled_from(["text", "markdown", "html"])


@settings(max_examples=150, deadline=None)
@given(TEXTS, FORMS, st.sampled_from([None, "fr", "en"]), st.sampled_from(["", "apology", "refusal", "no such"]))
def test_any_text_has_a_score_and_its_findings_point_to_their_words(text, form, language, moment):
    found = check(text, BRAND, form=form, language=language, moment=moment, channel="sms", named={"x": text[:20]})
    assert 0 <= found.score <= 100
    assert list(found.parts) == list(PARTS)
    assert all(0 <= value <= 100 for value in found.parts.values())
    for one in found.findings:
        assert 0 <= one.start <= one.end <= len(text)
        assert text[one.start : one.end] == one.text
        assert one.message.fr
        assert one.message.en
    assert found == check(
        text, BRAND, form=form, language=language, moment=moment, channel="sms", named={"x": text[:20]}
    )


def _banned() -> list[tuple[str, str]]:
    """Words that a rule or the brand finds wanting wherever they stand, in each language."""
    found = [(language, word) for language, tongue in BRAND.style.languages.items() for word in tongue.words.banned]
    for rule in BRAND.rules:
        if rule.kind in ("existence", "substitution") and rule.level != "suggestion" and not rule.only.formality:
            tongue = BRAND.style.languages[rule.language]
            hits = [(text, finds(rule, text, tongue)[0]) for text in rule.examples.bad]
            found += [(rule.language, _wanting(text[one.start : one.end], one.suggestion)) for text, one in hits]
    return found


def _wanting(words: str, kept: str) -> str:
    """Without what its proposal keeps at its end ("… inform you that your": "Your"), which may speak of her."""
    wanting = words[: -len(kept)] if kept and words.lower().endswith(kept.lower()) else words
    return wanting.rstrip(" ,:")


BANNED = _banned()


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(PAIRS), st.sampled_from(["client", "company"]), st.data())
def test_adding_a_banned_word_never_raises_the_score(pair, side, data):
    language, _n, told = pair
    words = data.draw(st.sampled_from([word for of, word in BANNED if of == language]))
    parts = told[side].split("\n\n")
    at = data.draw(st.integers(1, len(parts)))
    worse = "\n\n".join([*parts[:at], f"{words}.", *parts[at:]])
    before = check(told[side], BRAND, language=language, moment=told["moment"])
    after = check(worse, BRAND, language=language, moment=told["moment"])
    assert after.score <= before.score, words
    assert all(after.parts[part] <= before.parts[part] for part in PARTS), words


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(PAIRS), st.data())
def test_naming_facts_of_hers_never_lowers_the_score(pair, data):
    _language, _n, told = pair
    words = [word for word in told["client"].split() if word.isalnum()]
    named = {f"f{n}": word for n, word in enumerate(data.draw(st.lists(st.sampled_from(words), max_size=4)))}
    assert check(told["client"], BRAND, named=named).score >= check(told["client"], BRAND).score


def test_a_file_of_any_values_is_refused_in_words_and_never_breaks():
    for source in ("brand: 1", "brand: house\nlanguages: []", yaml.safe_dump({"brand": "x", "languages": {"fr": 3}})):
        from egard.journeys.signature.rules.lint import lint

        found, findings = lint(source)
        assert found is None
        assert findings
