"""Who may decide what. Each question takes the viewer first; `decide` is the product's own, asked of a colleague."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef, Prefetch, Q, QuerySet

from egard.base.paging import Page, bounded, decode_cursor, encode_cursor
from egard.base.refusal import NotFound
from egard.kernel.access.actors import Viewer
from egard.kernel.access.models import RoleGrant, Site, Team, User
from egard.kernel.delegations.deciding import Decision, Span, Standing, decide, held_by, spans_of, standing_of
from egard.kernel.delegations.models import Change, Course, Delegation, Training, Use
from egard.kernel.people.models import Person

__all__ = [
    "Decision",
    "Holder",
    "Standing",
    "courses",
    "decide",
    "delegation",
    "delegations",
    "export",
    "holders",
    "mine",
    "training",
    "trainings",
    "uses",
]

READ, MANAGE = "delegations.read", "delegations.manage"


@dataclass(frozen=True, slots=True)
class Holder:
    user: User
    standing: Standing


def delegations(
    viewer: Viewer,
    *,
    authority: str = "",
    user: UUID | None = None,
    role: str = "",
    over: bool = False,
    now: datetime,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[Delegation]:
    """By authority, role and colleague; with `over` also those that have ended. One query. Raises `NotAllowed`."""
    viewer.require(READ)
    found = Delegation.objects.select_related("user", "team", "site", "training")
    if authority:
        found = found.filter(authority=authority)
    if user:
        found = found.filter(user=user)
    if role:
        found = found.filter(role=role)
    if not over:
        found = found.filter(Q(valid_until=None) | Q(valid_until__gt=now), ended_at=None)
    if cursor:
        name, held, pk = decode_cursor(cursor, "delegations", str, str, str)
        after = Q(authority__gt=name) | Q(authority=name, role__gt=held) | Q(authority=name, role=held, id__gt=UUID(pk))
        found = found.filter(after)
    limit = bounded(limit)
    rows = list(found.order_by("authority", "role", "id")[: limit + 1])
    last = rows[limit - 1] if len(rows) > limit else None
    place = encode_cursor("delegations", last.authority, last.role, str(last.pk)) if last else None
    return Page(rows[:limit], place)


def delegation(viewer: Viewer, uuid: UUID) -> Delegation:
    """One, with all that changed of it (`history`, the latest first). Raises `NotAllowed`, `NotFound`."""
    viewer.require(READ)
    changes = Prefetch("trail", Change.objects.order_by("-n"), to_attr="history")
    found = Delegation.objects.select_related("user", "team", "site", "training").prefetch_related(changes)
    row = found.filter(pk=uuid).first()
    if row is None:
        raise NotFound
    return row


def holders(viewer: Viewer, rows: Sequence[Delegation], *, now: datetime) -> dict[UUID, list[Holder]]:
    """Who holds each of some delegations, by name, and how it stands for each. Three queries. Raises `NotAllowed`."""
    viewer.require(READ)
    teams, sites = ({getattr(row, f"{name}_id") for row in rows} - {None} for name in ("team", "site"))
    held = RoleGrant.objects.filter(Q(until=None) | Q(until__gt=now), since__lte=now)
    held = held.filter(role__in={row.role for row in rows if row.role})
    users = (
        User.objects.filter(is_active=True, is_staff=True)
        .filter(Q(pk__in={row.user_id for row in rows} - {None}) | Q(pk__in=held.values("user")))
        .annotate(
            roles=ArraySubquery(held.filter(user=OuterRef("pk")).values("role")),
            in_teams=ArraySubquery(Team.objects.filter(pk__in=teams, members=OuterRef("pk")).values("pk")),
            in_sites=ArraySubquery(Site.objects.filter(pk__in=sites, staff=OuterRef("pk")).values("pk")),
        )
    )
    known = list(users.order_by("name", "id")) if rows else []
    courses = {row.training_id for row in rows} - {None}
    learnt: dict[tuple[UUID, str], list[Span]] = {}
    for one in Training.objects.filter(course__in=courses, withdrawn_at=None) if courses else ():
        learnt.setdefault((one.user_id, one.course_id), []).append((one.valid_from, one.valid_until))
    return {
        row.pk: [
            Holder(user, standing_of(row, learnt.get((user.pk, row.training_id or ""), ()), now))
            for user in known
            if _holds(user, row)
        ]
        for row in rows
    }


def _holds(user: Any, row: Delegation) -> bool:
    """Of users with their `roles`, `in_teams` and `in_sites`: who holds a delegation."""
    if row.team_id and row.team_id not in user.in_teams:
        return False
    if row.site_id and row.site_id not in user.in_sites:
        return False
    return user.pk == row.user_id if row.user_id else row.role in user.roles


def mine(viewer: Viewer, *, now: datetime) -> list[Standing]:
    """What the viewer herself may decide, and how each stands: no secret to her. At most two queries."""
    user = User.objects.filter(pk=viewer.user_id).first() if viewer.user_id else None
    if user is None:
        return []
    learnt = Training.objects.filter(user=user, course=OuterRef("training"), withdrawn_at=None).order_by("id")
    found = held_by(user, at=now).filter(Q(valid_until=None) | Q(valid_until__gt=now), ended_at=None)
    rows = found.select_related("training").annotate(
        froms=ArraySubquery(learnt.values("valid_from")), untils=ArraySubquery(learnt.values("valid_until"))
    )
    return [standing_of(row, spans_of(row), now) for row in rows.order_by("authority", "-per_act", "id")]


def uses(viewer: Viewer, row: Delegation, *, limit: int = 50, cursor: str | None = None) -> Page[Use]:
    """What was decided by a delegation, the latest first. Raises `NotAllowed`."""
    viewer.require(READ)
    found = Use.objects.filter(delegation=row).select_related("user", "first", "person__root")
    if cursor:
        (pk,) = decode_cursor(cursor, "delegation_uses", int)
        found = found.filter(id__lt=pk)
    limit = bounded(limit)
    rows = list(found.order_by("-id")[: limit + 1])
    return Page(rows[:limit], encode_cursor("delegation_uses", rows[limit - 1].pk) if len(rows) > limit else None)


def courses(viewer: Viewer) -> list[Course]:
    """The trainings that there are, by name: no secret to staff."""
    return list(Course.objects.order_by("name", "code")) if viewer.permissions else []


def trainings(
    viewer: Viewer,
    *,
    user: UUID | None = None,
    course: str = "",
    lapsing_before: datetime | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[Training]:
    """Who learnt what, the first to lapse first. One query. Raises `NotAllowed`."""
    viewer.require(READ)
    found = _trainings().filter(withdrawn_at=None)
    if user:
        found = found.filter(user=user)
    if course:
        found = found.filter(course=course)
    if lapsing_before:
        found = found.filter(valid_until__lt=lapsing_before)
    if cursor:
        (pk,) = decode_cursor(cursor, "trainings", str)
        found = found.filter(_after(UUID(pk)))
    limit = bounded(limit)
    rows = list(found.order_by(F("valid_until").asc(nulls_last=True), "id")[: limit + 1])
    return Page(rows[:limit], encode_cursor("trainings", str(rows[limit - 1].pk)) if len(rows) > limit else None)


def _after(pk: UUID) -> Q:
    """What stands behind one training in their order."""
    last = Training.objects.filter(pk=pk).first()
    if last is None:
        return Q()
    if last.valid_until is None:
        return Q(valid_until=None, id__gt=pk)
    return Q(valid_until__gt=last.valid_until) | Q(valid_until=last.valid_until, id__gt=pk) | Q(valid_until=None)


def training(viewer: Viewer, uuid: UUID) -> Training:
    """One of them. Raises `NotAllowed`, `NotFound`."""
    viewer.require(READ)
    found = _trainings().filter(pk=uuid).first()
    if found is None:
        raise NotFound
    return found


def _trainings() -> QuerySet[Training]:
    return Training.objects.select_related("user", "course")


def export(person: Person) -> list[dict[str, object]]:
    """What was decided for her."""
    rows = Use.objects.filter(person=person).order_by("id")
    return list(rows.values("authority", "amount", "unit", "case", "at", "given_back_at"))
