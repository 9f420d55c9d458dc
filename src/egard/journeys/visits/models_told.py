"""What is told of visits, who waits for one, and what was closed: beside the visits themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from egard.base.ids import new_id
from egard.journeys.visits.models import Reason, Resource, Visit
from egard.kernel.access.models import Site, User
from egard.kernel.people.models import Person

if TYPE_CHECKING:
    from uuid import UUID

WAITS = ("waiting", "offered")
WAITING_STATES = (*WAITS, "taken", "left", "over")


class Telling(models.Model):
    """Something that is told of a visit, or will be: one of each per revision, kind and channel. `void`: no longer
    true, or too late; `unreachable`: there was no address that takes it.
    """

    id = models.BigAutoField(primary_key=True)
    visit = models.ForeignKey(Visit, models.CASCADE, related_name="tellings", db_index=False)
    revision = models.PositiveIntegerField()
    kind = models.CharField(max_length=24)
    channel = models.CharField(max_length=8)
    due_at = models.DateTimeField()
    state = models.CharField(max_length=12, default="due")
    ended_at = models.DateTimeField(null=True)

    if TYPE_CHECKING:
        visit_id: int

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=("visit", "revision", "kind", "channel"), name="visits_telling_once"),
            models.CheckConstraint(
                condition=Q(state__in=("due", "told", "void", "unreachable")), name="visits_telling_state_known"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=("due_at",), condition=Q(state="due"), name="visits_telling_due"),
        ]


class CalendarFeed(models.Model):
    """An address under which any calendar reads the visits of one host (`resource`), or of one site. Who renews it ends
    this one.
    """

    id = models.BigAutoField(primary_key=True)
    uuid = models.UUIDField(unique=True, default=new_id, editable=False)
    resource = models.ForeignKey(Resource, models.CASCADE, null=True, related_name="+", db_index=False)
    site = models.ForeignKey(Site, models.CASCADE, null=True, related_name="+", db_index=False)
    by = models.CharField(max_length=64)
    made_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(
                condition=Q(resource__isnull=False, site__isnull=True) | Q(resource__isnull=True, site__isnull=False),
                name="visits_feed_of_one",
            ),
            models.UniqueConstraint(
                fields=("resource",), condition=Q(ended_at__isnull=True), name="visits_feed_of_host"
            ),
            models.UniqueConstraint(fields=("site",), condition=Q(ended_at__isnull=True), name="visits_feed_of_site"),
        ]


class Waiting(models.Model):
    """Somebody who found no time says what she wants. `offer` holds a time for her until it lapses; `passed` names the
    times that she let go, as `site|moment`.
    """

    id = models.BigAutoField(primary_key=True)
    uuid = models.UUIDField(unique=True, default=new_id, editable=False)
    person = models.ForeignKey(Person, models.PROTECT, related_name="+", db_index=False)
    reason = models.ForeignKey(Reason, models.PROTECT, related_name="+", db_index=False)
    sites = ArrayField(models.UUIDField())
    host = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", db_index=False)
    first = models.DateField(help_text="by the clock of each site")
    last = models.DateField()
    parts = ArrayField(models.CharField(max_length=9), default=list, help_text="of the day; none: any")
    seats = models.PositiveSmallIntegerField(default=1)
    name = models.CharField(max_length=200, blank=True)
    answers = models.JSONField(default=dict)
    note = models.CharField(max_length=500, blank=True)
    told_by = models.CharField(max_length=8)
    told_to = models.CharField(max_length=320, blank=True)
    language = models.CharField(max_length=8)
    channel = models.CharField(max_length=32)
    state = models.CharField(max_length=8, default="waiting")
    offer = models.OneToOneField(Visit, models.PROTECT, null=True, related_name="offered_to")
    passed = ArrayField(models.CharField(max_length=80), default=list)
    joined_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    if TYPE_CHECKING:
        person_id: int
        reason_id: int
        host_id: UUID | None
        offer_id: int | None

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(condition=Q(state__in=WAITING_STATES), name="visits_waiting_state_known"),
            models.CheckConstraint(
                condition=~Q(state="offered") | Q(offer__isnull=False), name="visits_waiting_offered_something"
            ),
            models.UniqueConstraint(
                fields=("person", "reason"), condition=Q(state__in=WAITS), name="visits_waiting_once"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=("joined_at", "id"), condition=Q(state__in=WAITS), name="visits_waiting_order"),
            models.Index(fields=("person", "-joined_at"), name="visits_waiting_person"),
        ]


class Closing(models.Model):
    """A site that is closed on a date, or somebody who does not receive from `since` to `until` (none: any more), with
    visits that were booked: they are seen to in batches.
    """

    id = models.BigAutoField(primary_key=True)
    uuid = models.UUIDField(unique=True, default=new_id, editable=False)
    site = models.ForeignKey(Site, models.CASCADE, null=True, related_name="+", db_index=False)
    resource = models.ForeignKey(Resource, models.CASCADE, null=True, related_name="+", db_index=False)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)
    move_to = models.DateField(null=True, help_text="visits of a closed day go there where they can")
    why = models.CharField(max_length=300, blank=True)
    moved = models.PositiveIntegerField(default=0, help_text="to another time or host")
    cancelled = models.PositiveIntegerField(default=0)
    untold = models.PositiveIntegerField(default=0, help_text="of these, those who could not be written to")
    by = models.CharField(max_length=64)
    made_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(
                condition=Q(resource__isnull=False, site__isnull=True) | Q(resource__isnull=True, site__isnull=False),
                name="visits_closing_of_one",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=("made_at",), condition=Q(done_at__isnull=True), name="visits_closing_open"),
        ]
