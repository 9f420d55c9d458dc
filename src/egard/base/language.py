"""Whether a text is French or English, by its commonest words. A third language is not recognised."""

from __future__ import annotations

import re
from typing import Literal

_WORD = re.compile(r"[^\W\d_]+")
_FRENCH = (
    "a ai au aux avec avez bonjour c ce cette d dans de des du elle en est et été être il j je l la le les ma mais"
    " merci mon n ne nos notre nous ou où par pas plus pour qu que qui s se si son sont sur ta te tes ton très tu"
    " un une vos votre vous à"
)
_ENGLISH = (
    "a all an and are as at be been but by can dear do for from has have hello i if in is it my not of on or our please"
    " so thank thanks that the they this to us was we were will with would you your"
)
COMMON = {"fr": frozenset(_FRENCH.split()), "en": frozenset(_ENGLISH.split())}
READ = 20_000
"""Characters that are looked at: more says no more."""


def language_of(text: str) -> tuple[Literal["fr", "en", ""], bool]:
    """The language of a text (empty: as much of both), and whether that is sure: five common words or more, and twice
    as many as of the other.
    """
    words = _WORD.findall(text[:READ].lower())
    french, english = (sum(word in COMMON[language] for word in words) for language in ("fr", "en"))
    is_sure = max(french, english) >= 5 and max(french, english) >= 2 * min(french, english)
    return ("" if french == english else "fr" if french > english else "en"), is_sure
