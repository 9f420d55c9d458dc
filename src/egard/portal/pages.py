"""What all pages of the portal share: a session of its own, her language, never kept by the browser."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.shortcuts import render as django_render
from django.urls import reverse
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.module_loading import import_string

from egard.base.clock import utc_now
from egard.base.refusal import Refusal
from egard.kernel.access.actors import Viewer
from egard.kernel.access.live_hub import clock_ms
from egard.kernel.messages.brand import organisation
from egard.kernel.people.models import Person
from egard.portal.models import Session
from egard.portal.operations import note_seen
from egard.portal.queries import session_of, viewer_of
from egard.portal.refusals import NotSignedIn

View = Callable[..., HttpResponse]
COOKIE = "egard_me"
ASKING_COOKIE = "egard_me_asks"
HERE_COOKIE = "egard_space"
"""Says to `/` that this browser is signed in here; no secret, and opens nothing."""
LANGUAGE_COOKIE, THEME_COOKIE = "egard_language", "egard_theme"
"""The same as the console's: a browser has one language and one theme."""
PATH = "/me/"
THEMES = ("light", "dark")


class Me:
    """Who reads: her session, herself, and her as a viewer."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.person: Person = session.person
        self.viewer: Viewer = viewer_of(session.person)


def me(request: HttpRequest) -> Me:
    """Who reads a page of the portal."""
    return request._egard_me  # type: ignore[attr-defined]


def open_page(view: View) -> View:
    """A page of the portal for anybody: in the reader's language, whoever else is signed in as staff."""

    @wraps(view)
    def page(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        known = session_of(request.COOKIES.get(COOKIE, ""), now=utc_now())
        request._egard_me = Me(known) if known else None  # type: ignore[attr-defined]
        language = language_of(request, known.person if known else None)
        request.began_ms = clock_ms()  # type: ignore[attr-defined]  # what is told from now on, this page may not show
        request.LANGUAGE_CODE = language  # type: ignore[attr-defined]
        with translation.override(language):
            try:
                response = view(request, *args, **kwargs)
            except Refusal as refusal:
                response = refused(request, refusal)
        response.headers["Cache-Control"] = "no-store"
        response.headers["Content-Language"] = language
        patch_vary_headers(response, ("HX-Request",))
        return response

    return page


def portal_page(view: View) -> View:
    """A page for who is signed in on the portal; else she is asked to, and comes back."""

    @wraps(view)
    def page(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if me(request) is None:
            back = request.get_full_path() if request.method == "GET" else PATH
            address = (
                f"{reverse('portal:sign_in')}?{urlencode({'next': back})}"
                if back != PATH
                else reverse("portal:sign_in")
            )
            if getattr(request, "htmx", False):
                answer = HttpResponse(status=NotSignedIn.status)
                answer.headers["HX-Redirect"] = reverse("portal:sign_in")
                return answer
            response = HttpResponseRedirect(address)
            forget_session(response)
            return response
        note_seen(me(request).session, now=utc_now())
        return view(request, *args, **kwargs)

    return open_page(page)


def render(
    request: HttpRequest, template: str, context: dict[str, Any] | None = None, status: int = 200
) -> HttpResponse:
    """A page of the portal, with what its frame needs."""
    frame = {
        "me": me(request),
        "organisation": organisation(),
        "theme": theme_of(request),
        "now": utc_now(),
    }
    return django_render(request, f"portal/{template}.html", {**frame, **(context or {})}, status=status)


def refused(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """A refusal that no form shows beside its field: a page, or a notice where htmx asked for a part."""
    part = bool(getattr(request, "htmx", False))
    response = render(request, "_refusal" if part else "refused", {"refusal": refusal}, status=refusal.status)
    response.headers["X-Egard-Refusal"] = refusal.code
    return response


def language_of(request: HttpRequest, person: Person | None) -> str:
    """The language chosen in this browser, else the browser's own, else the person's, else the house's."""
    known = dict(settings.LANGUAGES)
    chosen = request.COOKIES.get(LANGUAGE_COOKIE, "")
    accepted = translation.trans_real.parse_accept_lang_header(request.headers.get("Accept-Language", ""))
    wished = (chosen, *(code.split("-")[0] for code, _quality in accepted), person.language if person else "")
    return next((code for code in wished if code in known), settings.LANGUAGE_CODE)


def theme_of(request: HttpRequest) -> str:
    chosen = request.COOKIES.get(THEME_COOKIE, "")
    return chosen if chosen in THEMES else ""


def back_to(request: HttpRequest, wished: str, *, default: str = "portal:home") -> HttpResponseRedirect:
    """To a page of the portal, and nowhere else."""
    safe = wished.startswith(PATH) and url_has_allowed_host_and_scheme(wished, allowed_hosts={request.get_host()})
    return HttpResponseRedirect(wished) if safe else redirect(default)


def keep(response: HttpResponse, name: str, value: str, *, seconds: int, path: str = PATH) -> None:
    """A cookie of the portal: sent to its pages alone, out of reach of scripts."""
    secure = settings.SESSION_COOKIE_SECURE
    response.set_cookie(name, value, max_age=seconds, path=path, httponly=True, samesite="Lax", secure=secure)


def forget(response: HttpResponse, name: str, *, path: str = PATH) -> None:
    response.delete_cookie(name, path=path, samesite="Lax")


def forget_session(response: HttpResponse) -> None:
    """She is signed out in this browser."""
    forget(response, COOKIE)
    forget(response, HERE_COOKIE, path="/")


def place_of(request: HttpRequest) -> str:
    """Where a request comes from: the network address, or what our proxy saw (it adds to the right)."""
    seen = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip() if settings.URL else ""
    return seen or request.META.get("REMOTE_ADDR", "")


def demo_of(request: HttpRequest) -> Any:
    """What the sign-in page tells of the demo, at this very machine; None elsewhere."""
    name = getattr(settings, "EGARD_DEMO_PORTAL", "")
    return import_string(name)(request) if name else None
