"""That a brief was sent, who read it, and that its manager was told of one that nobody had read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.db import models

from egard.kernel.access.models import Site, User

if TYPE_CHECKING:
    from uuid import UUID


class Brief(models.Model):
    """The brief of a site for a date. What it says is reckoned when somebody reads it."""

    id = models.BigAutoField(primary_key=True)
    site = models.ForeignKey(Site, models.CASCADE, related_name="+", db_index=False)
    day = models.DateField()
    opens_at = models.DateTimeField(null=True, help_text="when the site opens that day")
    sent_at = models.DateTimeField(null=True)
    alerted_at = models.DateTimeField(null=True, help_text="when its manager was told that nobody had read it")

    if TYPE_CHECKING:
        site_id: UUID

    class Meta:
        constraints: ClassVar[list[Any]] = [models.UniqueConstraint(fields=("site", "day"), name="visits_brief_once")]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=("opens_at",),
                condition=models.Q(alerted_at__isnull=True, opens_at__isnull=False),
                name="visits_brief_unread",
            ),
        ]


class BriefRead(models.Model):
    """Somebody read a brief."""

    id = models.BigAutoField(primary_key=True)
    brief = models.ForeignKey(Brief, models.CASCADE, related_name="reads", db_index=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=("brief", "user"), name="visits_brief_read_once"),
        ]
