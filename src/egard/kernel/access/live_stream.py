"""A stream of what changed (Server-Sent Events), for staff and for persons in their own space."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Collection
from uuid import UUID

from asgiref.sync import sync_to_async
from django.db import connections
from django.http import StreamingHttpResponse

from egard.kernel.access.live_hub import END, clock_ms, hub

BEAT_SECONDS = 10
"""How often a stream says that it lives, and looks whether its reader may still hear it."""
GATHER_SECONDS = 0.15
"""What is told at one time goes out together."""


def streamed(
    topics: Collection[str], *, since: str, stream: UUID, may_still_hear: Callable[[], bool]
) -> StreamingHttpResponse:
    """`told` with a topic, `beat` with the time (ms), `end` with why. `id` is the time (ms): a page that comes back
    with it as `since` hears what it missed. `may_still_hear` is asked with every beat, and when a `user:` topic is
    told.
    """
    since_ms = int(since) if since.isdecimal() and len(since) < 16 else 0
    content = _events(topics, since_ms, stream, may_still_hear)
    response = StreamingHttpResponse(content, content_type="text/event-stream")
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"  # nginx would keep what it should pass on
    return response


async def _events(
    topics: Collection[str], since_ms: int, stream: UUID, may_still_hear: Callable[[], bool]
) -> AsyncIterator[str]:
    await sync_to_async(connections.close_all)()  # back to the pool: a stream lasts for hours
    try:
        async with hub().listening(topics, since_ms=since_ms, stream=stream) as listener:
            yield _event("beat", str(clock_ms()))
            looked = time.monotonic()
            while True:
                told = await listener.next(BEAT_SECONDS)
                if END in told:
                    yield _event("end", "away")
                    return
                about_reader = any(topic.startswith("user:") for topic in told)
                if about_reader or time.monotonic() - looked >= BEAT_SECONDS:
                    if not await sync_to_async(_asked)(may_still_hear):
                        yield _event("end", "refused")
                        return
                    looked = time.monotonic()
                yield "".join(_event("told", topic) for topic in told) or _event("beat", str(clock_ms()))
                await asyncio.sleep(GATHER_SECONDS)
    except TimeoutError:
        yield _event("end", "away")


def _asked(may_still_hear: Callable[[], bool]) -> bool:
    try:
        return may_still_hear()
    finally:
        connections.close_all()


def _event(name: str, data: str) -> str:
    return f"id: {clock_ms()}\nevent: {name}\ndata: {data}\n\n"
