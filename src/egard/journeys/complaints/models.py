"""Of each complaint what figures ask about; everything else stands on its case."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models

from egard.kernel.cases.models import Case


class Complaint(models.Model):
    """A complaint is a case; this row follows it (see `following.hear`)."""

    case = models.OneToOneField(Case, models.PROTECT, primary_key=True, related_name="complaint")
    category = models.CharField(max_length=64, blank=True)
    channel = models.CharField(max_length=32, blank=True)
    contact = models.CharField(max_length=200, blank=True, help_text="of somebody who is no client, as compared")
    contacts = models.PositiveIntegerField(default=1, help_text="how often the person came about it")
    received_at = models.DateTimeField()
    acknowledged_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True, help_text="the first time")
    reopened_at = models.DateTimeField(null=True, help_text="the first time")
    settled_at_once = models.BooleanField(default=False)
    outcome = models.CharField(max_length=64, blank=True)

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=("-received_at", "case"), name="complaints_latest"),
            models.Index(fields=("closed_at",), name="complaints_judged"),
            models.Index(fields=("contact",), condition=~models.Q(contact=""), name="complaints_reached"),
        ]


class Contact(models.Model):
    """One time that somebody came with it; its key makes that one even when it is sent twice."""

    id = models.BigAutoField(primary_key=True)
    complaint = models.ForeignKey(Complaint, models.CASCADE, related_name="came")
    at = models.DateTimeField()
    channel = models.CharField(max_length=32)
    by = models.CharField(max_length=64)
    key = models.CharField(max_length=200, db_collation="C")
    place = models.BinaryField(null=True, max_length=32, help_text="keyed hash of where it was sent from, for a day")

    class Meta:
        constraints: ClassVar[list[Any]] = [models.UniqueConstraint(fields=("key",), name="complaints_contact_once")]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=("at",), condition=models.Q(place__isnull=False), name="complaints_contact_placed"),
        ]
