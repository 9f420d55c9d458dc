"""A refund as a gesture: where the order was paid through us, the provider is asked in the same act, and his answer
keeps the promise of it. What was paid elsewhere stays a promise that somebody keeps by hand.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db.models import Q, Sum

from egard.base.money import Money
from egard.journeys.gestures.models import Gesture
from egard.kernel.access.actors import Actor, system
from egard.kernel.cases.models import Case
from egard.kernel.payments import operations as payments
from egard.kernel.payments.models import Command, Payment
from egard.kernel.payments.rules import OPEN, refundable
from egard.kernel.people.models import Person
from egard.kernel.promises import operations as promises
from egard.kernel.promises.models import Promise
from egard.kernel.timeline.reactions import LoggedFact

REFUNDED = "payments.refunded/1"
PREFIX = "gesture:"
"""Of the keys under which refunds are asked."""


def ask(person: Person, row: Gesture, *, by: Actor, now: datetime) -> None:
    """Ask for the refund that a gesture is, where the payment is ours. Raises as `payments.refund`."""
    payment = _paid_by(person, row)
    if payment is not None:
        payments.refund(
            payment.pk,
            Money(row.amount, row.currency),
            reason=row.reason[:200],
            key=f"{PREFIX}{row.uuid}",
            by=by,
            now=now,
        )


def is_asked(row: Gesture) -> bool:
    """Whether the money is on its way, or there."""
    return Command.objects.filter(key=f"{PREFIX}{row.uuid}").exclude(outcome="declined").exists()


def _paid_by(person: Person, row: Gesture) -> Payment | None:
    """The payment of the very order that the gesture is about, with enough left to give back: never a guess."""
    about = [row.subject] if row.subject else []
    if row.subject.startswith("case:"):
        snapshot = Case.objects.filter(uuid=row.subject.removeprefix("case:")).values_list("snapshot", flat=True)
        number = str(((snapshot[0] if snapshot else None) or {}).get("data", {}).get("order_number") or "").strip()
        about += [f"order:{number}"] if number else []
    found = Payment.objects.filter(person__in=person.members, currency=row.currency, subject__in=about)
    under_way = Sum("asked__amount", filter=Q(asked__what="refund", asked__outcome__in=OPEN), default=0)
    for one in found.annotate(under_way=under_way).order_by("-created_at", "-id"):
        if refundable(one.captured, one.refunded, one.under_way) >= row.amount > 0:
            return one
    return None


def keep_refunded(facts: list[LoggedFact]) -> None:
    """The reaction: money is back, and what was promised with the gesture is kept."""
    by = system("gestures")
    at = {UUID(str(one.data["payment_id"])): one.at for one in facts}
    done = Command.objects.filter(payment__in=at, what="refund", outcome="approved", key__startswith=PREFIX)
    paid = {UUID(key.removeprefix(PREFIX)): at[payment] for key, payment in done.values_list("key", "payment")}
    owed = dict(Gesture.objects.filter(uuid__in=paid, promise__isnull=False).values_list("promise", "uuid"))
    for promise in Promise.objects.filter(uuid__in=owed, ended_at=None):
        promises.keep(promise, by=by, now=paid[owed[promise.uuid]])
