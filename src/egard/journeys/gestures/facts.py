"""What a person lives of gestures, on her timeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from pydantic import Field

from egard.base.money import Money
from egard.kernel.registry import FieldClass, fact

Short = Annotated[str, Field(max_length=64)]
Title = Annotated[str, Field(max_length=200)]


@dataclass(frozen=True, slots=True)
class Amount:
    """Minor units and an ISO 4217 currency."""

    amount: Annotated[int, Field(ge=0, le=10**14)]
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")]


@dataclass(frozen=True, slots=True)
class Given:
    """One thing of a gesture: its name in the catalogue, its title as it was then, its worth to the client."""

    gesture: UUID
    kind: Short
    fr: Title
    en: Title
    worth: Amount


def _words(amount: Mapping[str, Any]) -> str:
    return Money(amount["amount"], amount["currency"]).words(get_language() or "fr")


def named(given: Mapping[str, Any]) -> str:
    """One thing in words: its title, and its amount where there is one."""
    title = given["fr" if (get_language() or "fr").startswith("fr") else "en"]
    if not given["worth"]["amount"]:
        return title
    return _("%(title)s (%(amount)s)") % {"title": title, "amount": _words(given["worth"])}


def _granted(data: Mapping[str, Any]) -> str:
    what = ", ".join(named(one) for one in data["given"])
    if data.get("repairs"):
        return _("Gesture, to make up for a broken promise: %(what)s") % {"what": what}
    return _("Gesture: %(what)s") % {"what": what}


def _asked(data: Mapping[str, Any]) -> str:
    return _("Gesture asked for: %(what)s") % {"what": ", ".join(named(one) for one in data["given"])}


def _reversed(data: Mapping[str, Any]) -> str:
    return _("Gesture taken back: %(what)s") % {"what": ", ".join(named(one) for one in data["given"])}


def _redeemed(data: Mapping[str, Any]) -> str:
    left = data["left"]["amount"]
    words = {"amount": _words(data["amount"]), "left": _words(data["left"])}
    if left:
        return _("Voucher used: %(amount)s, %(left)s is left") % words
    return _("Voucher used: %(amount)s") % words


@fact(
    "gestures.granted", label=gettext_lazy("Gesture"), headline=_granted, icon="gift", tone="kept",
    field_class=FieldClass.HISTORY, search_words=gettext_lazy("gesture gift credit voucher"),
)  # fmt: skip
@dataclass(frozen=True, slots=True)
class GestureGranted:
    """All that was given to her in one act. `repairs` is the broken promise that it makes up for."""

    given: Annotated[list[Given], Field(min_length=1, max_length=20)]
    subject: Annotated[str, Field(max_length=200)] = ""
    repairs: UUID | None = None
    steps: Annotated[int, Field(ge=0, le=100)] = 0


@fact(
    "gestures.asked", label=gettext_lazy("Gesture asked for"), headline=_asked, icon="gift", tone="waiting",
    private=True,
)  # fmt: skip
@dataclass(frozen=True, slots=True)
class GestureAsked:
    """A colleague wants to give more than may be decided alone: a second person is asked. Not shown to the client."""

    given: Annotated[list[Given], Field(min_length=1, max_length=20)]
    subject: Annotated[str, Field(max_length=200)] = ""


@fact("gestures.refused", label=gettext_lazy("Gesture refused"), icon="ban", private=True)
@dataclass(frozen=True, slots=True)
class GestureRefused:
    """The second person did not agree. Not shown to the client, who was promised nothing."""

    gesture: UUID


@fact(
    "gestures.reversed", label=gettext_lazy("Gesture taken back"), headline=_reversed, icon="arrow-back-up", tone="risk"
)
@dataclass(frozen=True, slots=True)
class GestureReversed:
    """It was given by mistake, and is taken back."""

    given: Annotated[list[Given], Field(min_length=1, max_length=20)]


@fact("gestures.redeemed", label=gettext_lazy("Voucher used"), headline=_redeemed, icon="ticket")
@dataclass(frozen=True, slots=True)
class VoucherRedeemed:
    """She used a voucher, whole or in part: at a shop (`site`, its code), on line, by phone."""

    voucher: UUID
    amount: Amount
    left: Amount
    site: Short = ""
    reference: Annotated[str, Field(max_length=100)] = ""


@fact("gestures.voucher_ended", label=gettext_lazy("Voucher ended"), icon="ticket", tone="risk")
@dataclass(frozen=True, slots=True)
class VoucherEnded:
    """What was left of a voucher was not used in time, or was revoked."""

    voucher: UUID
    left: Amount
    revoked: bool = False
