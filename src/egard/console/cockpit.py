"""The cockpit: what is kept of promises, by what one asks, and the list behind each figure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from egard.base.clock import utc_now
from egard.console import words
from egard.console.context import viewer_of
from egard.console.moments import day_words
from egard.console.pages import staff_page
from egard.console.promise_list import named
from egard.console.worklist_lists import UnknownChoice
from egard.kernel.access.actors import Viewer
from egard.kernel.access.operations import log_sight
from egard.kernel.access.queries import sites, teams
from egard.kernel.promises import asked as lists
from egard.kernel.promises import figures, shown
from egard.kernel.promises.asked import Asked
from egard.kernel.promises.queries import COCKPIT, hidden_kinds
from egard.kernel.registry import registry

PERIODS = (3, 12, 24)
"""Months to look back over, the one that runs included."""
PERIOD = 12
NAMES = ("kind", "site", "team", "channel")
TITLES: dict[str, Any] = {
    "kind": gettext_lazy("By what was promised"),
    "site": gettext_lazy("By place"),
    "team": gettext_lazy("By team"),
    "channel": gettext_lazy("By channel"),
}
THIN = 20
"""A share of fewer is drawn paler: it says little yet."""


@dataclass(frozen=True, slots=True)
class Sought:
    """The filters of the cockpit, as the address holds them."""

    months: int
    filters: dict[str, str]
    asked: Asked

    def url(self, name: str = "console:cockpit_list", **more: str) -> str:
        return f"{reverse(name)}?{urlencode({'months': str(self.months), **self.filters, **more})}"


def sought(query: QueryDict, now: datetime) -> Sought:
    """Raises `UnknownChoice` for what is none of the choices."""
    try:
        months = int(query.get("months") or PERIOD)
        filters = {name: query[name][:64] for name in (*NAMES, "month", "state") if query.get(name)}
        first, last = _period(months, now)
        if "month" in filters:
            first, last = figures.month_of(filters["month"])
        site, team = (UUID(filters[name]) if name in filters else None for name in ("site", "team"))
    except ValueError as error:
        raise UnknownChoice from error
    if months not in PERIODS or filters.get("state", "kept") not in ("kept", "broken"):
        raise UnknownChoice
    asked = Asked(
        states=(filters["state"],) if "state" in filters else (),
        kinds=(filters["kind"],) if "kind" in filters else (),
        site=site,
        team=team,
        channel=filters.get("channel"),
        due_from=first,
        due_before=last,
    )
    return Sought(months, filters, asked)


def _period(months: int, now: datetime) -> tuple[datetime, datetime]:
    """From the first day of the earliest month to now."""
    local = timezone.localtime(now)
    number = local.year * 12 + local.month - months
    return figures.month_of(f"{number // 12:04}-{number % 12 + 1:02}")[0], now


@require_GET
@staff_page
def cockpit(request: HttpRequest) -> HttpResponse:
    """The share kept, its curve, and by what it differs."""
    viewer, now = viewer_of(request), utc_now()
    viewer.require(COCKPIT)
    found = sought(request.GET, now)
    months = figures.shares(viewer, found.asked, "month", now=now)
    context = {
        "whole": figures.total(viewer, found.asked, now=now),
        "months": [{"figure": one, "label": _month(one.name), "url": found.url(month=one.name)} for one in months],
        "curve": _curve(found, months),
        "parts": [
            {"by": by, "title": TITLES[by], "rows": _rows(found, by, figures.shares(viewer, found.asked, by, now=now))}
            for by in NAMES
            if by not in found.filters
        ],
        "filters": _filters(viewer, found),
        "sought": found,
        "periods": PERIODS,
        "all_url": found.url(),
        "thin": THIN,
        "clear": reverse("console:cockpit") if found.filters else "",
    }
    return render(request, "console/promises/cockpit.html", context)


def _rows(found: Sought, by: str, some: list[figures.Figure]) -> list[dict[str, Any]]:
    rows = []
    for one in some:
        here = {by: one.name} if one.name else {}
        rows.append(
            {
                "figure": one,
                "label": _label(by, one),
                "url": found.url("console:cockpit", **here) if one.name else "",
                "broken_url": found.url(**here, state="broken") if one.name or len(some) == 1 else "",
                "kept_url": found.url(**here, state="kept") if one.name or len(some) == 1 else "",
            }
        )
    return rows


def _label(by: str, one: figures.Figure) -> str:
    if by == "channel":
        return words.word(words.CHANNELS, one.name) if one.name else _("not said")
    return one.label or _("nothing named")


def _month(name: str) -> str:
    return day_words(figures.month_of(name)[0].date(), _("F Y"))


def _curve(found: Sought, months: list[figures.Figure]) -> dict[str, Any]:
    """What the chart draws: shares of 1, with their bounds; each point leads to its list."""
    return {
        "name": _("Kept"),
        "between": _("between %(low)s and %(high)s, of %(n)s") % {"low": "{low}", "high": "{high}", "n": "{n}"},
        "points": [
            {
                "label": _month(one.name),
                "share": one.share,
                "low": one.bounds[0],
                "high": one.bounds[1],
                "n": one.n,
                "url": found.url(month=one.name),
            }
            for one in months
        ],
    }


def _filters(viewer: Viewer, found: Sought) -> list[dict[str, Any]]:
    hidden = hidden_kinds(viewer)
    kinds = [(kind.name, str(kind.label)) for kind in registry.promises.values() if kind.name not in hidden]
    channels = {str(label): code for code, label in words.CHANNELS.items()}
    offered = {
        "kind": (_("What"), sorted(kinds, key=lambda kind: kind[1])),
        "site": (_("Place"), [(str(site.pk), site.name) for site in sites(viewer)]),
        "team": (_("Team"), [(str(team.pk), team.name) for team in teams(viewer)]),
        "channel": (_("Channel"), [(code, label) for label, code in sorted(channels.items())]),
    }
    return [
        {"name": name, "label": label, "choices": choices, "value": found.filters.get(name, "")}
        for name, (label, choices) in offered.items()
        if choices
    ]


@require_GET
@staff_page
def behind(request: HttpRequest) -> HttpResponse:
    """The promises behind a figure: each with what became of it."""
    viewer, now = viewer_of(request), utc_now()
    viewer.require(COCKPIT)
    found = sought(request.GET, now)
    cursor = request.GET.get("cursor") or None
    if cursor is None:
        log_sight(viewer, "list", detail=f"cockpit {urlencode(found.filters)}"[:500], now=now)
    page = lists.paged(figures.behind(viewer, found.asked, now=now), limit=50, cursor=cursor)
    persons, told = named(viewer, page.items), shown.described(page.items)
    context = {
        "rows": [
            {
                "promise": row,
                "person": persons.get(row.person_id),
                "ring": shown.ring_of(row, now, told[row.pk]),
            }
            for row in page.items
        ],
        "next": found.url(cursor=page.next) if page.next else "",
        "whole": figures.total(viewer, found.asked, now=now),
        "said": _said(found, viewer),
        "back": found.url("console:cockpit"),
        "opens": viewer.can("promises.read"),
        "now": now,
    }
    return render(request, "console/promises/behind.html", context)


def _said(found: Sought, viewer: Viewer) -> list[str]:
    """The filters in words."""
    told = []
    labels = {one["name"]: dict(one["choices"]) for one in _filters(viewer, found)}
    for name, value in found.filters.items():
        if name == "month":
            told.append(_month(value))
        elif name == "state":
            told.append(_("kept") if value == "kept" else _("not kept"))
        else:
            told.append(str(labels.get(name, {}).get(value, value)))
    return told
