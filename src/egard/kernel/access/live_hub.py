"""What a web process hears: one connection that listens, however many pages are open.

Everything here runs in the event loop of the process. A page's stream takes a `Listener`; what is told on the database
goes to the listeners of its topic. The last of it is remembered, so that a page that was away is told what it missed;
one that was away for longer, or while nobody listened, is told to ask for everything again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import threading
import time
from collections import deque
from collections.abc import AsyncGenerator, Collection
from contextvars import Context
from types import FrameType
from uuid import UUID

import psycopg
from asgiref.sync import sync_to_async
from django.db import connections

from egard.base.clock import utc_now
from egard.base.listening import connection_parameters
from egard.kernel.access import presence
from egard.kernel.access.live import CHANNEL, EVERYTHING, root_of
from egard.kernel.registry import registry

log = logging.getLogger("egard.live")
APPLICATION_NAME = "egard-live"
"""The name of the listening connection, one a web process."""
END = ""
"""Told to every listener when the process ends."""
REMEMBERED = 5000
"""So many told topics are kept for those who were away."""
BEFORE_MS = 2000
"""A page is told again what was told so long before it was made: its questions may have been asked before that."""
LOOK_SECONDS = 5
"""How often presence is kept and swept, and the silent connection tried."""
AGAIN_SECONDS = (0.2, 1, 2, 5, 10)


def clock_ms() -> int:
    """Milliseconds since 1970 on this machine's clock: how pages say since when they were away."""
    return int(time.time() * 1000)


class Listener:
    """One page's ear: the topics that were told and not yet passed on, once each."""

    def __init__(self, topics: Collection[str]) -> None:
        self.topics = frozenset(topics)
        self._told: dict[str, None] = {}
        self._ring = asyncio.Event()

    def put(self, topic: str) -> None:
        self._told[topic] = None
        self._ring.set()

    async def next(self, seconds: float) -> list[str]:
        """What was told, or nothing when nothing was for so long. `EVERYTHING` and `END` stand alone."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._ring.wait(), seconds)
        self._ring.clear()
        told, self._told = list(self._told), {}
        return next(([word] for word in (END, EVERYTHING) if word in told), told)


class Hub:
    """The ear of one process. `hub()` gives it."""

    def __init__(self) -> None:
        self._listeners: dict[str, set[Listener]] = {}
        self._recent: deque[tuple[int, str]] = deque(maxlen=REMEMBERED)
        self._heard_since: int | None = None
        self._ready = asyncio.Event()
        self._streams: set[UUID] = set()
        self._ended: set[UUID] = set()
        self._look = asyncio.Event()
        # In a context of their own: they outlive the request that came first.
        self._told_to_stop()
        self._tasks = [
            asyncio.get_running_loop().create_task(work(), context=Context()) for work in (self._listen, self._watch)
        ]

    @contextlib.asynccontextmanager
    async def listening(self, topics: Collection[str], *, since_ms: int, stream: UUID) -> AsyncGenerator[Listener]:
        """An ear for these topics, which has been told what they missed since then. Raises TimeoutError without a
        database. The presence of `stream` is kept for as long.
        """
        await asyncio.wait_for(self._ready.wait(), 10)
        listener = Listener(topics)
        for topic in topics:
            self._listeners.setdefault(topic, set()).add(listener)
        self._streams.add(stream)
        for topic in self._missed(listener.topics, since_ms - BEFORE_MS):
            listener.put(topic)
        try:
            yield listener
        finally:
            for topic in topics:
                self._listeners[topic].discard(listener)
                if not self._listeners[topic]:
                    del self._listeners[topic]
            self._streams.discard(stream)
            self._ended.add(stream)
            self._look.set()

    def _told_to_stop(self) -> None:
        """A server that ends waits for what it is answering, and a stream would have no end: let them end first."""
        loop = asyncio.get_running_loop()

        def heed(signum: signal.Signals) -> None:
            before = signal.getsignal(signum)

            def handler(number: int, frame: FrameType | None) -> None:
                loop.call_soon_threadsafe(self._everybody, END)
                if callable(before):
                    before(number, frame)

            signal.signal(signum, handler)

        if threading.current_thread() is threading.main_thread():
            heed(signal.SIGTERM)
            heed(signal.SIGINT)

    def _missed(self, topics: Collection[str], since_ms: int) -> list[str]:
        forgotten = len(self._recent) == REMEMBERED and self._recent[0][0] >= since_ms
        if self._heard_since is None or since_ms < self._heard_since or forgotten:
            return [EVERYTHING]
        return [topic for at, topic in self._recent if at >= since_ms and root_of(topic) in {*topics, EVERYTHING}]

    def _heard(self, topic: str) -> None:
        declared = registry.live.get(topic.partition(":")[0])
        if declared is None or not declared.fleeting:
            self._recent.append((clock_ms(), topic))
        if topic == EVERYTHING:
            self._everybody(EVERYTHING)
        else:
            for listener in self._listeners.get(root_of(topic), ()):
                listener.put(topic)

    def _everybody(self, topic: str) -> None:
        for listener in {listener for some in self._listeners.values() for listener in some}:
            listener.put(topic)

    async def _listen(self) -> None:
        """For ever: a lost database is waited for, and what was said meanwhile is unknown."""
        failures = 0
        while True:
            try:
                parameters = await sync_to_async(connection_parameters)(APPLICATION_NAME)
                async with await psycopg.AsyncConnection.connect(**parameters, autocommit=True) as connection:
                    await connection.execute(f"listen {CHANNEL}")
                    self._heard_since, failures = clock_ms(), 0
                    self._recent.clear()
                    self._everybody(EVERYTHING)
                    self._ready.set()
                    while True:
                        async for note in connection.notifies(timeout=LOOK_SECONDS):
                            self._heard(note.payload)
                        await connection.execute("select 1")  # a connection that only listens notices no loss
            except Exception as error:  # whatever it is: a process without its ear must find it again
                self._heard_since = None
                self._ready.clear()
                log.warning("the database is away: %s", error)
                await asyncio.sleep(AGAIN_SECONDS[min(failures, len(AGAIN_SECONDS) - 1)])
                failures += 1

    async def _watch(self) -> None:
        """Keep the presence of who listens here, forget who left; every few seconds, and at once when a stream ends."""
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._look.wait(), LOOK_SECONDS)
                await asyncio.sleep(0.1)  # a page that is loaded anew leaves and comes: others need not see that
            self._look.clear()
            ended, self._ended = self._ended, set()
            try:
                await sync_to_async(_presence)(set(self._streams), ended)
            except Exception as error:
                self._ended |= ended
                log.warning("presence waits: %s", error)


def _presence(streams: Collection[UUID], ended: Collection[UUID]) -> None:
    try:
        presence.leave(ended)
        presence.keep(streams, now=utc_now())
        presence.sweep(now=utc_now())
    finally:
        connections.close_all()


_hubs: dict[asyncio.AbstractEventLoop, Hub] = {}


def hub() -> Hub:
    """The hub of this event loop; a web process has one of each."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs.clear()  # those of loops that are gone
        _hubs[loop] = Hub()
    return _hubs[loop]
