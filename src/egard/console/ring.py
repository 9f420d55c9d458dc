"""The promise ring drawn and said: one component for rows, headings, the portal, e-mails and paper.

Its signs differ in shape as well as in colour, and its words always stand beside it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from django.template.defaultfilters import date as date_words
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, ngettext, pgettext
from django.utils.translation import gettext as _

from egard.base.ring import Look, Ring, counted, look, risk_from, share_left, time_left
from egard.console.moments import day_words, exact

TONES: dict[Look, str] = {"risk": "risk", "paused": "waiting", "kept": "kept", "late": "risk", "broken": "broken"}
SIZES = ("row", "head", "portal")
TICKS_WITHIN = timedelta(hours=48)
"""A ring that is due later stands still until the page is drawn again: in a minute nobody would see it move."""

_MARKS: dict[Look, SafeString] = {
    "kept": SafeString('<path d="M8 12.5l2.8 2.8l5.2 -6"></path>'),
    "late": SafeString('<path d="M8 12.5l2.8 2.8l5.2 -6"></path>'),
    "broken": SafeString('<path d="M9.2 9.2l5.6 5.6m0 -5.6l-5.6 5.6"></path>'),
    "risk": SafeString('<path d="M12 8v4.6"></path><path d="M12 15.8v.01"></path>'),
    "paused": SafeString('<path d="M10.2 9.5v5"></path><path d="M13.8 9.5v5"></path>'),
    "released": SafeString('<path d="M9 12h6"></path>'),
}


def sign(shown: Look, share: float = 1.0) -> SafeString:
    """The drawing alone, for the eye: `share` of a running ring is still there, 0 to 1, and ends at twelve o'clock.

    Closed with a tick when kept, open with a gap and crossed when broken, dashed when paused.
    """
    left = 100.0 * min(1.0, max(0.0, share))
    dash, offset = f"{left:.1f} 100", f"{left - 100:.1f}"
    if shown in ("kept", "released"):
        dash, offset = "100 0", "0"
    elif shown in ("broken", "late"):
        dash, offset = "78 100", "0"
    elif shown == "paused":
        dash, offset = "6 6.5", "0"
    tone = f" tone-{TONES[shown]}" if shown in TONES else ""
    return format_html(
        '<svg class="ring is-{}{}" viewBox="0 0 24 24" aria-hidden="true"><circle class="ring-track" cx="12" cy="12" '
        'r="9"></circle><circle class="ring-left" cx="12" cy="12" r="9" pathLength="100" stroke-dasharray="{}" '
        'stroke-dashoffset="{}" transform="rotate(-90 12 12)"></circle><g class="ring-mark">{}</g></svg>',
        shown, tone, dash, offset, _MARKS.get(shown, ""),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Said:
    """A ring in words: `what`, the `moment` that matters and how it is `told`, what follows it (`rest`)."""

    what: str
    told: str
    moment: datetime
    rest: str

    @property
    def line(self) -> str:
        return f"{self.what} {self.told}{self.rest}"


def said(ring: Ring, now: datetime) -> Said:
    shown, what = look(ring, now), str(ring.what)
    if shown in ("running", "risk"):
        return Said(what, by(ring.due_at, now), ring.due_at, f", {left_words(ring, now)}")
    dot = "· " if what else ""
    if shown == "paused":
        return Said(what, dot + _("paused"), ring.paused_at or now, f", {left_words(ring, now)}")
    ended = ring.ended_at or ring.due_at
    if shown == "broken":
        return Said(
            what, dot + _("not kept, it was due %(moment)s") % {"moment": at(ring.due_at, now)}, ring.due_at, ""
        )
    words = {"kept": _("kept %(moment)s"), "late": _("kept late, %(moment)s"), "released": _("released %(moment)s")}
    rest = f" ({late_words(ended - ring.due_at)})" if shown == "late" else ""
    return Said(what, dot + words[shown] % {"moment": at(ended, now)}, ended, rest)


def at(moment: datetime, now: datetime) -> str:
    """A moment around now, before or after: `today 10:00`, `tomorrow 10:00`, `Tuesday 10:00`, `12 May, 10:00`."""
    return _placed(moment, now, today=_("today %(time)s"), yesterday=_("yesterday %(time)s"),
                   tomorrow=_("tomorrow %(time)s"), weekday=pgettext("coming", "%(weekday)s %(time)s"),
                   date=pgettext("moment", "%(date)s, %(time)s"))  # fmt: skip


def by(moment: datetime, now: datetime) -> str:
    """Until when, as people say it: `by 10:00`, `by tomorrow 10:00`, `by Tuesday 10:00`, `by 12 May, 10:00`."""
    return _placed(moment, now, today=_("by %(time)s"), yesterday=_("by %(date)s, %(time)s"),
                   tomorrow=_("by tomorrow %(time)s"), weekday=_("by %(weekday)s %(time)s"),
                   date=_("by %(date)s, %(time)s"))  # fmt: skip


def _placed(
    moment: datetime, now: datetime, *, today: str, yesterday: str, tomorrow: str, weekday: str, date: str
) -> str:
    local, day_now = timezone.localtime(moment), timezone.localtime(now).date()
    days = (local.date() - day_now).days
    form = {-1: yesterday, 0: today, 1: tomorrow}.get(days, weekday if 1 < days < 7 else date)
    dated = day_words(local.date(), _("j F") if local.year == day_now.year else _("j F Y"))
    return form % {"time": date_words(local, _("H:i")), "weekday": date_words(local, "l"), "date": dated}


def amount(ring: Ring, now: datetime) -> tuple[str, int]:
    """The time left in one unit, rounded down so that it never promises more: minutes under two hours, hours under two
    days, then days; of working time, days are the days of opening after today, as the law counts them.
    """
    left = time_left(ring, now)
    minutes, hours = int(left.total_seconds() // 60), int(left.total_seconds() // 3600)
    prefix = "w" if ring.working else ""
    if minutes < 120:
        return f"{prefix}m", minutes
    start = ring.paused_at if ring.state == "paused" and ring.paused_at else now
    if ring.working:
        today = timezone.localtime(start).date()
        opened = {timezone.localtime(begin).date() for begin, _end in ring.open if begin < ring.due_at}
        days = sum(day > today for day in opened)
        return ("wd", days) if days >= 3 else ("wh", hours)
    return ("h", hours) if hours < 48 else ("d", hours // 24)


def unit_words(unit: str, count: int) -> str:
    """`3 working hours left`, in the plural form of the reader's language."""
    forms = {
        "m": ngettext("%(count)s minute left", "%(count)s minutes left", count),
        "h": ngettext("%(count)s hour left", "%(count)s hours left", count),
        "d": ngettext("%(count)s day left", "%(count)s days left", count),
        "wm": ngettext("%(count)s working minute left", "%(count)s working minutes left", count),
        "wh": ngettext("%(count)s working hour left", "%(count)s working hours left", count),
        "wd": ngettext("%(count)s working day left", "%(count)s working days left", count),
    }
    # A number never stands at the end of a line without its unit.
    return (forms[unit] % {"count": count}).replace(f"{count} ", f"{count}\u00a0", 1)


def _left(ring: Ring, now: datetime) -> str:
    unit, count = amount(ring, now)
    return _("less than a minute left") if count == 0 else unit_words(unit, count)


def left_words(ring: Ring, now: datetime) -> str:
    words = _left(ring, now)
    return _("at risk: %(left)s") % {"left": words} if look(ring, now) == "risk" else words


def late_words(late: timedelta) -> str:
    """How late, in whole minutes, hours or days; `less than a minute late` for the rest."""
    minutes = int(late.total_seconds() // 60)
    if minutes < 1:
        return _("less than a minute late")
    if minutes < 120:
        return ngettext("%(count)s minute late", "%(count)s minutes late", minutes) % {"count": minutes}
    if minutes < 48 * 60:
        return ngettext("%(count)s hour late", "%(count)s hours late", minutes // 60) % {"count": minutes // 60}
    return ngettext("%(count)s day late", "%(count)s days late", minutes // 1440) % {"count": minutes // 1440}


def drawn(ring: Ring, now: datetime, size: str = "row") -> SafeString:
    """The component: the sign, and its words with the exact time on hover and for screen readers.

    `size`: `row` (16 px), `head` (24 px) or `portal` (48 px). It moves by itself where ring.js is there.
    """
    if size not in SIZES:
        raise ValueError(f"a ring is drawn for {', '.join(SIZES)}; not for {size!r}")
    shown, words = look(ring, now), said(ring, now)
    exactly = exact(words.moment)
    rest = words.rest.removeprefix(", ")
    joined = format_html(", <span data-left>{}</span>", rest) if words.rest.startswith(", ") else words.rest
    return format_html(
        '<span class="promise promise-{}"{}>{}<span class="promise-words"><span class="promise-what">{}</span> '
        '<time datetime="{}" title="{}">{}<span class="visually-hidden"> ({})</span></time>{}</span></span>',
        size, _clockwork(ring, now), sign(shown, share_left(ring, now)), words.what, words.moment.isoformat(), exactly,
        words.told, exactly, joined,
    )  # fmt: skip


def brief(ring: Ring, now: datetime) -> SafeString:
    """The sign with the fewest words that do, for rows: the time left, how late it is, what became of it. The moment is
    there on hover and for screen readers.
    """
    shown, words = look(ring, now), said(ring, now)
    if shown in ("running", "risk"):
        told = _left(ring, now)
    elif shown == "broken":
        told = late_words(now - ring.due_at)
    else:
        told = {"paused": _("paused"), "kept": _("kept"), "late": _("kept late"), "released": _("released")}[shown]
    return format_html(
        '<span class="promise promise-row promise-brief"{} data-brief>{}<time class="promise-words" datetime="{}" '
        'title="{}"><span data-left>{}</span><span class="visually-hidden"> ({})</span></time></span>',
        _clockwork(ring, now), sign(shown, share_left(ring, now)), words.moment.isoformat(), exact(words.moment), told,
        exact(words.moment),
    )  # fmt: skip


def _clockwork(ring: Ring, now: datetime) -> SafeString:
    """What ring.js needs to move a running ring without asking: seconds of the epoch; nothing for one that stands."""
    if ring.state != "running" or not now < ring.due_at <= now + TICKS_WITHIN:
        return SafeString("")
    spans = [(max(start, now), end) for start, end in ring.open if end > now and start < ring.due_at]
    data: dict[str, Any] = {
        "due": _seconds(ring.due_at),
        "whole": int(counted(ring, ring.made_at, ring.due_at).total_seconds()),
        "risk": int(risk_from(ring).total_seconds()),
        "working": ring.working,
        "open": [(_seconds(start), _seconds(min(end, ring.due_at))) for start, end in spans],
    }
    return format_html(' data-ring="{}"', json.dumps(data, separators=(",", ":")))


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def text(ring: Ring, now: datetime) -> str:
    """The ring where nothing can be drawn: mail clients show no SVG and drop styles, so one character stands for it."""
    shown = look(ring, now)
    quarter = "○◔◑◕●"[min(4, round(4 * share_left(ring, now)))]
    mark = {"kept": "✓", "late": "✓", "broken": "✕", "paused": "‖", "released": "–"}.get(shown, quarter)
    return f"{mark} {said(ring, now).line}"


def vocabulary() -> str:
    """The words that ring.js says as time runs, as JSON: singular and plural of each unit, with `{count}`."""
    return _vocabulary(get_language())


@lru_cache(maxsize=16)
def _vocabulary(_language: str | None) -> str:
    units = {unit: [_template(unit, 1), _template(unit, 2)] for unit in ("m", "h", "wm", "wh")}
    words = {"soon": _("less than a minute left"), "risk": _("at risk: %(left)s") % {"left": "{left}"}}
    return json.dumps({**units, **words, "over": _("the time is over")}, ensure_ascii=False, separators=(",", ":"))


def _template(unit: str, count: int) -> str:
    return unit_words(unit, count).replace(str(count), "{count}", 1)
