"""Gestures for programs and tills: given, agreed to, taken back; vouchers, budgets, the catalogue, figures."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Annotated, Any, Literal
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import get_language
from ninja import Query, Router, Status

from egard.api import shapes
from egard.api.authentication import viewer_of
from egard.api.idempotency import after_refusal
from egard.api.money import money_out
from egard.api.schemas import Cursor, Limit, Listed, StaffOut, TeamOut
from egard.base.clock import utc_now
from egard.base.figures import Share
from egard.base.ids import new_id
from egard.base.money import Money
from egard.journeys.gestures import api_schemas as schemas
from egard.journeys.gestures import budgets, catalogues, figures, guesses, operations, queries, shown, vouchers
from egard.journeys.gestures.audits import api as audits
from egard.journeys.gestures.models import Gesture, Redemption
from egard.journeys.gestures.outcomes import api as outcomes
from egard.journeys.gestures.refusals import UnknownVoucher
from egard.journeys.gestures.rules.catalogue import Catalogue, Kind
from egard.journeys.gestures.rules.proposing import Proposal
from egard.kernel.access import queries as access
from egard.kernel.access.actors import Viewer
from egard.kernel.access.operations import log_sight
from egard.kernel.people import queries as people
from egard.portal.pages import place_of

router = Router(tags=["gestures"])
router.add_router("", audits.router)
router.add_router("", outcomes.router)


@router.post("gestures", response={200: schemas.GestureAnswer, 201: schemas.GestureAnswer}, summary="Propose, or give")
def post_gesture(request: HttpRequest, body: schemas.NewGesture) -> Any:
    """Without a kind it answers what may be given, the most fitting first; with one it is given, or waits for a second
    person. A program decides nothing of worth alone. Scopes: `gestures.grant`, `gestures.read`, `people.read`.
    """
    viewer, now = viewer_of(request), utc_now()
    viewer.require(queries.GRANT)
    viewer.require(queries.READ)
    person = people.person(viewer, body.person)
    if not body.kind:
        log_sight(viewer, "gesture", person_id=person.pk, detail="proposals", now=now)
        price = body.price.amount if body.price else None
        about = queries.About(body.subject, body.responsibility, body.severity, price, body.proof)
        found = queries.proposals(viewer, person, about, now=now)
        return Status(200, {"gestures": [], "proposals": [_proposal(found.catalogue, one) for one in found.proposals]})
    made = operations.grant(
        viewer, person, body.kind, body.amount.money if body.amount else None, subject=body.subject,
        reason=body.reason, responsibility=body.responsibility, severity=body.severity, proof=body.proof,
        repairs=body.repairs, channel=body.channel, key=f"api:{new_id()}", now=now,
    )  # fmt: skip
    return Status(201, {"gestures": _act(viewer, made), "proposals": []})


@router.get("gestures", response=Listed[schemas.GestureOut], summary="Gestures")
def list_gestures(
    request: HttpRequest,
    state: Literal["waiting", "granted", "refused", "reversed"] | None = None,
    person: UUID | None = None,
    subject: Annotated[str | None, Query(max_length=200)] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Any:
    """The latest first, each act by what was chosen. Scope: `gestures.read`."""
    viewer = viewer_of(request)
    viewer.require(queries.READ)
    whose = people.person(viewer, person) if person else None
    if cursor is None:
        log_sight(viewer, "list", person_id=whose.pk if whose else None, detail="gestures", now=utc_now())
    filters = {"state": state, "person": whose, "subject": subject}
    return shapes.page_out(queries.gestures(viewer, filters, limit=limit, cursor=cursor), _out)


@router.get("gestures/{gesture_id}", response=schemas.GestureActOut, summary="All that was given in one act")
def get_gesture(request: HttpRequest, gesture_id: UUID) -> Any:
    """The sight is logged. Scope: `gestures.read`."""
    viewer = viewer_of(request)
    first = queries.gesture(viewer, gesture_id)
    log_sight(viewer, "gesture", person_id=first.person_id, detail=str(gesture_id), now=utc_now())
    return {"gestures": _act(viewer, first)}


@router.post("gestures/{gesture_id}/approval", response={201: schemas.GestureActOut}, summary="Agree, or not")
def approve_gesture(request: HttpRequest, gesture_id: UUID, body: schemas.GestureApproval) -> Any:
    """By a second person of staff, with an authority of her own. Scope: `gestures.approve`."""
    viewer, now = viewer_of(request), utc_now()
    if body.agreed:
        amount = body.amount.money if body.amount else None
        made = operations.approve(viewer, gesture_id, amount=amount, reason=body.reason, now=now)
    else:
        made = operations.refuse(viewer, gesture_id, reason=body.reason, now=now)
    return {"gestures": _act(viewer, made)}


@router.post("gestures/{gesture_id}/reversal", response={201: schemas.GestureActOut}, summary="Take it back")
def reverse_gesture(request: HttpRequest, gesture_id: UUID, body: schemas.GestureWhy) -> Any:
    """As long as nothing of it was used. Scope: `gestures.approve`, or whoever gave it."""
    viewer = viewer_of(request)
    made = operations.reverse(viewer, gesture_id, reason=body.reason, now=utc_now())
    return {"gestures": _act(viewer, made)}


# --- vouchers ---------------------------------------------------------------------------------------------------------


@contextmanager
def _guessing(request: HttpRequest, viewer: Viewer) -> Generator[None]:
    """Wrong codes are counted, by key and by address, also where the rest is rolled back. Raises
    `TooManyWrongCodes`.
    """
    place, now = place_of(request), utc_now()
    viewer.require(vouchers.REDEEM)
    guesses.require_room(viewer, place, now=now)
    try:
        yield
    except UnknownVoucher:
        after_refusal(request, lambda: guesses.note(viewer, place, now=now))
        raise


@router.post("vouchers/check", response=schemas.VoucherOut, summary="Check a voucher")
def check_voucher(request: HttpRequest, body: schemas.VoucherCode) -> Any:
    """Its worth, and what is left. The code stands in the body, so that no log of addresses keeps it. After 20 wrong
    ones in ten minutes it answers 429. Scope: `gestures.redeem`.
    """
    viewer = viewer_of(request)
    with _guessing(request, viewer):
        return _voucher(vouchers.check(viewer, body.code, now=utc_now()))


@router.post("vouchers/redemptions", response={201: schemas.RedemptionOut}, summary="Use a voucher")
def redeem_voucher(request: HttpRequest, body: schemas.NewRedemptionByCode) -> Any:
    """All of it, or a part. Send an Idempotency-Key: then it is used once, however often it is sent. Scope:
    `gestures.redeem`.
    """
    return _redeem(request, body.code, body)


@router.get("vouchers/{code}", response=schemas.VoucherOut, summary="Check a voucher by its address", deprecated=True)
def check_voucher_by_address(request: HttpRequest, code: str) -> Any:
    """As `vouchers/check`, which keeps the code out of addresses. Scope: `gestures.redeem`."""
    viewer = viewer_of(request)
    with _guessing(request, viewer):
        return _voucher(vouchers.check(viewer, code, now=utc_now()))


@router.post(
    "vouchers/{code}/redemptions",
    response={201: schemas.RedemptionOut},
    summary="Use a voucher by its address",
    deprecated=True,
)
def redeem_voucher_by_address(request: HttpRequest, code: str, body: schemas.NewRedemption) -> Any:
    """As `vouchers/redemptions`, which keeps the code out of addresses. Scope: `gestures.redeem`."""
    return _redeem(request, code, body)


def _redeem(request: HttpRequest, code: str, body: schemas.NewRedemption) -> Any:
    viewer, now = viewer_of(request), utc_now()
    viewer.require(vouchers.REDEEM)
    site = access.site(viewer, body.site) if body.site else None
    told: dict[str, Any] = {"channel": body.channel, "site": site, "reference": body.reference}
    amount = body.amount.money if body.amount else None
    with _guessing(request, viewer):
        made = vouchers.redeem(viewer, code, amount, **told, key=f"api:{new_id()}", now=now)
    return _redemption(viewer, made)


@router.post(
    "vouchers/{voucher}/redemptions/{redemption_id}/reversal",
    response={201: schemas.RedemptionOut},
    summary="Undo the use of a voucher",
)
def undo_redemption(request: HttpRequest, voucher: str, redemption_id: UUID, body: schemas.GestureWhy) -> Any:
    """The amount is on the voucher again: by whoever used it within 15 minutes, else with `gestures.approve` too. The
    voucher is named by its id, or by its code. Scope: `gestures.redeem`.
    """
    viewer, now = viewer_of(request), utc_now()
    with _guessing(request, viewer):
        vouchers.require_of(viewer, voucher, redemption_id, now=now)
    return _redemption(viewer, vouchers.undo(viewer, redemption_id, reason=body.reason, now=now))


@router.post("vouchers/{voucher}/revocation", response={201: schemas.VoucherOut}, summary="Revoke a voucher")
def revoke_voucher(request: HttpRequest, voucher: str, body: schemas.GestureWhy) -> Any:
    """It can no longer be used. Named by its id, or by its code. Scopes: `gestures.approve`, `gestures.redeem`."""
    viewer, now = viewer_of(request), utc_now()
    with _guessing(request, viewer):
        held = vouchers.named(viewer, voucher, now=now)
    vouchers.revoke(viewer, held.uuid, reason=body.reason, now=now)
    return _voucher(vouchers.named(viewer, str(held.uuid), now=now))


# --- budgets, catalogue, figures --------------------------------------------------------------------------------------


@router.get("budgets", response=Listed[schemas.BudgetOut], summary="Budgets of gestures")
def list_budgets(request: HttpRequest, past: bool = False, limit: Limit = 50, cursor: Cursor = None) -> Any:
    """What runs now and what comes, or what ended. Scope: `gestures.budgets`."""
    found = budgets.standings(viewer_of(request), now=utc_now(), past=past)
    return shapes.page_out(shapes.sliced(found, "budgets", limit=limit, cursor=cursor), _budget)


@router.post("budgets", response={201: schemas.BudgetOut}, summary="Set a budget")
def set_budget(request: HttpRequest, body: schemas.NewBudget) -> Any:
    """Of a team for a month, a quarter or a year; never below what is spent. Scopes: `gestures.manage_budgets`,
    `gestures.budgets`.
    """
    viewer, now = viewer_of(request), utc_now()
    viewer.require(budgets.MANAGE)
    viewer.require(budgets.READ)
    with transaction.atomic():  # who may not see it has not set it
        made = budgets.set_budget(viewer, access.team(viewer, body.team), body.period, body.amount.money, now=now)
        return _budget(budgets.standing(viewer, made, now=now))


@router.get("gesture-catalogue", response=schemas.GestureCatalogueOut, summary="What may be given")
def get_catalogue(request: HttpRequest) -> Any:
    """Scope: `gestures.read`."""
    viewer_of(request).require(queries.READ)
    return _catalogue(catalogues.current())


@router.post("gesture-catalogue", response={201: schemas.GestureCatalogueOut}, summary="Publish a catalogue")
def publish_catalogue(request: HttpRequest, body: schemas.NewGestureCatalogue) -> Any:
    """A file as docs/gestures.md describes it; what was given stays what it was. Scope: `gestures.catalogue`."""
    viewer = viewer_of(request)
    viewer.require(shown.CATALOGUE)
    catalogues.publish(body.file, by=viewer.actor, now=utc_now())
    return _catalogue(catalogues.current())


@router.get("gesture-figures", response=schemas.GestureFiguresOut, summary="What gestures do")
def get_gesture_figures(request: HttpRequest) -> Any:
    """Over twelve months: the effort that they ask, what they make up for. Scope: `gestures.figures`."""
    found = figures.figures(viewer_of(request), now=utc_now())
    effort = [
        {
            "kind": one.kind,
            "title": one.title,
            "steps": one.steps,
            "given": one.given,
            "watched": one.watched,
            "used": one.used.hits,
            **_share(one.used),
        }
        for one in found.effort
    ]
    repaired = found.repaired
    return {
        "effort": effort,
        "repaired": {"broken": repaired.n, "repaired": repaired.hits, **_share(repaired)},
    }


# --- shapes -----------------------------------------------------------------------------------------------------------


def _share(one: Share) -> dict[str, Any]:
    low, high = one.bounds
    return {"n": one.n, "share": one.share, "low": low, "high": high}


def _act(viewer: Viewer, first: Gesture) -> list[dict[str, Any]]:
    return [_out(row) for row in queries.act(viewer, first)]


def _out(row: Gesture) -> dict[str, Any]:
    same = (
        "subject", "kind", "form", "state", "waits_for", "steps", "reason", "decision", "responsibility", "severity",
        "proof", "repairs", "channel", "recorded_at", "granted_at", "decided_at", "ends_at", "together",
    )  # fmt: skip
    return {
        "id": row.uuid,
        "person": (row.person.root or row.person).uuid,
        "title": shown.title_of(row),
        "used_at": row.first_used_at,  # type: ignore[attr-defined]
        "granted_by": StaffOut.model_validate(row.granted_by) if row.granted_by else None,
        "second_by": StaffOut.model_validate(row.second_by) if row.second_by else None,
        **{name: money_out(getattr(row, name), row.currency) for name in ("desired", "amount", "cost")},
        **{name: getattr(row, name) for name in same},
    }


def _proposal(catalogue: Catalogue, one: Proposal) -> dict[str, Any]:
    language, unit = get_language() or "en", catalogue.currency
    title = {name: kind.title.said(language) for name, kind in catalogue.kinds.items()}
    return {
        "kind": one.kind,
        "title": title[one.kind],
        "amount": money_out(one.amount, unit),
        "comes_with": [
            {"kind": item.kind, "title": title[item.kind], "worth": money_out(item.amount, unit)}
            for item in one.comes_with
        ],
        "worth": money_out(one.worth, unit),
        "cost": money_out(one.cost, unit),
        "steps": one.steps,
        "waits": one.waits,
        "proof_first": one.proof_first,
        "reasons": [{"code": reason.code, "words": reason.words.said(language)} for reason in one.reasons],
    }


def _voucher(one: vouchers.Checked) -> dict[str, Any]:
    return {
        "id": one.uuid,
        "code": one.code,
        "amount": _money(one.amount),
        "left": _money(one.left),
        "channels": list(one.channels),
        "expires_at": one.expires_at,
        "state": one.state,
    }


def _redemption(viewer: Viewer, row: Redemption) -> dict[str, Any]:
    held = vouchers.check(viewer, row.voucher.code, now=utc_now())
    return {
        "id": row.uuid,
        "amount": money_out(row.amount, row.voucher.currency),
        "at": row.at,
        "channel": row.channel,
        "reference": row.reference,
        "undone_at": row.undone_at,
        "voucher": _voucher(held),
    }


def _budget(one: budgets.Standing) -> dict[str, Any]:
    row, unit = one.budget, one.currency
    amounts = ("spent", "left", "desired", "granted", "waiting", "refused")
    told = one.forecast
    return {
        "id": row.uuid,
        "team": TeamOut.model_validate(row.team),
        **{name: getattr(row, name) for name in ("period", "since", "until")},
        "amount": money_out(row.amount, unit),
        **{name: money_out(getattr(one, name), unit) for name in amounts},
        "gestures": one.n,
        "forecast": {
            "n": told.n,
            "empty_at": told.empty_at,
            **{name: money_out(getattr(told, name), unit) for name in ("total", "low", "high")},
        },
    }


def _catalogue(found: Catalogue) -> dict[str, Any]:
    return {
        "name": found.catalogue,
        "version": found.version,
        "currency": found.currency,
        "kinds": [_kind(found, name, kind) for name, kind in found.kinds.items()],
    }


def _kind(found: Catalogue, name: str, kind: Kind) -> dict[str, Any]:
    least, most, step = (money_out(amount, found.currency) for amount in found.bounds(kind))
    above = found.minor(kind.proof_above) if kind.proof_above is not None else None
    return {
        "name": name,
        "form": kind.form,
        "title": kind.title.model_dump(),
        "about": kind.about.model_dump(),
        "least": least,
        "most": most,
        "step": step,
        "steps": [one.model_dump() for one in kind.steps],
        "proof_above": money_out(above, found.currency),
        "comes_with": list(kind.comes_with),
    }


def _money(one: Money) -> dict[str, Any]:
    return {"amount": one.amount, "currency": one.currency}
