"""Answers remembered for a day, so that a request sent twice is done once."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models


class IdempotencyRecord(models.Model):
    """The answer given to a POST that carried an `Idempotency-Key`. Written in the transaction of what it did."""

    id = models.BigAutoField(primary_key=True)
    actor = models.CharField(max_length=64)
    key = models.CharField(max_length=200)
    path = models.TextField(help_text="with its query")
    body_hash = models.BinaryField(max_length=32, help_text="SHA-256")
    status = models.PositiveSmallIntegerField(null=True)
    content_type = models.CharField(max_length=100, blank=True)
    response = models.TextField(blank=True)
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=("actor", "key"), name="api_idempotency_key_once"),
        ]
