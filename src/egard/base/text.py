"""Folding of words, so that what people type finds what was stored, and a French sort key."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_LIGATURES = str.maketrans(
    {
        "œ": "oe",
        "Œ": "oe",
        "æ": "ae",
        "Æ": "ae",
        "ß": "ss",
        "ø": "o",
        "Ø": "o",
        "ł": "l",
        "Ł": "l",
        "đ": "d",
        "Đ": "d",
    }
)
SORT_KEY_MAX = 500
"""Characters of a sort key; some letters fold into eighteen others."""
NAMELESS = "\U0010fffd"
"""The sort key of people without a name: a character for private use, after every letter and digit."""

_SEPARATORS = re.compile(r"[\s'’`´\-‐‑‒–—.,;:/\\()\[\]\"«»]+")


def utf16_places(text: str) -> list[int]:
    """Where each character stands as browsers count (UTF-16), and where the text ends."""
    places, at = [0], 0
    for one in text:
        at += 2 if one > "\uffff" else 1
        places.append(at)
    return places


@lru_cache(maxsize=65536)
def fold(text: str) -> str:
    """Lower case, without accents or ligatures: `Élodie LEBŒUF` becomes `elodie leboeuf`."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.translate(_LIGATURES))
    return "".join(c for c in decomposed if not unicodedata.combining(c)).casefold()


def words(text: str) -> list[str]:
    """The folded words of a name: `Jean-Pierre d'Ormesson` gives jean, pierre, d, ormesson."""
    return [word for word in _SEPARATORS.split(fold(text)) if word]


def sort_key(family_name: str, given_name: str) -> str:
    """The key that sorts names as a French directory does: letters first, accents and case ignored.

    A level between the two names (`\\x1f`) keeps `Le Gall Zoé` after `Le Gall Anne` and before `Legall Anne`.
    Somebody without a name comes after everybody (`NAMELESS`).
    """
    family, given = words(family_name), words(given_name)
    return f"{' '.join(family)}\x1f{' '.join(given)}"[:SORT_KEY_MAX] if family or given else NAMELESS


def trigrams(text: str) -> list[str]:
    """The distinct trigrams of a folded text whose words are set apart by spaces, as pg_trgm cuts them.

    A word is preceded by one space, so that a trigram beginning with a space says "a word starts here".
    """
    grams: set[str] = set()
    for word in text.split():
        padded = f" {word}"
        grams.update(padded[i : i + 3] for i in range(len(padded) - 2))
    return sorted(grams)


def like_pattern(text: str) -> str:
    """The text as itself inside a SQL `LIKE` pattern."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


_MUTE_H = re.compile(
    r"h(?:abib|adrien|el(?:en|ie|oi|io)|enri|erb|ermi|erman|erve|ilai|ilda|ippo|omer|onor|orac|orten|ub|ug|umb|yac)"
)
"""How given names begin whose h is mute (folded): one says “d’Hélène”; of any other h “de Hassan”."""


def elided(text: str, name: str) -> str:
    """French as it is said before a name: “la place de Adrien” becomes “la place d’Adrien”, “que Inès” “qu’Inès”."""
    begins = fold(name).split(maxsplit=1)[0] if name.strip() else ""
    if not (begins[:1] in "aeiou" or _MUTE_H.match(begins) or begins.startswith("yv")) or not begins:
        return text
    return re.sub(rf"\b([dD]|[qQ]u)e[ \u00a0]{re.escape(name)}", lambda found: f"{found[1]}’{name}", text)
