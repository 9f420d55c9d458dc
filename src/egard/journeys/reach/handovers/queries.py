"""Questions on handovers. The viewer comes first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from egard.base.paging import Page, bounded, decode_cursor, encode_cursor
from egard.base.refusal import NotFound
from egard.journeys.reach.models import Handed, Handover
from egard.journeys.reach.queries import ANSWER, MANAGE, managed
from egard.kernel.access.actors import Viewer
from egard.kernel.access.models import User
from egard.kernel.people import queries as people
from egard.kernel.people.models import Person, Relationship

GIVERS_MAX, LISTED_MAX = 300, 100


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a handover is: clients in all, looked at so far, handed over, told; why others were not, by reason."""

    n: int
    looked_at: int
    handed: int
    told: int
    why: dict[str, int]


@dataclass(frozen=True, slots=True)
class Client:
    """One client of a handover; `person` is None where the viewer may not see her (any more)."""

    row: Handed
    person: Person | None


def givers(viewer: Viewer) -> list[User]:
    """Whose clients the viewer may hand over: her own, and with `reach.manage` those of whom she manages, also of
    colleagues who have left. By name, with how many clients each has (`clients`). Raises `NotAllowed`.
    """
    hers = Relationship.objects.filter(staff=OuterRef("pk"), kind="adviser", until=None)
    found = _whose(viewer).filter(Exists(hers))
    ties = Q(portfolio__kind="adviser", portfolio__until=None, portfolio__person__root=None)
    return list(
        found.annotate(clients=Count("portfolio", filter=ties, distinct=True)).order_by("name", "pk")[:GIVERS_MAX]
    )


def giver(viewer: Viewer, user: UUID) -> User:
    """One of them. Raises `NotAllowed`, `NotFound`."""
    found = _whose(viewer).filter(pk=user).first()
    if found is None:
        raise NotFound
    return found


def clients_of(viewer: Viewer, giver: User, *, most: int) -> tuple[list[Person], int]:
    """Whose adviser somebody is, by name, and how many they are. Raises `NotAllowed`, `NotFound`."""
    if not _whose(viewer).filter(pk=giver.pk).exists():
        raise NotFound
    ties = Relationship.objects.filter(staff=giver, kind="adviser", until=None, person__root=None)
    rows = list(ties.order_by("person__sort_key", "id").values_list("person", flat=True)[:most])
    named = people.named(viewer, rows)
    return [named[pk] for pk in rows if pk in named], ties.count()


def picked(viewer: Viewer, uuids: Collection[UUID]) -> list[Person]:
    """Clients by their public ids: three queries, however many. Raises `NotFound` where one is none, or not for her."""
    found = people.named_by_id(viewer, uuids)
    if len(found) < len(set(uuids)):
        raise NotFound
    return list({one.pk: one for one in found.values()}.values())


def handovers(viewer: Viewer, *, limit: int = 50, cursor: str | None = None) -> Page[Handover]:
    """Those of whom the viewer may hand over or who took them herself, newest first: two queries."""
    found = _visible(viewer).select_related("giver", "taker").order_by("-id")
    if cursor:
        found = found.filter(id__lt=decode_cursor(cursor, "handovers", int)[0])
    limit = bounded(limit)
    rows = list(found[: limit + 1])
    return Page(rows[:limit], encode_cursor("handovers", rows[limit - 1].pk) if len(rows) > limit else None)


def handover(viewer: Viewer, uuid: UUID) -> Handover:
    """One. Raises `NotAllowed`, `NotFound`."""
    found = _visible(viewer).select_related("giver", "taker").filter(uuid=uuid).first()
    if found is None:
        raise NotFound
    return found


def progress(viewer: Viewer, rows: Collection[Handover]) -> dict[int, Progress]:
    """How far some are that the viewer was given: one query."""
    _whose(viewer)
    told: dict[int, Counter[tuple[bool, bool, str]]] = {row.pk: Counter() for row in rows}
    counted = Handed.objects.filter(handover__in=list(told))
    groups = counted.values("handover", "why", waits=Q(at=None), told=~Q(told_by="")).annotate(n=Count("id"))
    for one in groups.values_list("handover", "waits", "told", "why", "n"):
        told[one[0]][one[1], one[2], one[3]] += one[4]
    return {pk: _progress(groups) for pk, groups in told.items()}


def clients(
    viewer: Viewer, handover: Handover, *, why: str = "", limit: int = 100, cursor: str | None = None
) -> Page[Client]:
    """Its clients in order, or those who were not told for one reason: two queries."""
    found = Handed.objects.filter(handover__in=_visible(viewer).filter(pk=handover.pk)).order_by("id")
    if why:
        found = found.filter(why=why)
    if cursor:
        found = found.filter(id__gt=decode_cursor(cursor, "handed", int)[0])
    limit = bounded(limit)
    rows = list(found[: limit + 1])
    named = people.named(viewer, [row.person_id for row in rows[:limit]])
    items = [Client(row, named.get(row.person_id)) for row in rows[:limit]]
    return Page(items, encode_cursor("handed", rows[limit - 1].pk) if len(rows) > limit else None)


def _whose(viewer: Viewer) -> QuerySet[User]:
    if viewer.can(MANAGE):
        return managed(viewer, left=True)
    viewer.require(ANSWER)
    return User.objects.filter(pk=viewer.user_id, is_staff=True)


def _visible(viewer: Viewer) -> QuerySet[Handover]:
    return Handover.objects.filter(Q(giver__in=_whose(viewer).order_by()) | Q(taker=viewer.user_id))


def _progress(groups: Counter[tuple[bool, bool, str]]) -> Progress:
    total = sum(groups.values())
    looked_at = sum(n for (waits, _told, _why), n in groups.items() if not waits)
    told = sum(n for (_waits, told, _why), n in groups.items() if told)
    why = {why: n for (waits, _told, why), n in groups.items() if why and not waits}
    lost = why.get("erased", 0) + why.get("not_hers", 0)
    return Progress(total, looked_at, looked_at - lost, told, dict(sorted(why.items())))
