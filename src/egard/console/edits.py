"""Small changes on a person's page, each in its own block: identifiers and consents."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from egard.base.clock import utc_now
from egard.base.refusal import Refusal
from egard.console.context import viewer_of
from egard.console.pages import staff_page
from egard.console.people import EDIT, frame
from egard.console.worklist_acts import do
from egard.console.worklist_lists import REMOVE_IDENTIFIER
from egard.kernel.people import operations
from egard.kernel.people import queries as people


@require_POST
@staff_page
def identifiers(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Add a way to reach her, or a number of hers."""
    kind, value = request.POST.get("kind", ""), request.POST.get("value", "")

    def add(person: Any, by: Any, now: Any) -> dict[str, Any]:
        operations.add_identifier(person, kind, value, shared=request.POST.get("shared") == "on", by=by, now=now)
        return {"said": _("Added.")}

    return _block(request, uuid, "ways", add, {"typed": {"kind": kind, "value": value}})


@require_POST
@staff_page
def identifier_removal(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Take one away; the block offers to put it back."""
    kind, value = request.POST.get("kind", ""), request.POST.get("value", "")

    def remove(person: Any, by: Any, now: Any) -> dict[str, Any]:
        done, deed = do(viewer_of(request), REMOVE_IDENTIFIER, [str(person.uuid)], choice=f"{kind}:{value}", now=now)
        return {"removed": done.said, "deed": deed}

    return _block(request, uuid, "ways", remove, {})


@require_POST
@staff_page
def consents(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Record what she said on one purpose and channel."""
    typed = {name: request.POST.get(name, "").strip() for name in ("purpose", "channel", "proof")}
    given = request.POST.get("given") == "yes"

    def say(person: Any, by: Any, now: Any) -> dict[str, Any]:
        operations.record_consent(
            person, typed["purpose"], typed["channel"], given=given, proof=typed["proof"], by=by, now=now
        )
        return {"said": _("Recorded.")}

    return _block(request, uuid, "consents", say, {"typed": typed})


def _block(request: HttpRequest, uuid: UUID, name: str, change: Any, typed: dict[str, Any]) -> HttpResponse:
    """Do the change and answer with its block: as it is now, or with the refusal beside what was typed."""
    viewer, now = viewer_of(request), utc_now()
    person = people.person(viewer, uuid, EDIT)
    refusal: Refusal | None = None
    told: dict[str, Any] = {}
    try:
        told = change(person, viewer.actor, now)
    except Refusal as error:
        if not request.htmx:  # type: ignore[attr-defined]
            raise
        refusal, told = error, typed
    if not request.htmx:  # type: ignore[attr-defined]
        if told.get("said"):
            messages.success(request, told["said"])
        return redirect("console:person", uuid)
    context = {**frame(viewer, person, now), "refusal": refusal, **told}
    response = render(request, f"console/people/_{name}.html", context, status=refusal.status if refusal else 200)
    if refusal:
        response.headers["X-Egard-Refusal"] = refusal.code
    return response
