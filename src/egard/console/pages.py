"""What all pages of staff share: signed in, never kept by the browser."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from egard.base.clock import utc_now
from egard.console import words
from egard.console.context import PEOPLE, THEME_COOKIE, THEMES, error_frame, menu, viewer_of
from egard.console.middleware import LANGUAGE_COOKIE
from egard.kernel.access.live_hub import clock_ms
from egard.kernel.access.operations import save_preferences
from egard.kernel.access.queries import roles_of

View = Callable[..., HttpResponse]
YEAR_SECONDS = 365 * 24 * 3600


def staff_page(view: View) -> View:
    """Only for who is signed in. The answer is not stored: it tells of people, and the screen is shared."""

    @wraps(view)
    def page(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        request.began_ms = clock_ms()  # type: ignore[attr-defined]  # what is told from now on, this page may not show
        response = view(request, *args, **kwargs)
        response.headers["Cache-Control"] = "no-store"
        patch_vary_headers(response, ("HX-Request",))
        return response

    return login_required(page)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's 404, in the frame of who is signed in."""
    return render(request, "404.html", {"error_frame": error_frame(request)}, status=404)


def not_allowed(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's 403, in the same."""
    return render(request, "403.html", {"error_frame": error_frame(request)}, status=403)


@require_GET
@staff_page
def home(request: HttpRequest) -> HttpResponse:
    """Staff begin with the people, or with the first page that their roles open; else they are told what they have."""
    viewer = viewer_of(request)
    if viewer.can(PEOPLE.permission):
        return redirect(PEOPLE.url_name)
    if entries := menu(request):
        return HttpResponseRedirect(min(entries, key=lambda entry: entry["order"])["url"])
    roles = [(role.label, words.ROLES_AWAITING.get(role.name)) for role in roles_of(viewer, now=utc_now())]
    return render(request, "console/nothing_yet.html", {"roles": roles})


@require_POST
def preferences(request: HttpRequest) -> HttpResponse:
    """Keep the reader's language or theme: with the user when signed in, in a cookie always."""
    language, theme = request.POST.get("language"), request.POST.get("theme")
    wanted: dict[str, str] = {}
    if language in dict(settings.LANGUAGES):
        wanted["language"] = language
    if theme is not None and theme in (*THEMES, ""):
        wanted["theme"] = theme
    if request.user.is_authenticated:
        save_preferences(request.user, **wanted)
    response: HttpResponse
    if getattr(request, "htmx", False):
        response = HttpResponse(status=204)
    else:
        following = request.POST.get("next", "/")
        safe = url_has_allowed_host_and_scheme(following, allowed_hosts={request.get_host()})
        response = HttpResponseRedirect(following if safe else "/")
    for name, cookie in (("language", LANGUAGE_COOKIE), ("theme", THEME_COOKIE)):
        if name in wanted:
            response.set_cookie(cookie, wanted[name], max_age=YEAR_SECONDS, samesite="Lax", secure=request.is_secure())
    return response
