"""Promises, what happened to each, and the calendars by which they are reckoned. Written by this package's operations
and sweeper alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.db import models
from django.db.models import Q

from egard.base.ids import new_id
from egard.kernel.access.models import Site, Team, User
from egard.kernel.people.models import Person
from egard.kernel.promises.rules import STATES

if TYPE_CHECKING:
    from uuid import UUID

OUTSTANDING = Q(ended_at__isnull=True)
"""Still owed: open, paused, or broken and neither kept nor released since."""
COUNTED = Q(state__in=("kept", "broken"))


class CalendarVersion(models.Model):
    """One version of a calendar, for ever: a change is a new row, and promises keep the version they were made with."""

    id = models.AutoField(primary_key=True)
    code = models.CharField(max_length=64)
    version = models.PositiveIntegerField()
    name = models.CharField(max_length=200, blank=True)
    data = models.JSONField(help_text="what base.calendars.Calendar.parse reads")
    created_at = models.DateTimeField()
    by = models.CharField(max_length=64)

    class Meta:
        db_table = "promises_calendar"
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=("code", "version"), name="promises_calendar_once"),
        ]

    def __str__(self) -> str:
        return self.name or self.code


class Promise(models.Model):
    """Something owed by a moment. A snapshot of its events (see rules): `state`, `due_at` and what follows from them.

    `next_at` is when it must be looked at again though nobody does anything; empty where that is never.
    """

    id = models.BigAutoField(primary_key=True)
    uuid = models.UUIDField(unique=True, default=new_id, editable=False)
    person = models.ForeignKey(Person, models.PROTECT, null=True, related_name="promises", db_index=False)
    kind = models.CharField(max_length=64)
    subject = models.CharField(max_length=200, blank=True, db_collation="C", help_text="what it is about: case:<uuid>")
    key = models.CharField(max_length=200, db_collation="C", help_text="unique per person")
    note = models.CharField(max_length=500, blank=True, help_text="in a few words, what was promised")
    state = models.CharField(max_length=8, default="open")
    made_at = models.DateTimeField()
    due_at = models.DateTimeField()
    first_due_at = models.DateTimeField()
    paused_at = models.DateTimeField(null=True)
    kept_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True, help_text="kept or released, which may be after it broke")
    next_at = models.DateTimeField(null=True)
    since = models.DateTimeField(help_text="when its due moment was set")
    last_at = models.DateTimeField(help_text="its latest event")
    left = models.DurationField(null=True, help_text="what a paused one still had")
    warned = models.PositiveSmallIntegerField(default=0)
    escalated = models.PositiveSmallIntegerField(default=0)
    version = models.PositiveIntegerField(default=1, help_text="how many events it has")
    within = models.CharField(max_length=40, blank=True, help_text="as it was asked: 2 h, 10 business days")
    working = models.BooleanField(default=False, help_text="only open time counts")
    calendar = models.ForeignKey(CalendarVersion, models.PROTECT, null=True, related_name="+", db_index=False)
    terms = models.JSONField(null=True, help_text="warnings and escalation, where they are not those of its kind")
    owner = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", db_index=False)
    team = models.ForeignKey(Team, models.PROTECT, null=True, related_name="+", db_index=False)
    site = models.ForeignKey(Site, models.PROTECT, null=True, related_name="+", db_index=False)
    channel = models.CharField(max_length=32, blank=True)
    kept_channel = models.CharField(max_length=32, blank=True)

    if TYPE_CHECKING:
        history: list[PromiseEvent]
        person_id: int | None
        calendar_id: int | None
        owner_id: UUID | None
        team_id: UUID | None
        site_id: UUID | None

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=("person", "key"), name="promises_promise_once", nulls_distinct=False),
            models.CheckConstraint(condition=Q(state__in=STATES), name="promises_state_known"),
            models.CheckConstraint(
                condition=~Q(state__in=("kept", "released")) | Q(ended_at__isnull=False), name="promises_ended_dated"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # What the sweeper asks: the same cost at a thousand and at a million, as long as nothing is due.
            models.Index(fields=("next_at",), condition=Q(next_at__isnull=False), name="promises_next"),
            models.Index(fields=("due_at", "id"), condition=OUTSTANDING, name="promises_owed"),
            models.Index(fields=("owner", "due_at", "id"), condition=OUTSTANDING, name="promises_owed_owner"),
            models.Index(fields=("team", "due_at", "id"), condition=OUTSTANDING, name="promises_owed_team"),
            models.Index(fields=("site", "due_at", "id"), condition=OUTSTANDING, name="promises_owed_site"),
            models.Index(fields=("person", "due_at"), name="promises_person"),
            models.Index(fields=("subject",), condition=~Q(subject=""), name="promises_subject"),
            models.Index(
                fields=("due_at",),
                include=("kind", "state", "site", "team", "channel", "id"),
                condition=COUNTED,
                name="promises_counted",
            ),
        ]


class PromiseEvent(models.Model):
    """Something that happened to a promise, dated when it did, however late it was noticed. Append only.

    `n` numbers them within the promise, without gaps.
    """

    id = models.BigAutoField(primary_key=True)
    promise = models.ForeignKey(Promise, models.PROTECT, related_name="events", db_index=False)
    n = models.PositiveIntegerField()
    what = models.CharField(max_length=12)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    by = models.CharField(max_length=64)
    channel = models.CharField(max_length=32, blank=True)
    due_at = models.DateTimeField(null=True, help_text="by when it is due since then")
    level = models.PositiveSmallIntegerField(default=0)
    reason = models.CharField(max_length=500, blank=True)

    class Meta:
        db_table = "promises_event"
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=("promise", "n"), name="promises_event_numbered"),
            # Whatever runs how often: a promise breaks once.
            models.UniqueConstraint(fields=("promise",), condition=Q(what="broken"), name="promises_event_broken_once"),
        ]


class Notice(models.Model):
    """Somebody of staff is to know of an event: she sees it in her worklist, and in one message with the others."""

    id = models.BigAutoField(primary_key=True)
    event = models.ForeignKey(PromiseEvent, models.CASCADE, related_name="+", db_index=False)
    promise = models.ForeignKey(Promise, models.CASCADE, related_name="notices", db_index=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="+", db_index=False)
    at = models.DateTimeField()
    told_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=("event", "user"), name="promises_notice_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=("user", "at"), condition=Q(told_at__isnull=True), name="promises_notice_untold"),
            models.Index(fields=("promise", "user"), name="promises_notice_promise"),
        ]


class Publication(models.Model):
    """Whether the organisation shows anybody what it keeps of its promises. One row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    is_on = models.BooleanField(default=False)
    since = models.DateTimeField(null=True)
