"""Questions on promises. Each takes the viewer first: her own, her teams', her sites', or all."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db.models import Prefetch, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from egard.base.paging import Page, bounded, decode_cursor, encode_cursor, micros, moment_of
from egard.base.refusal import NotFound
from egard.kernel.access.actors import Viewer
from egard.kernel.people.models import Person
from egard.kernel.people.queries import seen_as
from egard.kernel.promises.asked import RELATED, Asked, narrowed, paged
from egard.kernel.promises.models import OUTSTANDING, CalendarVersion, Promise, PromiseEvent, Publication
from egard.kernel.registry import registry

READ, MAKE, KEEP, MANAGE, COCKPIT = (
    "promises.read", "promises.make", "promises.keep", "promises.manage", "promises.cockpit",
)  # fmt: skip


def visible(viewer: Viewer, permission: str = READ) -> QuerySet[Promise]:
    """The promises within the viewer's scope, of kinds that she may see. Raises `NotAllowed`."""
    scope = viewer.require(permission)
    hidden = hidden_kinds(viewer)
    found = Promise.objects.exclude(kind__in=hidden) if hidden else Promise.objects.all()
    return found if scope == "all" else found.filter(_within(viewer, scope))


def hidden_kinds(viewer: Viewer) -> list[str]:
    """The kinds that ask for a permission of their own which the viewer has not."""
    return [
        kind.name for kind in registry.promises.values() if kind.permission != READ and not viewer.can(kind.permission)
    ]


def _within(viewer: Viewer, scope: str) -> Q:
    if scope == "own":
        return Q(owner=viewer.user_id)
    if scope == "team":
        return Q(owner=viewer.user_id) | Q(team__in=viewer.team_ids)
    return Q(owner=viewer.user_id) | Q(site__in=viewer.site_ids)


def promises(viewer: Viewer, asked: Asked, *, limit: int = 50, cursor: str | None = None) -> Page[Promise]:
    """A page of promises, the nearest due moment first, with owner, team, site and person: one query."""
    return paged(narrowed(visible(viewer), asked, viewer), limit=limit, cursor=cursor)


def count(viewer: Viewer, asked: Asked, *, most: int = 1000) -> int:
    """How many they are, counted up to `most`."""
    return narrowed(visible(viewer), asked, viewer).order_by()[:most].count()


def promise(viewer: Viewer, uuid: UUID, permission: str = READ) -> Promise:
    """One promise by its public id, with its events in order (`history`). Raises `NotFound`."""
    events = Prefetch("events", PromiseEvent.objects.order_by("n"), to_attr="history")
    found = visible(viewer, permission).select_related(*RELATED)
    one = found.filter(uuid=uuid).prefetch_related(events).first()
    if one is None:
        raise NotFound
    return one


def some(viewer: Viewer, uuids: Iterable[UUID], permission: str = KEEP) -> list[Promise]:
    """Of some public ids, the promises that the viewer may change."""
    return list(visible(viewer, permission).filter(uuid__in=list(uuids)).order_by("pk"))


def of_person(
    viewer: Viewer, person: Person, *, owed: bool = False, limit: int = 50, cursor: str | None = None
) -> Page[Promise]:
    """Those made to a person, the latest due moment first; with `owed` only what is still owed. One query.

    She herself sees those that are made to her. Staff who see her file see what it is owed, whoever owes it.
    """
    found = of_whom(viewer, person)
    found = found.filter(OUTSTANDING) if owed else found
    if cursor:
        due, pk = decode_cursor(cursor, "promises_of", int, int)
        found = found.filter(Q(due_at__lt=moment_of(due)) | Q(due_at=moment_of(due), id__lt=pk))
    limit = bounded(limit)
    rows = list(found.select_related(*RELATED).order_by("-due_at", "-id")[: limit + 1])
    last = rows[limit - 1] if len(rows) > limit else None
    return Page(rows[:limit], encode_cursor("promises_of", micros(last.due_at), last.pk) if last else None)


def of_whom(viewer: Viewer, person: Person) -> QuerySet[Promise]:
    """All that the viewer may see of what was promised to a person."""
    viewer = seen_as(viewer, person)
    if not viewer.can(READ):
        return Promise.objects.none()
    found = Promise.objects.filter(person__in=person.members)
    if viewer.actor.kind == "person":
        return found.filter(kind__in=[kind.name for kind in registry.promises.values() if kind.portal])
    hidden = hidden_kinds(viewer)
    return found.exclude(kind__in=hidden) if hidden else found


def of_subject(viewer: Viewer, *subjects: str) -> list[Promise]:
    """What is promised about some subjects, in the order in which it was; for whoever may see these subjects."""
    found = Promise.objects.filter(subject__in=subjects).exclude(kind__in=hidden_kinds(viewer))
    return list(found.select_related("owner", "team").order_by("id"))


def panel_count(viewer: Viewer, person: Person) -> list[tuple[Any, int]]:
    """What a merge brings together."""
    return [(_("Promises"), of_whom(viewer, person).count())]


def calendars(viewer: Viewer) -> list[CalendarVersion]:
    """The version of each calendar that holds now, by code: no secret to staff."""
    if not viewer.permissions:
        return []
    return list(CalendarVersion.objects.order_by("code", "-version").distinct("code"))


def is_published(viewer: Viewer | None) -> bool:
    """Whether anybody may see what is kept of promises."""
    return Publication.objects.filter(pk=1, is_on=True).exists()
