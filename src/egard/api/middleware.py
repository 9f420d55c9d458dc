"""What is refused under /api/ before or beside the resources: broken addresses, long bodies, unknown methods."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import translation

from egard.api.problems import PROBLEM, problem
from egard.api.refusals import BadRequest, Failure, Invalid, TooLarge, UnknownPath, WrongMethod
from egard.base.refusal import Forbidden, Refusal

PREFIX = "/api/"


class ApiMiddleware:
    """First of all, so that nothing under /api/ is answered by a page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path.startswith(PREFIX):
            return self.get_response(request)
        with translation.override(translation.get_language_from_request(request)):
            refusal = _refusal_before(request)
            if refusal is not None:
                return problem(refusal)
            response = self.get_response(request)
            if response.status_code >= 400 and response.headers.get("Content-Type") != PROBLEM:
                return problem(_refusal_after(request, response))
            return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """A view under /api/ that is no resource (the API's root): its 404 needs no page to be drawn."""
        if request.path.startswith(PREFIX) and isinstance(error, Http404):
            return problem(UnknownPath())
        return None


def _refusal_before(request: HttpRequest) -> Refusal | None:
    if "\x00" in request.path:
        return UnknownPath()
    query = request.META.get("QUERY_STRING", "")
    if "%00" in query or "\x00" in query:
        return Invalid(names="query", fields={"query": "NUL"})
    length = request.META.get("CONTENT_LENGTH") or "0"
    if length.isdecimal() and int(length) > settings.BODY_MAX_BYTES:
        return TooLarge(limit=settings.BODY_MAX_BYTES)
    return None


def _refusal_after(request: HttpRequest, response: HttpResponse) -> Refusal:
    """A plain error of Django or ninja as a refusal of ours."""
    if response.status_code == 405:
        allowed = ", ".join(sorted(part.strip() for part in response.headers.get("Allow", "").split(",")))
        return WrongMethod(method=request.method, allowed=allowed)
    if response.status_code >= 500:
        return Failure()
    return {403: Forbidden(), 404: UnknownPath(), 413: TooLarge(limit=settings.BODY_MAX_BYTES)}.get(
        response.status_code
    ) or BadRequest()
