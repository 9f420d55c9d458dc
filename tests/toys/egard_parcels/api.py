"""One endpoint, mounted by the API's shell."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema

from egard.api.authentication import viewer_of
from egard.api.people import seen
from egard_parcels import queries

router = Router(tags=["parcels"])


class ParcelList(Schema):
    items: list[str]
    next: None = None


@router.get("people/{person_id}/parcels", response=ParcelList, summary="Her parcels")
def list_parcels(request: HttpRequest, person_id: UUID) -> ParcelList:
    """The numbers of a person's parcels. Scope: `parcels.read`."""
    viewer = viewer_of(request)
    found = queries.parcels(viewer, seen(viewer, person_id))
    return ParcelList(items=[parcel.number for parcel in found])
