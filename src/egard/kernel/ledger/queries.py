"""Questions on accounts: what they hold, what moved, and what it is made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from egard.base.clock import utc_now
from egard.base.paging import Page, bounded, decode_cursor, encode_cursor
from egard.base.quickread import quick_rows
from egard.base.refusal import NotFound
from egard.kernel.access.actors import Viewer
from egard.kernel.ledger import rules
from egard.kernel.ledger.models import Account, Closing, Lot, LotUse, Pending, Transfer
from egard.kernel.ledger.models import Sum as SumRow
from egard.kernel.ledger.rules import Balance, Piece, Sums
from egard.kernel.people.models import Person

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
with begun as (select id, until from ledger_closing where until <= %(at)s and summed_at is not null
  order by until desc limit 1)
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
    found = {lot.pk: lot for lot in Lot.objects.filter(account=account, remaining__gt=0).select_related("transfer")}
    pieces = [Piece(lot.pk, lot.remaining, lot.reserved, lot.priority, lot.expires_at) for lot in found.values()]
    return [found[piece.id] for piece in rules.in_order(pieces) if piece.is_live(now)]


def first_spent(source: str, key: Any) -> Subquery:
    """For each row of a query, when a credit kept in lots was first spent; `key` says the key of its transfer. What
    lapsed, what is only held back, and what came back whole is not spent.
    """
    back = LotUse.objects.filter(lot=OuterRef("lot"), transfer__reverses=OuterRef("transfer")).order_by()
    returned = Coalesce(Subquery(back.values("lot").annotate(n=-Sum("amount")).values("n")), Value(0))
    uses = LotUse.objects.filter(
        lot__transfer__source=source, lot__transfer__key=key, transfer__phase__in=("posted", "post"),
        transfer__reverses=None, amount__gt=returned,
    ).exclude(transfer__source="ledger")  # fmt: skip
    return Subquery(uses.order_by("transfer__at").values("transfer__at")[:1])


# --- what somebody may see ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Holding:
    """An account, and what it holds."""

    account: Account
    balance: Balance


def visible(viewer: Viewer, permission: str = READ) -> QuerySet[Account]:
    """The accounts within the viewer's scope: all, or those of her teams. Raises `NotAllowed`."""
    scope = viewer.require(permission)
    found = Account.objects.select_related("person", "person__root", "team")
    return found if scope == "all" else found.filter(team__in=viewer.team_ids)


def holding(viewer: Viewer, uuid: UUID, permission: str = READ) -> Account:
    """One account by its public id. Raises `NotFound`."""
    found = visible(viewer, permission).filter(uuid=uuid).first()
    if found is None:
        raise NotFound
    return found


def accounts(
    viewer: Viewer,
    *,
    unit: str = "",
    code: str = "",
    kind: str = "",
    person: Person | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[Holding]:
    """Accounts by unit and code (`code`: how it begins, or words of the name), with what they hold: two queries."""
    found, limit = visible(viewer).order_by("unit", "code"), bounded(limit)
    narrow = {"unit": unit, "kind": kind}
    found = found.filter(**{name: value for name, value in narrow.items() if value})
    if code:
        found = found.filter(Q(code__startswith=code) | Q(name__icontains=code))
    if person is not None:
        found = found.filter(person__in=person.members)
    if cursor:
        last_unit, last_code = decode_cursor(cursor, "accounts", str, str)
        found = found.filter(Q(unit__gt=last_unit) | Q(unit=last_unit, code__gt=last_code))
    rows = list(found[: limit + 1])
    more = encode_cursor("accounts", rows[limit - 1].unit, rows[limit - 1].code) if len(rows) > limit else None
    return Page(_with_balances(rows[:limit]), more)


def _with_balances(rows: Sequence[Account]) -> list[Holding]:
    """What some accounts hold: one query. Of lots, what is past its time is counted out by `balance` alone."""
    names = ("debits_posted", "credits_posted", "debits_pending", "credits_pending")
    asked: Any = SumRow.objects.filter(account__in=[row.pk for row in rows]).values("account_id").order_by("account_id")
    found = {one["account_id"]: one for one in asked.annotate(**{f"all_{name}": Sum(name) for name in names})}
    return [
        Holding(row, rules.balance_of(Sums(*(int(found[row.pk][f"all_{name}"]) for name in names)), row.kind))
        for row in rows
    ]


def coded(viewer: Viewer, codes: Iterable[str], unit: str) -> dict[str, Account]:
    """Accounts of a unit by their codes, those that the viewer may see: whom the entries of a statement name."""
    return {row.code: row for row in visible(viewer).filter(unit=unit, code__in=set(codes))}


@dataclass(frozen=True, slots=True)
class Total:
    """All that is in the books in one unit: as many debits as credits."""

    unit: str
    accounts: int
    moved: int
    pending: int


def totals(viewer: Viewer) -> list[Total]:
    """What the books hold, by unit. Raises `NotAllowed`."""
    viewer.require_everywhere(READ)
    rows = quick_rows(
        "select unit, count(distinct account_id), sum(debits_posted)::bigint, sum(debits_pending)::bigint"
        " from ledger_sum group by unit order by unit"
    )
    return [Total(*row) for row in rows]


def closings(viewer: Viewer) -> list[Closing]:
    """When the books were closed, the last one first. Raises `NotAllowed`."""
    viewer.require(READ)
    return list(Closing.objects.order_by("-until")[:100])


def found_transfer(viewer: Viewer, uuid: UUID, permission: str = READ) -> Transfer:
    """One transfer, of which the viewer may see an account. Raises `NotFound`."""
    mine = visible(viewer, permission)
    found = Transfer.objects.filter(uuid=uuid).select_related("debit", "credit", "resolves", "reverses").first()
    if found is None or not mine.filter(pk__in=(found.debit_id, found.credit_id)).exists():
        raise NotFound
    return found


def state_of(viewer: Viewer, transfer: Transfer) -> str:
    """What became of a transfer: posted, pending, voided or expired. Raises `NotAllowed`."""
    viewer.require(READ)
    if transfer.phase != "pending":
        return "posted" if transfer.phase in rules.POSTING else _ENDED[transfer.phase]
    by = Transfer.objects.filter(resolves=transfer).values_list("phase", flat=True).first()
    return _ENDED[by] if by else "pending"


_ENDED = {"post": "posted", "void": "voided", "expire": "expired"}


def reversed_of(viewer: Viewer, transfer: Transfer) -> int:
    """How much of a transfer, or of its posting, was reversed. Raises `NotAllowed`."""
    viewer.require(READ)
    back = Transfer.objects.filter(Q(reverses=transfer) | Q(reverses__resolves=transfer))
    return sum(back.values_list("amount", flat=True))


def waiting(viewer: Viewer, account: Account, *, most: int = 100) -> list[Transfer]:
    """Pending transfers of an account that nobody resolved yet, the oldest first. Raises `NotAllowed`."""
    viewer.require(READ)
    ids = Pending.objects.filter(Q(transfer__debit=account) | Q(transfer__credit=account)).values("pk")
    found = Transfer.objects.filter(pk__in=ids).select_related("debit__person__root", "credit__person__root")
    return list(found.order_by("id")[:most])
