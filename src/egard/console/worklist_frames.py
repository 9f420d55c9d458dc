"""What stands around a list and around every page: its views, its keys, where one can go."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from egard.base.refusal import NotFound
from egard.console import keys, views
from egard.console import worklist_acts as acts
from egard.console.context import menu, viewer_of
from egard.kernel.access.actors import Viewer
from egard.kernel.access.queries import teams
from egard.kernel.people import queries as people
from egard.kernel.people.models import Person
from egard.kernel.registry import Filter, Worklist, registry

COUNT_MAX = 1000


def lists_for(viewer: Viewer) -> list[Worklist]:
    """The lists that the viewer may open, in order."""
    found = [worklist for worklist in registry.worklists.values() if viewer.can(worklist.permission)]
    return sorted(found, key=lambda worklist: (worklist.order, worklist.name))


def named(viewer: Viewer, name: str) -> Worklist:
    """Raises `NotFound` for a list that nobody declares, `NotAllowed` without its permission."""
    found = registry.worklists.get(name)
    if found is None:
        raise NotFound
    viewer.require(found.permission)
    return found


def viewed(
    request: HttpRequest, viewer: Viewer, worklist: Worklist
) -> tuple[list[views.Tab], views.Tab | None, dict[str, str]]:
    """The views of a list, the one that is open, and the filters that hold: those asked for, the view's, or those of
    the view with which the list opens.
    """
    tabs = views.views_of(viewer, worklist)
    filters = views.clean_filters(worklist, request.GET)
    asked = request.GET.get("view")
    chosen = next((tab for tab in tabs if str(tab.id) == asked), None)
    plain = not any(name in request.GET for name in (*(f.name for f in worklist.filters), "order", "cursor"))
    if asked is None and plain:
        chosen = next((tab for tab in tabs if tab.default), None)
    if chosen and plain:
        filters = dict(chosen.filters)
    if chosen is None and filters:
        chosen = next((tab for tab in tabs if dict(tab.filters) == filters), None)
    return tabs, chosen, filters


def field(viewer: Viewer, one: Filter, filters: dict[str, str]) -> dict[str, Any]:
    """A filter as it stands above the list; each tab leads to the list with the other filters as they are."""
    choices = one.choices(viewer) if one.choices else None
    value = filters.get(one.name, "")
    if not one.tabs or not choices:
        return {"filter": one, "value": value, "choices": choices}
    value = value or choices[0].value
    tabs = [(choice, urlencode({**filters, one.name: choice.value}), choice.value == value) for choice in choices]
    return {"filter": one, "value": value, "tabs": tabs}


def counted(viewer: Viewer, worklist: Worklist, filters: dict[str, str], now: Any) -> str:
    """How many, in words a head can hold; empty where the list is not counted."""
    if worklist.count is None:
        return ""
    n = worklist.count(viewer, filters=filters, now=now, most=COUNT_MAX + 1)
    return _("more than %(n)s") % {"n": COUNT_MAX} if n > COUNT_MAX else str(n)


def shares(viewer: Viewer) -> list[tuple[str, Any]]:
    """With whom a view may be shared."""
    own = [(str(team.pk), team.name) for team in teams(viewer) if team.pk in viewer.team_ids]
    return [*own, *([("all", _("everybody"))] if viewer.can(views.SHARE) else [])]


def places(request: HttpRequest) -> list[dict[str, Any]]:
    """The pages and the lists that the viewer may open, and those of the menu under one's name."""
    viewer = viewer_of(request)
    lists = [
        {"label": one.label, "icon": one.icon, "url": keys.list_url(one), "key": one.key}
        for one in lists_for(viewer)
        if not one.url_name
    ]
    own = (
        (_("Change my password"), "key", "account_change_password"),
        (_("Two-step sign-in"), "shield-lock", "mfa_index"),
        (_("Parts of the interface"), "eye", "console:components"),
        (_("Sign out"), "logout", "account_logout"),
    )
    return [*menu(request), *lists, *({"label": label, "icon": icon, "url": reverse(url)} for label, icon, url in own)]


def anywhere(request: HttpRequest) -> keys.Frame | None:
    """The keys of a page that has no list; nobody's page has none."""
    if not getattr(request, "user", None) or not request.user.is_authenticated:
        return None
    return keys.frame(viewer_of(request), places(request))


def on_list(request: HttpRequest, viewer: Viewer, worklist: Worklist) -> keys.Frame:
    return keys.frame(
        viewer,
        places(request),
        worklist=worklist,
        actions=acts.actions_on(viewer, worklist),
        composers=keys.composers_for(viewer),
    )


def on_person(request: HttpRequest, viewer: Viewer, person: Person) -> keys.Frame:
    """On the page of somebody who was erased there is nothing to do."""
    closer = people.seen_as(viewer, person)
    alive = person.erased_at is None
    return keys.frame(
        viewer,
        places(request),
        actions=acts.actions_on(closer) if alive else (),
        composers=keys.composers_for(closer) if alive else (),
        person=str(person.uuid),
    )
