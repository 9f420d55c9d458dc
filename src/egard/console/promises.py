"""One promise: what it is, all that happened to it, and what can be done."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from egard.base.clock import utc_now
from egard.base.refusal import NotFound, Refusal
from egard.console.context import viewer_of
from egard.console.live import again_after
from egard.console.pages import staff_page
from egard.console.promise_list import named, shown_whole
from egard.kernel.access.actors import Viewer
from egard.kernel.access.operations import log_sight
from egard.kernel.people.guard import require_reason
from egard.kernel.promises import operations, queries
from egard.kernel.promises.models import Promise

PART = "console/promises/_promise.html"


def read(request: HttpRequest, viewer: Viewer, uuid: UUID, permission: str = queries.READ) -> Promise:
    """The promise within the viewer's scope, and the sight of whose it is."""
    row = queries.promise(viewer, uuid, permission)
    if row.person is not None:
        require_reason(viewer, row.person)
        log_sight(
            viewer,
            "promise",
            person_id=row.person.pk,
            detail=str(uuid),
            now=utc_now(),
            again_after=again_after(request),
        )
    return row


@require_GET
@staff_page
def promise(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Its page; the part alone where a page asks for that again."""
    viewer, now = viewer_of(request), utc_now()
    row = read(request, viewer, uuid)
    context: dict[str, Any] = {"work": shown_whole(viewer, row, now), "now": now}
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, PART, context)
    context["work"]["ring"] = replace(context["work"]["ring"], what="")  # the heading says it
    persons = named(viewer, [row])
    return render(request, "console/promises/page.html", {**context, "person": persons.get(row.person_id)})


@require_POST
@staff_page
def change(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Keep, release, pause, let run on, reopen, or give more time; the answer is the same part, or its page."""
    viewer, now = viewer_of(request), utc_now()
    row = read(request, viewer, uuid, queries.KEEP)
    what, reason = request.POST.get("what", ""), request.POST.get("reason", "")[:500]
    who: dict[str, Any] = {"by": viewer.actor, "now": now}
    refusal: Refusal | None = None
    try:
        match what:
            case "keep":
                operations.keep(row, channel=request.POST.get("channel", "")[:32], **who)
            case "release":
                operations.release(row, reason=reason, **who)
            case "pause":
                operations.pause(row, reason=reason, **who)
            case "resume":
                operations.resume(row, **who)
            case "reopen":
                operations.reopen(row, reason=reason, **who)
            case "extend":
                operations.extend(row, within=request.POST.get("within", "")[:40], reason=reason, **who)
            case _:
                raise NotFound
    except Refusal as error:
        if isinstance(error, NotFound):
            raise
        refusal = error
    found = queries.promise(viewer, uuid, queries.KEEP)
    if not request.htmx:  # type: ignore[attr-defined]
        if refusal:
            messages.error(request, refusal.detail)
        else:
            messages.success(request, _("Noted."))
        return redirect("console:promise", uuid)
    context = {"work": shown_whole(viewer, found, now), "now": now, "refusal": refusal, "typed": reason}
    answer = render(request, PART, context, status=200)
    answer.headers["HX-Trigger"] = "egard:changed"
    return answer
