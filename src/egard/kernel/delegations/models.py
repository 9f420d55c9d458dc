"""Delegations, what changed of them, what was decided by them, and the trainings that they ask for. Written by this
package's operations alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.db import models
from django.db.models import F, Q

from egard.base.ids import new_id
from egard.kernel.access.models import Site, Team, User
from egard.kernel.people.models import Person

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

COUNTED = Q(given_back_at__isnull=True)


class Course(models.Model):
    """Something that staff learn: `gestures`, "Giving gestures"."""

    code = models.SlugField(max_length=64, primary_key=True)
    name = models.CharField(max_length=200)

    def __str__(self) -> str:
        return self.name or self.code


class Training(models.Model):
    """Somebody of staff learnt something, and until when that holds. Corrected by another row, never changed."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    course = models.ForeignKey(Course, models.PROTECT, related_name="+", db_index=False)
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField(null=True, help_text="not included; empty: for ever")
    recorded_at = models.DateTimeField()
    by = models.CharField(max_length=64)
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_by = models.CharField(max_length=64, blank=True)

    if TYPE_CHECKING:
        user_id: UUID
        course_id: str

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True) | Q(valid_until__gt=F("valid_from")),
                name="delegations_training_lasts",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=("user", "course", "valid_until"), name="delegations_training_user"),
            models.Index(fields=("course", "valid_until"), name="delegations_training_course"),
        ]


class Delegation(models.Model):
    """Who may decide something alone, up to how much. Amounts in the smallest piece of the authority's unit.

    Held by one user, or by whoever holds a role; with a team or a site, by those who work there only.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    authority = models.CharField(max_length=64, help_text="gestures.grant")
    unit = models.CharField(max_length=32)
    user = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", db_index=False)
    role = models.CharField(max_length=64, blank=True)
    team = models.ForeignKey(Team, models.PROTECT, null=True, related_name="+", db_index=False)
    site = models.ForeignKey(Site, models.PROTECT, null=True, related_name="+", db_index=False)
    per_act = models.BigIntegerField()
    per_day = models.BigIntegerField(null=True, help_text="of each holder; empty: no limit of its own")
    per_person = models.BigIntegerField(null=True, help_text="to one person within the period, whoever gives it")
    period_days = models.PositiveIntegerField()
    split_days = models.PositiveIntegerField(help_text="acts for one person within these days are counted as one act")
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField(null=True, help_text="not included")
    training = models.ForeignKey(Course, models.PROTECT, null=True, related_name="+", db_index=False)
    ended_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1, help_text="how many changes it has")
    changed_at = models.DateTimeField()

    if TYPE_CHECKING:
        history: list[Change]
        user_id: UUID | None
        team_id: UUID | None
        site_id: UUID | None
        training_id: str | None
        trained_until: datetime | None

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(
                condition=Q(user__isnull=False, role="") | (Q(user__isnull=True) & ~Q(role="")),
                name="delegations_held_by_one",
            ),
            models.CheckConstraint(
                condition=Q(per_act__gt=0)
                & (Q(per_day__isnull=True) | Q(per_day__gt=0))
                & (Q(per_person__isnull=True) | Q(per_person__gt=0)),
                name="delegations_amounts_positive",
            ),
            models.CheckConstraint(condition=Q(period_days__gt=0, split_days__gt=0), name="delegations_days_positive"),
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True) | Q(valid_until__gt=F("valid_from")), name="delegations_lasts"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=("authority", "role"), name="delegations_role"),
            models.Index(fields=("user", "authority"), condition=Q(user__isnull=False), name="delegations_user"),
        ]


class Change(models.Model):
    """What changed of a delegation, by whom and when. Append only; `n` numbers them without gaps.

    `values` is what holds since then, whole, so that each use is judged by the version under which it was made.
    """

    id = models.BigAutoField(primary_key=True)
    delegation = models.ForeignKey(Delegation, models.PROTECT, related_name="trail", db_index=False)
    n = models.PositiveIntegerField()
    what = models.CharField(max_length=8, help_text="granted, changed, ended")
    at = models.DateTimeField()
    by = models.CharField(max_length=64)
    reason = models.CharField(max_length=300, blank=True)
    values = models.JSONField()

    class Meta:
        db_table = "delegations_change"
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=("delegation", "n"), name="delegations_change_numbered"),
        ]


class Use(models.Model):
    """Something decided by a delegation: counted against its limits until it is given back.

    `user` is whose authority it was; with `first`, somebody else asked and this was the second pair of eyes. `at` never
    runs back: where the clock did, it is the latest moment recorded.
    """

    id = models.BigAutoField(primary_key=True)
    key = models.CharField(max_length=200, unique=True, db_collation="C")
    authority = models.CharField(max_length=64)
    unit = models.CharField(max_length=32)
    amount = models.BigIntegerField()
    delegation = models.ForeignKey(Delegation, models.PROTECT, related_name="+", db_index=False)
    version = models.PositiveIntegerField(help_text="of the delegation, as it held then")
    user = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    first = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", db_index=False)
    person = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+", db_index=False)
    case = models.CharField(max_length=200, blank=True, db_collation="C", help_text="case:<uuid>")
    at = models.DateTimeField()
    recorded_at = models.DateTimeField(help_text="by the clock of whoever recorded it")
    by = models.CharField(max_length=64)
    given_back_at = models.DateTimeField(null=True)
    given_back_by = models.CharField(max_length=64, blank=True)

    if TYPE_CHECKING:
        user_id: UUID
        first_id: UUID | None
        person_id: int | None
        delegation_id: UUID

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="delegations_use_positive"),
            models.CheckConstraint(
                condition=Q(first__isnull=True) | ~Q(first=F("user")), name="delegations_use_four_eyes"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=("user", "authority", "at"), include=("amount",), condition=COUNTED, name="delegations_use_user"
            ),
            models.Index(
                fields=("person", "authority", "at"),
                include=("amount",),
                condition=COUNTED & Q(person__isnull=False),
                name="delegations_use_person",
            ),
            models.Index(
                fields=("case", "authority"),
                include=("amount",),
                condition=COUNTED & ~Q(case=""),
                name="delegations_use_case",
            ),
            models.Index(fields=("authority", "-at"), name="delegations_use_latest"),
            models.Index(fields=("delegation", "-id"), name="delegations_use_list"),
        ]
