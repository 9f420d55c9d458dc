"""Complaints with and without a gesture, side by side."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils.translation import get_language
from django.views.decorators.http import require_GET

from egard.base.clock import utc_now
from egard.base.money import Money
from egard.console.case_figures import span
from egard.console.context import viewer_of
from egard.console.pages import staff_page
from egard.journeys.gestures.outcomes import queries
from egard.kernel.cases.rules.improving import Median

YEAR = timedelta(days=365)


@require_GET
@staff_page
def outcomes(request: HttpRequest) -> HttpResponse:
    """Of the last twelve months."""
    viewer, now = viewer_of(request), utc_now()
    days = int(request.GET["days"]) if request.GET.get("days") in map(str, queries.DAYS) else queries.DAYS[1]
    told = queries.side_by_side(viewer, since=now - YEAR, until=now, days=days, now=now)
    context = {
        "given": told.given, "without": told.without, "days": days, "periods": queries.DAYS,
        "given_time": _told(told.given.time, span), "without_time": _told(told.without.time, span),
        "given_amount": _told(told.given.amount, _euros), "no_cause": queries.NO_CAUSE,
    }  # fmt: skip
    return render(request, "gestures/outcomes.html", context)


def _euros(minor: float) -> str:
    return Money(round(minor), "EUR").words(get_language() or "fr")


def _told(one: Median, said: Any) -> dict[str, Any]:
    """A median in words, as `console/cases/_median.html` takes it."""
    bounds = (said(one.low), said(one.high)) if one.low is not None and one.high is not None else None
    return {"n": one.n, "median": said(one.seconds) if one.seconds is not None else "", "bounds": bounds}


urlpatterns = [path("gestures/outcomes/", outcomes, name="outcomes")]
