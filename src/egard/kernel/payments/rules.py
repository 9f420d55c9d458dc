"""What a provider's word changes: pure. Words may come twice, late and in any order."""

from __future__ import annotations

from typing import Literal

State = Literal["asked", "challenge", "authorized", "captured", "declined", "voided", "lapsed"]
STATES = ("asked", "challenge", "authorized", "captured", "declined", "voided", "lapsed")
COMMANDS = ("authorize", "capture", "void", "refund")
OUTCOMES = ("", "challenge", "approved", "declined", "lapsed")
OPEN = ("", "challenge")
"""Outcomes of a command on which the last word is still to come."""
_RANK = {"": 0, "challenge": 1, "approved": 2, "declined": 2, "lapsed": 3}
_AFTER = {
    ("authorize", "challenge"): "challenge",
    ("authorize", "approved"): "authorized",
    ("authorize", "declined"): "declined",
    ("authorize", "lapsed"): "lapsed",
    ("capture", "approved"): "captured",
    ("void", "approved"): "voided",
}


def follows(before: str, said: str) -> bool:
    """Whether a word tells something new of a command: later than what is known, or never known. An answer is not
    taken back: who said `approved` and then `declined` is a difference to be looked at.
    """
    return _RANK[said] > _RANK[before]


def state_after(state: str, what: str, outcome: str) -> str:
    """The state of a payment after a word on one of its commands; what ended otherwise stays so."""
    after = _AFTER.get((what, outcome), state)
    if after == "lapsed" and state != "authorized" and state not in ("asked", "challenge"):
        return state
    if what == "capture" and outcome == "declined":
        return state
    return after


def waits_seconds(tries: int) -> int:
    """How long to wait before the provider is asked again: 5 s, doubling, an hour at most."""
    return min(3600, 5 * 2 ** min(tries, 10))


def refundable(captured: int, refunded: int, asked: int) -> int:
    """What can still be given back: captured, less what was given back or is on its way."""
    return max(0, captured - refunded - asked)
