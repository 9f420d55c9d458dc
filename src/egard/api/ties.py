"""What belongs to a person: identifiers, roles, consents, her adviser."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Status

from egard.api import schemas, shapes
from egard.api.authentication import viewer_of
from egard.api.people import edited, seen
from egard.api.schemas import Cursor, Limit
from egard.base.clock import utc_now
from egard.kernel.access import queries as access
from egard.kernel.people import operations, queries

router = Router(tags=["people"])


@router.get("people/{person_id}/identifiers", response=schemas.Listed[schemas.IdentifierOut], summary="Her identifiers")
def list_identifiers(request: HttpRequest, person_id: UUID, limit: Limit = 50, cursor: Cursor = None) -> Any:
    """All of them, order numbers too, oldest first. Scope: `people.read`."""
    viewer = viewer_of(request)
    found = queries.identifiers(viewer, seen(viewer, person_id, "identifiers"), limit=limit, cursor=cursor)
    return shapes.page_out(found, shapes.identifier_out)


@router.post("people/{person_id}/identifiers", response={201: schemas.IdentifierOut}, summary="Add an identifier")
def add_identifier(request: HttpRequest, person_id: UUID, body: schemas.NewIdentifier) -> Any:
    """One that she has already changes nothing; one that another person has is refused unless it is `shared`, and then
    theirs becomes shared too. Scope: `people.edit`.
    """
    viewer = viewer_of(request)
    person = edited(viewer, person_id)
    row = operations.add_identifier(person, body.kind, body.value, shared=body.shared, by=viewer.actor, now=utc_now())
    return shapes.identifier_out(queries.identifier(viewer, row))


@router.delete("people/{person_id}/identifiers", response={204: None}, summary="Take an identifier away")
def remove_identifier(
    request: HttpRequest,
    person_id: UUID,
    kind: Annotated[str, Query(max_length=64)],
    value: Annotated[str, Query(max_length=320)],
) -> Any:
    """The one of this `kind` and `value`. Scope: `people.edit`."""
    viewer = viewer_of(request)
    operations.remove_identifier(edited(viewer, person_id), kind, value, by=viewer.actor, now=utc_now())
    return Status(204, None)


@router.get("people/{person_id}/roles", response=schemas.Listed[schemas.RoleOut], summary="Her roles")
def list_roles(request: HttpRequest, person_id: UUID, limit: Limit = 50, cursor: Cursor = None) -> Any:
    """What she is and was to the organisation, the latest first. Scope: `people.read`."""
    viewer = viewer_of(request)
    found = queries.roles(viewer, seen(viewer, person_id, "roles"))
    return shapes.page_out(shapes.sliced(found, "roles", limit=limit, cursor=cursor), schemas.RoleOut.model_validate)


@router.post("people/{person_id}/roles", response={201: schemas.RoleOut}, summary="Begin a role")
def start_role(request: HttpRequest, person_id: UUID, body: schemas.RoleIn) -> Any:
    """Customer, candidate, employee… A role that she holds already is returned as it is. Scope: `people.edit`."""
    viewer = viewer_of(request)
    now = utc_now()
    role = operations.start_role(
        edited(viewer, person_id), body.role, since=body.since or now, by=viewer.actor, now=now
    )
    return schemas.RoleOut.model_validate(role)


@router.post("people/{person_id}/roles/{role}/ending", response={201: schemas.RoleOut}, summary="End a role")
def end_role(request: HttpRequest, person_id: UUID, role: str, body: schemas.RoleEnd) -> Any:
    """The role that she holds ends at `until`; it stays in her history. Scope: `people.edit`."""
    viewer = viewer_of(request)
    now = utc_now()
    ended = operations.end_role(edited(viewer, person_id), role, until=body.until or now, by=viewer.actor, now=now)
    return schemas.RoleOut.model_validate(ended)


@router.get("people/{person_id}/consents", response=schemas.ConsentsOut, summary="Her consents")
def list_consents(request: HttpRequest, person_id: UUID, limit: Limit = 50, cursor: Cursor = None) -> Any:
    """The words that hold now (`current`) and all that she ever said (`items`), the latest recorded first.
    Scope: `people.read`.
    """
    viewer = viewer_of(request)
    person = seen(viewer, person_id, "consents")
    history = queries.consent_history(viewer, person, limit=limit, cursor=cursor)
    return {
        "current": [shapes.consent_state(state) for state in queries.consents(viewer, person)],
        **shapes.page_out(history, schemas.ConsentOut.model_validate),
    }


@router.post("people/{person_id}/consents", response={201: schemas.ConsentOut}, summary="Record a consent")
def record_consent(request: HttpRequest, person_id: UUID, body: schemas.ConsentIn) -> Any:
    """One word of hers, yes or no, on a purpose and a channel. Words are added, never changed. Scope: `people.edit`."""
    viewer = viewer_of(request)
    consent = operations.record_consent(
        edited(viewer, person_id),
        body.purpose,
        body.channel,
        given=body.given,
        at=body.at,
        proof=body.proof,
        by=viewer.actor,
        now=utc_now(),
    )
    return schemas.ConsentOut.model_validate(consent)


@router.get("people/{person_id}/adviser", response=schemas.AdviserOut, summary="Her adviser")
def get_adviser(request: HttpRequest, person_id: UUID) -> Any:
    """The member of staff who answers for her, or null. Scope: `people.read`."""
    viewer = viewer_of(request)
    return {"adviser": queries.adviser(viewer, seen(viewer, person_id, "adviser"))}


@router.put("people/{person_id}/adviser", response=schemas.AdviserOut, summary="Name her adviser")
def set_adviser(request: HttpRequest, person_id: UUID, body: schemas.AdviserIn) -> Any:
    """The one before is ended at that moment; null leaves her without one. Scope: `people.edit`."""
    viewer = viewer_of(request)
    person = edited(viewer, person_id)
    now = utc_now()
    staff = access.colleague(viewer, body.staff) if body.staff else None
    operations.set_adviser(person, staff, since=body.since or now, by=viewer.actor, now=now)
    return {"adviser": queries.adviser(viewer, person)}
