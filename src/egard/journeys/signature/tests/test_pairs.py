"""The same said twice, to one client and about the company, comes out far apart, and why is said in words."""

from __future__ import annotations

from collections import Counter

import pytest

from egard.journeys.signature.rules import brand
from egard.journeys.signature.rules.check import check
from egard.journeys.signature.tests.pairs_told import NAMES, PAIRS

LEAST, MEAN = 45, 60
"""Points between the two sides: of each pair, and over all."""
GOOD, BAD = 75, 35


@pytest.mark.parametrize(("language", "n", "pair"), PAIRS, ids=NAMES)
def test_the_two_sides_of_a_pair_are_far_apart(language, n, pair):
    to_her = check(pair["client"], brand.default(), moment=pair["moment"])
    about_us = check(pair["company"], brand.default(), moment=pair["moment"])
    assert to_her.language == about_us.language == language
    assert to_her.is_sure
    assert to_her.score >= GOOD
    assert about_us.score <= BAD
    assert to_her.score - about_us.score >= LEAST
    for part in ("focus", "facts", "usefulness"):
        assert to_her.parts[part] > about_us.parts[part], part


@pytest.mark.parametrize(("language", "n", "pair"), PAIRS, ids=NAMES)
def test_why_is_said_in_words_and_points_to_them(language, n, pair):
    about_us = check(pair["company"], brand.default(), moment=pair["moment"])
    parts = {one.part for one in about_us.findings}
    assert {"focus", "facts", "usefulness"} <= parts
    for one in about_us.findings:
        assert pair["company"][one.start : one.end] == one.text
        assert one.message.said(language)
        assert one.suggestion != one.text
    assert ("de la maison" if language == "fr" else "the company") in about_us.why["focus"].said(language)


def test_on_the_whole_they_are_sixty_points_apart():
    gaps = {"fr": [], "en": []}
    for language, _n, pair in PAIRS:
        both = [check(pair[side], brand.default(), moment=pair["moment"]).score for side in ("client", "company")]
        gaps[language].append(both[0] - both[1])
    assert {language: len(found) >= 12 for language, found in gaps.items()} == {"fr": True, "en": True}
    assert {language: sum(found) / len(found) > MEAN for language, found in gaps.items()} == {"fr": True, "en": True}
    assert all(count >= 3 for count in Counter((language, pair["moment"]) for language, _n, pair in PAIRS).values())


@pytest.mark.parametrize(("language", "n", "pair"), PAIRS, ids=NAMES)
def test_without_its_moment_and_with_the_other_marks_of_typing_a_pair_stays_apart(language, n, pair):
    """No apostrophe or space of a typographer is needed, and no moment named."""
    plain = {side: pair[side].replace("’", "'").replace("\u00a0", " ") for side in ("client", "company")}
    scores = [check(plain[side], brand.default()).score for side in ("client", "company")]
    assert scores[0] - scores[1] >= LEAST
