"""Once a night: what the provider says it moved, beside what our books say. Where they differ it is listed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, Sum

from egard.base.moments import midnight
from egard.base.refusal import NotFound
from egard.kernel.access.actors import Actor, system
from egard.kernel.ledger.models import Account
from egard.kernel.ledger.queries import balance
from egard.kernel.payments import port
from egard.kernel.payments.models import UNANSWERED, Command, Difference, Payment, Reconciliation
from egard.kernel.payments.observing import hear

BACK_DAYS = 3
"""A night looks back so far: what was said late is compared once more."""
OVERDUE = timedelta(days=1)
NOTE_MAX = 500
MONEY = ("capture", "refund")


def nightly(*, now: datetime) -> None:
    """A job: the last days, up to this morning in the house's zone."""
    until = midnight(now, settings.TIME_ZONE)
    reconcile(since=until - timedelta(days=BACK_DAYS), until=until, by=system("reconciliation"), now=now)


def reconcile(*, since: datetime, until: datetime, by: Actor, now: datetime) -> Reconciliation:
    """Compare a period (`until` not included) with the house's provider. What it says and we had not heard is heard
    first. A difference is listed once; one on which both agree again is settled by itself.

    Raises `port.Unreachable`.
    """
    driver = port.provider()
    words = {word.key: word for word in driver.statement(since, until)}
    for word in words.values():
        hear(driver.name, word, how="asked", now=now)
    with transaction.atomic():
        ours = {str(row.pk): row for row in _ours(driver.name, since, until, words)}
        found = [*_compared(words, ours, since, until), *_books(driver.name), *_overdue(driver.name, now)]
        run = Reconciliation.objects.create(
            provider=driver.name, since=since, until=until, done_at=now, compared=len(words.keys() | ours.keys()),
            differences=len(found), by=str(by),
        )  # fmt: skip
        _list(run, found, words.keys() | ours.keys(), now=now)
    return run


@transaction.atomic
def settle_difference(difference: UUID, *, note: str, by: Actor, now: datetime) -> Difference:
    """Somebody looked into it; the note says what it was. Twice changes nothing. Raises `NotFound`."""
    row = Difference.objects.select_for_update().filter(pk=difference).first()
    if row is None:
        raise NotFound
    if row.settled_at is None:
        row.settled_at, row.settled_by, row.note = now, str(by), note.strip()[:NOTE_MAX]
        row.save(update_fields=["settled_at", "settled_by", "note"])
    return row


Found = dict[str, Any]


def _ours(provider: str, since: datetime, until: datetime, words: Iterable[str]) -> list[Command]:
    """Money that our books moved in the period, by the provider's clock, and all that the provider named."""
    known = Command.objects.filter(payment__provider=provider, what__in=MONEY, to="card").select_related("payment")
    in_time = Q(outcome="approved", words__applied=True, words__at__gte=since, words__at__lt=until)
    return list(known.filter(in_time | Q(pk__in=[key for key in words if _is_id(key)])).distinct())


def _is_id(key: str) -> bool:
    try:
        UUID(key)
    except ValueError:
        return False
    return True


def _compared(words: dict[str, port.Word], ours: dict[str, Command], since: datetime, until: datetime) -> list[Found]:
    found: list[Found] = []
    for key in words.keys() | ours.keys():
        word, row = words.get(key), ours.get(key)
        theirs = word.amount.amount if word else None
        amount = row.amount if row and row.outcome == "approved" else None
        currency = word.amount.currency if word else row.payment.currency if row else ""
        if word is None:
            kind = "missing_there"
        elif amount is None:
            kind = "unknown_here"
        elif (amount, row.payment.currency if row else "") != (theirs, currency):
            kind = "amount"
        else:
            continue
        found.append(_found(kind, key, row, currency, amount, theirs))
    return found


def _books(provider: str) -> list[Found]:
    """What the ledger says that the provider owes us, and what our payments say."""
    found: list[Found] = []
    for account in Account.objects.filter(code=f"payments:{provider}"):
        mine = Command.objects.filter(payment__provider=provider, payment__currency=account.unit, to="card")
        mine = mine.filter(outcome="approved")
        taken, back = (mine.filter(what=what).aggregate(n=Sum("amount"))["n"] or 0 for what in MONEY)
        booked = balance(account).posted
        if booked != taken - back:
            found.append(_found("ledger", account.code, None, account.unit, booked, taken - back))
    return found


def _overdue(provider: str, now: datetime) -> list[Found]:
    """What the provider has not answered for a day."""
    late = Command.objects.filter(UNANSWERED, payment__provider=provider, asked_at__lt=now - OVERDUE)
    return [
        _found("overdue", str(row.pk), row, row.payment.currency, row.amount, None)
        for row in late.select_related("payment")[:500]
    ]


def _found(kind: str, key: str, row: Command | None, currency: str, ours: int | None, theirs: int | None) -> Found:
    return {"kind": kind, "reference": key[:100], "command": row, "currency": currency, "ours": ours, "theirs": theirs}


def _list(run: Reconciliation, found: list[Found], seen: Iterable[str], *, now: datetime) -> None:
    """New differences; those of what was compared now, and is no difference any more, are settled."""
    still = {(one["kind"], one["reference"]) for one in found}
    told = [Difference(**one, provider=run.provider, found_at=now, found_in=run) for one in found]
    Difference.objects.bulk_create(told, ignore_conflicts=True)  # what is listed already stays so
    open_ones = Difference.objects.filter(provider=run.provider, settled_at=None)
    compared = open_ones.filter(Q(reference__in=list(seen)) | Q(kind__in=("ledger", "overdue")))
    over = [row.pk for row in compared if (row.kind, row.reference) not in still]
    Difference.objects.filter(pk__in=over).update(settled_at=now, settled_by="system:reconciliation")


def payments_add_up() -> Iterable[str]:
    """For `egard check`: what each payment says was taken and given back is what its commands did."""
    done = Command.objects.filter(outcome="approved")
    for row in Payment.objects.annotate(
        taken=Sum("asked__amount", filter=Q(asked__in=done, asked__what="capture"), default=0),
        back=Sum("asked__amount", filter=Q(asked__in=done, asked__what="refund"), default=0),
    ).exclude(taken=F("captured"), back=F("refunded"))[:20]:
        yield f"payment {row.pk}: {row.captured} taken and {row.refunded} given back, but not by its commands"


def books_agree() -> Iterable[str]:
    """For `egard check`: what the ledger says that each provider owes us is what our payments say."""
    for name in settings.PAYMENT_PROVIDERS:
        for one in _books(name):
            yield f"{one['reference']}: {one['ours']} {one['currency']} in the ledger, {one['theirs']} by payments"
