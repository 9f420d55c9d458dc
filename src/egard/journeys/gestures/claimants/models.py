"""How often clients order, and who among them is to be looked at. Nothing but this folder reads these tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.db import models

from egard.kernel.people.models import Person


class Orders(models.Model):
    """How many orders a person made in a month: kept by a reaction to purchases."""

    id = models.BigAutoField(primary_key=True)
    person = models.ForeignKey(Person, models.CASCADE, related_name="+", db_index=False)
    month = models.DateField(help_text="its first day")
    orders = models.IntegerField()

    class Meta:
        db_table = "gestures_orders"
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=("person", "month"), name="gestures_orders_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=("month",), name="gestures_orders_month")]


class Claimant(models.Model):
    """Somebody whose claims her orders do not explain, as of the last look at all clients. For a human look alone."""

    id = models.BigAutoField(primary_key=True)
    person = models.OneToOneField(Person, models.CASCADE, related_name="+")
    claims = models.PositiveIntegerField()
    orders = models.PositiveIntegerField()
    usual = models.FloatField(help_text="claims per order of all others")
    expected = models.FloatField(help_text="her claims per order, drawn towards the usual")
    p_value = models.FloatField(help_text="the chance of as many claims or more")
    found_at = models.DateTimeField()
    looked_at = models.DateTimeField(null=True)
    looked_by = models.CharField(max_length=64, blank=True)
    looked_claims = models.PositiveIntegerField(null=True, help_text="her claims when somebody looked")

    if TYPE_CHECKING:
        person_id: int

    class Meta:
        db_table = "gestures_claimant"
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=("p_value", "id"), condition=models.Q(looked_at__isnull=True), name="gestures_claimant_open"
            ),
        ]
