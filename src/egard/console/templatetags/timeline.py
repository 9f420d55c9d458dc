"""The lines of a timeline, drawn in Python: forty of them are most of a person's page, and a template of Django costs
ten times the work of joining strings."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, tzinfo
from functools import lru_cache
from html import escape
from uuid import UUID

from django import template
from django.template import Context
from django.template.loader import get_template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from egard.console.history import Line
from egard.console.templatetags.egard import channel_word, clock_in, day_words, highlight, icon, learned
from egard.kernel.timeline.queries import Entry

register = template.Library()


@register.simple_tag(takes_context=True)
def entries(context: Context, lines: Iterable[Line], now: datetime, within: str = "") -> SafeString:
    """The entries of one month as `<li>`s; `within` is what the reader searches, marked in the headlines."""
    language, zone = get_language(), timezone.get_current_timezone()
    return mark_safe("".join([_line(context, line, now, within, language, zone) for line in lines]))  # noqa: S308  (each part is escaped)


def _line(context: Context, line: Line, now: datetime, within: str, language: str | None, zone: tzinfo) -> str:
    entry = line.entry
    tone = f" tone-{entry.tone}" if entry.tone else ""
    marks = f"{' is-corrected' if entry.corrected_by else ''}{' is-private' if entry.private else ''}"
    return (
        f'<li class="entry{marks}" id="fact-{entry.id}" data-fresh>'
        f'<span class="entry-day">{_day(line.day, language) if line.day else ""}</span>'
        f'<span class="entry-icon{tone}">{icon(entry.icon)}</span>'
        f'<span class="entry-text">{_headline(context, entry, within)}'
        f"{_notes(entry, late=line.late, now=now)}</span>"
        f'<span class="entry-when">{_when(entry, language, zone)}</span></li>\n'
    )


def _headline(context: Context, entry: Entry, within: str) -> str:
    """The journey's own drawing where it declares one, else the line."""
    if entry.fact_type.template:
        with context.push(entry=entry, within=within):
            return get_template(entry.fact_type.template).template.render(context)
    told = highlight(entry.headline, within) if within else escape(str(entry.headline))
    return f'<span class="entry-headline">{told}</span>'


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
    if not (entry.corrects or entry.corrected_by or late):
        return ""
    notes = []
    if entry.corrects:
        notes.append(_note_link(entry.corrects, "arrow-back-up", _("corrects this")))
    if entry.corrected_by:
        notes.append(_note_link(entry.corrected_by, "edit", _("corrected since")))
    if late:
        notes.append(format_html("<span>{} {}</span>", icon("clock"), learned(entry.recorded_at, now)))
    return f'<span class="entry-note">{"".join(notes)}</span>'


def _note_link(fact: UUID, drawn: str, words: str) -> SafeString:
    return format_html('<a href="#fact-{}">{} {}</a>', fact, icon(drawn), words)


def _when(entry: Entry, language: str | None, zone: tzinfo) -> str:
    """The channel and the time of day; the day stands in the margin."""
    time = clock_in(entry.at, language, zone)
    channel = _channel(entry.channel, language) if entry.channel and not entry.fact_type.private else ""
    return f"{channel} · {time}" if channel and time else channel or time


@lru_cache(maxsize=1024)
def _channel(code: str, _language: str | None) -> str:
    return escape(str(channel_word(code)))
