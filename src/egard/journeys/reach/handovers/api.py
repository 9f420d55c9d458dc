"""Handing portfolios over, for programs."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Field, Router, Schema

from egard.api.authentication import viewer_of
from egard.api.schemas import Cursor, In, Limit, Listed
from egard.base.clock import utc_now
from egard.base.moments import Moment
from egard.journeys.reach.handovers import operations, queries, wording
from egard.journeys.reach.models import Handover
from egard.kernel.access.actors import Viewer
from egard.kernel.access.operations import log_sight
from egard.kernel.access.queries import colleague

router = Router()


class HandoverWords(Schema):
    subject: Annotated[str, Field(max_length=200)]
    text: Annotated[str, Field(max_length=20_000)]


class HandoverIn(In):
    giver: UUID
    taker: UUID
    persons: Annotated[list[UUID], Field(min_length=1, max_length=200)] | None = None
    at: Moment | None = None
    words: dict[Literal["fr", "en"], HandoverWords] | None = None


class HandoverOut(Schema):
    id: UUID
    giver: UUID
    taker: UUID
    state: Literal["planned", "running", "done", "withdrawn"]
    at: datetime
    ended_at: datetime | None
    clients: int
    looked_at: int
    handed_over: int
    told: int
    not_told: dict[str, int]


class HandedClientOut(Schema):
    person: UUID | None
    at: datetime | None
    told_by: str
    why: str
    promises: int


@router.get("handovers", response=Listed[HandoverOut], summary="Portfolios handed over")
def list_handovers(request: HttpRequest, limit: Limit = 50, cursor: Cursor = None) -> Any:
    """The latest first: one's own, and of those whom one manages. Scope: `reach.manage` or `reach.answer`."""
    viewer = viewer_of(request)
    page = queries.handovers(viewer, limit=limit, cursor=cursor)
    far = queries.progress(viewer, page.items)
    return {"items": [_out(row, far[row.pk]) for row in page.items], "next": page.next}


@router.post("handovers", response={201: HandoverOut}, summary="Hand a portfolio over")
def hand_over(request: HttpRequest, body: HandoverIn) -> Any:
    """All clients of one adviser, or `persons`, to another, `at` a moment or in ten seconds; each is told once, by
    `words` with merge fields, else by the house's own. Scope: `reach.manage`, or `reach.answer` for one's own clients.
    """
    viewer = viewer_of(request)
    giver = queries.giver(viewer, body.giver)
    words = {code: one.dict() for code, one in body.words.items()} if body.words else wording.ours()
    persons = queries.picked(viewer, body.persons) if body.persons else None
    made = operations.plan(
        giver, colleague(viewer, body.taker), words, persons=persons, at=body.at, by=viewer.actor, now=utc_now()
    )
    return _one(viewer, made)


@router.get("handovers/{handover_id}", response=HandoverOut, summary="How far a handover is")
def get_handover(request: HttpRequest, handover_id: UUID) -> Any:
    """Scope: `reach.manage` or `reach.answer`."""
    viewer = viewer_of(request)
    return _one(viewer, queries.handover(viewer, handover_id))


@router.get("handovers/{handover_id}/clients", response=Listed[HandedClientOut], summary="Its clients")
def list_handed(request: HttpRequest, handover_id: UUID, limit: Limit = 50, cursor: Cursor = None) -> Any:
    """Who was told by which channel, who was not and why; whoever one may not see has no id. Scope: `reach.manage` or
    `reach.answer`.
    """
    viewer = viewer_of(request)
    held = queries.handover(viewer, handover_id)
    log_sight(viewer, "list", detail=f"handover {held.uuid}", now=utc_now())
    page = queries.clients(viewer, held, limit=limit, cursor=cursor)
    items = [
        {"person": one.person.uuid if one.person else None, "at": one.row.at, "told_by": one.row.told_by,
         "why": one.row.why, "promises": one.row.moved}
        for one in page.items
    ]  # fmt: skip
    return {"items": items, "next": page.next}


@router.post("handovers/{handover_id}/withdrawal", response={201: HandoverOut}, summary="Take it back")
def withdraw_handover(request: HttpRequest, handover_id: UUID) -> Any:
    """Before it begins. Scope: `reach.manage`, or `reach.answer` for one's own clients."""
    viewer = viewer_of(request)
    held = queries.handover(viewer, handover_id)
    queries.giver(viewer, held.giver_id)
    return _one(viewer, operations.withdraw(held, by=viewer.actor, now=utc_now()))


def _one(viewer: Viewer, row: Handover) -> dict[str, Any]:
    return _out(row, queries.progress(viewer, [row])[row.pk])


def _out(row: Handover, far: queries.Progress) -> dict[str, Any]:
    return {
        "id": row.uuid, "giver": row.giver_id, "taker": row.taker_id, "state": row.state, "at": row.at,
        "ended_at": row.ended_at, "clients": far.n, "looked_at": far.looked_at, "handed_over": far.handed,
        "told": far.told, "not_told": far.why,
    }  # fmt: skip
