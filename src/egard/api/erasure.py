"""A person's own copy of all that is held on her, and her erasure."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Router

from egard.api import schemas
from egard.api.authentication import viewer_of
from egard.api.problems import answer
from egard.base.clock import utc_now
from egard.kernel.lifecycle import operations
from egard.kernel.people import queries

router = Router(tags=["people"])


@router.get(
    "people/{person_id}/export",
    response={200: dict[str, Any]},
    summary="All that is held on her",
)
def export_person(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """One object a package or journey that holds something on her; the sight is logged.
    Scopes: `people.read`, `people.export`.
    """
    viewer = viewer_of(request)
    person = queries.person(viewer, person_id, "people.export")
    response = answer(operations.export_person(viewer, person, now=utc_now()))
    response["Content-Disposition"] = f'attachment; filename="{person.uuid}.json"'
    return response


@router.post("people/{person_id}/erasure", response={201: schemas.ErasureOut}, summary="Erase her")
def erase_person(request: HttpRequest, person_id: UUID) -> Any:
    """Takes away who she was, everywhere and at once; that things happened, and every sum, stay. It cannot be undone.
    Erasing twice changes nothing. Scope: `people.erase`.
    """
    viewer = viewer_of(request)
    person = queries.person(viewer, person_id, "people.erase")
    operations.erase_person(person, by=viewer.actor, now=utc_now())
    person.refresh_from_db(fields=["erased_at"])
    return {"id": person.uuid, "erased_at": person.erased_at}
