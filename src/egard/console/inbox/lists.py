"""The list of conversations: whose they are, who waits and until when; taken, given and closed from the keyboard."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from egard.base.paging import Page
from egard.console import words
from egard.console.inbox import show
from egard.console.inbox.order import PUT_OFF, some
from egard.console.morrow import ahead
from egard.console.typed import id_of
from egard.console.worklist_lists import NOBODY, UnknownChoice, colleagues
from egard.kernel.access.actors import Viewer
from egard.kernel.access.queries import colleague
from egard.kernel.messages import conversing, queries
from egard.kernel.messages.models import Thread
from egard.kernel.messages.saying import excerpt
from egard.kernel.people import queries as people
from egard.kernel.people.models import Person
from egard.kernel.promises import shown
from egard.kernel.promises.models import Promise
from egard.kernel.registry import Action, Asks, Choice, Done, Filter, Panel, WorkItem, Worklist, WorkRow

PANEL_MAX = 8
BOXES = {
    "mine": gettext_lazy("Mine to answer"),
    "team": gettext_lazy("My team’s"),
    "unassigned": gettext_lazy("Nobody’s yet"),
}
SHELVES = {
    "waiting": pgettext_lazy("conversations", "Waiting for us"),
    "answered": pgettext_lazy("conversations", "Answered"),
    "snoozed": pgettext_lazy("conversations", "Put off"),
    "all": pgettext_lazy("conversations", "All"),
    "closed": pgettext_lazy("conversations", "Closed"),
}


def rows(viewer: Viewer, *, filters: Mapping[str, str], now: datetime, limit: int, cursor: str | None) -> Page[WorkRow]:
    """A page of them, what is to be answered first on top; with whom, about what, until when. A constant number of
    queries.
    """
    page = queries.to_answer(viewer, **_asked(filters), now=now, limit=limit, cursor=cursor)
    persons = people.named(viewer, {row.person_id for row in page.items if row.person_id})
    promises = {
        row.uuid: row for row in Promise.objects.filter(uuid__in=[t.awaiting for t in page.items if t.awaiting])
    }
    lasts = queries.lasts(viewer, page.items)
    items = []
    for row in page.items:
        promise = promises.get(row.awaiting) if row.awaiting else None
        person = persons.get(row.person_id) if row.person_id else None
        last = lasts.get(row.pk)
        items.append(_row(viewer, row, person, promise, excerpt(last) if last else "", now))
    return Page(items, page.next)


def _row(
    viewer: Viewer, row: Thread, person: Person | None, promise: Promise | None, began: str, now: datetime
) -> WorkRow:
    owner = "" if row.assignee_id in (None, viewer.user_id) or row.assignee is None else row.assignee.name
    told = (row.subject or began[:120], words.word(words.CHANNELS, row.channel), owner, _off(row, now))
    waits = promise is not None and row.state == "waiting_for_us"
    ring = replace(shown.ring_of(promise, now), what="") if promise is not None and waits else None
    url = reverse("console:thread", args=[row.uuid])
    title = show.name_of(row, person)
    line = " · ".join(filter(None, told))
    return WorkRow(str(row.uuid), title, line, person.uuid if person else None, url=url, ring=ring)


def _off(row: Thread, now: datetime) -> str:
    """Until when it is put off, in words."""
    if row.snoozed_until is None or row.snoozed_until <= now:
        return ""
    return _("put off until %(moment)s") % {"moment": ahead(row.snoozed_until, now)}


def count(viewer: Viewer, *, filters: Mapping[str, str], now: datetime, most: int) -> int:
    return queries.count_to_answer(viewer, **_asked(filters), now=now, most=most)


def _asked(filters: Mapping[str, str]) -> dict[str, str]:
    """The shelf and the box that are asked for; without any, what waits for us. Raises `UnknownChoice`."""
    box, shelf = filters.get("box", ""), filters.get("shelf", "waiting")
    if box not in ("", *BOXES) or shelf not in SHELVES:
        raise UnknownChoice
    return {"box": box, "shelf": shelf}


def item(viewer: Viewer, row: str, now: datetime) -> WorkItem:
    """The conversation beside whom it is with."""
    held = show.conversation(viewer, id_of(row), now=now)
    return WorkItem(
        persons=(held.person.uuid,) if held.person else (),
        template="console/inbox/_thread.html",
        context={"shown": held, "now": now},
        url=reverse("console:thread", args=[held.thread.uuid]),
        without=(CLOSED.name,) if held.thread.state == "closed" else (),
    )


def close(viewer: Viewer, ids: Sequence[str], *, choice: str, now: datetime) -> Done:
    """Nothing more is to be said in these."""
    rows = [row for row in some(viewer, ids) if row.state != "closed"]
    for row in rows:
        conversing.close(row, by=viewer.actor, now=now)
    said = ngettext("%(n)s conversation is closed.", "%(n)s conversations are closed.", len(rows))
    return Done(said % {"n": len(rows)}, {str(row.uuid): row.state for row in rows})


def reopen(viewer: Viewer, former: Mapping[str, str], *, now: datetime) -> Collection[str]:
    """They go on, where they are closed still."""
    closed = queries.visible(viewer).filter(uuid__in=[UUID(one) for one in former], state="closed").order_by("pk")
    return [str(conversing.reopen(row, by=viewer.actor, now=now).uuid) for row in list(closed)]


def assign(viewer: Viewer, ids: Sequence[str], *, choice: str, now: datetime) -> Done:
    """One colleague sees to all of them."""
    chosen = None if choice == NOBODY else colleague(viewer, id_of(choice))
    rows = some(viewer, ids)
    for row in rows:
        conversing.assign(row, assignee=chosen, by=viewer.actor, now=now)
    name = chosen.name if chosen else _("nobody")
    said = ngettext("%(name)s sees to %(n)s conversation.", "%(name)s sees to %(n)s conversations.", len(rows))
    former = {str(row.uuid): [str(row.assignee_id or ""), str(chosen.pk if chosen else "")] for row in rows}
    return Done(said % {"n": len(rows), "name": name}, former)


def assign_back(viewer: Viewer, former: Mapping[str, Sequence[str]], *, now: datetime) -> Collection[str]:
    """Each is seen to by whoever did, where nobody changed that since."""
    back = []
    for row in queries.visible(viewer).filter(uuid__in=[UUID(one) for one in former]).order_by("pk"):
        was, became = former[str(row.uuid)]
        if str(row.assignee_id or "") == became:
            owner = colleague(viewer, UUID(was)) if was else None
            back.append(str(conversing.assign(row, assignee=owner, by=viewer.actor, now=now).uuid))
    return back


def take(viewer: Viewer, ids: Sequence[str], *, choice: str, now: datetime) -> Done:
    """I see to these."""
    return assign(viewer, ids, choice=str(viewer.user_id), now=now)


def panel(person: Person, viewer: Viewer, now: datetime) -> dict[str, object]:
    """Her conversations on her page."""
    return {"threads": queries.threads(viewer, person=person, now=now, limit=PANEL_MAX).items, "now": now}


def panel_data(person: Person, viewer: Viewer, now: datetime) -> dict[str, object]:
    """The same, for programs."""
    rows = queries.threads(viewer, person=person, now=now, limit=PANEL_MAX).items
    same = ("subject", "channel", "state", "last_at")
    return {"threads": [{"id": row.uuid, **{name: getattr(row, name) for name in same}} for row in rows]}


PANEL = Panel(
    "messages",
    gettext_lazy("Conversations"),
    "console/inbox/_panel.html",
    panel,
    panel_data,
    queries.CONVERSE,
    order=15,
)
CLOSED = Action(
    "console.close_thread",
    gettext_lazy("Close the conversation"),
    queries.CONVERSE,
    run=close,
    undo=reopen,
    key="e",
    icon="check",
)
INBOX = Worklist(
    "inbox",
    gettext_lazy("Inbox"),
    queries.CONVERSE,
    "message-circle",
    rows,
    item=item,
    count=count,
    actions=(
        CLOSED,
        Action(
            "console.take_thread", gettext_lazy("I see to it"), queries.CONVERSE, run=take, undo=assign_back, key="i",
            icon="user",
        ),
        Action(
            "console.assign_thread", gettext_lazy("Give to a colleague"), queries.CONVERSE, run=assign,
            undo=assign_back, key="t", icon="user-check", asks=Asks(gettext_lazy("Who will see to it?"), colleagues),
        ),
    ),
    filters=(
        Filter(
            "shelf", gettext_lazy("Which conversations"),
            lambda viewer: [Choice(code, said) for code, said in SHELVES.items()], tabs=True,
        ),
        Filter("box", gettext_lazy("Whose"), lambda viewer: [Choice(code, said) for code, said in BOXES.items()]),
    ),
    empty=gettext_lazy("What people write to you stands here, with the time that is left to answer. Nobody waits now."),
    url_name="console:inbox",
    live=("inbox",),
    puts_off=PUT_OFF,
    order=4,
)  # fmt: skip
