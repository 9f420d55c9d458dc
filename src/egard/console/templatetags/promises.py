"""What happened to a promise, said as a line."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from egard.console import ring as rings
from egard.console.moments import exact
from egard.console.templatetags.egard import percent

register = template.Library()
_ICONS = {
    "made": "point", "warned": "bell", "broken": "circle-x", "escalated": "headset", "kept": "circle-check",
    "released": "circle-dashed", "reopened": "arrow-back-up", "paused": "player-pause", "resumed": "player-play",
    "extended": "clock-plus", "assigned": "user-check",
}  # fmt: skip
_TONES = {"warned": "risk", "broken": "broken", "escalated": "broken", "kept": "kept", "paused": "waiting"}
EXTENSIONS = ("2 h", "4 business hours", "1 business day", "2 business days", "5 business days", "10 business days")


@register.filter
def event_icon(event: Any) -> str:
    return _ICONS.get(event.what, "point")


@register.filter
def event_tone(event: Any) -> str:
    return _TONES.get(event.what, "")


@register.simple_tag
def event_line(event: Any, promise: Any, now: datetime) -> SafeString:
    """`Extended until Tuesday 10:00: the expert is away`."""
    due = event.due_at or promise.due_at
    words = {
        "made": _("Promised %(by)s") % {"by": rings.by(due, now)},
        "warned": _("Warning: it is due soon"),
        "broken": _("Not kept: its moment has passed"),
        "escalated": _("Others were told that it is overdue"),
        "kept": _("Kept late") if event.at > promise.due_at else _("Kept"),
        "released": _("Released"),
        "reopened": _("Owed again"),
        "paused": _("Paused"),
        "resumed": _("Runs on, %(by)s") % {"by": rings.by(due, now)},
        "extended": _("More time, %(by)s") % {"by": rings.by(due, now)},
        "assigned": _("Given to somebody else"),
    }
    line = words.get(event.what, event.what)
    if not event.reason:
        return format_html("{}", line)
    return format_html('{} <span class="soft">· {}</span>', line, event.reason)


@register.simple_tag
def exactly(moment: datetime, now: datetime) -> SafeString:
    """A moment before or after now, as people say it, exact on hover."""
    told = rings.at(moment, now)
    return format_html('<time datetime="{}" title="{}">{}</time>', moment.isoformat(), exact(moment), told)


@register.simple_tag
def extensions() -> list[tuple[str, str]]:
    """Amounts of time to choose from, as they are written and as people say them."""
    return [(words, span_words(words)) for words in EXTENSIONS]


@register.filter
def span_words(words: str) -> str:
    """An amount of time in the reader's language; as it is where it cannot be read."""
    from egard.console.spans import said

    return said(words)


@register.filter
def hundredth(share: float | None, less: float = 0) -> str:
    """A share of 1 as a place between 0 and 100; `less` is taken away (half a mark's width)."""
    return f"{100 * (share or 0) - less:.1f}"


@register.filter
def as_percent(share: float | None) -> str:
    return "–" if share is None else percent(share, 3)


@register.simple_tag
def share_words(figure: Any) -> str:
    """`of 40, between 65 and 90 %`."""
    low, high = figure.bounds
    return _("of %(n)s, between %(low)s and %(high)s") % {"n": figure.n, "low": percent(low), "high": percent(high)}
