"""How a message leaves: letters by SMTP or a provider through Django's mail, short messages by a provider's HTTP, or
neither (the sandbox, whose box is a page).

A driver is chosen by the settings; it gets a whole message and gives back what it knows it by.
"""

from __future__ import annotations

from email.utils import format_datetime
from smtplib import SMTPDataError, SMTPException, SMTPRecipientsRefused, SMTPSenderRefused
from typing import Any, ClassVar, Protocol
from urllib.parse import unquote, urlsplit

import requests
from anymail.exceptions import AnymailError, AnymailRecipientsRefused
from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection

from egard.kernel.messages import files, outbox
from egard.kernel.messages.models import Attachment, Outgoing

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
    options: ClassVar[dict[str, Any]] = {"timeout": TIMEOUT_SECONDS}

    def send(self, message: Outgoing) -> str:
        mark = message_id(message)
        mail = EmailMultiAlternatives(
            subject=message.subject,
            body=message.text,
            to=[message.to],
            headers={
                "Message-ID": mark,
                "Date": format_datetime(message.created_at),
                "Content-Language": message.language,
                **({} if message.message_id else {"Auto-Submitted": "auto-generated"}),
                **outbox.headers_of_house(),
                **message.headers,
            },
            connection=get_connection(**self.options),
        )
        mail.attach_alternative(message.html, "text/html")
        if message.calendar:
            self._invite(mail, message.calendar)
        for file in Attachment.objects.filter(message=message.message_id) if message.message_id else ():
            mail.attach(file.name, files.content_of(file), file.type)
        try:
            mail.send()
        except (OSError, SMTPException) as error:  # what smtplib raises, time-outs and TLS among them
            raise _read(error, message.to) from error
        except AnymailRecipientsRefused as error:
            raise Refused(_line(error, message.to)) from error
        except AnymailError as error:
            raise _read_provider(error, message.to) from error
        return getattr(getattr(mail, "anymail_status", None), "message_id", None) or mark

    def _invite(self, mail: EmailMultiAlternatives, entry: str) -> None:
        """As programs look for it: beside the words, where it is shown with them, and as a file that is opened."""
        mail.attach_alternative(entry, outbox.calendar_type(entry))
        mail.attach("invite.ics", entry.encode(), "application/ics")


class Provider(Smtp):
    """The provider whose backend of anymail `EGARD_MAIL_BACKEND` names, by its HTTP."""

    name = "provider"
    options: ClassVar[dict[str, Any]] = {}

    def _invite(self, mail: EmailMultiAlternatives, entry: str) -> None:
        """Providers take words and files, nothing beside them."""
        mail.attach("invite.ics", entry.encode(), outbox.calendar_type(entry))


class Twilio:
    """Short messages by the HTTP of Twilio, which many providers speak: `EGARD_SMS_URL` with account and token."""

    name = "twilio"

    def send(self, message: Outgoing) -> str:
        parts = urlsplit(settings.SMS_URL)
        account, token = unquote(parts.username or ""), unquote(parts.password or "")
        base = f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}{parts.path.rstrip('/')}"
        try:
            answer = requests.post(
                f"{base}/2010-04-01/Accounts/{account}/Messages.json",
                data={"To": message.to, "From": settings.SMS_FROM, "Body": message.text},
                auth=(account, token),
                timeout=TIMEOUT_SECONDS,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise Away(_line(error, message.to)) from error
        if answer.status_code >= 500 or answer.status_code in (401, 403, 408, 429):
            raise Away(f"{answer.status_code} {answer.reason}")
        if answer.status_code >= 300:
            raise Refused(f"{answer.status_code} {answer.text[:200]}".replace(message.to, "…"))
        try:
            return str(answer.json()["sid"])
        except (ValueError, KeyError, TypeError):
            return ""  # taken, without a name


class Sandbox:
    """Nothing leaves; the outbox itself is the box (`/admin/sent/`)."""

    name = "sandbox"

    def send(self, message: Outgoing) -> str:
        return message_id(message)


DRIVERS: dict[str, Driver] = {driver.name: driver for driver in (Smtp(), Provider(), Twilio(), Sandbox())}


def driver(channel: str) -> Driver:
    return DRIVERS[settings.SMS_DRIVER if channel == "sms" else settings.MAIL_DRIVER]


def message_id(message: Outgoing) -> str:
    return outbox.message_id_of(message.uuid)


def _line(error: Exception, to: str) -> str:
    """What was said, on one line that does not name the address."""
    return next(iter(f"{type(error).__name__}: {error}".replace(to, "…").splitlines()), "")


def _read_provider(error: AnymailError, to: str) -> Refused | Away:
    """A provider that refuses what we said (4xx) would refuse it again; its keys and its limits somebody mends."""
    status = getattr(error, "status_code", None)
    stays = status is not None and 400 <= status < 500 and status not in (401, 403, 408, 429)
    return (Refused if stays else Away)(_line(error, to))


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
