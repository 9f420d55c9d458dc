"""What arrives by itself, in circles, or under a name that is not its sender's."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from egard.kernel.messages.rules.mime import Letter

HOPS_MAX = 60
"""A letter that passed so many servers goes in circles."""
MARK = "x-egard-house"
"""Stands in each letter of ours, so that we know it when it comes back."""
_ROBOTS = re.compile(
    r"^(?:mailer-daemon|postmaster|no-?reply|do-?not-?reply|ne-?pas-?repondre|bounces?|notifications?)(?:[+=._-].*)?@"
)
_METHOD = re.compile(r"^\s*(dmarc|dkim|spf)\s*=\s*(\w+)", re.IGNORECASE)
_PROPERTY = re.compile(r"\b(header\.from|header\.d|header\.i|smtp\.mailfrom)\s*=\s*\"?([^\s;\"]+)", re.IGNORECASE)
_COMMENT = re.compile(r"\([^()]{0,1000}\)")


def is_automatic(letter: Letter) -> bool:
    """Whether a machine wrote it, or asks machines not to answer (RFC 3834): never answered by one, owed nothing."""

    def first(name: str) -> str:
        return next(iter(letter.headers.get(name, ())), "").strip().lower()

    suppressed = {word.strip() for word in first("x-auto-response-suppress").split(",")}
    return (
        first("auto-submitted").split(";")[0].strip() not in ("", "no")
        or first("precedence") in ("bulk", "junk", "list", "auto_reply")
        or bool(suppressed & {"all", "oof", "autoreply", "dr", "ndr", "rn", "nrn"})
        or any(name in letter.headers for name in ("list-id", "x-autoreply", "x-autorespond", "feedback-id"))
        or first("return-path") == "<>"
        or bool(letter.reports)
        or not letter.sender
        or bool(_ROBOTS.match(letter.sender))
    )


def is_circling(letter: Letter, house: Collection[str], mark: str) -> bool:
    """Whether it is one of ours that came back, or passed more servers than letters do.

    `house`: our own addresses; `mark`: what our letters bear.
    """
    return (
        mark in letter.headers.get(MARK, ())
        or letter.sender in house
        or len(letter.headers.get("received", ())) > HOPS_MAX
    )


Trust = Literal["verified", "unverified", "forged"]


def authenticity(letter: Letter, hosts: Collection[str]) -> Trust:
    """What our own mail server found of its sender (RFC 8601).

    `hosts` are the names under which it writes `Authentication-Results`; the topmost one counts, those of others say
    nothing. `verified`: the domain of the From address answers for the letter. `forged`: it says that it does not.
    """
    domain = letter.sender.rpartition("@")[2]
    if not domain or not letter.has_one_author or len(letter.headers.get("from", ())) != 1:
        return "unverified"
    for value in letter.headers.get("authentication-results", ()):
        server, _semicolon, found = _COMMENT.sub(" ", value).partition(";")
        if server.split()[:1] and server.split()[0].lower() in hosts:
            return _judged(found, domain)
    return "unverified"


def _judged(found: str, domain: str) -> Trust:
    passed = False
    for part in found.split(";"):
        method = _METHOD.match(part)
        if not method:
            continue
        name, result = method.group(1).lower(), method.group(2).lower()
        told = {key.lower(): value.lower().strip("<>").rpartition("@")[2] for key, value in _PROPERTY.findall(part)}
        if name == "dmarc":
            if result == "fail":
                return "forged"
            passed = passed or (result == "pass" and told.get("header.from", domain) == domain)
        elif result == "pass":
            answers = [told.get("header.d"), told.get("header.i")] if name == "dkim" else [told.get("smtp.mailfrom")]
            passed = passed or any(one and _aligned(one, domain) for one in answers)
    return "verified" if passed else "unverified"


def _aligned(answering: str, domain: str) -> bool:
    """The same domain, or one above it that is no bare ending (`example.org` answers for `mail.example.org`)."""
    return answering == domain or ("." in answering and domain.endswith(f".{answering}"))


@dataclass(frozen=True, slots=True)
class Report:
    """What became of one recipient: `failed` for good, `delayed`, or anything else."""

    address: str
    action: str
    status: str
    words: str


def reports(letter: Letter) -> list[Report]:
    """The delivery reports of a letter (RFC 3464)."""
    found = []
    for group in letter.reports:
        named = group.get("original-recipient") or group.get("final-recipient", "")
        address = named.partition(";")[2].strip().strip("<>").lower()
        found.append(
            Report(address, group.get("action", "").lower(), group.get("status", ""), group.get("diagnostic-code", ""))
        )
    return [one for one in found if "@" in one.address]
