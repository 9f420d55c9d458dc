"""People: finding them, making them, changing what is known of them."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import Header, Query, Router

from egard.api import schemas, shapes
from egard.api.authentication import viewer_of
from egard.api.refusals import Invalid
from egard.api.schemas import Cursor, Limit
from egard.base.clock import utc_now
from egard.kernel.access import queries as access
from egard.kernel.access.actors import Viewer
from egard.kernel.access.operations import log_sight
from egard.kernel.people import operations, queries, search
from egard.kernel.people.models import Person

router = Router(tags=["people"])
EDIT = "people.edit"


def seen(viewer: Viewer, person_id: UUID, what: str = "person") -> Person:
    """The person within the viewer's scope, and the sight of her written down. Raises `NotFound`."""
    person = queries.person(viewer, person_id)
    log_sight(viewer, what, person_id=person.pk, now=utc_now())
    return person


def edited(viewer: Viewer, person_id: UUID) -> Person:
    """The person whom the viewer may change, and the sight: the answer shows her. Raises `NotAllowed`, `NotFound`."""
    person = queries.person(viewer, person_id, EDIT)
    log_sight(viewer, "person", person_id=person.pk, now=utc_now())
    return person


@router.get("people", response=schemas.Listed[schemas.PersonRowOut], summary="Find people")
def list_people(
    request: HttpRequest,
    q: Annotated[str, Query(max_length=1000, description="pieces of a name, an e-mail, a phone, a number")] = "",
    identifier: Annotated[str | None, Query(max_length=500, description="`kind:value`, exactly")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Any:
    """By pieces of anything (`q`), or by exactly one identifier (`identifier=customer_number:17850`); everybody by name
    when nothing is asked. Scope: `people.read`.
    """
    viewer = viewer_of(request)
    if cursor is None:
        viewer.require(queries.READ)
        log_sight(viewer, "list", detail=identifier or q, now=utc_now())
    if identifier is None:
        return shapes.page_out(search.search(viewer, q, limit=limit, cursor=cursor), shapes.row_out)
    kind, colon, value = identifier.partition(":")
    if not colon or q or cursor is not None:
        why = _("write it as kind:value, alone: email:anne@example.org")
        raise Invalid(names="identifier", fields={"identifier": why})
    return {"items": [shapes.row_out(row) for row in search.holders(viewer, kind, value, limit=limit)], "next": None}


@router.post("people", response={201: schemas.PersonOut}, summary="Make a person")
def create_person(request: HttpRequest, body: schemas.NewPerson) -> Any:
    """Nothing is mandatory. An identifier that another person has is refused (`people.identifier_taken`).
    Scope: `people.edit`.
    """
    viewer = viewer_of(request)
    viewer.require(EDIT)
    person = operations.create_person(
        given_name=body.given_name,
        family_name=body.family_name,
        language=body.language,
        address=body.address,
        country=body.country,
        site=access.site(viewer, body.site) if body.site else None,
        identifiers=[(i.kind, i.value) for i in body.identifiers],
        roles=body.roles,
        by=viewer.actor,
        now=utc_now(),
    )
    return shapes.person_out(viewer, person)


@router.get("people/{person_id}", response=schemas.PersonOut, summary="A person")
def get_person(request: HttpRequest, response: HttpResponse, person_id: UUID) -> Any:
    """Who she is; the sight is logged. An erased person is still there, without who she was. Scope: `people.read`."""
    viewer = viewer_of(request)
    return _versioned(response, shapes.person_out(viewer, seen(viewer, person_id)))


@router.patch("people/{person_id}", response=schemas.PersonOut, summary="Change a person")
def change_person(
    request: HttpRequest,
    response: HttpResponse,
    person_id: UUID,
    body: schemas.PersonChange,
    if_match: Annotated[
        str | None, Header(alias="If-Match", max_length=100, description="the `version` that was read")
    ] = None,
) -> Any:
    """Names, language, address, country, site (null: none); what is not named stays. With `If-Match`, refused
    (`people.changed_meanwhile`) where somebody changed her since. Scope: `people.edit`.
    """
    viewer = viewer_of(request)
    person = edited(viewer, person_id)
    changes = body.model_dump(exclude_unset=True)
    if changes.get("site"):
        changes["site"] = access.site(viewer, changes["site"])
    version = None if if_match in (None, "*") else if_match.removeprefix("W/").strip('"')
    changed = operations.update_person(person, version=version, by=viewer.actor, now=utc_now(), **changes)
    return _versioned(response, shapes.person_out(viewer, changed))


def _versioned(response: HttpResponse, person: schemas.PersonOut) -> schemas.PersonOut:
    response.headers["ETag"] = f'"{person.version}"'
    return person
