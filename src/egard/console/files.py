"""The file itself: why it is opened, whether it is protected, who saw it."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from egard.base.clock import utc_now
from egard.console.context import viewer_of
from egard.console.middleware import ask_why
from egard.console.pages import staff_page
from egard.console.people import frame
from egard.kernel.access import audit
from egard.kernel.access.operations import log_sight
from egard.kernel.people import operations
from egard.kernel.people import queries as people
from egard.kernel.people.guard import PROTECT, ReasonNeeded, is_reason
from egard.kernel.people.rules import telling


@require_POST
@staff_page
def reason(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Why a protected file is opened: it stands in the log, and holds for the day."""
    said = request.POST.get("reason", "").replace("\0", "").strip()
    if not is_reason(said):
        return ask_why(request, ReasonNeeded(person=uuid), typed=said)
    viewer = replace(viewer_of(request), reason=said)
    found = people.person(viewer, uuid)
    log_sight(viewer, "reason", person_id=found.pk, now=utc_now())
    following = request.POST.get("next", "")
    safe = following.startswith("/") and url_has_allowed_host_and_scheme(following, allowed_hosts={request.get_host()})
    return redirect(following) if safe else redirect("console:person", uuid)


@require_POST
@staff_page
def protection(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Protect a file, or open it again; the same button undoes it."""
    viewer, now = viewer_of(request), utc_now()
    found = people.person(viewer, uuid, PROTECT)
    protected = request.POST.get("protected") == "yes"
    operations.protect(found, protected, by=viewer.actor, now=now)
    if protected:
        # Whoever protects a file has it open: she is not asked for the same look.
        log_sight(replace(viewer, reason=_("protected this file")), "reason", person_id=found.pk, now=now)
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect("console:person", uuid)
    return render(request, "console/people/_file.html", {**frame(viewer, found, now), "changed": True})


@require_GET
@staff_page
def sights(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Who saw this file, the latest first; an auditor's look is a look too."""
    viewer, now = viewer_of(request), utc_now()
    viewer.require(audit.READ)
    found = people.person(viewer, uuid)
    cursor = request.GET.get("cursor") or None
    page = audit.sights_of(viewer, found, cursor=cursor)
    if not cursor:
        log_sight(viewer, "sights", person_id=found.pk, now=now)
    card = people.card(viewer, found) if not found.name else None
    known_by = telling((*card.identifiers, *card.reach)) if card else None
    context = {"person": found, "known_by": known_by, "page": page, "now": now}
    template = "_looks" if request.htmx else "sights"  # type: ignore[attr-defined]
    return render(request, f"console/people/{template}.html", context)
