"""Plans of control, draws, the acts drawn, and what was found. The database itself keeps a draw as it was made."""

from __future__ import annotations

from datetime import datetime, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Any, ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.expressions import RawSQL

from egard.base.ids import new_id
from egard.journeys.gestures.audits.rules.drawing import METHODS, Plan
from egard.kernel.access.models import User

if TYPE_CHECKING:
    from uuid import UUID

OK, DEVIATION = "ok", "deviation"


class AuditPlan(models.Model):
    """What is looked at in each period. It never changes: another plan takes its place. Amounts are minor units."""

    id = models.AutoField(primary_key=True)
    uuid = models.UUIDField(unique=True, default=new_id, editable=False)
    name = models.CharField(max_length=100)
    currency = models.CharField(max_length=3)
    method = models.CharField(max_length=8)
    threshold = models.BigIntegerField(null=True, help_text="from this amount on, all are looked at")
    tolerable = models.PositiveSmallIntegerField(help_text="thousandths of the acts that may deviate")
    tolerated = models.PositiveSmallIntegerField(help_text="deviations in the sample that still say so")
    least = models.PositiveSmallIntegerField(help_text="acts of each agent, at least")
    tolerable_amount = models.BigIntegerField(null=True, help_text="by money: what may be in error")
    made_at = models.DateTimeField()
    by = models.CharField(max_length=64)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "gestures_audit_plan"
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(condition=Q(method__in=METHODS), name="gestures_plan_method"),
            models.CheckConstraint(
                condition=Q(tolerable__gt=0, tolerable__lt=1000, least__gt=0), name="gestures_plan_sizes"
            ),
            models.CheckConstraint(
                condition=Q(threshold__isnull=True) | Q(threshold__gt=0), name="gestures_plan_threshold"
            ),
            models.CheckConstraint(
                condition=Q(method="acts") | Q(tolerable_amount__gt=0, tolerable_amount__isnull=False),
                name="gestures_plan_amount",
            ),
        ]

    def as_rules(self) -> Plan:
        """As the rules read it."""
        method = "money" if self.method == "money" else "acts"
        rate, amount = Fraction(self.tolerable, 1000), self.tolerable_amount or 0
        return Plan(method, self.threshold, rate, self.tolerated, self.least, amount)


class AuditDraw(models.Model):
    """A draw by a plan for a period: the frozen population, the seed, and the commitment to both. Only its closing is
    ever added (a trigger holds that); no two draws of a plan overlap (an exclusion constraint).
    """

    id = models.BigAutoField(primary_key=True)
    uuid = models.UUIDField(unique=True, default=new_id, editable=False)
    plan = models.ForeignKey(AuditPlan, models.PROTECT, related_name="draws", db_index=False)
    since = models.DateTimeField()
    until = models.DateTimeField(help_text="not included")
    drawn_at = models.DateTimeField()
    by = models.CharField(max_length=64)
    population = models.TextField(help_text="one act a line: its id, who granted it, its amount")
    digest = models.CharField(max_length=64, help_text="SHA-256 of the population")
    seed = models.CharField(max_length=64, help_text="secret until the draw is closed")
    commitment = models.CharField(max_length=64)
    size = models.PositiveIntegerField(help_text="acts in the population")
    sampled = models.PositiveIntegerField(help_text="acts to look at")
    late = models.PositiveIntegerField(default=0, help_text="of those, acts of earlier periods that no draw had")
    left_out = models.PositiveIntegerField(help_text="acts of the period in other currencies")
    closed_at = models.DateTimeField(null=True)
    closed_by = models.CharField(max_length=64, blank=True)
    txid = models.BigIntegerField(
        db_default=RawSQL("pg_current_xact_id()::text::bigint", ()), help_text="the transaction in which its acts came"
    )

    class Meta:
        db_table = "gestures_audit_draw"
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(condition=Q(until__gt=F("since")), name="gestures_draw_lasts"),
            models.CheckConstraint(condition=Q(drawn_at__gte=F("until")), name="gestures_draw_of_the_past"),
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=("-drawn_at", "-id"), name="gestures_draw_latest")]

    @property
    def last_day(self) -> datetime:
        """The last moment of the period."""
        return self.until - timedelta(microseconds=1)


class AuditAct(models.Model):
    """A gesture to look at. All of a draw are written with it; none is added, changed or taken away (triggers)."""

    id = models.BigAutoField(primary_key=True)
    draw = models.ForeignKey(AuditDraw, models.PROTECT, related_name="acts", db_index=False)
    gesture = models.ForeignKey("gestures.Gesture", models.PROTECT, related_name="audits")
    position = models.PositiveIntegerField(help_text="1, 2, 3: the order in which they are looked at")
    certain = models.BooleanField(help_text="for its amount, not by chance")

    if TYPE_CHECKING:
        draw_id: int
        gesture_id: int

    class Meta:
        db_table = "gestures_audit_act"
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=("draw", "position"), name="gestures_act_position"),
            models.UniqueConstraint(fields=("draw", "gesture"), name="gestures_act_once"),
        ]


class AuditTaken(models.Model):
    """That an act was in the population of a draw: a plan takes each once, and its next draw what came too late."""

    id = models.BigAutoField(primary_key=True)
    plan = models.ForeignKey(AuditPlan, models.PROTECT, related_name="+", db_index=False)
    draw = models.ForeignKey(AuditDraw, models.PROTECT, related_name="+", db_index=False)
    gesture = models.ForeignKey("gestures.Gesture", models.PROTECT, related_name="+", db_index=False)

    class Meta:
        db_table = "gestures_audit_taken"
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=("plan", "gesture"), name="gestures_taken_once"),
        ]


class Finding(models.Model):
    """What somebody found of an act; the latest one holds, those before stay. Never by who granted or agreed (a trigger
    holds that too). `feedback` and `training` are for whoever granted it.
    """

    id = models.BigAutoField(primary_key=True)
    uuid = models.UUIDField(unique=True, default=new_id, editable=False)
    act = models.ForeignKey(AuditAct, models.PROTECT, related_name="findings", db_index=False)
    verdict = models.CharField(max_length=9)
    kind = models.CharField(max_length=16, blank=True, help_text="what deviates")
    error = models.BigIntegerField(default=0, help_text="amount in error, minor units")
    words = models.CharField(max_length=1000, blank=True, help_text="why; for those who control")
    feedback = models.CharField(max_length=1000, blank=True, help_text="said to whoever granted it")
    training = models.CharField(max_length=64, blank=True, help_text="the course that should be renewed")
    auditor = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    by = models.CharField(max_length=64)
    at = models.DateTimeField()

    if TYPE_CHECKING:
        act_id: int
        auditor_id: UUID

    class Meta:
        db_table = "gestures_audit_finding"
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(
                condition=Q(verdict=OK, kind="", error=0) | (Q(verdict=DEVIATION, error__gte=0) & ~Q(kind="")),
                name="gestures_finding_verdict",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=("act", "-id"), name="gestures_finding_act"),
            models.Index(fields=("id",), condition=~Q(training=""), name="gestures_finding_training"),
        ]


class FeedbackRead(models.Model):
    """The agent read what was said to her of a finding."""

    finding = models.OneToOneField(Finding, models.CASCADE, primary_key=True, related_name="read")
    at = models.DateTimeField()

    class Meta:
        db_table = "gestures_audit_read"
