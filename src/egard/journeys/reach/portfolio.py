"""The desk of an adviser: who is on her line, who waits, whom she owes what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F, OuterRef, Q, Subquery

from egard.base.ring import Ring
from egard.journeys.reach.models import Call
from egard.journeys.reach.queries import ANSWER
from egard.journeys.reach.rules import ON_THE_LINE
from egard.journeys.reach.state import LOST, lost
from egard.kernel.access.actors import Viewer
from egard.kernel.people import queries as people
from egard.kernel.people.models import Person, Relationship
from egard.kernel.people.rules import display_phone
from egard.kernel.promises.models import OUTSTANDING, Promise
from egard.kernel.promises.shown import described, ring_of
from egard.kernel.timeline.models import Fact

SHOWN = 100
"""So many of her people on one page: those to whom something is owed soonest come first."""


@dataclass(frozen=True, slots=True)
class Client:
    """One of her people: what is owed next, and when she last lived something with us."""

    person: Person
    due_at: datetime | None
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class OnTheLine:
    """A call that is hers, or waits for her. `person` is None where nobody knows, or the viewer may not see her."""

    call: Call
    person: Person | None

    @property
    def number(self) -> str:
        """As people read it; empty where it is withheld."""
        return display_phone(self.call.number) if self.call.number else ""


def on_the_line(viewer: Viewer, *, now: datetime) -> list[OnTheLine]:
    """Who is on her line, then who waits for her, the first one first: three queries. Raises `NotAllowed`."""
    viewer.require(ANSWER)
    hers = Q(rung=viewer.user_id, state__in=ON_THE_LINE) & ~lost(now)
    waits = Q(adviser=viewer.user_id, state="waiting", seen_at__gt=now - LOST)
    rows = list(Call.objects.filter(hers | waits).order_by(F("waiting_since").asc(nulls_first=True), "id")[:SHOWN])
    named = people.named(viewer, [row.person_id for row in rows if row.person_id]) if rows else {}
    return [OnTheLine(row, named.get(row.person_id) if row.person_id else None) for row in rows]


def portfolio(viewer: Viewer, *, now: datetime) -> tuple[list[Client], int]:
    """Her people, those first to whom something is owed soonest, and how many they are: four queries.

    Raises `NotAllowed`.
    """
    viewer.require(ANSWER)
    ties = Relationship.objects.filter(staff=viewer.user_id, kind="adviser", until__isnull=True)
    owed = Promise.objects.filter(OUTSTANDING, person=OuterRef("person")).order_by("due_at").values("due_at")[:1]
    lived = Fact.objects.filter(person=OuterRef("person")).order_by("-at", "-id").values("at")[:1]
    found = ties.annotate(due_at=Subquery(owed), last_at=Subquery(lived))
    told: list[Any] = list(found.order_by(F("due_at").asc(nulls_last=True), "person__sort_key", "id")[:SHOWN])
    named = people.named(viewer, [tie.person_id for tie in told])
    rows = [Client(named[tie.person_id], tie.due_at, tie.last_at) for tie in told if tie.person_id in named]
    return rows, ties.count()


def named_promises(viewer: Viewer, owed: Sequence[Promise], *, now: datetime) -> list[tuple[Ring, Person | None]]:
    """Promises for the eye, each with whom it was made to, where the viewer may see her."""
    named = people.named(viewer, {one.person_id for one in owed if one.person_id}) if owed else {}
    kinds = described(owed)
    return [(ring_of(one, now, kinds[one.pk]), named.get(one.person_id or 0)) for one in owed]
