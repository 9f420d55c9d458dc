"""How alike the house writes, as a page; the messages that speak most and least of the client; one of them with its
findings.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from egard.base.clock import utc_now
from egard.console.context import viewer_of
from egard.console.moments import day_words
from egard.console.pages import staff_page
from egard.journeys.signature import brands, queries, shown
from egard.journeys.signature.checking import named_of, spoken
from egard.journeys.signature.models import Scored
from egard.journeys.signature.rules import PARTS, words
from egard.journeys.signature.rules.check import check
from egard.journeys.signature.rules.homogeneity import N_MIN, Group
from egard.kernel.access.operations import log_sight
from egard.kernel.access.queries import staff_names

MONTHS = (1, 3, 12)
DAYS = 30.44


@require_GET
@staff_page
def sent_page(request: HttpRequest) -> HttpResponse:
    """Scores of what left, by group, with n and intervals; most and least client-centred messages. The sight is
    logged.
    """
    viewer, now = viewer_of(request), utc_now()
    months = next((n for n in MONTHS if str(n) == request.GET.get("months")), 3)
    by = request.GET.get("by", "")
    by = by if by in queries.BY else "team"
    since = now - timedelta(days=round(DAYS * months))
    found = queries.figures(viewer, by=by, since=since, until=now)
    most, least = (queries.extremes(viewer, most=which, since=since, until=now) for which in (True, False))
    if found.whole.n:
        log_sight(viewer, "list", detail="signature sent", now=now)
    open_to = queries.readable(viewer, [*most, *least])
    names = staff_names(viewer)
    reader = get_language() or "en"
    context = {
        "months": months,
        "periods": [(n, _period(n)) for n in MONTHS],
        "by": by,
        "ways": [(one, way_words(one)) for one in queries.BY],
        "way": way_words(by),
        "n": found.whole.n,
        "mean": round(found.whole.mean),
        "bounds": _bounds(found.whole),
        "groups": [_group(one, by) for one in found.groups],
        "n_min": N_MIN,
        "between": round(found.spread.between),
        "within": round(found.spread.within),
        "alike": round(100 * found.spread.alike) if found.spread.alike is not None else None,
        "parts": [(words.PARTS[part].said(reader), round(found.parts[part])) for part in PARTS],
        "lists": [
            (_("Those that speak most of the client"), [_row(one, open_to, names) for one in most]),
            (_("Those that speak least of her"), [_row(one, open_to, names) for one in least]),
        ],
        "scope": viewer.scope(queries.FIGURES),
    }
    return render(request, "signature/sent.html", context)


def way_words(by: str) -> str:
    return {
        "team": _("Team"),
        "channel": _("Channel"),
        "author": _("Author"),
        "month": _("Month"),
        "moment": _("Moment"),
        "language": _("Language"),
    }[by]


def _period(months: int) -> str:
    return {1: _("One month"), 3: _("Three months"), 12: _("Twelve months")}[months]


def _bounds(group: Group) -> tuple[int, int] | None:
    return (round(group.bounds[0]), round(group.bounds[1])) if group.bounds else None


def _group(one: Group, by: str) -> dict[str, Any]:
    bounds = _bounds(one)
    low, high = bounds or (round(one.mean), round(one.mean))
    return {
        "name": group_words(by, one.name),
        "n": one.n,
        "mean": round(one.mean),
        "bounds": bounds,
        "low": low,
        "width": max(1, high - low),
        "tone": shown.tone_of(round(one.mean)),
    }


def group_words(by: str, name: str) -> str:
    """The name of a group as staff say it."""
    if not name:
        return _("none") if by == "moment" else _("without a team") if by == "team" else _("nobody by name")
    if by == "channel":
        return shown.channel_words(name)
    if by == "language":
        return shown.LANGUAGE_NAMES.get(name, name)
    if by == "month":
        return day_words(datetime.fromisoformat(f"{name}-01").date(), "F Y").capitalize()
    if by == "moment":
        return dict(shown.moments(brands.held().brand.style)).get(name, name)
    return name


def _row(one: Scored, open_to: set[UUID], names: dict[str, str]) -> dict[str, Any]:
    return {
        "id": one.message,
        "at": one.at,
        "score": one.score,
        "tone": shown.tone_of(one.score),
        "client": one.client,
        "company": one.company,
        "channel": shown.channel_words(one.channel),
        "author": names.get(one.author, _("a program")),
        "team": one.team.name if one.team else "",
        "is_open": one.message in open_to,
    }


@require_GET
@staff_page
def one(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """A message that left, with the score that it had then, and what our style says of it now. The sight is logged."""
    viewer, now = viewer_of(request), utc_now()
    row, message = queries.sent_message(viewer, uuid)
    person = message.thread.person
    log_sight(viewer, "message", person_id=person.pk if person else None, detail=str(uuid), now=now)
    found = check(
        message.text,
        brands.judging(),
        language=spoken(message.language or ""),
        moment=message.moment,
        channel=message.channel,
        named=named_of(person),
    )
    context = {
        "row": _row(row, {uuid}, staff_names(viewer)),
        "text": message.text,
        "marked": shown.marked(message.text, found),
        "changed": row.version_id != brands.held().brand.version,
        **shown.judged(message.text, found),
    }
    return render(request, "signature/one.html", context)
