"""What a person holds with us: an account of the ledger for each currency, kept in lots, some of which may end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from egard.base.money import Money
from egard.kernel.access.actors import Actor
from egard.kernel.ledger import queries as ledger
from egard.kernel.ledger.drafts import Draft
from egard.kernel.ledger.models import Account, Lot, Transfer
from egard.kernel.ledger.operations import open_account, transfers
from egard.kernel.ledger.refusals import Insufficient, KeyReused
from egard.kernel.ledger.units import words
from egard.kernel.people.models import Person

SOURCE = "wallet"


@dataclass(frozen=True, slots=True)
class Purse:
    """What there is in one currency, and what it is made of, the first to be spent first."""

    currency: str
    available: int
    lots: tuple[Lot, ...]


def account(person: Person, currency: str, *, by: Actor, now: datetime) -> Account:
    """Her wallet in a currency, opened where it is not there yet."""
    return open_account(
        f"wallet:{person.uuid}",
        unit=currency,
        kind="liability",
        owner=person,
        limit="no_negative",
        lots=True,
        by=by,
        now=now,
    )


def _accounts(person: Person, currency: str = "") -> list[Account]:
    """Her wallets, and those of the rows that were merged into hers."""
    found = Account.objects.filter(person__in=person.members, code__startswith="wallet:")
    return list((found.filter(unit=currency) if currency else found).order_by("unit", "id"))


def purses(person: Person, *, now: datetime) -> list[Purse]:
    """What she has, by currency. For whoever may see her file, and herself."""
    by_unit: dict[str, list[Account]] = {}
    for one in _accounts(person):
        by_unit.setdefault(one.unit, []).append(one)
    return [
        Purse(
            unit,
            sum(ledger.balance(one, now=now).available for one in held),
            tuple(lot for one in held for lot in ledger.lots(one, now)),
        )
        for unit, held in by_unit.items()
    ]


@transaction.atomic
def pay(
    person: Person, amount: Money, *, into: Account, subject: str = "", key: str, by: Actor, now: datetime
) -> list[Transfer]:
    """Pay from her wallet, of whichever of her rows: all of it or nothing. Raises `ledger.insufficient`,
    `ledger.key_reused`.
    """
    done = list(Transfer.objects.filter(source=SOURCE, key__in=[f"{key}#{n}" for n in range(20)]).order_by("id"))
    if done:
        hers, paid = {one.pk for one in _accounts(person, amount.currency)}, sum(row.amount for row in done)
        if paid != amount.amount or any(row.credit_id != into.pk or row.debit_id not in hers for row in done):
            raise KeyReused(key=key)
        return done
    drafts, left = [], amount.amount
    for n, one in enumerate(_accounts(person, amount.currency)):
        part = min(left, ledger.balance(one, now=now).available)
        if part > 0:
            drafts.append(Draft(debit=one, credit=into, amount=part, source=SOURCE, key=f"{key}#{n}", subject=subject))
            left -= part
    if left or not drafts:
        available = words(amount.amount - left, amount.currency)
        raise Insufficient(
            account=f"wallet:{person.uuid}", available=available, amount=words(amount.amount, amount.currency)
        )
    return transfers(drafts, by=by, now=now)
