"""The book: accounts held, transfers added one after another against what they hold, and written together.

Every change of sums and lots goes through here or through one statement of `quick`. Locks are taken in one order
everywhere: pending rows, then sums by the number of their account; lots are touched only by whoever holds the sums.
"""

from __future__ import annotations

from datetime import datetime

from django.db import connection

from egard.base.ids import new_id
from egard.kernel.access.actors import Actor
from egard.kernel.ledger import refusals, rows, rules, units
from egard.kernel.ledger.drafts import Draft
from egard.kernel.ledger.models import Account, Lot, LotUse, Transfer
from egard.kernel.ledger.rules import Piece, Sums

_MORE_LOTS = """
select account_id, id, remaining, reserved, priority, expires_at from ledger_lot where id = any(%s)"""


class Book:
    """Opened inside a transaction. `most` is how many transfers may be added."""

    def __init__(self, accounts: dict[int, Account], *, most: int, by: Actor, now: datetime) -> None:
        self.accounts, self.by, self.now = accounts, by, now
        self.rows: list[Transfer] = []
        self._uses: list[LotUse] = []
        self._changed: dict[int, bool] = {}
        self._lots: list[Lot] = []
        self._resolved: list[int] = []
        self._deltas: dict[int, Sums] = {}
        kept = [pk for pk, account in accounts.items() if account.lots]
        self.sums, numbers, self.closed_until, pieces = rows.opened(sorted(accounts), kept, most)
        self._numbers = iter(numbers)
        self.pieces: dict[int, dict[int, Piece]] = {pk: {} for pk in kept}
        for account, piece in pieces:
            self.pieces[account][piece.id] = piece

    def _read_lots(self, lots: list[int]) -> None:
        """Lots too of which nothing was left."""
        with connection.cursor() as cursor:
            cursor.execute(_MORE_LOTS, [lots])
            for account, *piece in cursor.fetchall():
                self.pieces[account].setdefault(piece[0], Piece(*piece))

    # --- adding ------------------------------------------------------------------------------------------------------

    def add(self, draft: Draft) -> Transfer:
        """One more transfer. Raises `PeriodClosed`, `Insufficient`, `OverCeiling`."""
        row, lot_number = self._row(draft.debit.pk, draft.credit.pk, draft.amount, draft.phase, draft.at)
        row.source, row.key, row.subject, row.reason = draft.source, draft.key, draft.subject, draft.reason
        row.priority, row.expires_at, row.lot_expires_at = draft.priority, draft.expires_at, draft.lot_expires_at
        row.reverses = draft.reverses
        uses: list[tuple[int, int]] = []
        if draft.debit.lots:
            pieces = self.pieces[draft.debit.pk]
            uses = rules.take(pieces.values(), draft.amount, self.now, first=self._lot_made_by(draft.reverses))
            if not uses:
                free = sum(one.free for one in pieces.values() if one.is_live(self.now))
                self._insufficient(draft.debit, free, draft.amount)
        self._move(row, held=0)
        for lot, used in uses:
            self._use(row, draft.debit.pk, lot, used, reserve=draft.pending)
        if draft.credit.lots and not draft.pending:
            if draft.reverses is None:
                self._make_lot(lot_number, row)
            else:
                self._restore(row, draft.reverses)
        return row

    def resolve(
        self, pending: Transfer, phase: rules.Phase, *, amount: int, key: str, source: str, reason: str, at: datetime
    ) -> Transfer:
        """A pending transfer, whose row of `Pending` is held, is posted (maybe less of it), voided or expired."""
        row, lot_number = self._row(pending.debit_id, pending.credit_id, amount, phase, at)
        row.source, row.key, row.reason, row.resolves = source, key, reason, pending
        row.subject, row.priority, row.lot_expires_at = pending.subject, pending.priority, pending.lot_expires_at
        self._move(row, held=pending.amount)
        if pending.debit_id in self.pieces:
            reserved = list(LotUse.objects.filter(transfer=pending).order_by("id").values_list("lot_id", "amount"))
            self._read_lots([lot for lot, _used in reserved])
            for lot, used in reserved:
                self._change(pending.debit_id, lot, reserved=-used, frees=True)
            if phase == "post":
                for lot, used in rules.part_of(reserved, amount):
                    self._use(row, pending.debit_id, lot, used, reserve=False)
        if phase == "post" and pending.credit_id in self.pieces:
            self._make_lot(lot_number, row)
        self._resolved.append(pending.pk)
        return row

    def expire_lot(self, account: Account, lot: int, into: Account, *, at: datetime) -> Transfer:
        """What is free of a lot past its time goes to `into`."""
        piece = self.pieces[account.pk][lot]
        row, _number = self._row(account.pk, into.pk, piece.free, "posted", at)
        row.source, row.key = "ledger", f"lot:{lot}:{row.pk}"
        self._move(row, held=0)
        self._use(row, account.pk, lot, piece.free, reserve=False)
        return row

    def _row(
        self, debit: int, credit: int, amount: int, phase: rules.Phase, at: datetime | None
    ) -> tuple[Transfer, int]:
        """A row to be written, and the number of the lot that it may make. Raises `PeriodClosed`."""
        at = at or self.now
        if self.closed_until is not None and at < self.closed_until:
            raise refusals.PeriodClosed(until=f"{self.closed_until:%Y-%m-%d}")
        number, lot_number = next(self._numbers)
        row = Transfer(pk=number, uuid=new_id(), debit_id=debit, credit_id=credit, amount=amount, phase=phase, at=at)
        row.recorded_at, row.by = self.now, str(self.by)
        self.rows.append(row)
        return row, lot_number

    def _move(self, row: Transfer, *, held: int) -> None:
        changes = rules.effect(row.phase, row.amount, held)
        for pk, change in zip((row.debit_id, row.credit_id), changes, strict=True):
            account, before = self.accounts[pk], self.sums[pk]
            after = before + change
            if account.is_limited:
                is_now = rules.balance_of(after, account.kind)
                was = rules.balance_of(before, account.kind)
                if is_now.available < 0:
                    self._insufficient(account, was.available, row.amount)
                if account.ceiling is not None and is_now.posted + is_now.pending_in > account.ceiling:
                    room = account.ceiling - was.posted - was.pending_in
                    self._too_much(account, max(0, room))
            self.sums[pk] = after
            self._deltas[pk] = self._deltas.get(pk, Sums()) + change

    def _insufficient(self, account: Account, available: int, amount: int) -> None:
        raise refusals.Insufficient(
            account=str(account),
            available=units.words(available, account.unit),
            amount=units.words(amount, account.unit),
        )

    def _too_much(self, account: Account, room: int) -> None:
        ceiling = units.words(account.ceiling or 0, account.unit)
        raise refusals.OverCeiling(account=str(account), ceiling=ceiling, room=units.words(room, account.unit))

    # --- lots --------------------------------------------------------------------------------------------------------

    def _make_lot(self, number: int, row: Transfer) -> None:
        lot = Lot(
            pk=number,
            account_id=row.credit_id,
            transfer=row,
            amount=row.amount,
            remaining=row.amount,
            priority=row.priority,
            expires_at=row.lot_expires_at,
            freed_at=row.at,
        )
        self._lots.append(lot)
        piece = Piece(number, row.amount, 0, row.priority, row.lot_expires_at)
        self.pieces[row.credit_id][number] = piece

    def _use(self, row: Transfer, account: int, lot: int, amount: int, *, reserve: bool) -> None:
        self._uses.append(LotUse(lot_id=lot, transfer=row, amount=amount))
        self._change(account, lot, reserved=amount if reserve else 0, remaining=0 if reserve else -amount)

    def _change(self, account: int, lot: int, *, frees: bool = False, remaining: int = 0, reserved: int = 0) -> None:
        piece = self.pieces[account][lot]
        self.pieces[account][lot] = rules.changed(piece, remaining=remaining, reserved=reserved)
        self._changed[lot] = self._changed.get(lot, False) or frees

    def _lot_made_by(self, transfer: Transfer | None) -> int | None:
        if transfer is None:
            return None
        return Lot.objects.filter(transfer=transfer).values_list("pk", flat=True).first()

    def _restore(self, row: Transfer, reversed_one: Transfer) -> None:
        """What the reversed transfer had consumed returns to its lots, with their ends."""
        uses = list(LotUse.objects.filter(transfer=reversed_one).order_by("id").values_list("lot_id", "amount"))
        self._read_lots([lot for lot, _used in uses])
        pieces = self.pieces[row.credit_id]
        back = rules.give_back(uses, [pieces[lot] for lot, _used in uses], row.amount, before=_reversed(reversed_one))
        for lot, amount in back:
            self._uses.append(LotUse(lot_id=lot, transfer=row, amount=-amount))
            self._change(row.credit_id, lot, remaining=amount, frees=True)

    # --- writing -----------------------------------------------------------------------------------------------------

    def write(self) -> list[Transfer]:
        """Everything that was added, sent together; the rows in their order."""
        made = {lot.pk for lot in self._lots}
        every = {lot: piece for pieces in self.pieces.values() for lot, piece in pieces.items()}
        for lot in self._lots:  # a later transfer of the same book may have taken from it
            lot.remaining, lot.reserved = every[lot.pk].remaining, every[lot.pk].reserved
        left = [
            (lot, every[lot].remaining, every[lot].reserved, frees)
            for lot, frees in self._changed.items()
            if lot not in made
        ]
        rows.written(
            self.rows,
            resolved=self._resolved,
            deltas=self._deltas,
            lots=self._lots,
            left=left,
            uses=self._uses,
            now=self.now,
        )
        for row in self.rows:
            row._state.adding, row._state.db = False, "default"
        return self.rows


def _reversed(transfer: Transfer) -> int:
    """How much of a transfer was reversed already; its row is held."""
    return sum(Transfer.objects.filter(reverses=transfer).values_list("amount", flat=True))


def shown(row: Transfer, accounts: dict[int, Account]) -> Transfer:
    """The row with its accounts at hand, so that nobody asks for them again."""
    row.debit, row.credit = accounts[row.debit_id], accounts[row.credit_id]
    return row


def dated(at: datetime, closed_until: datetime | None) -> datetime:
    """What happened by itself is dated when it did or, where the books are closed, at the first open moment."""
    return at if closed_until is None else max(at, closed_until)
