"""Who works here, where, and what they may: users, teams, sites, roles, keys, and the log of sights."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from egard.base.ids import new_id


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email__iexact=username)


class Site(models.Model):
    """A place where the organisation receives people: a shop, a branch, a city."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    code = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=200)
    zone = models.CharField(max_length=64, default="Europe/Paris", help_text=_("IANA time zone"))

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class Team(models.Model):
    """People who share work: a service, a counter, a group of advisers."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    code = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=200)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class User(AbstractBaseUser):
    """Somebody who signs in: staff, or (later) a person on the portal. The e-mail address is the login."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    email = models.EmailField(max_length=254)
    name = models.CharField(max_length=200)
    language = models.CharField(max_length=8, blank=True, help_text=_("fr, en; empty follows the browser"))
    theme = models.CharField(max_length=8, blank=True, help_text=_("light, dark; empty follows the system"))
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=True)
    created_at = models.DateTimeField()
    teams = models.ManyToManyField(Team, blank=True, related_name="members")
    sites = models.ManyToManyField(Site, blank=True, related_name="staff")

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(Lower("email"), name="access_user_email_once"),
        ]

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name.split(" ")[0] or self.email


class RoleGrant(models.Model):
    """A role given to a user, how far it reaches, and since when. Ended by a date, never deleted."""

    user = models.ForeignKey(User, models.CASCADE, related_name="role_grants")
    role = models.CharField(max_length=64)
    scope = models.CharField(max_length=8, blank=True, help_text=_("own, team, site, all; empty: as the role declares"))
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=("user", "role"), condition=models.Q(until__isnull=True), name="access_role_once"
            ),
            models.CheckConstraint(
                condition=models.Q(scope__in=["", "own", "team", "site", "all"]), name="access_scope_known"
            ),
        ]


class ApiKey(models.Model):
    """A key for a program: 256 random bits, shown once, stored as their SHA-256."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=200)
    digest = models.BinaryField(max_length=32, unique=True)
    hint = models.CharField(max_length=16, help_text=_("its beginning, to recognise it"))
    scopes = models.JSONField(default=list, help_text=_('permissions, or ["all"]'))
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)


class Sight(models.Model):
    """Who saw what of whom: opening a person, an export, a read by id; a list logs its query once.

    Only added to, by `operations`, and emptied of a name by erasure; no trigger holds that, unlike for Change.
    """

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField()
    actor = models.CharField(max_length=64, help_text=_("user:…, key:…, person:…, system:…"))
    kind = models.CharField(max_length=32, help_text=_("person, export, list, timeline"))
    person_id = models.BigIntegerField(null=True)
    detail = models.CharField(max_length=500, blank=True)
    reason = models.CharField(max_length=300, blank=True, help_text="why, where it was asked")
    channel = models.CharField(max_length=16, help_text=_("page, api, command"))

    class Meta:
        # An auditor's page costs the same at ten million: each filter has its index, newest first.
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=("-at",), name="access_sight_at"),
            models.Index(fields=("person_id", "-at"), name="access_sight_person"),
            models.Index(fields=("actor", "-at"), name="access_sight_actor"),
            models.Index(fields=("kind", "-at"), name="access_sight_kind"),
            models.Index(fields=("channel", "-at"), name="access_sight_channel"),
            models.Index(
                fields=("person_id", "actor", "-at"), condition=~models.Q(reason=""), name="access_sight_reason"
            ),
        ]


class Change(models.Model):
    """Who changed what in the house itself: users, roles, keys, sites. Append only."""

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField()
    actor = models.CharField(max_length=64)
    what = models.CharField(max_length=64, help_text=_("access.role_granted, access.key_created…"))
    subject = models.CharField(max_length=100, blank=True)
    detail = models.JSONField(default=dict)

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=("-at",), name="access_change_at"),
            models.Index(fields=("actor", "-at"), name="access_change_actor"),
        ]


class Presence(models.Model):
    """An open tab that looks at something (see `presence`). Unlogged: after a crash nobody is there, which is so."""

    tab = models.UUIDField(primary_key=True)
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    topic = models.CharField(max_length=100, help_text="person:<uuid>")
    stream = models.UUIDField(help_text=_("the connection by which the tab listens"))
    typing = models.BooleanField(default=False)
    came_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    alive_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=("topic",), name="access_presence_topic")]
