"""What became of complaints, kept from their facts: of a complaint and a gesture side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.db import models

from egard.kernel.people.models import Person


class Outcome(models.Model):
    """A complaint, by its own id (its case's too), and when it was resolved: kept by a reaction."""

    complaint = models.UUIDField(primary_key=True)
    person = models.ForeignKey(Person, models.CASCADE, related_name="+", db_index=False)
    received_at = models.DateTimeField(null=True)
    resolved_at = models.DateTimeField(null=True, help_text="answered, or closed without: the first time")

    if TYPE_CHECKING:
        person_id: int

    class Meta:
        db_table = "gestures_outcome"
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=("person",), name="gestures_outcome_person"),
            models.Index(fields=("-received_at",), name="gestures_outcome_latest"),
        ]
