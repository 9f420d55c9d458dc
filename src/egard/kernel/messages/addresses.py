"""The addresses to which answers come: each names its conversation, signed, so that nobody writes into another's."""

from __future__ import annotations

import hmac
import re
from base64 import b32encode
from collections.abc import Iterable
from email.utils import formataddr, parseaddr
from functools import lru_cache
from hashlib import sha256

from django.conf import settings

_REPLY = re.compile(r"reply\+([0-9a-z]{1,13})-([a-z2-7]{16})@(.+)")
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def house_domain() -> str:
    """The domain of our letters and of their Message-IDs."""
    return settings.MAIL_REPLY_DOMAIN or _sender(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"


def reply_address(thread: int) -> str:
    """Where the answer to a letter of this conversation goes; empty where no domain takes such answers.

    Letters and digits in lower case only: many servers change capitals, and some allow 64 characters.
    """
    if not settings.MAIL_REPLY_DOMAIN:
        return ""
    number = _written(thread)
    return f"reply+{number}-{_signature(number)}@{settings.MAIL_REPLY_DOMAIN}"


def reply_to(thread: int) -> str:
    """The same with the organisation's name, as a header says it."""
    address = reply_address(thread)
    return formataddr((_sender(settings.DEFAULT_FROM_EMAIL)[0], address)) if address else ""


def thread_of(recipients: Iterable[str]) -> int | None:
    """The conversation that one of these addresses names, with our signature."""
    for one in recipients:
        found = _REPLY.fullmatch(one.lower())
        if not found or found[3] != settings.MAIL_REPLY_DOMAIN:
            continue
        if hmac.compare_digest(_signature(found[1]), found[2]):
            return int(found[1], 36)
    return None


def house_mark() -> str:
    """What stands in each letter of this house, and of no other."""
    return _digest("egard.house", house_domain())


@lru_cache(maxsize=4)
def _sender(told: str) -> tuple[str, str]:
    """Name and address of our letters, read once and not for each of 50,000."""
    return parseaddr(told)


def _signature(number: str) -> str:
    return _digest("egard.reply", number)


def _digest(what: str, value: str) -> str:
    """80 bits, by which an address is not guessed."""
    key = settings.SECRET_KEY.encode()
    return b32encode(hmac.digest(key, f"{what}\x1f{value}".encode(), sha256)[:10]).decode().lower()


def _written(number: int) -> str:
    digits = ""
    while number:
        number, rest = divmod(number, 36)
        digits = _DIGITS[rest] + digits
    return digits or "0"
