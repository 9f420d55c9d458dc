"""Conversations put in order: put off, split, joined and taken apart again, messages moved. Each can be undone."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext_lazy, ngettext

from egard.base.refusal import NotFound
from egard.console.morrow import ahead
from egard.console.typed import id_of
from egard.console.worklist_snooze import choices, until_of
from egard.kernel.access.actors import Viewer
from egard.kernel.messages import conversing, queries, sorting
from egard.kernel.messages.models import Message, Thread
from egard.kernel.registry import Action, Asks, Done


def some(viewer: Viewer, ids: Sequence[str]) -> list[Thread]:
    """Conversations within the viewer's reach. Raises `NotFound` where none is."""
    found = list(queries.visible(viewer).filter(uuid__in=[id_of(one) for one in ids]).order_by("pk"))
    if not found:
        raise NotFound
    return found


def put_off(viewer: Viewer, ids: Sequence[str], *, choice: str, now: datetime) -> Done:
    """Nobody sees these until then, unless the person writes; what was promised runs on."""
    until = until_of(choice, now=now)
    former = {}
    for row in some(viewer, ids):
        was = row.snoozed_until if row.snoozed_until and row.snoozed_until > now else None
        former[str(row.uuid)] = [was.isoformat() if was else "", until.isoformat()]
        conversing.snooze(row, until=until, by=viewer.actor, now=now)
    said = ngettext(
        "The conversation is put off until %(moment)s.", "%(n)s conversations put off until %(moment)s.", len(former)
    )
    return Done(said % {"n": len(former), "moment": ahead(until, now)}, former)


def take_up(viewer: Viewer, former: Mapping[str, Sequence[str]], *, now: datetime) -> Collection[str]:
    """Each is put off as it was, where nobody changed that since."""
    back = []
    for row in queries.visible(viewer).filter(uuid__in=[UUID(one) for one in former]).order_by("pk"):
        was, became = former[str(row.uuid)]
        if row.snoozed_until == datetime.fromisoformat(became):
            until = datetime.fromisoformat(was) if was else None
            back.append(str(conversing.snooze(row, until=until, by=viewer.actor, now=now).uuid))
    return back


def split(viewer: Viewer, ids: Sequence[str], *, choice: str, now: datetime) -> Done:
    """A message (`choice` is `after`: and what follows it) is about something else."""
    message = queries.message(viewer, id_of(ids[0]))
    held = message.thread.messages.filter(pk=message.pk)
    if choice == "after":
        held = message.thread.messages.filter(at__gte=message.at).exclude(at=message.at, pk__lt=message.pk)
    made = sorting.split(message.thread, list(held), by=viewer.actor, now=now)
    return Done(gettext_lazy("A conversation of its own."), {str(made.uuid): str(message.thread.uuid)})


def unsplit(viewer: Viewer, former: Mapping[str, str], *, now: datetime) -> Collection[str]:
    """Together again."""
    back = []
    for made, first in former.items():
        pair = {row.uuid: row for row in queries.visible(viewer).filter(uuid__in=[UUID(made), UUID(first)])}
        if len(pair) == 2:
            sorting.join(pair[UUID(made)], pair[UUID(first)], by=viewer.actor, now=now)
            back.append(made)
    return back


def join(viewer: Viewer, ids: Sequence[str], *, choice: str, now: datetime) -> Done:
    """All is said in the chosen conversation from now on."""
    into = some(viewer, [choice])[0]
    rows = [row for row in some(viewer, ids) if row.pk != into.pk]
    for row in rows:
        sorting.join(row, into, by=viewer.actor, now=now)
    return Done(gettext_lazy("Joined: all is said in one conversation."), {str(row.uuid): "" for row in rows})


def part(viewer: Viewer, former: Mapping[str, str], *, now: datetime) -> Collection[str]:
    """Each stands by itself again."""
    joined = Thread.objects.filter(uuid__in=[UUID(one) for one in former], joined_to__in=queries.visible(viewer))
    return [str(sorting.part(row, by=viewer.actor, now=now).uuid) for row in joined.order_by("pk")]


def move(viewer: Viewer, ids: Sequence[str], *, choice: str, now: datetime) -> Done:
    """Messages belong to another conversation of the same person."""
    into = some(viewer, [choice])[0]
    former = {}
    for one in ids:
        message = queries.message(viewer, id_of(one))
        former[str(message.uuid)] = [str(message.thread.uuid), str(into.uuid)]
        sorting.move(message, into, by=viewer.actor, now=now)
    return Done(gettext_lazy("Moved to the other conversation."), former)


def move_back(viewer: Viewer, former: Mapping[str, Sequence[str]], *, now: datetime) -> Collection[str]:
    """Each is where it was, where nobody moved it since."""
    back = []
    for message in Message.objects.filter(uuid__in=[UUID(one) for one in former]).select_related("thread"):
        was, became = former[str(message.uuid)]
        if str(message.thread.uuid) == became:
            sorting.move(message, some(viewer, [was])[0], by=viewer.actor, now=now)
            back.append(str(message.uuid))
    return back


PUT_OFF = Action(
    "console.put_thread_off",
    gettext_lazy("Put off"),
    queries.CONVERSE,
    run=put_off,
    undo=take_up,
    key="z",
    icon="bell-off",
    asks=Asks(gettext_lazy("Until when?"), choices, day=gettext_lazy("Another day")),
)
SPLIT = Action(
    "console.split_thread",
    gettext_lazy("Make it a conversation of its own"),
    queries.CONVERSE,
    run=split,
    undo=unsplit,
    bulk=False,
    listed=False,
)
JOIN = Action(
    "console.join_thread", gettext_lazy("Join"), queries.CONVERSE, run=join, undo=part, bulk=False, listed=False
)
MOVE = Action(
    "console.move_message", gettext_lazy("Move"), queries.CONVERSE, run=move, undo=move_back, bulk=False, listed=False
)
