"""Who somebody is, as far as access goes."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import cast
from uuid import UUID

from django.db.models import Count, Exists, F, OuterRef, Prefetch, Q
from django.utils.translation import gettext_lazy as _

from egard.base.clock import utc_now
from egard.base.paging import bounded
from egard.base.quickread import quick_rows
from egard.base.refusal import NotFound, Refusal
from egard.kernel.access import rules
from egard.kernel.access.actors import Actor, Viewer
from egard.kernel.access.models import ApiKey, RoleGrant, Sight, Site, Team, User
from egard.kernel.registry import FieldClass, RoleType, Scope, registry


class KeyRefused(Refusal):
    """No key, a wrong one, a revoked or an expired one; the four are not told apart."""

    code = "access.key_refused"
    status = 401
    title = _("No valid key")
    message = _("Send a valid API key as “Authorization: Bearer <key>”. Keys are made with “egard apikey create”.")


class UnknownSite(Refusal):
    """No site has this id; the list of sites gives those that there are."""

    code = "access.unknown_site"
    title = _("Unknown site")
    message = _("No site has this id. The list of sites gives those that there are.")


class UnknownTeam(Refusal):
    """No team has this id; the list of teams gives those that there are."""

    code = "access.unknown_team"
    title = _("Unknown team")
    message = _("No team has this id. The list of teams gives those that there are.")


class UnknownStaff(Refusal):
    """No active member of staff has this id."""

    code = "access.unknown_staff"
    title = _("Unknown colleague")
    message = _("No active member of staff has this id. The list of staff gives those that there are.")


_HELD_BY = """
select array(select g.role || '|' || g.scope from access_rolegrant g
             where g.user_id = u.id and g.since <= %s and (g.until is null or g.until > %s) order by g.id),
       array(select t.team_id from access_user_teams t where t.user_id = u.id order by t.team_id),
       array(select s.site_id from access_user_sites s where s.user_id = u.id order by s.site_id)
from access_user u where u.id = %s and u.is_active
"""
"""Written by hand: every page asks it, and Django would build it anew each time."""


def viewer_for(user: User, *, channel: str = "page", now: datetime | None = None) -> Viewer:
    """The viewer behind a signed-in user: one query, whatever the number of roles, teams and sites."""
    rows = quick_rows(_HELD_BY, [*[now or utc_now()] * 2, user.pk])
    actor = Actor("user", str(user.pk), str(user))
    if not rows:
        return Viewer(actor=actor, channel=channel)
    grants, team_ids, site_ids = rows[0]
    held = [(role, cast("Scope | None", scope or None)) for role, _sep, scope in (g.partition("|") for g in grants)]
    return Viewer(
        actor=actor,
        permissions=rules.permissions_of(held, registry.permissions.values()),
        classes=rules.classes_of(held, registry.roles),
        user_id=user.pk,
        team_ids=tuple(team_ids),
        site_ids=tuple(site_ids),
        channel=channel,
    )


def roles_of(viewer: Viewer, *, now: datetime) -> list[RoleType]:
    """The declared roles that a signed-in viewer holds now, by name."""
    held = RoleGrant.objects.filter(user=viewer.user_id, since__lte=now).filter(Q(until=None) | Q(until__gt=now))
    names = held.order_by("role").values_list("role", flat=True)
    return [registry.roles[name] for name in names if name in registry.roles]


def sights(viewer: Viewer, *person_ids: int, limit: int = 50) -> list[Sight]:
    """Who saw what of a person (`Person.members`), newest first. Raises `NotAllowed` without access.audit."""
    viewer.require("access.audit")
    return list(Sight.objects.filter(person_id__in=person_ids).order_by("-at", "-id")[: bounded(limit)])


def gave_reason(viewer: Viewer, *person_ids: int, since: datetime) -> bool:
    """Whether the viewer said, since then, why she opens this person's file (`Person.members`)."""
    said = Sight.objects.filter(person_id__in=person_ids, actor=str(viewer.actor), at__gte=since)
    return said.exclude(reason="").exists()


def opened_lately(viewer: Viewer, *, most: int = 60) -> list[int]:
    """The persons (`Person.pk`) whose pages the viewer herself opened lately, the last one first, each once."""
    found = Sight.objects.filter(actor=str(viewer.actor), kind="person", person_id__isnull=False).order_by("-at", "-id")
    return [pk for pk in dict.fromkeys(found.values_list("person_id", flat=True)[:most]) if pk is not None]


def digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()


def viewer_for_key(key: str, *, now: datetime) -> Viewer:
    """The viewer behind an API key: sees every person, does what its scopes name. Raises `KeyRefused`."""
    rows = quick_rows(_KEY, [digest(key), now])
    if not rows:
        raise KeyRefused
    pk, name, scopes = rows[0]
    names = registry.permissions if "all" in scopes else [s for s in scopes if s in registry.permissions]
    return Viewer(
        actor=Actor("key", str(pk), name),
        permissions=dict.fromkeys(names, "all"),
        classes=dict.fromkeys(FieldClass, "all"),
        channel="api",
    )


_KEY = """
select id, name, array(select jsonb_array_elements_text(scopes)) from access_apikey
where digest = %s and revoked_at is null and (expires_at is null or expires_at > %s)
"""


def system_viewer(name: str) -> Viewer:
    """The product itself (an import, a job, a command run by whoever holds the machine): may all, sees all."""
    return Viewer(
        actor=Actor("system", name, name),
        permissions=dict.fromkeys(registry.permissions, "all"),
        classes=dict.fromkeys(FieldClass, "all"),
        channel="command",
    )


def sites(viewer: Viewer) -> list[Site]:
    """All sites: their names are no secret to staff."""
    return list(Site.objects.all()) if viewer.permissions else []


def site(viewer: Viewer, uuid: UUID) -> Site:
    """One site by its id. Raises `UnknownSite`."""
    found = Site.objects.filter(pk=uuid).first() if viewer.permissions else None
    if found is None:
        raise UnknownSite(fields={"site": str(UnknownSite.title)})
    return found


def teams(viewer: Viewer) -> list[Team]:
    return list(Team.objects.all()) if viewer.permissions else []


def team(viewer: Viewer, uuid: UUID) -> Team:
    """One team by its id. Raises `UnknownTeam`."""
    found = Team.objects.filter(pk=uuid).first() if viewer.permissions else None
    if found is None:
        raise UnknownTeam(fields={"team": str(UnknownTeam.title)})
    return found


def staff(viewer: Viewer, ids: list[UUID] | None = None) -> list[User]:
    """Colleagues who can be named as advisers."""
    if not viewer.permissions:
        return []
    found = User.objects.filter(is_active=True, is_staff=True).order_by("name")
    return list(found if ids is None else found.filter(pk__in=ids))


def staff_who(viewer: Viewer, permission: str) -> list[User]:
    """Colleagues whose role gives them a permission, by name: one query."""
    if not viewer.permissions:
        return []
    roles = list(registry.permissions[permission].roles)
    held = RoleGrant.objects.filter(user=OuterRef("pk"), role__in=roles, until=None)
    return list(User.objects.filter(Exists(held), is_active=True, is_staff=True).order_by("name", "pk"))


def staff_names(viewer: Viewer) -> dict[str, str]:
    """The names of all who work or worked here, by actor (`user:<id>`): for what they wrote."""
    if not viewer.permissions:
        return {}
    return {f"user:{pk}": name for pk, name in User.objects.filter(is_staff=True).values_list("pk", "name")}


def colleague(viewer: Viewer, uuid: UUID) -> User:
    """A member of staff by her id. Raises `UnknownStaff`."""
    found = staff(viewer, [uuid])
    if not found:
        raise UnknownStaff(fields={"staff": str(UnknownStaff.title)})
    return found[0]


MANAGE = "access.manage"


def users(viewer: Viewer) -> list[User]:
    """Everybody who signs in, by name, with the roles that they hold (`grants`), their teams and sites: four queries.
    Raises `NotAllowed`.
    """
    viewer.require(MANAGE)
    held = Prefetch("role_grants", RoleGrant.objects.filter(until=None).order_by("role"), to_attr="grants")
    found = User.objects.filter(is_staff=True).prefetch_related(held, "teams", "sites")
    return list(found.order_by("-is_active", "name", "email"))


def user(viewer: Viewer, uuid: UUID) -> User:
    """One of them. Raises `NotAllowed`, `NotFound`."""
    viewer.require(MANAGE)
    held = Prefetch("role_grants", RoleGrant.objects.filter(until=None).order_by("role"), to_attr="grants")
    found = User.objects.filter(pk=uuid, is_staff=True).prefetch_related(held, "teams", "sites").first()
    if found is None:
        raise NotFound
    return found


def managers_besides(viewer: Viewer, user: User) -> int:
    """How many others could still let people in, were this one gone."""
    viewer.require(MANAGE)
    roles = [role for role, scope in registry.permissions[MANAGE].roles.items() if scope == "all"]
    held = RoleGrant.objects.filter(role__in=roles, until=None, user__is_active=True).exclude(user=user)
    return held.values("user").distinct().count()


def keys(viewer: Viewer) -> list[ApiKey]:
    """The keys of programs, those in use first. Raises `NotAllowed`."""
    viewer.require(MANAGE)
    return list(ApiKey.objects.order_by(F("revoked_at").desc(nulls_first=True), "name", "-created_at"))


def key(viewer: Viewer, uuid: UUID) -> ApiKey:
    """One of them. Raises `NotAllowed`, `NotFound`."""
    viewer.require(MANAGE)
    found = ApiKey.objects.filter(pk=uuid).first()
    if found is None:
        raise NotFound
    return found


def places(viewer: Viewer) -> tuple[list[Site], list[Team]]:
    """All sites and teams, each with how many work there (`people`). Raises `NotAllowed`."""
    viewer.require(MANAGE)
    return (
        list(Site.objects.annotate(people=Count("staff", filter=Q(staff__is_active=True))).order_by("name")),
        list(Team.objects.annotate(people=Count("members", filter=Q(members__is_active=True))).order_by("name")),
    )
