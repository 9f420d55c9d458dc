"""Home, consents, who saw my file, devices, language and theme."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from egard.base.clock import utc_now
from egard.kernel.people import queries as people
from egard.kernel.registry import registry
from egard.portal import operations, own, queries, words
from egard.portal.pages import (
    LANGUAGE_COOKIE,
    THEME_COOKIE,
    THEMES,
    back_to,
    me,
    open_page,
    portal_page,
    render,
)

YEAR_SECONDS = 365 * 24 * 3600


@require_GET
@portal_page
def home(request: HttpRequest) -> HttpResponse:
    """What she was promised, what is open, and where to go on."""
    reader, now = me(request), utc_now()
    open_items = queries.open_items(reader.viewer, reader.person, now)
    return render(request, "home", {"open_items": open_items, "menu": menu()})


def menu() -> list[dict[str, Any]]:
    """The pages of her space: the portal's own and the journeys', in order."""
    entries = []
    for item in sorted([*words.MENU, *registry.portal_menu], key=lambda item: item.order):
        try:
            url = reverse(item.url_name)
        except NoReverseMatch:
            continue
        entries.append({"label": item.label, "words": item.words, "icon": item.icon, "url": url})
    return entries


@require_GET
@portal_page
def consents(request: HttpRequest) -> HttpResponse:
    """What she agrees to, as switches; and every word she said."""
    return render(request, "consents", _consents(request))


def _consents(request: HttpRequest) -> dict[str, Any]:
    reader = me(request)
    history = people.consent_history(reader.viewer, reader.person, cursor=request.GET.get("cursor") or None)
    choices = queries.choices(reader.viewer, reader.person, words.PURPOSES)
    return {"choices": [(words.purpose(name), name, found) for name, found in choices], "history": history}


@require_POST
@portal_page
def consent(request: HttpRequest) -> HttpResponse:
    """One switch."""
    given = request.POST.get("given") == "yes"
    purpose, channel = request.POST.get("purpose", ""), request.POST.get("channel", "")
    own.say(me(request).person, purpose, channel, given=given, now=utc_now())
    if getattr(request, "htmx", False):
        return render(request, "_consents", {**_consents(request), "said": (purpose, channel)})
    return redirect("portal:consents")


@require_GET
@portal_page
def sights(request: HttpRequest) -> HttpResponse:
    """Who saw her file, when, and what of it."""
    reader = me(request)
    lines, following = queries.sightings(reader.viewer, reader.person, cursor=request.GET.get("cursor") or None)
    context = {"lines": lines, "next": following, "names_shown": settings.PORTAL_SHOWS_STAFF_NAMES}
    return render(request, "sights", context)


@require_GET
@portal_page
def devices(request: HttpRequest) -> HttpResponse:
    """Where she is signed in."""
    reader = me(request)
    return render(request, "devices", {"devices": queries.devices(reader.viewer, reader.person, now=utc_now())})


@require_POST
@portal_page
def device_end(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Sign one device out."""
    operations.end_session(me(request).person, uuid, now=utc_now())
    messages.success(request, _("That device is signed out."))
    return redirect("portal:devices")


@require_POST
@portal_page
def devices_end(request: HttpRequest) -> HttpResponse:
    """Sign all others out."""
    reader = me(request)
    count = operations.end_other_sessions(reader.person, but=reader.session, now=utc_now())
    said = ngettext("%(count)s device is signed out.", "%(count)s devices are signed out.", count)
    messages.success(request, said % {"count": count})
    return redirect("portal:devices")


@require_POST
@open_page
def preferences(request: HttpRequest) -> HttpResponse:
    """Her language and theme: in this browser, and the language with her file when she is signed in."""
    response = back_to(request, request.POST.get("next", ""))
    if getattr(request, "htmx", False):
        response = HttpResponse(status=204)
    cookies = {}
    if (language := request.POST.get("language")) in dict(settings.LANGUAGES):
        cookies[LANGUAGE_COOKIE] = language
        if me(request):
            own.prefer_language(me(request).person, language, now=utc_now())
    if (theme := request.POST.get("theme")) in (*THEMES, ""):
        cookies[THEME_COOKIE] = theme
    for name, value in cookies.items():
        response.set_cookie(name, value, max_age=YEAR_SECONDS, samesite="Lax", secure=request.is_secure())
    return response
