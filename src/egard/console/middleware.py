"""The reader's language, and refusals turned into pages."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.cache import patch_vary_headers

from egard.base.refusal import Refusal
from egard.console.context import error_frame
from egard.kernel.access.operations import REASON_MAX
from egard.kernel.people.guard import ReasonNeeded

LANGUAGE_COOKIE = "egard_language"
GetResponse = Callable[[HttpRequest], HttpResponse]


def language_of(request: HttpRequest) -> str:
    """The user's own language, else the cookie's, else the browser's, else the installation's."""
    known = dict(settings.LANGUAGES)
    user = getattr(request, "user", None)
    for code in (getattr(user, "language", ""), request.COOKIES.get(LANGUAGE_COOKIE, "")):
        if code in known:
            return code
    accepted = request.headers.get("Accept-Language", "")
    for code, _quality in translation.trans_real.parse_accept_lang_header(accepted):
        if (short := code.split("-")[0]) in known:
            return short
    return settings.LANGUAGE_CODE


class LanguageMiddleware:
    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        language = language_of(request)
        request.LANGUAGE_CODE = language  # type: ignore[attr-defined]
        with translation.override(language):
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", language)
        patch_vary_headers(response, ("Accept-Language", "Cookie"))
        return response


class RefusalMiddleware:
    """A refusal that a page raises becomes a page with its status, or a notice where htmx asked for a part."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return refused(request, exception) if isinstance(exception, Refusal) else None


def refused(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    htmx = bool(getattr(request, "htmx", False))
    if refusal.status == 404 and not htmx:
        template = "404.html"
    elif isinstance(refusal, ReasonNeeded) and request.user.is_authenticated and not htmx:
        return ask_why(request, refusal)
    elif refusal.status == 403 and not htmx:
        # Signed in, she keeps the menu and the way out: to sign in as somebody else is what helps here.
        template = "console/not_open.html" if request.user.is_authenticated else "403.html"
    else:
        template = "console/components/refusal.html" if htmx else "console/refused.html"
    context = {"refusal": refusal, "error_frame": error_frame(request)}
    response = render(request, template, context, status=refusal.status)
    return _marked(response, refusal)


def ask_why(request: HttpRequest, refusal: ReasonNeeded, *, typed: str | None = None) -> HttpResponse:
    """The question before a protected file; the page that was asked for follows the answer."""
    following = request.get_full_path() if request.method == "GET" else request.POST.get("next", "")
    context = {"uuid": refusal.context["person"], "next": following, "typed": typed, "reason_max": REASON_MAX}
    return _marked(render(request, "console/people/reason.html", context, status=refusal.status), refusal)


def _marked(response: HttpResponse, refusal: Refusal) -> HttpResponse:
    response.headers["X-Egard-Refusal"] = refusal.code
    response.headers["Cache-Control"] = "no-store"
    return response
