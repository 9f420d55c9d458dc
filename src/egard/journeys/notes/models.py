from __future__ import annotations

from typing import Any, ClassVar

from django.db import models

from egard.kernel.access.models import User
from egard.kernel.people.models import Person


class Mention(models.Model):
    """A colleague named in a note (`fact`): in her list until she is done with it. Kept by a reaction."""

    id = models.BigAutoField(primary_key=True)
    fact = models.UUIDField()
    person = models.ForeignKey(Person, models.CASCADE, related_name="+")
    user = models.ForeignKey(User, models.CASCADE, related_name="+", db_index=False)
    by = models.CharField(max_length=64)
    at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=("fact", "user"), name="notes_mention_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=("user", "-id"), condition=models.Q(done_at__isnull=True), name="notes_mention_open"),
        ]
