"""A transfer between accounts without lots, and the posting or voiding of one, in one statement each: the hot path.

The statement locks the sums of both accounts in the order of their numbers, looks at limits and closings, writes the
transfer under its key, and changes the sums. Where it cannot (no money, a key that is there, a closed period, lots) it
writes nothing and answers nothing: `writing.Book` then finds out why, and refuses in words. The constraints of the
tables stand behind both.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from psycopg.types.numeric import Int8

from egard.base.ids import new_id
from egard.base.quickread import quick_run
from egard.kernel.access.actors import Actor
from egard.kernel.ledger.drafts import Draft
from egard.kernel.ledger.models import Transfer
from egard.kernel.ledger.rows import STRIPES
from egard.kernel.ledger.rules import Phase

_OPEN = "not exists (select 1 from ledger_closing where until > %(at)s)"
_ROW = """
  insert into ledger_transfer (uuid, debit_id, credit_id, amount, phase, resolves_id, reverses_id, source, key, at,
    recorded_at, by, subject, reason, priority, expires_at, lot_expires_at)
  select %(uuid)s, %(debit)s, %(credit)s, %(amount)s, %(phase)s, {resolves}, null, %(source)s, %(key)s, %(at)s,
    %(now)s, %(by)s, %(subject)s, %(reason)s, %(priority)s::int, {expires}, null
"""
_OWN = f"mod(pg_backend_pid(), {STRIPES})"
_MINE = f"""
  (s.account_id = %(debit)s and s.stripe = case when %(debit_limited)s then 0 else {_OWN} end
  or s.account_id = %(credit)s and s.stripe = case when %(credit_limited)s then 0 else {_OWN} end)
"""
_HELD = f"""
with held as materialized (
  select * from ledger_sum s where {_MINE} order by account_id for no key update),
fit as (
  select count(*) = 2 and min(unit) = max(unit) and not bool_or(lots) and bool_and(not limited or case
      when (account_id = %(debit)s) = grows_by_credit
        then abs(credits_posted - debits_posted)
          - case when grows_by_credit then debits_pending else credits_pending end >= %(amount)s
      else ceiling is null or ceiling - abs(credits_posted - debits_posted)
          - case when grows_by_credit then credits_pending else debits_pending end >= %(amount)s end) as ok
  from held)"""
"""Who loses value must have it, who gains it must have room; a limited balance is never below zero, hence its size."""

_POSTED = f"""{_HELD},
wrote as ({_ROW.format(resolves="null", expires="null")} from fit where ok and {_OPEN}
  on conflict do nothing returning id),
moved as (
  update ledger_sum s set
    debits_posted = s.debits_posted + case when s.account_id = %(debit)s then %(amount)s else 0 end,
    credits_posted = s.credits_posted + case when s.account_id = %(credit)s then %(amount)s else 0 end
  from wrote where {_MINE} returning 1)
select id, (select count(*) from moved) from wrote""".encode()

_PENDING = f"""{_HELD},
wrote as ({_ROW.format(resolves="null", expires="%(expires_at)s::timestamptz")} from fit where ok and {_OPEN}
  on conflict do nothing returning id),
waits as (insert into ledger_pending (transfer_id, expires_at) select id, %(expires_at)s::timestamptz from wrote),
moved as (
  update ledger_sum s set
    debits_pending = s.debits_pending + case when s.account_id = %(debit)s then %(amount)s else 0 end,
    credits_pending = s.credits_pending + case when s.account_id = %(credit)s then %(amount)s else 0 end
  from wrote where {_MINE} returning 1)
select id, (select count(*) from moved) from wrote""".encode()

_RESOLVED = f"""
with mine as materialized (
  select 1 from ledger_pending
  where transfer_id = %(pending)s and (%(late)s or expires_at is null or expires_at > %(now)s) for update),
held as materialized (
  select account_id, stripe, lots from ledger_sum s
  where account_id in (%(debit)s, %(credit)s) and stripe = case when limited then 0 else {_OWN} end
    and (select count(*) from mine) = 1
  order by account_id for no key update),
fit as (select count(*) = 2 and not bool_or(lots) as ok from held),
wrote as ({_ROW.format(resolves="%(pending)s::bigint", expires="null")} from fit where ok and {_OPEN}
  on conflict do nothing returning id),
gone as (delete from ledger_pending using wrote where transfer_id = %(pending)s),
moved as (
  update ledger_sum s set
    debits_pending = s.debits_pending - case when s.account_id = %(debit)s then %(held)s else 0 end,
    credits_pending = s.credits_pending - case when s.account_id = %(credit)s then %(held)s else 0 end,
    debits_posted = s.debits_posted + case when s.account_id = %(debit)s then %(posted)s else 0 end,
    credits_posted = s.credits_posted + case when s.account_id = %(credit)s then %(posted)s else 0 end
  from wrote, held where s.account_id = held.account_id and s.stripe = held.stripe returning 1)
select id, (select count(*) from moved) from wrote""".encode()


def transfer(draft: Draft, *, by: Actor, now: datetime) -> Transfer | None:
    """The transfer, written; None where the book must see to it."""
    if draft.debit.lots or draft.credit.lots or draft.reverses is not None:
        return None
    row = Transfer(
        uuid=new_id(),
        debit=draft.debit,
        credit=draft.credit,
        amount=draft.amount,
        phase=draft.phase,
        source=draft.source,
        key=draft.key,
        at=draft.at or now,
        recorded_at=now,
        by=str(by),
        subject=draft.subject,
        reason=draft.reason,
        priority=draft.priority,
        expires_at=draft.expires_at,
    )
    limits = {"debit_limited": draft.debit.is_limited, "credit_limited": draft.credit.is_limited}
    return _written(_PENDING if draft.pending else _POSTED, row, limits)


def resolve(
    pending: Transfer, phase: Phase, *, amount: int, key: str, source: str, reason: str, by: Actor, now: datetime
) -> Transfer | None:
    """The posting or voiding of a pending transfer, written; None where the book must see to it."""
    row = Transfer(
        uuid=new_id(),
        debit_id=pending.debit_id,
        credit_id=pending.credit_id,
        amount=amount,
        phase=phase,
        resolves=pending,
        source=source,
        key=key,
        at=now,
        recorded_at=now,
        by=str(by),
        subject=pending.subject,
        reason=reason,
        priority=pending.priority,
    )
    more = {
        "late": phase == "void",
        "pending": Int8(pending.pk),
        "held": Int8(pending.amount),
        "posted": Int8(amount if phase == "post" else 0),
    }
    return _written(_RESOLVED, row, more)


_GIVEN = ("uuid", "phase", "source", "key", "at", "by", "subject", "reason", "expires_at")


def _written(statement: bytes, row: Transfer, more: dict[str, Any]) -> Transfer | None:
    given = {name: getattr(row, name) for name in _GIVEN}
    # One type whatever their size: a statement is prepared once.
    given |= {"debit": Int8(row.debit_id), "credit": Int8(row.credit_id), "amount": Int8(row.amount)}
    given |= {"now": row.recorded_at, "priority": Int8(row.priority), **more}
    found = quick_run(statement, given)
    if not found:
        return None
    row.pk, moved = found[0]
    assert moved == 2, "both sums change with a transfer"
    row._state.adding, row._state.db = False, "default"
    return row
