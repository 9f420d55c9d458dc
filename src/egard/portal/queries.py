"""What a person sees of herself. `viewer_of` makes her viewer; the other questions take it first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.utils import timezone

from egard.base.paging import decode_cursor, encode_cursor
from egard.kernel.access.actors import Viewer
from egard.kernel.access.models import ApiKey, RoleGrant, Sight, User
from egard.kernel.access.queries import system_viewer
from egard.kernel.people import queries as people
from egard.kernel.people.models import Identifier, Person
from egard.kernel.registry import FieldClass, OpenItem, registry
from egard.kernel.timeline.models import Fact
from egard.portal.models import Session
from egard.portal.operations import sha
from egard.portal.own import herself

SIGHTS_READ = 200
HELD = ("people.read", "people.export", "timeline.read")
"""What a person may on her own file; the pages ask for no other."""


def session_of(secret: str, *, now: datetime) -> Session | None:
    """The living session behind a cookie, with its person, who may have been merged since: two queries."""
    if not secret:
        return None
    living = Session.objects.filter(token=sha(secret), ended_at=None, expires_at__gt=now)
    found = living.select_related("person").first()
    if found is None:
        return None
    found.person = people.person(system_viewer("portal"), found.person.uuid)
    return None if found.person.erased_at else found


def viewer_of(person: Person) -> Viewer:
    """She herself, for questions on her own file alone."""
    shown = [source.permission for source in registry.open.values() if source.portal]
    return Viewer(
        actor=herself(person),
        permissions=dict.fromkeys((*HELD, *shown), "all"),
        classes=dict.fromkeys(FieldClass, "all"),
        channel="portal",
    )


def open_items(viewer: Viewer, person: Person, now: datetime) -> list[OpenItem]:
    """What is open with her and meant for her eyes, the nearest moment first."""
    found = [item for source in registry.open.values() if source.portal for item in source.items(person, viewer, now)]
    return sorted(found, key=lambda item: (item.due_at is None, item.due_at))


@dataclass(frozen=True, slots=True)
class Held:
    """All that her page on her data shows."""

    person: Person
    emails: list[people.IdentifierEntry]
    phones: list[people.IdentifierEntry]
    numbers: list[people.IdentifierEntry]
    roles: list[Any]
    adviser: people.Adviser | None
    facts: int


def held_on(viewer: Viewer, person: Person) -> Held:
    """What is held on her: six queries, whatever the history."""
    card = people.card(viewer, person)
    return Held(
        person=person,
        emails=[entry for entry in card.reach if entry.kind.name == "email"],
        phones=[entry for entry in card.reach if entry.kind.name == "phone"],
        numbers=list(card.identifiers),
        roles=list(card.roles),
        adviser=card.adviser,
        facts=Fact.objects.filter(person__in=person.members).count(),
    )


def devices(viewer: Viewer, person: Person, *, now: datetime) -> list[Session]:
    """Where she is signed in, the latest used first."""
    viewer.require("people.read")
    hers = Session.objects.filter(person__in=person.members, ended_at=None, expires_at__gt=now)
    return list(hers.order_by("-seen_at"))


@dataclass(frozen=True, slots=True)
class Sighting:
    """Somebody saw her file: who in plain words, what, how often that day. `roles` are codes of staff roles."""

    day: date
    last_at: datetime
    kind: str
    channel: str
    who: str
    """user, key, system, or person: herself"""
    name: str
    """of the program, or of the colleague where the house shows names"""
    roles: tuple[Any, ...]
    teams: tuple[str, ...]
    times: int
    reasons: tuple[str, ...] = ()
    """What was answered where a reason was asked."""
    colleagues: int = 1


def sightings(viewer: Viewer, person: Person, *, cursor: str | None = None) -> tuple[list[Sighting], str | None]:
    """Who saw her file, newest first: what one looked at during a day is one line, and so are those who read alike.
    The lines, and where to go on.

    Roles are those that the colleague held then. Names of staff are shown where `EGARD_PORTAL_STAFF_NAMES` says so.
    """
    viewer.require("people.read")
    found = Sight.objects.filter(person_id__in=person.members).order_by("-id")
    if cursor:
        found = found.filter(id__lt=decode_cursor(cursor, "sightings", int)[0])
    rows = list(found[: SIGHTS_READ + 1])
    following = encode_cursor("sightings", rows[SIGHTS_READ - 1].pk) if len(rows) > SIGHTS_READ else None
    rows = rows[:SIGHTS_READ]
    told = _Tellers({row.actor for row in rows})
    lines: dict[tuple[date, str, str], list[Sight]] = {}
    for row in rows:
        day = timezone.localtime(row.at).date()
        lines.setdefault((day, _told_who(row.actor), _told_kind(row.kind)), []).append(row)
    return _alike_together(told.line(kind, rows) for (_day, _who, kind), rows in lines.items()), following


def _alike_together(lines: Iterable[Sighting]) -> list[Sighting]:
    """Where names are not shown, colleagues of one role and team read alike: one line a day, and how many they are."""
    found: dict[tuple[Any, ...], Sighting] = {}
    for line in lines:
        same = (line.day, line.kind, line.who, line.name, tuple(map(str, line.roles)), line.teams)
        first = found.get(same)
        found[same] = line if first is None else replace(
            first, times=first.times + line.times, colleagues=first.colleagues + 1,
            reasons=tuple(dict.fromkeys((*first.reasons, *line.reasons))),
        )  # fmt: skip
    return list(found.values())


def _told_who(actor: str) -> str:
    """Whichever part of our own system it was is one to her; by which door somebody came, too."""
    return "system" if actor.startswith("system:") else actor


def _told_kind(kind: str) -> str:
    """Looking at the page, its panels and its past is one thing to her: her file was opened."""
    return kind if kind in ("export", "message") else "person"


class _Tellers:
    """Those who looked, asked for together: three queries, however many."""

    def __init__(self, actors: Iterable[str]) -> None:
        ids: dict[str, list[str]] = {"user": [], "key": []}
        for actor in actors:
            kind, _colon, name = actor.partition(":")
            if kind in ids:
                ids[kind].append(name)
        users = User.objects.filter(pk__in=ids["user"]).prefetch_related("teams") if ids["user"] else ()
        self.users = {str(user.pk): user for user in users}
        self.keys = {str(key.pk): key.name for key in ApiKey.objects.filter(pk__in=ids["key"])} if ids["key"] else {}
        grants = RoleGrant.objects.filter(user__in=ids["user"]) if ids["user"] else ()
        self.grants: dict[str, list[RoleGrant]] = {}
        for grant in grants:
            self.grants.setdefault(str(grant.user_id), []).append(grant)

    def line(self, kind: str, rows: list[Sight]) -> Sighting:
        newest = rows[0]
        who, _colon, number = newest.actor.partition(":")
        user = self.users.get(number)
        grants = self.grants.get(number, ())
        held = [g.role for g in grants if g.since <= newest.at and (not g.until or g.until > newest.at)]
        name = self.keys.get(number, "")
        if user is not None and settings.PORTAL_SHOWS_STAFF_NAMES:
            name = user.name
        return Sighting(
            day=timezone.localtime(newest.at).date(),
            last_at=newest.at,
            kind=kind,
            channel=newest.channel,
            who=who,
            name=name,
            roles=tuple(registry.roles[role].label for role in sorted(held) if role in registry.roles),
            teams=tuple(team.name for team in user.teams.all()) if user else (),
            times=len(rows),
            reasons=tuple(dict.fromkeys(row.reason for row in reversed(rows) if row.reason)),
        )


@dataclass(frozen=True, slots=True)
class Choice:
    """One switch: a channel of a purpose, as she last said."""

    channel: str
    given: bool
    at: datetime | None


def choices(viewer: Viewer, person: Person, purposes: Iterable[str]) -> list[tuple[str, list[Choice]]]:
    """Her switches by purpose: those offered, by the ways that reach her, and whatever she ever spoke of."""
    said = {(state.purpose, state.channel): state for state in people.consents(viewer, person)}
    reach = Identifier.objects.filter(person__in=person.members, kind__in=("email", "phone"))
    kinds = set(reach.values_list("kind", flat=True))
    ways = [
        channel
        for channel, there in (
            ("email", "email" in kinds),
            ("sms", "phone" in kinds),
            ("voice", "phone" in kinds),
            ("post", bool(person.address)),
        )
        if there
    ]
    offered = list(purposes)
    names = [*offered, *sorted({purpose for purpose, _channel in said} - set(offered))]
    found = []
    for purpose in names:
        spoken_of = sorted(channel for name, channel in said if name == purpose)
        channels = list(dict.fromkeys([*(ways if purpose in offered else ()), *spoken_of]))
        if channels:
            found.append((purpose, [_choice(channel, said.get((purpose, channel))) for channel in channels]))
    return found


def _choice(channel: str, state: people.ConsentState | None) -> Choice:
    return Choice(channel, bool(state and state.given), state.at if state else None)
