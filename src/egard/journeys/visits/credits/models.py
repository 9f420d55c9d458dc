"""What visits lead to: the visits that count, and their parts of later sales."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.db import models
from django.db.models import Q

from egard.kernel.access.models import Site, User
from egard.kernel.people.models import Person

if TYPE_CHECKING:
    from uuid import UUID


class Credit(models.Model):
    """A visit that took place. It shares the sales to this person for `days`, by the `rule` of its reason then."""

    id = models.BigAutoField(primary_key=True)
    fact = models.UUIDField(unique=True, help_text="by which it is known that it took place")
    visit = models.UUIDField()
    person = models.ForeignKey(Person, models.CASCADE, related_name="+")
    site = models.ForeignKey(Site, models.PROTECT, related_name="+", db_index=False)
    host = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", db_index=False)
    reason = models.CharField(max_length=64, help_text="its code")
    at = models.DateTimeField()
    days = models.PositiveSmallIntegerField()
    rule = models.CharField(max_length=8)

    if TYPE_CHECKING:
        person_id: int
        site_id: UUID
        host_id: UUID | None

    class Meta:
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=("site", "at"), name="visits_credit_site")]


class Share(models.Model):
    """A part of a sale that is credited to a visit; reckoned anew when another visit, sale or return is known."""

    id = models.BigAutoField(primary_key=True)
    credit = models.ForeignKey(Credit, models.CASCADE, related_name="shares", db_index=False)
    order = models.CharField(max_length=100)
    sold_at = models.DateTimeField()
    sold_site = models.CharField(max_length=200, blank=True, help_text="the code of the site; empty: on line")
    amount = models.BigIntegerField(help_text="minor units")
    currency = models.CharField(max_length=3)

    if TYPE_CHECKING:
        credit_id: int

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=("credit", "order", "currency"), name="visits_share_once"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="visits_share_something"),
        ]
