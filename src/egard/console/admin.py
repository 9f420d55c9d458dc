"""The house: who signs in and with which roles, the keys of programs, teams and sites. The commands' own operations."""

from __future__ import annotations

import secrets
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from egard.base.clock import utc_now
from egard.base.refusal import Conflict, Refusal
from egard.console import words
from egard.console.context import viewer_of
from egard.console.pages import staff_page
from egard.kernel.access import operations, queries
from egard.kernel.access.actors import Viewer
from egard.kernel.access.models import User
from egard.kernel.registry import registry

LASTING_DAYS = (30, 90, 365)


class LastManager(Conflict):
    """Nobody would be left who can let people in; give the role to somebody else first."""

    code = "console.last_manager"
    message = gettext_lazy("Nobody else could let people in then. Give an administrator’s role to somebody else first.")


@require_GET
@staff_page
def home(request: HttpRequest) -> HttpResponse:
    """What there is to keep in order."""
    viewer = viewer_of(request)
    viewer.require(queries.MANAGE)
    return render(request, "console/admin/home.html", {"viewer": viewer, "books": viewer.can("ledger.read")})


# --- users ----------------------------------------------------------------------------------------------------------


@staff_page
def users(request: HttpRequest) -> HttpResponse:
    """Everybody who signs in, and a form for one more."""
    viewer, now = viewer_of(request), utc_now()
    viewer.require(queries.MANAGE)
    refusal: Refusal | None = None
    typed: dict[str, str] = {}
    if request.method == "POST":
        typed = {
            name: request.POST.get(name, "").strip()[:254] for name in ("email", "name", "role", "scope", "language")
        }
        password = new_password()
        try:
            made = operations.create_user(
                email=typed["email"],
                name=typed["name"],
                password=password,
                language=typed["language"] if typed["language"] in words.LANGUAGES else "",
                by=viewer.actor,
                now=now,
            )
        except Refusal as error:
            refusal = error
        else:
            if typed["role"]:
                operations.grant_role(made, typed["role"], scope=typed["scope"], by=viewer.actor, now=now)
            request.session[SHOWN] = {"user": str(made.pk), "password": password}
            return redirect("console:user", made.pk)
    context = {"users": queries.users(viewer), "refusal": refusal, "typed": typed, "now": now, **_offers()}
    return render(request, "console/admin/users.html", context, status=refusal.status if refusal else 200)


SHOWN, TAKEN_BACK = "egard_shown_once", "egard_role_taken_back"
"""What the next page tells once: a new password; a role that can be given again."""


def new_password() -> str:
    """A first password that is easy to read out: 10 syllables of 75, about 62 bits."""
    syllables = [secrets.choice("bcdfgjklmnprstv") + secrets.choice("aeiou") for _n in range(10)]
    return "-".join(a + b for a, b in zip(syllables[::2], syllables[1::2], strict=True))


@require_GET
@staff_page
def user(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """One of them: roles, places, sign-in."""
    viewer = viewer_of(request)
    found = queries.user(viewer, uuid)
    shown = request.session.get(SHOWN) or {}
    password = request.session.pop(SHOWN)["password"] if shown.get("user") == str(uuid) else ""
    taken_back = request.session.pop(TAKEN_BACK, {})
    sites, teams = queries.places(viewer)
    context = {
        "who": found,
        "password": password,
        "taken_back": taken_back if taken_back.get("user") == str(uuid) else None,
        "sites": sites,
        "teams": teams,
        "her_sites": {one.pk for one in found.sites.all()},
        "her_teams": {one.pk for one in found.teams.all()},
        "herself": found.pk == viewer.user_id,
        "now": utc_now(),
        **_offers(),
    }
    return render(request, "console/admin/user.html", context)


@require_POST
@staff_page
def user_role(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Give a role, change how far it reaches, or take it back; what was just taken back can be given again."""
    viewer, now = viewer_of(request), utc_now()
    found = queries.user(viewer, uuid)
    role, scope = request.POST.get("role", ""), request.POST.get("scope", "")
    if "end" in request.POST:
        if _manages(role):
            _keep_a_manager(viewer, found)
        operations.end_role(found, role, by=viewer.actor, now=now)
        request.session[TAKEN_BACK] = {"user": str(uuid), "role": role, "scope": scope}
    else:
        if _manages(role) and scope not in ("", "all"):
            _keep_a_manager(viewer, found)
        operations.grant_role(found, role, scope=scope, by=viewer.actor, now=now)
    return redirect("console:user", uuid)


@require_POST
@staff_page
def user_places(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Where she works."""
    viewer = viewer_of(request)
    found = queries.user(viewer, uuid)
    sites, teams = queries.places(viewer)
    chosen = {"site": set(request.POST.getlist("site")), "team": set(request.POST.getlist("team"))}
    operations.place_user(
        found,
        teams=[one for one in teams if str(one.pk) in chosen["team"]],
        sites=[one for one in sites if str(one.pk) in chosen["site"]],
        by=viewer.actor,
        now=utc_now(),
    )
    messages.success(request, _("Kept."))
    return redirect("console:user", uuid)


@require_POST
@staff_page
def user_sign_in(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Suspend her, let her in again, or give her a new password."""
    viewer, now = viewer_of(request), utc_now()
    found = queries.user(viewer, uuid)
    if "password" in request.POST:
        password = new_password()
        operations.set_password(found, password, by=viewer.actor, now=now)
        request.session[SHOWN] = {"user": str(found.pk), "password": password}
    elif "resume" in request.POST:
        operations.set_user_active(found, True, by=viewer.actor, now=now)
    else:
        _keep_a_manager(viewer, found)
        operations.set_user_active(found, False, by=viewer.actor, now=now)
    return redirect("console:user", uuid)


def _manages(role: str) -> bool:
    return role in registry.permissions[queries.MANAGE].roles


def _keep_a_manager(viewer: Viewer, leaving: User) -> None:
    held = any(_manages(grant.role) for grant in leaving.grants)  # type: ignore[attr-defined]
    if held and not queries.managers_besides(viewer, leaving):
        raise LastManager


def _offers() -> dict[str, Any]:
    return {"roles": registry.roles.values(), "scopes": words.SCOPES, "spoken": words.LANGUAGES}


# --- keys -----------------------------------------------------------------------------------------------------------


@staff_page
def keys(request: HttpRequest) -> HttpResponse:
    """The keys of programs; a new one is shown in this answer and never again."""
    viewer, now = viewer_of(request), utc_now()
    viewer.require(queries.MANAGE)
    secret, refusal = "", None
    if request.method == "POST":
        name, days = request.POST.get("name", "").strip()[:200], request.POST.get("days", "")
        scopes = ["all"] if request.POST.get("all") else request.POST.getlist("scope")
        expires = _end_of_day(now, int(days)) if days in map(str, LASTING_DAYS) else None
        try:
            if not name or not scopes:
                raise NamelessKey
            _key, secret = operations.create_api_key(
                name=name, scopes=scopes, expires_at=expires, by=viewer.actor, now=now
            )
        except Refusal as error:
            refusal = error
    context = {
        "keys": queries.keys(viewer),
        "secret": secret,
        "refusal": refusal,
        "typed": request.POST,
        "permissions": registry.permissions.values(),
        "lasting": LASTING_DAYS,
        "now": now,
    }
    return render(request, "console/admin/keys.html", context, status=refusal.status if refusal else 200)


class NamelessKey(Refusal):
    """A key says which program it is for, and what that may do."""

    code = "console.nameless_key"
    message = gettext_lazy("Say which program the key is for, and at least one thing that it may do.")


def _end_of_day(now: datetime, days: int) -> datetime:
    day = timezone.localtime(now).date() + timedelta(days=days + 1)
    return timezone.make_aware(datetime.combine(day, time.min))


@require_POST
@staff_page
def key_end(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """The key stops working at once, for good."""
    viewer = viewer_of(request)
    operations.revoke_api_key(queries.key(viewer, uuid), by=viewer.actor, now=utc_now())
    messages.success(request, _("The key works no more."))
    return redirect("console:keys")


# --- places ---------------------------------------------------------------------------------------------------------


@staff_page
def places(request: HttpRequest) -> HttpResponse:
    """Teams and sites: made, and named otherwise."""
    viewer, now = viewer_of(request), utc_now()
    viewer.require(queries.MANAGE)
    refusal: Refusal | None = None
    if request.method == "POST":
        try:
            _place(viewer, request, now=now)
        except Refusal as error:
            refusal = error
        else:
            messages.success(request, _("Kept."))
            return redirect("console:places")
    sites, teams = queries.places(viewer)
    context = {"sites": sites, "teams": teams, "refusal": refusal, "typed": request.POST}
    return render(request, "console/admin/places.html", context, status=refusal.status if refusal else 200)


def _place(viewer: Viewer, request: HttpRequest, *, now: datetime) -> None:
    name, zone = request.POST.get("name", "").strip()[:200], request.POST.get("zone", "Europe/Paris").strip()
    what, by = request.POST.get("what"), viewer.actor
    sites, teams = queries.places(viewer)
    if which := request.POST.get("which"):
        for one in sites if what == "site" else teams:
            if str(one.pk) == which and what == "site":
                operations.change_site(one, name=name, zone=zone, by=by, now=now)
            elif str(one.pk) == which:
                operations.change_team(one, name=name, by=by, now=now)
        return
    code = slugify(request.POST.get("code", "") or name)[:64]
    if not code:
        raise operations.BadPlace(name=name, zone=zone)
    if any(one.code == code for one in (sites if what == "site" else teams)):
        raise PlaceThere(code=code)
    if what == "site":
        made = operations.ensure_site(code, name, by=by, now=now)
        operations.change_site(made, name=name, zone=zone, by=by, now=now)
    else:
        operations.ensure_team(code, name, by=by, now=now)


class PlaceThere(Conflict):
    """Another place has this code already."""

    code = "console.place_there"
    message = gettext_lazy("There is one with the code “{code}” already.")
