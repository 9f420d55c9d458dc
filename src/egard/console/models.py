"""What the desk keeps for those who work at it: views, what they put off, drafts, what can be undone."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models

from egard.base.ids import new_id
from egard.kernel.access.models import Team, User
from egard.kernel.cases.models import Case
from egard.kernel.messages.models import Message
from egard.kernel.people.models import Person


class Desk(models.Model):
    """How somebody likes her desk. No row: as everybody's."""

    user = models.OneToOneField(User, models.CASCADE, primary_key=True, related_name="+")
    single_keys = models.BooleanField(default=True)
    default_views = models.JSONField(default=dict, help_text="the view that a list opens with, by list")


class SavedView(models.Model):
    """A list's filters and order under a name: one's own, a team's, or everybody's."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    worklist = models.CharField(max_length=64)
    name = models.CharField(max_length=80)
    filters = models.JSONField(default=dict)
    owner = models.ForeignKey(User, models.CASCADE, related_name="+")
    team = models.ForeignKey(Team, models.CASCADE, null=True, blank=True, related_name="+")
    everybody = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=("owner", "worklist", "name"), name="console_view_once"),
            models.CheckConstraint(
                condition=models.Q(team__isnull=True) | models.Q(everybody=False), name="console_view_shared_one_way"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=("worklist",), name="console_view_list")]


class Snooze(models.Model):
    """A row put off by somebody until a moment: hidden from her alone, and back by itself."""

    id = models.BigAutoField(primary_key=True)
    user = models.ForeignKey(User, models.CASCADE, related_name="+", db_index=False)
    worklist = models.CharField(max_length=64)
    row = models.CharField(max_length=100)
    until = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=("user", "worklist", "row"), name="console_snooze_once"),
        ]


class Draft(models.Model):
    """What somebody was writing at a place of the desk (`notes`), kept until it is sent."""

    id = models.BigAutoField(primary_key=True)
    user = models.ForeignKey(User, models.CASCADE, related_name="+", db_index=False)
    place = models.CharField(max_length=64)
    person = models.ForeignKey(Person, models.CASCADE, null=True, related_name="+")
    text = models.TextField()
    saved_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=("user", "place", "person"), name="console_draft_once", nulls_distinct=False
            ),
        ]


class Deed(models.Model):
    """What somebody did, with the former state of each thing that changed: it can be undone for a day."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="+", db_index=False)
    action = models.CharField(max_length=100)
    said = models.CharField(max_length=500)
    former = models.JSONField()
    at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=("user", "-at"), name="console_deed_user")]


class CaseMention(models.Model):
    """A colleague named in a note on a case (`n`: its number in the history): in her list until she is done with it."""

    id = models.BigAutoField(primary_key=True)
    case = models.ForeignKey(Case, models.CASCADE, related_name="+", db_index=False)
    n = models.PositiveIntegerField()
    user = models.ForeignKey(User, models.CASCADE, related_name="+", db_index=False)
    by = models.CharField(max_length=64)
    at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=("case", "n", "user"), name="console_case_mention_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=("user", "-id"), condition=models.Q(done_at__isnull=True), name="console_case_named"),
        ]


class ThreadMention(models.Model):
    """A colleague named in a note in a conversation: in her list until she is done with it."""

    id = models.BigAutoField(primary_key=True)
    message = models.ForeignKey(Message, models.CASCADE, related_name="+", db_index=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="+", db_index=False)
    by = models.CharField(max_length=64)
    at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=("message", "user"), name="console_thread_mention_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=("user", "-id"), condition=models.Q(done_at__isnull=True), name="console_thread_named"),
        ]
