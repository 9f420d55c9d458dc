"""The states of a step drawn and said: six shapes, so that none is told by colour alone."""

from __future__ import annotations

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

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
