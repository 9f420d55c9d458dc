"""The book: accounts held, transfers added one after another against what they hold, and written together.

Every change of sums and lots goes through here or through one statement of `quick`. Locks are taken in one order
everywhere: pending rows, then sums by the number of their account; lots are touched only by whoever holds the sums.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Max

from egard.base.ids import new_id
from egard.kernel.access.actors import Actor
from egard.kernel.ledger import refusals, rules, units
from egard.kernel.ledger.drafts import Draft
from egard.kernel.ledger.models import Account, Closing, Lot, LotUse, Pending, Transfer
from egard.kernel.ledger.rules import Piece, Sums

STRIPES = 8
"""Rows among which the sums of an account without a limit are spread."""
STRIPE = f"case when limited then 0 else mod(pg_backend_pid(), {STRIPES}) end"
"""The row of an account that this connection changes."""
_HELD = f"""
select account_id, debits_posted, credits_posted, debits_pending, credits_pending from ledger_sum
where account_id = any(%s) and stripe = {STRIPE} order by account_id for no key update
"""
_LOTS = "id, remaining, reserved, priority, expires_at, account_id"
_MOVED = f"""
update ledger_sum s set debits_posted = s.debits_posted + d.dp, credits_posted = s.credits_posted + d.cp,
  debits_pending = s.debits_pending + d.dw, credits_pending = s.credits_pending + d.cw
from unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[]) d(account_id, dp, cp, dw, cw)
where s.account_id = d.account_id and s.stripe = {STRIPE}
"""
_LEFT = """
update ledger_lot l set remaining = d.remaining, reserved = d.reserved,
  freed_at = case when d.freed then greatest(l.freed_at, %s) else l.freed_at end
from unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::boolean[]) d(id, remaining, reserved, freed) where l.id = d.id
"""


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
        with connection.cursor() as cursor:
            # Whoever closes the books waits for us, or we for him: what is closed is asked after this.
            cursor.execute("lock table ledger_transfer in row exclusive mode")
            cursor.execute(_HELD, [sorted(accounts)])
            self.sums = {pk: Sums(*sums) for pk, *sums in cursor.fetchall()}
            cursor.execute(
                "select nextval('ledger_transfer_id_seq'), nextval('ledger_lot_id_seq') from generate_series(1, %s)",
                [most],
            )
            self._numbers = iter(cursor.fetchall())
        self.closed_until = Closing.objects.aggregate(until=Max("until"))["until"]
        kept = [pk for pk, account in accounts.items() if account.lots]
        self.pieces: dict[int, dict[int, Piece]] = {pk: {} for pk in kept}
        if kept:
            self._read_lots("account_id = any(%s) and remaining > 0", [kept])

    def _read_lots(self, where: str, values: list[Any]) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"select {_LOTS} from ledger_lot where {where}", values)
            for *piece, account in cursor.fetchall():
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
            self._read_lots("id = any(%s)", [[lot for lot, _used in reserved]])
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
        self._read_lots("id = any(%s)", [[lot for lot, _used in uses]])
        pieces = self.pieces[row.credit_id]
        back = rules.give_back(uses, [pieces[lot] for lot, _used in uses], row.amount, before=_reversed(reversed_one))
        for lot, amount in back:
            self._uses.append(LotUse(lot_id=lot, transfer=row, amount=-amount))
            self._change(row.credit_id, lot, remaining=amount, frees=True)

    # --- writing -----------------------------------------------------------------------------------------------------

    def write(self) -> list[Transfer]:
        """Everything that was added, in a constant number of statements; the rows in their order."""
        Transfer.objects.bulk_create(self.rows)
        waits = [row for row in self.rows if row.phase == "pending"]
        Pending.objects.bulk_create(Pending(transfer=row, expires_at=row.expires_at) for row in waits)
        if self._resolved:
            Pending.objects.filter(pk__in=self._resolved).delete()
        Lot.objects.bulk_create(self._with_what_is_left(self._lots))
        made = {lot.pk for lot in self._lots}
        left = [(lot, frees) for lot, frees in self._changed.items() if lot not in made]
        with connection.cursor() as cursor:
            moved = [
                (pk, d.debits_posted, d.credits_posted, d.debits_pending, d.credits_pending)
                for pk, d in sorted(self._deltas.items())
            ]
            cursor.execute(_MOVED, [list(column) for column in zip(*moved, strict=True)])
            if left:
                every = {lot: piece for pieces in self.pieces.values() for lot, piece in pieces.items()}
                states = [(lot, every[lot].remaining, every[lot].reserved, frees) for lot, frees in left]
                cursor.execute(_LEFT, [self.now, *(list(column) for column in zip(*states, strict=True))])
        LotUse.objects.bulk_create(self._uses)
        return self.rows

    def _with_what_is_left(self, lots: Sequence[Lot]) -> Iterable[Lot]:
        """New lots from which a later transfer of the same book took already."""
        for lot in lots:
            piece = self.pieces[lot.account_id][lot.pk]
            lot.remaining, lot.reserved = piece.remaining, piece.reserved
        return lots


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
