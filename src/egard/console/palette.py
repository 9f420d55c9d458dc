"""The palette's people and choices, and the doing and undoing behind page and palette alike."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from egard.base.clock import utc_now
from egard.base.refusal import NotFound
from egard.base.text import fold
from egard.console import worklist_acts as acts
from egard.console.context import PEOPLE, viewer_of
from egard.console.keys import switch_single_keys
from egard.console.pages import staff_page
from egard.console.views import clean_filters
from egard.console.worklist_lists import row_of
from egard.kernel.access.operations import log_sight
from egard.kernel.access.queries import opened_lately, staff
from egard.kernel.people import lists, search
from egard.kernel.registry import registry

FOUND_MAX = 8


@require_GET
@staff_page
def people(request: HttpRequest) -> JsonResponse:
    """The people that a text finds; with nothing typed, those whom the viewer opened lately."""
    viewer = viewer_of(request)
    q = request.GET.get("q", "").strip()[:200]
    if not viewer.can(PEOPLE.permission):
        return JsonResponse({"q": q, "people": []})
    if q:
        found = search.search(viewer, q, limit=FOUND_MAX).items
        log_sight(viewer, "list", detail=q, now=utc_now())
    else:
        found = lists.latest(viewer, opened_lately(viewer), limit=FOUND_MAX)
    rows = [row_of(person) for person in found]
    told = [
        {
            "id": row.id,
            "label": str(row.title),
            "hint": str(row.line),
            "url": reverse("console:person", args=[row.id]),
        }
        for row in rows
    ]
    return JsonResponse({"q": q, "people": told})


@require_GET
@staff_page
def choices(request: HttpRequest, name: str) -> JsonResponse:
    """What an action may be answered with, found by `q`."""
    viewer = viewer_of(request)
    action = acts.action_named(viewer, name)
    if action.asks is None:
        raise NotFound
    q = request.GET.get("q", "").strip()[:200]
    offered = action.asks.choices(viewer, q, utc_now())
    told = [{"value": one.value, "label": str(one.label), "hint": str(one.hint)} for one in offered]
    return JsonResponse({"q": q, "choices": told})


@require_GET
@staff_page
def colleagues(request: HttpRequest) -> JsonResponse:
    """Colleagues by a part of their names, for a mention."""
    viewer = viewer_of(request)
    q = request.GET.get("q", "").strip()[:80]
    typed = fold(q).split()
    found = [user for user in staff(viewer) if all(word in fold(user.name) for word in typed)]
    told = [{"id": str(user.pk), "name": user.name, "hint": user.email} for user in found[:FOUND_MAX]]
    return JsonResponse({"q": q, "colleagues": told})


@require_POST
@staff_page
def act(request: HttpRequest, name: str) -> HttpResponse:
    """Do an action to the rows named, or to all that match the list's filters; answers the toast with its undo."""
    viewer, now = viewer_of(request), utc_now()
    action = acts.action_named(viewer, name)
    ids = request.POST.getlist("id")
    if request.POST.get("all") and (worklist := registry.worklists.get(request.POST.get("list", ""))):
        viewer.require(worklist.permission)
        matching = acts.ids_matching(viewer, worklist, clean_filters(worklist, request.POST), now=now)
        ids = [
            str(person) if action.on == "person" else row for row, person in matching if action.on == "row" or person
        ]
    done, deed = acts.perform(viewer, action, ids, choice=request.POST.get("choice", ""), now=now)
    answer = _toast(request, str(done.said), deed)
    if done.url:
        answer.headers["HX-Redirect"] = done.url
    return answer


@require_POST
@staff_page
def undo(request: HttpRequest, deed: UUID | None = None) -> HttpResponse:
    """Undo one deed, or the last one."""
    viewer = viewer_of(request)
    done = acts.undo(viewer, deed, now=utc_now())
    said = ngettext("Undone: it is as it was.", "Undone: %(n)s are as they were.", done.restored) % {"n": done.restored}
    if done.kept:
        kept = ngettext(
            "%(n)s was changed again since and stays as it is now.",
            "%(n)s were changed again since and stay as they are now.",
            done.kept,
        )
        said = f"{said} {kept % {'n': done.kept}}"
    return _toast(request, said, None)


@require_POST
@staff_page
def single_keys(request: HttpRequest) -> HttpResponse:
    """Switch keys without Ctrl on or off."""
    on = request.POST.get("on") == "yes"
    switch_single_keys(viewer_of(request), on)
    return _toast(request, _("Single keys are on.") if on else _("Single keys are off."), None)


def _toast(request: HttpRequest, said: str, deed: object) -> HttpResponse:
    return render(request, "console/desk/toast.html", {"said": said, "deed": deed})
