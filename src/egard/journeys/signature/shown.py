"""Words and judgements as pages show them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from egard.base.text import utf16_places
from egard.journeys.signature.rules import PARTS, words
from egard.journeys.signature.rules.check import Checked
from egard.journeys.signature.rules.style import Style

WHOLE = 90
"""A finding over so many characters is about its sentence: it is listed, and shown in the text when one looks at it."""
LANGUAGE_NAMES = {"fr": "Français", "en": "English"}


def channel_words(code: str) -> str:
    names = {
        "email": _("E-mail"),
        "sms": _("Text message"),
        "chat": _("Chat"),
        "post": _("Letter"),
        "counter": _("Counter"),
        "call": _("Call"),
    }
    return names.get(code, code)


def moments(style: Style) -> list[tuple[str, str]]:
    reader = get_language() or "en"
    named = {
        name: moment.title.said(reader)
        for tongue in style.languages.values()
        for name, moment in tongue.moments.items()
    }
    return list(named.items())


def scenes(of: Mapping[str, Any], reader: str) -> list[dict[str, Any]]:
    """Scenes of the phone or the counter: what to do, what to say, what rather not."""
    return [
        {"name": name, "title": one.title.said(reader), "do": one.do, "say": one.say, "avoid": one.avoid}
        for name, one in of.items()
    ]


def judged(text: str, found: Checked | None) -> dict[str, Any]:
    if found is None:
        return {"found": None}
    reader = get_language() or "en"
    units = utf16_places(text)
    rows = [
        {
            "number": n,
            "start": units[one.start],
            "end": units[one.end],
            "text": one.text,
            "is_whole": one.end - one.start > WHOLE or one.suggestion.startswith(one.text),
            "added": one.suggestion[len(one.text) :].strip() if one.suggestion.startswith(one.text) else "",
            "suggestion": one.suggestion,
            "part": one.part,
            "part_words": words.PARTS[one.part].said(reader),
            "tone": TONES[one.level],
            "message": one.message.said(reader),
        }
        for n, one in enumerate(found.findings)
    ]
    parts = [
        {
            "name": part,
            "words": words.PARTS[part].said(reader),
            "value": found.parts[part],
            "why": found.why[part].said(reader),
        }
        for part in PARTS
    ]
    return {
        "found": found,
        "tone": tone_of(found.score),
        "parts": parts,
        "rows": sorted(rows, key=lambda row: (ORDER[row["tone"]], row["start"])),
        "spans": json.dumps(
            [{key: row[key] for key in ("number", "start", "end", "tone", "is_whole")} for row in rows]
        ),
        "spoken": LANGUAGE_NAMES[found.language],
    }


TONES = {"error": "broken", "warning": "risk", "suggestion": "waiting"}
ORDER = {"broken": 0, "risk": 1, "waiting": 2}


def tone_of(score: int) -> str:
    return "kept" if score >= 70 else "risk" if score >= 45 else "broken"


def marked(text: str, found: Checked) -> list[tuple[str, str]]:
    """A text in pieces, each with the tone of what was found on its words (empty: nothing)."""
    pieces: list[tuple[str, str]] = []
    at = 0
    for one in found.findings:
        if one.start < at or one.end - one.start > WHOLE or one.suggestion.startswith(one.text):
            continue
        pieces += [(text[at : one.start], ""), (text[one.start : one.end], TONES[one.level])]
        at = one.end
    return [piece for piece in [*pieces, (text[at:], "")] if piece[0]]
