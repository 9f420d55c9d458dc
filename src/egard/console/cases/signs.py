"""The states of a step drawn and said: six shapes, so that none is told by colour alone."""

from __future__ import annotations

import re

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

WORDS = {
    "waiting": _("Waits"),
    "available": _("To do"),
    "active": _("Under way"),
    "done": _("Done"),
    "skipped": _("Skipped"),
    "cancelled": _("No longer needed"),
    "apart": _("Not for this case"),
}
TONES = {"done": "kept", "active": "waiting", "available": ""}
_RING = '<circle cx="12" cy="12" r="8.5"></circle>'
_SHAPES = {
    "waiting": '<circle cx="12" cy="12" r="8.5" stroke-dasharray="2.6 4.1"></circle>',
    "available": _RING,
    "active": _RING + '<path class="filled" d="M12 3.5a8.5 8.5 0 0 1 0 17z"></path>',
    "done": '<circle class="filled" cx="12" cy="12" r="8.5"></circle>'
    '<path class="cut" d="M8 12.3l2.8 2.8l5.2 -6"></path>',
    "skipped": _RING + '<path d="M9 8.8l3 3.2l-3 3.2m4 -6.4l3 3.2l-3 3.2"></path>',
    "cancelled": _RING + '<path d="M8.5 12h7"></path>',
    "apart": '<path d="M7.5 12h9"></path>',
}


def sign(state: str) -> SafeString:
    """The drawing alone, for the eye; its word stands beside it."""
    shape = mark_safe(_SHAPES.get(state, _RING))  # noqa: S308  (ours)
    tone = f" tone-{TONES[state]}" if TONES.get(state) else ""
    return format_html('<svg class="sign is-{}{}" viewBox="0 0 24 24" aria-hidden="true">{}</svg>', state, tone, shape)


_TYPED = (  # as French readers write it; English is what files have
    (r"\bjours? ouvr(?:é|e|able)s?\b", "business day"),
    (r"\bheures? ouvr(?:é|e)e?s?\b", "business hour"),
    (r"\bminutes? ouvr(?:é|e)e?s?\b", "business minute"),
    (r"\bheures?\b", "h"),
    (r"\b(?:jours?|j)\b", "day"),
    (r"\b(?:semaines?|sem)\b", "week"),
    (r"\bmois\b", "month"),
    (r"\b(?:ans?|années?)\b", "year"),
)


def span_typed(words: str) -> str:
    """An amount of time as somebody typed it, in French or English, as files write it: `1 jour ouvré`."""
    told = " ".join(words.lower().split())
    for written, meant in _TYPED:
        told = re.sub(written, meant, told)
    return told


def span_words(within: str) -> str:
    """An amount of time as files write it, in the reader's words: `2 h`, `1 jour ouvré`."""
    number, _space, unit = within.partition(" ")
    if not number.isdecimal():
        return within
    n = int(number)
    forms = {
        "min": ngettext("%(n)s minute", "%(n)s minutes", n),
        "h": ngettext("%(n)s hour", "%(n)s hours", n),
        "day": ngettext("%(n)s day", "%(n)s days", n),
        "month": ngettext("%(n)s month", "%(n)s months", n),
        "business hour": ngettext("%(n)s working hour", "%(n)s working hours", n),
        "business day": ngettext("%(n)s working day", "%(n)s working days", n),
    }
    words = forms.get(unit.removesuffix("s"))
    return (words % {"n": n}).replace(" ", "\u00a0", 1) if words else within
