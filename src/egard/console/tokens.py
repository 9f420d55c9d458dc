"""The identity's tokens as the style sheet declares them, and the contrast of its colours, measured."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

SHEET = Path(__file__).resolve().parent / "static" / "console" / "tokens.css"
MEANINGS = ("kept", "risk", "broken", "waiting")
PAIRS = (
    *((text, ground) for text in ("ink", "ink-soft", "ink-faint", "accent") for ground in ("paper", "sheet")),
    *((text, "well") for text in ("ink", "ink-soft", "accent-deep")),
    *((tone, ground) for tone in MEANINGS for ground in ("paper", "sheet", f"{tone}-wash")),
    ("on-accent", "accent"),
    ("on-accent", "accent-deep"),
    ("accent", "accent-wash"),
    ("ink", "accent-wash"),
    ("ink", "mark"),
)
"""Text on its ground, as pages use them: each at least 4.5 (WCAG 2.2, 1.4.3)."""


@lru_cache(maxsize=1)
def colours() -> dict[str, tuple[str, str]]:
    """Each colour's name, by day and by night, as `#rrggbb`."""
    found = re.findall(r"--([a-z-]+): light-dark\((#\w{6}), (#\w{6})\)", SHEET.read_text())
    return {name: (day, night) for name, day, night in found}


@lru_cache(maxsize=4)
def lengths(family: str) -> tuple[tuple[str, str], ...]:
    """The names and values of one family of tokens: `type`, `space`, `radius`."""
    return tuple(re.findall(rf"--({family}-\d): ([^;]+);", SHEET.read_text()))


def _channel(value: int) -> float:
    share = value / 255
    return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4


def luminance(colour: str) -> float:
    """Relative luminance of `#rrggbb`, 0 to 1 (WCAG 2.2)."""
    red, green, blue = (_channel(int(colour[i : i + 2], 16)) for i in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(a: str, b: str) -> float:
    """The contrast ratio of two colours, 1 to 21."""
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)
