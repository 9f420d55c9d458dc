"""What a provider says is an observation: kept once, and applied where it tells something new. The ledger follows it
in the same transaction.
"""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any, Literal

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from egard.base.refusal import Refusal
from egard.kernel.access.actors import Actor, system
from egard.kernel.jobs.operations import defer
from egard.kernel.ledger.operations import post, transfer
from egard.kernel.ledger.operations import void as let_go
from egard.kernel.ledger.refusals import Resolved
from egard.kernel.payments import rules
from egard.kernel.payments.books import SOURCE, at_provider
from egard.kernel.payments.facts import PaymentCaptured, PaymentRefunded
from egard.kernel.payments.models import Command, Observation, Payment
from egard.kernel.payments.port import Word
from egard.kernel.timeline.operations import record

log = logging.getLogger("egard.payments")
How = Literal["answer", "asked", "event"]
BY = system("payments")


@transaction.atomic
def observe(provider: str, word: Word, *, how: How, now: datetime) -> Command | None:
    """Keep a word of a provider, and follow it where it is news. The command that it is about; None of one that is not
    ours. The same word twice changes nothing.
    """
    command = _command(word.key)
    row = _kept(provider, word, command, how, now)
    if command is None or row is None:
        return command
    # An authorization and its capture may be heard of in one request: rows, not gets.
    rows = Payment.objects.select_for_update(of=("self",)).select_related("into", "person", "hold")
    payment = rows.filter(pk=command.payment_id)[0]
    command = Command.objects.select_for_update(of=("self",)).select_related("hold").filter(pk=command.pk)[0]
    agrees = (word.amount.amount, word.amount.currency) == (command.amount, payment.currency)
    if not agrees or word.what != command.what or not rules.follows(command.outcome, word.outcome):
        return command
    command.outcome, command.code, command.reference = word.outcome, word.code, word.reference
    command.answered_at = now
    if word.outcome not in rules.OPEN:
        command.try_at = None
    command.save(update_fields=["outcome", "code", "reference", "answered_at", "try_at"])
    _APPLY[command.what](payment, command, word, now)
    Observation.objects.filter(pk=row.pk).update(applied=True)
    return command


def hear(provider: str, word: Word, *, how: How, now: datetime) -> None:
    """`observe` one word of many: one that our books refuse is logged, and its command stays open until the night lists
    it as a difference; those behind it are heard.
    """
    try:
        observe(provider, word, how=how, now=now)
    except Refusal:
        log.exception("payments: %s says %s, which the books refuse", provider, word.id)


def _kept(provider: str, word: Word, command: Command | None, how: How, now: datetime) -> Observation | None:
    """The word as it came; nothing where it was said before."""
    if Observation.objects.filter(provider=provider, word=word.id).exists():
        return None
    try:
        with transaction.atomic():
            return Observation.objects.create(
                provider=provider,
                word=word.id,
                command=command,
                what=word.what,
                outcome=word.outcome,
                code=word.code,
                amount=word.amount.amount,
                currency=word.amount.currency,
                reference=word.reference,
                at=word.at,
                recorded_at=now,
                how=how,
                applied=False,
            )
    except IntegrityError:  # somebody else heard it at this very moment
        return None


def _command(key: str) -> Command | None:
    """A key of ours is the id of a command; another is somebody else's."""
    try:
        return Command.objects.filter(pk=key).first()
    except ValidationError:
        return None


def _authorized(payment: Payment, command: Command, word: Word, now: datetime) -> None:
    before, payment.state = payment.state, rules.state_after(payment.state, "authorize", word.outcome)
    payment.reference, payment.code, payment.challenge_url = word.reference, word.code, word.url
    payment.lapses_at = word.lapses_at
    if word.outcome == "approved":
        payment.hold = transfer(
            debit=at_provider(payment.provider, payment.currency, by=BY, now=now),
            credit=payment.into,
            amount=payment.amount,
            pending=True,
            source=SOURCE,
            key=f"authorize:{command.pk}",
            subject=payment.subject,
            by=BY,
            now=now,
        )
    elif word.outcome == "lapsed" and before == "authorized" and payment.hold is not None:
        let_go(payment.hold, key=f"lapsed:{command.pk}", source=SOURCE, by=BY, now=now)
    payment.save(update_fields=["state", "reference", "code", "challenge_url", "lapses_at", "hold"])
    if payment.state == "authorized" and payment.at_once:
        key = f"capture:{payment.pk}"
        asked, created = Command.objects.get_or_create(
            key=key,
            defaults={"payment": payment, "what": "capture", "amount": payment.amount, "asked_at": now, "try_at": now,
                      "by": payment.by},
        )  # fmt: skip
        if created:
            defer("payments.carry_out", command=str(asked.pk))


def _captured(payment: Payment, command: Command, word: Word, now: datetime) -> None:
    if word.outcome == "approved":
        _take(payment, command, now)
        payment.state, payment.captured = rules.state_after(payment.state, "capture", "approved"), command.amount
        payment.save(update_fields=["state", "captured"])
        fact = PaymentCaptured(payment_id=payment.pk, amount=command.amount, currency=payment.currency)
        _tell(payment, fact, f"payments.captured:{command.pk}", word.at, now)
    elif word.code == "lapsed" and payment.state == "authorized" and payment.hold is not None:
        let_go(payment.hold, key=f"lapsed:{command.pk}", source=SOURCE, by=BY, now=now)
        payment.state = "lapsed"
        payment.save(update_fields=["state"])


def _take(payment: Payment, command: Command, now: datetime) -> None:
    """What the provider took is in our books, also where nothing is held for it any more: it was heard before that the
    authorization had lapsed, or somebody let go of it in the books.
    """
    assert payment.hold is not None
    given: dict[str, Any] = {"key": f"capture:{command.pk}", "source": SOURCE, "by": BY, "now": now}
    try:
        post(payment.hold, amount=command.amount, **given)
    except Resolved:
        there = at_provider(payment.provider, payment.currency, by=BY, now=now)
        transfer(debit=there, credit=payment.into, amount=command.amount, subject=payment.subject, **given)


def _voided(payment: Payment, command: Command, word: Word, now: datetime) -> None:
    if word.outcome == "approved" and payment.state == "authorized" and payment.hold is not None:
        let_go(payment.hold, key=f"void:{command.pk}", source=SOURCE, by=BY, now=now)
        payment.state = "voided"
        payment.save(update_fields=["state"])


def _refunded(payment: Payment, command: Command, word: Word, now: datetime) -> None:
    assert command.hold is not None
    if word.outcome != "approved":
        let_go(command.hold, key=f"refused:{command.pk}", source=SOURCE, by=BY, now=now)
        return
    post(command.hold, key=f"refunded:{command.pk}", source=SOURCE, by=BY, now=now)
    payment.refunded += command.amount
    payment.save(update_fields=["refunded"])
    told_refunded(payment, command, by=BY, now=now, at=word.at)


_APPLY = {"authorize": _authorized, "capture": _captured, "void": _voided, "refund": _refunded}


def told_refunded(payment: Payment, command: Command, *, by: Actor, now: datetime, at: datetime | None = None) -> None:
    """On the person's timeline."""
    fact = PaymentRefunded(payment_id=payment.pk, amount=command.amount, currency=payment.currency, to=command.to)
    _tell(payment, fact, f"payments.refunded:{command.pk}", at or now, now)


def _tell(payment: Payment, fact: object, key: str, at: datetime, now: datetime) -> None:
    if payment.person.erased_at is None:
        record(payment.person, fact, at=min(at, now), by=BY, channel="", key=key, now=now)
