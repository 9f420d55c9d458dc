"""Case types, cases, their events, what came from outside. Written by this package's operations alone."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q

from egard.base.ids import new_id
from egard.kernel.access.models import Site, Team, User
from egard.kernel.people.models import Person

OPEN = Q(status="open")


class CaseType(models.Model):
    """One version of a type, for ever: its name and the hash of its content. The newest number is the current one."""

    id = models.AutoField(primary_key=True)
    name = models.CharField(max_length=64)
    version = models.CharField(max_length=16, help_text="hash of its content")
    number = models.PositiveIntegerField(help_text="1, 2, 3: for people")
    source = models.TextField(help_text="the file as it was published")
    definition = models.TextField(help_text="what was read in it, as JSON; a jsonb would forget the order of steps")
    published_at = models.DateTimeField()
    by = models.CharField(max_length=64)

    class Meta:
        db_table = "cases_type"
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=("name", "version"), name="cases_type_once"),
            models.UniqueConstraint(fields=("name", "number"), name="cases_type_numbered"),
        ]


class Case(models.Model):
    """One case: a snapshot of its events (see `rules.state`), and what lists ask about."""

    id = models.BigAutoField(primary_key=True)
    uuid = models.UUIDField(unique=True, default=new_id, editable=False)
    type = models.ForeignKey(CaseType, models.PROTECT, related_name="cases")
    person = models.ForeignKey(Person, models.PROTECT, null=True, related_name="cases", db_index=False)
    parent = models.ForeignKey("self", models.PROTECT, null=True, related_name="inner", db_index=False)
    parent_step = models.CharField(max_length=80, blank=True)
    status = models.CharField(max_length=8, default="open")
    version = models.PositiveIntegerField(default=0, help_text="how many events it has")
    snapshot = models.JSONField(null=True, help_text="empty once archived")
    archived = models.BooleanField(default=False, db_default=False)
    owner = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", db_index=False)
    team = models.ForeignKey(Team, models.PROTECT, null=True, related_name="+", db_index=False)
    site = models.ForeignKey(Site, models.PROTECT, null=True, related_name="+", db_index=False)
    channel = models.CharField(max_length=32, blank=True)
    asked = ArrayField(models.UUIDField(), default=list, help_text="teams and people whose step it is now")
    keys = ArrayField(models.CharField(max_length=200), default=list, help_text="by which outside events find it")
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True, help_text="the next promise")
    wake_at = models.DateTimeField(null=True, help_text="when time alone may move it")

    class Meta:
        db_table = "cases_case"
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(condition=Q(status__in=("open", "closed")), name="cases_status_known"),
        ]
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=("person", "-id"), name="cases_person"),
            models.Index(fields=("owner", "due_at", "id"), condition=OPEN, name="cases_open_owner"),
            models.Index(fields=("team", "due_at", "id"), condition=OPEN, name="cases_open_team"),
            models.Index(fields=("site", "due_at", "id"), condition=OPEN, name="cases_open_site"),
            models.Index(fields=("due_at", "id"), condition=OPEN, name="cases_open_due"),
            models.Index(fields=("wake_at",), condition=Q(wake_at__isnull=False), name="cases_wake"),
            models.Index(fields=("parent",), condition=Q(parent__isnull=False), name="cases_parent"),
            # No index may ask for the snapshot, not even whether there is one: a step then rewrites every index.
            models.Index(fields=("closed_at",), condition=Q(archived=False, status="closed"), name="cases_closed"),
            GinIndex(fields=("keys",), name="cases_keys"),
        ]


class CaseAsk(models.Model):
    """That an open case asks a team or a user now, in the order of lists. A trigger keeps it: see `Case.asked`."""

    id = models.BigAutoField(primary_key=True)
    case = models.ForeignKey(Case, models.PROTECT, related_name="asks", db_constraint=False)
    who = models.UUIDField()
    due_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "cases_ask"
        indexes: ClassVar[list[Any]] = [models.Index(fields=("who", "due_at", "case"), name="cases_ask_in_order")]


class CaseEvent(models.Model):
    """Something that happened to a case, numbered from 1 without gaps. Append only; `body` folds into the state."""

    id = models.BigAutoField(primary_key=True)
    # No constraint: an event is written by the very statement that writes its case, and cases are never deleted.
    case = models.ForeignKey(Case, models.PROTECT, related_name="events", db_index=False, db_constraint=False)
    n = models.PositiveIntegerField()
    at = models.DateTimeField()
    by = models.CharField(max_length=64)
    kind = models.CharField(max_length=16)
    key = models.CharField(max_length=200, blank=True, db_collation="C", help_text="sent twice, done once")
    body = models.JSONField()

    class Meta:
        db_table = "cases_event"
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=("case", "n"), name="cases_event_numbered"),
            models.UniqueConstraint(fields=("case", "key"), condition=~Q(key=""), name="cases_event_once"),
        ]


class Archive(models.Model):
    """The history of a closed case, packed: JSON, zstandard. Its case row stays and is read the same way."""

    case = models.OneToOneField(Case, models.PROTECT, primary_key=True, related_name="archive")
    body = models.BinaryField()
    archived_at = models.DateTimeField()

    class Meta:
        db_table = "cases_archive"


class Outside(models.Model):
    """Something that others told us: it found its case, or waits for somebody to attach it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=64)
    match = models.CharField(max_length=200)
    data = models.JSONField(default=dict)
    happened_at = models.DateTimeField()
    received_at = models.DateTimeField()
    by = models.CharField(max_length=64)
    key = models.CharField(max_length=200, db_collation="C", help_text="sent twice, it came once")
    case = models.ForeignKey(Case, models.PROTECT, null=True, related_name="outside")
    attached_at = models.DateTimeField(null=True)
    attached_by = models.CharField(max_length=64, blank=True)

    class Meta:
        db_table = "cases_outside"
        constraints: ClassVar[list[Any]] = [models.UniqueConstraint(fields=("key",), name="cases_outside_once")]
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=("-received_at",), condition=Q(case__isnull=True), name="cases_outside_waiting"),
        ]


class Migration(models.Model):
    """Cases that were carried to another version, by one plan. Reverting is another row's work: see `reverted_at`."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    old = models.ForeignKey(CaseType, models.PROTECT, related_name="+")
    new = models.ForeignKey(CaseType, models.PROTECT, related_name="+")
    plan = models.JSONField(default=dict)
    reason = models.CharField(max_length=500)
    at = models.DateTimeField()
    by = models.CharField(max_length=64)
    reverted_at = models.DateTimeField(null=True)
    reverted_by = models.CharField(max_length=64, blank=True)
    cases = models.ManyToManyField(Case, related_name="+")

    class Meta:
        db_table = "cases_migration"


class ArticleWord(models.Model):
    """What staff say of the words beside a step: a comment, or how they should read."""

    id = models.BigAutoField(primary_key=True)
    name = models.CharField(max_length=64, help_text="of the type")
    step = models.CharField(max_length=64)
    kind = models.CharField(max_length=12)
    language = models.CharField(max_length=8, blank=True)
    text = models.TextField()
    at = models.DateTimeField()
    by = models.CharField(max_length=64)
    settled_at = models.DateTimeField(null=True)
    settled_by = models.CharField(max_length=64, blank=True)

    class Meta:
        db_table = "cases_article_word"
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(condition=Q(kind__in=("comment", "correction")), name="cases_word_kind"),
        ]
        indexes: ClassVar[list[Any]] = [models.Index(fields=("name", "step", "-id"), name="cases_word_place")]
