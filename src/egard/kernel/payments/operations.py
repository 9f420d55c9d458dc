"""Asking for money to move. Each operation writes what is asked, in the caller's transaction, and asks for the job that
tells the provider once that is committed (`carrying`); what the provider then says is written by `observing`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from babel.numbers import is_currency
from django.db import IntegrityError, transaction
from django.db.models import Sum

from egard.base.money import Money
from egard.base.refusal import NotFound
from egard.kernel.access.actors import Actor
from egard.kernel.jobs.operations import defer
from egard.kernel.ledger.models import Account
from egard.kernel.ledger.operations import transfer
from egard.kernel.ledger.rules import AMOUNT_MAX
from egard.kernel.payments import port, refusals, rules, wallet
from egard.kernel.payments.books import SOURCE, at_provider, received
from egard.kernel.payments.models import UNANSWERED, Command, Instrument, Payment
from egard.kernel.payments.observing import told_refunded
from egard.kernel.people.models import Person
from egard.kernel.people.operations import Erased

KEY_MAX, SUBJECT_MAX, REASON_MAX = 200, 200, 500


def save_instrument(person: Person, token: str, *, key: str, by: Actor, now: datetime) -> Instrument:
    """Keep a card that the person gave to the provider; the same key gives the first one.

    The provider is asked at once: no money moves. Raises `BadInstrument`, `Away`, `KeyReused`, `Erased`, `BadText`.
    """
    _texts(key=(key, 1, KEY_MAX), token=(token, 1, 200))
    stored = Instrument.objects.filter(key=key).first()
    if stored is None:
        driver = port.provider()
        try:
            saved = driver.save_instrument(token, key=key, now=now)
        except port.Refused as error:
            raise refusals.BadInstrument from error
        except port.Unreachable as error:
            raise refusals.Away from error
        values: dict[str, Any] = {
            "provider": driver.name,
            "token": saved.token,
            "brand": saved.brand,
            "last4": saved.last4,
        }
        values |= {"expires": saved.expires, "person": person, "added_at": now, "by": str(by)}
        with transaction.atomic():
            _alive(person)
            stored, _created = Instrument.objects.get_or_create(key=key, defaults=values)
    if stored.person_id not in person.members:
        raise refusals.KeyReused(key=key)
    return stored


@transaction.atomic
def remove_instrument(instrument: Instrument | UUID, *, by: Actor, now: datetime) -> Instrument:
    """The card is used no more, and the provider is told to forget it. Twice changes nothing. Raises `NotFound`."""
    pk = instrument if isinstance(instrument, UUID) else instrument.pk
    held = Instrument.objects.select_for_update().filter(pk=pk).first()
    if held is None:
        raise NotFound
    if held.removed_at is None:
        held.removed_at = now
        held.save(update_fields=["removed_at"])
        defer("payments.forget", instrument=str(held.pk))
    return held


@transaction.atomic
def charge(
    person: Person,
    instrument: Instrument,
    amount: Money,
    *,
    capture: bool = True,
    into: Account | None = None,
    subject: str = "",
    key: str,
    by: Actor,
    now: datetime,
) -> Payment:
    """Ask for money from a card: authorized and, with `capture`, taken at once; else when `capture` is called.

    What is taken is credited to `into` (`payments:received`, unless said otherwise). The same key gives the first
    payment. Raises `BadAmount`, `OtherPerson`, `InstrumentGone`, `KeyReused`, `OtherCurrency`, `Erased`, `BadText`.
    """
    _amount(amount)
    _texts(key=(key, 1, KEY_MAX), subject=(subject, 0, SUBJECT_MAX))
    _alive(person)
    if instrument.person_id not in person.members:
        raise refusals.OtherPerson
    target = into or received(amount.currency, by=by, now=now)
    if target.unit != amount.currency:
        raise refusals.OtherCurrency(currency=target.unit, given=amount.currency)
    values = {"person": person, "instrument": instrument, "provider": instrument.provider, "amount": amount.amount}
    values |= {"currency": amount.currency, "at_once": capture, "into": target, "subject": subject}
    stored = Payment.objects.filter(key=key).first()
    if stored is None:
        if not Instrument.objects.select_for_update(no_key=True).filter(pk=instrument.pk, removed_at=None).exists():
            raise refusals.InstrumentGone
        stored, created = Payment.objects.get_or_create(key=key, defaults={**values, "created_at": now, "by": str(by)})
        if created:
            _ask(stored, "authorize", amount.amount, key=f"authorize:{stored.pk}", by=by, now=now)
    if any(getattr(stored, name) != value for name, value in values.items()):
        raise refusals.KeyReused(key=key)
    return stored


@transaction.atomic
def capture(payment: Payment | UUID, *, amount: Money | None = None, key: str, by: Actor, now: datetime) -> Command:
    """Take what was authorized, all of it or less; the rest is free again. Raises `NotAuthorized`, `TooMuch`,
    `OtherCurrency`, `KeyReused`.
    """
    held = _held(payment)
    wanted = _in_its_currency(held, amount) or held.amount
    if (stored := _stored(key, held, "capture", wanted)) is not None:
        return stored
    if held.state != "authorized" or held.asked.filter(what="void").filter(UNANSWERED).exists():
        raise refusals.NotAuthorized(state=held.state)
    if wanted > held.amount:
        raise refusals.TooMuch(left=held.money.words("en"))
    return _ask(held, "capture", wanted, key=key, by=by, now=now)


@transaction.atomic
def void(payment: Payment | UUID, *, key: str, by: Actor, now: datetime) -> Command:
    """Let go of what was authorized. Raises `NotAuthorized`, `KeyReused`."""
    held = _held(payment)
    if (stored := _stored(key, held, "void", held.amount)) is not None:
        return stored
    if held.state != "authorized" or held.asked.filter(what="capture").filter(UNANSWERED).exists():
        raise refusals.NotAuthorized(state=held.state)
    return _ask(held, "void", held.amount, key=key, by=by, now=now)


@transaction.atomic
def refund(
    payment: Payment | UUID,
    amount: Money | None = None,
    *,
    to: str = "card",
    out_of: Account | None = None,
    reason: str = "",
    key: str,
    by: Actor,
    now: datetime,
) -> Command:
    """Give money back, all that is left or `amount`: on the card, or into the person's wallet, which is at once.

    It comes out of the account that the payment went into, or `out_of`, where it is held from now on. Raises
    `NotPaid`, `TooMuch`, `OtherCurrency`, `KeyReused`, `ledger.insufficient`.
    """
    held = _held(payment)
    _texts(key=(key, 1, KEY_MAX), reason=(reason, 0, REASON_MAX))
    wanted = _in_its_currency(held, amount)
    if (stored := _stored(key, held, "refund", wanted)) is not None:
        return stored
    if not held.captured:
        raise refusals.NotPaid
    asked = held.asked.filter(UNANSWERED, what="refund").aggregate(n=Sum("amount"))["n"] or 0
    left = rules.refundable(held.captured, held.refunded, asked)
    wanted = wanted or left
    if not 0 < wanted <= left:
        raise refusals.TooMuch(left=Money(left, held.currency).words("en"))
    source = out_of or held.into
    if to == "wallet":
        return _into_wallet(held, wanted, source, reason, key=key, by=by, now=now)
    row = _ask(held, "refund", wanted, key=key, reason=reason, out_of=source, by=by, now=now)
    row.hold = transfer(
        debit=source,
        credit=at_provider(held.provider, held.currency, by=by, now=now),
        amount=wanted,
        pending=True,
        source=SOURCE,
        key=f"refund:{row.pk}",
        subject=held.subject,
        by=by,
        now=now,
    )
    row.save(update_fields=["hold"])
    return row


def _into_wallet(
    held: Payment, amount: int, source: Account, reason: str, *, key: str, by: Actor, now: datetime
) -> Command:
    row = Command.objects.create(
        payment=held, what="refund", amount=amount, to="wallet", key=key, outcome="approved", reason=reason,
        out_of=source, asked_at=now, answered_at=now, by=str(by),
    )  # fmt: skip
    purse = wallet.account(held.person, held.currency, by=by, now=now)
    transfer(
        debit=source, credit=purse, amount=amount, source=SOURCE, key=f"refund:{row.pk}", subject=held.subject,
        by=by, now=now,
    )  # fmt: skip
    held.refunded += amount
    held.save(update_fields=["refunded"])
    told_refunded(held, row, by=by, now=now)
    return row


# --- inside --------------------------------------------------------------------------------------------------------


def _ask(held: Payment, what: str, amount: int, *, key: str, by: Actor, now: datetime, **more: Any) -> Command:
    """Written, and told to the provider once the transaction is committed: by its job, or by whoever sweeps."""
    _texts(key=(key, 1, KEY_MAX))
    try:
        with transaction.atomic():
            row = Command.objects.create(
                payment=held, what=what, amount=amount, key=key, asked_at=now, try_at=now, by=str(by), **more
            )
    except IntegrityError as error:  # another one of its kind is under way, or the key names something else
        raise refusals.KeyReused(key=key) from error
    defer("payments.carry_out", command=str(row.pk))
    return row


def _stored(key: str, held: Payment, what: str, amount: int) -> Command | None:
    """What this key asked already. Raises `KeyReused`."""
    found = Command.objects.filter(key=key).first()
    if found is None:
        return None
    if (found.payment_id, found.what) != (held.pk, what) or (amount and found.amount != amount):
        raise refusals.KeyReused(key=key)
    return found


def _held(payment: Payment | UUID) -> Payment:
    pk = payment if isinstance(payment, UUID) else payment.pk
    found = Payment.objects.select_for_update(of=("self",)).select_related("into", "person").filter(pk=pk).first()
    if found is None:
        raise NotFound
    return found


def _amount(amount: Money) -> None:
    if type(amount.amount) is not int or not 0 < amount.amount <= AMOUNT_MAX or not is_currency(amount.currency):
        raise refusals.BadAmount(fields={"amount": str(refusals.BadAmount.title)})


def _in_its_currency(held: Payment, amount: Money | None) -> int:
    """The amount, 0 where none is named. Raises `BadAmount`, `OtherCurrency`."""
    if amount is None:
        return 0
    _amount(amount)
    if amount.currency != held.currency:
        raise refusals.OtherCurrency(currency=held.currency, given=amount.currency)
    return amount.amount


def _alive(person: Person) -> None:
    """Held, so that an erasure waits. Raises `Erased`."""
    found = Person.objects.select_for_update(no_key=True).filter(pk=person.pk, erased_at=None)
    if not found.exists():
        raise Erased


def _texts(**texts: tuple[str, int, int]) -> None:
    for name, (text, least, most) in texts.items():
        if not least <= len(text) <= most or "\x00" in text:
            raise refusals.BadText(name=name, most=most, fields={name: str(refusals.BadText.title)})
