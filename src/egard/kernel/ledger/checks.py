"""What must hold in the books, asked of a live database: each check is one statement, and reads at one moment."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db import connection

from egard.kernel.ledger import units
from egard.kernel.registry import Check

MOST = 20
"""What one check names at most; more of the same say nothing new."""
_POSTED = "phase in ('posted', 'post')"
_ENTRIES = f"""
entries as (
  select id, unit, coalesce(sum(dp), 0)::bigint as dp, coalesce(sum(cp), 0)::bigint as cp,
    coalesce(sum(dw), 0)::bigint as dw, coalesce(sum(cw), 0)::bigint as cw
  from ledger_account left join (
    select debit_id as account_id, amount as dp, 0 as cp, 0 as dw, 0 as cw from ledger_transfer where {_POSTED}
    union all select credit_id, 0, amount, 0, 0 from ledger_transfer where {_POSTED}
    union all select debit_id, 0, 0, amount, 0 from ledger_pending join ledger_transfer on id = transfer_id
    union all select credit_id, 0, 0, 0, amount from ledger_pending join ledger_transfer on id = transfer_id
  ) every on account_id = id group by id, unit),
kept as (
  select account_id, sum(debits_posted)::bigint as dp, sum(credits_posted)::bigint as cp,
    sum(debits_pending)::bigint as dw, sum(credits_pending)::bigint as cw from ledger_sum group by account_id)
"""


def _rows(query: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(f"{query} limit {MOST}")
        return cursor.fetchall()


def sums_equal() -> Iterator[str]:
    """In each unit as much is debited as is credited: posted, and pending."""
    for unit, dp, cp, dw, cw in _rows(
        "select unit, sum(debits_posted)::bigint, sum(credits_posted)::bigint, sum(debits_pending)::bigint,"
        " sum(credits_pending)::bigint from ledger_sum group by unit"
        " having sum(debits_posted) <> sum(credits_posted) or sum(debits_pending) <> sum(credits_pending) order by unit"
    ):
        if dp != cp:
            yield f"In {unit}, {_w(dp, unit)} is debited and {_w(cp, unit)} is credited: they must be equal."
        if dw != cw:
            yield f"In {unit}, {_w(dw, unit)} of debits and {_w(cw, unit)} of credits are pending: they must be equal."


def sums_are_entries() -> Iterator[str]:
    """What is kept as the sums of an account is what its transfers add up to."""
    for code, unit, *sums in _rows(
        f"with {_ENTRIES} select a.code, a.unit, e.dp, k.dp, e.cp, k.cp, e.dw, k.dw, e.cw, k.cw from entries e"
        " join ledger_account a on a.id = e.id left join kept k on k.account_id = e.id"
        " where (e.dp, e.cp, e.dw, e.cw) is distinct from (k.dp, k.cp, k.dw, k.cw) order by a.code"
    ):
        names = ("debits", "credits", "pending debits", "pending credits")
        for name, entries, kept in zip(names, sums[::2], sums[1::2], strict=True):
            if kept is None:
                yield f"{code} ({unit}) has no sums at all."
                break
            if entries != kept:
                yield f"{code} ({unit}): its {name} add up to {_w(entries, unit)}, and {_w(kept, unit)} is kept."


def limits_hold() -> Iterator[str]:
    """No limited account is below zero, what is held back included, nor above its ceiling."""
    for code, unit, held, ceiling in _rows(
        f"""with {_ENTRIES}, now_held as (
          select e.id,
            case when a.kind in ('asset', 'expense') then e.dp - e.cp - e.cw else e.cp - e.dp - e.dw end as free,
            case when a.kind in ('asset', 'expense') then e.dp - e.cp + e.dw else e.cp - e.dp + e.cw end as most
          from entries e join ledger_account a on a.id = e.id where a."limit" <> 'none')
        select a.code, a.unit, case when free < 0 then free else most end, a.ceiling from now_held n
        join ledger_account a on a.id = n.id where free < 0 or most > a.ceiling order by a.code"""
    ):
        what = f"more than its ceiling of {_w(ceiling, unit)}" if held >= 0 else "below zero, which it may not be"
        yield f"{code} holds {_w(held, unit)}: {what}."


def units_match() -> Iterator[str]:
    """Both accounts of a transfer exist and count the same."""
    for uuid, debit, credit in _rows(
        "select t.uuid, coalesce(d.unit, 'nothing'), coalesce(c.unit, 'nothing') from ledger_transfer t"
        " left join ledger_account d on d.id = t.debit_id left join ledger_account c on c.id = t.credit_id"
        " where d.unit is distinct from c.unit or d.id is null order by t.id"
    ):
        yield f"The transfer {uuid} moves {debit} to {credit}."


def resolved_once() -> Iterator[str]:
    """A pending transfer waits, or was resolved once, by a transfer between the same accounts, of no more than it."""
    for uuid, waits, times in _rows(
        "select t.uuid, p.transfer_id is not null, count(r.id) from ledger_transfer t"
        " left join ledger_pending p on p.transfer_id = t.id left join ledger_transfer r on r.resolves_id = t.id"
        " where t.phase = 'pending' group by t.id, p.transfer_id"
        " having count(r.id) <> case when p.transfer_id is null then 1 else 0 end order by t.id"
    ):
        yield f"The pending transfer {uuid} was resolved {times} times{' and still waits' if waits else ''}."
    for uuid, of in _rows(
        "select r.uuid, t.uuid from ledger_transfer r join ledger_transfer t on t.id = r.resolves_id"
        " where t.phase <> 'pending' or (r.debit_id, r.credit_id) <> (t.debit_id, t.credit_id) or r.amount > t.amount"
        " or (r.phase <> 'post' and r.amount <> t.amount) order by r.id"
    ):
        yield f"The transfer {uuid} resolves {of}, and does not fit it."


def reversals_fit() -> Iterator[str]:
    """Reversals go the other way, and give back no more than was moved."""
    for uuid, moved, back, unit in _rows(
        f"""select t.uuid, t.amount, sum(r.amount)::bigint, max(a.unit) from ledger_transfer r
          join ledger_transfer t on t.id = r.reverses_id join ledger_account a on a.id = t.debit_id
        group by t.id having sum(r.amount) > t.amount or bool_or(t.{_POSTED} is not true)
          or bool_or((r.debit_id, r.credit_id) <> (t.credit_id, t.debit_id)) order by t.id"""
    ):
        yield f"{_w(back, unit)} of the transfer {uuid} over {_w(moved, unit)} was reversed, or to other accounts."


def lots_are_the_balance() -> Iterator[str]:
    """The lots of an account add up to what it holds, and each lot to what was used of it."""
    for code, unit, lots, held in _rows(
        f"""with {_ENTRIES} select a.code, a.unit, coalesce(l.remaining, 0)::bigint, e.cp - e.dp from ledger_account a
          join entries e on e.id = a.id left join (
            select account_id, sum(remaining) as remaining from ledger_lot group by account_id) l on l.account_id = a.id
        where case when a.lots then coalesce(l.remaining, 0) <> e.cp - e.dp else l.remaining is not null end
        order by a.code"""
    ):
        yield f"{code} holds {_w(held, unit)}, and its lots {_w(lots, unit)}: they must be equal."
    for code, number in _rows(
        f"""select a.code, l.id from ledger_lot l join ledger_account a on a.id = l.account_id
          join ledger_transfer m on m.id = l.transfer_id left join (
            select u.lot_id, sum(u.amount) filter (where t.{_POSTED}) as used,
              sum(u.amount) filter (where p.transfer_id is not null) as reserved
            from ledger_lot_use u join ledger_transfer t on t.id = u.transfer_id
              left join ledger_pending p on p.transfer_id = t.id group by u.lot_id) u on u.lot_id = l.id
        where l.remaining <> l.amount - coalesce(u.used, 0) or l.reserved <> coalesce(u.reserved, 0)
          or l.amount <> m.amount or m.credit_id <> l.account_id order by l.id"""
    ):
        yield f"The lot {number} of {code} is not what its uses leave of it."
    for uuid, amount, used in _rows(
        f"""select t.uuid, t.amount, coalesce(sum(u.amount), 0)::bigint from ledger_transfer t
          join ledger_account a on a.id = t.debit_id and a.lots left join ledger_lot_use u on u.transfer_id = t.id
            and u.amount > 0
        where t.{_POSTED} or t.phase = 'pending' group by t.id having coalesce(sum(u.amount), 0) <> t.amount
        order by t.id"""
    ):
        yield f"The transfer {uuid} of {amount} consumed {used} of lots: they must be equal."


def closings_hold() -> Iterator[str]:
    """Nothing was added to a period after its sums were written."""
    for code, until in _rows(
        f"""with last as (
          select * from ledger_closing where summed_at is not null order by until desc limit 1),
        moved as (
          select c.id as closing_id, account_id, sum(debits) as debits, sum(credits) as credits from last c
          join (select debit_id as account_id, at, amount as debits, 0 as credits from ledger_transfer where {_POSTED}
            union all select credit_id, at, 0, amount from ledger_transfer where {_POSTED}) t on t.at < c.until
          group by c.id, account_id)
        select a.code, c.until from moved m
        full join (select * from ledger_closing_sum where closing_id = (select id from last)) s
          on s.account_id = m.account_id
        join ledger_account a on a.id = coalesce(m.account_id, s.account_id)
        cross join last c
        where (m.debits, m.credits) is distinct from (s.debits::numeric, s.credits::numeric) order by a.code"""
    ):
        yield f"{code}: the books closed until {until:%Y-%m-%d} say otherwise than its entries."


def _w(amount: int, unit: str) -> str:
    return units.words(amount, unit, "en")


ALL = (
    Check("ledger.sums", "As much is debited as credited", sums_equal),
    Check("ledger.entries", "Sums are what the entries add up to", sums_are_entries),
    Check("ledger.limits", "Limits hold", limits_hold),
    Check("ledger.units", "Units do not mix", units_match),
    Check("ledger.pending", "Pending transfers are resolved once", resolved_once),
    Check("ledger.reversals", "Reversals give back no more than was moved", reversals_fit),
    Check("ledger.lots", "Lots are the balance", lots_are_the_balance),
    Check("ledger.closings", "Closed periods stay closed", closings_hold),
)
