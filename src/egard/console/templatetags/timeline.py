"""The lines of a timeline, drawn in Python: forty of them are most of a person's page, and a template of Django costs
ten times the work of joining strings."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from functools import lru_cache
from uuid import UUID

from django import template
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from egard.console.history import Line
from egard.console.templatetags.egard import channel_word, clock, day_words, highlight, icon, learned
from egard.kernel.timeline.queries import Entry

register = template.Library()


@register.simple_tag
def entries(lines: Iterable[Line], now: datetime, within: str = "") -> SafeString:
    """The entries of one month as `<li>`s; `within` is what the reader searches, marked in the headlines."""
    return mark_safe("".join([_line(line, now, within) for line in lines]))  # noqa: S308  (each part is escaped)


def _line(line: Line, now: datetime, within: str) -> str:
    entry = line.entry
    tone = f" tone-{entry.tone}" if entry.tone else ""
    return (
        f'<li class="entry{" is-corrected" if entry.corrected_by else ""}" id="fact-{entry.id}" data-fresh>'
        f'<span class="entry-day">{_day(line.day, get_language()) if line.day else ""}</span>'
        f'<span class="entry-icon{tone}">{icon(entry.icon)}</span>'
        f'<span class="entry-text"><span class="entry-headline">{highlight(entry.headline, within)}</span>'
        f"{_notes(entry, late=line.late, now=now)}</span>"
        f'<span class="entry-when">{_when(entry)}</span></li>\n'
    )


@lru_cache(maxsize=4096)
def _day(day: date, _language: str | None) -> SafeString:
    return format_html(
        '<span class="visually-hidden">{}</span><span aria-hidden="true">{} <b>{}</b></span>',
        day_words(day, _("l j F Y")),
        day_words(day, "D"),
        day.day,
    )


def _notes(entry: Entry, *, late: bool, now: datetime) -> str:
    """What corrects what, and what was learned late."""
    notes = []
    if entry.corrects:
        notes.append(
            format_html('<a href="#fact-{}">{} {}</a>', entry.corrects, icon("arrow-back-up"), _("corrects this"))
        )
    if entry.corrected_by:
        notes.append(
            format_html('<a href="#fact-{}">{} {}</a>', entry.corrected_by, icon("edit"), _("corrected since"))
        )
    if late:
        notes.append(format_html("<span>{} {}</span>", icon("clock"), learned(entry.recorded_at, now)))
    return f'<span class="entry-note">{"".join(notes)}</span>' if notes else ""


def _note_link(fact: UUID, drawn: str, words: str) -> SafeString:
    return format_html('<a href="#fact-{}">{} {}</a>', fact, icon(drawn), words)


def _when(entry: Entry) -> str:
    channel = escape(channel_word(entry.channel)) if entry.channel else ""
    return " · ".join(part for part in (channel, clock(entry.at)) if part)
