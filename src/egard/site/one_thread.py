"""Django's ASGI handler, with the whole of a request in one thread that stays for the next.

Our views and most middlewares are synchronous. Django makes a thread for each request and crosses over to it and back
for every middleware: that took more processor time than many a page. What streams (live pages, downloads) is
asynchronous as before.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.core.handlers.asgi import ASGIHandler, ASGIRequest
from django.http import HttpRequest
from django.http.response import HttpResponseBase

KEPT = 16
"""Idle threads that wait for a request; where more come at once, more are made."""


class _Thread(ThreadPoolExecutor):
    """One thread. `busy`: it works on a request, maybe one whose reader has left."""

    busy = False

    def __init__(self) -> None:
        super().__init__(max_workers=1, thread_name_prefix="egard-request")

    def answer(self, get_response: Callable[[HttpRequest], HttpResponseBase], request: HttpRequest) -> HttpResponseBase:
        self.busy = True
        try:
            return get_response(request)
        finally:
            self.busy = False


class OneThreadHandler(ASGIHandler):
    def __init__(self) -> None:
        self._free: list[_Thread] = []
        super().__init__()

    def load_middleware(self, is_async: bool = False) -> None:
        super().load_middleware(is_async=False)

    async def __call__(
        self, scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]
    ) -> None:
        if scope["type"] != "http":
            raise ValueError(f"only HTTP is spoken here, not {scope['type']}")
        thread = self._free.pop() if self._free else _Thread()
        try:
            async with ThreadSensitiveContext(executor=thread):
                scope["egard.thread"] = thread
                await self.handle(scope, receive, send)
        finally:
            if thread.busy or len(self._free) >= KEPT:
                thread.shutdown(wait=False)
            else:
                self._free.append(thread)

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        assert isinstance(request, ASGIRequest)
        thread: _Thread = request.scope["egard.thread"]
        return await sync_to_async(thread.answer, thread_sensitive=True)(self.get_response, request)
