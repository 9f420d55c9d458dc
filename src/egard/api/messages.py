"""Conversations: what is said between a person and the organisation, on every channel."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router

from egard.api import message_schemas as shapes_of
from egard.api import shapes
from egard.api.authentication import viewer_of
from egard.api.people import seen
from egard.api.schemas import Cursor, Limit, Listed, StaffOut, TeamOut
from egard.base.clock import utc_now
from egard.kernel.access import queries as access
from egard.kernel.access.actors import Viewer
from egard.kernel.access.operations import log_sight
from egard.kernel.cases import answering
from egard.kernel.messages import checking, conversing, noting, queries, serving, sorting, templating
from egard.kernel.messages.models import Message, Thread
from egard.kernel.messages.rules.mime import File
from egard.kernel.people import queries as people
from egard.kernel.people.guard import require_reason

router = Router(tags=["messages"])


def thread_out(row: Thread) -> dict[str, Any]:
    person, claimed = row.person, row.claimed
    same = ("channel", "subject", "language", "state", "snoozed_until", "created_at", "last_at")
    return {
        "id": row.uuid,
        "person": (person.root or person).uuid if person else None,
        "claimed": claimed.uuid if claimed else None,
        "assignee": StaffOut.model_validate(row.assignee) if row.assignee else None,
        "team": TeamOut.model_validate(row.team) if row.team else None,
        "promise": row.awaiting,
        **{name: getattr(row, name) for name in same},
    }


def message_out(row: Message, thread: UUID) -> dict[str, Any]:
    same = (
        *("direction", "channel", "author", "sender", "sender_name", "subject", "text", "folded", "state", "trust"),
        *("automatic", "language", "score", "at"),
    )
    files = [{"id": f.uuid, "name": f.name, "type": f.type, "size": f.size} for f in row.attachments.all()]
    return {"id": row.uuid, "thread": thread, "files": files, **{name: getattr(row, name) for name in same}}


def read(viewer: Viewer, thread_id: UUID) -> Thread:
    """The conversation within the viewer's scope, and the sight of whose it is. Raises `NotFound`."""
    row = queries.thread(viewer, thread_id)
    if row.person is not None:
        require_reason(viewer, row.person)
        log_sight(viewer, "messages", person_id=row.person.pk, detail=str(row.uuid), now=utc_now())
    return row


def whole_out(row: Thread) -> dict[str, Any]:
    return {**thread_out(row), "messages": [message_out(one, row.uuid) for one in row.said]}


@router.get("threads", response=Listed[shapes_of.ThreadOut], summary="Conversations")
def list_threads(
    request: HttpRequest,
    state: shapes_of.State | None = None,
    person: UUID | None = None,
    box: Annotated[str, Query(pattern="^(mine|team|unassigned|snoozed)?$", description="mine, team, …")] = "",
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Any:
    """The newest word first. Scope: `messages.converse`, and `people.read` with a person."""
    viewer = viewer_of(request)
    viewer.require(queries.CONVERSE)
    now = utc_now()
    whose = seen(viewer, person, "messages") if person else None
    if cursor is None:
        log_sight(viewer, "list", detail=f"threads {state or box}".strip(), now=now)
    page = queries.threads(viewer, state=state or "", person=whose, box=box, now=now, limit=limit, cursor=cursor)
    return shapes.page_out(page, thread_out)


@router.get("threads/{thread_id}", response=shapes_of.ThreadWhole, summary="A conversation")
def get_thread(request: HttpRequest, thread_id: UUID) -> Any:
    """With all that was said; the sight is logged. What was joined leads on. Scope: `messages.converse`."""
    return whole_out(read(viewer_of(request), thread_id))


@router.patch("threads/{thread_id}", response=shapes_of.ThreadWhole, summary="Put it in order")
def change_thread(request: HttpRequest, thread_id: UUID, body: shapes_of.ThreadIn) -> Any:
    """Close or take up again, assign, put off, say who an unknown sender is. What is not named stays.
    Scope: `messages.converse`.
    """
    viewer, said = viewer_of(request), body.model_fields_set
    row = read(viewer, thread_id)
    told: dict[str, Any] = {"by": viewer.actor, "now": utc_now()}
    if body.person is not None:
        sorting.identify(row, people.person(viewer, body.person), **told)
    if said & {"assignee", "team"}:
        chosen = access.colleague(viewer, body.assignee) if body.assignee else None
        assignee = chosen if "assignee" in said else row.assignee
        conversing.assign(row, assignee=assignee, team=access.team(viewer, body.team) if body.team else None, **told)
    if "snoozed_until" in said:
        conversing.snooze(row, until=body.snoozed_until, **told)
    if body.state is not None:
        (conversing.close if body.state == "closed" else conversing.reopen)(row, **told)
    return whole_out(queries.thread(viewer, thread_id))


@router.post("messages", response={201: shapes_of.MessageOut}, summary="Say something")
def say(request: HttpRequest, body: shapes_of.MessageIn) -> Any:
    """An answer or a note in a conversation (`thread`), or a message to a `person` with whom one begins. An answer
    keeps the promise of one when it has left, and may complete a step of her case (`completes`): both or neither
    happens. Refused: `messages.no_consent`, `messages.address_dead`…
    Scope: `messages.converse`.
    """
    viewer, now = viewer_of(request), utc_now()
    viewer.require(queries.CONVERSE)
    checking.require_moment(body.moment)
    words = conversing.Words(text=body.text, subject=body.subject, moment=body.moment)
    told: dict[str, Any] = {"by": viewer.actor, "now": now, "key": body.key}
    if body.thread is not None:
        row = read(viewer, body.thread)
        if body.note:
            made = conversing.note(row, words, **told)
        else:
            wait = max(timedelta(seconds=body.undo_seconds), (body.send_at or now) - now)
            made = _answer(viewer, row, words, wait, body, told)
    else:
        person = people.person(viewer, body.person, queries.CONVERSE) if body.person else None
        if person is None or body.note:
            raise conversing.BadMessage(why="thread or person", fields={"person": "thread or person"})
        made = conversing.write(person, body.channel, words, purpose=body.purpose, send_at=body.send_at, **told)
    return message_out(made, made.thread.uuid)


def _answer(
    viewer: Viewer, row: Thread, words: conversing.Words, wait: timedelta, body: shapes_of.MessageIn,
    told: dict[str, Any],
) -> Message:  # fmt: skip
    if body.completes is None:
        return conversing.reply(row, words, after=wait, **told)
    chosen = answering.Chosen(**body.completes.model_dump())
    return answering.reply(viewer, row, words, chosen, after=wait, now=told["now"], key=body.key)


@router.post("messages/received", response={201: shapes_of.MessageOut}, summary="Take down what she said")
def take_down(request: HttpRequest, body: shapes_of.TakenDownIn) -> Any:
    """A letter on paper, scanned in, or what she said at the counter or on the phone: an answer is owed from `said_at`
    on. You vouch for who said it. Scope: `messages.converse`.
    """
    viewer, now = viewer_of(request), utc_now()
    viewer.require(queries.CONVERSE)
    person = people.person(viewer, body.person, queries.CONVERSE)
    pages = [File(one.name, "", one.content) for one in body.files]
    words = conversing.Words(text=body.text, subject=body.subject, files=pages)
    made = noting.take_down(
        person, body.channel, words, said_at=body.said_at, thread=read(viewer, body.thread) if body.thread else None,
        reference=body.reference, by=viewer.actor, now=now, key=body.key,
    )  # fmt: skip
    return message_out(made, made.thread.uuid)


@router.delete("messages/{message_id}", response=shapes_of.MessageOut, summary="Take it back")
def take_back(request: HttpRequest, message_id: UUID) -> Any:
    """While it has not left (`messages.too_late_to_undo` afterwards). Scope: `messages.converse`."""
    viewer = viewer_of(request)
    row = queries.message(viewer, message_id)
    return message_out(answering.undo(viewer, row, now=utc_now()), row.thread.uuid)


@router.get("messages/{message_id}/files/{file_id}", include_in_schema=False)
def get_file(request: HttpRequest, message_id: UUID, file_id: UUID) -> HttpResponse:
    """A file as it came, to be saved and never shown. Scope: `messages.converse`."""
    viewer = viewer_of(request)
    row = queries.message(viewer, message_id)
    read(viewer, row.thread.uuid)
    return serving.file(queries.file(viewer, row, file_id))


@router.get("templates", response=list[shapes_of.TemplateOut], summary="Texts of the house")
def list_templates(request: HttpRequest) -> Any:
    """Each in its newest version. Scope: `messages.converse`."""
    viewer_of(request).require(queries.CONVERSE)
    return templating.newest()


@router.post("templates", response={201: shapes_of.TemplateOut}, summary="Write one")
def set_template(request: HttpRequest, body: shapes_of.TemplateIn) -> Any:
    """A new version, which holds from now on; the same text again is no new one. Scope: `messages.templates`."""
    viewer = viewer_of(request)
    viewer.require(queries.TEMPLATES)
    checking.require_moment(body.moment)
    return templating.set_template(templating.Draught(**body.model_dump()), by=viewer.actor, now=utc_now())


@router.post("templates/{code}/preview", response={201: shapes_of.PreviewOut}, summary="Try it on a person")
def preview_template(request: HttpRequest, code: str, body: shapes_of.PreviewIn) -> Any:
    """What it says to her; what is not known of her stands marked. Scope: `messages.converse`, and `people.read`."""
    viewer = viewer_of(request)
    viewer.require(queries.CONVERSE)
    person = seen(viewer, body.person, "messages") if body.person else None
    held = templating.template(code, body.language, person.language if person else "")
    shown = templating.preview(held, person, author=viewer.actor.name)
    return {"language": held.language, "subject": shown.subject, "text": shown.text}


@router.delete("templates/{code}", response=list[shapes_of.TemplateOut], summary="Offer it no more")
def retire_template(request: HttpRequest, code: str) -> Any:
    """In any language; its versions stay. Answers what is left. Scope: `messages.templates`."""
    viewer = viewer_of(request)
    viewer.require(queries.TEMPLATES)
    templating.retire_template(code, by=viewer.actor, now=utc_now())
    return templating.newest()
