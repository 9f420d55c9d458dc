"""The page on which somebody chooses when she is called, without signing in."""

from __future__ import annotations

import hashlib

from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.http import require_http_methods

from egard.base.clock import utc_now
from egard.base.ids import new_id
from egard.base.refusal import Refusal
from egard.journeys.reach import voice
from egard.journeys.reach.links import operations
from egard.journeys.reach.operations import number_of
from egard.portal import pages as portal
from egard.portal.operations import keyed


@require_http_methods(["GET", "POST"])
@portal.open_page
def call(request: HttpRequest, token: str = "") -> HttpResponse:
    """Given names, the adviser and free times; nothing else of anybody."""
    now, refusal = utc_now(), None
    form = request.POST
    if form.get("own"):
        operations.cancel(form["own"], now=now)
        return portal.render(request, "reach/called", {"cancelled": True})
    held = operations.opened(token, now=now)
    key = form.get("key", "")[:64] or str(new_id())
    if request.method == "POST":
        try:
            at = operations.moment(form.get("at", ""))
            made = operations.ask(held, at, _visitor(request), key=_key(token, key), now=now)
            told = {"made": made, "when": voice.spoken(made.starts_at), "own": operations.own_token(made),
                    "adviser": held.adviser.name if held.adviser else ""}  # fmt: skip
            return portal.render(request, "reach/called", told)
        except Refusal as error:
            refusal = error
    context = {
        "given_name": held.person.given_name if held.person else "", "known": held.person is not None,
        "adviser": held.adviser.name if held.adviser else "", "key": key, "refusal": refusal, "form": form,
        "times": [(at.isoformat(), voice.spoken(at)) for at in operations.times(held, now=now)],
        "asks_number": not number_of(held.person),
    }  # fmt: skip
    return portal.render(request, "reach/call", context, status=refusal.status if refusal else 200)


def _visitor(request: HttpRequest) -> operations.Visitor:
    form = request.POST
    place = keyed("reach.place", portal.place_of(request).encode())
    return operations.Visitor(place, form.get("name", ""), form.get("number", "")[:64], form.get("about", "")[:500])


def _key(token: str, key: str) -> str:
    return f"{hashlib.sha256(token.encode()).hexdigest()[:24]}:{key}"


urlpatterns = [
    path("p/call/", call, name="public_call"),
    path("p/call/<str:token>/", call, name="link_call"),
]
