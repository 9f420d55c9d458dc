from __future__ import annotations

from typing import Any, ClassVar

from django.db import models

from egard.kernel.people.models import Person


class Value(models.Model):
    """What a person bought in one currency (see rules.Buying): kept by a reaction, never counted on a page."""

    person = models.ForeignKey(Person, models.CASCADE, related_name="+", db_index=False)
    currency = models.CharField(max_length=3)
    orders = models.IntegerField()
    spent_minor = models.BigIntegerField()
    cancellations = models.IntegerField()
    cancelled_minor = models.BigIntegerField()
    first_at = models.DateTimeField(null=True)
    last_at = models.DateTimeField(null=True)
    visit_at = models.DateTimeField(null=True)
    visit_site = models.CharField(max_length=200, blank=True)
    months = models.JSONField(default=dict)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=("person", "currency"), name="purchases_value_once"),
        ]
