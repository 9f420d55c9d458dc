"""How clients reach us, week by week, and how many advisers keep the three minutes: for managers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.utils.dates import WEEKDAYS
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from egard.base.clock import utc_now
from egard.base.figures import Share
from egard.console.context import viewer_of
from egard.console.moments import day_words
from egard.console.pages import staff_page
from egard.console.templatetags.egard import percent
from egard.journeys.reach import figures, staffing
from egard.journeys.reach.queries import FIGURES
from egard.journeys.reach.rules.staffing import HOUR_CALLS_MIN, SHARE, TALKS_MIN, Advice

WEEKS = (4, 13, 26)
THIN = 20
"""A share of fewer is drawn paler: it says little yet."""


@require_GET
@staff_page
def page(request: HttpRequest) -> HttpResponse:
    """Shares with their bounds, week by week, then a day of the week hour by hour."""
    viewer, now = viewer_of(request), utc_now()
    viewer.require(FIGURES)
    today = timezone.localtime(now)
    weeks = int(request.GET["weeks"]) if request.GET.get("weeks") in map(str, WEEKS) else WEEKS[1]
    weekday = int(request.GET["weekday"]) if request.GET.get("weekday") in map(str, range(1, 8)) else None
    monday = (today - timedelta(days=today.weekday())).replace(hour=0, minute=0, second=0, microsecond=0)
    since = monday - timedelta(weeks=weeks - 1)
    whole = figures.reached(viewer, since=since, until=now)
    by_week = figures.weeks(viewer, since=since, until=now)
    found = staffing.staffing(viewer, weekday=weekday, now=now)
    context = {
        "n": whole.soon.n,
        "rows": [(label, getattr(whole, name)) for name, label in _labels().items()],
        "weeks": [_week(one) for one in by_week],
        "curve": _curve(by_week),
        "thin": THIN,
        "period": weeks,
        "periods": WEEKS,
        "weekday": found.weekday,
        "days": [(number + 1, name) for number, name in WEEKDAYS.items()],
        "found": found,
        "talk": _minutes(found.talk_seconds),
        "bears": _minutes(found.patience_seconds),
        "hours": [_hour(one) for one in found.hours],
        "chart": _chart(found),
        "share": percent(SHARE),
        "hour_calls": HOUR_CALLS_MIN,
        "talks_min": TALKS_MIN,
    }
    return render(request, "reach/figures.html", context)


def _labels() -> dict[str, str]:
    return {
        "own": _("Reached their own adviser"),
        "soon": _("Answered within three minutes"),
        "abandoned": _("Hung up without an answer or a promise"),
        "transferred": _("Put through to somebody else"),
        "promised": _("Left with a promise"),
        "repeated": _("Called again within a day"),
    }


def _week(one: figures.Week) -> dict[str, Any]:
    shares = [getattr(one.reached, name) for name in _labels()]
    return {"label": _monday(one), "n": one.reached.soon.n, "shares": [_percent(share) for share in shares]}


def _monday(one: figures.Week) -> str:
    return day_words(timezone.localtime(one.begins_at).date(), _("j M"))


def _percent(share: Share) -> str:
    return percent(share.share) if share.share is not None else "–"


def _curve(weeks: list[figures.Week]) -> dict[str, Any]:
    """The two shares that are promised, with their bounds."""
    labels = _labels()
    series = []
    for name in ("own", "soon"):
        shares = [getattr(one.reached, name) for one in weeks]
        bounds = [share.bounds if share.n else (None, None) for share in shares]
        series.append(
            {
                "name": labels[name],
                "y": [share.share for share in shares],
                "low": [low for low, _high in bounds],
                "high": [high for _low, high in bounds],
            }
        )
    return {"x": [_monday(one) for one in weeks], "unit": "percent", "series": series}


def _hour(one: Advice) -> dict[str, Any]:
    told = {name: getattr(one, name) for name in ("soon", "busy", "with_leaving")}
    return {
        "hour": f"{one.hour:02}:00",
        "calls": number_format(one.calls, decimal_pos=1),
        "low": number_format(one.low, decimal_pos=1),
        "high": number_format(one.high, decimal_pos=1),
        "advisers": one.advisers,
        "most": one.most,
        **{name: percent(value) if value is not None else "" for name, value in told.items()},
    }


def _chart(found: staffing.Staffing) -> dict[str, Any]:
    return {
        "x": [f"{one.hour:02}:00" for one in found.hours],
        "unit": "number",
        "series": [
            {"name": _("Advisers"), "kind": "bar", "y": [one.advisers for one in found.hours]},
            {
                "name": _("Calls an hour"),
                "y": [one.calls for one in found.hours],
                "low": [one.low for one in found.hours],
                "high": [one.high for one in found.hours],
            },
        ],
    }


def _minutes(seconds: float | None) -> str:
    return number_format(seconds / 60, decimal_pos=1) if seconds is not None else ""


urlpatterns = [path("reach/figures/", page, name="figures")]
