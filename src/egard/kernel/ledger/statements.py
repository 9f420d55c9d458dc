"""The entries of an account, with what it held after each: a page at a time, or all of them as a file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from tempfile import SpooledTemporaryFile
from uuid import UUID

from egard.base.paging import Page, bounded, decode_cursor, encode_cursor, micros, moment_of
from egard.base.quickread import quick_rows
from egard.base.snapshot import one_snapshot
from egard.base.tables.returned import guarded
from egard.kernel.ledger import rules, units
from egard.kernel.ledger.models import Account
from egard.kernel.ledger.queries import sums_before

CURSOR = "entries"
FILE_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Entry:
    """What a transfer changed on one account: above zero it grew; `balance` is what it held then."""

    number: int
    transfer: UUID
    at: datetime
    recorded_at: datetime
    amount: int
    balance: int
    other_code: str
    other_name: str
    subject: str
    reason: str
    by: str
    phase: str
    reverses: UUID | None


_SIDE = """
(select id, uuid, at, recorded_at, amount, {sign} as sign, {other} as other, subject, reason, by, phase, reverses_id
 from ledger_transfer where {own} = %(id)s and phase in ('posted', 'post')
   and at >= %(since)s and at < %(until)s and {after}
 order by at {order}, id {order} limit %(most)s)"""
_ROWS = """
select t.id, t.uuid, t.at, t.recorded_at, t.amount * t.sign, a.code, a.name, t.subject, t.reason, t.by, t.phase, r.uuid
from ({debits} union all {credits} order by at {order}, id {order} limit %(most)s) t
join ledger_account a on a.id = t.other left join ledger_transfer r on r.id = t.reverses_id
order by t.at {order}, t.id {order}"""


def _statement(*, newest: bool) -> str:
    order, compare = ("desc", "<") if newest else ("asc", ">")
    after = f"(%(number)s::bigint is null or (at, id) {compare} (%(moment)s, %(number)s))"
    common = {"after": after, "order": order}
    debits = _SIDE.format(own="debit_id", other="credit_id", sign="-%(side)s::int", **common)
    credits = _SIDE.format(own="credit_id", other="debit_id", sign="%(side)s::int", **common)
    return _ROWS.format(debits=debits, credits=credits, order=order)


_NEWEST, _OLDEST = _statement(newest=True), _statement(newest=False)
BEGINNING = datetime.fromisoformat("1900-01-01T00:00:00+00:00")
END = datetime.fromisoformat("2200-01-01T00:00:00+00:00")


def entries(
    account: Account,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    newest: bool = True,
    limit: int = 50,
    after: tuple[datetime, int] | None = None,
) -> list[Entry]:
    """Some entries dated from `since` until before `until`, past the place `after`: two queries."""
    moment, number = after or (None, None)
    given = {
        "id": account.pk,
        "since": since or BEGINNING,
        "until": until or END,
        "side": 1 if account.kind in rules.CREDIT_KINDS else -1,
        "most": limit,
        "moment": moment,
        "number": number,
    }
    rows = quick_rows(_NEWEST if newest else _OLDEST, given)
    if not rows:
        return []
    first_number, _uuid, first_at = rows[0][:3]
    held = rules.balance_of(sums_before(account.pk, first_at, last=first_number), account.kind).posted
    found: list[Entry] = []
    for number, uuid, at, recorded_at, amount, *rest in rows:
        if found:
            held += -found[-1].amount if newest else amount
        found.append(Entry(number, uuid, at, recorded_at, amount, held, *rest))
    return found


def page(
    account: Account, *, since: datetime | None, until: datetime | None, limit: int = 50, cursor: str | None = None
) -> Page[Entry]:
    """A page of entries, the newest first. Raises `UnknownCursor`."""
    limit, after = bounded(limit), None
    if cursor:
        at, number = decode_cursor(cursor, CURSOR, int, int)
        after = (moment_of(at), number)
    found = entries(account, since=since, until=until, limit=limit + 1, after=after)
    last = found[limit - 1] if len(found) > limit else None
    return Page(found[:limit], encode_cursor(CURSOR, micros(last.at), last.number) if last else None)


PIECE = 1 << 18
HEAD = ("at", "recorded_at", "transfer", "account", "amount", "balance", "unit", "subject", "reason", "by", "reverses")


def csv_pieces(account: Account, *, since: datetime | None, until: datetime | None) -> Iterator[bytes]:
    """A statement as a file, the oldest entry first, in constant memory: as it stood at one moment, read whole before
    the first piece leaves. Amounts are decimal numbers of the unit.
    """
    with SpooledTemporaryFile(PIECE) as file:
        with one_snapshot():
            for page in _csv_pages(account, since=since, until=until):
                file.write(page)
        file.seek(0)
        while piece := file.read(PIECE):
            yield piece


def _csv_pages(account: Account, *, since: datetime | None, until: datetime | None) -> Iterator[bytes]:
    places = units.decimals(account.unit)

    def number(amount: int) -> str:
        return str(Decimal(amount).scaleb(-places))

    def written(rows: list[tuple[str, ...]], *, first: bool = False) -> bytes:
        text = io.StringIO("\ufeff" if first else "")
        text.seek(0, io.SEEK_END)
        csv.writer(text).writerows(rows)
        return text.getvalue().encode()

    yield written([HEAD], first=True)
    after: tuple[datetime, int] | None = None
    while found := entries(account, since=since, until=until, newest=False, limit=FILE_PAGE, after=after):
        yield written(
            [
                (
                    one.at.isoformat(),
                    one.recorded_at.isoformat(),
                    str(one.transfer),
                    guarded(one.other_code),
                    number(one.amount),
                    number(one.balance),
                    account.unit,
                    guarded(one.subject),
                    guarded(one.reason),
                    one.by,
                    str(one.reverses or ""),
                )
                for one in found
            ]
        )
        after = (found[-1].at, found[-1].number)
