"""Which ready texts answer what somebody wrote: those that share the rarest words with it. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import log

from egard.base.language import COMMON
from egard.base.text import fold, words

_COMMON = {fold(word) for language in COMMON.values() for word in language}
LONG, STEM = 4, 6
"""Words of fewer letters say nothing of the matter; longer ones are compared by their first letters."""


def ranked(said: str, texts: Sequence[str]) -> list[int]:
    """The places of `texts` that share a word with what was said, the closest first; equal ones as they came.

    Each shared word counts as much as it is rare among the texts: log((1 + texts) / texts that have it).
    """
    stems = [_stems(text) for text in texts]
    known = Counter(stem for one in stems for stem in one)
    asked = _stems(said)
    scores = [sum(log((1 + len(texts)) / known[stem]) for stem in asked & one) for one in stems]
    return sorted((n for n, score in enumerate(scores) if score), key=lambda n: -scores[n])


def _stems(text: str) -> set[str]:
    return {word[:STEM] for word in words(text) if len(word) >= LONG and word not in _COMMON}
