"""The desk of each adviser, the calls that come for her, and the call backs that are promised of her time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import BigIntegerRangeField, DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value

from egard.base.ids import new_id
from egard.journeys.reach.rules import ON_THE_LINE, OUTCOMES, PRESENCES, STATES
from egard.kernel.access.models import User
from egard.kernel.people.models import Person
from egard.kernel.promises.calendars import HOUSE

if TYPE_CHECKING:
    from uuid import UUID


_DESK = Func(F("desk"), F("desk"), Value("[]"), function="int8range", output_field=BigIntegerRangeField())
"""The range that holds one number only: an exclusion compares ranges, also without an extension for numbers."""
_TIME = Func(F("starts_at"), F("ends_at"), Value("[)"), function="tstzrange", output_field=DateTimeRangeField())

_AWAY = Func(F("since"), F("until"), Value("[)"), function="tstzrange", output_field=DateTimeRangeField())


class Desk(models.Model):
    """How a member of staff is reached: where her line is, when she works, whether she is there now, who stands in."""

    id = models.BigAutoField(primary_key=True)
    user = models.OneToOneField(User, models.PROTECT, related_name="+")
    line = models.CharField(max_length=20, blank=True, help_text="her direct line, E.164")
    calendar = models.CharField(max_length=64, default=HOUSE, help_text="the code of her working hours")
    deputy = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", db_index=False)
    presence = models.CharField(max_length=12, default="available")
    since = models.DateTimeField(help_text="since when her presence is so")
    until = models.DateTimeField(null=True, help_text="until when; then she is available again")

    if TYPE_CHECKING:
        user_id: UUID
        deputy_id: UUID | None

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(condition=Q(presence__in=PRESENCES), name="reach_desk_presence_known"),
            models.CheckConstraint(
                condition=Q(deputy__isnull=True) | ~Q(deputy=F("user")), name="reach_desk_deputy_other"
            ),
        ]


class Absence(models.Model):
    """A period in which somebody does not work though her hours say so."""

    id = models.BigAutoField(primary_key=True)
    uuid = models.UUIDField(unique=True, default=new_id, editable=False)
    desk = models.ForeignKey(Desk, models.PROTECT, related_name="absences", db_index=False)
    since = models.DateTimeField()
    until = models.DateTimeField(help_text="not included")
    by = models.CharField(max_length=64)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(condition=Q(until__gt=F("since")), name="reach_absence_lasts"),
            ExclusionConstraint(
                name="reach_absence_alone",
                expressions=[(_DESK, RangeOperators.OVERLAPS), (_AWAY, RangeOperators.OVERLAPS)],
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=("desk", "until"), name="reach_absence_of")]


class Call(models.Model):
    """Somebody calls. `adviser` is whom she asked for, `rung` who has her on the line now, or had her last."""

    id = models.BigAutoField(primary_key=True)
    uuid = models.UUIDField(unique=True, default=new_id, editable=False)
    provider_id = models.CharField(max_length=64, unique=True, db_collation="C", help_text="CallSid")
    number = models.CharField(max_length=20, blank=True, help_text="E.164; empty where it is withheld")
    person = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+", db_index=False)
    adviser = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", db_index=False)
    rung = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", db_index=False)
    missed = models.JSONField(default=list, help_text="whose lines rang in vain")
    state = models.CharField(max_length=8, default="asking")
    language = models.CharField(max_length=2)
    asked_who = models.PositiveSmallIntegerField(default=0, help_text="how often she was asked who she is")
    step = models.PositiveIntegerField(default=0, help_text="which question of ours is open")
    offered = models.JSONField(default=dict, help_text="what the keys of her phone mean now")
    asked_at = models.DateTimeField()
    seen_at = models.DateTimeField(help_text="when she was last heard of on the line")
    rung_at = models.DateTimeField(null=True, help_text="when the line in question began to ring")
    waiting_since = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True, help_text="when somebody first talked to her")
    talking_since = models.DateTimeField(null=True)
    talked = models.PositiveIntegerField(default=0, help_text="seconds, with whom it was for the longest")
    ended_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=9, blank=True)
    waited = models.PositiveIntegerField(null=True, help_text="seconds until somebody talked to her, or she gave up")
    transfers = models.PositiveSmallIntegerField(default=0)
    recording = models.CharField(max_length=500, blank=True, help_text="where the message that she left is heard")

    if TYPE_CHECKING:
        person_id: int | None
        adviser_id: UUID | None
        rung_id: UUID | None

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(condition=Q(state__in=STATES), name="reach_call_state_known"),
            models.CheckConstraint(condition=Q(outcome__in=("", *OUTCOMES)), name="reach_call_outcome_known"),
            models.CheckConstraint(
                condition=Q(state="ended", ended_at__isnull=False) | ~Q(state="ended") & Q(ended_at__isnull=True),
                name="reach_call_ended_dated",
            ),
            # Whatever comes at the same moment: one line, one call.
            models.UniqueConstraint(
                fields=("rung",), condition=Q(state__in=ON_THE_LINE, rung__isnull=False), name="reach_call_one_a_line"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=("adviser", "waiting_since", "id"), condition=Q(state="waiting"), name="reach_call_queue"
            ),
            models.Index(fields=("rung", "-ended_at"), condition=Q(talked__gt=0), name="reach_call_lengths"),
            models.Index(fields=("person", "-asked_at"), name="reach_call_person"),
            models.Index(fields=("asked_at",), name="reach_call_asked"),
            models.Index(fields=("asked_at", "id"), condition=~Q(state="ended"), name="reach_call_open"),
        ]


class CallStep(models.Model):
    """What was answered to one request of the provider, so that the same request has the same answer."""

    id = models.BigAutoField(primary_key=True)
    call = models.ForeignKey(Call, models.CASCADE, related_name="steps", db_index=False)
    step = models.CharField(max_length=40, db_collation="C")
    at = models.DateTimeField()
    answer = models.TextField()

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=("call", "step"), name="reach_step_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=("at",), name="reach_step_at")]


class KnownNumber(models.Model):
    """Whose a number is, by what was said on the phone once: she is not asked again."""

    id = models.BigAutoField(primary_key=True)
    number = models.CharField(max_length=20, unique=True, db_collation="C")
    person = models.ForeignKey(Person, models.CASCADE, related_name="+")
    adviser = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", db_index=False)
    at = models.DateTimeField()


class CallBack(models.Model):
    """Somebody is called back at a moment: time of an adviser (or of the house) that is promised once."""

    id = models.BigAutoField(primary_key=True)
    uuid = models.UUIDField(unique=True, default=new_id, editable=False)
    person = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+", db_index=False)
    desk = models.ForeignKey(Desk, models.PROTECT, null=True, related_name="+", db_index=False)
    number = models.CharField(max_length=20, help_text="where she is called, E.164")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    about = models.CharField(max_length=500, blank=True)
    channel = models.CharField(max_length=32)
    promise = models.UUIDField(null=True)
    key = models.CharField(max_length=200, db_collation="C", unique=True)
    asked_at = models.DateTimeField()
    by = models.CharField(max_length=64)
    name = models.CharField(max_length=100, blank=True, help_text="what somebody unknown calls herself")
    place = models.BinaryField(max_length=32, null=True, help_text="keyed hash of where it was asked from, for a day")
    made_at = models.DateTimeField(null=True, help_text="when she was called")
    dropped_at = models.DateTimeField(null=True, help_text="no longer owed: the time is free again")

    if TYPE_CHECKING:
        desk_id: int | None
        person_id: int | None

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="reach_call_back_lasts"),
            ExclusionConstraint(
                name="reach_call_back_alone",
                expressions=[(_DESK, RangeOperators.OVERLAPS), (_TIME, RangeOperators.OVERLAPS)],
                condition=Q(dropped_at__isnull=True, desk__isnull=False),
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=("desk", "ends_at"), condition=Q(dropped_at__isnull=True), name="reach_call_back_taken"
            ),
            models.Index(fields=("person", "-asked_at"), name="reach_call_back_person"),
            models.Index(fields=("place", "asked_at"), condition=Q(place__isnull=False), name="reach_call_back_place"),
            models.Index(
                fields=("asked_at",), condition=Q(person__isnull=True) & ~Q(number=""), name="reach_call_back_visitor"
            ),
        ]


class OpenPage(models.Model):
    """Whether anybody may ask to be called by the house, on a page of its own (`/p/call/`). One row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    is_on = models.BooleanField(default=True)


class Handover(models.Model):
    """Clients of one adviser go to another at a moment, each with a word to her: all of them, or those picked."""

    id = models.BigAutoField(primary_key=True)
    uuid = models.UUIDField(unique=True, default=new_id, editable=False)
    giver = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    taker = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField(help_text="not before then")
    everybody = models.BooleanField(help_text="all who are hers at that moment; else those picked")
    words = models.JSONField(help_text="by language: subject and text, with merge fields")
    by = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    begun_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    if TYPE_CHECKING:
        giver_id: UUID
        taker_id: UUID

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(condition=~Q(giver=F("taker")), name="reach_handover_other"),
            models.CheckConstraint(
                condition=Q(begun_at__isnull=True) | Q(withdrawn_at__isnull=True), name="reach_handover_or_not"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=("at",), condition=Q(ended_at__isnull=True, withdrawn_at__isnull=True), name="reach_handover_due"
            ),
            models.Index(fields=("giver", "-id"), name="reach_handover_giver"),
        ]

    @property
    def state(self) -> str:
        """`planned`, `running`, `done`, `withdrawn`."""
        if self.withdrawn_at:
            return "withdrawn"
        if self.ended_at:
            return "done"
        return "running" if self.begun_at else "planned"


class Handed(models.Model):
    """One client of a handover: whether she was handed over yet, how she was told so, or why not."""

    id = models.BigAutoField(primary_key=True)
    handover = models.ForeignKey(Handover, models.PROTECT, related_name="clients", db_index=False)
    person = models.ForeignKey(Person, models.PROTECT, related_name="+")
    at = models.DateTimeField(null=True, help_text="when she was handed over")
    told_by = models.CharField(max_length=16, blank=True, help_text="the channel")
    why = models.CharField(max_length=16, blank=True, help_text="why she was not handed over, or not told")
    moved = models.PositiveIntegerField(default=0, help_text="promises that went along")

    if TYPE_CHECKING:
        person_id: int

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=("handover", "person"), name="reach_handed_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=("handover", "id"), condition=Q(at__isnull=True), name="reach_handed_waits"),
        ]
