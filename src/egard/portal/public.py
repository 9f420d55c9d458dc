"""What the organisation shows anybody: what it keeps of its promises, where it chose to."""

from __future__ import annotations

import time
from datetime import datetime

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET

from egard.base.clock import utc_now
from egard.base.refusal import NotFound
from egard.kernel.messages import unsubscribing
from egard.kernel.promises.figures import PUBLISHED_MIN, Published, published
from egard.kernel.promises.queries import is_published
from egard.portal.pages import open_page, render

HELD_SECONDS = 60.0
"""Whoever asks how often: the figures are counted once a minute and process."""
_held: dict[str, tuple[float, Published]] = {}


@require_GET
@open_page
def promises(request: HttpRequest) -> HttpResponse:
    """The shares kept of the last year, without a word on anybody. Nothing there while it is switched off."""
    if not is_published(None):
        raise NotFound
    found = _counted(utc_now())
    if found is None:
        raise NotFound
    return render(request, "promises", {"found": found, "least": PUBLISHED_MIN})


@csrf_exempt
@open_page
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """The way out of a purpose: mail programs post here by themselves (RFC 8058), people press one button. Looking
    changes nothing: programs that look through letters open every address in them.
    """
    purpose, channel = unsubscribing.read(token)[1:]
    done = request.method == "POST"
    if done:
        unsubscribing.unsubscribe(token, now=utc_now())
    return render(request, "unsubscribe", {"done": done, "purpose": purpose, "channel": channel})


def _counted(now: datetime) -> Published | None:
    name = str(connection.settings_dict["NAME"])
    held = _held.get(name)
    if held is None or held[0] < time.monotonic():
        counted = published(now=now)
        if counted is None:
            return None
        held = _held[name] = (time.monotonic() + HELD_SECONDS, counted)
    return held[1]


def forget() -> None:
    """Count again at the next request."""
    _held.clear()
