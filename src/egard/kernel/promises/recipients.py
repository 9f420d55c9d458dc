"""Who of staff is told of a warning or an escalation."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from uuid import UUID

from django.db.models import Q

from egard.kernel.access.models import RoleGrant, User
from egard.kernel.promises.calendars import escalation_of
from egard.kernel.promises.models import Promise, PromiseEvent

LEAD, MANAGER = "supervisor", "site_manager"


def told_of(news: Sequence[PromiseEvent]) -> list[tuple[PromiseEvent, set[UUID]]]:
    """For each warning or escalation the active users to be told; a few questions for all of them."""
    wanted = [(row, _asked(row)) for row in news]
    house = _House(wanted)
    return [(row, {user for one in asked for user in house.found(one, row.promise)}) for row, asked in wanted]


def _asked(row: PromiseEvent) -> tuple[str, ...]:
    if row.what == "warned":
        return ("owner",)
    steps = escalation_of(row.promise)
    return steps[row.level - 1].to if 0 < row.level <= len(steps) else ("owner",)


class _House:
    """Teams, places and roles of the users that a batch may concern."""

    def __init__(self, wanted: Iterable[tuple[PromiseEvent, tuple[str, ...]]]) -> None:
        rows = list(wanted)
        asked = {one for _row, some in rows for one in some}
        promises = [row.promise for row, _some in rows]
        owners = {p.owner_id for p in promises} - {None}
        self.active = set(User.objects.filter(pk__in=owners, is_active=True).values_list("pk", flat=True))
        self.teams: dict[UUID, set[UUID]] = defaultdict(set)
        self.sites: dict[UUID, set[UUID]] = defaultdict(set)
        self.grants: dict[str, dict[UUID, str]] = defaultdict(dict)
        if asked <= {"owner"}:
            return
        active = User.objects.filter(is_active=True)
        teams = {p.team_id for p in promises} - {None}
        for team, user in active.filter(teams__in=teams).values_list("teams", "pk"):
            self.teams[team].add(user)
        sites = {p.site_id for p in promises} - {None}
        for site, user in active.filter(sites__in=sites).values_list("sites", "pk"):
            self.sites[site].add(user)
        roles = {one.removeprefix("role:") for one in asked} | {LEAD, MANAGER}
        held = RoleGrant.objects.filter(Q(until=None), role__in=roles, user__is_active=True)
        for role, user, scope in held.values_list("role", "user_id", "scope"):
            self.grants[role][user] = scope

    def found(self, told: str, promise: Promise) -> set[UUID]:
        if told == "owner":
            return {promise.owner_id} & self.active if promise.owner_id else set()
        if told == "team":
            return self._of(self.teams, promise.team_id)
        if told == "lead":
            leads = self._of(self.teams, promise.team_id) & set(self.grants[LEAD])
            return leads or self._of(self.sites, promise.site_id) & set(self.grants[MANAGER])
        near = self._of(self.teams, promise.team_id) | self._of(self.sites, promise.site_id)
        held = self.grants[told.removeprefix("role:")]
        return {user for user, scope in held.items() if scope in ("", "all") or user in near}

    @staticmethod
    def _of(groups: dict[UUID, set[UUID]], key: UUID | None) -> set[UUID]:
        return groups.get(key, set()) if key else set()
