"""Friction and leaving, for programs."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema, Status
from pydantic import Field

from egard.api.authentication import viewer_of
from egard.base.clock import utc_now
from egard.base.moments import Moment
from egard.base.refusal import NotFound
from egard.journeys.friction import operations, queries, shown
from egard.kernel.access.operations import log_sight
from egard.kernel.people import queries as people

router = Router(tags=["friction"])
Reason = Literal["unhappy", "price", "elsewhere", "moved", "died", "inactive", "other"]


class FeltOut(Schema):
    kind: str
    process: str
    times: int = Field(description="in two years")
    points: float = Field(description="what it still counts")
    last_at: datetime


class FrictionOut(Schema):
    index: float
    level: float | None = Field(description="from this index on twice as many leave; null where it is not known")
    left_at: datetime | None
    reasons: list[FeltOut]


class LeavingIn(Schema):
    person: UUID
    reason: Reason = "other"
    words: str = Field("", max_length=500)
    at: Moment
    key: str = Field(min_length=1, max_length=100, description="names this leaving for ever")


class LeavingOut(Schema):
    id: UUID
    person: UUID
    reason: Reason
    at: datetime


class FrictionFiguresOut(Schema):
    at: datetime
    figures: dict[str, Any] = Field(
        description="relation to leaving (or how many leavings are missing), processes, places, changes"
    )


class FrictionChangeIn(Schema):
    process: str = Field(min_length=1, max_length=64)
    name: str = Field(min_length=1, max_length=120)
    starts_at: Moment
    share: int = Field(100, ge=1, le=100, description="of a hundred persons, so many have the new way, by lot")


class FrictionChangeOut(Schema):
    id: UUID
    process: str
    name: str
    starts_at: datetime
    ends_at: datetime | None
    share: int


class ChangeList(Schema):
    items: list[FrictionChangeOut]


class WayOut(Schema):
    new: bool


def _change(one: Any) -> dict[str, Any]:
    names = ("process", "name", "starts_at", "ends_at", "share")
    return {"id": one.uuid, **{name: getattr(one, name) for name in names}}


@router.get("friction", response=FrictionFiguresOut, summary="How friction goes with leaving")
def get_friction_figures(request: HttpRequest) -> Any:
    """The figures that were reckoned last (each night, and when asked for). A relation is told from twenty leavings on
    for each predictor; else how many are missing. 404 before the first. Scope: `friction.read`.
    """
    held = queries.latest(viewer_of(request))
    if held is None:
        raise NotFound
    return {"at": held.at, "figures": held.figures}


@router.post("friction/reckonings", response={202: None}, summary="Reckon the figures")
def reckon_friction(request: HttpRequest) -> Any:
    """As soon as a worker can. Scope: `friction.manage`."""
    viewer = viewer_of(request)
    viewer.require(queries.MANAGE)
    operations.reckon(by=viewer.actor, now=utc_now())
    return Status(202, None)


@router.get("friction/people/{person_id}", response=FrictionOut, summary="What friction somebody met")
def get_friction(request: HttpRequest, person_id: UUID) -> Any:
    """Her index with its reasons, the heaviest first. The sight is logged. Scope: `friction.person`."""
    viewer, now = viewer_of(request), utc_now()
    person = queries.person(viewer, person_id)
    found = queries.of_person(viewer, person, now=now)
    log_sight(viewer, "panel", person_id=person.pk, detail="friction", now=now)
    return shown.told(found) if found else {"index": 0.0, "level": None, "left_at": None, "reasons": []}


@router.post("friction/leavings", response={201: LeavingOut}, summary="Say that somebody left")
def say_left(request: HttpRequest, body: LeavingIn) -> Any:
    """She is no longer a client; the same key says it once. Scope: `friction.leave`."""
    viewer, now = viewer_of(request), utc_now()
    viewer.require(operations.LEAVE)
    person = people.person(viewer, body.person)
    made = operations.leave(
        person,
        body.reason,
        said=body.words,
        at=body.at,
        by=viewer.actor,
        channel="api",
        key=f"left:{body.key}",
        now=now,
    )
    return Status(201, {"id": made.uuid, "person": person.uuid, "reason": made.data["reason"], "at": made.at})


@router.get("friction/changes", response=ChangeList, summary="Changes of processes")
def list_friction_changes(request: HttpRequest) -> Any:
    """The latest first. Scope: `friction.read`."""
    return {"items": [_change(one) for one in queries.changes(viewer_of(request))]}


@router.post("friction/changes", response={201: FrictionChangeOut}, summary="Declare a change of a process")
def declare_friction_change(request: HttpRequest, body: FrictionChangeIn) -> Any:
    """From a moment on, for everybody or for a share of persons drawn by lot. Scope: `friction.manage`."""
    viewer, now = viewer_of(request), utc_now()
    viewer.require(queries.MANAGE)
    told = body.model_dump()
    made = operations.declare_change(told.pop("process"), told.pop("name"), **told, by=viewer.actor, now=now)
    return Status(201, _change(made))


@router.post("friction/changes/{change_id}/end", response=FrictionChangeOut, summary="End a change")
def end_friction_change(request: HttpRequest, change_id: UUID) -> Any:
    """It is compared no longer. Scope: `friction.manage`."""
    viewer, now = viewer_of(request), utc_now()
    viewer.require(queries.MANAGE)
    return _change(operations.end_change(queries.change(viewer, change_id), by=viewer.actor, now=now))


@router.get("friction/changes/{change_id}/people/{person_id}", response=WayOut, summary="Which way somebody has")
def get_friction_way(request: HttpRequest, change_id: UUID, person_id: UUID) -> Any:
    """Whether she has the new way: asked by whatever runs the process. Always the same answer while the change runs.
    Scope: `friction.person`, `friction.read`.
    """
    viewer, now = viewer_of(request), utc_now()
    found, person = queries.change(viewer, change_id), queries.person(viewer, person_id)
    return {"new": queries.has_new_way(viewer, found, person, now=now)}
