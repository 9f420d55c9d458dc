"""What open pages hear: a stream of topics that changed, and who else is there.

A page or panel becomes live by `{% live topics url %}` on an element with an id (see `templatetags.egard.live` and the
manual); nothing else is to be written.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import TypeVar

from django.conf import settings
from django.contrib.auth import get_user
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils.module_loading import import_string
from django.views.decorators.http import require_GET, require_POST

from egard.base.clock import utc_now
from egard.base.ids import new_id
from egard.base.paging import LIMIT_MAX, Page
from egard.base.refusal import Refusal
from egard.console.context import viewer_of
from egard.console.pages import staff_page
from egard.console.typed import id_or_none
from egard.kernel.access import presence
from egard.kernel.access.live import allowed
from egard.kernel.access.live_stream import streamed
from egard.kernel.access.queries import viewer_for

SHOWN_MAX = 1000
"""So many rows of a list are shown again at once."""

AGAIN_AFTER = timedelta(minutes=15)
"""A page that refreshes itself is one sight so long."""

T = TypeVar("T")


@require_GET
def stream(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    """Server-Sent Events: see `live_stream.streamed`.

    204, which ends an EventSource, where nobody is signed in or the server cannot stream. Raises `NotFound`,
    `UnknownTopic`.
    """
    if not isinstance(request, ASGIRequest) or not request.user.is_authenticated:
        return HttpResponse(status=204)
    viewer = viewer_of(request)
    topics = allowed(viewer, [*filter(None, request.GET.get("topics", "").split(",")), f"user:{viewer.user_id}"])
    tab, here = id_or_none(request.GET.get("tab")), request.GET.get("here", "")
    of_stream = new_id()
    if tab and here:
        presence.come(viewer, *allowed(viewer, [here]), tab=tab, stream=of_stream, now=utc_now())
    hears = partial(_may_still_hear, request, topics)
    return streamed(topics, since=request.GET.get("since", ""), stream=of_stream, may_still_hear=hears)


def _may_still_hear(request: HttpRequest, topics: list[str]) -> bool:
    """Whether she is still signed in by this session, active, and may hear of all of these."""
    try:
        sessions = import_string(f"{settings.SESSION_ENGINE}.SessionStore")
        request.session = sessions(request.COOKIES.get(settings.SESSION_COOKIE_NAME))
        user = get_user(request)
        if not user.is_authenticated or not user.is_active:
            return False
        allowed(viewer_for(user), topics)
    except Refusal:
        return False
    return True


@staff_page
def here(request: HttpRequest) -> HttpResponse:
    """GET: the colleagues who look at `of` too, as a part of the page. POST: a sign of life of a tab."""
    return _sign(request) if request.method == "POST" else _others(request)


@require_POST
def _sign(request: HttpRequest) -> HttpResponse:
    tab = id_or_none(request.POST.get("tab"))
    if tab:
        presence.give_sign(viewer_of(request), tab, typing=request.POST.get("typing") == "1", now=utc_now())
    return HttpResponse(status=204)


@require_GET
def _others(request: HttpRequest) -> HttpResponse:
    topic = request.GET.get("of", "")
    others = presence.present(viewer_of(request), topic, now=utc_now())
    return render(request, "console/people/_here.html", {"topic": topic, "others": others})


def again_after(request: HttpRequest) -> timedelta | None:
    """For `log_sight`: what a page asks for by itself, because it changed, is no sight of its own."""
    return AGAIN_AFTER if "live" in request.GET else None


def shown_again(ask: Callable[..., Page[T]], down_to: str) -> Page[T]:
    """The rows that a reader has on the screen and what came between them, asked anew by `ask(cursor=, down_to=,
    limit=)`: down to the cursor at which hers continue, or all with `end`; at most `SHOWN_MAX`.
    """
    beyond = None if down_to == "end" else down_to
    rows: list[T] = []
    cursor = None
    while True:
        page = ask(cursor=cursor, down_to=beyond, limit=LIMIT_MAX)
        rows += page.items
        cursor = page.next
        if cursor is None or len(rows) >= SHOWN_MAX:
            return Page(rows, cursor or beyond)
