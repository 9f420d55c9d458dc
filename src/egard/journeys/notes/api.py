"""Notes on a person, for programs."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Field, Router, Schema

from egard.api.authentication import viewer_of
from egard.api.people import seen
from egard.api.schemas import Cursor, Limit
from egard.base.clock import utc_now
from egard.base.ids import new_id
from egard.journeys.notes import operations, queries
from egard.kernel.people import queries as people
from egard.kernel.timeline import queries as timeline

router = Router(tags=["notes"])


class NewPersonNote(Schema):
    text: str = Field(min_length=1, max_length=operations.TEXT_MAX)
    mentions: list[UUID] = Field(default=[], max_length=50, description="colleagues whom it names")
    corrects: UUID | None = Field(default=None, description="the note of one's own in whose place it stands")


class NoteOut(Schema):
    id: UUID
    at: datetime
    by: str
    text: str
    mentions: list[UUID]
    corrects: UUID | None = None
    corrected_by: UUID | None = None


class NoteList(Schema):
    items: list[NoteOut]
    next: str | None = None


@router.get("people/{person_id}/notes", response=NoteList, summary="Notes on her")
def list_notes(request: HttpRequest, person_id: UUID, limit: Limit = 50, cursor: Cursor = None) -> Any:
    """What staff wrote about her, newest first. Scopes: `people.read`, `timeline.read`."""
    viewer = viewer_of(request)
    viewer.require(timeline.READ)
    page = queries.notes(viewer, seen(viewer, person_id, "timeline"), limit=limit, cursor=cursor)
    return {"items": [_out(entry) for entry in page.items], "next": page.next}


@router.post("people/{person_id}/notes", response={201: NoteOut}, summary="Write a note on her")
def write_note(request: HttpRequest, person_id: UUID, body: NewPersonNote) -> Any:
    """Private to staff. A note is corrected by who wrote it (`corrects`). Scope: `notes.write`."""
    viewer, now = viewer_of(request), utc_now()
    person = people.person(viewer, person_id, queries.WRITE)
    told: dict[str, Any] = {
        "mentions": body.mentions,
        "key": str(new_id()),
        "by": viewer.actor,
        "channel": "api",
        "now": now,
    }
    if body.corrects:
        fact = operations.correct_note(person, body.corrects, body.text, **told)
    else:
        fact = operations.write_note(person, body.text, **told)
    return {"id": fact.uuid, "at": fact.at, "by": fact.by, "corrects": fact.corrects, **fact.data}


def _out(entry: timeline.Entry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "at": entry.at,
        "by": entry.by,
        "text": entry.data["text"],
        "mentions": entry.data["mentions"],
        "corrects": entry.corrects,
        "corrected_by": entry.corrected_by,
    }
