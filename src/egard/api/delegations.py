"""Delegations: who may decide what alone, what was decided, and the trainings that it asks for."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router

from egard.api import delegation_schemas as schemas
from egard.api import shapes
from egard.api.authentication import viewer_of
from egard.api.money import AMOUNT_MAX, money_out
from egard.api.schemas import Cursor, Limit, Listed, SiteOut, StaffOut, TeamOut
from egard.base.clock import utc_now
from egard.base.money import Money
from egard.kernel.access import queries as access
from egard.kernel.access.actors import Viewer
from egard.kernel.delegations import operations, queries
from egard.kernel.delegations.deciding import authority_named
from egard.kernel.delegations.models import Delegation, Training, Use
from egard.kernel.delegations.reasons import WrongUnit
from egard.kernel.people import queries as people
from egard.kernel.registry import Authority, registry

router = Router(tags=["delegations"])
Code = Annotated[str, Query(max_length=64)]


def delegation_out(row: Delegation) -> dict[str, Any]:
    plain = ("id", "authority", "role", "period_days", "split_days", "valid_from", "valid_until", "ended_at", "version")
    return {
        "staff": StaffOut.model_validate(row.user) if row.user else None,
        "team": TeamOut.model_validate(row.team) if row.team else None,
        "site": SiteOut.model_validate(row.site) if row.site else None,
        "training": schemas.CourseOut.model_validate(row.training) if row.training else None,
        **{name: money_out(getattr(row, name), row.unit) for name in ("per_act", "per_day", "per_person")},
        **{name: getattr(row, name) for name in plain},
    }


def whole_out(viewer: Viewer, uuid: UUID) -> dict[str, Any]:
    row = queries.delegation(viewer, uuid)
    held = queries.holders(viewer, [row], now=utc_now())[row.pk]
    return {
        **delegation_out(row),
        "holders": [
            {
                "staff": StaffOut.model_validate(one.user),
                "state": one.standing.state,
                "trained_until": one.standing.trained_until,
            }
            for one in held
        ],
        "changes": [schemas.ChangeOut.model_validate(change) for change in row.history],
    }


def use_out(row: Use) -> dict[str, Any]:
    return {
        "amount": money_out(row.amount, row.unit),
        "staff": StaffOut.model_validate(row.user),
        "first": StaffOut.model_validate(row.first) if row.first else None,
        "person": (row.person.root or row.person).uuid if row.person else None,
        **{name: getattr(row, name) for name in ("key", "case", "at", "version", "given_back_at")},
    }


def training_out(row: Training) -> dict[str, Any]:
    return {
        "staff": StaffOut.model_validate(row.user),
        "training": schemas.CourseOut.model_validate(row.course),
        **{name: getattr(row, name) for name in ("id", "valid_from", "valid_until", "withdrawn_at")},
    }


def _authority_out(one: Authority) -> dict[str, Any]:
    return {"name": one.name, "label": str(one.label), "unit": one.unit, "roles": list(one.roles)}


@router.get("authorities", response=Listed[schemas.AuthorityOut], summary="What can be delegated")
def list_authorities(request: HttpRequest, limit: Limit = 50, cursor: Cursor = None) -> Any:
    """Scope: `delegations.read`."""
    viewer_of(request).require(queries.READ)
    found = sorted(registry.authorities.values(), key=lambda one: one.name)
    return shapes.page_out(shapes.sliced(found, "authorities", limit=limit, cursor=cursor), _authority_out)


@router.get("authorities/{name}/room", response=schemas.RoomOut, summary="What somebody may decide alone")
def get_room(
    request: HttpRequest,
    name: str,
    staff: UUID,
    person: UUID | None = None,
    case: Annotated[str, Query(max_length=200)] = "",
    amount: Annotated[int | None, Query(ge=1, le=AMOUNT_MAX, description="in the authority's unit")] = None,
) -> Any:
    """How much a colleague may still decide, for this person and case, and what is in the way. Nothing is counted.
    Scopes: `delegations.read`, and `people.read` for a person.
    """
    viewer = viewer_of(request)
    viewer.require(queries.READ)
    declared = authority_named(name)
    told = queries.decide(
        access.colleague(viewer, staff),
        name,
        None if amount is None else Money(amount, declared.unit),
        person=people.person(viewer, person) if person else None,
        case=case,
        now=utc_now(),
    )
    rooms = ("limit", "per_act", "left_today", "left_person", "left_case")
    return {
        "allowed": told.allowed,
        "reasons": [{"code": reason.code, "detail": reason.words} for reason in told.reasons],
        "delegation": told.delegation.pk if told.delegation else None,
        **{room: money_out(getattr(told, room).amount, declared.unit) for room in rooms},
    }


@router.get("delegations", response=Listed[schemas.DelegationOut], summary="Delegations")
def list_delegations(
    request: HttpRequest,
    authority: Code = "",
    staff: UUID | None = None,
    role: Code = "",
    over: Annotated[bool, Query(description="also those that have ended")] = False,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Any:
    """By authority and role. Scope: `delegations.read`."""
    found = queries.delegations(
        viewer_of(request),
        authority=authority,
        user=staff,
        role=role,
        over=over,
        now=utc_now(),
        limit=limit,
        cursor=cursor,
    )
    return shapes.page_out(found, delegation_out)


def _manager(request: HttpRequest) -> Viewer:
    viewer = viewer_of(request)
    viewer.require_everywhere(queries.MANAGE)
    viewer.require(queries.READ)
    return viewer


def _values(body: schemas.Limits, unit: str, viewer: Viewer) -> dict[str, Any]:
    """What a body names, as the operations take it. Raises `WrongUnit`."""
    named = {name: getattr(body, name) for name in body.model_fields_set - {"authority", "staff", "role", "version"}}
    for name in ("per_act", "per_day", "per_person"):
        if named.get(name) is not None:
            if named[name].currency != unit:
                raise WrongUnit(unit=unit, given=named[name].currency)
            named[name] = named[name].amount
    if named.get("team"):
        named["team"] = access.team(viewer, named["team"])
    if named.get("site"):
        named["site"] = access.site(viewer, named["site"])
    return named


@router.post("delegations", response={201: schemas.DelegationWhole}, summary="Delegate")
def delegate(request: HttpRequest, body: schemas.DelegationIn) -> Any:
    """To a colleague (`staff`) or to a role, never to oneself. Scopes: `delegations.manage`, `delegations.read`."""
    viewer = _manager(request)
    declared = authority_named(body.authority)
    row = operations.delegate(
        body.authority,
        user=access.colleague(viewer, body.staff) if body.staff else None,
        role=body.role,
        **_values(body, declared.unit, viewer),
        by=viewer.actor,
        now=utc_now(),
    )
    return whole_out(viewer, row.pk)


@router.get("delegations/{delegation_id}", response=schemas.DelegationWhole, summary="A delegation")
def get_delegation(request: HttpRequest, delegation_id: UUID) -> Any:
    """With who holds it now, and all that changed of it. Scope: `delegations.read`."""
    return whole_out(viewer_of(request), delegation_id)


@router.patch("delegations/{delegation_id}", response=schemas.DelegationWhole, summary="Change it")
def change_delegation(request: HttpRequest, delegation_id: UUID, body: schemas.DelegationChange) -> Any:
    """Other limits, dates, places or training; what is not named stays. What was decided stays as it was.
    Scopes: `delegations.manage`, `delegations.read`.
    """
    viewer = _manager(request)
    row = queries.delegation(viewer, delegation_id)
    named = _values(body, row.unit, viewer)
    reason = named.pop("reason", "")
    for name in ("team", "site"):
        if name in named:
            named[f"{name}_id"] = one.pk if (one := named.pop(name)) else None
    if "training" in named:
        named["training_id"] = operations.course(code).pk if (code := named.pop("training")) else None
    needed = ("per_act", "period_days", "split_days", "valid_from")
    values = {name: value for name, value in named.items() if value is not None or name not in needed}
    now = utc_now()
    operations.change(row, version=body.version, reason=reason, by=viewer.actor, now=now, **values)
    return whole_out(viewer, delegation_id)


@router.post("delegations/{delegation_id}/end", response={201: schemas.DelegationWhole}, summary="End it")
def end_delegation(request: HttpRequest, delegation_id: UUID, body: schemas.EndIn) -> Any:
    """At once. What was decided stays. Twice changes nothing. Scopes: `delegations.manage`, `delegations.read`."""
    viewer = _manager(request)
    row = queries.delegation(viewer, delegation_id)
    operations.end(row, reason=body.reason, by=viewer.actor, now=utc_now())
    return whole_out(viewer, delegation_id)


@router.get("delegations/{delegation_id}/uses", response=Listed[schemas.UseOut], summary="What was decided by it")
def list_uses(request: HttpRequest, delegation_id: UUID, limit: Limit = 50, cursor: Cursor = None) -> Any:
    """The latest first. Scope: `delegations.read`."""
    viewer = viewer_of(request)
    row = queries.delegation(viewer, delegation_id)
    return shapes.page_out(queries.uses(viewer, row, limit=limit, cursor=cursor), use_out)


@router.get("training-courses", response=Listed[schemas.CourseOut], summary="What staff can be trained in")
def list_courses(request: HttpRequest, limit: Limit = 50, cursor: Cursor = None) -> Any:
    """Any scope."""
    found = queries.courses(viewer_of(request))
    return shapes.page_out(
        shapes.sliced(found, "courses", limit=limit, cursor=cursor), schemas.CourseOut.model_validate
    )


@router.put("training-courses/{code}", response=schemas.CourseOut, summary="Name a training")
def set_course(request: HttpRequest, code: str, body: schemas.CourseIn) -> Any:
    """Made, if it is new. Scopes: `delegations.manage`, `delegations.read`."""
    viewer = _manager(request)
    found = operations.set_course(code, body.name, by=viewer.actor, now=utc_now())
    return schemas.CourseOut.model_validate(found)


@router.get("trainings", response=Listed[schemas.TrainingOut], summary="Who is trained")
def list_trainings(
    request: HttpRequest,
    staff: UUID | None = None,
    training: Code = "",
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Any:
    """The first to lapse first. Scope: `delegations.read`."""
    found = queries.trainings(viewer_of(request), user=staff, course=training, limit=limit, cursor=cursor)
    return shapes.page_out(found, training_out)


@router.post("trainings", response={201: schemas.TrainingOut}, summary="Record a training")
def record_training(request: HttpRequest, body: schemas.TrainingIn) -> Any:
    """Somebody of staff followed it, and until when it holds. Scopes: `delegations.manage`, `delegations.read`."""
    viewer = _manager(request)
    row = operations.record_training(
        access.colleague(viewer, body.staff),
        body.training,
        valid_from=body.valid_from,
        valid_until=body.valid_until,
        by=viewer.actor,
        now=utc_now(),
    )
    return training_out(queries.training(viewer, row.pk))


@router.post("trainings/{training_id}/withdrawal", response={201: schemas.TrainingOut}, summary="Withdraw a training")
def withdraw_training(request: HttpRequest, training_id: UUID) -> Any:
    """It was recorded by mistake, or holds no longer. Scopes: `delegations.manage`, `delegations.read`."""
    viewer = _manager(request)
    row = queries.training(viewer, training_id)
    operations.withdraw_training(row, by=viewer.actor, now=utc_now())
    return training_out(queries.training(viewer, training_id))
