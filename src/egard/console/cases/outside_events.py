"""What others told us that found no case, or more than one: somebody attaches it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from egard.base.clock import utc_now
from egard.base.paging import Page
from egard.base.refusal import NotFound
from egard.console.cases import lists
from egard.console.context import viewer_of
from egard.console.pages import staff_page
from egard.kernel.access.actors import Viewer
from egard.kernel.access.operations import log_sight
from egard.kernel.cases import operations, outside, queries, types
from egard.kernel.cases.checks import said
from egard.kernel.cases.listing import cases
from egard.kernel.cases.models import Case

CASES_MAX = 200
"""Open cases offered for an event; a case beyond is named by its address."""


@require_GET
@staff_page
def listing(request: HttpRequest) -> HttpResponse:
    """The events that wait, each with the open cases that may be meant."""
    viewer, now = viewer_of(request), utc_now()
    events = queries.waiting_events(viewer)
    log_sight(viewer, "list", detail="cases outside", now=now)
    titles, awaiting = _known(viewer)
    names = {name for event in events for name in awaiting.get(event.name, ())}
    cases = _offered(viewer, names) if names else []
    told = [
        {
            "event": event,
            "title": titles.get(event.name, event.name),
            "brings": sorted(event.data.items()),
            "cases": [choice for type_name, *choice in cases if type_name in awaiting.get(event.name, ())],
        }
        for event in events
    ]
    context = {"events": told, "now": now, "may_attach": viewer.can(operations.WORK)}
    return render(request, "console/cases/outside.html", context)


def _known(viewer: Viewer) -> tuple[dict[str, str], dict[str, set[str]]]:
    """The titles of outside events, and the types that await each."""
    titles: dict[str, str] = {}
    awaiting: dict[str, set[str]] = {}
    for row in queries.case_types(viewer):
        for name, event in types.defined(row).events.items():
            titles[name] = said(event.title)
            awaiting.setdefault(name, set()).add(row.name)
    return titles, awaiting


def _offered(viewer: Viewer, names: set[str]) -> list[tuple[str, str, str]]:
    from django.db.models import Q

    where = Q(type__name__in=names)
    page: Page[Case] = cases(viewer, {"status": "open", "where": where}, limit=CASES_MAX)
    return [
        (row.type.name, str(row.uuid), f"{lists.whom(viewer, row)[1]} · {said(types.defined(row.type).title)}")
        for row in page.items
    ]


@require_POST
@staff_page
def attach(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Give an event to the case that was chosen."""
    viewer, chosen = viewer_of(request), request.POST.get("case", "")
    try:
        row: Any = queries.case(viewer, UUID(chosen), operations.WORK)
    except ValueError as error:
        raise NotFound from error
    outside.attach(viewer, uuid, row.uuid, now=utc_now())
    messages.success(request, _("It stands in the history of the case now."))
    return redirect("console:case", row.uuid)
