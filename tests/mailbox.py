"""A mail server of a test (aiosmtpd): takes what comes, refuses, keeps somebody waiting, or is away."""

from __future__ import annotations

import asyncio
import email
import email.policy
import threading
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller


class Mailbox(Controller):
    """`letters` holds what arrived. `answers[verb]` replaces an answer: `"RCPT": "550 nobody here"`; of `HELO` it is
    what is said to whoever greets.

    `hold` (an event) keeps the answer to a whole letter back until it is set.
    """

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []
        self.answers: dict[str, str] = {}
        self.hold: threading.Event | None = None
        super().__init__(_Taking(self), hostname="127.0.0.1", port=0)

    def _trigger_server(self) -> None:
        # Any free port will do; which one it is, is known once it listens.
        self.port = self.server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
        super()._trigger_server()

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"


class _Taking:
    """What aiosmtpd asks at each command."""

    def __init__(self, mailbox: Mailbox) -> None:
        self.mailbox = mailbox

    async def handle_EHLO(self, server: Any, session: Any, envelope: Any, host: str, usual: list[str]) -> list[str]:
        session.host_name = host
        refused = self.mailbox.answers.get("HELO")
        return [refused] if refused else usual

    async def handle_HELO(self, server: Any, session: Any, envelope: Any, host: str) -> str:
        session.host_name = host
        return self.mailbox.answers.get("HELO", "250 mailbox")

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, to: str, options: list[str]) -> str:
        refused = self.mailbox.answers.get("RCPT")
        if refused is None:
            envelope.rcpt_tos.append(to)
        return refused or "250 ok"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.mailbox.letters.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        if self.mailbox.hold:
            await asyncio.get_running_loop().run_in_executor(None, self.mailbox.hold.wait, 30)
        return self.mailbox.answers.get("LETTER", "250 taken")


@pytest.fixture
def mailbox(settings):
    """A server that listens, and settings that send there."""
    served = Mailbox()
    served.start()
    settings.MAIL_DRIVER = "smtp"
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", served.port
    settings.DEFAULT_FROM_EMAIL = "Maison <no-reply@maison.example>"
    yield served
    served.stop()
