"""Opening accounts and moving value between them. Each operation may be repeated with its key: it moves once."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from egard.kernel.access.actors import Actor
from egard.kernel.access.models import Team
from egard.kernel.ledger import quick, refusals, units
from egard.kernel.ledger.drafts import Draft, accounts_of, check_amount, check_texts, refuse, same
from egard.kernel.ledger.models import Account, Pending, Transfer
from egard.kernel.ledger.rows import STRIPES
from egard.kernel.ledger.rules import AMOUNT_MAX, CREDIT_KINDS, KINDS, LIMITS, POSTING, Kind, Limit, Phase
from egard.kernel.ledger.writing import Book, shown
from egard.kernel.people.models import Person

T = TypeVar("T")
_CODE = re.compile(r"[a-z0-9][A-Za-z0-9:._/-]{0,199}")
NAME_MAX = 200
_OPEN = """
with opened as (
  insert into ledger_account (uuid, code, unit, kind, "limit", ceiling, lots, name, person_id, team_id, opened_at, by)
  values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) on conflict (code, unit) do nothing returning *)
insert into ledger_sum (account_id, stripe, unit, grows_by_credit, limited, ceiling, lots,
  debits_posted, credits_posted, debits_pending, credits_pending)
select id, n, unit, %s, "limit" <> 'none', ceiling, lots, 0, 0, 0, 0
from opened, generate_series(0, case when "limit" = 'none' then %s else 0 end) n
"""


@transaction.atomic
def open_account(
    code: str,
    *,
    unit: str,
    kind: Kind,
    owner: Person | None = None,
    team: Team | None = None,
    name: str = "",
    limit: Limit = "none",
    ceiling: int | None = None,
    lots: bool = False,
    by: Actor,
    now: datetime,
) -> Account:
    """The account of this code and unit, opened where it is not there yet.

    Liabilities, income and equity grow by credits, assets and expenses by debits. `limit`: `no_negative` never goes
    below zero, what is held back included; `ceiling` besides never holds more than `ceiling`, what is announced
    included. `lots`: what is credited may expire; such an account grows by credits and has a limit.

    Raises `UnknownUnit`, `BadAccount`, `AccountDiffers`.
    """
    # Read first: most accounts are asked for many times, and opened once.
    held = Account.objects.filter(code=code, unit=unit).first()
    if held is None:
        _check(code, kind, limit, ceiling, lots=lots, name=name)
        fresh = Account(code=code, unit=units.checked(unit), kind=kind, limit=limit, ceiling=ceiling, lots=lots)
        person, place = owner.pk if owner else None, team.pk if team else None
        values = [fresh.uuid, code, unit, kind, limit, ceiling, lots, name, person, place, now, str(by)]
        with connection.cursor() as cursor:
            cursor.execute(_OPEN, [*values, kind in CREDIT_KINDS, STRIPES - 1])
        held = Account.objects.filter(code=code, unit=unit)[0]
    if (held.kind, held.limit, held.ceiling, held.lots) != (kind, limit, ceiling, lots):
        raise refusals.AccountDiffers(code=code, unit=unit)
    return held


def _check(code: str, kind: str, limit: str, ceiling: int | None, *, lots: bool, name: str) -> None:
    wrong = {}
    if not _CODE.fullmatch(code):
        wrong["code"] = _("a code is 1 to 200 letters, digits and : . _ - /, and begins with a small letter or a digit")
    if kind not in KINDS:
        wrong["kind"] = _("the kind is one of {kinds}").format(kinds=", ".join(KINDS))
    if limit not in LIMITS:
        wrong["limit"] = _("the limit is one of {limits}").format(limits=", ".join(LIMITS))
    if (limit == "ceiling") != (ceiling is not None) or (ceiling is not None and not 0 <= ceiling <= AMOUNT_MAX):
        wrong["ceiling"] = _("a ceiling is a whole number, for the limit “ceiling” alone")
    if lots and (kind not in CREDIT_KINDS or limit == "none"):
        wrong["lots"] = _("an account kept in lots is a liability, income or equity, and has a limit")
    if len(name) > NAME_MAX or "\x00" in name:
        wrong["name"] = _("a name has at most 200 characters")
    if wrong:
        raise refusals.BadAccount(why=next(iter(wrong.values())), fields=wrong)


def transfer(
    *,
    debit: Account,
    credit: Account,
    amount: int,
    key: str,
    source: str = "",
    by: Actor,
    now: datetime,
    pending: bool = False,
    expires_at: datetime | None = None,
    subject: str = "",
    reason: str = "",
    priority: int = 0,
    lot_expires_at: datetime | None = None,
    at: datetime | None = None,
) -> Transfer:
    """Move `amount` from `debit` to `credit`; or hold it back (`pending`) until it is posted, voided or `expires_at`.

    One transfer a key of a `source`: again with the same content gives the first one. What is credited to an account
    kept in lots makes a lot of `priority` (the lowest is consumed first) that lasts until `lot_expires_at`. `at` dates
    it in the past (a correction), where the books are open.

    Raises `Insufficient`, `OverCeiling`, `KeyReused`, `PeriodClosed`, and what `Draft.check` does.
    """
    draft = Draft(
        debit=debit,
        credit=credit,
        amount=amount,
        key=key,
        source=source,
        pending=pending,
        expires_at=expires_at,
        subject=subject,
        reason=reason,
        priority=priority,
        lot_expires_at=lot_expires_at,
        at=at,
    )
    draft.check(now)
    return quick.transfer(draft, by=by, now=now) or _write([draft], by=by, now=now)[0]


def transfers(drafts: Sequence[Draft], *, by: Actor, now: datetime) -> list[Transfer]:
    """Several transfers, all or none, in a constant number of statements: a hot account is held once for all of them.

    Each counts on what those before it moved. Those whose keys are there already are given again, and not moved twice.
    Raises what `transfer` does.
    """
    for draft in drafts:
        draft.check(now)
    return _write(drafts, by=by, now=now) if drafts else []


def _write(drafts: Sequence[Draft], *, by: Actor, now: datetime) -> list[Transfer]:
    return _twice(lambda: _write_once(drafts, by=by, now=now))


def _twice(write: Callable[[], T]) -> T:
    """A key that somebody else writes at this very moment was waited for: it is found the second time."""
    try:
        return write()
    except IntegrityError:
        return write()


@transaction.atomic
def _write_once(drafts: Sequence[Draft], *, by: Actor, now: datetime) -> list[Transfer]:
    accounts = accounts_of(drafts)
    book = Book(accounts, most=len(drafts), by=by, now=now)
    known = _stored(drafts)
    rows = []
    for draft in drafts:
        place = (draft.source, draft.key)
        held = known.get(place)
        if held is None:
            held = known[place] = book.add(draft)
        elif not same(held, draft.asked):
            raise refusals.KeyReused(key=draft.key)
        rows.append(shown(held, accounts))
    if book.rows:
        book.write()
    return rows


def _stored(drafts: Sequence[Draft]) -> dict[tuple[str, str], Transfer]:
    """The transfers that have the keys of some drafts already."""
    found: dict[tuple[str, str], Transfer] = {}
    for source in {draft.source for draft in drafts}:
        keys = [draft.key for draft in drafts if draft.source == source]
        found |= {(source, row.key): row for row in Transfer.objects.filter(source=source, key__in=keys)}
    return found


def post(
    transfer: Transfer,
    *,
    amount: int | None = None,
    by: Actor,
    now: datetime,
    key: str,
    source: str = "",
    reason: str = "",
) -> Transfer:
    """What was held back moves, all of it or `amount`; the rest is free again. The posting is a transfer of its own.

    Raises `NotPending`, `Resolved`, `Expired`, `BadAmount`, `KeyReused`, `PeriodClosed`.
    """
    wanted = transfer.amount if amount is None else amount
    check_amount(wanted)
    if wanted > transfer.amount:
        raise refusals.BadAmount(most=transfer.amount, fields={"amount": str(refusals.BadAmount.title)})
    return _resolve(transfer, "post", wanted, key, source, reason, by=by, now=now)


def void(transfer: Transfer, *, by: Actor, now: datetime, key: str, source: str = "", reason: str = "") -> Transfer:
    """What was held back is free again. Raises `NotPending`, `Resolved`, `KeyReused`, `PeriodClosed`."""
    return _resolve(transfer, "void", transfer.amount, key, source, reason, by=by, now=now)


def _resolve(
    pending: Transfer, phase: Phase, amount: int, key: str, source: str, reason: str, *, by: Actor, now: datetime
) -> Transfer:
    check_texts(key, source, reason)
    if pending.phase != "pending":
        raise refusals.NotPending
    row = quick.resolve(pending, phase, amount=amount, key=key, source=source, reason=reason, by=by, now=now)
    return row or _twice(lambda: _resolve_held(pending, phase, amount, key, source, reason, by=by, now=now))


@transaction.atomic
def _resolve_held(
    pending: Transfer, phase: Phase, amount: int, key: str, source: str, reason: str, *, by: Actor, now: datetime
) -> Transfer:
    waits = Pending.objects.select_for_update().filter(pk=pending.pk).first()
    stored = Transfer.objects.filter(source=source, key=key).first()
    if stored is not None:
        if (stored.resolves_id, stored.phase, stored.amount) != (pending.pk, phase, amount):
            raise refusals.KeyReused(key=key)
        return stored
    if waits is None:
        raise refusals.Resolved
    if phase == "post" and waits.expires_at is not None and waits.expires_at <= now:
        raise refusals.Expired(moment=f"{waits.expires_at:%Y-%m-%d %H:%M} UTC")
    accounts = Account.objects.in_bulk([pending.debit_id, pending.credit_id])
    book = Book(accounts, most=1, by=by, now=now)
    row = book.resolve(pending, phase, amount=amount, key=key, source=source, reason=reason, at=now)
    book.write()
    return shown(row, accounts)


@transaction.atomic
def reverse(
    transfer: Transfer,
    *,
    reason: str,
    by: Actor,
    now: datetime,
    key: str,
    source: str = "",
    amount: int | None = None,
    at: datetime | None = None,
) -> Transfer:
    """Move back what was moved, or `amount` of it: a transfer the other way, linked to the first.

    What the first one had consumed of lots returns to them, with their ends. Of a pending transfer that was posted its
    posting is reversed. Raises `StillPending`, `NotReversible`, `ReversedAlready`, `Insufficient`, `KeyReused`,
    `PeriodClosed`, `BadTransfer` (no reason).
    """
    if not reason.strip():
        refuse({"reason": _("say why, in a few words")})
    moved = _moved_by(transfer)
    accounts = Account.objects.in_bulk([moved.debit_id, moved.credit_id])
    draft = Draft(
        debit=accounts[moved.credit_id],
        credit=accounts[moved.debit_id],
        amount=moved.amount if amount is None else amount,
        key=key,
        source=source,
        subject=moved.subject,
        reason=reason,
        at=at,
        reverses=moved,
    )
    draft.check(now)
    stored = Transfer.objects.filter(source=source, key=key).first()
    if stored is not None:
        if not same(stored, draft.asked):
            raise refusals.KeyReused(key=key)
        return shown(stored, accounts)
    left = moved.amount - sum(Transfer.objects.filter(reverses=moved).values_list("amount", flat=True))
    if draft.amount > left:
        raise refusals.ReversedAlready(left=units.words(left, accounts[moved.debit_id].unit))
    return _write([draft], by=by, now=now)[0]


def _moved_by(transfer: Transfer) -> Transfer:
    """The transfer that moved the value, held: itself, or the posting of a pending one."""
    moved = Transfer.objects.select_for_update(no_key=True).filter(pk=transfer.pk)
    if transfer.phase == "pending":
        moved = Transfer.objects.select_for_update(no_key=True).filter(resolves=transfer)
    found = moved.first()
    if found is None:
        raise refusals.StillPending
    if found.phase not in POSTING or found.reverses_id is not None or found.source == "ledger":
        raise refusals.NotReversible
    return found
