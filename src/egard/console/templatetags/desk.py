"""Small parts of the workbench as template tags."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from egard.console.inbox import heard
from egard.console.morrow import ahead
from egard.console.templatetags.egard import TONES, _icon, exact, said

register = template.Library()


@register.simple_tag
def due(row: Any, now: datetime) -> SafeString:
    """By when a row is due, with its meaning: `tomorrow 10:00`."""
    words = ahead(row.due_at, now) if row.due_at >= now else said(row.due_at, now)
    shape = _icon(TONES[row.tone]) if row.tone in TONES else ""
    return format_html(
        '<span class="due{}">{}<time datetime="{}" title="{}">{}</time></span>',
        f" tone-{row.tone}" if row.tone in TONES else "",
        shape,
        row.due_at.isoformat(),
        exact(row.due_at),
        words,
    )


@register.simple_tag
def tone_icon(tone: str) -> SafeString:
    return _icon(TONES.get(tone, "point"))


@register.simple_tag
def files_max_mb() -> int:
    """What the files of one form may weigh together."""
    return heard.files_max_mb()
