"""The ASGI application: Django behind a limit on what one request may carry."""

from __future__ import annotations

import os
import re
from collections.abc import Awaitable, Callable
from io import BytesIO
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "egard.site.settings")

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[..., Awaitable[None]]


WORDS_BYTES = 1024 * 1024
"""Beside the files of a form."""


class BodyTooLong(Exception):
    """More bytes came than one request may carry; raised while they are read."""


class BodyLimit:
    """Refuses a body that is too long: before a byte is read where its length is announced, else once it is passed.

    Django's own limit is looked at only after the whole body was written to disk. Addresses like `files_path` take
    `files_bytes`.
    """

    def __init__(self, app: App, max_bytes: int, *, files_path: str = "", files_bytes: int = 0) -> None:
        self.app = app
        self.max_bytes = max_bytes
        self.files_path = re.compile(files_path) if files_path else None
        self.files_bytes = files_bytes

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        takes_files = self.files_path is not None and self.files_path.fullmatch(scope["path"])
        limit = self.files_bytes if takes_files else self.max_bytes
        announced = next((value for name, value in scope["headers"] if name.lower() == b"content-length"), b"0")
        if announced.strip().isdigit() and int(announced) > limit:
            await self._refuse(scope, send, limit)
            return
        came = 0

        async def counted() -> Message:
            nonlocal came
            message = await receive()
            came += len(message.get("body", b""))
            if came > limit:
                raise BodyTooLong
            return message

        try:
            await self.app(scope, counted, send)
        except BodyTooLong:
            await self._refuse(scope, send, limit)

    async def _refuse(self, scope: Message, send: Send, limit: int) -> None:
        from django.core.handlers.asgi import ASGIRequest
        from django.utils import translation

        from egard.api.problems import problem
        from egard.api.refusals import TooLarge

        language = translation.get_language_from_request(ASGIRequest(scope, BytesIO()))
        with translation.override(language):
            refused = problem(TooLarge(limit=limit))
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
    files_bytes = settings.FILES_MAX_BYTES + WORDS_BYTES
    return BodyLimit(
        OneThreadHandler(), settings.BODY_MAX_BYTES, files_path=settings.FILES_PATH, files_bytes=files_bytes
    )


application = _limited()
