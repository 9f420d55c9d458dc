"""What changes in the house itself: users, roles, keys, teams, sites; and the writing of sights."""

from __future__ import annotations

import re
import secrets
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import available_timezones

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext_lazy as _

from egard.base.refusal import Conflict, Refusal
from egard.base.text import fold
from egard.kernel.access.actors import Actor, Viewer
from egard.kernel.access.live import tell
from egard.kernel.access.models import ApiKey, Change, RoleGrant, Sight, Site, Team, User
from egard.kernel.access.queries import digest
from egard.kernel.registry import SCOPES, registry


class UserExists(Conflict):
    """Somebody already signs in with this address; change that user instead."""

    code = "access.user_exists"
    message = _("A user with the address {email} already exists.")


class BadUser(Refusal):
    """The address or the password cannot be used; the fields say why."""

    code = "access.bad_user"
    message = _("This user cannot be created. {why}")


class BadPassword(Refusal):
    """The password is too short, too common or too near to the name or address."""

    code = "access.bad_password"
    message = _("This password cannot be used. {why}")


class UnknownRole(Refusal):
    """No journey declares this role, or the scope is not one of own, team, site, all."""

    code = "access.unknown_role"
    message = _("“{role}” is not a role here. Known roles: {known}.")


class UnknownScope(Refusal):
    """The key asks for a permission that nobody declares."""

    code = "access.unknown_scope"
    message = _("“{scope}” is not a permission here. Use “all”, or some of: {known}.")


class BadPlace(Refusal):
    """A place has a name, and a time zone of the world's list."""

    code = "access.bad_place"
    message = _("A place needs a name of 1 to 200 characters, and a time zone such as Europe/Paris.")


NAME_MAX = 200


def log_change(what: str, *, by: Actor, now: datetime, subject: str = "", **detail: object) -> None:
    Change.objects.create(at=now, actor=str(by), what=what, subject=subject, detail=detail)


def log_changes(what: str, subjects: Iterable[str], *, by: Actor, now: datetime, **detail: object) -> None:
    """The same change of many, in one statement."""
    Change.objects.bulk_create(Change(at=now, actor=str(by), what=what, subject=one, detail=detail) for one in subjects)


@transaction.atomic
def create_user(
    *,
    email: str,
    name: str = "",
    password: str | None = None,
    roles: Iterable[str] = (),
    language: str = "",
    teams: Iterable[Team] = (),
    sites: Iterable[Site] = (),
    by: Actor,
    now: datetime,
) -> User:
    """A new user with these roles. Without a password nobody can sign in as them yet."""
    email = email.strip()
    user = User(email=email, name=name.strip() or email.split("@")[0], language=language, created_at=now)
    try:
        validate_email(email)
        if password is not None:
            validate_password(password, user)
    except ValidationError as error:
        raise BadUser(why=" ".join(error.messages)) from error
    if password is None:
        user.set_unusable_password()
    else:
        user.set_password(password)
    try:
        with transaction.atomic():
            user.save(force_insert=True)
    except IntegrityError as error:
        raise UserExists(email=email) from error
    user.teams.set(teams)
    user.sites.set(sites)
    log_change("access.user_created", by=by, now=now, subject=str(user.pk), email=email)
    for role in roles:
        grant_role(user, role, by=by, now=now)
    return user


@transaction.atomic
def set_password(user: User, password: str, *, by: Actor, now: datetime) -> None:
    """A new password, for somebody who forgot hers; every session of hers ends. Raises BadPassword."""
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise BadPassword(why=" ".join(error.messages)) from error
    user.set_password(password)
    user.save(update_fields=["password"])
    log_change("access.password_set", by=by, now=now, subject=str(user.pk))
    tell(f"user:{user.pk}")


@transaction.atomic
def set_user_active(user: User, active: bool, *, by: Actor, now: datetime) -> None:
    """Suspend somebody's sign-in, sessions included, or let them in again; asking for what is so changes nothing."""
    if User.objects.filter(pk=user.pk, is_active=not active).update(is_active=active):
        log_change("access.user_resumed" if active else "access.user_suspended", by=by, now=now, subject=str(user.pk))
        tell(f"user:{user.pk}")


@transaction.atomic
def place_user(user: User, *, teams: Iterable[Team], sites: Iterable[Site], by: Actor, now: datetime) -> None:
    """The teams and sites in which somebody works from now on; asking for what is so changes nothing."""
    held = User.objects.select_for_update().get(pk=user.pk)
    wanted = {"teams": {t.pk: t.code for t in teams}, "sites": {s.pk: s.code for s in sites}}
    before = {
        "teams": set(held.teams.values_list("pk", flat=True)),
        "sites": set(held.sites.values_list("pk", flat=True)),
    }
    if all(before[name] == set(wanted[name]) for name in wanted):
        return
    held.teams.set(wanted["teams"])
    held.sites.set(wanted["sites"])
    told = {name: sorted(codes.values()) for name, codes in wanted.items()}
    log_change("access.places_set", by=by, now=now, subject=str(user.pk), **told)


@transaction.atomic
def grant_role(user: User, role: str, *, scope: str = "", by: Actor, now: datetime) -> RoleGrant:
    """Give a role, or change how far it reaches. The grant it replaces is ended, not lost."""
    if role not in registry.roles or (scope and scope not in SCOPES):
        raise UnknownRole(role=f"{role} {scope}".strip(), known=", ".join(sorted(registry.roles)))
    User.objects.select_for_update().get(pk=user.pk)
    current = RoleGrant.objects.filter(user=user, role=role, until__isnull=True).first()
    if current and current.scope == scope:
        return current
    if current:
        current.until = now
        current.save(update_fields=["until"])
    grant = RoleGrant.objects.create(user=user, role=role, scope=scope, since=now)
    log_change("access.role_granted", by=by, now=now, subject=str(user.pk), role=role, scope=scope)
    tell(f"user:{user.pk}")
    return grant


@transaction.atomic
def end_role(user: User, role: str, *, by: Actor, now: datetime) -> None:
    """Take a role back; taking back one that is not held changes nothing."""
    if RoleGrant.objects.filter(user=user, role=role, until__isnull=True).update(until=now):
        log_change("access.role_ended", by=by, now=now, subject=str(user.pk), role=role)
        tell(f"user:{user.pk}")


@transaction.atomic
def create_api_key(
    *, name: str, scopes: Iterable[str], expires_at: datetime | None = None, by: Actor, now: datetime
) -> tuple[ApiKey, str]:
    """A new key and its secret, which is shown this once and stored only as its SHA-256."""
    wanted = list(dict.fromkeys(scopes))
    for scope in wanted:
        if scope != "all" and scope not in registry.permissions:
            raise UnknownScope(scope=scope, known=", ".join(sorted(registry.permissions)))
    secret = f"egard_{secrets.token_urlsafe(32)}"
    key = ApiKey.objects.create(
        name=name,
        digest=digest(secret),
        hint=secret[:10],
        scopes=wanted,
        created_at=now,
        created_by=User.objects.filter(pk=by.id).first() if by.kind == "user" else None,
        expires_at=expires_at,
    )
    log_change("access.key_created", by=by, now=now, subject=str(key.pk), name=name, scopes=wanted)
    return key, secret


@transaction.atomic
def revoke_api_key(key: ApiKey, *, by: Actor, now: datetime) -> None:
    """The key stops working at once; revoking twice keeps the first date."""
    if ApiKey.objects.filter(pk=key.pk, revoked_at__isnull=True).update(revoked_at=now):
        log_change("access.key_revoked", by=by, now=now, subject=str(key.pk))


def note_key_used(key_id: UUID, *, now: datetime) -> None:
    """Write when a key was last used. Callers need not write every use: to the minutes is enough to find idle keys."""
    ApiKey.objects.filter(pk=key_id).update(last_used_at=now)


def ensure_site(code: str, name: str = "", *, zone: str = "", by: Actor, now: datetime) -> Site:
    """The site with this code, made if it is new."""
    site, created = Site.objects.get_or_create(
        code=code, defaults={"name": name or code, **({"zone": zone} if zone else {})}
    )
    if created:
        log_change("access.site_created", by=by, now=now, subject=code)
    return site


@transaction.atomic
def change_site(site: Site, *, name: str, zone: str, by: Actor, now: datetime) -> None:
    """Another name or time zone of a site; its code stays, as files and programs name it. Raises `BadPlace`."""
    if not name.strip() or len(name) > NAME_MAX or zone not in available_timezones():
        raise BadPlace(name=name[:50], zone=zone[:50])
    if Site.objects.filter(pk=site.pk).exclude(name=name.strip(), zone=zone).update(name=name.strip(), zone=zone):
        log_change("access.site_changed", by=by, now=now, subject=site.code, name=name.strip(), zone=zone)


@transaction.atomic
def change_team(team: Team, *, name: str, by: Actor, now: datetime) -> None:
    """Another name of a team; its code stays. Raises `BadPlace`."""
    if not name.strip() or len(name) > NAME_MAX:
        raise BadPlace(name=name[:50], zone="")
    if Team.objects.filter(pk=team.pk).exclude(name=name.strip()).update(name=name.strip()):
        log_change("access.team_changed", by=by, now=now, subject=team.code, name=name.strip())


def ensure_team(code: str, name: str = "", *, by: Actor, now: datetime) -> Team:
    """The team with this code, made if it is new."""
    team, created = Team.objects.get_or_create(code=code, defaults={"name": name or code})
    if created:
        log_change("access.team_created", by=by, now=now, subject=code)
    return team


REASON_MAX = 300
"""Characters of a reason that are kept."""


_SIGHT = """
insert into access_sight (at, actor, kind, person_id, detail, reason, channel) values (%s, %s, %s, %s, %s, %s, %s)
"""
"""By hand, as each page of a person writes it."""


def log_sight(
    viewer: Viewer,
    kind: str,
    *,
    person_id: int | None = None,
    detail: str = "",
    now: datetime,
    again_after: timedelta | None = None,
) -> None:
    """Write that `viewer` saw a person, an export, or asked a list. One insert.

    With `again_after`, not when the same sight was written within that time: a page that refreshes itself is one sight.
    """
    if again_after and _saw(viewer, kind, person_id, detail[:500], since=now - again_after):
        return
    reason = viewer.reason[:REASON_MAX]
    with connection.cursor() as cursor:
        cursor.execute(_SIGHT, [now, str(viewer.actor), kind, person_id, detail[:500], reason, viewer.channel])


def _saw(viewer: Viewer, kind: str, person_id: int | None, detail: str, *, since: datetime) -> bool:
    """Asked by an index, of the person or, where there is none, of the viewer."""
    same = Sight.objects.filter(actor=str(viewer.actor), kind=kind, person_id=person_id, detail=detail, at__gt=since)
    return same.exists()


def save_preferences(user: User, *, language: str | None = None, theme: str | None = None) -> None:
    """The user's own language and theme; None leaves one as it is."""
    wanted = {k: v for k, v in (("language", language), ("theme", theme)) if v is not None}
    if wanted:
        User.objects.filter(pk=user.pk).update(**wanted)


@contextmanager
def redacting() -> Generator[None]:
    """Inside, the append-only tables let a row be redacted (never deleted). For erasure only."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("select set_config('egard.redacting', 'on', true)")
        yield
        cursor.execute("select set_config('egard.redacting', 'off', true)")


TYPED_MIN = 3
"""Characters of a typed text that may point to one person; less points to nobody."""


def redact_sights(terms: Iterable[str]) -> None:
    """Logged queries that may have meant an erased person forget what was typed: her names and numbers (`terms`), whole
    or in part, however they were written. That somebody searched, and when, stays. One statement.
    """
    folded = sorted({term for term in (_compact(term) for term in terms) if len(term) >= TYPED_MIN})
    if not folded:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "update access_sight s set detail = '' from (select id,"
            " regexp_replace(egard_fold(detail), '[^a-z0-9@]', '', 'g') as typed from access_sight"
            " where kind = 'list' and detail <> '') q, unnest(%s::text[]) term"
            " where s.id = q.id and (position(term in q.typed) > 0"
            " or (length(q.typed) >= %s and position(q.typed in term) > 0))",
            [folded, TYPED_MIN],
        )
        cursor.execute(
            "update access_sight set reason = '' where reason <> '' and exists (select 1 from unnest(%s::text[]) term"
            " where position(term in regexp_replace(egard_fold(reason), '[^a-z0-9@]', '', 'g')) > 0)",
            [folded],
        )


def redact_reasons(person_id: int) -> None:
    """Why her own file was opened may tell of her: that it was, by whom and when, stays."""
    Sight.objects.filter(person_id=person_id).exclude(reason="").update(reason="")


def _compact(term: str) -> str:
    return re.sub(r"[^a-z0-9@]", "", fold(term))
