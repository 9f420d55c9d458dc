"""The outbox. Written only by this package's operations."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models

from egard.base.ids import new_id
from egard.kernel.people.models import Person

OPEN = ("queued", "sending")
STATES = (*OPEN, "sent", "failed", "expired", "dropped")


class Outgoing(models.Model):
    """One message to one address, whole as it leaves. One row a key, and so one message.

    `queued`: waits for its moment. `sending`: handed to the driver, whose answer is not noted yet. Then `sent`,
    `failed` (refused, or tried for days), `expired` (of no use any more), or `dropped` (its person was erased).
    """

    id = models.BigAutoField(primary_key=True)
    uuid = models.UUIDField(unique=True, default=new_id, editable=False)
    key = models.CharField(max_length=200, unique=True, db_collation="C")
    kind = models.CharField(max_length=64)
    channel = models.CharField(max_length=16, default="email")
    to = models.CharField(max_length=320, help_text="empty: forgotten")
    person = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    language = models.CharField(max_length=8)
    subject = models.CharField(max_length=200)
    text = models.TextField()
    html = models.TextField()
    state = models.CharField(max_length=16, default="queued")
    by = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, help_text="of no use from then on")
    last_word = models.BooleanField(default=False, help_text="to somebody erased: the address goes once it is sent")
    attempts = models.PositiveIntegerField(default=0)
    try_at = models.DateTimeField(help_text="not before then")
    error = models.CharField(max_length=300, blank=True)
    ended_at = models.DateTimeField(null=True)
    driver = models.CharField(max_length=16, blank=True)
    provider_id = models.CharField(max_length=200, blank=True, help_text="what the driver knows it by")
    wiped_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "messages_outgoing"
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(condition=models.Q(state__in=STATES), name="messages_state_known"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=("try_at",), condition=models.Q(state__in=OPEN), name="messages_open"),
            models.Index(
                fields=("expires_at",),
                condition=models.Q(wiped_at__isnull=True, expires_at__isnull=False),
                name="messages_to_wipe",
            ),
        ]
