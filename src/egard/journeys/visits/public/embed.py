"""Booking within the pages of another site: one script tag."""

from __future__ import annotations

from pathlib import Path

from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.http import require_GET

SCRIPT = Path(__file__).resolve().parent.parent / "static" / "visits" / "embed.js"


@require_GET
def script(request: HttpRequest) -> HttpResponse:
    """What the tag loads, always at the same address: it puts the frame, and a link where the frame is refused."""
    answer = HttpResponse(SCRIPT.read_bytes(), content_type="text/javascript; charset=utf-8")
    answer.headers["Cache-Control"] = "public, max-age=3600"
    answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return answer


urlpatterns = [path("p/visits/embed.js", script, name="embed")]
