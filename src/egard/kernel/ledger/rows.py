"""What a book reads under its locks and what it writes, as statements that are sent together: one answer for each.

Django's own way would build and wait for each of them; wallets and vouchers, which are kept in lots, are on this path.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from psycopg.types.numeric import Int8

from egard.base.quickread import Statement, quick_run_all
from egard.kernel.ledger.models import Lot, LotUse, Transfer
from egard.kernel.ledger.rules import Piece, Sums

STRIPES = 8
"""Rows among which the sums of an account without a limit are spread."""
STRIPE = f"case when limited then 0 else mod(pg_backend_pid(), {STRIPES}) end"
"""The row of an account that this connection changes."""
_AWAIT = b"with none as (delete from ledger_transfer where false returning 1) select count(*) from none"
"""Touches no row: it takes the lock of whoever writes transfers from the beginning of a book, the same that `quick`
takes, and for which whoever closes a period waits. So what is read as open stays so; and one lock for all, held already
where something was written before in the same transaction, leaves nobody waiting crosswise.
"""
_HELD = f"""
select account_id, debits_posted, credits_posted, debits_pending, credits_pending from ledger_sum
where account_id = any(%s) and stripe = {STRIPE} order by account_id for no key update""".encode()
_NUMBERS = b"""
select nextval('ledger_transfer_id_seq'), nextval('ledger_lot_id_seq') from generate_series(1, %s)"""
_CLOSED = b"select max(until) from ledger_closing"
_LOTS = b"""
select account_id, id, remaining, reserved, priority, expires_at from ledger_lot
where account_id = any(%s) and remaining > 0"""

_TRANSFER = (
    ("id", "bigint"),
    ("uuid", "uuid"),
    ("debit_id", "bigint"),
    ("credit_id", "bigint"),
    ("amount", "bigint"),
    ("phase", "text"),
    ("resolves_id", "bigint"),
    ("reverses_id", "bigint"),
    ("source", "text"),
    ("key", "text"),
    ("at", "timestamptz"),
    ("recorded_at", "timestamptz"),
    ("by", "text"),
    ("subject", "text"),
    ("reason", "text"),
    ("priority", "bigint"),
    ("expires_at", "timestamptz"),
    ("lot_expires_at", "timestamptz"),
)
_LOT = (
    ("id", "bigint"),
    ("account_id", "bigint"),
    ("transfer_id", "bigint"),
    ("amount", "bigint"),
    ("remaining", "bigint"),
    ("reserved", "bigint"),
    ("priority", "bigint"),
    ("expires_at", "timestamptz"),
    ("freed_at", "timestamptz"),
)
_USE = (("lot_id", "bigint"), ("transfer_id", "bigint"), ("amount", "bigint"))
_WAITS = (("transfer_id", "bigint"), ("expires_at", "timestamptz"))


def _arrays(columns: Sequence[tuple[str, str]]) -> str:
    return ", ".join(f"%s::{kind}[]" for _name, kind in columns)


def _insert(table: str, columns: Sequence[tuple[str, str]]) -> bytes:
    names = ", ".join(name for name, _kind in columns)
    return (
        f"with wrote as (insert into {table} ({names}) select * from unnest({_arrays(columns)}) returning 1)"
        " select count(*) from wrote"
    ).encode()


_ADD_TRANSFERS = _insert("ledger_transfer", _TRANSFER)
_ADD_LOTS = _insert("ledger_lot", _LOT)
_ADD_USES = _insert("ledger_lot_use", _USE)
_ADD_WAITS = _insert("ledger_pending", _WAITS)
_TAKE_WAITS = b"""
with gone as (delete from ledger_pending where transfer_id = any(%s) returning 1) select count(*) from gone"""
_MOVE = f"""
with moved as (
  update ledger_sum s set debits_posted = s.debits_posted + d.dp, credits_posted = s.credits_posted + d.cp,
    debits_pending = s.debits_pending + d.dw, credits_pending = s.credits_pending + d.cw
  from unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[]) d(account_id, dp, cp, dw, cw)
  where s.account_id = d.account_id and s.stripe = {STRIPE} returning 1)
select count(*) from moved""".encode()
_LEAVE = b"""
with left_over as (
  update ledger_lot l set remaining = d.remaining, reserved = d.reserved,
    freed_at = case when d.freed then greatest(l.freed_at, %s) else l.freed_at end
  from unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::boolean[]) d(id, remaining, reserved, freed)
  where l.id = d.id returning 1)
select count(*) from left_over"""


def _whole(value: Any) -> Any:
    """One type whatever its size: a statement is prepared once."""
    return Int8(value) if type(value) is int else value


def _columns(rows: Iterable[Sequence[Any]]) -> list[list[Any]]:
    return [[_whole(value) for value in column] for column in zip(*rows, strict=True)]


def opened(
    accounts: Sequence[int], kept: Sequence[int], most: int
) -> tuple[dict[int, Sums], list[tuple[int, int]], datetime | None, list[tuple[int, Piece]]]:
    """Some accounts held, in their order: their sums; numbers for `most` transfers and lots; until when the books are
    closed; and what is left of the lots of the accounts that are `kept` in lots.
    """
    statements: list[Statement] = [
        (_AWAIT, ()),
        (_HELD, ([_whole(pk) for pk in accounts],)),
        (_NUMBERS, (_whole(most),)),
        (_CLOSED, ()),
    ]
    if kept:
        statements.append((_LOTS, ([_whole(pk) for pk in kept],)))
    _waited, sums, numbers, closed, *lots = quick_run_all(statements)
    pieces = [(account, Piece(*piece)) for account, *piece in lots[0]] if lots else []
    held = {pk: Sums(*values) for pk, *values in sums}
    return held, [(transfer, lot) for transfer, lot in numbers], closed[0][0], pieces


def written(
    transfers: Sequence[Transfer],
    *,
    resolved: Sequence[int],
    deltas: dict[int, Sums],
    lots: Sequence[Lot],
    left: Sequence[tuple[int, int, int, bool]],
    uses: Sequence[LotUse],
    now: datetime,
) -> None:
    """Write everything that a book gathered; `left` is (lot, remaining, reserved, whether something came back)."""
    statements: list[Statement] = [(_ADD_TRANSFERS, _of(transfers, _TRANSFER)), (_MOVE, _moves(deltas))]
    wrote = [len(transfers), len(deltas)]

    def also(count: int, statement: bytes, parameters: Sequence[Any]) -> None:
        statements.append((statement, parameters))
        wrote.append(count)

    waits = [(row.pk, row.expires_at) for row in transfers if row.phase == "pending"]
    if waits:
        also(len(waits), _ADD_WAITS, _columns(waits))
    if resolved:
        also(len(resolved), _TAKE_WAITS, ([_whole(pk) for pk in resolved],))
    if lots:
        also(len(lots), _ADD_LOTS, _of(lots, _LOT))
    if left:
        also(len(left), _LEAVE, (now, *_columns(left)))
    if uses:
        also(len(uses), _ADD_USES, _of(uses, _USE))
    counts = [rows[0][0] for rows in quick_run_all(statements)]
    assert counts == wrote, "what was to be written is written, no more and no less"


def _of(rows: Iterable[Any], columns: Sequence[tuple[str, str]]) -> list[list[Any]]:
    return _columns([getattr(row, name) for name, _kind in columns] for row in rows)


def _moves(deltas: dict[int, Sums]) -> list[list[Any]]:
    return _columns(
        (pk, d.debits_posted, d.credits_posted, d.debits_pending, d.credits_pending) for pk, d in sorted(deltas.items())
    )
