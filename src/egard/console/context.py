"""What every page's frame needs: the menu of this viewer, the theme, the demo's logins."""

from __future__ import annotations

from typing import Any, cast

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import SimpleLazyObject
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from egard.kernel.access.actors import Viewer
from egard.kernel.access.models import User
from egard.kernel.access.queries import viewer_for
from egard.kernel.registry import MenuItem, registry

PARTS = {"work": "", "writing": _("Writing"), "steering": _("Steering"), "house": _("Organisation")}
THEME_COOKIE = "egard_theme"
THEMES = ("light", "dark")

PEOPLE = MenuItem(_("People"), "console:people", "users", "people.read", order=10, key="p")
OWN = (
    PEOPLE,
    MenuItem(_("My work"), "console:worklists", "clipboard-check", "people.read", order=5, key="w"),
    MenuItem(_("Inbox"), "console:inbox", "message-circle", "messages.converse", order=6, key="i"),
    MenuItem(_("Cases"), "console:cases", "briefcase", "cases.read", order=7),
    MenuItem(_("Types of case"), "console:case_types", "package", "cases.read", order=8, part="house"),
    MenuItem(
        _("What we keep"), "console:cockpit", "chart-line", "promises.cockpit", order=30, key="k", part="steering"
    ),
    MenuItem(_("Possible duplicates"), "console:duplicates", "git-merge", "people.merge", order=11, part="house"),
    MenuItem(_("Imports"), "console:imports", "file-import", "people.import", order=900, part="house"),
    MenuItem(_("The books"), "console:ledger", "hash", "ledger.read", order=905, part="house"),
    MenuItem(_("Payments"), "console:payments", "receipt", "payments.read", order=880, part="house"),
    MenuItem(_("Delegations"), "console:delegations", "user-check", "delegations.read", order=905, part="house"),
    MenuItem(_("Who saw what"), "console:audit", "eye", "access.audit", order=910, part="house"),
    MenuItem(_("The house"), "console:admin", "settings", "access.manage", order=920, part="house"),
)
"""The console's own entries; journeys bring theirs."""


def viewer_of(request: HttpRequest) -> Viewer:
    """The viewer behind a signed-in request, resolved once."""
    found = getattr(request, "_egard_viewer", None)
    if found is None:
        found = viewer_for(cast(User, request.user))
        request._egard_viewer = found  # type: ignore[attr-defined]
    return found


def shell(request: HttpRequest) -> dict[str, Any]:
    """For every template: `theme`, `languages`, `menu`, `searches`, `demo_loaded`, `demo_logins`; each costs nothing
    until it is used.
    """
    return {
        "theme": theme_of(request),
        "languages": settings.LANGUAGES,
        "mail_driver": settings.MAIL_DRIVER,
        "menu": SimpleLazyObject(lambda: menu(request)),
        "desk": SimpleLazyObject(lambda: _desk(request)),
        "searches": SimpleLazyObject(lambda: viewer_of(request).can(PEOPLE.permission)),
        "demo_loaded": SimpleLazyObject(lambda: bool(_ask("EGARD_DEMO_LOADED"))),
        "demo_logins": SimpleLazyObject(lambda: _ask("EGARD_DEMO_LOGINS", request) or []),
    }


def error_frame(request: HttpRequest) -> str:
    """The template around an error: the console's own for who is signed in; empty where it must stand alone."""
    try:
        user = getattr(request, "user", None)
        return "console/base.html" if user is not None and user.is_authenticated else ""
    except DatabaseError:
        return ""


def theme_of(request: HttpRequest) -> str:
    """`light`, `dark`, or empty to follow the system."""
    user = getattr(request, "user", None)
    own = getattr(user, "theme", "") or request.COOKIES.get(THEME_COOKIE, "")
    return own if own in THEMES else ""


def menu(request: HttpRequest) -> list[dict[str, Any]]:
    """What this viewer may open, in order; the entry that holds the current page is marked."""
    if not getattr(request, "user", None) or not request.user.is_authenticated:
        return []
    kept: list[dict[str, Any]] | None = getattr(request, "_egard_menu", None)
    if kept is None:
        kept = request._egard_menu = _menu(request)  # type: ignore[attr-defined]
    return kept


def _menu(request: HttpRequest) -> list[dict[str, Any]]:
    viewer = viewer_of(request)
    entries = []
    parts = list(PARTS)
    for item in sorted([*OWN, *registry.menu], key=lambda item: (parts.index(item.part), item.order)):
        if not viewer.can(item.permission):
            continue
        try:
            url = reverse(item.url_name)
        except NoReverseMatch:
            continue
        told = {"label": item.label, "icon": item.icon, "url": url, "key": item.key, "part": PARTS[item.part]}
        told["order"] = item.order
        if item.waits:
            told |= {"waits": reverse(item.waits), "waits_id": item.waits.replace(":", "-"), "topics": item.topics}
        entries.append({**told, "current": False})
    holding = [entry for entry in entries if request.path.startswith(entry["url"])]
    if holding:  # one address may lie below another: the nearest holds the page
        max(holding, key=lambda entry: len(entry["url"]))["current"] = True
    return entries


def _desk(request: HttpRequest) -> Any:
    from egard.console.worklist_frames import anywhere

    return anywhere(request)


def _ask(setting: str, *about: Any) -> Any:
    """What a setting's dotted name answers; the console does not know who provides it. None where nobody does."""
    name = getattr(settings, setting, "")
    return import_string(name)(*about) if name else None
