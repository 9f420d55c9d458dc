"""Files brought in through the pages: where each stands, and the maps kept for the next one."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models

from egard.base.ids import new_id


class ImportRun(models.Model):
    """One file, from its first byte to its figures. Its moments say where it stands (`stage`).

    `rows` = rows in + `rejected`. `people` and `facts` were made by this run, whatever the number of times that it was
    taken up.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=64)
    name = models.CharField(max_length=200, help_text="of the file")
    size = models.BigIntegerField()
    received = models.BigIntegerField(default=0)
    mark = models.CharField(max_length=64, blank=True, help_text="tells one version of a file from the next")
    stated = models.JSONField(null=True, help_text="the map, as plain data")
    by = models.CharField(max_length=64)
    language = models.CharField(max_length=8, blank=True, help_text="of the words on refused rows")
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    begun_at = models.DateTimeField(null=True, help_text="when a worker took it up first; the moment of its rows")
    cancelled_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    forgotten_at = models.DateTimeField(null=True, help_text="since when its refused rows are gone")
    refusal = models.TextField(blank=True, help_text="why it stopped before its end")
    attempts = models.PositiveIntegerField(default=0)
    after_person = models.BigIntegerField(default=0)
    after_fact = models.BigIntegerField(default=0)
    working = models.CharField(max_length=16, blank=True, help_text="reading, writing, updating")
    done = models.BigIntegerField(default=0)
    total = models.BigIntegerField(default=0)
    rows = models.BigIntegerField(default=0)
    rejected = models.BigIntegerField(default=0)
    people = models.BigIntegerField(default=0)
    facts = models.BigIntegerField(default=0)
    told = models.JSONField(default=dict, help_text="what was recognised, and the reasons of refusals")

    class Meta:
        indexes: ClassVar[list[Any]] = [models.Index(fields=("-created_at",), name="lifecycle_run_created")]

    @property
    def stage(self) -> str:
        """uploading, ready, waiting, running, cancelling, done, stopped, cancelled."""
        if self.ended_at:
            return "stopped" if self.refusal else "cancelled" if self.cancelled_at else "done"
        if self.cancelled_at:
            return "cancelling"
        if self.begun_at:
            return "running"
        if self.started_at:
            return "waiting"
        return "ready" if self.received == self.size else "uploading"

    @property
    def taken(self) -> int:
        """Rows that are in."""
        return self.rows - self.rejected


class ImportMap(models.Model):
    """A map kept under a name, for the next file of the same kind."""

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(max_length=64)
    name = models.CharField(max_length=100)
    stated = models.JSONField()
    by = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=("kind", "name"), name="lifecycle_map_once"),
        ]

    def __str__(self) -> str:
        return self.name
