"""A mail server of a test: takes what comes, refuses, keeps somebody waiting, or is away."""

from __future__ import annotations

import email
import email.policy
import socketserver
import threading

import pytest


class Mailbox(socketserver.ThreadingTCPServer):
    """`letters` holds what arrived. `answers[verb]` replaces an answer: `"RCPT": "550 nobody here"`.

    `hold` (an event) keeps the answer to a whole letter back until it is set.
    """

    allow_reuse_address = daemon_threads = True

    def __init__(self) -> None:
        self.letters: list[email.message.EmailMessage] = []
        self.answers: dict[str, str] = {}
        self.hold: threading.Event | None = None
        super().__init__(("127.0.0.1", 0), _Talk)
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def port(self) -> int:
        return self.server_address[1]

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"


class _Talk(socketserver.StreamRequestHandler):
    server: Mailbox

    def say(self, verb: str, usual: str) -> None:
        self.wfile.write(f"{self.server.answers.get(verb, usual)}\r\n".encode())

    def handle(self) -> None:
        self.say("HELLO", "220 mailbox")
        while line := self.rfile.readline():
            verb = line.decode().strip().upper()[:4]
            if verb == "DATA":
                self.say("DATA", "354 go on")
                self.read_letter()
            elif verb == "QUIT":
                self.say("QUIT", "221 bye")
                return
            else:
                self.say(verb, "250 ok")

    def read_letter(self) -> None:
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b"."))
        self.server.letters.append(email.message_from_bytes(b"".join(lines), policy=email.policy.default))
        if self.server.hold:
            self.server.hold.wait(30)
        self.say("LETTER", "250 taken")


@pytest.fixture
def mailbox(settings):
    """A server that listens, and settings that send there."""
    served = Mailbox()
    settings.MAIL_DRIVER = "smtp"
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", served.port
    settings.DEFAULT_FROM_EMAIL = "Maison <no-reply@maison.example>"
    yield served
    served.shutdown()
    served.server_close()
