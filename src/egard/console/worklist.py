"""Worklists: the lists that journeys declare, each with its panes; and the views above them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from egard.base.clock import utc_now
from egard.base.paging import Page
from egard.base.refusal import NotFound
from egard.console import keys, views
from egard.console import people as persons
from egard.console import worklist_acts as acts
from egard.console import worklist_frames as frames
from egard.console.context import viewer_of
from egard.console.live import again_after
from egard.console.pages import staff_page
from egard.console.worklist_snooze import put_off
from egard.kernel.access.actors import Viewer
from egard.kernel.access.operations import log_sight
from egard.kernel.people import queries as people
from egard.kernel.registry import WorkItem
from egard.kernel.timeline import queries as timeline

LIST_SIZE = 50
FACTS_SHOWN = 8


@require_GET
@staff_page
def overview(request: HttpRequest) -> HttpResponse:
    """The lists of this viewer, with how many rows wait in each."""
    viewer, now = viewer_of(request), utc_now()
    shown = [
        {"list": worklist, "url": keys.list_url(worklist), "count": frames.counted(viewer, worklist, {}, now)}
        for worklist in frames.lists_for(viewer)
    ]
    context = {"lists": shown}
    return render(request, "console/desk/overview.html", context)


@require_GET
@staff_page
def page(request: HttpRequest, name: str) -> HttpResponse:
    """One list: whole, its rows alone (`rows`), or the next ones (`more`)."""
    viewer, now = viewer_of(request), utc_now()
    worklist = frames.named(viewer, name)
    here = keys.list_url(worklist)
    if request.path != here:
        return redirect(f"{here}?{request.GET.urlencode()}".rstrip("?"))
    tabs, chosen, filters = frames.viewed(request, viewer, worklist)
    cursor = request.GET.get("cursor") or None
    part = request.htmx.target if request.htmx else None  # type: ignore[attr-defined]
    try:
        limit = min(200, max(LIST_SIZE, int(request.GET.get("limit") or LIST_SIZE)))
    except ValueError:
        limit = LIST_SIZE
    found = worklist.rows(viewer, filters=filters, now=now, limit=limit, cursor=cursor)
    hidden = put_off(viewer, name, now=now)
    tabbed = {one.name for one in worklist.filters if one.tabs}
    context: dict[str, Any] = {
        "worklist": worklist,
        "page": Page([row for row in found.items if row.id not in hidden], found.next),
        "now": now,
        "filters": filters if set(filters) - tabbed else {},
        "query": urlencode(filters),
        "hidden": len(hidden),
        "here": here,
        "shelved": bool(tabbed),
    }
    if part == "more":
        return render(request, "console/desk/_rows.html", context)
    if part is None:
        log_sight(viewer, "list", detail=" ".join([f"list:{name}", *filters.values()]), now=now)
    context |= {
        "tabs": tabs,
        "chosen": chosen,
        "count": frames.counted(viewer, worklist, filters, now),
        "share": frames.shares(viewer),
        "fields": [frames.field(viewer, one, filters) for one in worklist.filters],
        "bulk": acts.actions_on(viewer, worklist),
    }
    if part == "rows":
        return render(request, "console/desk/_list.html", context)
    context["desk"] = frames.on_list(request, viewer, worklist)
    context["topics"] = " ".join(f"user:{viewer.user_id}" if topic == "user" else topic for topic in worklist.live)
    return render(request, "console/desk/page.html", context)


@require_GET
@staff_page
def item(request: HttpRequest, name: str) -> HttpResponse:
    """What opens beside the list for the row `id`: the journey's own part, then whom it concerns."""
    viewer, now = viewer_of(request), utc_now()
    worklist, row = frames.named(viewer, name), request.GET.get("id", "")
    if worklist.item is not None:
        found = worklist.item(viewer, row, now)
    else:
        try:
            found = WorkItem(persons=(UUID(row),))
        except ValueError as error:
            raise NotFound from error
    context = {
        "worklist": worklist,
        "item": found,
        "row": row,
        "now": now,
        "acts": [a for a in acts.actions_on(viewer, worklist) if a.on == "row" and a.name not in found.without],
        "cards": [person_card(viewer, uuid, now=now, again_after=again_after(request)) for uuid in found.persons],
        "composers": keys.composers_for(viewer) if len(found.persons) == 1 else [],
    }
    return render(request, "console/desk/item.html", context)


def person_card(viewer: Viewer, uuid: UUID, *, now: Any, again_after: timedelta | None = None) -> dict[str, Any]:
    """A person as the last pane shows her: the sight is logged."""
    found = people.person(viewer, uuid)
    log_sight(viewer, "person", person_id=found.pk, now=now, again_after=again_after)
    viewer = people.seen_as(viewer, found)
    return {
        **persons.frame(viewer, found, now),
        "open_items": people.open_items(viewer, found, now),
        "entries": timeline.timeline(viewer, found, limit=FACTS_SHOWN).items if viewer.can(timeline.READ) else None,
        "acts": [a for a in acts.actions_on(viewer) if a.on == "person"],
    }


@require_GET
@staff_page
def matching(request: HttpRequest, name: str) -> JsonResponse:
    """How many rows match, for `select all that match`."""
    viewer = viewer_of(request)
    worklist = frames.named(viewer, name)
    n = sum(
        1 for _row in acts.ids_matching(viewer, worklist, views.clean_filters(worklist, request.GET), now=utc_now())
    )
    said = ngettext("%(n)s row that matches is selected.", "All %(n)s rows that match are selected.", n) % {"n": n}
    return JsonResponse({"n": n, "said": said})


@require_POST
@staff_page
def save_view(request: HttpRequest, name: str) -> HttpResponse:
    """Keep the filters of the list under a name, and open it; or choose the view with which it opens."""
    viewer, now = viewer_of(request), utc_now()
    worklist = frames.named(viewer, name)
    if "default" in request.POST:
        chosen = request.POST["default"]
        views.choose_default_view(viewer, worklist, chosen)
    else:
        saved = views.save_view(
            viewer,
            worklist,
            request.POST.get("name", ""),
            request.POST,
            shared=request.POST.get("shared", ""),
            now=now,
        )
        chosen = str(saved.pk)
        if request.POST.get("opens") == "on":
            views.choose_default_view(viewer, worklist, chosen)
    answer = HttpResponse(status=204) if request.htmx else redirect(f"{keys.list_url(worklist)}?view={chosen}")  # type: ignore[attr-defined]
    if request.htmx:  # type: ignore[attr-defined]
        answer.headers["HX-Redirect"] = f"{keys.list_url(worklist)}?view={chosen}"
    return answer
