"""Saying that two people are one, and taking it back: the operations that the pages call."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Status

from egard.api import schemas, shapes
from egard.api.authentication import viewer_of
from egard.api.people import seen
from egard.api.schemas import Cursor, Limit
from egard.base.clock import utc_now
from egard.kernel.access.operations import log_sight
from egard.kernel.lifecycle import operations
from egard.kernel.lifecycle.queries import pair
from egard.kernel.people import queries

router = Router(tags=["people"])


@router.get("people/{person_id}/merges", response=schemas.Listed[schemas.MergeOut], summary="Her merges")
def list_merges(request: HttpRequest, person_id: UUID, limit: Limit = 50, cursor: Cursor = None) -> Any:
    """Those that hold and those that were undone, the latest first. Scope: `people.read`."""
    viewer = viewer_of(request)
    found = queries.merges(viewer, seen(viewer, person_id, "merges"), limit=limit, cursor=cursor)
    return shapes.page_out(found, shapes.merge_out)


@router.post("people/{person_id}/merges", response={201: schemas.MergeOut}, summary="Merge another into her")
def merge_people(request: HttpRequest, person_id: UUID, body: schemas.MergeIn) -> Any:
    """From now on both ids lead to this person. Nothing moves: undone, each has again what was recorded for her, before
    the merge or since. Refused with herself, an erased person, two with accounts of their own
    (`people.two_accounts`), or one who is merged already (`people.already_merged`). Scope: `people.merge`.
    """
    viewer = viewer_of(request)
    now = utc_now()
    survivor, absorbed = pair(viewer, person_id, body.other)
    for person in (survivor, absorbed):
        log_sight(viewer, "merge", person_id=person.pk, now=now)
    merge = operations.merge_persons(survivor, absorbed, reason=body.reason, by=viewer.actor, now=now)
    return shapes.merge_out(merge)


@router.delete("merges/{merge_id}", response={204: None}, summary="Undo a merge")
def undo_merge(request: HttpRequest, merge_id: UUID) -> Any:
    """The two are apart again; later merges stay. Twice is refused (`people.merge_undone`), as is an erased person.
    Scope: `people.merge`.
    """
    viewer = viewer_of(request)
    operations.undo_merge(queries.merge(viewer, merge_id), by=viewer.actor, now=utc_now())
    return Status(204, None)
