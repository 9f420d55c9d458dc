"""When clients had the use of what they were given."""

from __future__ import annotations

from django.db.models import Case, F, OuterRef, TextField, Value, When
from django.db.models.functions import Cast, Concat

from egard.journeys.gestures import accounts
from egard.kernel.ledger.queries import first_spent


def first_used() -> Case:
    """When a client first had the use of what she was given: of a credit, when some of it was spent."""
    key = Concat(Cast(OuterRef("uuid"), TextField()), Value(":worth"))
    return Case(When(form="credit", then=first_spent(accounts.SOURCE, key)), default=F("used_at"))
