"""Budgets with where they are heading, what may be given, and what gestures do."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from egard.base.clock import utc_now
from egard.base.money import Money
from egard.base.refusal import Forbidden, NotFound, Refusal
from egard.console.context import viewer_of
from egard.console.moments import day_words
from egard.console.pages import staff_page
from egard.journeys.gestures import budgets, catalogues, figures, queries, shown, typed
from egard.journeys.gestures.refusals import BadCatalogue
from egard.journeys.gestures.rules.budgets import bounds, periods_at
from egard.kernel.access import queries as access
from egard.kernel.access.actors import Viewer


@require_http_methods(["GET", "POST"])
@staff_page
def budgets_page(request: HttpRequest) -> HttpResponse:
    """What each team may spend, what it spent, what was asked for, and where it is heading."""
    viewer, now = viewer_of(request), utc_now()
    viewer.require(budgets.READ)
    refusal = None
    if request.method == "POST":
        try:
            _set(viewer, request, now)
        except Refusal as told:
            if isinstance(told, Forbidden | NotFound):
                raise
            refusal = told
        else:
            messages.success(request, _("The budget is set."))
            return redirect("gestures:budgets")
    past = request.GET.get("past") == "yes"
    rows = [_shown(one, now) for one in budgets.standings(viewer, now=now, past=past)]
    month, quarter, year = periods_at(now, budgets.ZONE)
    following = periods_at(bounds(month, budgets.ZONE)[1], budgets.ZONE)[0]
    context = {
        "rows": rows,
        "past": past,
        "refusal": refusal,
        "typed": request.POST,
        "may_set": viewer.can(budgets.MANAGE),
        "teams": sorted(access.teams(viewer), key=lambda team: (team.pk not in viewer.team_ids, team.name)),
        "periods": [(one, period_words(one)) for one in (month, following, quarter, year)],
        "curves": {row["id"]: row["curve"] for row in rows},
        "words": {"spent": _("spent"), "budget": _("budget"), "likely": _("likely")},
        "now": now,
    }
    return render(request, "gestures/budgets.html", context, status=refusal.status if refusal else 200)


def period_words(period: str) -> str:
    """A period as people say it: November 2026, 4th quarter of 2026, 2026."""
    if "-Q" in period:
        year, _q, number = period.partition("-Q")
        return _("quarter %(n)s of %(year)s") % {"n": number, "year": year}
    if "-" in period:
        return day_words(bounds(period, budgets.ZONE)[0].date(), "F Y").capitalize()
    return period


def _set(viewer: Viewer, request: HttpRequest, now: datetime) -> None:
    unit = queries.currency(viewer)
    amount = typed.minor(request.POST.get("amount", ""), unit)
    try:
        team = access.team(viewer, UUID(request.POST.get("team", "")))
    except ValueError as error:
        raise access.UnknownTeam from error
    budgets.set_budget(viewer, team, request.POST.get("period", "")[:7], Money(amount, unit), now=now)


def _shown(one: budgets.Standing, now: datetime) -> dict[str, Any]:
    row, unit, told = one.budget, one.currency, one.forecast

    def words(amount: int | None) -> str:
        return shown.money(amount, unit) if amount is not None else ""

    return {
        "id": str(row.uuid),
        "team": row.team.name,
        "period": period_words(row.period),
        "until": row.until,
        "amount": words(row.amount),
        "spent": words(one.spent),
        "left": words(one.left),
        "desired": words(one.desired),
        "granted": words(one.granted),
        "waiting": words(one.waiting) if one.waiting else "",
        "refused": words(one.refused) if one.refused else "",
        "n": one.n,
        "percent": min(100, round(100 * one.spent / row.amount)) if row.amount else 100,
        "total": words(told.total),
        "low": words(told.low),
        "high": words(told.high),
        "forecast_n": told.n,
        "empty_at": told.empty_at if told.empty_at and told.empty_at < row.until and row.until > now else None,
        "is_empty": one.left == 0,
        "over": told.low is not None and told.low > row.amount,
        "running": row.since <= now < row.until,
        "curve": _curve(one, now),
    }


def _curve(one: budgets.Standing, now: datetime) -> dict[str, Any]:
    """What the chart draws: what was spent up to each day, the budget, and the likely end."""
    row, total = one.budget, 0
    points = [[row.since.isoformat(), 0]]
    for day, cost in one.days:
        total += cost
        points.append(
            [(day + timedelta(days=1)).isoformat() if day + timedelta(days=1) < now else now.isoformat(), total]
        )
    last = min(now, row.until)
    points.append([last.isoformat(), total])
    told = one.forecast
    likely = []
    if told.total is not None and now < row.until:
        likely = [[last.isoformat(), total, total, total], [row.until.isoformat(), told.total, told.low, told.high]]
    scale = Money(1, one.currency).major
    return {
        "since": row.since.isoformat(),
        "until": row.until.isoformat(),
        "budget": float(row.amount * scale),
        "points": [[at, float(amount * scale)] for at, amount in points],
        "likely": [[at, *(float(amount * scale) for amount in some)] for at, *some in likely],
        "currency": one.currency,
    }


@require_http_methods(["GET", "POST"])
@staff_page
def catalogue_page(request: HttpRequest) -> HttpResponse:
    """What may be given, as the adviser sees it; its file, for whoever sets it."""
    viewer, now = viewer_of(request), utc_now()
    viewer.require(queries.READ)
    refusal, source = None, ""
    if request.method == "POST":
        viewer.require(shown.CATALOGUE)
        source = request.POST.get("file", "")[:200_000]
        try:
            catalogues.publish(source, by=viewer.actor, now=now)
        except BadCatalogue as told:
            refusal = told
        else:
            messages.success(request, _("Published: from now on this may be given."))
            return redirect("gestures:catalogue")
    found, language = catalogues.current(), get_language() or "en"
    rows = [
        {
            "title": kind.title.said(language),
            "about": kind.about.said(language),
            "form": kind.form,
            "worth": _worth(found, kind),
            "cost": _cost(found, kind),
            "steps": [step.said(language) for step in kind.steps],
            "proof": shown.money(found.minor(kind.proof_above), found.currency) if kind.proof_above is not None else "",
            "with_it": [found.kinds[name].title.said(language) for name in kind.comes_with],
        }
        for kind in found.kinds.values()
    ]
    may_set = viewer.can(shown.CATALOGUE)
    context = {
        "rows": rows,
        "rules": found.rules,
        "may_set": may_set,
        "source": source or (catalogues.current_source() if may_set else ""),
        "refusal": refusal,
    }
    return render(request, "gestures/catalogue.html", context, status=refusal.status if refusal else 200)


def _worth(found: Any, kind: Any) -> str:
    least, most, _step = found.bounds(kind)
    if kind.worth.price:
        return _("the price paid, up to %(most)s") % {"most": shown.money(most, found.currency)}
    if least == most:
        return shown.money(most, found.currency) if most else "–"
    return _("%(least)s to %(most)s") % {
        "least": shown.money(least, found.currency), "most": shown.money(most, found.currency)
    }  # fmt: skip


def _cost(found: Any, kind: Any) -> str:
    if kind.cost.each is not None:
        return shown.money(found.minor(kind.cost.each), found.currency)
    return _("%(percent)s%% of its worth") % {"percent": f"{kind.cost.percent:f}"}


@require_GET
@staff_page
def figures_page(request: HttpRequest) -> HttpResponse:
    """The effort that gestures ask and how many have the use of them; broken promises that they made up for."""
    viewer, now = viewer_of(request), utc_now()
    context = {"figures": figures.figures(viewer, now=now), "days": figures.WATCHED.days}
    return render(request, "gestures/figures.html", context)
