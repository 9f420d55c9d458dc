"""The console's small parts as template tags: icon, tag, time, money, promise ring."""

from __future__ import annotations

import re
import zlib
from datetime import date, datetime, tzinfo
from functools import lru_cache
from html import escape as html_escape
from pathlib import Path
from typing import Any

from babel import numbers
from django import template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, ngettext, pgettext
from django.utils.translation import gettext as _

from egard.base.figures import interval
from egard.base.money import Money
from egard.base.text import elided as before_name
from egard.base.text import fold
from egard.console import ring as rings
from egard.console import words
from egard.console.moments import day_words, exact, exact_local

register = template.Library()

SPRITE = Path(__file__).resolve().parent.parent / "static" / "vendor" / "icons.svg"
TONES = {"kept": "circle-check", "risk": "alert-triangle", "broken": "circle-x", "waiting": "clock"}
"""The four meanings, each with its shape; the word comes with it."""


@lru_cache(maxsize=1)
def icon_names() -> frozenset[str]:
    return frozenset(re.findall(r'<symbol id="([a-z0-9-]+)"', SPRITE.read_text()))


@lru_cache(maxsize=512)
def _icon(name: str) -> SafeString:
    known = name if name in icon_names() else "point"
    href = f"{static('vendor/icons.svg')}#{known}"
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}"></use></svg>', href)


@register.simple_tag
def icon(name: str) -> SafeString:
    """The drawing of a name of icons.txt; a point where the name is unknown."""
    return _icon(str(name))


@register.simple_tag
def live(topics: str, url: str) -> SafeString:
    """Attributes that keep an element (with an id) as it is now: when one of `topics` (between spaces) is told, the
    element is asked for again at `url`, whose answer holds the same element. It waits while somebody types in it.

    With `data-live-list` beside, the answer goes as far down as what is shown: see `console.live.shown_again`.
    """
    return format_html('data-live="{}" hx-get="{}" hx-trigger="live" hx-swap="morph:outerHTML"', topics, url)


@register.filter
def keyed(value: Any) -> str:
    """A short name for an element's id that stays the same as long as the value does."""
    return f"{zlib.crc32(str(value).encode()):08x}"


@register.simple_tag
def tag(tone: str, word: Any, shape: str = "") -> SafeString:
    """A meaning: shape, word and colour together. Without a tone, a plain label, with `shape` where one is named."""
    if tone not in TONES:
        kind, drawn = ("", _icon(shape)) if shape else (" meaning-plain", "")
        return format_html('<span class="meaning{}">{}{}</span>', kind, drawn, word)
    return format_html('<span class="meaning tone-{}">{}{}</span>', tone, _icon(TONES[tone]), word)


def said(moment: datetime, now: datetime) -> str:
    """A moment as people say it: the time today, yesterday, the day this year, the date before."""
    local, today = timezone.localtime(moment), timezone.localtime(now).date()
    days = (today - local.date()).days
    if days == 0:
        return _("today %(time)s") % {"time": f"{local:%H:%M}"}
    if days == 1:
        return _("yesterday %(time)s") % {"time": f"{local:%H:%M}"}
    return said_day(local.date(), today)


def said_day(day: date, today: date) -> str:
    if day == today:
        return _("today")
    if (today - day).days == 1:
        return _("yesterday")
    return day_words(day, _("j F") if day.year == today.year else _("j F Y"))


@register.simple_tag
def when(moment: datetime | date | None, now: datetime | None = None) -> SafeString | str:
    """`<time>` with the words of `said`, the exact moment on hover. A date has no exact time."""
    if moment is None:
        return ""
    now = now or timezone.now()
    if not isinstance(moment, datetime):
        words = said_day(moment, timezone.localtime(now).date())
        title = day_words(moment, _("l j F Y"))
        return format_html('<time datetime="{}" title="{}">{}</time>', moment.isoformat(), title, words)
    return format_html('<time datetime="{}" title="{}">{}</time>', moment.isoformat(), exact(moment), said(moment, now))


@register.simple_tag
def ago(moment: datetime, now: datetime) -> SafeString:
    """How long ago, as people say it (days, then months, then years), with the exact moment on hover."""
    words = said_ago(timezone.localtime(moment).date(), timezone.localtime(now).date())
    return format_html('<time datetime="{}" title="{}">{}</time>', moment.isoformat(), exact(moment), words)


def said_ago(day: date, today: date) -> str:
    days = (today - day).days
    months = 12 * (today.year - day.year) + today.month - day.month - (today.day < day.day)
    if days < 2:
        return said_day(day, today)
    if months < 2:
        return ngettext("%(count)s day ago", "%(count)s days ago", days) % {"count": days}
    if months < 24:
        return ngettext("%(count)s month ago", "%(count)s months ago", months) % {"count": months}
    return ngettext("%(count)s year ago", "%(count)s years ago", months // 12) % {"count": months // 12}


@register.simple_tag
def since(moment: datetime, now: datetime) -> SafeString:
    """`since 12 June 2023`, with the exact moment on hover. French says `depuis le 12 juin`, but `depuis hier`."""
    return _led(
        moment, now, near=pgettext("today, yesterday", "since %(moment)s"), far=pgettext("date", "since %(moment)s")
    )


@register.simple_tag
def learned(moment: datetime, now: datetime) -> SafeString:
    """When a late fact was learned."""
    return _led(
        moment, now, near=pgettext("today, yesterday", "learned %(moment)s"), far=pgettext("date", "learned %(moment)s")
    )


def _led(moment: datetime, now: datetime, *, near: str, far: str) -> SafeString:
    days = (timezone.localtime(now).date() - timezone.localtime(moment).date()).days
    led = format_html((near if days in (0, 1) else far).replace("%(moment)s", "{}"), when(moment, now))
    return format_html('<span class="nowrap">{}</span>', led)


def clock_in(moment: datetime, language: str | None, zone: tzinfo) -> SafeString:
    """Only the time of day, exact on hover; for rows whose day stands in the margin.

    Nothing at exactly midnight: the source knew the day alone.
    """
    local = moment.astimezone(zone)
    if not (local.hour or local.minute or local.second or local.microsecond):
        return SafeString("")
    said, exactly = f"{local:%H:%M}", html_escape(exact_local(local, language))
    return SafeString(f'<time datetime="{moment.isoformat()}" title="{exactly}">{said}</time>')


@register.simple_tag
def clock(moment: datetime) -> SafeString:
    """The same in the reader's language and zone."""
    return clock_in(moment, get_language(), timezone.get_current_timezone())


@register.simple_tag
def money(amount: Money | int, currency: str = "") -> str:
    """An amount as the reader's language writes it: `money m`, or `money minor "EUR"`."""
    value = amount if isinstance(amount, Money) else Money(int(amount), currency)
    return value.words(get_language() or "fr")


@register.simple_tag
def rate(hits: int, n: int) -> SafeString:
    """A share with what it is of and its bounds at 95 %: `80 % of 40, between 65 and 90 %`. No share of nothing."""
    if not n:
        return format_html('<span class="rate faint">{}</span>', _("no figure yet"))
    low, high = interval(hits, n)
    digits = 3 if high - low < 0.05 else 2
    share, lowest, highest = (percent(part, digits) for part in (hits / n, low, high))
    of = _("of %(n)s, between %(low)s and %(high)s") % {"n": _number(n), "low": lowest, "high": highest}
    drawn = '<span class="rate"><span class="figure-value">{}</span> <span class="small soft">{}</span></span>'
    return format_html(drawn, share, of)


def percent(share: float, digits: int = 2) -> str:
    """A share of 1 as percent, in the reader's language; of its `digits` after the point those that say something."""
    return numbers.format_percent(round(share, digits), locale=get_language() or "fr", decimal_quantization=False)


def _number(n: int) -> str:
    return numbers.format_decimal(n, locale=get_language() or "fr")


@register.filter
def highlight(text: str, query: str) -> SafeString:
    """`text` with the part that `query` found marked; accents and case do not matter, nor spaces in numbers."""
    text, query = str(text), str(query or "").strip()
    if not query:
        return conditional_escape(text)
    span = _found(text, fold(query)) or _found_digits(text, query)
    if span is None:
        return conditional_escape(text)
    start, end = span
    return format_html("{}<mark>{}</mark>{}", text[:start], text[start:end], text[end:])


def _found(text: str, query: str) -> tuple[int, int] | None:
    # Folding may change a text's length (œ → oe), so each character is folded by itself and positions are kept.
    folded = [fold(character) for character in text]
    starts = [0]
    for part in folded:
        starts.append(starts[-1] + len(part))
    at = "".join(folded).find(query)
    if at < 0 or not query:
        return None
    first = max(i for i, start in enumerate(starts) if start <= at)
    last = min(i for i, start in enumerate(starts) if start >= at + len(query))
    return first, last


def _found_digits(text: str, query: str) -> tuple[int, int] | None:
    digits = re.sub(r"\D", "", query)
    if len(digits) < 3:
        return None
    places = [i for i, character in enumerate(text) if character.isdecimal()]
    at = "".join(text[i] for i in places).find(digits.lstrip("0") or digits)
    if at < 0:
        return None
    return places[at], places[at + len(digits.lstrip("0") or digits) - 1] + 1


register.simple_tag(rings.drawn, name="ring")
register.simple_tag(rings.brief, name="ring_brief")
register.simple_tag(rings.sign, name="ring_sign")
register.simple_tag(rings.text, name="ring_text")
register.simple_tag(rings.vocabulary, name="ring_words")


@register.filter
def elided(text: str, name: str) -> SafeString:
    """“de Adrien” as “d’Adrien”, of a text in which the name stands as it is written here."""
    return mark_safe(before_name(conditional_escape(text), conditional_escape(name)))  # noqa: S308  (escaped before)


@register.filter
def role_word(code: str) -> str:
    return words.word(words.ROLES, code)


@register.filter
def channel_word(code: str) -> str:
    return words.word(words.CHANNELS, code)


@register.filter
def purpose_word(code: str) -> str:
    return words.word(words.PURPOSES, code)


@register.filter
def language_word(code: str) -> str:
    return words.word(words.LANGUAGES, code)


@register.filter
def known_as(entry: Any) -> str:
    """What stands for the name of somebody who has none: `Customer 17850`, an address, or that it is unknown."""
    if entry is None:
        return _("Name unknown")
    if entry.kind.name == "customer_number":
        return _("Customer %(number)s") % {"number": entry.display}
    return entry.display if entry.kind.reach else f"{entry.kind.label} {entry.display}"


WAY_ICONS = {
    "email": "mail", "phone": "phone", "customer_number": "id", "order_number": "receipt", "plate": "car",
    "device": "device-mobile", "user_id": "user", "anonymous_id": "world",
}  # fmt: skip


@register.filter
def way_icon(kind: str) -> str:
    return WAY_ICONS.get(kind, "hash")


@register.filter
def way_href(entry: Any) -> str:
    """Where a click reaches the person; empty for identifiers by which nobody is reached."""
    return {"email": f"mailto:{entry.value}", "phone": f"tel:{entry.value}"}.get(entry.kind.reach, "")


@register.simple_tag
def control(field: Any) -> SafeString:
    """A form's field drawn as ours, tied to its hint and its errors."""
    kinds = {"checkbox": "form-check-input", "select": "form-select"}
    attrs = {"class": kinds.get(field.widget_type, "form-control")}
    told = [f"{field.auto_id}-hint"] if field.help_text else []
    told += [f"{field.auto_id}-error-{i}" for i, _error in enumerate(field.errors, start=1)]
    if told:
        attrs["aria-describedby"] = " ".join(told)
    if field.errors:
        attrs["aria-invalid"] = "true"
    attrs["placeholder"] = ""
    return field.as_widget(attrs=attrs)
