"""French or English, told by the commonest words. Simple, and honest about doubt."""

from __future__ import annotations

import re

from egard.journeys.signature.rules import Language

_WORD = re.compile(r"[^\W\d_]+")
_FRENCH = (
    "le la les un une des du de et est vous votre vos nous notre nos je ce cette pour dans avec sur que qui au aux en"
    " pas plus par à être avez bonjour merci ne se il elle sont a l d qu n c j s tu te ton ta tes où été"
)
_ENGLISH = (
    "the a an of and is you your we our us i this that for in with on to at not more by be have hello thank are was"
    " it they from or as will would can has been do if all please dear so"
)
_COMMON: dict[Language, frozenset[str]] = {"fr": frozenset(_FRENCH.split()), "en": frozenset(_ENGLISH.split())}


def language_of(text: str, default: Language = "fr") -> tuple[Language, bool]:
    """French or English by their commonest words, and whether that is sure: five or more, and twice as many as of the
    other. Too little to tell gives `default`; a third language is not recognised, and is not sure.
    """
    counts = dict.fromkeys(_COMMON, 0)
    for one in _WORD.finditer(text[:20_000].lower()):
        for language, common in _COMMON.items():
            counts[language] += one.group() in common
    best: Language = "fr" if counts["fr"] > counts["en"] else "en" if counts["en"] > counts["fr"] else default
    most, least = max(counts.values()), min(counts.values())
    return best, most >= 5 and most >= 2 * least
