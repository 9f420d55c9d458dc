"""How the organisation is written to, as the environment names it: addresses, mailboxes, providers, terms."""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import parseaddr
from typing import Any

import orjson
from django.core.exceptions import ImproperlyConfigured

from egard.base.calendars import BadSpan, Span

ANSWER_WITHIN = {
    "email": "2 business days",
    "sms": "1 business day",
    "chat": "15 min",
    "post": "10 business days",
    "counter": "2 business days",
    "call": "1 business day",
}
"""What is promised to whom writes, where `EGARD_ANSWER_WITHIN` says nothing of her channel."""
MEGABYTE = 1024 * 1024


def from_environment(env: Mapping[str, str], sender: str) -> dict[str, Any]:
    """Django's settings. `sender` is the From of our letters. Raises `ImproperlyConfigured`."""
    own = [parseaddr(sender)[1], *_list(env.get("EGARD_MAIL_ADDRESSES", ""))]
    mail_max_bytes = int(env.get("EGARD_MAIL_MAX_MB", "30")) * MEGABYTE
    return {
        # Our own addresses, lower case: what comes from one of them is not answered.
        "MAIL_ADDRESSES": tuple(dict.fromkeys(one.lower() for one in own if one)),
        # Answers come to reply+<token>@ this domain; without one to the From address, and are joined by references.
        "MAIL_REPLY_DOMAIN": env.get("EGARD_MAIL_REPLY_DOMAIN", "").strip().lower(),
        # The names under which our own mail server writes Authentication-Results; no other is believed.
        "MAIL_AUTH_HOSTS": tuple(one.lower() for one in _list(env.get("EGARD_MAIL_AUTH_HOSTS", ""))),
        "MAIL_MAX_BYTES": mail_max_bytes,
        # What the files of a message may weigh together in a form: what most mail servers take.
        "FILES_MAX_BYTES": min(25 * MEGABYTE, mail_max_bytes),
        "IMAP_URL": env.get("EGARD_IMAP_URL", ""),
        "LMTP_ADDRESS": env.get("EGARD_LMTP", "127.0.0.1:8024"),
        "ANSWER_WITHIN": ANSWER_WITHIN | _pairs(env.get("EGARD_ANSWER_WITHIN", "")),
        # Local hours in which nothing that is not an answer rings or buzzes.
        "QUIET_HOURS": env.get("EGARD_QUIET_HOURS", "21:00-08:00"),
        # So long before a visit who comes is reminded.
        "VISIT_REMINDERS": _spans(env.get("EGARD_VISIT_REMINDERS", "1 day, 2 h")),
        # What calendars that follow a host or a shop see of who comes: initials, names or none.
        "VISIT_FEED_NAMES": _one_of(env, "EGARD_VISIT_FEED_NAMES", ("initials", "names", "none")),
        # Whether calendars of hosts are also read within the house's own network.
        "VISIT_FEEDS_PRIVATE": env.get("EGARD_VISIT_FEEDS_PRIVATE") == "1",
        "SMS_DRIVER": "twilio" if env.get("EGARD_SMS_URL") else "sandbox",
        "SMS_URL": env.get("EGARD_SMS_URL", ""),
        "SMS_FROM": env.get("EGARD_SMS_FROM", ""),
        "ANYMAIL": _object(env.get("EGARD_ANYMAIL", "")),
    }


def _list(value: str) -> list[str]:
    return [one.strip() for one in value.split(",") if one.strip()]


def _spans(value: str) -> tuple[str, ...]:
    """`1 day, 2 h`: amounts of time of the clock or the wall."""
    try:
        found = [Span.parse(one) for one in _list(value)]
    except BadSpan as error:
        raise ImproperlyConfigured(f"EGARD_VISIT_REMINDERS is 1 day, 2 h: {error}") from error
    return tuple(str(one) for one in found)


def _one_of(env: Mapping[str, str], name: str, choices: tuple[str, ...]) -> str:
    """What a setting chooses; the first where it says nothing."""
    found = env.get(name, "").strip() or choices[0]
    if found not in choices:
        raise ImproperlyConfigured(f"{name} is one of {', '.join(choices)}; not {found!r}")
    return found


def _pairs(value: str) -> dict[str, str]:
    """`email=1 business day, chat=5 min` by its names."""
    named = dict(one.partition("=")[::2] for one in _list(value))
    wrong = set(map(str.strip, named)) - set(ANSWER_WITHIN)
    if wrong or not all(map(str.strip, named.values())):
        raise ImproperlyConfigured(f"EGARD_ANSWER_WITHIN is email=2 business days, chat=5 min; not {value!r}")
    return {name.strip(): words.strip() for name, words in named.items()}


def _object(value: str) -> dict[str, Any]:
    """anymail's own settings as a JSON object."""
    try:
        found = orjson.loads(value) if value else {}
    except orjson.JSONDecodeError as error:
        raise ImproperlyConfigured("EGARD_ANYMAIL is a JSON object of anymail's settings") from error
    if not isinstance(found, dict):
        raise ImproperlyConfigured("EGARD_ANYMAIL is a JSON object of anymail's settings")
    return found
