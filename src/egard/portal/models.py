"""Codes that were asked for, and the sessions that they opened. Apart from those of staff: no `User` is needed."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models

from egard.base.ids import new_id
from egard.kernel.people.models import Person


class Code(models.Model):
    """A code of six digits, asked for by one browser for one address; there is a row also where nobody has it.

    Kept for a day, for the limits; then gone.
    """

    id = models.BigAutoField(primary_key=True)
    purpose = models.CharField(max_length=16, help_text="sign_in, or address: a new one is confirmed")
    browser = models.BinaryField(max_length=32, help_text="SHA-256 of the secret in the browser's cookie")
    person = models.ForeignKey(Person, models.CASCADE, null=True, related_name="+", help_text="who confirms an address")
    address = models.CharField(max_length=320)
    replaces = models.CharField(max_length=320, blank=True, help_text="the address that goes for it")
    language = models.CharField(max_length=8)
    place = models.BinaryField(max_length=32, help_text="keyed hash of where it was asked from")
    digest = models.BinaryField(max_length=32, null=True, help_text="keyed hash of browser and code; empty: none sent")
    asked_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    guesses = models.PositiveSmallIntegerField(default=0)
    used_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True, help_text="a session was opened, or the address taken over")

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=("browser", "purpose"), name="portal_code_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=("address", "asked_at"), name="portal_code_address"),
            models.Index(fields=("place", "asked_at"), name="portal_code_place"),
            models.Index(fields=("asked_at",), name="portal_code_asked"),
        ]


class Session(models.Model):
    """A device on which a person is signed in. The cookie holds 256 random bits; here is their SHA-256."""

    id = models.BigAutoField(primary_key=True)
    uuid = models.UUIDField(unique=True, default=new_id, editable=False)
    token = models.BinaryField(max_length=32, unique=True)
    person = models.ForeignKey(Person, models.CASCADE, related_name="portal_sessions")
    device = models.CharField(max_length=100, help_text="browser and system, in two words")
    began_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
