"""Frictions and leavings as they are kept from facts, declared changes of processes, and what was reckoned of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.db import models
from django.db.models import F, Q

from egard.base.ids import new_id
from egard.journeys.friction.rules import KINDS, REASONS
from egard.kernel.access.models import Site
from egard.kernel.people.models import Person

if TYPE_CHECKING:
    from uuid import UUID


class Mark(models.Model):
    """One friction of one contact, of whatever measure (nothing, too), as a fact told it."""

    id = models.BigAutoField(primary_key=True)
    person = models.ForeignKey(Person, models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=16)
    process = models.CharField(max_length=64, db_collation="C")
    measure = models.FloatField(help_text="minutes of a wait, else how often")
    at = models.DateTimeField()
    fact = models.UUIDField(help_text="the fact that told it")
    key = models.CharField(max_length=80, unique=True, db_collation="C")

    if TYPE_CHECKING:
        person_id: int

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(condition=Q(kind__in=KINDS), name="friction_mark_kind_known"),
            models.CheckConstraint(condition=Q(measure__gte=0), name="friction_mark_measured"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=("person", "-at"), name="friction_mark_person"),
            models.Index(fields=("at",), name="friction_mark_at"),
            models.Index(fields=("fact",), name="friction_mark_fact"),
        ]


class Leaving(models.Model):
    """Somebody left us; `returned_at` no later than `at`: she never did."""

    id = models.BigAutoField(primary_key=True)
    person = models.ForeignKey(Person, models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField()
    reason = models.CharField(max_length=16)
    returned_at = models.DateTimeField(null=True)
    returned_fact = models.UUIDField(null=True, help_text="the fact that says so")
    fact = models.UUIDField(unique=True)

    if TYPE_CHECKING:
        person_id: int

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(condition=Q(reason__in=REASONS), name="friction_leaving_reason_known"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=("person", "at"), name="friction_leaving_person"),
            models.Index(
                fields=("returned_fact",), condition=Q(returned_fact__isnull=False), name="friction_leaving_returned"
            ),
        ]


class Change(models.Model):
    """A process is another one from a moment on: for all, or for a share of persons drawn by lot."""

    id = models.AutoField(primary_key=True)
    uuid = models.UUIDField(unique=True, default=new_id, editable=False)
    process = models.CharField(max_length=64, db_collation="C")
    name = models.CharField(max_length=120)
    starts_at = models.DateTimeField()
    share = models.PositiveSmallIntegerField(help_text="of a hundred persons, so many have the new way")
    ends_at = models.DateTimeField(null=True, help_text="no longer compared from then on")
    declared_at = models.DateTimeField()
    by = models.CharField(max_length=64)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(condition=Q(share__gte=1, share__lte=100), name="friction_change_share"),
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gte=F("starts_at")), name="friction_change_lasts"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=("-starts_at",), name="friction_change_latest")]


class Evaluation(models.Model):
    """What was reckoned at a moment, as pages and the API show it. Nobody is named in it."""

    id = models.AutoField(primary_key=True)
    at = models.DateTimeField()
    level = models.FloatField(null=True, help_text="the index from which twice as many leave")
    figures = models.JSONField()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=("-at",), name="friction_evaluation_latest")]


class Alert(models.Model):
    """After a change the people of a place are over the level at which they start to leave. Told once."""

    id = models.AutoField(primary_key=True)
    uuid = models.UUIDField(unique=True, default=new_id, editable=False)
    change = models.ForeignKey(Change, models.PROTECT, related_name="alerts", db_index=False)
    site = models.ForeignKey(Site, models.PROTECT, null=True, related_name="+", db_index=False)
    before = models.FloatField(help_text="mean index of its people when the process changed")
    after = models.FloatField(help_text="and when this was written")
    level = models.FloatField()
    n = models.PositiveIntegerField()
    at = models.DateTimeField()
    seen_at = models.DateTimeField(null=True)
    seen_by = models.CharField(max_length=64, blank=True)

    if TYPE_CHECKING:
        site_id: UUID | None
        change_id: int

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=("change", "site"), name="friction_alert_once", nulls_distinct=False),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=("at",), condition=Q(seen_at__isnull=True), name="friction_alert_open"),
        ]
