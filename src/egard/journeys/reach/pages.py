"""The adviser's desk."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from egard.base.clock import utc_now
from egard.base.refusal import NotFound
from egard.console.context import viewer_of
from egard.console.live import again_after
from egard.console.pages import staff_page
from egard.journeys.reach import figures_page, operations, portfolio, queries
from egard.journeys.reach.desks import pages as desks
from egard.journeys.reach.handovers import pages as handovers
from egard.journeys.reach.links import pages as public
from egard.kernel.access.operations import log_sight
from egard.kernel.people import queries as people
from egard.kernel.people.guard import require_reason
from egard.kernel.promises import queries as promises
from egard.kernel.promises.shown import ring_of

app_name = "reach"


@require_GET
@staff_page
def desk(request: HttpRequest) -> HttpResponse:
    """Who is on her line, who waits, whom she owes what; and whether she is there."""
    viewer, now = viewer_of(request), utc_now()
    q = request.GET.get("q", "").strip()[:100]
    clients, n = portfolio.portfolio(viewer, q=q, now=now)
    log_sight(viewer, "list", detail="portfolio", now=now)
    lines = portfolio.on_the_line(viewer, now=now)
    context = {
        "clients": clients, "n": n, "q": q, "lines": lines, "chats": portfolio.chats(viewer), "now": now,
        "to_call": portfolio.to_call(viewer, now=now), "there": queries.mine(viewer, now=now),
        "manages": viewer.can(queries.MANAGE),
    }  # fmt: skip
    return render(request, "reach/desk.html", context)


@require_GET
@staff_page
def waits(request: HttpRequest) -> HttpResponse:
    """How many wait for her just now: on the phone, or with something that they wrote."""
    n = portfolio.waiting(viewer_of(request), now=utc_now())
    told = {"id": "reach-waits", "url": request.path, "topics": "inbox reach", "n": n}
    return render(request, "console/components/waits.html", told)


@require_GET
@staff_page
def call_back(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Who is to be called, on which number and when: also somebody of whom nothing else is known."""
    viewer, now = viewer_of(request), utc_now()
    row = queries.call_back(viewer, uuid)
    person = people.named(viewer, [row.person_id]).get(row.person_id) if row.person_id else None
    if row.person_id and person is None:
        raise NotFound
    if person is not None:
        require_reason(viewer, person)
    log_sight(viewer, "promise", person_id=person.pk if person else None, detail=f"call back {row.uuid}", now=now)
    promise = promises.of_subject(viewer, f"{operations.BACK}{row.uuid}")
    context = {"one": portfolio.ToCall(row, person), "rings": [ring_of(held, now) for held in promise], "now": now}
    return render(request, "reach/call_back.html", context)


@require_GET
@staff_page
def line(request: HttpRequest) -> HttpResponse:
    """The part of the desk that calls change."""
    viewer, now = viewer_of(request), utc_now()
    log_sight(viewer, "list", detail="line", now=now, again_after=again_after(request))
    context = {"lines": portfolio.on_the_line(viewer, now=now), "chats": portfolio.chats(viewer), "now": now}
    return render(request, "reach/_line.html", context)


@require_POST
@staff_page
def presence(request: HttpRequest) -> HttpResponse:
    """Say whether one is there."""
    viewer, now = viewer_of(request), utc_now()
    user = queries.colleague(viewer, viewer.user_id)  # type: ignore[arg-type]
    operations.set_presence(user, request.POST.get("presence", ""), by=viewer.actor, now=now)
    messages.success(request, _("It holds from now on."))
    return redirect("reach:desk")


urlpatterns = [
    *desks.urlpatterns,
    *handovers.urlpatterns,
    *public.urlpatterns,
    *figures_page.urlpatterns,
    path("reach/", desk, name="desk"),
    path("reach/line/", line, name="line"),
    path("reach/waits/", waits, name="waits"),
    path("reach/call-backs/<uuid:uuid>/", call_back, name="call_back"),
    path("reach/presence/", presence, name="presence"),
]
