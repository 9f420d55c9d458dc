"""Whether a message may go to somebody: consent, purpose, addresses, quiet hours. Asked here and nowhere else."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from egard.base.refusal import Conflict, Refusal
from egard.kernel.messages import bouncing
from egard.kernel.messages.rules import quiet
from egard.kernel.people.members import fill
from egard.kernel.people.models import Identifier, Person
from egard.kernel.people.operations import Erased
from egard.kernel.people.queries import has_consent

OWED = frozenset({"answer", "service"})
"""Purposes for which nobody is asked: what she asked for, and what she must know of what she has with us."""
RINGING = frozenset({"sms", "call"})
"""Channels that wake people up; letters wait until they are read."""
WRITTEN = {"email": "email", "sms": "phone"}
"""By which identifier one writes on a channel."""


class NoConsent(Conflict):
    """She has not agreed to messages of this purpose on this channel; ask her, or write for another purpose."""

    code = "messages.no_consent"
    message = _("This person has not agreed to messages for “{purpose}” by {channel}.")


class NoAddress(Refusal):
    """Nothing is known by which she could be reached on this channel; add it to her file first."""

    code = "messages.no_address"
    message = _("No address is known for this channel. Add one to the file first.")


class AddressDead(Conflict):
    """Messages to this address came back, or their reader complained; ask for another, or say that it works again."""

    code = "messages.address_dead"
    message = _(
        "Messages to this address came back or were unwanted. Ask for another one, or mark it as working again."
    )


def address_for(person: Person, channel: str) -> str:
    """Where she reads messages of this channel: the address given last that takes them. Raises `NoAddress`,
    `AddressDead` where none of hers does.
    """
    if channel == "post" and not fill(person).address:
        raise NoAddress
    kind = WRITTEN.get(channel)
    if kind is None:
        return ""
    held = Identifier.objects.filter(person__in=person.members, kind=kind).order_by("-id")
    known = list(dict.fromkeys(held.values_list("value", flat=True)))
    if not known:
        raise NoAddress
    alive = next((one for one in known if not bouncing.is_dead(channel, one)), None)
    if alive is None:
        raise AddressDead
    return alive


def require(person: Person | None, channel: str, purpose: str, *, address: str = "") -> None:
    """Raises `Erased`, `NoConsent` or `AddressDead` where this must not be sent."""
    if person is not None and person.erased_at is not None:
        raise Erased
    if purpose not in OWED and (person is None or not has_consent(person.pk, purpose, channel)):
        raise NoConsent(purpose=purpose, channel=channel)
    if address and bouncing.is_dead(channel, address):
        raise AddressDead


def not_before(person: Person | None, channel: str, purpose: str, *, now: datetime) -> datetime:
    """The first moment at which it may arrive: an answer at once, what rings not in her night."""
    if channel not in RINGING or purpose == "answer":
        return now
    zone = ZoneInfo(person.site.zone if person is not None and person.site is not None else settings.TIME_ZONE)
    return quiet.after(now, settings.QUIET_HOURS, zone)
