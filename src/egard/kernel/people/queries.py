"""Questions on people. Each takes the viewer first and answers only within what she may see."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from egard.base.paging import Page, bounded, decode_cursor, encode_cursor
from egard.base.refusal import NotFound
from egard.kernel.access.actors import Viewer
from egard.kernel.access.rules import reaching
from egard.kernel.people.models import Consent, Identifier, Person, Relationship, Role
from egard.kernel.registry import FieldClass, IdentifierKind, OpenItem, registry

READ = "people.read"


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
    """The persons within the viewer's scope of `permission`. Raises `NotAllowed` without it."""
    return Person.objects.filter(_within(viewer, permission))


def _within(viewer: Viewer, permission: str) -> Q:
    scope = viewer.require(permission)
    if scope == "all":
        return Q()
    if scope == "site":
        return Q(site__in=viewer.site_ids)
    return Q(pk__in=_ties(viewer, scope).values("person"))


def _ties(viewer: Viewer, scope: str) -> QuerySet[Relationship]:
    ties = Relationship.objects.filter(until__isnull=True)
    return ties.filter(staff=viewer.user_id) if scope == "own" else ties.filter(staff__teams__in=viewer.team_ids)


def seen_as(viewer: Viewer, person: Person) -> Viewer:
    """The same viewer with only what holds for this person: she may see everybody's name, but only her own clients'
    orders. Nothing is asked of the database where all her scopes are alike; else one question.
    """
    narrow = {*viewer.permissions.values(), *viewer.classes.values()} - {"all"}
    if not narrow or (len(narrow) == 1 and viewer.scope(READ) in narrow):
        return viewer  # the person was found within that scope
    kept = person.__dict__.setdefault("_seen_as", {})
    actor = str(viewer.actor)
    if actor not in kept:
        covered = {"all", *(scope for scope in narrow if _covers(viewer, person, scope))}
        kept[actor] = replace(
            viewer,
            permissions={name: "all" for name, scope in viewer.permissions.items() if scope in covered},
            classes={name: "all" for name, scope in viewer.classes.items() if scope in covered},
        )
    return kept[actor]


def _covers(viewer: Viewer, person: Person, scope: str) -> bool:
    if scope == "site":
        return person.site_id in viewer.site_ids
    return _ties(viewer, scope).filter(person=person).exists()


def everywhere(viewer: Viewer) -> Viewer:
    """The same viewer with the classes of data that she sees of everybody in her lists."""
    return replace(viewer, classes=reaching(viewer.classes, viewer.require(READ)))


def person(viewer: Viewer, uuid: UUID, permission: str = READ) -> Person:
    """One person by her public id, within the viewer's scope. Raises `NotFound`, also for one she may not see."""
    found = visible(viewer, permission).select_related("site").filter(uuid=uuid).first()
    if found is None:
        raise NotFound
    return found


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
    found = visible(viewer).filter(identifiers__kind=kind, identifiers__value=normalise(kind, value))
    return list(found.select_related("site").order_by("id")[:limit])


def card(viewer: Viewer, person: Person) -> PersonCard:
    """Identifiers, roles, consents and adviser of a person: four queries, whatever the history."""
    viewer = seen_as(viewer, person)
    entries = [
        IdentifierEntry(kind, row.value, not row.exclusive, row.added_at)
        for row in _listed_identifiers(person)
        if (kind := registry.identifier_kinds.get(row.kind)) and viewer.sees(kind.field_class)
    ]
    return PersonCard(
        person=person,
        reach=tuple(e for e in entries if e.kind.reach),
        identifiers=tuple(e for e in entries if not e.kind.reach),
        roles=tuple(roles(viewer, person)),
        consents=tuple(consents(viewer, person)),
        adviser=adviser(viewer, person),
    )


def identifier(viewer: Viewer, row: Identifier) -> IdentifierEntry:
    """A stored identifier as it is shown."""
    return IdentifierEntry(registry.identifier_kinds[row.kind], row.value, not row.exclusive, row.added_at)


IDENTIFIERS_SHOWN = 100


def _listed_identifiers(person: Person) -> Iterable[Identifier]:
    """The identifiers that say who she is; numbers found by their ends (orders) stand on the timeline instead."""
    kinds = [kind.name for kind in registry.identifier_kinds.values() if kind.search == "inside"]
    return person.identifiers.filter(kind__in=kinds).order_by("kind", "id")[:IDENTIFIERS_SHOWN]


def identifiers(viewer: Viewer, person: Person, *, limit: int = 50, cursor: str | None = None) -> Page[IdentifierEntry]:
    """All identifiers of a person, oldest first, page by page."""
    viewer = seen_as(viewer, person)
    viewer.require(READ)
    after = decode_cursor(cursor, "identifiers", int)[0] if cursor else 0
    limit = bounded(limit)
    rows = list(person.identifiers.filter(id__gt=after).order_by("id")[: limit + 1])
    more = len(rows) > limit
    entries = [
        IdentifierEntry(kind, row.value, not row.exclusive, row.added_at)
        for row in rows[:limit]
        if (kind := registry.identifier_kinds.get(row.kind)) and viewer.sees(kind.field_class)
    ]
    return Page(entries, encode_cursor("identifiers", rows[limit - 1].id) if more else None)


def consents(viewer: Viewer, person: Person) -> list[ConsentState]:
    """The word that holds now for each purpose and channel."""
    viewer = seen_as(viewer, person)
    if not viewer.sees(FieldClass.CONSENT):
        return []
    latest = person.consents.order_by("purpose", "channel", "-at", "-id").distinct("purpose", "channel")
    return [ConsentState(c.purpose, c.channel, c.given, c.at, c.proof) for c in latest]


def consent_history(viewer: Viewer, person: Person, *, limit: int = 50, cursor: str | None = None) -> Page[Consent]:
    """Every word a person said on her consents, newest recorded first, page by page."""
    viewer = seen_as(viewer, person)
    if not viewer.sees(FieldClass.CONSENT):
        return Page()
    found = person.consents.order_by("-id")
    if cursor:
        found = found.filter(id__lt=decode_cursor(cursor, "consents", int)[0])
    limit = bounded(limit)
    rows = list(found[: limit + 1])
    return Page(rows[:limit], encode_cursor("consents", rows[limit - 1].pk) if len(rows) > limit else None)


def roles(viewer: Viewer, person: Person) -> list[Role]:
    """What she is and was to the organisation, the latest first."""
    viewer = seen_as(viewer, person)
    return list(person.roles.order_by("-since", "role")) if viewer.sees(FieldClass.IDENTITY) else []


def has_consent(person_pk: int, purpose: str, channel: str) -> bool:
    """Whether the latest word on this purpose and channel is yes; silence is no. Asked before any message."""
    latest = Consent.objects.filter(person=person_pk, purpose=purpose, channel=channel).order_by("-at", "-id")
    return bool(latest.values_list("given", flat=True).first())


def adviser(viewer: Viewer, person: Person) -> Adviser | None:
    """The person's own adviser, if she has one."""
    tie = (
        person.relationships.filter(kind="adviser", until__isnull=True)
        .select_related("staff")
        .only("since", "staff__id", "staff__name", "staff__email")
        .first()
    )
    return Adviser(tie.staff.pk, tie.staff.name, tie.staff.email, tie.since) if tie else None


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
