"""The scores of what was sent, each kept once; and the versions of the brand by which they were given."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from egard.journeys.signature.rules import PARTS
from egard.kernel.access.models import Team
from egard.kernel.people.models import Person


class BrandVersion(models.Model):
    """A brand's file by which messages were judged, kept for ever."""

    version = models.CharField(max_length=64, primary_key=True, help_text="SHA-256 of its style and rules")
    brand = models.CharField(max_length=64)
    source = models.TextField()
    first_at = models.DateTimeField()

    class Meta:
        db_table = "signature_brand_version"


class Publication(models.Model):
    """A style that somebody published from the page: its file, whole."""

    id = models.BigAutoField(primary_key=True)
    version = models.CharField(max_length=64)
    source = models.TextField()
    by = models.CharField(max_length=64, help_text="the actor")
    at = models.DateTimeField()
    written_at = models.DateTimeField(null=True, help_text="when the file by which all judge was written")

    class Meta:
        db_table = "signature_publication"


class Scored(models.Model):
    """What the style said of one message when it was sent. No word of it stands here. `person` and `thread` are
    forgotten with her; the figures stay.
    """

    id = models.BigAutoField(primary_key=True)
    message = models.UUIDField(unique=True)
    thread = models.UUIDField(null=True)
    person = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    author = models.CharField(max_length=64, help_text="the actor")
    team = models.ForeignKey(Team, models.PROTECT, null=True, related_name="+")
    channel = models.CharField(max_length=16)
    language = models.CharField(max_length=8)
    moment = models.CharField(max_length=64, blank=True)
    score = models.PositiveSmallIntegerField()
    focus = models.PositiveSmallIntegerField()
    facts = models.PositiveSmallIntegerField()
    posture = models.PositiveSmallIntegerField()
    usefulness = models.PositiveSmallIntegerField()
    clarity = models.PositiveSmallIntegerField()
    client = models.PositiveIntegerField(help_text="mentions of the client")
    company = models.PositiveIntegerField(help_text="mentions of the company")
    version = models.ForeignKey(BrandVersion, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        db_table = "signature_scored"
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(
                condition=Q(*[(f"{name}__lte", 100) for name in ("score", *PARTS)]), name="signature_scored_of_100"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=("at", "id"), name="signature_scored_at"),
            models.Index(fields=("person",), condition=Q(person__isnull=False), name="signature_scored_person"),
        ]
