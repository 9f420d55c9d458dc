"""The log of facts. Rows are written by `operations.record` and `bulk.record_rows` alone, and never change."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models.expressions import RawSQL

from egard.base.ids import new_id
from egard.kernel.people.models import Person


class Kind(models.Model):
    """A declared kind of fact, with the schema its data had. Facts hold its number, 4 bytes instead of a name."""

    id = models.AutoField(primary_key=True)
    name = models.CharField(max_length=100)
    version = models.PositiveSmallIntegerField()
    schema = models.JSONField(help_text="JSON Schema of the data")

    class Meta:
        db_table = "timeline_kind"
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=("name", "version"), name="timeline_kind_once"),
        ]

    def __str__(self) -> str:
        return f"{self.name}/{self.version}"


class Fact(models.Model):
    """Something that a person lived with the organisation. Immutable: a correction is another fact.

    `txid` orders the log: together with `id` it says what a reader has passed (see reactions). `person` is empty for
    facts of nobody known (an anonymous sale).
    """

    id = models.BigAutoField(primary_key=True)
    uuid = models.UUIDField(default=new_id, editable=False)
    person = models.ForeignKey(Person, models.PROTECT, null=True, related_name="facts", db_index=False)
    kind = models.ForeignKey(Kind, models.PROTECT, db_index=False)
    at = models.DateTimeField(help_text="when it happened")
    recorded_at = models.DateTimeField(help_text="when we learned it")
    channel = models.CharField(max_length=32)
    key = models.CharField(max_length=200, db_collation="C", help_text="unique per person")
    by = models.CharField(max_length=64)
    corrects = models.UUIDField(null=True)
    history = models.BooleanField(default=False, help_text="imported past: reactions may skip it")
    data = models.JSONField()
    txid = models.BigIntegerField(db_default=RawSQL("egard_log_txid()", ()))

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=("person", "-at", "-id"), name="timeline_fact_person"),
            models.Index(fields=("txid", "id"), name="timeline_fact_log"),
            # Ids rise with time, and so with place: a tiny index finds one fact among millions.
            BrinIndex(fields=("uuid",), name="timeline_fact_uuid", pages_per_range=16),
        ]
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=("person", "key"), name="timeline_fact_once", nulls_distinct=False),
            # One correction a fact: the next one corrects the correction.
            models.UniqueConstraint(
                fields=("corrects",), condition=models.Q(corrects__isnull=False), name="timeline_fact_corrects"
            ),
        ]


class Cursor(models.Model):
    """How far one shard of a reaction has read the log; moves in the transaction of the reaction's effects."""

    id = models.AutoField(primary_key=True)
    reaction = models.CharField(max_length=100)
    shard = models.PositiveSmallIntegerField()
    shards = models.PositiveSmallIntegerField()
    txid = models.BigIntegerField(default=0)
    fact_id = models.BigIntegerField(default=0)
    live_from = models.BigIntegerField(
        default=0, help_text="facts of transactions before this one are history to a reaction added later"
    )
    handled = models.BigIntegerField(default=0)
    error = models.TextField(blank=True)
    failures = models.PositiveIntegerField(default=0)
    retry_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=("reaction", "shard"), name="timeline_cursor_once"),
        ]
