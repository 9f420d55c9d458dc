"""How friction goes with leaving, for managers; declaring a change of a process."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from egard.base.clock import utc_now
from egard.base.refusal import Refusal
from egard.console.context import viewer_of
from egard.console.pages import staff_page
from egard.console.templatetags.egard import percent
from egard.journeys.friction import operations, queries, words
from egard.journeys.friction.models import Change, Evaluation
from egard.journeys.friction.refusals import WrongChange
from egard.journeys.friction.rules.arms import EVERYBODY
from egard.journeys.friction.rules.weights import HALF_LIFE_DAYS, WEIGHTS
from egard.journeys.friction.shown import points
from egard.kernel.access.actors import Viewer
from egard.kernel.access.queries import sites

app_name = "friction"
TONES = {"over": "broken", "near": "risk", "below": "kept"}


@require_http_methods(["GET", "POST"])
@staff_page
def figures(request: HttpRequest) -> HttpResponse:
    """What was reckoned last; a change is declared here, too."""
    viewer, now, refusal = viewer_of(request), utc_now(), None
    if request.method == "POST":
        viewer.require(queries.MANAGE)
        try:
            _declare(request, viewer, now)
            messages.success(request, _("Declared. It is compared from the next figures on."))
            return redirect("friction:figures")
        except Refusal as told:
            refusal = told
    held = queries.latest(viewer)
    changes = queries.changes(viewer)
    context = {
        "held": held,
        **(_told(held, viewer) if held else {}),
        "changes": _changes(changes, {one["id"]: one for one in held.figures["changes"]} if held else {}),
        "weights": [(words.KINDS[kind], points(one.each), points(one.most), one.free) for kind, one in WEIGHTS.items()],
        "half_life": round(HALF_LIFE_DAYS),
        "may_manage": viewer.can(queries.MANAGE),
        "names": [(name, words.process(name)) for name in queries.processes(viewer)],
        "typed": request.POST,
        "refusal": refusal,
        "now": now,
    }
    return render(request, "friction/figures.html", context, status=refusal.status if refusal else 200)


@require_POST
@staff_page
def reckon(request: HttpRequest) -> HttpResponse:
    """Have the figures reckoned now."""
    viewer = viewer_of(request)
    viewer.require(queries.MANAGE)
    operations.reckon(by=viewer.actor, now=utc_now())
    messages.success(request, _("The figures are being reckoned: look again in a minute."))
    return redirect("friction:figures")


@require_POST
@staff_page
def end(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """A change is compared no longer."""
    viewer, now = viewer_of(request), utc_now()
    viewer.require(queries.MANAGE)
    operations.end_change(queries.change(viewer, uuid), by=viewer.actor, now=now)
    return redirect("friction:figures")


def _declare(request: HttpRequest, viewer: Viewer, now: datetime) -> None:
    """Raises `WrongChange`."""
    told = request.POST
    try:
        day = parse_date(told.get("day", ""))
        share = int(told.get("share", "") or EVERYBODY)
    except ValueError:
        day, share = None, 0
    if day is None:
        raise WrongChange(fields={"day": str(WrongChange.message)})
    starts_at = timezone.make_aware(datetime.combine(day, time()))
    name, process = told.get("name", ""), told.get("process", "")[:64]
    operations.declare_change(process, name, starts_at=starts_at, share=share, by=viewer.actor, now=now)


# --- figures in words -------------------------------------------------------------------------------------------------


def _told(held: Evaluation, viewer: Viewer) -> dict[str, Any]:
    told = held.figures
    names = {str(site.pk): site.name for site in sites(viewer)}
    return {
        "persons": told["persons"],
        "days": told["horizon_days"],
        **_relation(told["relation"], told["horizon_days"]),
        "by_process": _slopes(told["by_process"]),
        "processes": [{**_mean(one), "label": words.process(one["process"])} for one in told["processes"]],
        "places": [_place(one, names) for one in told["places"]],
    }  # fmt: skip


def _place(one: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    label = names.get(one["site"], "") or _("People without a place")
    return {**_mean(one), "label": label, "tone": TONES.get(one["state"], ""), "state": _state(one["state"])}


def _mean(one: dict[str, Any]) -> dict[str, Any]:
    bounds = (points(one["low"]), points(one["high"])) if one["low"] is not None else None
    return {"n": one["n"], "mean": points(one["mean"]), "bounds": bounds}


def _state(state: str) -> str:
    return {"over": _("over the level"), "near": _("near the level"), "below": _("below the level")}.get(state, "")


def _relation(one: dict[str, Any], days: int) -> dict[str, Any]:
    if not one["told"]:
        return {"few": one}
    level = one["level"]
    curve = {
        "name": _("Leave within %(n)s days") % {"n": days},
        "x": [points(point["index"]) for point in one["curve"]],
        "unit": "percent",
        "series": [
            {"name": "", "y": [p["share"] for p in one["curve"]], "low": [p["low"] for p in one["curve"]],
             "high": [p["high"] for p in one["curve"]]}
        ],
    }  # fmt: skip
    return {
        "relation": {
            "rows": one["rows"], "n": one["persons"], "leavings": one["leavings"],
            "times": points(one["slope"]["times"]), "low": points(one["slope"]["low"]),
            "high": points(one["slope"]["high"]), "is_told": one["slope"]["low"] > 1,
            "is_less": one["slope"]["high"] < 1,
            "brier": _small(one["brier"]), "brier_flat": _small(one["brier_flat"]), "off": percent(one["off"], 3),
            "better": one["brier"] < one["brier_flat"],
        },
        "bins": [(percent(b["expected"], 3), percent(b["seen"], 3), round(b["n"])) for b in one["bins"]],
        "curve": curve,
        "points": [
            (points(p["index"]), *(percent(p[name], 3) for name in ("share", "low", "high")))
            for p in one["curve"][::4]
        ],
        "level": level and {
            "index": points(level["index"]), "low": points(level["low"]),
            "high": points(level["high"]) if level["high"] is not None else "",
        },
    }  # fmt: skip


def _small(value: float) -> str:
    return number_format(value, decimal_pos=4)


def _slopes(told: dict[str, Any] | None) -> dict[str, Any] | None:
    if told is None or not told["told"]:
        return told
    rows = [
        {
            "label": words.process(one["name"]),
            "times": points(one["times"]),
            "low": points(one["low"]),
            "high": points(one["high"]),
            "is_told": one["low"] > 1,
        }
        for one in told["slopes"]
    ]
    return {"told": True, "rows": rows}


def _changes(some: list[Change], told: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    rows = []
    for one in some:
        found = told.get(str(one.uuid))
        rows.append(
            {
                "change": one,
                "process": words.process(one.process),
                "by_lot": one.share < EVERYBODY,
                "found": found,
                "old": _mean(found["old"]) if found else None,
                "new": _mean(found["new"]) if found else None,
                "points": _difference(found["points"]) if found else None,
                "left": _difference(found["left"], as_percent=True) if found else None,
            }
        )
    return rows


def _difference(one: dict[str, float] | None, *, as_percent: bool = False) -> dict[str, Any] | None:
    if one is None:
        return None
    said = percent if as_percent else points
    tone = "broken" if one["low"] > 0 else "kept" if one["high"] < 0 else ""
    value, low, high = (_signed(one[name], said) for name in ("value", "low", "high"))
    return {"value": value, "low": low, "high": high, "tone": tone}


def _signed(value: float, said: Callable[[float], str]) -> str:
    words = said(abs(value))
    if words == said(0.0):
        return words
    return f"{'+' if value > 0 else '−'}{words}"


urlpatterns = [
    path("friction/", figures, name="figures"),
    path("friction/reckoning/", reckon, name="reckon"),
    path("friction/changes/<uuid:uuid>/end/", end, name="end"),
]
