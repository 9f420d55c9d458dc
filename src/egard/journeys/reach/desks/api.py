"""Desks and absences for programs."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Field, Router, Schema, Status

from egard.api.authentication import viewer_of
from egard.api.schemas import In, Listed
from egard.base.clock import utc_now
from egard.base.moments import Moment
from egard.journeys.reach import moving, operations, queries, state
from egard.journeys.reach.models import Absence, Desk
from egard.kernel.access.actors import Viewer
from egard.kernel.access.queries import colleague
from egard.kernel.promises.calendars import HOUSE

router = Router()


class AbsenceOut(Schema):
    id: UUID
    since: datetime
    until: datetime


class DeskOut(Schema):
    user: UUID
    name: str
    line: str
    calendar: str
    deputy: UUID | None
    presence: Literal["available", "busy", "away"]
    until: datetime | None
    absences: list[AbsenceOut]


class DeskIn(In):
    line: Annotated[str, Field(max_length=32)] = ""
    calendar: Annotated[str, Field(max_length=64)] = HOUSE
    deputy: UUID | None = None


class AbsenceIn(In):
    since: Moment
    until: Moment


class ReliefOut(Schema):
    moved: int
    left: list[UUID]


@router.get("desks", response=Listed[DeskOut], summary="Desks")
def list_desks(request: HttpRequest) -> Any:
    """Of those whom one manages, by name, with the absences that are or come. Scope: `reach.manage`."""
    viewer, now = viewer_of(request), utc_now()
    rows = queries.desks(viewer, now=now)
    return {"items": [_out(row, row.away, now=now) for row in rows], "next": None}  # type: ignore[attr-defined]


@router.get("desks/{user_id}", response=DeskOut, summary="A desk")
def get_desk(request: HttpRequest, user_id: UUID) -> Any:
    """One's own (`reach.answer`), or of somebody whom one manages. Scope: `reach.manage`."""
    return _one(viewer_of(request), user_id)


@router.put("desks/{user_id}", response=DeskOut, summary="Set a desk")
def put_desk(request: HttpRequest, user_id: UUID, body: DeskIn) -> Any:
    """The direct line (E.164, or as it is dialled at home), working hours (the code of a calendar), and who stands in.
    Scope: `reach.manage`, or `reach.answer` for oneself.
    """
    viewer = viewer_of(request)
    deputy = colleague(viewer, body.deputy) if body.deputy else None
    user = queries.colleague(viewer, user_id)
    operations.set_desk(user, line=body.line, calendar=body.calendar, deputy=deputy, by=viewer.actor, now=utc_now())
    return _one(viewer, user_id)


@router.post("desks/{user_id}/absences", response={201: AbsenceOut}, summary="Somebody is absent")
def add_absence(request: HttpRequest, user_id: UUID, body: AbsenceIn) -> Any:
    """From a moment to another; the same one again is the same absence, one that overlaps another is refused
    (`reach.absent_already`). Scope: `reach.manage`, or `reach.answer` for oneself.
    """
    viewer, now = viewer_of(request), utc_now()
    desk = operations.desk_for(queries.colleague(viewer, user_id), now=now)
    assert desk is not None
    made = operations.add_absence(desk, body.since, body.until, by=viewer.actor, now=now)
    return _absence(made)


@router.delete("absences/{absence_id}", response={204: None}, summary="Back again")
def end_absence(request: HttpRequest, absence_id: UUID) -> Any:
    """What lies ahead of an absence no longer holds. Scope: `reach.manage`, or `reach.answer` for oneself."""
    viewer = viewer_of(request)
    operations.end_absence(queries.absence(viewer, absence_id), by=viewer.actor, now=utc_now())
    return Status(204, None)


@router.post("absences/{absence_id}/relief", response={201: ReliefOut}, summary="Give what falls due to the deputy")
def relieve(request: HttpRequest, absence_id: UUID) -> Any:
    """What she promised and falls due while she is absent: how much went, and the promises that stay hers because the
    deputy is not free at that moment. Scope: `reach.manage`, or `reach.answer` for oneself.
    """
    viewer, now = viewer_of(request), utc_now()
    held = queries.absence(viewer, absence_id)
    owed = queries.owed_in(viewer, held.desk.user, max(held.since, now), held.until)
    moved, stuck = moving.to_deputy(held.desk, owed, by=viewer.actor, now=now)
    return {"moved": moved, "left": [one.uuid for one in stuck]}


def _one(viewer: Viewer, user_id: UUID) -> dict[str, Any]:
    now = utc_now()
    held = queries.desk(viewer, user_id)
    return _out(held, queries.absences(viewer, held, now=now) if held.pk else [], now=now)


def _out(row: Desk, away: list[Absence], *, now: datetime) -> dict[str, Any]:
    presence, until = state.presence_of(row, now=now)
    return {
        "user": row.user_id, "name": row.user.name, "line": row.line, "calendar": row.calendar,
        "deputy": row.deputy_id, "presence": presence, "until": until,
        "absences": [_absence(one) for one in away],
    }  # fmt: skip


def _absence(row: Absence) -> dict[str, Any]:
    return {"id": row.uuid, "since": row.since, "until": row.until}
