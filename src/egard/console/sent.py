"""The box of sent messages: what went out, what waits, what failed; in the sandbox, where one reads what would have."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from csp.decorators import csp_replace
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET

from egard.base.clock import utc_now
from egard.console.context import viewer_of
from egard.console.pages import staff_page
from egard.kernel.access.operations import log_sight
from egard.kernel.messages import queries
from egard.kernel.registry import registry

TONES = {"sent": "kept", "failed": "broken", "queued": "waiting", "sending": "waiting"}


@require_GET
@staff_page
def box(request: HttpRequest) -> HttpResponse:
    """The latest messages, of one state or to one address."""
    viewer, now = viewer_of(request), utc_now()
    state, to = request.GET.get("state", ""), request.GET.get("to", "").strip()[:320]
    found = queries.outbox(viewer, state=state, to=to, cursor=request.GET.get("cursor") or None)
    if "cursor" not in request.GET:
        log_sight(viewer, "list", detail=f"outbox {state} {to}".strip(), now=now)
    rows = [(row, _name(row.kind), TONES.get(row.state, "")) for row in found.items]
    context = {"rows": rows, "next": found.next, "state": state, "to": to, "now": now, "driver": settings.MAIL_DRIVER}
    return render(request, "console/sent/box.html", context)


def _name(kind: str) -> Any:
    """What a message without a subject is called (a short one of a conversation, say)."""
    declared = registry.messages.get(kind)
    return declared.label if declared else _("Message")


@require_GET
@staff_page
def one(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """One message, as it was read."""
    viewer, now = viewer_of(request), utc_now()
    found = queries.outgoing(viewer, uuid)
    log_sight(viewer, "message", person_id=found.person_id, detail=str(found.uuid), now=now)
    context = {"message": found, "name": _name(found.kind), "tone": TONES.get(found.state, ""), "now": now}
    return render(request, "console/sent/one.html", context)


@require_GET
@csp_replace({"style-src": ["'unsafe-inline'"], "default-src": ["'none'"], "frame-ancestors": ["'self'"]})
@xframe_options_sameorigin
@staff_page
def as_drawn(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """The HTML of a message, alone in its frame: no script, no image, nothing from elsewhere.

    A mail carries its style inside; no other page of ours does.
    """
    return HttpResponse(queries.outgoing(viewer_of(request), uuid).html)
