"""The API's addresses; the site mounts them at the root."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import path, re_path
from django.views.decorators.csrf import csrf_exempt

from egard.api import health, intakes
from egard.api.problems import problem
from egard.api.refusals import UnknownPath
from egard.api.shell import build_api

api = build_api()


@csrf_exempt
def nothing_here(request: HttpRequest, rest: str = "") -> HttpResponse:
    return problem(UnknownPath())


urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    *intakes.addresses(),
    path("api/v1/", api.urls),
    re_path(r"^api/(?P<rest>.*)$", nothing_here),
]
