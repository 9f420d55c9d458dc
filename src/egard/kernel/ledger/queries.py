"""Questions on accounts: what they hold, what moved, and what it is made of."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from egard.base.clock import utc_now
from egard.base.quickread import quick_rows
from egard.base.refusal import NotFound
from egard.kernel.ledger import rules
from egard.kernel.ledger.models import Account, Lot
from egard.kernel.ledger.rules import Balance, Piece, Sums

READ, WRITE = "ledger.read", "ledger.write"
_SUMS = """
select coalesce(sum(debits_posted), 0)::bigint, coalesce(sum(credits_posted), 0)::bigint,
  coalesce(sum(debits_pending), 0)::bigint, coalesce(sum(credits_pending), 0)::bigint,
  (select coalesce(sum(remaining - reserved), 0)::bigint from ledger_lot
    where account_id = %s and remaining > 0 and expires_at <= %s)
from ledger_sum where account_id = %s
"""


def account(code: str, unit: str) -> Account:
    """The account of a code and unit. Raises `NotFound`."""
    found = Account.objects.filter(code=code, unit=unit).first()
    if found is None:
        raise NotFound
    return found


def balance(account: Account, *, as_of: datetime | None = None, now: datetime | None = None) -> Balance:
    """What an account holds, on the side on which it grows; `as_of`: what it held at that moment, by the dates of its
    entries (what was pending then is not told).

    What is past its time in an account kept in lots is no longer `available`, swept or not (`now`: this moment).
    """
    if as_of is not None:
        return rules.balance_of(sums_before(account.pk, as_of, included=True), account.kind)
    *sums, lapsed = quick_rows(_SUMS, [account.pk, now or utc_now(), account.pk])[0]
    found = rules.balance_of(Sums(*sums), account.kind)
    return replace(found, lapsed=lapsed) if account.lots else found


_BEFORE = """
with begun as (select id, until from ledger_closing where until <= %(at)s order by until desc limit 1)
select coalesce((select debits from ledger_closing_sum
      where account_id = %(id)s and closing_id = (select id from begun)), 0)::bigint
  + coalesce((select sum(amount) from ledger_transfer where debit_id = %(id)s and phase in ('posted', 'post')
    and at >= coalesce((select until from begun), '-infinity') and (at < %(at)s or at = %(at)s and id <= %(last)s)),
    0)::bigint,
  coalesce((select credits from ledger_closing_sum
      where account_id = %(id)s and closing_id = (select id from begun)), 0)::bigint
  + coalesce((select sum(amount) from ledger_transfer where credit_id = %(id)s and phase in ('posted', 'post')
    and at >= coalesce((select until from begun), '-infinity') and (at < %(at)s or at = %(at)s and id <= %(last)s)),
    0)::bigint
"""


def sums_before(account_id: int, at: datetime, *, included: bool = False, last: int = 0) -> Sums:
    """What was posted to an account before a moment (`included`: and at it; `last`: at it, up to that entry).

    It begins at the last closing of the books, and adds up the entries since.
    """
    given = {"id": account_id, "at": at, "last": 2**63 - 1 if included else last}
    return Sums(*quick_rows(_BEFORE, given)[0])


def lots(account: Account, now: datetime) -> list[Lot]:
    """What an account is made of at a moment, in the order in which it is consumed; without what is past its time."""
    found = {lot.pk: lot for lot in Lot.objects.filter(account=account, remaining__gt=0)}
    pieces = [Piece(lot.pk, lot.remaining, lot.reserved, lot.priority, lot.expires_at) for lot in found.values()]
    return [found[piece.id] for piece in rules.in_order(pieces) if piece.is_live(now)]
