"""What we hold of a person's visits: given to her, and taken away."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from egard.journeys.visits.booking import cancel
from egard.journeys.visits.models import Visit
from egard.journeys.visits.models_told import WAITS, Waiting
from egard.journeys.visits.waitlist import leave
from egard.kernel.access.actors import system
from egard.kernel.people.models import Person


def export(person: Person) -> dict[str, Any]:
    """Her visits, with what she answered and what was agreed."""
    rows = Visit.objects.filter(person=person).order_by("starts_at")
    return {
        "visits": list(
            rows.values(
                "reference", "site__name", "reason__code", "starts_at", "ends_at", "state", "name", "answers", "note",
                "told_by", "told_to", "made_at", "arrived_at", "started_at", "ended_at", "why", "outcome", "next_step",
            )
        ),
        "waiting": list(
            Waiting.objects.filter(person=person).order_by("joined_at").values(
                "reason__code", "first", "last", "parts", "name", "answers", "note", "told_by", "told_to", "state",
                "joined_at", "ended_at",
            )
        ),
    }  # fmt: skip


def erase(person: Person, *, now: datetime) -> None:
    """What is still to come is cancelled; her words go; that somebody came then, for what and to whom, stays."""
    rows = Visit.objects.filter(person=person)
    rows.update(told_by="", told_to="")  # she is not written to any more
    for visit in rows.filter(state__in=("held", "booked")):
        cancel(visit, by=system("erasure"), now=now)
    hers = Waiting.objects.filter(person=person)
    for waiting in hers.filter(state__in=WAITS):
        leave(waiting, by=system("erasure"), now=now)
    hers.update(name="", answers={}, note="", told_to="")
    rows.update(name="", answers={}, note="", why="", next_step="")
