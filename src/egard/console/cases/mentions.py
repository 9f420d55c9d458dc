"""Colleagues named in notes on cases: each finds the note in a list of hers until she is done with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from egard.base.paging import Page, bounded, decode_cursor, encode_cursor
from egard.console import mentioned
from egard.console.cases import lists, show
from egard.console.models import CaseMention
from egard.kernel.access.actors import Viewer
from egard.kernel.access.queries import staff_names
from egard.kernel.cases import queries, types
from egard.kernel.cases.checks import said
from egard.kernel.cases.writing import Held
from egard.kernel.registry import WorkItem, WorkRow


def keep(viewer: Viewer, held: Held, text: str, ids: Sequence[str], *, now: datetime) -> None:
    """Those who were chosen, and whose names still stand in the text after an @, have the note in their list."""
    if held.done_before is not None or not ids:
        return
    named, by = mentioned.named(viewer, text, ids), str(viewer.actor)
    CaseMention.objects.bulk_create(
        (CaseMention(case_id=held.id, n=held.version, user=user, by=by, at=now) for user in named),
        ignore_conflicts=True,
    )


def _open(viewer: Viewer) -> QuerySet[CaseMention]:
    """What she has not done with, on cases that she may see."""
    hers = CaseMention.objects.filter(user=viewer.user_id, done_at__isnull=True)
    return hers.filter(case__in=queries.visible(viewer))


def rows(viewer: Viewer, *, filters: Mapping[str, str], now: datetime, limit: int, cursor: str | None) -> Page[WorkRow]:
    """The notes that name the viewer, the latest first: two queries."""
    limit = bounded(limit)
    found = _open(viewer).select_related("case__type", "case__person__root").order_by("-id")
    found = found.defer("case__snapshot", "case__type__source", "case__type__definition")
    if cursor:
        found = found.filter(pk__lt=decode_cursor(cursor, "case_mentions", int)[0])
    held = list(found[: limit + 1])
    types.read_all(row.case.type for row in held)
    names = staff_names(viewer)
    items = []
    for row in held[:limit]:
        person, name = lists.whom(viewer, row.case)
        words = _("%(name)s names you: %(type)s") % {
            "name": names.get(row.by, row.by),
            "type": said(types.defined(row.case.type).title),
        }
        url = reverse("console:case", args=[row.case.uuid])
        items.append(WorkRow(str(row.pk), name, words, person=person.uuid if person else None, url=url))
    return Page(items, encode_cursor("case_mentions", held[limit - 1].pk) if len(held) > limit else None)


def item(viewer: Viewer, row: str, now: datetime) -> WorkItem:
    """The note, and its case in short. Raises `NotFound`."""
    found = mentioned.one(CaseMention, viewer, row)
    held = show.shown(viewer, found.case.uuid, now=now)
    person = show.person_of(viewer, held.case)
    note = show.line(held, found.n)
    context = {"shown": held, "now": now, "note": note, "last": []}
    return WorkItem((person.uuid,) if person else (), "console/cases/_short.html", context)


MENTIONS = mentioned.worklist(
    "case",
    gettext_lazy("Cases where a note names me"),
    queries.READ,
    CaseMention,
    _open,
    rows,
    item,
    empty=gettext_lazy("When a colleague writes @ and your name on a case, it waits here until you are done with it."),
    order=6,
)
