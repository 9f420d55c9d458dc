"""The calendars of those who receive, as programs read them."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.http import require_safe

from egard.base.clock import utc_now
from egard.journeys.visits import feeds


@require_safe
def feed(request: HttpRequest, token: str) -> HttpResponse:
    """Who holds the address reads it: programs bring no session."""
    answer = HttpResponse(feeds.read(token, now=utc_now()), content_type="text/calendar; charset=utf-8")
    answer["Cache-Control"] = "private, max-age=300"
    answer["Content-Disposition"] = 'inline; filename="visits.ics"'
    answer["X-Robots-Tag"] = "noindex"
    return answer


urlpatterns = [path("p/visits/feed/<str:token>.ics", feed, name="feed")]
