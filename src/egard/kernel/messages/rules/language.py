"""Whether a text is French or English, by its commonest words."""

from __future__ import annotations

import re

_WORD = re.compile(r"[a-zàâçéèêëîïôûùü]+")
_FRENCH_WORDS = (
    "le la les un une des du de et est je vous nous mon ma mes votre vos pour pas que qui dans ne sur "
    "avec bonjour merci ai au aux ce cette il elle en mais ou plus par si se sont tout très été"
)
_FRENCH = frozenset(_FRENCH_WORDS.split())
_ENGLISH_WORDS = (
    "the a an and is are i you we my your for not that this in on with hello thank thanks have has to of "
    "it be but or so if was were will would can please"
)
_ENGLISH = frozenset(_ENGLISH_WORDS.split())
READ = 4000


def language_of(text: str) -> str:
    """`fr`, `en`, or empty where neither is clearly spoken."""
    words = _WORD.findall(text[:READ].lower())
    french, english = sum(word in _FRENCH for word in words), sum(word in _ENGLISH for word in words)
    if french == english:
        return ""
    return "fr" if french > english else "en"
