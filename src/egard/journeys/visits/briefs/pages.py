"""The brief on one page, for the screen and for one sheet of paper."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods

from egard.base.clock import utc_now
from egard.base.refusal import NotFound
from egard.console.context import viewer_of
from egard.console.pages import staff_page
from egard.journeys.visits import queries
from egard.journeys.visits.briefs.operations import note_read
from egard.journeys.visits.briefs.queries import brief, has_read, reads
from egard.kernel.access.models import User
from egard.kernel.access.operations import log_sight

PRINTED_MAX = 60
"""So many visits are listed on the sheet; of the others it says how many they are."""


@require_http_methods(["GET", "POST"])
@staff_page
def brief_page(request: HttpRequest, site: UUID, day: str) -> HttpResponse:
    """GET: what there is to know. POST: it was read."""
    viewer, now = viewer_of(request), utc_now()
    shop, on = queries.shop(viewer, site), day_named(day)
    if request.method == "POST":
        note_read(shop, on, User.objects.get(pk=viewer.user_id), now=now)
        return redirect("visits:brief", site, on.isoformat())
    told = brief(viewer, shop, on, now=now)
    log_sight(viewer, "list", detail=f"brief of {shop.site.name}, {on.isoformat()}", now=now)
    context = {
        "brief": told, "now": now, "reads": reads(viewer, shop, on), "mine": has_read(viewer, shop, on),
        "more": max(0, len(told.rows) - PRINTED_MAX), "shown": told.rows[:PRINTED_MAX],
        "opens": f"{told.opens_at.astimezone(told.zone):%H:%M}" if told.opens_at else "",
        "closes": _closing(told.closes_at.astimezone(told.zone)) if told.closes_at else "",
        "risks": [
            (f"{one.since.astimezone(told.zone):%H:%M}", f"{one.until.astimezone(told.zone):%H:%M}", one)
            for one in told.risks
        ],
        "usual": told.walk_ins and round(told.walk_ins.mean),
    }  # fmt: skip
    return render(request, "visits/brief.html", context)


def day_named(text: str) -> date:
    """Raises `NotFound` for what is no date."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise NotFound from None


def _closing(at: datetime) -> str:
    """The end of a day is 24:00."""
    return f"{at:%H:%M}".replace("00:00", "24:00")


urlpatterns = [path("shop/brief/<uuid:site>/<str:day>/", brief_page, name="brief")]
