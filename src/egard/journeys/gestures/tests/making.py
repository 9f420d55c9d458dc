"""Gestures as rows, for what looks at them afterwards."""

from __future__ import annotations

from datetime import datetime

from egard.base.ids import new_id
from egard.journeys.gestures import catalogues
from egard.journeys.gestures.models import Gesture
from egard.kernel.access.models import User
from egard.kernel.people.models import Person
from egard.kernel.registry import registry


def fact(kind: str, *told: object, **more: object) -> object:
    """A fact of another journey, which this one knows by its name alone."""
    return registry.facts[kind].type(*told, **more)


def purchase(number: str, minor: int = 1000) -> object:
    return fact("purchases.made/1", order_number=number, total={"amount": minor, "currency": "EUR"})


def gesture(person: Person, amount: int = 500, *, by: User | None, at: datetime, **more: object) -> Gesture:
    """A gesture granted at a moment."""
    catalogue, _read = catalogues.stored(now=at)
    told: dict[str, object] = {
        "kind": "credit", "form": "credit", "state": "granted", "currency": "EUR", "cost": amount, "desired": amount,
        "together": new_id(), "key": str(new_id()), "recorded_at": at, "granted_at": at, "reason": "late",
        "by": f"user:{by.pk}" if by else "key:1",
    }  # fmt: skip
    return Gesture.objects.create(person=person, amount=amount, granted_by=by, catalogue=catalogue, **(told | more))
