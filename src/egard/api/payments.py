"""Payments: cards, money taken and given back, the wallet, and what differs from the provider's books."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router

from egard.api import payment_schemas as schemas
from egard.api import shapes
from egard.api.authentication import viewer_of
from egard.api.money import money_out
from egard.api.people import seen
from egard.api.schemas import Cursor, Limit, Listed
from egard.base.clock import utc_now
from egard.kernel.access.actors import Viewer
from egard.kernel.access.operations import log_sight
from egard.kernel.payments import carrying, operations, port, queries, reconciling, refusals
from egard.kernel.payments.models import Command, Difference, Payment
from egard.kernel.people import queries as people
from egard.kernel.people.guard import require_reason

router = Router(tags=["payments"])


def payment_out(row: Payment) -> dict[str, Any]:
    plain = ("id", "state", "code", "challenge_url", "subject", "key", "created_at", "lapses_at")
    return {
        "person": (row.person.root or row.person).uuid,
        "instrument": schemas.InstrumentOut.model_validate(row.instrument),
        **{name: money_out(getattr(row, name), row.currency) for name in ("amount", "captured", "refunded")},
        **{name: getattr(row, name) for name in plain},
    }


def command_out(row: Command, currency: str) -> dict[str, Any]:
    plain = ("id", "what", "to", "key", "outcome", "code", "asked_at", "answered_at")
    return {"amount": money_out(row.amount, currency), **{name: getattr(row, name) for name in plain}}


def whole_out(row: Payment) -> dict[str, Any]:
    return {**payment_out(row), "commands": [command_out(one, row.currency) for one in row.commands]}


def read(viewer: Viewer, payment_id: UUID, permission: str = queries.READ) -> Payment:
    """The payment within the viewer's scope, and the sight of whose it is. Raises `NotFound`."""
    row = queries.payment(viewer, payment_id, permission)
    require_reason(viewer, row.person)
    log_sight(viewer, "payment", person_id=row.person.pk, detail=str(payment_id), now=utc_now())
    return row


def _changed(request: HttpRequest, payment_id: UUID, permission: str, change: Any) -> dict[str, Any]:
    """Ask for something of a payment, tell the provider at once, and show what became of it."""
    viewer, now = viewer_of(request), utc_now()
    viewer.require(queries.READ)
    row = read(viewer, payment_id, permission)
    change(row, by=viewer.actor, now=now)
    carrying.settle(row, now=now)
    return whole_out(queries.payment(viewer, payment_id))


@router.get("people/{person_id}/instruments", response=Listed[schemas.InstrumentOut], summary="Her cards")
def list_instruments(request: HttpRequest, person_id: UUID, limit: Limit = 50, cursor: Cursor = None) -> Any:
    """The last one first; the sight is logged. Scopes: `people.read`, `payments.read`."""
    viewer = viewer_of(request)
    viewer.require(queries.READ)
    found = queries.instruments(viewer, seen(viewer, person_id, "payment"))
    page = shapes.sliced(found, "instruments", limit=limit, cursor=cursor)
    return shapes.page_out(page, schemas.InstrumentOut.model_validate)


@router.post("people/{person_id}/instruments", response={201: schemas.InstrumentOut}, summary="Keep a card")
def save_instrument(request: HttpRequest, person_id: UUID, body: schemas.InstrumentIn) -> Any:
    """By the token that the provider gave. Scopes: `people.read`, `payments.take`."""
    viewer = viewer_of(request)
    viewer.require(queries.TAKE)
    person = people.person(viewer, person_id)
    row = operations.save_instrument(person, body.token, key=body.key, by=viewer.actor, now=utc_now())
    return schemas.InstrumentOut.model_validate(row)


@router.delete(
    "people/{person_id}/instruments/{instrument_id}", response=schemas.InstrumentOut, summary="Remove a card"
)
def remove_instrument(request: HttpRequest, person_id: UUID, instrument_id: UUID) -> Any:
    """Used no more; the provider forgets it. Scopes: `people.read`, `payments.read`, `payments.take`."""
    viewer = viewer_of(request)
    viewer.require(queries.TAKE)
    row = queries.instrument(viewer, people.person(viewer, person_id), instrument_id)
    return schemas.InstrumentOut.model_validate(operations.remove_instrument(row, by=viewer.actor, now=utc_now()))


@router.get("people/{person_id}/wallet", response=schemas.WalletOut, summary="Her wallet")
def get_wallet(request: HttpRequest, person_id: UUID) -> Any:
    """What she holds with us, by currency; the sight is logged. Scopes: `people.read`, `payments.read`."""
    viewer = viewer_of(request)
    viewer.require(queries.READ)
    purses = queries.purses(viewer, seen(viewer, person_id, "payment"), now=utc_now())
    return {
        "items": [
            {
                "available": money_out(one.available, one.currency),
                "lots": [{"amount": lot.remaining, "expires_at": lot.expires_at} for lot in one.lots],
            }
            for one in purses
        ]
    }


@router.get("payments", response=Listed[schemas.PaymentOut], summary="Payments")
def list_payments(
    request: HttpRequest,
    person: UUID | None = None,
    state: schemas.State | None = None,
    subject: Annotated[str, Query(max_length=200)] = "",
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Any:
    """The latest first. Scopes: `payments.read`, and `people.read` for a person."""
    viewer = viewer_of(request)
    viewer.require(queries.READ)
    whose = people.person(viewer, person) if person else None
    if cursor is None:
        log_sight(viewer, "list", person_id=whose.pk if whose else None, detail="payments", now=utc_now())
    found = queries.payments(viewer, person=whose, state=state or "", subject=subject, limit=limit, cursor=cursor)
    return shapes.page_out(found, payment_out)


@router.post("payments", response={201: schemas.PaymentWhole}, summary="Take a payment")
def take_payment(request: HttpRequest, body: schemas.PaymentIn) -> Any:
    """From a card of hers. `key` is what makes it one payment: the same key gives it again as it is now. With an
    `Idempotency-Key` header the answer comes before the provider is told: its state is then `asked`.
    Scopes: `people.read`, `payments.read`, `payments.take`.
    """
    viewer, now = viewer_of(request), utc_now()
    viewer.require(queries.TAKE)
    person = people.person(viewer, body.person)
    row = operations.charge(
        person,
        queries.instrument(viewer, person, body.instrument),
        body.amount.money,
        capture=body.capture,
        subject=body.subject,
        key=body.key,
        by=viewer.actor,
        now=now,
    )
    carrying.settle(row, now=now)
    return whole_out(read(viewer, row.pk))


@router.get("payments/{payment_id}", response=schemas.PaymentWhole, summary="A payment")
def get_payment(request: HttpRequest, payment_id: UUID) -> Any:
    """With what was asked for it; the sight is logged. Scope: `payments.read`."""
    return whole_out(read(viewer_of(request), payment_id))


@router.post("payments/{payment_id}/capture", response={201: schemas.PaymentWhole}, summary="Capture it")
def capture_payment(request: HttpRequest, payment_id: UUID, body: schemas.CaptureIn) -> Any:
    """Take what was authorized, or less. Scopes: `payments.read`, `payments.take`."""
    amount = body.amount.money if body.amount else None
    return _changed(
        request,
        payment_id,
        queries.TAKE,
        lambda row, **who: operations.capture(row, amount=amount, key=body.key, **who),
    )


@router.post("payments/{payment_id}/void", response={201: schemas.PaymentWhole}, summary="Void it")
def void_payment(request: HttpRequest, payment_id: UUID, body: schemas.PaymentVoidIn) -> Any:
    """Let go of what was authorized. Scopes: `payments.read`, `payments.take`."""
    return _changed(request, payment_id, queries.TAKE, lambda row, **who: operations.void(row, key=body.key, **who))


@router.post("payments/{payment_id}/refunds", response={201: schemas.PaymentWhole}, summary="Give money back")
def refund_payment(request: HttpRequest, payment_id: UUID, body: schemas.RefundIn) -> Any:
    """On the card, or into her wallet, which is at once. Scopes: `payments.read`, `payments.refund`."""
    amount = body.amount.money if body.amount else None

    def change(row: Payment, **who: Any) -> None:
        operations.refund(row, amount, to=body.to, reason=body.reason, key=body.key, **who)

    return _changed(request, payment_id, queries.REFUND, change)


# --- reconciliation ------------------------------------------------------------------------------------------------


@router.get("reconciliations", response=Listed[schemas.ReconciliationOut], summary="Comparings")
def list_reconciliations(request: HttpRequest, limit: Limit = 50, cursor: Cursor = None) -> Any:
    """One each night, the latest first. Scope: `payments.reconcile`."""
    found = queries.reconciliations(viewer_of(request), limit=limit, cursor=cursor)
    return shapes.page_out(found, schemas.ReconciliationOut.model_validate)


@router.post("reconciliations", response={201: schemas.ReconciliationOut}, summary="Compare now")
def reconcile(request: HttpRequest, body: schemas.ReconciliationIn) -> Any:
    """A period, with what the provider says of it. Scope: `payments.reconcile`."""
    viewer = viewer_of(request)
    viewer.require_everywhere(queries.RECONCILE)
    try:
        run = reconciling.reconcile(since=body.since, until=body.until, by=viewer.actor, now=utc_now())
    except port.Unreachable as error:
        raise refusals.Away from error
    return schemas.ReconciliationOut.model_validate(run)


def difference_out(row: Difference) -> dict[str, Any]:
    plain = ("id", "provider", "kind", "reference", "found_at", "settled_at", "settled_by", "note")
    return {
        "payment": row.command.payment_id if row.command else None,
        "ours": money_out(row.ours, row.currency),
        "theirs": money_out(row.theirs, row.currency),
        **{name: getattr(row, name) for name in plain},
    }


@router.get("payment-differences", response=Listed[schemas.DifferenceOut], summary="What differs")
def list_differences(
    request: HttpRequest,
    settled: Annotated[bool, Query(description="also what was settled")] = False,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Any:
    """Between our books and the provider's, the latest first. Scope: `payments.reconcile`."""
    found = queries.differences(viewer_of(request), settled=settled, limit=limit, cursor=cursor)
    return shapes.page_out(found, difference_out)


@router.post(
    "payment-differences/{difference_id}/settlement", response={201: schemas.DifferenceOut}, summary="Settle it"
)
def settle_difference(request: HttpRequest, difference_id: UUID, body: schemas.SettlementIn) -> Any:
    """Somebody looked into it, and says what it was. Scope: `payments.reconcile`."""
    viewer = viewer_of(request)
    viewer.require_everywhere(queries.RECONCILE)
    row = reconciling.settle_difference(difference_id, note=body.note, by=viewer.actor, now=utc_now())
    return difference_out(row)
