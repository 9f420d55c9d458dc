"""Who saw what and who changed what: an auditor's questions, and the person's own. Each takes the viewer first."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Count, Q, QuerySet

from egard.base.paging import Page, bounded, decode_cursor, encode_cursor, micros, moment_of
from egard.kernel.access import rules
from egard.kernel.access.actors import Viewer
from egard.kernel.access.models import ApiKey, Change, Sight, User

READ = "access.audit"
ONE_LOOK = timedelta(minutes=30)
"""Sights of one file by one looker, no further apart than this, are one look."""
LOOKS_READ = 400
"""Sights read for one page of looks."""
FIGURES_DAYS_MAX = 31
"""The longest period over which lookers are compared."""
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
OPENINGS = ("person", "export")
"""The kinds of sight that mean that a file was opened: its parts come with it."""


class HasFile(Protocol):
    """A person, as far as access knows her."""

    @property
    def pk(self) -> Any: ...

    @property
    def uuid(self) -> UUID: ...

    @property
    def members(self) -> tuple[int, ...]: ...


@dataclass(frozen=True, slots=True)
class Looker:
    """Who looked or changed. `kind` is user, key, person or system; `name` is empty where nobody knows it any more."""

    actor: str
    kind: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class SightFilter:
    """Which sights. `person_ids` are all rows of one person; `actor` as the log writes it (`user:<uuid>`); `since` is
    included, `until` is not.
    """

    person_ids: tuple[int, ...] = ()
    actor: str = ""
    kind: str = ""
    channel: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class SightRow:
    at: datetime
    who: Looker
    kind: str
    person_id: int | None
    detail: str
    reason: str
    channel: str


@dataclass(frozen=True, slots=True)
class ChangeRow:
    at: datetime
    who: Looker
    what: str
    subject: str
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Look:
    """A file looked at, from its first sight to its last (`at`); `kinds` are the kinds of its sights, each once."""

    at: datetime
    began_at: datetime
    who: Looker
    channel: str
    kinds: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Opened:
    """How many files somebody opened, beside those who hold a same role: their `median`, and how many they are (`n`).

    `factor` is `files` to the median; None where `n` is too small to say.
    """

    user: User
    files: int
    median: float
    n: int
    factor: float | None


def sights_of(viewer: Viewer, person: HasFile, *, limit: int = 50, cursor: str | None = None) -> Page[Look]:
    """Who looked at a person's file, the latest first: for herself (`person:<uuid>`) and for auditors.

    Sights that belong together are one look. At most three queries. Raises `NotAllowed`.
    """
    if not (viewer.actor.kind == "person" and viewer.actor.id == str(person.uuid)):
        viewer.require(READ)
    found = Sight.objects.filter(person_id__in=person.members)
    if cursor:
        found = _after(found, cursor, "looks")
    rows = list(found.order_by("-at", "-id")[:LOOKS_READ])
    looks: list[list[Sight]] = []
    for row in rows:
        if looks and _belongs(row, looks[-1][-1]):
            looks[-1].append(row)
        elif len(looks) == bounded(limit):
            break
        else:
            looks.append([row])
    read = sum(map(len, looks))
    who = lookers(look[0].actor for look in looks)
    items = [
        Look(
            look[0].at,
            look[-1].at,
            who[look[0].actor],
            look[0].channel,
            tuple(dict.fromkeys(row.kind for row in reversed(look))),
            next((row.reason for row in look if row.reason), ""),
        )
        for look in looks
    ]
    more = len(rows) > read or len(rows) == LOOKS_READ
    return Page(items, encode_cursor("looks", micros(looks[-1][-1].at), looks[-1][-1].pk) if looks and more else None)


def _belongs(row: Sight, later: Sight) -> bool:
    return (row.actor, row.channel) == (later.actor, later.channel) and later.at - row.at <= ONE_LOOK


def sight_log(viewer: Viewer, wanted: SightFilter, *, limit: int = 50, cursor: str | None = None) -> Page[SightRow]:
    """Sights, the latest first. Three queries, whatever the log holds. Raises `NotAllowed`, `UnknownCursor`."""
    viewer.require(READ)
    found = _filtered(wanted)
    if cursor:
        found = _after(found, cursor, "sights")
    limit = bounded(limit)
    rows = list(found.order_by("-at", "-id")[: limit + 1])
    return Page(_rows(rows[:limit]), _next("sights", rows, limit))


def sight_batches(viewer: Viewer, wanted: SightFilter, *, size: int = 2000) -> Iterator[list[SightRow]]:
    """All of them, batch by batch, in constant memory. Raises `NotAllowed` at once."""
    viewer.require(READ)
    return _batches(wanted, size)


def _batches(wanted: SightFilter, size: int) -> Iterator[list[SightRow]]:
    found = _filtered(wanted).order_by("-at", "-id")
    rows = list(found[:size])
    while rows:
        yield _rows(rows)
        rows = list(_before(found, rows[-1].at, rows[-1].pk)[:size]) if len(rows) == size else []


def change_log(
    viewer: Viewer,
    *,
    actor: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[ChangeRow]:
    """Changes of the house, the latest first. Three queries. Raises `NotAllowed`, `UnknownCursor`."""
    viewer.require(READ)
    found = Change.objects.filter(_between(since, until))
    if actor:
        found = found.filter(actor=actor)
    if cursor:
        found = _after(found, cursor, "changes")
    limit = bounded(limit)
    rows = list(found.order_by("-at", "-id")[: limit + 1])
    users = {row.subject: f"user:{row.subject}" for row in rows if row.what.startswith("access.")}
    who = lookers([*(row.actor for row in rows), *users.values()])
    items = [
        ChangeRow(row.at, who[row.actor], row.what, who[users[row.subject]].name or row.subject, row.detail)
        if row.subject in users
        else ChangeRow(row.at, who[row.actor], row.what, row.subject, row.detail)
        for row in rows[:limit]
    ]
    return Page(items, _next("changes", rows, limit))


def files_opened(viewer: Viewer, *, since: datetime, until: datetime) -> list[Opened]:
    """Who opened how many files in a period of at most 31 days, the furthest above her colleagues first.

    Colleagues hold a same role and opened at least one file. Two queries. Raises `NotAllowed`.
    """
    viewer.require(READ)
    since = max(since, until - timedelta(days=FIGURES_DAYS_MAX))
    found = Sight.objects.filter(_between(since, until), kind__in=OPENINGS, actor__startswith="user:")
    counted = dict(found.values("actor").annotate(n=Count("person_id", distinct=True)).values_list("actor", "n"))
    held = Q(role_grants__since__lte=until) & (Q(role_grants__until=None) | Q(role_grants__until__gt=since))
    users = {
        f"user:{user.pk}": user
        for user in User.objects.filter(pk__in=[UUID(actor[5:]) for actor in counted]).annotate(
            held_roles=ArrayAgg("role_grants__role", filter=held, distinct=True, default=[])
        )
    }
    roles = {actor: frozenset(user.held_roles) for actor, user in users.items()}  # ty: ignore[missing-attribute]
    figures = rules.beside_colleagues({actor: n for actor, n in counted.items() if actor in users}, roles)
    opened = [Opened(users[actor], counted[actor], *beside) for actor, beside in figures.items()]
    return sorted(opened, key=lambda one: (one.factor is None, -(one.factor or 0), -one.files))


def lookers(actors: Iterable[str]) -> dict[str, Looker]:
    """Who stands behind the log's actors: two queries at most."""
    wanted = set(actors)
    named: dict[str, str] = {}
    for prefix, model in (("user:", User), ("key:", ApiKey)):
        ids = [actor.removeprefix(prefix) for actor in wanted if actor.startswith(prefix)]
        ids = [pk for pk in ids if _UUID.fullmatch(pk)]
        if ids:
            named |= {f"{prefix}{pk}": name for pk, name in model.objects.filter(pk__in=ids).values_list("pk", "name")}
    return {actor: Looker(actor, actor.partition(":")[0], named.get(actor, _named_so(actor))) for actor in wanted}


def known_lookers(viewer: Viewer) -> list[Looker]:
    """Everybody who may stand in the log: members of staff and keys, suspended and revoked ones too, by name."""
    viewer.require(READ)
    users = [Looker(f"user:{pk}", "user", name) for pk, name in User.objects.order_by("name").values_list("pk", "name")]
    keys = [Looker(f"key:{pk}", "key", name) for pk, name in ApiKey.objects.order_by("name").values_list("pk", "name")]
    return users + keys


def _named_so(actor: str) -> str:
    """The product's own parts are called by what they do; a person is not named here."""
    kind, _colon, name = actor.partition(":")
    return name if kind == "system" else ""


def _filtered(wanted: SightFilter) -> QuerySet[Sight]:
    equal = {"actor": wanted.actor, "kind": wanted.kind, "channel": wanted.channel}
    found = Sight.objects.filter(_between(wanted.since, wanted.until), **{k: v for k, v in equal.items() if v})
    if len(wanted.person_ids) == 1:  # an equality keeps the order of the index
        return found.filter(person_id=wanted.person_ids[0])
    return found.filter(person_id__in=wanted.person_ids) if wanted.person_ids else found


def _between(since: datetime | None, until: datetime | None) -> Q:
    return (Q(at__gte=since) if since else Q()) & (Q(at__lt=until) if until else Q())


def _after(found: QuerySet[Any], cursor: str, kind: str) -> QuerySet[Any]:
    position, pk = decode_cursor(cursor, kind, int, int)
    return _before(found, moment_of(position), pk)


def _before(found: QuerySet[Any], at: datetime, pk: int) -> QuerySet[Any]:
    # The first condition is what an index is entered by; the second sets apart what came at the same moment.
    return found.filter(at__lte=at).filter(Q(at__lt=at) | Q(pk__lt=pk))


def _next(kind: str, rows: list[Any], limit: int) -> str | None:
    return encode_cursor(kind, micros(rows[limit - 1].at), rows[limit - 1].pk) if len(rows) > limit else None


def _rows(rows: list[Sight]) -> list[SightRow]:
    who = lookers(row.actor for row in rows)
    return [
        SightRow(row.at, who[row.actor], row.kind, row.person_id, row.detail, row.reason, row.channel) for row in rows
    ]
