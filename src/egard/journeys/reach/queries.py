"""Questions on desks, calls and call backs. The viewer comes first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, Prefetch, QuerySet

from egard.base.refusal import NotFound
from egard.journeys.reach.models import Absence, Call, CallBack, Desk
from egard.journeys.reach.rules import ON_THE_LINE
from egard.journeys.reach.state import ANSWER, There, there
from egard.kernel.access.actors import Viewer
from egard.kernel.access.models import User
from egard.kernel.access.queries import staff_who
from egard.kernel.people.models import Person, Relationship
from egard.kernel.promises.models import OUTSTANDING, Promise
from egard.kernel.promises.queries import hidden_kinds

READ, MANAGE = "reach.read", "reach.manage"
FIGURES = "reach.figures"
DESKS_MAX, OWED_MAX = 500, 500


@dataclass(frozen=True, slots=True)
class Mine:
    presence: str
    line: str


def presences(viewer: Viewer, *, now: datetime) -> list[There]:
    """Everybody who has a desk, by name: three queries. Raises `NotAllowed`."""
    viewer.require(READ)
    rows = _desks().filter(user__is_active=True).order_by("user__name", "pk")
    return there(list(rows[:1000]), now=now)


def presence(viewer: Viewer, user: UUID, *, now: datetime) -> There:
    """Of one. Raises `NotAllowed`, `NotFound`."""
    if viewer.user_id != user:
        viewer.require(READ)
    row = _desks().filter(user=user).first()
    if row is None:
        raise NotFound
    return there([row], now=now)[0]


def managed(viewer: Viewer, *, left: bool = False) -> QuerySet[User]:
    """The colleagues whose desks the viewer sets, by name: as far as her `reach.manage` reaches, with those who have
    `left` or without. Raises `NotAllowed`.
    """
    scope = viewer.require(MANAGE)
    found = User.objects.filter(is_staff=True, **({} if left else {"is_active": True})).order_by("name", "pk")
    if scope == "own":
        return found.filter(pk=viewer.user_id)
    if scope == "team":
        return found.filter(teams__in=viewer.team_ids).distinct()
    return found.filter(sites__in=viewer.site_ids).distinct() if scope == "site" else found


def colleague(viewer: Viewer, user: UUID) -> User:
    """Whose desk the viewer may set: her own, or one that she manages. Raises `NotAllowed`, `NotFound`."""
    if viewer.user_id == user:
        viewer.require(ANSWER)
        found = User.objects.filter(pk=user, is_active=True, is_staff=True).first()
    else:
        found = managed(viewer).filter(pk=user).first()
    if found is None:
        raise NotFound
    return found


def deputies(viewer: Viewer, user: User) -> list[User]:
    """Who may stand in for somebody, or take her clients: colleagues who may be reached, by name."""
    return [one for one in staff_who(viewer, ANSWER) if one.pk != user.pk]


def desks(viewer: Viewer, *, now: datetime) -> list[Desk]:
    """The desks that the viewer sets, by name, with whether somebody is on the line (`talks`) and the absences that are
    or come (`away`): two queries. Raises `NotAllowed`.
    """
    coming = Prefetch("absences", Absence.objects.filter(until__gt=now).order_by("since"), to_attr="away")
    rows = _desks().filter(user__in=managed(viewer)).select_related("deputy").prefetch_related(coming)
    return list(rows.order_by("user__name", "pk")[:DESKS_MAX])


def without_desk(viewer: Viewer) -> list[User]:
    """Advisers of the viewer's reach who have clients and no desk yet. Raises `NotAllowed`."""
    ties = Relationship.objects.filter(staff=OuterRef("pk"), kind="adviser", until__isnull=True)
    rows = managed(viewer).filter(Exists(ties)).exclude(pk__in=Desk.objects.values("user"))
    return list(rows[:DESKS_MAX])


def desk(viewer: Viewer, user: UUID) -> Desk:
    """A desk that the viewer may set; one that is not kept yet where there is none. Raises `NotAllowed`, `NotFound`."""
    whose = colleague(viewer, user)
    found = _desks().select_related("deputy").filter(user=whose).first()
    return found or Desk(user=whose)


def absences(viewer: Viewer, desk: Desk, *, now: datetime) -> list[Absence]:
    """Those that are, or come, the first one first. Raises `NotAllowed`, `NotFound`."""
    colleague(viewer, desk.user_id)
    return list(Absence.objects.filter(desk=desk.pk, until__gt=now).select_related("desk").order_by("since")[:100])


def absence(viewer: Viewer, uuid: UUID) -> Absence:
    """One. Raises `NotAllowed`, `NotFound`."""
    found = Absence.objects.filter(uuid=uuid).select_related("desk__user", "desk__deputy").first()
    if found is None:
        raise NotFound
    colleague(viewer, found.desk.user_id)
    return found


def owed_in(viewer: Viewer, user: User, since: datetime, until: datetime) -> list[Promise]:
    """What somebody has promised and that falls due in a period: call backs, answers, all else that is hers. Raises
    `NotAllowed`, `NotFound`.
    """
    colleague(viewer, user.pk)
    found = Promise.objects.filter(OUTSTANDING, owner=user, due_at__gt=since, due_at__lte=until)
    found = found.exclude(kind__in=hidden_kinds(viewer))
    return list(found.select_related("person", "owner").order_by("due_at", "pk")[:OWED_MAX])


def call_back(viewer: Viewer, uuid: UUID) -> CallBack:
    """One, with its person: of the house, of the viewer's own desk or one that she stands in for, or manages. Raises
    `NotAllowed`, `NotFound`.
    """
    viewer.require(ANSWER)
    found = CallBack.objects.select_related("person", "desk__user").filter(uuid=uuid).first()
    if found is None:
        raise NotFound
    if found.desk is not None and viewer.user_id not in (found.desk.user_id, found.desk.deputy_id):
        colleague(viewer, found.desk.user_id)
    return found


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


def own_call(viewer: Viewer, person: Person, uuid: UUID) -> CallBack:
    """One call back of hers that was promised, whatever became of it. Raises `NotAllowed`, `NotFound`."""
    if viewer.actor.kind != "person":
        viewer.require(READ)
    rows = CallBack.objects.filter(person__in=person.members, uuid=uuid, promise__isnull=False)
    found = rows.select_related("person__root", "desk__user").first()
    if found is None:
        raise NotFound
    return found


def _desks() -> QuerySet[Desk]:
    talks = Call.objects.filter(rung=OuterRef("user"), state__in=ON_THE_LINE)
    return Desk.objects.select_related("user").annotate(talks=Exists(talks))
