"""Accounts and transfers: what is held, what moves, and the books of each account."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router

from egard.api import ledger_schemas as schemas
from egard.api import shapes
from egard.api.authentication import viewer_of
from egard.api.schemas import Cursor, Limit, Listed, TeamOut
from egard.base.clock import utc_now
from egard.base.moments import Moment
from egard.kernel.access import queries as access
from egard.kernel.access.actors import Viewer
from egard.kernel.access.operations import log_sight
from egard.kernel.ledger import closing, operations, queries, refusals, statements
from egard.kernel.ledger.drafts import Draft
from egard.kernel.ledger.models import Account, Transfer
from egard.kernel.ledger.rules import Balance
from egard.kernel.people import queries as people
from egard.kernel.people.guard import require_reason

router = Router(tags=["ledger"])


def account_out(account: Account, balance: Balance) -> dict[str, Any]:
    person = account.person
    return {
        "id": account.uuid,
        "person": (person.root or person).uuid if person else None,
        "team": TeamOut.model_validate(account.team) if account.team else None,
        "balance": balance.posted,
        "pending_in": balance.pending_in,
        "pending_out": balance.pending_out,
        "available": balance.available,
        **{
            name: getattr(account, name)
            for name in ("code", "name", "unit", "kind", "limit", "ceiling", "lots", "opened_at")
        },
    }


def transfer_out(viewer: Viewer, row: Transfer) -> dict[str, Any]:
    return {
        "id": row.uuid,
        "state": queries.state_of(viewer, row),
        "debit": row.debit.uuid,
        "credit": row.credit.uuid,
        "unit": row.debit.unit,
        "resolves": row.resolves.uuid if row.resolves else None,
        "reverses": row.reverses.uuid if row.reverses else None,
        "reversed": queries.reversed_of(viewer, row),
        **{
            name: getattr(row, name)
            for name in (
                *("phase", "amount", "key", "at", "recorded_at", "by", "subject", "reason", "priority"),
                *("expires_at", "lot_expires_at"),
            )
        },
    }


def read(viewer: Viewer, account_id: UUID) -> Account:
    """The account within the viewer's scope, and the sight of whose it is. Raises `NotFound`."""
    account = queries.holding(viewer, account_id)
    if account.person is not None:
        person = account.person.root or account.person
        require_reason(viewer, person)
        log_sight(viewer, "account", person_id=person.pk, detail=str(account_id), now=utc_now())
    return account


def whole_out(viewer: Viewer, account: Account) -> dict[str, Any]:
    now = utc_now()
    names = ("amount", "remaining", "reserved", "priority", "expires_at")
    left = queries.lots(account, now) if account.lots else []
    lots = [{**{name: getattr(lot, name) for name in names}, "transfer": lot.transfer.uuid} for lot in left]
    return {**account_out(account, queries.balance(account, now=now)), "lots_left": lots}


@router.get("accounts", response=Listed[schemas.AccountOut], summary="Accounts")
def list_accounts(
    request: HttpRequest,
    unit: Annotated[str, Query(max_length=32)] = "",
    code: Annotated[str, Query(max_length=200, description="how the code begins, or words of the name")] = "",
    kind: schemas.Kind | None = None,
    person: UUID | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Any:
    """By unit and code, with what they hold; of lots past their time, until they are swept. Scope: `ledger.read`."""
    viewer = viewer_of(request)
    viewer.require(queries.READ)
    whose = people.person(viewer, person) if person else None
    if cursor is None:
        log_sight(viewer, "list", person_id=whose.pk if whose else None, detail=f"accounts {code}", now=utc_now())
    asked = {"unit": unit, "code": code, "kind": kind or "", "person": whose}
    found = queries.accounts(viewer, **asked, limit=limit, cursor=cursor)
    return shapes.page_out(found, lambda one: account_out(one.account, one.balance))


@router.post("accounts", response={201: schemas.AccountWhole}, summary="Open an account")
def open_account(request: HttpRequest, body: schemas.NewAccount) -> Any:
    """The account of this code and unit, opened where it is not there yet; with other content it is refused
    (`ledger.account_differs`). Scope: `ledger.write`.
    """
    viewer = viewer_of(request)
    viewer.require_everywhere(queries.WRITE)
    viewer.require(queries.READ)
    made = operations.open_account(
        body.code,
        unit=body.unit,
        kind=body.kind,
        owner=people.person(viewer, body.person) if body.person else None,
        team=access.team(viewer, body.team) if body.team else None,
        name=body.name,
        limit=body.limit,
        ceiling=body.ceiling,
        lots=body.lots,
        by=viewer.actor,
        now=utc_now(),
    )
    return whole_out(viewer, read(viewer, made.uuid))


@router.get("accounts/{account_id}", response=schemas.AccountWhole, summary="An account")
def get_account(request: HttpRequest, account_id: UUID) -> Any:
    """What it holds, what is pending, and its lots; of a person's, the sight is logged. Scope: `ledger.read`."""
    viewer = viewer_of(request)
    return whole_out(viewer, read(viewer, account_id))


@router.get("accounts/{account_id}/balance", response=schemas.BalanceOut, summary="What it held at a moment")
def get_balance(request: HttpRequest, account_id: UUID, as_of: Moment) -> Any:
    """By the dates of its entries, those of that moment included. Scope: `ledger.read`."""
    account = read(viewer_of(request), account_id)
    return {"balance": queries.balance(account, as_of=as_of).posted, "unit": account.unit, "as_of": as_of}


@router.get("accounts/{account_id}/entries", response=Listed[schemas.AccountEntryOut], summary="Its entries")
def list_entries(
    request: HttpRequest,
    account_id: UUID,
    since: Annotated[Moment | None, Query(description="included")] = None,
    until: Annotated[Moment | None, Query(description="not included")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Any:
    """What was posted, the newest first, with what it held after each. Scope: `ledger.read`."""
    account = read(viewer_of(request), account_id)
    found = statements.page(account, since=since, until=until, limit=limit, cursor=cursor)
    return shapes.page_out(found, schemas.AccountEntryOut.model_validate)


def _keeper(request: HttpRequest) -> Viewer:
    viewer = viewer_of(request)
    viewer.require_everywhere(queries.WRITE)
    viewer.require(queries.READ)
    return viewer


def _asked(viewer: Viewer, asked: Sequence[schemas.TransferIn]) -> list[dict[str, Any]]:
    """What `operations.transfer` takes. Raises `NotFound` (an account), `OtherUnit`."""
    found: dict[UUID, Account] = {}
    for uuid in sorted({uuid for one in asked for uuid in (one.debit, one.credit)}):
        found[uuid] = queries.holding(viewer, uuid, queries.WRITE)
    moves = []
    for one in asked:
        debit, credit = found[one.debit], found[one.credit]
        if debit.unit != one.unit:
            raise refusals.OtherUnit(debit=str(debit), credit=one.unit, fields={"unit": debit.unit})
        content = one.model_dump(exclude={"debit", "credit", "unit"})
        moves.append({"debit": debit, "credit": credit, "source": str(viewer.actor), **content})
    return moves


@router.post("transfers", response={201: schemas.TransferOut}, summary="Move value")
def make_transfer(request: HttpRequest, body: schemas.TransferIn) -> Any:
    """From the account that is debited to the one that is credited; or held back (`pending`) until it is posted or
    voided. The same key gives the first transfer again; with other content it is refused (`ledger.key_reused`).
    Scopes: `ledger.write`, `ledger.read`.
    """
    viewer = _keeper(request)
    made = operations.transfer(**_asked(viewer, [body])[0], by=viewer.actor, now=utc_now())
    return transfer_out(viewer, made)


@router.post("linked-transfers", response={201: schemas.TransfersOut}, summary="Move several at once")
def make_transfers(request: HttpRequest, body: schemas.TransfersIn) -> Any:
    """All of them or none, in their order: each counts on what those before it moved. Scopes: `ledger.write`,
    `ledger.read`.
    """
    viewer = _keeper(request)
    drafts = [Draft(**one) for one in _asked(viewer, body.transfers)]
    made = operations.transfers(drafts, by=viewer.actor, now=utc_now())
    return {"items": [transfer_out(viewer, row) for row in made]}


@router.get("transfers/{transfer_id}", response=schemas.TransferOut, summary="A transfer")
def get_transfer(request: HttpRequest, transfer_id: UUID) -> Any:
    """With what became of it. Scope: `ledger.read`."""
    viewer = viewer_of(request)
    return transfer_out(viewer, queries.found_transfer(viewer, transfer_id))


@router.post("transfers/{transfer_id}/posting", response={201: schemas.TransferOut}, summary="Post it")
def post_transfer(request: HttpRequest, transfer_id: UUID, body: schemas.PostingIn) -> Any:
    """What was held back moves, all of it or `amount`. Once: later it is refused (`ledger.resolved`,
    `ledger.expired`). The answer is the posting, a transfer of its own. Scopes: `ledger.write`, `ledger.read`.
    """
    viewer = _keeper(request)
    held = queries.found_transfer(viewer, transfer_id, queries.WRITE)
    more = {"source": str(viewer.actor), "reason": body.reason, "by": viewer.actor, "now": utc_now()}
    return transfer_out(viewer, operations.post(held, amount=body.amount, key=body.key, **more))


@router.post("transfers/{transfer_id}/void", response={201: schemas.TransferOut}, summary="Void it")
def void_transfer(request: HttpRequest, transfer_id: UUID, body: schemas.VoidIn) -> Any:
    """What was held back is free again. The answer is a transfer of its own. Scopes: `ledger.write`, `ledger.read`."""
    viewer = _keeper(request)
    held = queries.found_transfer(viewer, transfer_id, queries.WRITE)
    more = {"source": str(viewer.actor), "reason": body.reason, "by": viewer.actor, "now": utc_now()}
    return transfer_out(viewer, operations.void(held, key=body.key, **more))


@router.post("transfers/{transfer_id}/reversal", response={201: schemas.TransferOut}, summary="Reverse it")
def reverse_transfer(request: HttpRequest, transfer_id: UUID, body: schemas.ReversalIn) -> Any:
    """Moves back what was moved, or `amount` of it, for a reason; consumed lots return with their ends. The answer is
    the reversal, a transfer of its own. Scopes: `ledger.write`, `ledger.read`.
    """
    viewer = _keeper(request)
    moved = queries.found_transfer(viewer, transfer_id, queries.WRITE)
    who = {"source": str(viewer.actor), "by": viewer.actor, "now": utc_now()}
    made = operations.reverse(moved, reason=body.reason, key=body.key, amount=body.amount, at=body.at, **who)
    return transfer_out(viewer, made)


@router.get("ledger-closings", response=Listed[schemas.ClosingOut], summary="When the books were closed")
def list_closings(request: HttpRequest, limit: Limit = 50, cursor: Cursor = None) -> Any:
    """The last one first. Scope: `ledger.read`."""
    found = queries.closings(viewer_of(request))
    page = shapes.sliced(found, "closings", limit=limit, cursor=cursor)
    return shapes.page_out(page, schemas.ClosingOut.model_validate)


@router.post("ledger-closings", response={201: schemas.ClosingOut}, summary="Close the books")
def close_books(request: HttpRequest, body: schemas.ClosingIn) -> Any:
    """Nothing is dated before `until` any more; corrections stand in the open period. Scopes: `ledger.write`,
    `ledger.read`.
    """
    viewer = _keeper(request)
    made = closing.close_period(until=body.until, note=body.note, by=viewer.actor, now=utc_now())
    return schemas.ClosingOut.model_validate(made)
