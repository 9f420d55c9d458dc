"""Telling the provider what was asked, and hearing what it says. Never inside a transaction of ours: what it did stays
done. Whatever dies in between is asked for again by its key.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from egard.base.money import Money
from egard.kernel.jobs.operations import TryAgain, defer, in_hand
from egard.kernel.payments import port, rules
from egard.kernel.payments.models import Command, Instrument, Payment, Place
from egard.kernel.payments.observing import hear, observe

log = logging.getLogger("egard.payments")
BESIDE = timedelta(seconds=5)
LOST = timedelta(minutes=1)
"""A command whose job should have run so long ago has lost it."""
SWEPT_MAX = 500
READ_MAX = 20
"""Pages of events that one run reads."""


def carry_out(*, command: str, now: datetime) -> None:
    """A job: tell the provider one command, or ask what became of it. One that has its last word is left alone.

    Raises `TryAgain` while the provider does not answer, with ever longer waits, and while somebody else is at it.
    """
    with in_hand(f"payment.{command}", beside=BESIDE, now=now):
        found = _take(UUID(command), now=now)
        if found is None:
            return
        try:
            word = _told(found, now=now)
        except port.Refused:
            word = _refused(found, now=now)
        except port.Unreachable as error:
            assert found.try_at is not None
            raise TryAgain(found.try_at, str(error)) from error
        observe(found.payment.provider, word, how="asked" if found.tries > 1 else "answer", now=now)


def try_now(command: Command | UUID, *, now: datetime) -> None:
    """The same at once, for who waits for the answer; what does not answer is left to the job."""
    pk = command if isinstance(command, UUID) else command.pk
    try:
        carry_out(command=str(pk), now=now)
    except TryAgain as later:
        log.info("payments: %s is asked for again at %s", pk, later.at)


def settle(payment: Payment, *, now: datetime) -> Payment:
    """All that is asked of one payment, at once, as far as the provider answers; the payment as it is then. Inside a
    transaction nothing is told: the jobs do it once that is committed.
    """
    turns = 0 if any(not getattr(block, "_from_testcase", False) for block in connection.atomic_blocks) else 3
    for _turn in range(turns):  # an authorization may ask for its capture
        waiting = list(Command.objects.filter(payment=payment, try_at__lte=now).order_by("asked_at", "id"))
        for command in waiting:
            try_now(command, now=now)
        if not waiting:
            break
    payment.refresh_from_db()
    return payment


def heal(*, now: datetime) -> None:
    """A job, each minute: what lost its job gets another; authorizations past their time are asked for."""
    late = Command.objects.filter(try_at__lt=now - LOST).order_by("try_at")
    for pk in late.values_list("pk", flat=True)[:SWEPT_MAX]:
        defer("payments.carry_out", command=str(pk))
        Command.objects.filter(pk=pk, try_at__lt=now - LOST).update(try_at=now)
    over = Payment.objects.filter(state="authorized", lapses_at__lte=now).order_by("lapses_at")
    for payment in over[:SWEPT_MAX]:
        _ask_after(payment, now=now)


def listen(*, now: datetime) -> None:
    """A job, each minute: the provider's events since the last time."""
    driver = port.provider()
    place, _created = Place.objects.get_or_create(provider=driver.name, defaults={"read_at": now})
    for _page in range(READ_MAX):
        try:
            words, after = driver.events(place.after, now=now)
        except port.Unreachable as error:
            log.warning("payments: %s has no events for us: %s", driver.name, error)
            return
        for word in words:
            hear(driver.name, word, how="event", now=now)
        if after == place.after:
            return
        place.after, place.read_at = after, now
        place.save(update_fields=["after", "read_at"])


def forget(*, instrument: str, now: datetime) -> None:
    """A job: the provider forgets a card, then we do."""
    found = Instrument.objects.filter(pk=instrument).exclude(removed_at=None).exclude(token="").first()
    if found is None:
        return
    try:
        port.provider(found.provider).forget_instrument(found.token)
    except port.Unreachable as error:
        raise TryAgain(now + timedelta(hours=1), str(error)) from error
    Instrument.objects.filter(pk=found.pk).update(token="")


# --- inside --------------------------------------------------------------------------------------------------------


@transaction.atomic(durable=True)
def _take(pk: UUID, *, now: datetime) -> Command | None:
    """The command, noted as tried before it is; None where its last word is known. Its next try is set first, so that
    it is asked for whatever becomes of us.
    """
    found = Command.objects.select_for_update(of=("self",)).select_related("payment__instrument").filter(pk=pk).first()
    if found is None or found.try_at is None:
        return None
    found.tries += 1
    found.try_at = now + timedelta(seconds=rules.waits_seconds(found.tries))
    found.save(update_fields=["tries", "try_at"])
    return found


def _told(found: Command, *, now: datetime) -> port.Word:
    """The provider's word: of what it did already under this key, else of what it does now."""
    driver = port.provider(found.payment.provider)
    if found.tries > 1 and (known := driver.find(str(found.pk), now=now)) is not None:
        return known
    payment, amount = found.payment, Money(found.amount, found.payment.currency)
    given: dict[str, Any] = {"key": str(found.pk), "now": now}
    if found.what == "authorize":
        return driver.authorize(payment.instrument.token, amount, **given)
    act = {"capture": driver.capture, "void": driver.void, "refund": driver.refund}[found.what]
    return act(payment.reference, amount, **given)


def _refused(found: Command, *, now: datetime) -> port.Word:
    """The provider knows nothing of what the command is about, and did nothing: as if it had declined."""
    what: Any = found.what
    return port.Word(
        id=f"refused:{found.pk}",
        key=str(found.pk),
        what=what,
        outcome="declined",
        amount=Money(found.amount, found.payment.currency),
        reference=found.payment.reference,
        at=now,
        code="refused",
    )


def _ask_after(payment: Payment, *, now: datetime) -> None:
    """What became of an authorization past its time."""
    command = Command.objects.filter(payment=payment, what="authorize", outcome="approved").first()
    if command is None:
        return
    driver = port.provider(payment.provider)
    try:
        word = driver.find(str(command.pk), now=now)
    except port.Unreachable:
        return
    if word is not None:
        observe(payment.provider, word, how="asked", now=now)
