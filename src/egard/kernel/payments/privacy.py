"""A person's own copy of her payments, and what goes when she is erased: her cards and words; amounts stay."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from egard.kernel.access.actors import Viewer, system
from egard.kernel.payments.models import Command, Instrument, Payment
from egard.kernel.payments.operations import remove_instrument
from egard.kernel.payments.queries import READ
from egard.kernel.people.models import Person


def export(person: Person) -> dict[str, Any]:
    """Her cards, as far as we know them, and what was paid and given back."""
    cards = Instrument.objects.filter(person=person).order_by("added_at")
    plain = ("amount", "currency", "state", "captured", "refunded", "subject", "created_at")
    return {
        "cards": list(cards.values("brand", "last4", "expires", "added_at", "removed_at")),
        "payments": [
            {
                **{name: getattr(row, name) for name in plain},
                "commands": list(
                    row.asked.order_by("asked_at").values("what", "amount", "to", "outcome", "reason", "asked_at")
                ),
            }
            for row in Payment.objects.filter(person=person).order_by("created_at").prefetch_related("asked")
        ],
    }


def counts(viewer: Viewer, person: Person) -> list[tuple[str, int]]:
    """What the preview of a merge shows as coming together."""
    return [(_("Payments"), Payment.objects.filter(person__in=person.members).count())] if viewer.can(READ) else []


def erase(person: Person, *, now: datetime) -> None:
    """Her cards are removed, here and (by a job) at the provider; reasons go. What moved stays. Twice changes
    nothing.
    """
    cards = Instrument.objects.filter(person=person)
    for card in cards.filter(removed_at=None):
        remove_instrument(card, by=system("erasure"), now=now)
    cards.update(brand="", last4="", expires="")
    Command.objects.filter(payment__person=person).exclude(reason="").update(reason="")
