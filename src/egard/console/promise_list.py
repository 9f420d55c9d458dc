"""The list of promises: mine, my team's, my site's, the nearest first; kept, released, paused from the keyboard."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from egard.base.paging import Page
from egard.base.refusal import NotFound
from egard.console.typed import id_of
from egard.console.worklist_lists import CHOICES_MAX, NOBODY, UnknownChoice, colleagues
from egard.kernel.access.actors import Viewer
from egard.kernel.access.queries import colleague
from egard.kernel.people import queries as people
from egard.kernel.people.models import Person
from egard.kernel.promises import queries, shown
from egard.kernel.promises.asked import Asked
from egard.kernel.promises.bulk import assign_all, change_all
from egard.kernel.promises.models import Promise
from egard.kernel.promises.rules import What
from egard.kernel.registry import Action, Asks, Choice, Done, Filter, WorkItem, Worklist, WorkRow, registry

WHOSE = {
    "own": gettext_lazy("Mine"),
    "team": gettext_lazy("My team’s"),
    "site": gettext_lazy("My site’s"),
    "told": gettext_lazy("Told to me"),
}
STATES = {
    "open": gettext_lazy("Running"),
    "paused": gettext_lazy("Paused"),
    "broken": gettext_lazy("Overdue"),
}


def asked_by(filters: Mapping[str, str]) -> Asked:
    """What the filters of the list ask for: all that is owed, where they say nothing."""
    whose, state, kind = (filters.get(name, "") for name in ("whose", "state", "kind"))
    if whose not in ("", *WHOSE) or state not in ("", *STATES) or (kind and kind not in registry.promises):
        raise UnknownChoice
    return Asked(
        states=(state,) if state else (),
        owed=True,
        kinds=(kind,) if kind else (),
        scope=whose if whose != "told" else "",
        told=whose == "told",
    )


def rows(viewer: Viewer, *, filters: Mapping[str, str], now: datetime, limit: int, cursor: str | None) -> Page[WorkRow]:
    """A page of them: what, to whom, who sees to it."""
    page = queries.promises(viewer, asked_by(filters), limit=limit, cursor=cursor)
    persons = named(viewer, page.items)
    told = shown.described(page.items)
    return Page([_row(viewer, row, persons.get(row.person_id), told[row.pk], now) for row in page.items], page.next)


def named(viewer: Viewer, promises: Sequence[Promise]) -> dict[int | None, Person]:
    """The persons whom the viewer may see, by the row of each: two queries."""
    if not viewer.can(people.READ):
        return {}
    return dict(people.named(viewer, {row.person_id for row in promises if row.person_id}))


def _row(viewer: Viewer, row: Promise, person: Person | None, what: str, now: datetime) -> WorkRow:
    owner = _("nobody yet") if row.owner is None else "" if row.owner_id == viewer.user_id else row.owner.name
    line = " · ".join(filter(None, (person.name if person else "", owner, row.site.name if row.site else "")))
    ring = replace(shown.ring_of(row, now), what="")
    url = shown.url_of(row) or reverse("console:promise", args=[row.uuid])
    return WorkRow(str(row.uuid), what, line, person.uuid if person else None, row.due_at, url=url, ring=ring)


def count(viewer: Viewer, *, filters: Mapping[str, str], now: datetime, most: int) -> int:
    return queries.count(viewer, asked_by(filters), most=most)


def item(viewer: Viewer, row: str, now: datetime) -> WorkItem:
    """The promise with its history, beside the person to whom it was made."""
    found = queries.promise(viewer, id_of(row))
    persons = named(viewer, [found])
    person = persons.get(found.person_id)
    return WorkItem(
        persons=(person.uuid,) if person else (),
        template="console/promises/_promise.html",
        context=shown_whole(viewer, found, now),
        url=shown.url_of(found) or reverse("console:promise", args=[found.uuid]),
        without=_meaningless(found),
    )


def _meaningless(row: Promise) -> tuple[str, ...]:
    """What cannot be done to a promise in its state."""
    if row.ended_at is not None:
        return tuple(action.name for action in PROMISES.actions)
    paused = PAUSED.name if row.state != "open" else ""
    return paused, RESUMED.name if row.state != "paused" else ""


def shown_whole(viewer: Viewer, row: Promise, now: datetime) -> dict[str, Any]:
    """What the template of one promise needs."""
    what = shown.described([row])[row.pk]
    return {
        "promise": row,
        "what": what,
        "ring": shown.ring_of(row, now, what),
        "running": row.state in ("open", "paused") and row.due_at >= now,
        "may": viewer.can(queries.KEEP) and row.ended_at is None,
        "url": shown.url_of(row),
    }


# --- what is done to them ------------------------------------------------------------------------------------------


def _doing(what: What, said: Callable[[int], str]) -> Callable[..., Done]:
    def run(viewer: Viewer, ids: Sequence[str], *, choice: str, now: datetime) -> Done:
        found = queries.some(viewer, [id_of(one) for one in ids])
        if not found:
            raise NotFound
        changed = change_all(found, what, reason=choice[:500], by=viewer.actor, now=now)
        if not changed:
            return Done(_("Nothing changes: that was so already, or it is over."))
        former = {str(row.uuid): row.version for row in changed}
        return Done(said(len(changed)) % {"n": len(changed)}, former)

    return run


def _undoing(what: What) -> Callable[..., list[str]]:
    def undo(viewer: Viewer, former: Mapping[str, int], *, now: datetime) -> list[str]:
        """Those to which nothing happened since."""
        found = [row for row in _former(viewer, former) if row.version == former[str(row.uuid)]]
        return [str(row.uuid) for row in change_all(found, what, by=viewer.actor, now=now)]

    return undo


def assign(viewer: Viewer, ids: Sequence[str], *, choice: str, now: datetime) -> Done:
    """One colleague sees to all of them."""
    owner = None if choice == NOBODY else colleague(viewer, id_of(choice))
    before = assign_all(queries.some(viewer, [id_of(one) for one in ids]), owner, by=viewer.actor, now=now)
    n, name = len(before), owner.name if owner else _("nobody")
    said = ngettext("%(n)s promise is now seen to by %(name)s.", "%(n)s promises are now seen to by %(name)s.", n)
    former = {str(uuid): [str(was or ""), str(owner.pk if owner else "")] for uuid, was in before.items()}
    return Done(said % {"n": n, "name": name}, former)


def assign_back(viewer: Viewer, former: Mapping[str, Sequence[str]], *, now: datetime) -> list[str]:
    """Each is seen to again by whoever did, where nobody changed that since."""
    same = [row for row in _former(viewer, former) if str(row.owner_id or "") == former[str(row.uuid)][1]]
    back: list[str] = []
    for was in {former[str(row.uuid)][0] for row in same}:
        owner = colleague(viewer, UUID(was)) if was else None
        some = [row for row in same if former[str(row.uuid)][0] == was]
        back += map(str, assign_all(some, owner, by=viewer.actor, now=now))
    return back


def _former(viewer: Viewer, former: Mapping[str, Any]) -> list[Promise]:
    return queries.some(viewer, [UUID(one) for one in former])


def _reasons(*offered: Any) -> Callable[..., list[Choice]]:
    """Some reasons, and whatever is typed."""

    def choices(viewer: Viewer, q: str, now: datetime) -> list[Choice]:
        found = [Choice(str(one), one) for one in offered if q.lower() in str(one).lower()]
        typed = [Choice(q, q, _("as you wrote it"))] if q else []
        return [*typed, *found][:CHOICES_MAX]

    return choices


KEPT = Action(
    "console.keep_promise",
    gettext_lazy("Done: kept"),
    queries.KEEP,
    run=_doing("kept", lambda n: ngettext("%(n)s promise is kept.", "%(n)s promises are kept.", n)),
    undo=_undoing("reopened"),
    key="e",
    icon="circle-check",
)
RELEASED = Action(
    "console.release_promise",
    gettext_lazy("Release"),
    queries.KEEP,
    run=_doing("released", lambda n: ngettext("%(n)s promise is released.", "%(n)s promises are released.", n)),
    undo=_undoing("reopened"),
    key="r",
    icon="circle-dashed",
    asks=Asks(
        gettext_lazy("Why is it no longer owed?"),
        _reasons(
            gettext_lazy("She no longer wants it"),
            gettext_lazy("Another promise stands in its place"),
            gettext_lazy("It was made by mistake"),
        ),
    ),
)
PAUSED = Action(
    "console.pause_promise",
    gettext_lazy("Pause"),
    queries.KEEP,
    run=_doing("paused", lambda n: ngettext("%(n)s promise is paused.", "%(n)s promises are paused.", n)),
    undo=_undoing("resumed"),
    key="p",
    icon="player-pause",
    asks=Asks(
        gettext_lazy("What is it waiting for?"),
        _reasons(
            gettext_lazy("An answer from the person"),
            gettext_lazy("A document"),
            gettext_lazy("Somebody outside"),
        ),
    ),
)
RESUMED = Action(
    "console.resume_promise",
    gettext_lazy("Let it run on"),
    queries.KEEP,
    run=_doing("resumed", lambda n: ngettext("%(n)s promise runs on.", "%(n)s promises run on.", n)),
    icon="player-play",
)
ASSIGNED = Action(
    "console.assign_promise",
    gettext_lazy("Give to a colleague"),
    queries.KEEP,
    run=assign,
    undo=assign_back,
    key="t",
    icon="user-check",
    asks=Asks(gettext_lazy("Who will see to it?"), colleagues),
)


def _kinds(viewer: Viewer) -> list[Choice]:
    return [Choice(kind.name, kind.label) for kind in registry.promises.values() if viewer.can(kind.permission)]


PROMISES = Worklist(
    "promises",
    gettext_lazy("Promises"),
    queries.READ,
    "clock",
    rows,
    item=item,
    count=count,
    actions=(KEPT, RELEASED, PAUSED, RESUMED, ASSIGNED),
    filters=(
        Filter("whose", gettext_lazy("Whose"), lambda viewer: [Choice(code, said) for code, said in WHOSE.items()]),
        Filter("state", gettext_lazy("State"), lambda viewer: [Choice(code, said) for code, said in STATES.items()]),
        Filter("kind", gettext_lazy("Kind"), _kinds),
    ),
    empty=gettext_lazy(
        "What is promised to people stands here, the nearest moment first, with the time that is left. Nothing is owed"
        " just now."
    ),
    key="d",
    live=("promises",),
    order=5,
)
