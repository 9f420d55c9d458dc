"""The demo's payments: orders paid by test cards of every kind, some given back, one on which the books differ.

No money moves: they are told to the sandbox, each at its own moment; a second call changes nothing.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from egard.base.money import Money
from egard.kernel.access.models import Change
from egard.kernel.access.operations import log_change
from egard.kernel.payments import carrying, operations, reconciling
from egard.kernel.payments.models import Payment
from egard.kernel.payments.sandbox import PREFIX, Sandbox
from egard.site.demo_accounts import ACTOR
from egard.site.demo_cases import people_of_the_demo, working

DONE = "demo.payments"
DAYS = 30
CARDS = (*["approve"] * 14, "decline", "decline", "timeout", "twice", "lapse", "norefund", "disorder", "challenge")
"""The last one waits for its client."""
AMOUNTS = (2_490, 3_900, 4_900, 6_950, 8_900, 12_900, 18_500)
BACK = {2: ("card", None, "Retour de la robe"), 5: ("card", 1_500, "Bouton manquant"), 9: ("wallet", None, "Échange")}
"""Of some payments, what was given back."""


def pay(*, now: datetime) -> None:
    """Written once; what an interrupted load left is finished."""
    people = people_of_the_demo()[-len(CARDS) :]
    if Change.objects.filter(what=DONE).exists() or len(people) < len(CARDS):
        return
    rng = random.Random(20_32)  # noqa: S311  (the same demo every time)
    for n, (kind, person) in enumerate(zip(CARDS, people, strict=True)):
        at = working(now - timedelta(days=DAYS * (1 - n / len(CARDS)), hours=2))
        at = now - timedelta(minutes=10) if kind == "challenge" else at
        card = operations.save_instrument(person, f"{PREFIX}{kind}", key=f"demo:card:{person.uuid}", by=ACTOR, now=at)
        made = operations.charge(
            person, card, Money(rng.choice(AMOUNTS), "EUR"), key=f"demo:pay:{person.uuid}",
            subject=f"order:{540_000 + n}", capture=kind != "lapse", by=ACTOR, now=at,
        )  # fmt: skip
        _told(made, until=at + timedelta(minutes=30))
        if n in BACK:
            _given_back(made, n, at=min(now, at + timedelta(days=2)))
    first = Payment.objects.exclude(captured=0).order_by("created_at").first()
    if first is not None:  # somebody gave a little back on the provider's own pages
        Sandbox().refund(first.reference, Money(500, "EUR"), key="demo:by-hand", now=now - timedelta(hours=20))
    reconciling.reconcile(since=now - timedelta(days=DAYS + 5), until=now, by=ACTOR, now=now)
    log_change(DONE, by=ACTOR, now=now, payments=len(CARDS))


def _told(payment: Payment, *, until: datetime) -> None:
    """As the jobs of the minutes after it would: what is not answered is asked for again."""
    for minute in (0, 1, 2, 5):
        carrying.settle(payment, now=payment.created_at + timedelta(minutes=minute))
    if payment.lapses_at is not None and payment.lapses_at <= until:
        carrying.heal(now=until)


def _given_back(payment: Payment, n: int, *, at: datetime) -> None:
    to, amount, reason = BACK[n]
    asked = None if amount is None else Money(min(amount, payment.captured), payment.currency)
    operations.refund(payment, asked, to=to, reason=reason, key=f"demo:back:{payment.pk}", by=ACTOR, now=at)
    carrying.settle(payment, now=at)
