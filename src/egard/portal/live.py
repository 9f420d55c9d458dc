"""What open pages of her own space hear: the same streams as those of staff, of what is hers alone."""

from __future__ import annotations

from functools import partial

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.views.decorators.http import require_GET

from egard.base.clock import utc_now
from egard.base.ids import new_id
from egard.base.refusal import NotFound, Refusal
from egard.kernel.access.live import allowed
from egard.kernel.access.live_stream import streamed
from egard.kernel.registry import registry
from egard.portal.pages import COOKIE, me, open_page
from egard.portal.queries import session_of, viewer_of


@require_GET
@open_page
def stream(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    """Server-Sent Events: see `live_stream.streamed`. 204, which ends an EventSource, where she is not signed in or the
    server cannot stream: her pages then ask by themselves. Raises `NotFound`, `UnknownTopic`.
    """
    reader = me(request)
    if not isinstance(request, ASGIRequest) or reader is None:
        return HttpResponse(status=204)
    asked = [*filter(None, request.GET.get("topics", "").split(","))]
    if not all(_is_hers(topic) for topic in asked):
        raise NotFound
    topics = allowed(reader.viewer, asked)
    hears = partial(_may_still_hear, request.COOKIES.get(COOKIE, ""), topics)
    return streamed(topics, since=request.GET.get("since", ""), stream=new_id(), may_still_hear=hears)


def _is_hers(topic: str) -> bool:
    declared = registry.live.get(topic.partition(":")[0])
    return declared is not None and declared.portal


def _may_still_hear(secret: str, topics: list[str]) -> bool:
    """Whether she is still signed in on this device, and these are still hers."""
    session = session_of(secret, now=utc_now())
    if session is None:
        return False
    try:
        allowed(viewer_of(session.person), topics)
    except Refusal:
        return False
    return True
