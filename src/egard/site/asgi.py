"""The ASGI application: Django behind a limit on what one request may carry."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from io import BytesIO
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "egard.site.settings")

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[..., Awaitable[None]]


class BodyTooLong(Exception):
    """More bytes came than one request may carry; raised while they are read."""


class BodyLimit:
    """Refuses a body that is too long: before a byte is read where its length is announced, else once it is passed.

    Django's own limit is looked at only after the whole body was written to disk.
    """

    def __init__(self, app: App, max_bytes: int) -> None:
        self.app = app
        self.max_bytes = max_bytes

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        announced = next((value for name, value in scope["headers"] if name.lower() == b"content-length"), b"0")
        if announced.strip().isdigit() and int(announced) > self.max_bytes:
            await self._refuse(scope, send)
            return
        came = 0

        async def counted() -> Message:
            nonlocal came
            message = await receive()
            came += len(message.get("body", b""))
            if came > self.max_bytes:
                raise BodyTooLong
            return message

        try:
            await self.app(scope, counted, send)
        except BodyTooLong:
            await self._refuse(scope, send)

    async def _refuse(self, scope: Message, send: Send) -> None:
        from django.core.handlers.asgi import ASGIRequest
        from django.utils import translation

        from egard.api.problems import problem
        from egard.api.refusals import TooLarge

        language = translation.get_language_from_request(ASGIRequest(scope, BytesIO()))
        with translation.override(language):
            refused = problem(TooLarge(limit=self.max_bytes))
        headers = [(name.lower().encode(), value.encode()) for name, value in refused.items()]
        # What was not read must not be taken for the next request.
        await send(
            {
                "type": "http.response.start",
                "status": refused.status_code,
                "headers": [*headers, (b"content-language", language.encode()), (b"connection", b"close")],
            }
        )
        await send({"type": "http.response.body", "body": refused.content})


def _limited() -> BodyLimit:
    import django

    django.setup(set_prefix=False)
    from django.conf import settings

    from egard.kernel.messages.checking import begin_warming
    from egard.site.one_thread import OneThreadHandler

    begin_warming()
    return BodyLimit(OneThreadHandler(), settings.BODY_MAX_BYTES)


application = _limited()
