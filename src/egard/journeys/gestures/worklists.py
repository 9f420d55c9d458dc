"""The queue of gestures that wait for a second person."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _

from egard.base.paging import Page, bounded, decode_cursor, encode_cursor, micros, moment_of
from egard.base.refusal import NotFound, Refusal
from egard.journeys.gestures import asking, queries, shown, typed
from egard.journeys.gestures.models import Gesture
from egard.kernel.access.actors import Viewer
from egard.kernel.promises.models import Promise
from egard.kernel.promises.shown import ring_of
from egard.kernel.registry import WorkItem, WorkRow

KEY = "gesture:{}:approval"


def _waiting(viewer: Viewer):  # noqa: ANN202
    return queries.visible(viewer, queries.APPROVE).filter(state="waiting", place=0)


def rows(viewer: Viewer, *, filters: Mapping[str, str], now: datetime, limit: int, cursor: str | None) -> Page[WorkRow]:
    """What waits, the longest first: three questions. One's own stand there too, for somebody else."""
    limit = bounded(limit)
    found = _waiting(viewer).order_by("recorded_at", "pk")
    if cursor:
        at, pk = decode_cursor(cursor, "gestures_waiting", int, int)
        found = found.filter(Q(recorded_at__gt=moment_of(at)) | Q(recorded_at=moment_of(at), pk__gt=pk))
    held = list(found.select_related("person__root", "granted_by", "catalogue")[: limit + 1])
    promised = _promises(held[:limit])
    items = []
    for row in held[:limit]:
        person = row.person.root or row.person
        promise = promised.get(row.uuid)
        who = row.granted_by.name if row.granted_by else _("a program")
        items.append(
            WorkRow(
                id=str(row.uuid),
                title=f"{shown.money(row.desired, row.currency)} · {shown.title_of(row)}",
                line=_("%(who)s for %(whom)s") % {"who": who, "whom": person.name or _("somebody without a name here")},
                person=person.uuid,
                due_at=promise.due_at if promise else None,
                ring=ring_of(promise, now, _("agree or not")) if promise else None,
                url=f"/gestures/{row.uuid}/",
            )
        )
    last = held[limit - 1] if len(held) > limit else None
    return Page(items, encode_cursor("gestures_waiting", micros(last.recorded_at), last.pk) if last else None)


def _promises(held: list[Gesture]) -> dict[UUID, Promise]:
    keys = {KEY.format(row.uuid): row.uuid for row in held}
    return {keys[one.key]: one for one in Promise.objects.filter(key__in=keys, kind="gestures.approval")}


def count(viewer: Viewer, *, filters: Mapping[str, str], now: datetime, most: int) -> int:
    """How many wait, up to `most`."""
    return _waiting(viewer)[:most].count()


def item(viewer: Viewer, row: str, now: datetime) -> WorkItem:
    """What is asked, why, and what it would cost; and whom it is for. Raises `NotFound`."""
    try:
        first = queries.gesture(viewer, UUID(row))
    except ValueError as error:
        raise NotFound from error
    return WorkItem(
        persons=((first.person.root or first.person).uuid,),
        template="gestures/_decide.html",
        context=deciding(viewer, first, now),
        url=f"/gestures/{first.uuid}/",
    )


def _price(viewer: Viewer, first: Gesture) -> str:
    """What was paid for what it is about, where somebody may know it."""
    person = first.person.root or first.person
    try:
        case = asking.case_of(viewer, person, first.subject)
        paid = queries.paid(viewer, person, queries.order_of(viewer, case), first.currency)
    except Refusal:  # a case or purchases that she may not see
        return ""
    return shown.money(paid, first.currency) if paid else ""


def deciding(viewer: Viewer, first: Gesture, now: datetime) -> dict[str, object]:
    """What a second person has to know of a gesture that waits."""
    acts = queries.act(viewer, first)
    return {
        "first": first,
        "words": shown.act_words(acts),
        "rows": [(one, shown.words_of(one)) for one in acts],
        "worth": shown.money(sum(one.desired for one in acts), first.currency),
        "cost": shown.money(sum(one.cost for one in acts), first.currency),
        "price": _price(viewer, first),
        "may_decide": viewer.can(queries.APPROVE) and first.state == "waiting" and viewer.user_id is not None,
        "own": str(viewer.actor) == first.by,
        "desired": typed.written(first.desired, first.currency) if first.desired else "",
        "case": first.subject.removeprefix("case:"),
    }
