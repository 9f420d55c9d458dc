"""Colleagues named in notes in conversations: each finds the note in a list of hers until she is done with it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from egard.base.paging import Page, bounded, decode_cursor, encode_cursor
from egard.console import mentioned
from egard.console.inbox import show
from egard.console.models import ThreadMention
from egard.kernel.access.actors import Viewer
from egard.kernel.access.queries import staff_names
from egard.kernel.messages import queries
from egard.kernel.messages.models import Message
from egard.kernel.messages.saying import excerpt
from egard.kernel.people import queries as people
from egard.kernel.registry import WorkItem, WorkRow


def keep(note: Message, *, by: str, now: datetime) -> None:
    """Those who are named in a note have it in their list."""
    ThreadMention.objects.bulk_create(
        (ThreadMention(message=note, user_id=user, by=by, at=now) for user in note.mentions), ignore_conflicts=True
    )


def _open(viewer: Viewer) -> QuerySet[ThreadMention]:
    """What she has not done with, in conversations that she may read."""
    hers = ThreadMention.objects.filter(user=viewer.user_id, done_at__isnull=True)
    return hers.filter(message__thread__in=queries.visible(viewer))


def rows(viewer: Viewer, *, filters: Mapping[str, str], now: datetime, limit: int, cursor: str | None) -> Page[WorkRow]:
    """The notes that name the viewer, the latest first: a constant number of queries."""
    limit = bounded(limit)
    found = _open(viewer).select_related("message__thread").defer("message__html").order_by("-id")
    if cursor:
        found = found.filter(pk__lt=decode_cursor(cursor, "thread_mentions", int)[0])
    held = list(found[: limit + 1])
    threads = [row.message.thread for row in held[:limit]]
    persons = people.named(viewer, {one.person_id for one in threads if one.person_id})
    names = staff_names(viewer)
    items = []
    for row, thread in zip(held, threads, strict=False):
        person = persons.get(thread.person_id) if thread.person_id else None
        line = _("%(name)s: %(words)s") % {"name": names.get(row.by, row.by), "words": excerpt(row.message)}
        url = reverse("console:thread", args=[thread.uuid])
        title = show.name_of(thread, person)
        items.append(WorkRow(str(row.pk), title, line, person=person.uuid if person else None, url=url))
    return Page(items, encode_cursor("thread_mentions", held[limit - 1].pk) if len(held) > limit else None)


def item(viewer: Viewer, row: str, now: datetime) -> WorkItem:
    """The conversation in which the note stands. Raises `NotFound`."""
    found = mentioned.one(ThreadMention, viewer, row)
    held = show.conversation(viewer, found.message.thread.uuid, now=now)
    persons = (held.person.uuid,) if held.person else ()
    return WorkItem(persons, "console/inbox/_thread.html", {"shown": held, "now": now})


MENTIONS = mentioned.worklist(
    "thread",
    gettext_lazy("Conversations where a note names me"),
    queries.CONVERSE,
    ThreadMention,
    _open,
    rows,
    item,
    empty=gettext_lazy(
        "When a colleague writes @ and your name in a conversation, the note waits here until you are done with it."
    ),
    order=5,
)
