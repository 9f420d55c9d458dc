"""Questions on conversations and on what went out. Each takes the viewer first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import Case, Count, F, OuterRef, Prefetch, Q, QuerySet, Subquery, When

from egard.base.paging import Page, bounded, decode_cursor, encode_cursor, micros, moment_of
from egard.base.refusal import NotFound
from egard.kernel.access.actors import Viewer
from egard.kernel.messages.models import STATES, Attachment, Message, Outgoing, Thread
from egard.kernel.people import queries as people
from egard.kernel.people.models import Person
from egard.kernel.promises.models import Promise
from egard.kernel.registry import registry

READ, CONVERSE, TEMPLATES = "messages.read", "messages.converse", "messages.templates"
_RELATED = ("person", "person__root", "claimed", "assignee", "team")


def outbox(
    viewer: Viewer, *, state: str = "", to: str = "", limit: int = 50, cursor: str | None = None
) -> Page[Outgoing]:
    """What went out or is about to, newest first: in one state, to one address, or all. One query.

    Raises `NotAllowed` without messages.read everywhere: messages also go to staff.
    """
    viewer.require_everywhere(READ)
    found = Outgoing.objects.select_related("person").defer("html", "text").order_by("-id")
    if state in STATES:
        found = found.filter(state=state)
    if to.strip():
        found = found.filter(to=to.strip().lower().replace("\x00", ""))
    if cursor:
        found = found.filter(id__lt=decode_cursor(cursor, "outbox", int)[0])
    limit = bounded(limit)
    rows = list(found[: limit + 1])
    return Page(rows[:limit], encode_cursor("outbox", rows[limit - 1].pk) if len(rows) > limit else None)


def outgoing(viewer: Viewer, uuid: UUID) -> Outgoing:
    """One message, whole; without the words of a kind that asks for more. Raises `NotAllowed`, `NotFound`."""
    viewer.require_everywhere(READ)
    found = Outgoing.objects.select_related("person").filter(uuid=uuid).first()
    if found is None:
        raise NotFound
    kind = registry.messages.get(found.kind)
    if kind is not None and kind.permission and not viewer.can(kind.permission):
        found.text = found.html = ""
    return found


def visible(viewer: Viewer) -> QuerySet[Thread]:
    """The conversations that the viewer may read: with persons within her scope, hers and her teams' own, and, for who
    answers everybody, those with nobody known. Raises `NotAllowed`.
    """
    scope = viewer.require(CONVERSE)
    found = Thread.objects.filter(joined_to=None)
    if scope == "all":
        return found
    known = people.visible(viewer, CONVERSE)
    return found.filter(
        Q(person__in=known) | Q(person__root__in=known) | Q(assignee=viewer.user_id) | Q(team__in=viewer.team_ids)
    )


def thread(viewer: Viewer, uuid: UUID) -> Thread:
    """One conversation with its messages in order (`said`) and their files; three queries. What was joined to another
    leads there. Raises `NotFound`.
    """
    said = Prefetch("messages", Message.objects.order_by("at", "id").prefetch_related("attachments"), to_attr="said")
    related = ("person", "person__root", "person__site", "claimed", "assignee", "team")
    found = visible(viewer).select_related(*related).prefetch_related(said).filter(uuid=_led_to(uuid)).first()
    if found is None:
        raise NotFound
    return found


def message(viewer: Viewer, uuid: UUID) -> Message:
    """One message with its conversation and files, within the viewer's reach. Raises `NotFound`."""
    asked = Message.objects.filter(uuid=uuid, thread__in=visible(viewer))
    found = asked.select_related("thread", "thread__person").prefetch_related("attachments").first()
    if found is None:
        raise NotFound
    return found


def siblings(viewer: Viewer, thread: Thread, *, most: int = 20) -> list[Thread]:
    """The other conversations with the same person, or with the same unknown address, the newest word first: what this
    one could be joined to. One query.
    """
    same = Q(person__in=thread.person.members) if thread.person else Q(person=None, address=thread.address)
    if thread.person is None and not thread.address:
        return []
    return list(visible(viewer).filter(same).exclude(pk=thread.pk).order_by("-last_at", "-id")[:most])


def leaving(viewer: Viewer, thread: Thread) -> dict[int, datetime]:
    """When each message of a conversation that the viewer was given leaves, where it waits for that. One query."""
    viewer.require(CONVERSE)
    found = Outgoing.objects.filter(message__thread=thread, message__state="queued", state="queued")
    return dict(found.values_list("message_id", "try_at"))


def fates(viewer: Viewer, key: str) -> dict[str, int]:
    """What became of the messages of one text to many, by state. Raises `NotAllowed` without messages.templates."""
    viewer.require(TEMPLATES)
    found = Message.objects.filter(mark__startswith=f"key:{key}:").values_list("state").annotate(n=Count("pk"))
    return dict(found.order_by("state"))


def file(viewer: Viewer, message: Message, uuid: UUID) -> Attachment:
    """A file of a message that the viewer was given. Raises `NotFound`."""
    viewer.require(CONVERSE)
    found = message.attachments.filter(uuid=uuid).first()
    if found is None:
        raise NotFound
    return found


def threads(
    viewer: Viewer,
    *,
    state: str = "",
    person: Person | None = None,
    box: str = "",
    now: datetime,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[Thread]:
    """Conversations, the newest word first: in one state, of one person, or in a box (see `_asked`). One query."""
    found = _asked(viewer, state, person, box, now).select_related(*_RELATED).order_by("-last_at", "-id")
    if cursor:
        at, pk = decode_cursor(cursor, "threads", int, int)
        found = found.filter(Q(last_at__lt=moment_of(at)) | Q(last_at=moment_of(at), id__lt=pk))
    limit = bounded(limit)
    rows = list(found[: limit + 1])
    after = encode_cursor("threads", micros(rows[limit - 1].last_at), rows[limit - 1].pk) if len(rows) > limit else None
    return Page(rows[:limit], after)


def to_answer(
    viewer: Viewer, *, shelf: str, box: str = "", now: datetime, limit: int = 50, cursor: str | None = None
) -> Page[Thread]:
    """The conversations of a shelf (see `_shelved`) as somebody works through them: what waits for us first, by when
    an answer was promised, the latest on top; then the newest word first. One query.
    """
    promised = Promise.objects.filter(uuid=OuterRef("awaiting")).values("due_at")[:1]
    found = _shelved(viewer, shelf, box, now).annotate(
        due_at=Case(When(state="waiting_for_us", then=Subquery(promised)), default=None)
    )
    found = found.select_related(*_RELATED).order_by(F("due_at").asc(nulls_last=True), "-last_at", "-id")
    if cursor:
        due, at, pk = decode_cursor(cursor, "to_answer", int, int, int)
        below = Q(last_at__lt=moment_of(at)) | Q(last_at=moment_of(at), id__lt=pk)
        same = Q(due_at=moment_of(due)) if due else Q(due_at=None)
        found = found.filter(same & below | (Q(due_at__gt=moment_of(due)) | Q(due_at=None) if due else Q(pk=None)))
    limit = bounded(limit)
    rows = list(found[: limit + 1])
    if len(rows) <= limit:
        return Page(rows, None)
    last = rows[limit - 1]
    until = last.due_at  # ty: ignore[missing-attribute]  (annotated above)
    due = micros(until) if until else 0
    return Page(rows[:limit], encode_cursor("to_answer", due, micros(last.last_at), last.pk))


def count_to_answer(viewer: Viewer, *, shelf: str, box: str = "", now: datetime, most: int = 1000) -> int:
    """How many they are, counted up to `most`."""
    return _shelved(viewer, shelf, box, now)[:most].count()


def lasts(viewer: Viewer, rows: Sequence[Thread]) -> dict[int, Message]:
    """What was said last in each of some conversations that the viewer was given: one query."""
    viewer.require(CONVERSE)
    said = Message.objects.filter(thread__in=[row.pk for row in rows]).exclude(direction="note").defer("html")
    return {one.thread_id: one for one in said.order_by("thread", "-id").distinct("thread")}


def _asked(viewer: Viewer, state: str, person: Person | None, box: str, now: datetime) -> QuerySet[Thread]:
    """`box`: `mine`, `team`, `unassigned`, `all` that is neither closed nor put off, `snoozed` what is."""
    found = visible(viewer)
    if state:
        found = found.filter(state=state)
    if person is not None:
        found = found.filter(person__in=person.members)
    if box == "snoozed":
        return found.filter(snoozed_until__gt=now)
    if box:
        found = found.exclude(snoozed_until__gt=now).exclude(state="closed")
    return _of(viewer, found, box)


def _shelved(viewer: Viewer, shelf: str, box: str, now: datetime) -> QuerySet[Thread]:
    """`shelf`: `waiting` for our answer, `answered` or waiting for nobody, put off (`snoozed`), `closed`, and `all`
    that is not closed. `box`: `mine`, `team` and `unassigned` of these.
    """
    off = Q(snoozed_until__gt=now)
    stands = {
        "waiting": Q(state="waiting_for_us") & ~off,
        "answered": Q(state__in=("waiting_for_them", "open")) & ~off,
        "snoozed": off & ~Q(state="closed"),
        "closed": Q(state="closed"),
        "all": ~Q(state="closed"),
    }
    return _of(viewer, visible(viewer).filter(stands[shelf]), box)


def _of(viewer: Viewer, found: QuerySet[Thread], box: str) -> QuerySet[Thread]:
    if box == "mine":
        return found.filter(assignee=viewer.user_id)
    if box == "team":
        return found.filter(team__in=viewer.team_ids)
    return found.filter(assignee=None) if box == "unassigned" else found


_HIDDEN_FROM_HER = Q(direction="note") | Q(state__in=("undone", "queued"))


def own_threads(viewer: Viewer, person: Person, *, most: int = 50) -> list[tuple[Thread, Message]]:
    """A person's own conversations, the newest word first, each with what was said last: two queries."""
    _require_herself(viewer, person)
    hers = Thread.objects.filter(person__in=person.members, joined_to=None)
    rows = list(hers.order_by("-last_at", "-id")[:most])
    said = Message.objects.filter(thread__in=[row.pk for row in rows]).exclude(_HIDDEN_FROM_HER)
    latest = {one.thread_id: one for one in said.order_by("thread", "-id").distinct("thread")}
    return [(row, latest[row.pk]) for row in rows if row.pk in latest]


def own_thread(viewer: Viewer, person: Person, uuid: UUID) -> Thread:
    """One of her own conversations with what was said to her and by her (`said`), and its files. Raises `NotFound`."""
    _require_herself(viewer, person)
    shown = Message.objects.exclude(_HIDDEN_FROM_HER).order_by("at", "id").prefetch_related("attachments")
    said = Prefetch("messages", shown, to_attr="said")
    hers = Thread.objects.filter(person__in=person.members, joined_to=None)
    found = hers.prefetch_related(said).filter(uuid=uuid).first()
    if found is None:
        raise NotFound
    return found


def own_file(viewer: Viewer, person: Person, message: UUID, uuid: UUID) -> Attachment:
    """A file that went with what she reads in her own conversations. Raises `NotFound`."""
    _require_herself(viewer, person)
    shown = Message.objects.exclude(_HIDDEN_FROM_HER).filter(uuid=message, thread__person__in=person.members)
    found = Attachment.objects.filter(message__in=shown, uuid=uuid).first()
    if found is None:
        raise NotFound
    return found


def _require_herself(viewer: Viewer, person: Person) -> None:
    if viewer.actor.kind != "person" or viewer.actor.id != str(person.uuid):
        raise NotFound


def may_hear(viewer: Viewer, of: str) -> bool:
    """Whether a viewer may follow a conversation: staff who may read it, and the person whose it is. Who has one open
    goes on hearing when it was joined to another.
    """
    try:
        uuid = UUID(of)
    except ValueError:
        return False
    if viewer.actor.kind == "person":
        hers = Q(person__uuid=viewer.actor.id) | Q(person__root__uuid=viewer.actor.id)
        return Thread.objects.filter(hers, uuid=uuid).exists()
    return viewer.can(CONVERSE) and visible(viewer).filter(uuid=_led_to(uuid)).exists()


def _led_to(uuid: UUID) -> UUID:
    """The conversation to which this one was joined, where it was."""
    return Thread.objects.filter(uuid=uuid).values_list("joined_to__uuid", flat=True).first() or uuid
