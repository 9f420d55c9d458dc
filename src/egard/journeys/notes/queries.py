"""Questions on notes, and on where one was named in them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from egard.base.paging import Page, bounded, decode_cursor, encode_cursor
from egard.base.refusal import NotFound
from egard.journeys.notes.models import Mention
from egard.kernel.access.actors import Viewer
from egard.kernel.access.models import User
from egard.kernel.people import queries as people
from egard.kernel.people.models import Person
from egard.kernel.registry import WorkItem, WorkRow
from egard.kernel.timeline import queries as timeline
from egard.kernel.timeline.queries import Entry

WRITE = "notes.write"
KIND = "notes.written/1"


def notes(viewer: Viewer, person: Person, *, limit: int = 50, cursor: str | None = None) -> Page[Entry]:
    """The notes on a person, newest first, with those that correct others."""
    return timeline.timeline(viewer, person, kind=[KIND], limit=limit, cursor=cursor)


def note(viewer: Viewer, uuid: UUID) -> tuple[Person, Entry]:
    """One note and whom it is about. Raises `NotFound`."""
    person, entry = timeline.fact(viewer, uuid)
    if person is None or entry.kind != KIND:
        raise NotFound
    return person, entry


def mentions(
    viewer: Viewer, *, filters: Mapping[str, str], now: datetime, limit: int, cursor: str | None
) -> Page[WorkRow]:
    """The notes that name the viewer and that she has not done with, the latest first: four queries."""
    limit = bounded(limit)
    found = _open(viewer).order_by("-id")
    if cursor:
        found = found.filter(pk__lt=decode_cursor(cursor, "mentions", int)[0])
    rows = list(found.select_related("person__root")[: limit + 1])
    shown = rows[:limit]
    authors = _names({row.by for row in shown})
    items = [
        WorkRow(
            id=str(row.pk),
            title=_whom(row).name or _("Name unknown"),
            line=_("%(name)s names you in a note") % {"name": authors.get(row.by, row.by)},
            person=_whom(row).uuid,
        )
        for row in shown
    ]
    return Page(items, encode_cursor("mentions", shown[-1].pk) if len(rows) > limit else None)


def count_mentions(viewer: Viewer, *, filters: Mapping[str, str], now: datetime, most: int) -> int:
    """How many of them, up to `most`."""
    return _open(viewer)[:most].count()


def mention(viewer: Viewer, row: str, now: datetime) -> WorkItem:
    """The note itself, and whom it is about. Raises `NotFound`."""
    found = (
        Mention.objects.filter(user=viewer.user_id, pk=int(row)).first() if row.isdecimal() and len(row) < 19 else None
    )
    if found is None:
        raise NotFound
    person, entry = note(viewer, found.fact)
    context = {"entry": entry, "author": _names({found.by}).get(found.by, ""), "done_at": found.done_at, "now": now}
    return WorkItem(persons=(person.uuid,), template="notes/mention.html", context=context)


def _open(viewer: Viewer) -> QuerySet[Mention]:
    """Those that she has not done with, about persons whom she may see; a merged row is the survivor's."""
    seen = people.visible(viewer).filter(erased_at__isnull=True)
    hers = Mention.objects.filter(user=viewer.user_id, done_at__isnull=True)
    return hers.filter(Q(person__in=seen) | Q(person__root__in=seen))


def _whom(row: Mention) -> Person:
    return row.person.root or row.person


def _names(actors: set[str]) -> dict[str, str]:
    """The names of the users among some actors (`user:<id>`)."""
    ids = {actor.partition(":")[2]: actor for actor in actors if actor.startswith("user:")}
    return {ids[str(pk)]: name for pk, name in User.objects.filter(pk__in=list(ids)).values_list("pk", "name")}
