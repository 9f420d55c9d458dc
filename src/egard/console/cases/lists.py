"""The list of cases: whose they are, what is promised next, what to do; and what is done to many at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from egard.base.paging import Page
from egard.console.cases import show
from egard.console.typed import id_of
from egard.console.worklist_lists import CHOICES_MAX, NOBODY, UnknownChoice, colleagues
from egard.kernel.access.actors import Viewer
from egard.kernel.access.queries import colleague, sites, teams
from egard.kernel.cases import listing, operations, outside, queries, types
from egard.kernel.cases.checks import said
from egard.kernel.cases.models import Case
from egard.kernel.cases.queries import CaseView
from egard.kernel.cases.writing import match_key
from egard.kernel.people.models import Person
from egard.kernel.people.search import search
from egard.kernel.registry import Action, Asks, Choice, Done, FieldClass, Filter, Panel, WorkItem, Worklist, WorkRow

SOON = timedelta(hours=24)
FOUND_MAX = 50
"""Persons whose cases a typed text finds."""
PANEL_MAX = 8


def rows(viewer: Viewer, *, filters: Mapping[str, str], now: datetime, limit: int, cursor: str | None) -> Page[WorkRow]:
    """Cases by their next promise, each with what to do: five queries, two more with a text."""
    page = listing.cases(viewer, asked(viewer, filters, now), limit=limit, cursor=cursor)
    mine = tuple(team.code for team in teams(viewer) if team.pk in viewer.team_ids)
    views = [light(row, mine) for row in page.items]
    rings = show.rings([view for view in views if view], viewer, now)
    found = zip(page.items, views, strict=True)
    return Page([_row(viewer, row, view, rings.get(row.uuid, {}), now) for row, view in found], page.next)


def count(viewer: Viewer, *, filters: Mapping[str, str], now: datetime, most: int) -> int:
    return listing.count_cases(viewer, asked(viewer, filters, now), most=most)


def asked(viewer: Viewer, filters: Mapping[str, str], now: datetime) -> dict[str, Any]:
    """The list's filters as the question takes them: open cases of the viewer unless they say otherwise."""
    status, whose, where = filters.get("status", ""), filters.get("whose", ""), Q()
    if status == "late":
        where &= Q(due_at__lt=now)
    elif status == "soon":
        where &= Q(due_at__lt=now + SOON)
    elif status == "nobody":
        where &= Q(owner=None)
    if not whose and status != "nobody":
        whose = "own"
    if text := filters.get("q", "").strip()[:200]:
        where &= _found(viewer, text)
    told = {"type": filters.get("type", ""), "status": "closed" if status == "closed" else "open", "where": where}
    for name in ("site", "team"):
        told[name] = _id(filters.get(name, ""))
    return told | {"whose": whose if whose in ("own", "team", "site") else "all"}


def _id(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError as error:
        raise UnknownChoice from error


def _found(viewer: Viewer, text: str) -> Q:
    """Cases of those whom a text finds, and those that a number finds (an order, a report)."""
    uuids = [row.id for row in search(viewer, text, limit=FOUND_MAX).items] if viewer.can("people.read") else []
    numbers = {match_key(name, text) for names in outside.awaited().values() for name in names}
    return Q(person__uuid__in=uuids) | Q(person__root__uuid__in=uuids) | Q(keys__overlap=sorted(numbers))


def light(row: Case, mine: tuple[str, ...]) -> CaseView | None:
    """A case for a list: no more is asked for it. None for one whose history is packed away."""
    if row.snapshot is None:
        return None
    return CaseView(row, types.defined(row.type), row.snapshot, {}, (), mine)


def whom(viewer: Viewer, row: Case) -> tuple[Person | None, str]:
    """The person of a case and her name, where the viewer may see names."""
    person = (row.person.root or row.person) if row.person else None
    if person is None:
        return None, _("Nobody known")
    if person.erased_at:
        return person, _("Erased person")
    return person, (person.name if viewer.sees(FieldClass.IDENTITY) else "") or _("Name unknown")


def _row(viewer: Viewer, row: Case, view: CaseView | None, rings: Mapping[str, Any], now: datetime) -> WorkRow:
    person, name = whom(viewer, row)
    advised = queries.next_steps(viewer, view, now=now) if view else []
    todo = said(advised[0].title) if advised else ""
    whose = row.owner.name if row.owner else row.team.name if row.team else _("nobody’s yet")
    line = (said(types.defined(row.type).title), todo, whose)
    nearest = [ring for ring in rings.values() if ring.due_at == row.due_at]
    url = reverse("console:case", args=[row.uuid])
    tone: Any = "" if row.status == "open" else "kept"
    return WorkRow(
        str(row.uuid),
        name,
        " · ".join(filter(None, line)),
        person=person.uuid if person else None,
        due_at=row.due_at,
        tone=tone,
        url=url,
        ring=replace(nearest[0], what="") if nearest else None,
    )


def item(viewer: Viewer, row: str, now: datetime) -> WorkItem:
    """A case in short: what is promised, what to do and why. Raises `NotFound`."""
    held = show.shown(viewer, id_of(row), now=now)
    person = show.person_of(viewer, held.case)
    context = {"shown": held, "now": now, "last": show.last_lines(held, 3)}
    persons = (person.uuid,) if person else ()
    return WorkItem(persons, "console/cases/_short.html", context, url=reverse("console:case", args=[held.case.uuid]))


# --- filters ----------------------------------------------------------------------------------------------------------


def _statuses(viewer: Viewer) -> list[Choice]:
    return [
        Choice("late", _("Open, with a promise overdue")),
        Choice("soon", _("Open, promised within 24 hours")),
        Choice("nobody", _("Open, nobody’s yet")),
        Choice("closed", _("Closed")),
    ]


def _whose(viewer: Viewer) -> list[Choice]:
    return [
        Choice("team", _("Cases of my team")),
        Choice("site", _("Cases of my site")),
        Choice("all", _("All that I may see")),
    ]


def type_choices(viewer: Viewer) -> list[Choice]:
    found = [(said(definition.title), row.name, definition) for row, definition in _types(viewer)]
    about = [(title, name, said(one.about).strip().split("\n")[0] if one.about else "") for title, name, one in found]
    return [Choice(name, title, words) for title, name, words in sorted(about)]


def _types(viewer: Viewer) -> list[tuple[Any, Any]]:
    return [(row, types.defined(row)) for row in queries.case_types(viewer)]


def _sites(viewer: Viewer) -> list[Choice]:
    return [Choice(str(site.pk), site.name) for site in sites(viewer)]


def _teams(viewer: Viewer) -> list[Choice]:
    return [Choice(str(team.pk), team.name) for team in teams(viewer)]


# --- what is done to them ---------------------------------------------------------------------------------------------


def _assigned(viewer: Viewer, ids: Sequence[str], change: Callable[[Case], dict[str, Any]], now: datetime) -> dict:
    """Give cases away; who and which team had each before, and has it now."""
    rows = queries.visible(viewer, operations.WORK).filter(uuid__in=[id_of(one) for one in ids])
    former: dict[str, Any] = {}
    for row in rows.select_related("owner", "team"):
        wanted = change(row)
        held = operations.assign_case(viewer, row.uuid, now=now, **wanted)
        if (row.owner_id, row.team_id) != (held.owner_id, held.team_id):
            former[str(row.uuid)] = {
                "was": [str(row.owner_id or ""), str(row.team_id or "")],
                "now": [str(held.owner_id or ""), str(held.team_id or "")],
            }
    return former


def assign(viewer: Viewer, ids: Sequence[str], *, choice: str, now: datetime) -> Done:
    """One colleague has all of them."""
    try:
        chosen = None if choice == NOBODY else colleague(viewer, UUID(choice))
    except ValueError as error:
        raise UnknownChoice from error
    former = _assigned(viewer, ids, lambda row: {"owner": chosen}, now)
    n = len(former)
    if not n:
        return Done(_("Nothing changes: that was so already."))
    if chosen is None:
        said = ngettext("%(n)s case is nobody’s now.", "%(n)s cases are nobody’s now.", n) % {"n": n}
        return Done(said, former)
    words = ngettext("%(n)s case is now %(name)s’s.", "%(n)s cases are now %(name)s’s.", n)
    return Done(words % {"n": n, "name": chosen.name}, former)


def take(viewer: Viewer, ids: Sequence[str], *, choice: str, now: datetime) -> Done:
    """They are the viewer's."""
    return assign(viewer, ids, choice=str(viewer.user_id), now=now)


def give_team(viewer: Viewer, ids: Sequence[str], *, choice: str, now: datetime) -> Done:
    """One team has all of them; who has each in it stays."""
    chosen = next((team for team in teams(viewer) if str(team.pk) == choice), None)
    if chosen is None:
        raise UnknownChoice
    former = _assigned(viewer, ids, lambda row: {"owner": row.owner, "team": chosen}, now)
    n = len(former)
    if not n:
        return Done(_("Nothing changes: that was so already."))
    words = ngettext("%(n)s case is now with %(name)s.", "%(n)s cases are now with %(name)s.", n)
    return Done(words % {"n": n, "name": chosen.name}, former)


def give_back(viewer: Viewer, former: Mapping[str, Mapping[str, Sequence[str]]], *, now: datetime) -> list[str]:
    """Each has again whom it had, where nobody gave it away since; a team that it had not before stays."""
    rows = queries.visible(viewer, operations.WORK).filter(uuid__in=[UUID(one) for one in former])
    known = {str(team.pk): team for team in teams(viewer)}
    back = []
    for row in rows:
        told = former[str(row.uuid)]
        if [str(row.owner_id or ""), str(row.team_id or "")] != list(told["now"]):
            continue
        owner, team = told["was"]
        user = colleague(viewer, UUID(owner)) if owner else None
        operations.assign_case(viewer, row.uuid, owner=user, team=known.get(team), now=now)
        back.append(str(row.uuid))
    return back


def _team_choices(viewer: Viewer, q: str, now: datetime) -> list[Choice]:
    typed = q.casefold().strip()
    return [one for one in _teams(viewer) if typed in str(one.label).casefold()][:CHOICES_MAX]


def _type_choices(viewer: Viewer, q: str, now: datetime) -> list[Choice]:
    typed = q.casefold().strip()
    return [one for one in type_choices(viewer) if typed in f"{one.label} {one.hint}".casefold()][:CHOICES_MAX]


def open_case(viewer: Viewer, ids: Sequence[str], *, choice: str, now: datetime) -> Done:
    """A case of a type for one person; the page goes there."""
    from egard.console.cases.acts import open_for
    from egard.kernel.people.queries import person

    held = open_for(viewer, choice, person(viewer, id_of(ids[0])), now=now)
    return Done(_("The case is opened."), url=reverse("console:case", args=[held.uuid]))


def panel(person: Person, viewer: Viewer, now: datetime) -> Mapping[str, Any]:
    """Her cases, the latest first."""
    found = queries.cases_of(viewer, person, limit=PANEL_MAX + 1)
    shown = [(row, said(types.defined(row.type).title)) for row in found[:PANEL_MAX]]
    return {"cases": shown, "more": len(found) > PANEL_MAX, "may_open": viewer.can(operations.WORK)}


def panel_data(person: Person, viewer: Viewer, now: datetime) -> Mapping[str, Any]:
    """The same for programs."""
    found = queries.cases_of(viewer, person, limit=PANEL_MAX)
    items = [
        {"id": row.uuid, "type": row.type.name, "status": row.status, "opened_at": row.opened_at, "due_at": row.due_at}
        for row in found
    ]
    return {"cases": items}


ASSIGN = Action(
    "console.assign_cases",
    gettext_lazy("Give to a colleague"),
    operations.WORK,
    run=assign,
    undo=give_back,
    key="o",
    icon="user-check",
    asks=Asks(gettext_lazy("Who will have it?"), colleagues),
)
TAKE = Action(
    "console.take_cases",
    gettext_lazy("Take it myself"),
    operations.WORK,
    run=take,
    undo=give_back,
    key="t",
    icon="user-plus",
)
GIVE_TEAM = Action(
    "console.give_cases",
    gettext_lazy("Give to a team"),
    operations.WORK,
    run=give_team,
    undo=give_back,
    icon="users",
    asks=Asks(gettext_lazy("Which team will have it?"), _team_choices),
)
OPEN = Action(
    "console.open_case",
    gettext_lazy("Open a case"),
    operations.WORK,
    run=open_case,
    key="c",
    icon="clipboard-check",
    asks=Asks(gettext_lazy("A case of which type?"), _type_choices),
    on="person",
    bulk=False,
)
PANEL = Panel("cases", gettext_lazy("Cases"), "console/cases/_panel.html", panel, panel_data, queries.READ, order=20)
CASES = Worklist(
    "cases",
    gettext_lazy("Cases"),
    queries.READ,
    "clipboard-check",
    rows,
    item=item,
    count=count,
    actions=(TAKE, ASSIGN, GIVE_TEAM),
    filters=(
        Filter("q", gettext_lazy("Search")),
        Filter("whose", gettext_lazy("Whose"), _whose, none=gettext_lazy("My own cases")),
        Filter("status", gettext_lazy("Status"), _statuses, none=gettext_lazy("Open")),
        Filter("type", gettext_lazy("Type"), type_choices),
        Filter("team", gettext_lazy("Team"), _teams),
        Filter("site", gettext_lazy("Site"), _sites),
    ),
    empty=gettext_lazy(
        "Cases that are yours, and steps that ask you or your team, stand here, the nearest promise first. Open one"
        " from a person’s page with the key C, or look at those of your team and your site above."
    ),
    key="s",
    order=3,
    live=("cases",),
)
