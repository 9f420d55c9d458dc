"""Rules of the relational signature: what a brand's style says of a text. Pure."""

from __future__ import annotations

from typing import Literal

Part = Literal["focus", "facts", "posture", "usefulness", "clarity"]
Level = Literal["suggestion", "warning", "error"]
Language = Literal["fr", "en"]

PARTS: tuple[Part, ...] = ("focus", "facts", "posture", "usefulness", "clarity")
LANGUAGES: tuple[Language, ...] = ("fr", "en")
POINTS: dict[Level, int] = {"suggestion": 3, "warning": 8, "error": 20}
"""What a finding takes off its part, of 100."""
ALWAYS = ("name", "next_step", "direct_line")
