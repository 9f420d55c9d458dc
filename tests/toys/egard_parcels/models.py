from __future__ import annotations

from typing import Any, ClassVar

from django.db import models

from egard.kernel.people.models import Person


class Parcel(models.Model):
    """A parcel on its way, or lost: kept by a reaction."""

    person = models.ForeignKey(Person, models.CASCADE, related_name="+")
    number = models.CharField(max_length=100)
    recipient = models.CharField(max_length=200, blank=True)
    lost_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=("person", "number"), name="parcels_parcel_once"),
        ]
