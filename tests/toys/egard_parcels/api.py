"""One endpoint, mounted by the API's shell."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema

from egard.kernel.people.queries import person as find_person
from egard_parcels import queries

router = Router(tags=["parcels"])


class ParcelList(Schema):
    items: list[str]
    next: None = None


@router.get("/people/{id}/parcels", response=ParcelList)
def parcels_of(request: HttpRequest, id: UUID) -> ParcelList:
    """The numbers of a person's parcels."""
    viewer = request.auth  # type: ignore[attr-defined]
    return ParcelList(items=[parcel.number for parcel in queries.parcels(viewer, find_person(viewer, id))])
