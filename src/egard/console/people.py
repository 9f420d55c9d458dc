"""The list of people, and one person's page."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_GET

from egard.base.clock import utc_now
from egard.base.paging import Page
from egard.base.refusal import NotFound
from egard.console import history, keys, merges, words, worklist_lists
from egard.console import worklist_acts as acts
from egard.console import worklist_frames as frames
from egard.console.context import viewer_of
from egard.console.live import again_after, shown_again
from egard.console.pages import staff_page
from egard.console.views import clean_filters
from egard.kernel.access import audit
from egard.kernel.access.actors import Viewer
from egard.kernel.access.operations import log_sight
from egard.kernel.people import guard, search
from egard.kernel.people import queries as people
from egard.kernel.people.live import topic_of
from egard.kernel.people.models import Person
from egard.kernel.people.rules import telling
from egard.kernel.registry import FieldClass, registry
from egard.kernel.timeline import queries as timeline

LIST_SIZE = 50
QUICK_SIZE = 8
PAST_SIZE = 40
EDIT = "people.edit"
PARTS = {"head": "_head", "ways": "_ways", "roles": "_roles", "consents": "_consents", "owed": "_owed"}
"""The parts of a person's page that are asked for by themselves when they changed."""


@require_GET
@staff_page
def listing(request: HttpRequest) -> HttpResponse:
    """People by name, or those found by `q`; a part of the page when htmx asks for one."""
    viewer = viewer_of(request)
    down_to = request.GET.get("down_to")
    part = request.htmx.target if request.htmx else None  # type: ignore[attr-defined]
    worklist = registry.worklists["people"]
    whole = part not in ("quick", "more")
    tabs, chosen, filters = frames.viewed(request, viewer, worklist) if whole else ([], None, {})
    filters = filters if whole else clean_filters(worklist, request.GET)
    q = filters.get("q", "")
    cursor = request.GET.get("cursor") or None
    if part == "quick" and not q:
        found: Page[search.PersonRow] = Page()
    elif down_to:
        found = shown_again(partial(worklist_lists.found, viewer, filters), down_to)
    else:
        size = QUICK_SIZE if part == "quick" else LIST_SIZE
        found = worklist_lists.found(viewer, filters, limit=size, cursor=cursor)
    if filters and not cursor:
        told = " ".join(filters.values())[:200]
        log_sight(viewer, "list", detail=told, now=utc_now(), again_after=again_after(request))
    templates = {"quick": "_quick", "people": "_results", "people-found": "_results", "more": "_more"}
    template = templates.get(part or "", "list")
    query = urlencode(filters)
    again = reverse("console:people") + (f"?{query}" if query else "")
    context: dict[str, Any] = {"q": q, "page": found, "again": again, "query": query}
    if whole:
        context |= {
            "worklist": worklist,
            "tabs": tabs,
            "chosen": chosen,
            "filters": filters,
            "fields": [frames.field(viewer, one, filters) for one in worklist.filters if one.choices],
            "count": frames.counted(viewer, worklist, filters, utc_now()) if set(filters) - {"q"} else "",
            "here": request.path,
            "share": frames.shares(viewer) if filters else [],
            "bulk": acts.actions_on(viewer, worklist),
            "swapped": part == "people",
        }
    if part is None:
        context["desk"] = frames.on_list(request, viewer, worklist)
    return render(request, f"console/people/{template}.html", context)


@require_GET
@staff_page
def person(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Who she is, what we owe her, what happened; panels come after the first paint."""
    viewer, now = viewer_of(request), utc_now()
    found = people.person(viewer, uuid)
    if found.uuid != uuid:  # a record that was merged into hers
        return redirect(f"{reverse('console:person', args=[found.uuid])}?{request.GET.urlencode()}".rstrip("?"))
    log_sight(viewer, "person", person_id=found.pk, now=now)
    viewer = people.seen_as(viewer, found)
    context = {
        **frame(viewer, found, now),
        **merges.told_of(request, viewer, found),
        "open_items": people.open_items(viewer, found, now),
        "composers": keys.composers_for(viewer) if found.erased_at is None else [],
        "acts": [a for a in acts.actions_on(viewer) if a.on == "person"] if found.erased_at is None else [],
        "desk": frames.on_person(request, viewer, found),
        "panels": [panel for panel in registry.ordered_panels() if viewer.can(panel.permission)],
        **(_past(request, viewer, found) if viewer.can(timeline.READ) else {}),
    }
    return render(request, "console/people/person.html", context)


@require_GET
@staff_page
def part(request: HttpRequest, uuid: UUID, name: str) -> HttpResponse:
    """One part of the page by itself, as it is now: asked for when something of it changed."""
    viewer, now = viewer_of(request), utc_now()
    if name not in PARTS:
        raise NotFound
    found = people.person(viewer, uuid)
    log_sight(viewer, "person", person_id=found.pk, now=now, again_after=again_after(request))
    viewer = people.seen_as(viewer, found)
    if name == "consents" and not viewer.sees(FieldClass.CONSENT):
        raise NotFound
    if name == "owed":
        items = people.open_items(viewer, found, now)
        context = {"person": found, "topic": topic_of(found), "now": now, "open_items": items}
    else:
        context = frame(viewer, found, now)
    return render(request, f"console/people/{PARTS[name]}.html", context)


def frame(viewer: Viewer, found: Person, now: datetime) -> dict[str, Any]:
    """What the blocks of a person's page need, whole or one by one."""
    viewer = people.seen_as(viewer, found)
    card = people.card(viewer, found)
    return {
        "person": found,
        "topic": topic_of(found),
        "now": now,
        "card": card,
        "current_roles": [role for role in card.roles if role.until is None or role.until > now],
        "known_by": None if found.name else telling((*card.identifiers, *card.reach)),
        "can_audit": viewer.can(audit.READ),
        "can_protect": viewer.can(guard.PROTECT) and found.erased_at is None,
        "can_edit": viewer.can(EDIT) and found.erased_at is None,
        "sees_contact": viewer.sees(FieldClass.CONTACT),
        "sees_consent": viewer.sees(FieldClass.CONSENT),
        "identifier_kinds": [
            k for k in registry.identifier_kinds.values() if viewer.sees(k.field_class) and k.search == "inside"
        ],
        "purposes_offered": [(code, words.PURPOSES[code]) for code in words.PURPOSES_OFFERED],
        "reach_channels": words.REACH_CHANNELS,
    }


@require_GET
@staff_page
def past(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """The timeline alone: filtered anew, or its older part."""
    viewer = viewer_of(request)
    found, now = people.person(viewer, uuid), utc_now()
    log_sight(viewer, "timeline", person_id=found.pk, now=now, again_after=again_after(request))
    context = {"person": found, "now": now, **_past(request, viewer, found)}
    older = bool(request.GET.get("cursor"))
    return render(request, f"console/people/{'_past' if older else '_past_list'}.html", context)


def _past(request: HttpRequest, viewer: Viewer, found: Person) -> dict[str, Any]:
    viewer = people.seen_as(viewer, found)
    families = history.families(viewer)
    chosen = {name for name in request.GET.getlist("of") if any(f.name == name for f in families)}
    kinds = [kind for family in families if family.name in chosen for kind in family.kinds]
    q = request.GET.get("in", "").strip()[:200]
    after: date | None = None
    with suppress(ValueError):
        after = date.fromisoformat(request.GET.get("after", ""))
    cursor = request.GET.get("cursor") or None
    ask = partial(timeline.timeline, viewer, found, kind=kinds, q=q, q_channels=words.channels_named(q))
    down_to = request.GET.get("down_to")
    page = shown_again(ask, down_to) if down_to and not cursor else ask(limit=PAST_SIZE, cursor=cursor)
    asked = urlencode([*(("of", name) for name in sorted(chosen)), *([("in", q)] if q else [])])
    return {
        "topic": topic_of(found),
        "again": reverse("console:timeline", args=[found.uuid]) + (f"?{asked}" if asked else ""),
        "months": history.months(page.items, after=after if cursor else None),
        "next": page.next,
        "last_day": history.last_day(page.items),
        "families": families,
        "chosen": chosen,
        "within": q,
        "begun": bool(cursor),
    }


@require_GET
@staff_page
def panel(request: HttpRequest, uuid: UUID, name: str) -> HttpResponse:
    """One journey's panel: asked for after the first paint."""
    viewer, now = viewer_of(request), utc_now()
    declared = registry.panels.get(name)
    if declared is None:
        raise NotFound
    viewer.require(declared.permission)
    found = people.person(viewer, uuid)
    viewer = people.seen_as(viewer, found)
    viewer.require(declared.permission)
    log_sight(viewer, "panel", person_id=found.pk, detail=name, now=now, again_after=again_after(request))
    told = declared.context(found, viewer, now)
    context = {
        **(told or {}),
        "panel": declared,
        "person": found,
        "topic": topic_of(found),
        "viewer": viewer,
        "now": now,
        "told": told is not None,
    }
    return render(request, "console/people/_panel.html", context)
