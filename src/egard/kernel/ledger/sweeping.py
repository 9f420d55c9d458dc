"""What happens by itself: pending transfers expire, and what is left of lots past their time is taken away.

Any number of workers sweep side by side. Idle, a sweep looks at the heads of two indexes.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import DatabaseError, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from egard.kernel.access.actors import system
from egard.kernel.ledger.models import Account, Lot, Pending, Transfer
from egard.kernel.ledger.operations import open_account
from egard.kernel.ledger.writing import Book, dated

log = logging.getLogger("egard.ledger")
BATCH = 200
ME = system("ledger")
SOURCE = "ledger"
LAPSED = "lots:expired"
"""The account, one a unit, to which expired lots go: what was promised and never asked for."""
PUT_OFF = timedelta(minutes=1)
_later: dict[tuple[str, int], datetime] = {}
"""What could not be swept, and when it is tried again."""


def sweep(*, now: datetime, stop: Callable[[], bool] = lambda: False) -> int:
    """Everything that was to happen by `now`; how many transfers that made. Safe beside any other sweep."""
    total = 0
    for what, once in (("pending transfers", expire_pending), ("lots", expire_lots)):
        while not stop() and (done := _tried(what, once, now, BATCH)):
            total += done
    return total


def _tried(what: str, once: Callable[..., int], now: datetime, most: int) -> int:
    """One batch; where it fails, half of it, down to the one row that fails: that one waits a minute."""
    held: list[int] = []
    off = [pk for (name, pk), until in _later.items() if name == what and until > now]
    try:
        with transaction.atomic():
            return once(now=now, most=most, without=off, held=held)
    except DatabaseError:
        raise
    except Exception:
        if most > 1:
            return _tried(what, once, now, max(1, most // 2))
        log.exception("%s: %s could not be swept", what, held)
        _later.update({(what, pk): now + PUT_OFF for pk in held})
        return len(held)


def expire_pending(*, now: datetime, most: int, without: list[int], held: list[int]) -> int:
    """Pending transfers past their moment: what they held back is free again."""
    due = Pending.objects.filter(expires_at__lte=now).exclude(pk__in=without).order_by("expires_at")
    waits = {row.pk: row.expires_at for row in due.select_for_update(skip_locked=True)[:most]}
    held += waits
    rows = list(Transfer.objects.filter(pk__in=waits).order_by("expires_at", "id"))
    if not rows:
        return 0
    accounts = Account.objects.in_bulk({pk for row in rows for pk in (row.debit_id, row.credit_id)})
    book = Book(accounts, most=len(rows), by=ME, now=now)
    for row in rows:
        at = dated(waits[row.pk] or now, book.closed_until)
        book.resolve(row, "expire", amount=row.amount, key=f"expire:{row.uuid}", source=SOURCE, reason="", at=at)
    return len(book.write())


def expire_lots(*, now: datetime, most: int, without: list[int], held: list[int]) -> int:
    """Of lots past their time, what nobody holds back; one transfer each, dated when it ended."""
    due = Lot.objects.filter(expires_at__lte=now, remaining__gt=F("reserved")).exclude(pk__in=without)
    found = {lot.pk: lot for lot in due.order_by("expires_at")[:most]}
    held += found
    if not found:
        return 0
    accounts = Account.objects.in_bulk({lot.account_id for lot in found.values()})
    into = {
        unit: open_account(LAPSED, unit=unit, kind="income", name=_("Expired credits"), by=ME, now=now)
        for unit in sorted({account.unit for account in accounts.values()})
    }
    accounts |= {account.pk: account for account in into.values()}
    book = Book(accounts, most=len(found), by=ME, now=now)
    for lot in found.values():
        piece = book.pieces[lot.account_id].get(lot.pk)
        if piece is not None and piece.free:  # nobody was quicker
            account = accounts[lot.account_id]
            # Not before it came back: no balance of a day in between is below what it was.
            at = dated(min(now, max(piece.expires_at or now, lot.freed_at)), book.closed_until)
            book.expire_lot(account, lot.pk, into[account.unit], at=at)
    if book.rows:
        book.write()
    return len(found)
