"""What a payment provider can do for us, whoever it is. Drivers stand beside the sandbox, one module each.

Every command carries a key of ours: the same key twice is one deed, and the same answer. What a provider says of a deed
is a `Word`; it may come as the answer, again as an event, late, twice, or before an earlier one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from django.conf import settings
from django.utils.module_loading import import_string

from egard.base.money import Money

Outcome = Literal["challenge", "approved", "declined", "lapsed"]
What = Literal["authorize", "capture", "void", "refund"]


class Unreachable(Exception):
    """No answer: nobody knows yet whether it was done. It is asked for by its key, and said again with the same key."""


class Refused(Exception):
    """The provider does not take what was sent, and did nothing: a token that it does not know."""


@dataclass(frozen=True, slots=True)
class Saved:
    """A card as the provider keeps it: its token, and what one may show of it. Never its number."""

    token: str
    brand: str
    last4: str
    expires: str
    """Year and month, `2029-04`."""


@dataclass(frozen=True, slots=True)
class Word:
    """What the provider says of one deed. `id` is the same however often it says it; `key` is ours."""

    id: str
    key: str
    what: What
    outcome: Outcome
    amount: Money
    reference: str
    at: datetime
    code: str = ""
    """Why it was declined: `insufficient_funds`, `lapsed`."""
    url: str = ""
    """Where the person answers a challenge."""
    lapses_at: datetime | None = None
    """Until when an authorization can be captured."""


class Provider(Protocol):
    """Every method may raise `Unreachable`; money methods are never called inside a transaction of ours."""

    name: str

    def save_instrument(self, token: str, *, key: str, now: datetime) -> Saved:
        """Keep a card that the person gave to the provider itself (`token`). Raises `Refused`."""
        ...

    def forget_instrument(self, token: str) -> None: ...

    def authorize(self, token: str, amount: Money, *, key: str, now: datetime) -> Word: ...

    def capture(self, reference: str, amount: Money, *, key: str, now: datetime) -> Word: ...

    def void(self, reference: str, amount: Money, *, key: str, now: datetime) -> Word: ...

    def refund(self, reference: str, amount: Money, *, key: str, now: datetime) -> Word: ...

    def find(self, key: str, *, now: datetime) -> Word | None:
        """The last word on what we asked for with a key; None where it never came there."""
        ...

    def events(self, after: str, *, now: datetime, limit: int = 200) -> tuple[Sequence[Word], str]:
        """What it has to say since a place in its log, and the place after it; in no order that could be counted on."""
        ...

    def statement(self, since: datetime, until: datetime) -> Sequence[Word]:
        """All money that moved in a period, as the provider will settle it: captures and refunds that were approved."""
        ...


def provider(name: str = "") -> Provider:
    """The driver of that name; the house's own without a name."""
    return import_string(settings.PAYMENT_PROVIDERS[name or settings.PAYMENT_PROVIDER])()
