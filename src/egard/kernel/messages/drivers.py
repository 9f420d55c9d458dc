"""How a message leaves: by SMTP through Django's mail, or not at all (the sandbox, whose box is a page).

A driver is chosen by the settings; it gets a whole message and gives back what it knows it by.
"""

from __future__ import annotations

from email.utils import format_datetime, parseaddr
from smtplib import SMTPDataError, SMTPException, SMTPRecipientsRefused, SMTPSenderRefused
from typing import Protocol

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection

from egard.kernel.messages.models import Outgoing

TIMEOUT_SECONDS = 15


class Refused(Exception):
    """The server will never take this message: another try would not help. Its words are in the message."""


class Away(Exception):
    """The server could not be reached, or says to come back: to be tried again."""


class Driver(Protocol):
    name: str

    def send(self, message: Outgoing) -> str:
        """Hand the message over; what the driver knows it by. Raises `Refused` or `Away`."""
        ...


class Smtp:
    """The server that `EGARD_SMTP_URL` names."""

    name = "smtp"

    def send(self, message: Outgoing) -> str:
        mark = message_id(message)
        mail = EmailMultiAlternatives(
            subject=message.subject,
            body=message.text,
            to=[message.to],
            headers={
                "Message-ID": mark,
                "Date": format_datetime(message.created_at),
                "Auto-Submitted": "auto-generated",
                "Content-Language": message.language,
            },
            connection=get_connection(timeout=TIMEOUT_SECONDS),
        )
        mail.attach_alternative(message.html, "text/html")
        try:
            mail.send()
        except (OSError, SMTPException) as error:  # what smtplib raises, time-outs and TLS among them
            raise _read(error, message.to) from error
        return mark


class Sandbox:
    """Nothing leaves; the outbox itself is the box (`/admin/sent/`)."""

    name = "sandbox"

    def send(self, message: Outgoing) -> str:
        return message_id(message)


DRIVERS: dict[str, Driver] = {driver.name: driver for driver in (Smtp(), Sandbox())}


def driver() -> Driver:
    return DRIVERS[settings.MAIL_DRIVER]


def message_id(message: Outgoing) -> str:
    """The same at every try: who gets the message twice knows it for one."""
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
    return f"<{message.uuid}@{domain}>"


def _read(error: Exception, to: str) -> Refused | Away:
    """Whether another try may help, in a line that does not name the address."""
    codes: list[int] = []
    said = str(error)
    if isinstance(error, SMTPRecipientsRefused):
        codes = [code for code, _said in error.recipients.values()]
        said = "; ".join(_text(words) for _code, words in error.recipients.values())
    elif isinstance(error, SMTPDataError | SMTPSenderRefused):
        codes, said = [error.smtp_code], _text(error.smtp_error)
    line = f"{type(error).__name__}: {' '.join(map(str, codes))} {said}".replace(to, "…").splitlines()[0]
    # 5xx of the recipient, the sender or the content will stay; of the login or the greeting, somebody mends them.
    return Refused(line) if codes and all(500 <= code < 600 for code in codes) else Away(line)


def _text(words: bytes | str) -> str:
    return words.decode(errors="replace") if isinstance(words, bytes) else words
