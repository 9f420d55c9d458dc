"""Questions on desks, calls and call backs. The viewer comes first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

from egard.base.refusal import NotFound
from egard.journeys.reach.models import Call, CallBack, Desk
from egard.journeys.reach.rules import ON_THE_LINE
from egard.kernel.access.actors import Viewer
from egard.kernel.access.models import User
from egard.kernel.people.models import Person

READ, ANSWER, MANAGE = "reach.read", "reach.answer", "reach.manage"


@dataclass(frozen=True, slots=True)
class There:
    """How somebody can be reached now."""

    user: UUID
    name: str
    presence: str
    since: datetime | None
    until: datetime | None
    on_the_line: bool


@dataclass(frozen=True, slots=True)
class Mine:
    presence: str
    line: str


def presences(viewer: Viewer, *, now: datetime) -> list[There]:
    """Everybody who has a desk, by name: one query. Raises `NotAllowed`."""
    viewer.require(READ)
    rows = _desks().filter(user__is_active=True).order_by("user__name", "pk")
    return [_there(row, now) for row in rows[:1000]]


def presence(viewer: Viewer, user: UUID, *, now: datetime) -> There:
    """Of one. Raises `NotAllowed`, `NotFound`."""
    if viewer.user_id != user:
        viewer.require(READ)
    row = _desks().filter(user=user).first()
    if row is None:
        raise NotFound
    return _there(row, now)


def colleague(viewer: Viewer, user: UUID) -> User:
    """Whose presence the viewer may set: her own, or with `reach.manage` anybody's. Raises `NotAllowed`, `NotFound`."""
    viewer.require(ANSWER if viewer.user_id == user else MANAGE)
    found = User.objects.filter(pk=user, is_active=True, is_staff=True).first()
    if found is None:
        raise NotFound
    return found


def promised_in(viewer: Viewer, desk: Desk, since: datetime, until: datetime) -> QuerySet[CallBack]:
    """The call backs that are promised of her time in a period. Raises `NotAllowed`."""
    viewer.require(ANSWER if viewer.user_id == desk.user_id else MANAGE)
    found = CallBack.objects.filter(desk=desk, starts_at__lt=until, ends_at__gt=since)
    return found.filter(dropped_at__isnull=True, made_at__isnull=True).select_related("person")


def mine(viewer: Viewer, *, now: datetime) -> Mine:
    """The viewer's own presence and line; who has no desk is available, without a line. Raises `NotAllowed`."""
    viewer.require(ANSWER)
    row = Desk.objects.filter(user=viewer.user_id).first()
    over = row is None or (row.until is not None and row.until <= now)
    return Mine("available" if row is None or over else row.presence, row.line if row else "")


def coming(viewer: Viewer, person: Person, *, now: datetime) -> list[CallBack]:
    """When she is called, of what is promised: for herself, and staff who see calls. Raises `NotAllowed`."""
    if viewer.actor.kind != "person":
        viewer.require(READ)
    found = CallBack.objects.filter(person__in=person.members, ends_at__gt=now)
    found = found.filter(dropped_at__isnull=True, made_at__isnull=True).select_related("desk__user")
    return list(found.order_by("starts_at")[:20])


def _desks() -> QuerySet[Desk]:
    talks = Call.objects.filter(rung=OuterRef("user"), state__in=ON_THE_LINE)
    return Desk.objects.select_related("user").annotate(talks=Exists(talks))


def _there(row: Desk, now: datetime) -> There:
    over = row.until is not None and row.until <= now
    presence = "available" if over else row.presence
    talks: bool = row.talks  # type: ignore[attr-defined]
    return There(row.user_id, row.user.name, presence, row.since, None if over else row.until, talks)
