"""Questions on people. Each takes the viewer first and answers only within what she may see."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from django.db.models import Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from egard.base.paging import Page, UnknownCursor, bounded, decode_cursor, encode_cursor
from egard.base.quickread import quick_rows
from egard.base.refusal import NotFound
from egard.kernel.access.actors import Viewer
from egard.kernel.access.rules import reaching
from egard.kernel.people.guard import require_reason
from egard.kernel.people.members import any_of, fill, of, roots, with_members
from egard.kernel.people.models import Consent, Identifier, Merge, Person, Relationship, Role
from egard.kernel.registry import FieldClass, IdentifierKind, OpenItem, registry

READ = "people.read"
MERGE = "people.merge"


@dataclass(frozen=True, slots=True)
class IdentifierEntry:
    kind: IdentifierKind
    value: str
    shared: bool
    added_at: datetime

    @property
    def display(self) -> str:
        return self.kind.display(self.value)


@dataclass(frozen=True, slots=True)
class ConsentState:
    """The latest word of a person on one purpose and channel."""

    purpose: str
    channel: str
    given: bool
    at: datetime
    proof: str


@dataclass(frozen=True, slots=True)
class Adviser:
    id: UUID
    name: str
    email: str
    since: datetime


@dataclass(frozen=True, slots=True)
class PersonCard:
    """Who somebody is, and how to reach her: all that the first paint of her page shows beside the timeline."""

    person: Person
    reach: tuple[IdentifierEntry, ...]
    identifiers: tuple[IdentifierEntry, ...]
    roles: tuple[Role, ...]
    consents: tuple[ConsentState, ...]
    adviser: Adviser | None


def visible(viewer: Viewer, permission: str = READ) -> QuerySet[Person]:
    """The persons within the viewer's scope of `permission`, each once: rows merged into another are part of that one,
    who is within the scope where any of her rows is. Raises `NotAllowed` without the permission.
    """
    return Person.objects.filter(_within(viewer, permission), root__isnull=True)


def _within(viewer: Viewer, permission: str) -> Q:
    scope = viewer.require(permission)
    if scope == "all":
        return Q()
    if scope == "site":
        merged = Person.objects.filter(site__in=viewer.site_ids, root__isnull=False)
        return Q(site__in=viewer.site_ids) | any_of(merged, "root")
    return Q(pk__in=roots(_ties(viewer, scope)))


def _ties(viewer: Viewer, scope: str) -> QuerySet[Relationship]:
    ties = Relationship.objects.filter(until__isnull=True)
    return ties.filter(staff=viewer.user_id) if scope == "own" else ties.filter(staff__teams__in=viewer.team_ids)


def seen_as(viewer: Viewer, person: Person) -> Viewer:
    """The same viewer with what holds for this person: everybody's name, say, but only her own clients' orders."""
    return seen_each(viewer, [person])[0]


def seen_each(viewer: Viewer, persons: Sequence[Person]) -> list[Viewer]:
    """`seen_as` for each of several persons: a question a scope, none where all are alike; remembered with each."""
    narrow = {*viewer.permissions.values(), *viewer.classes.values()} - {"all"}
    if not narrow or (len(narrow) == 1 and viewer.scope(READ) in narrow):
        return [viewer] * len(persons)  # the persons were found within that scope
    actor = str(viewer.actor)
    if new := [person for person in persons if actor not in person.__dict__.setdefault("_seen_as", {})]:
        rows = {pk for person in new for pk in person.members}
        tied = {
            scope: set(_ties(viewer, scope).filter(person__in=rows).values_list("person", flat=True))
            for scope in narrow - {"site"}
        }
        for person in new:
            covered = {"all", *(scope for scope, held in tied.items() if not held.isdisjoint(person.members))}
            if "site" in narrow and not _sites(person).isdisjoint(viewer.site_ids):
                covered.add("site")
            person.__dict__["_seen_as"][actor] = replace(
                viewer,
                permissions={name: "all" for name, scope in viewer.permissions.items() if scope in covered},
                classes={name: "all" for name, scope in viewer.classes.items() if scope in covered},
            )
    return [person.__dict__["_seen_as"][actor] for person in persons]


def _sites(person: Person) -> set[UUID | None]:
    return {person.site_id, *(UUID(row["site"]["id"]) for row in person.absorbed if row["site"])}


def everywhere(viewer: Viewer) -> Viewer:
    """The same viewer with the classes of data that she sees of everybody in her lists."""
    return replace(viewer, classes=reaching(viewer.classes, viewer.require(READ)))


_ROOT_OF = (
    "people_person.id = (select coalesce(asked.root_id, asked.id) from people_person asked where asked.uuid = %s)"
)


def person(viewer: Viewer, uuid: UUID, permission: str = READ) -> Person:
    """One person by her public id, within the viewer's scope; the id of a row that was merged leads to the survivor.

    She comes with all her rows (`members`), and with her blanks filled from them. Raises `NotFound`, also for one whom
    the viewer may not see, and `ReasonNeeded` for a file that is opened for a reason only.
    """
    asked = with_members(visible(viewer, permission)).select_related("site")
    for found in asked.extra(where=[_ROOT_OF], params=[uuid]):
        fill(found)
        require_reason(viewer, found)
        return found
    raise NotFound


def merged_into(viewer: Viewer, uuids: Iterable[str]) -> dict[str, str]:
    """Who they are now, for those of some public ids that were merged into somebody whom the viewer may see: a query,
    or none without ids.
    """
    wanted = list(uuids)
    if not wanted or not viewer.can(READ):
        return {}
    found = Person.objects.filter(uuid__in=wanted, root__in=visible(viewer))
    return {str(uuid): str(now) for uuid, now in found.values_list("uuid", "root__uuid")}


def named(viewer: Viewer, pks: Iterable[int]) -> dict[int, Person]:
    """Whose the rows of a log are, within the viewer's scope: two queries; for their names, not for their files."""
    rows = dict(Person.objects.filter(pk__in=set(pks)).values_list("pk", Coalesce("root", "pk")))
    found = {one.pk: fill(one) for one in with_members(visible(viewer)).filter(pk__in=set(rows.values()))}
    return {pk: found[root] for pk, root in rows.items() if root in found}


def named_by_id(viewer: Viewer, uuids: Iterable[UUID]) -> dict[str, Person]:
    """The same by their public ids: three queries."""
    rows = dict(Person.objects.filter(uuid__in=set(uuids)).values_list("pk", "uuid"))
    return {str(rows[pk]): person for pk, person in named(viewer, rows).items()}


def mentioned(viewer: Viewer, uuid: UUID) -> Person | None:
    """Whom a log's question is about, by any of her ids; nobody where the viewer may not see her. Not for her file."""
    asked = Person.objects.filter(uuid=uuid).values(_root=Coalesce("root", "pk"))
    found = with_members(visible(viewer)).filter(pk=Subquery(asked)).first()
    return fill(found) if found else None


def is_visible(viewer: Viewer, uuid: str) -> bool:
    """Whether somebody of this public id is within the viewer's scope; False for what is no id."""
    try:
        wanted = UUID(uuid)
    except ValueError:
        return False
    return viewer.can(READ) and visible(viewer).filter(uuid=wanted).exists()


def persons_with(viewer: Viewer, kind: str, value: str, *, limit: int = 50) -> list[Person]:
    """The persons who have exactly this identifier (several only where it is shared)."""
    viewer = everywhere(viewer)
    from egard.kernel.people.operations import normalise

    if not viewer.sees(
        registry.identifier_kinds[kind].field_class if kind in registry.identifier_kinds else FieldClass.IDENTITY
    ):
        return []
    held = Identifier.objects.filter(kind=kind, value=normalise(kind, value))
    found = with_members(visible(viewer)).filter(pk__in=roots(held))
    return [fill(one) for one in found.select_related("site").order_by("id")[:limit]]


def card(viewer: Viewer, person: Person) -> PersonCard:
    """Identifiers, roles, consents and adviser of a person: one query, whatever the history."""
    viewer = seen_as(viewer, person)
    held = _known_of(person)
    entries = [entry for row in held.identifiers if (entry := _entry(viewer, *row))]
    return PersonCard(
        person=person,
        reach=tuple(e for e in entries if e.kind.reach),
        identifiers=tuple(e for e in entries if not e.kind.reach),
        roles=tuple(_roles(viewer, held)),
        consents=tuple(_consents(viewer, held)),
        adviser=_adviser(held),
    )


IDENTIFIERS_SHOWN = 100
ONCE = """
not exists (select from people_identifier older where older.person_id = any(%s)
            and older.kind = people_identifier.kind and older.value = people_identifier.value
            and older.id < people_identifier.id)
"""
"""Her identifiers, each once: what two of her rows share is shown as the older one."""

_KNOWN = f"""
select
array(select json_build_array(kind, value, exclusive, added_at) from people_identifier
      where person_id = any(%s) and kind = any(%s) and {ONCE} order by kind, id limit {IDENTIFIERS_SHOWN})::text[],
array(select json_build_array(id, person_id, role, since, until) from people_role
      where person_id = any(%s) order by since, role, id)::text[],
array(select json_build_array(purpose, channel, given, at, proof) from (
      select distinct on (purpose, channel) purpose, channel, given, at, proof from people_consent
      where person_id = any(%s) order by purpose, channel, at desc, id desc) latest order by purpose, channel)::text[],
array(select json_build_array(u.id, u.name, u.email, r.since) from people_relationship r
      join access_user u on u.id = r.staff_id where r.person_id = any(%s) and r.kind = 'adviser' and r.until is null
      order by r.person_id <> %s, r.id limit 1)::text[]
"""
"""All that stands on a card, by one statement: by Django it was four, and half the time of a person's page."""


class _Known(NamedTuple):
    """The parts of a card as they are stored, each row as `_KNOWN` lists it."""

    identifiers: list[tuple[str, str, bool, str]]
    roles: list[tuple[int, int, str, str, str | None]]
    consents: list[tuple[str, str, bool, str, str]]
    advisers: list[tuple[str, str, str, str]]


def _known_of(person: Person) -> _Known:
    """Numbers found by their ends (orders) are left out: they stand on the timeline."""
    kinds = [kind.name for kind in registry.identifier_kinds.values() if kind.search == "inside"]
    rows = list(person.members)
    [parts] = quick_rows(_KNOWN, [rows, kinds, rows, rows, rows, rows, person.pk])
    return _Known(*([tuple(orjson.loads(row)) for row in part] for part in parts))  # type: ignore[arg-type]


def _entry(viewer: Viewer, kind: str, value: str, exclusive: bool, added_at: str | datetime) -> IdentifierEntry | None:
    """A stored identifier as it is shown; None where its kind is gone or not for this viewer."""
    declared = registry.identifier_kinds.get(kind)
    if declared is None or not viewer.sees(declared.field_class):
        return None
    added = datetime.fromisoformat(added_at) if isinstance(added_at, str) else added_at
    return IdentifierEntry(declared, value, not exclusive, added)


def identifier(viewer: Viewer, row: Identifier) -> IdentifierEntry:
    """A stored identifier as it is shown."""
    return IdentifierEntry(registry.identifier_kinds[row.kind], row.value, not row.exclusive, row.added_at)


def identifiers(viewer: Viewer, person: Person, *, limit: int = 50, cursor: str | None = None) -> Page[IdentifierEntry]:
    """All identifiers of a person, oldest first, page by page."""
    viewer = seen_as(viewer, person)
    viewer.require(READ)
    after = decode_cursor(cursor, "identifiers", int)[0] if cursor else 0
    limit = bounded(limit)
    held = Identifier.objects.filter(person__in=person.members).extra(where=[ONCE], params=[list(person.members)])
    rows = list(held.filter(id__gt=after).order_by("id")[: limit + 1])
    more = len(rows) > limit
    entries = (_entry(viewer, row.kind, row.value, row.exclusive, row.added_at) for row in rows[:limit])
    return Page(
        [entry for entry in entries if entry], encode_cursor("identifiers", rows[limit - 1].id) if more else None
    )


def consents(viewer: Viewer, person: Person) -> list[ConsentState]:
    """The word that holds now for each purpose and channel."""
    return _consents(seen_as(viewer, person), _known_of(person))


def _consents(viewer: Viewer, held: _Known) -> list[ConsentState]:
    if not viewer.sees(FieldClass.CONSENT):
        return []
    return [
        ConsentState(purpose, channel, given, datetime.fromisoformat(at), proof)
        for purpose, channel, given, at, proof in held.consents
    ]


def consent_history(viewer: Viewer, person: Person, *, limit: int = 50, cursor: str | None = None) -> Page[Consent]:
    """Every word a person said on her consents, newest recorded first, page by page."""
    viewer = seen_as(viewer, person)
    if not viewer.sees(FieldClass.CONSENT):
        return Page()
    found = Consent.objects.filter(person__in=person.members).order_by("-id")
    if cursor:
        found = found.filter(id__lt=decode_cursor(cursor, "consents", int)[0])
    limit = bounded(limit)
    rows = list(found[: limit + 1])
    return Page(rows[:limit], encode_cursor("consents", rows[limit - 1].pk) if len(rows) > limit else None)


def roles(viewer: Viewer, person: Person) -> list[Role]:
    """What she is and was to the organisation, the latest first; a role that two of her rows hold is one, since the
    earlier of the two.
    """
    return _roles(seen_as(viewer, person), _known_of(person))


def _roles(viewer: Viewer, held: _Known) -> list[Role]:
    if not viewer.sees(FieldClass.IDENTITY):
        return []
    found: dict[object, Role] = {}
    for pk, person_id, name, begun, ended in held.roles:
        since, until = datetime.fromisoformat(begun), datetime.fromisoformat(ended) if ended else None
        role = Role(id=pk, person_id=person_id, role=name, since=since, until=until)
        found.setdefault((role.role, role.until and (role.since, role.until)), role)
    return sorted(sorted(found.values(), key=lambda r: r.role), key=lambda r: r.since, reverse=True)


def merges(viewer: Viewer, person: Person, *, limit: int = 50, cursor: str | None = None) -> Page[Merge]:
    """What was merged into a person or out of her rows, and what of it was undone, the latest first."""
    viewer = seen_as(viewer, person)
    viewer.require(READ)
    found = Merge.objects.filter(Q(survivor__in=person.members) | Q(absorbed__in=person.members))
    if cursor:
        found = found.filter(id__lt=_uuid(cursor))
    limit = bounded(limit)
    rows = list(found.select_related("survivor", "absorbed").order_by("-id")[: limit + 1])
    return Page(rows[:limit], encode_cursor("merges", str(rows[limit - 1].pk)) if len(rows) > limit else None)


def _uuid(cursor: str) -> UUID:
    try:
        return UUID(decode_cursor(cursor, "merges", str)[0])
    except ValueError as error:
        raise UnknownCursor from error


def merge(viewer: Viewer, uuid: UUID) -> Merge:
    """One merge by its id, of a person within the viewer's scope of merging. Raises `NotFound`."""
    asked = Merge.objects.filter(pk=uuid).values(_root=Coalesce("survivor__root", "survivor"))
    found = Merge.objects.select_related("survivor", "absorbed").filter(pk=uuid).first()
    if found is None or not visible(viewer, MERGE).filter(pk=Subquery(asked)).exists():
        raise NotFound
    return found


def counts(viewer: Viewer, person: Person) -> list[tuple[Any, int]]:
    """What a merge brings together: words on consents. Identifiers stand in full on the preview."""
    if not viewer.sees(FieldClass.CONSENT):
        return []
    return [(_("Consents recorded"), Consent.objects.filter(person__in=person.members).count())]


def has_consent(person_pk: int, purpose: str, channel: str) -> bool:
    """Whether the latest word on this purpose and channel is yes; silence is no. Asked before any message."""
    rows = Person.objects.filter(of(person_pk)).values("pk")
    latest = Consent.objects.filter(person__in=rows, purpose=purpose, channel=channel).order_by("-at", "-id")
    return bool(latest.values_list("given", flat=True).first())


def adviser(viewer: Viewer, person: Person) -> Adviser | None:
    """The person's own adviser, if she has one: the survivor's, else that of a row merged into hers."""
    return _adviser(_known_of(person))


def _adviser(held: _Known) -> Adviser | None:
    for pk, name, email, since in held.advisers:
        return Adviser(UUID(pk), name, email, datetime.fromisoformat(since))
    return None


def open_items(viewer: Viewer, person: Person, now: datetime) -> list[OpenItem]:
    """What the journeys have open with her, the nearest moment first; one query for each journey that has some."""
    viewer = seen_as(viewer, person)
    found = [
        item
        for source in registry.open.values()
        if viewer.can(source.permission)
        for item in source.items(person, viewer, now)
    ]
    return sorted(found, key=lambda item: (item.due_at is None, item.due_at))
