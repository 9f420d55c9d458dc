"""What a person lived with the organisation."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router

from egard.api import schemas, shapes
from egard.api.authentication import viewer_of
from egard.api.people import seen
from egard.api.schemas import Cursor, Limit
from egard.base.clock import utc_now
from egard.base.moments import Moment
from egard.kernel.access.operations import log_sight
from egard.kernel.people.guard import require_reason
from egard.kernel.timeline import queries

router = Router(tags=["timeline"])


@router.get("people/{person_id}/timeline", response=schemas.Listed[schemas.EntryOut], summary="Her timeline")
def list_timeline(
    request: HttpRequest,
    person_id: UUID,
    kind: Annotated[
        list[Annotated[str, Query(max_length=120)]],
        Query(max_length=50, description="`purchases.made/1`, or `purchases.made` for all versions; repeatable"),
    ] = [],  # noqa: B006
    q: Annotated[str, Query(max_length=200, description="a text inside the data")] = "",
    since: Annotated[Moment | None, Query(description="included")] = None,
    until: Annotated[Moment | None, Query(description="not included")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Any:
    """Newest first, by when things happened; the sight is logged. Scopes: `people.read`, `timeline.read`."""
    viewer = viewer_of(request)
    viewer.require(queries.READ)
    found = queries.timeline(
        viewer,
        seen(viewer, person_id, "timeline"),
        kind=kind,
        q=q,
        since=since,
        until=until,
        limit=limit,
        cursor=cursor,
    )
    return shapes.page_out(found, shapes.entry_out)


@router.get("events/{event_id}", response=schemas.FactOut, summary="One fact")
def get_event(request: HttpRequest, event_id: UUID) -> Any:
    """By its id, with the person it is about; the sight is logged. Scopes: `people.read`, `timeline.read`."""
    viewer = viewer_of(request)
    person, entry = queries.fact(viewer, event_id)
    if person is not None:
        require_reason(viewer, person)
        log_sight(viewer, "timeline", person_id=person.pk, detail=str(event_id), now=utc_now())
    return {**shapes.entry_out(entry), "person": person.uuid if person else None}
