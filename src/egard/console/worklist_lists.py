"""The lists that every house has: everybody, an adviser's clients, those without an adviser; and naming an adviser."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from egard.base.paging import Page
from egard.base.refusal import NotFound, Refusal
from egard.base.text import fold
from egard.console import words
from egard.console.templatetags.egard import known_as
from egard.console.typed import id_of
from egard.kernel.access.actors import Viewer
from egard.kernel.access.queries import colleague, sites, staff, teams
from egard.kernel.messages.permitted import OWED
from egard.kernel.people import bulk, operations
from egard.kernel.people import queries as people
from egard.kernel.people.lists import BY, Looked, count_looked_after, looked_after, sought
from egard.kernel.people.live import PEOPLE
from egard.kernel.people.search import PersonRow, search
from egard.kernel.registry import Action, Asks, Choice, Done, FieldClass, Filter, Worklist, WorkRow, registry

EDIT = "people.edit"
PORTFOLIO = "console.portfolio"
NOBODY = "nobody"
CHOICES_MAX = 20


class UnknownChoice(Refusal):
    """The value is not one of those offered; choose one of the list."""

    code = "console.unknown_choice"
    title = gettext_lazy("Unknown choice")
    message = gettext_lazy("Choose one of the list.")


def row_of(row: PersonRow, *, adviser: bool = True) -> WorkRow:
    """A person as a row of a list."""
    roles = ", ".join(words.word(words.ROLES, role) for role in row.roles)
    also = f"{_('also known as')} {row.also}" if row.also else ""
    told = (also, row.contact, row.site, row.adviser if adviser else "", roles)
    return WorkRow(str(row.id), row.name or known_as(row.known_by), " · ".join(filter(None, told)), person=row.id)


def everybody(
    viewer: Viewer, *, filters: Mapping[str, str], now: datetime, limit: int, cursor: str | None
) -> Page[WorkRow]:
    """Those whom the search finds and the filters leave; with nothing typed, everybody."""
    page = found(viewer, filters, limit=limit, cursor=cursor)
    return Page([row_of(row) for row in page.items], page.next)


def found(
    viewer: Viewer, filters: Mapping[str, str], *, limit: int, cursor: str | None = None, down_to: str | None = None
) -> Page[PersonRow]:
    """The same as the list of people shows them. Raises `UnknownFilter`."""
    known = {name: value for name, value in filters.items() if name in BY}
    within = sought(viewer, known) if known else None
    return search(viewer, filters.get("q", ""), within=within, limit=limit, cursor=cursor, down_to=down_to)


def _count_all(viewer: Viewer, *, filters: Mapping[str, str], now: datetime, most: int) -> int:
    return sought(viewer, filters)[:most].count()


def _rows(whom: Callable[[Viewer], Looked | None]) -> Callable[..., Page[WorkRow]]:
    def rows(
        viewer: Viewer, *, filters: Mapping[str, str], now: datetime, limit: int, cursor: str | None
    ) -> Page[WorkRow]:
        by = whom(viewer)
        if by is None:
            return Page()
        newest = filters.get("order") == "newest"
        page = looked_after(viewer, by, site=_site(filters), newest=newest, limit=limit, cursor=cursor)
        return Page([row_of(row, adviser=False) for row in page.items], page.next)

    return rows


def _count(whom: Callable[[Viewer], Looked | None]) -> Callable[..., int]:
    def count(viewer: Viewer, *, filters: Mapping[str, str], now: datetime, most: int) -> int:
        by = whom(viewer)
        return count_looked_after(viewer, by, site=_site(filters), most=most) if by else 0

    return count


def _site(filters: Mapping[str, str]) -> UUID | None:
    try:
        return UUID(filters["site"]) if filters.get("site") else None
    except ValueError as error:
        raise UnknownChoice from error


def _sites(viewer: Viewer) -> list[Choice]:
    return [Choice(str(site.pk), site.name) for site in sites(viewer)]


def _advisers(viewer: Viewer) -> list[Choice]:
    return [Choice(NOBODY, _("Without an adviser")), *(Choice(str(user.pk), user.name) for user in staff(viewer))]


def _teams(viewer: Viewer) -> list[Choice]:
    return [Choice(str(team.pk), team.name) for team in teams(viewer)]


def _purposes(viewer: Viewer) -> list[Choice]:
    """What people may agree to; nothing for who may not see that."""
    if not viewer.sees(FieldClass.CONSENT):
        return []
    asked = [code for code in words.PURPOSES_OFFERED if code not in OWED]
    return [Choice(code, _("Agreed to: %(purpose)s") % {"purpose": words.PURPOSES[code]}) for code in asked]


def _worded(table: Mapping[str, Any]) -> list[Choice]:
    return [Choice(code, said) for code, said in table.items()]


def _me(viewer: Viewer) -> Looked | None:
    return viewer.user_id


def _nobody(viewer: Viewer) -> Looked:
    return "nobody"


def colleagues(viewer: Viewer, q: str, now: datetime) -> list[Choice]:
    """Those who can be named, by a part of their names; nobody last."""
    typed = fold(q).strip()
    found = [user for user in staff(viewer) if all(word in fold(f"{user.name} {user.email}") for word in typed.split())]
    offered = [Choice(str(user.pk), user.name, user.email) for user in found[: CHOICES_MAX - 1]]
    return offered if typed else [*offered, Choice(NOBODY, _("Nobody"), _("without an adviser"))]


def name_adviser(viewer: Viewer, ids: Sequence[str], *, choice: str, now: datetime) -> Done:
    """One adviser for all of them."""
    try:
        chosen = None if choice == NOBODY else colleague(viewer, UUID(choice))
    except ValueError as error:
        raise UnknownChoice from error
    uuids = dict(people.visible(viewer, EDIT).filter(uuid__in=map(id_of, ids)).values_list("pk", "uuid"))
    if not uuids:
        raise NotFound
    ties = bulk.name_adviser(uuids, chosen, by=viewer.actor, now=now)
    former = {str(uuids[pk]): list(tie) for pk, tie in ties.items()}
    n = len(former)
    if not n:
        return Done(_("Nothing changes: that was so already."))
    if chosen is None:
        said = ngettext("%(n)s client is now without an adviser.", "%(n)s clients are now without an adviser.", n)
        return Done(said % {"n": n}, former)
    said = ngettext("%(n)s client now has %(name)s as adviser.", "%(n)s clients now have %(name)s as adviser.", n)
    return Done(said % {"n": n, "name": chosen.name}, former)


def take_back_adviser(viewer: Viewer, former: Mapping[str, Sequence[Any]], *, now: datetime) -> list[str]:
    """Each has again whom she had."""
    held = dict(people.visible(viewer, EDIT).filter(uuid__in=map(id_of, former)).values_list("pk", "uuid"))
    ties = {pk: (former[str(uuid)][0], list(former[str(uuid)][1])) for pk, uuid in held.items()}
    return [str(held[pk]) for pk in bulk.take_back_adviser(ties, by=viewer.actor, now=now)]


def remove_identifier(viewer: Viewer, ids: Sequence[str], *, choice: str, now: datetime) -> Done:
    """Take an identifier (`kind:value`) from a person."""
    kind, _colon, value = choice.partition(":")
    person = people.person(viewer, UUID(ids[0]), EDIT)
    normal = operations.normalise(kind, value)
    shared = any(e.shared for e in people.card(viewer, person).reach if (e.kind.name, e.value) == (kind, normal))
    operations.remove_identifier(person, kind, value, by=viewer.actor, now=now)
    said = _("%(value)s is removed.") % {"value": registry.identifier_kinds[kind].display(normal)}
    return Done(said, {str(person.uuid): {"kind": kind, "value": normal, "shared": shared}})


def put_back_identifier(viewer: Viewer, former: Mapping[str, Mapping[str, Any]], *, now: datetime) -> list[str]:
    """It points to her again, unless somebody else has it by now."""
    back = []
    for uuid, told in former.items():
        person = people.person(viewer, UUID(uuid), EDIT)
        try:
            operations.add_identifier(
                person, told["kind"], told["value"], shared=told["shared"], by=viewer.actor, now=now
            )
        except operations.IdentifierTaken:
            continue
        back.append(uuid)
    return back


NAME_ADVISER = Action(
    "console.name_adviser",
    gettext_lazy("Name an adviser"),
    EDIT,
    run=name_adviser,
    undo=take_back_adviser,
    key="a",
    icon="user-heart",
    asks=Asks(gettext_lazy("Who will look after them?"), colleagues),
    on="person",
)
REMOVE_IDENTIFIER = Action(
    "console.remove_identifier",
    gettext_lazy("Remove"),
    EDIT,
    run=remove_identifier,
    undo=put_back_identifier,
    on="person",
    bulk=False,
    listed=False,
)
ORDERS = (Choice("", gettext_lazy("By name")), Choice("newest", gettext_lazy("Newest first")))
BY_SITE = Filter("site", gettext_lazy("Home shop"), _sites)
LISTS = (
    Worklist(
        "people",
        gettext_lazy("People"),
        people.READ,
        "users",
        everybody,
        filters=(
            Filter("q", gettext_lazy("Search")),
            replace(BY_SITE, none=gettext_lazy("Any shop")),
            Filter("adviser", gettext_lazy("Adviser"), _advisers, gettext_lazy("Any adviser")),
            Filter("team", gettext_lazy("Her adviser’s team"), _teams, gettext_lazy("Any team")),
            Filter("role", gettext_lazy("Role"), lambda viewer: _worded(words.ROLES), gettext_lazy("Any role")),
            Filter("agreed", gettext_lazy("Agreed by e-mail to"), _purposes, gettext_lazy("Agreed or not")),
            Filter(
                "language",
                gettext_lazy("Language"),
                lambda viewer: _worded(words.LANGUAGES),
                gettext_lazy("Any language"),
            ),
        ),
        count=_count_all,
        url_name="console:people",
        snoozes=False,
        order=90,
    ),
    Worklist(
        "clients",
        gettext_lazy("My clients"),
        PORTFOLIO,
        "user-heart",
        _rows(_me),
        count=_count(_me),
        filters=(BY_SITE,),
        orders=ORDERS,
        empty=gettext_lazy(
            "Those whose adviser you are will stand here. A colleague names you on a person’s page, or for many at"
            " once from the list of those without an adviser."
        ),
        key="c",
        live=(PEOPLE,),
        order=10,
    ),
    Worklist(
        "without-adviser",
        gettext_lazy("Without an adviser"),
        EDIT,
        "user-plus",
        _rows(_nobody),
        count=_count(_nobody),
        filters=(BY_SITE,),
        orders=ORDERS,
        empty=gettext_lazy("Everybody has an adviser. New people without one will stand here."),
        key="o",
        live=(PEOPLE,),
        order=20,
    ),
)
