"""The desk of an adviser: who is on her line, who waits, whom she owes what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, OuterRef, Q, QuerySet, Subquery

from egard.base.ring import Ring
from egard.base.text import words
from egard.journeys.reach.models import Call, CallBack
from egard.journeys.reach.queries import ANSWER
from egard.journeys.reach.rules import ON_THE_LINE
from egard.journeys.reach.state import LOST, lost
from egard.kernel.access.actors import Viewer
from egard.kernel.messages.models import Thread
from egard.kernel.people import queries as people
from egard.kernel.people.models import Person, Relationship
from egard.kernel.people.rules import display_phone
from egard.kernel.promises.models import OUTSTANDING, Promise
from egard.kernel.promises.shown import described, ring_of
from egard.kernel.timeline.models import Fact

CALLS_BACK = timedelta(days=2)
"""A call that was to be made so long ago is not hidden yet."""
WORDS_MAX = 5
SHOWN = 100
"""So many of her people on one page: those to whom something is owed soonest come first."""


@dataclass(frozen=True, slots=True)
class Client:
    """One of her people: what is owed next, and when she last lived something with us."""

    person: Person
    ring: Ring | None
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class ToCall:
    """Somebody whom she is to call. `person` is None where nobody knows, or the viewer may not see her."""

    row: CallBack
    person: Person | None

    @property
    def number(self) -> str:
        return display_phone(self.row.number) if self.row.number else ""


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


def waiting(viewer: Viewer, *, now: datetime) -> int:
    """How many wait for her just now, on the phone or with something they wrote: two queries. Raises `NotAllowed`."""
    viewer.require(ANSWER)
    waits = Q(adviser=viewer.user_id, state="waiting", seen_at__gt=now - LOST) | Q(rung=viewer.user_id, state="ringing")
    return Call.objects.filter(waits & ~lost(now)).count() + _chats(viewer).count()


def chats(viewer: Viewer) -> list[tuple[Thread, Person | None]]:
    """Who writes to her just now and waits for an answer, the first one first: two queries. Raises `NotAllowed`."""
    viewer.require(ANSWER)
    rows = list(_chats(viewer).order_by("last_at", "pk")[:SHOWN])
    named = people.named(viewer, [row.person_id for row in rows if row.person_id]) if rows else {}
    return [(row, named.get(row.person_id) if row.person_id else None) for row in rows]


def portfolio(viewer: Viewer, *, q: str = "", now: datetime) -> tuple[list[Client], int]:
    """Her people, or those of a name, those first to whom something is owed soonest; and how many they are: five
    queries, and one for each kind of promise that is owed next. Raises `NotAllowed`.
    """
    viewer.require(ANSWER)
    ties = Relationship.objects.filter(staff=viewer.user_id, kind="adviser", until__isnull=True, person__root=None)
    for word in words(q)[:WORDS_MAX]:
        ties = ties.filter(person__search_row__text__contains=word)
    owed = Promise.objects.filter(OUTSTANDING, person=OuterRef("person")).order_by("due_at", "pk")
    lived = Fact.objects.filter(person=OuterRef("person")).order_by("-at", "-id").values("at")[:1]
    found = ties.annotate(
        due_at=Subquery(owed.values("due_at")[:1]), next=Subquery(owed.values("pk")[:1]), last_at=Subquery(lived)
    )
    told: list[Any] = list(found.order_by(F("due_at").asc(nulls_last=True), "person__sort_key", "id")[:SHOWN])
    named = people.named(viewer, [tie.person_id for tie in told])
    promises = Promise.objects.in_bulk([tie.next for tie in told if tie.next])
    said = described(list(promises.values()))
    rings = {pk: ring_of(one, now, said[pk]) for pk, one in promises.items()}
    rows = [Client(named[tie.person_id], rings.get(tie.next), tie.last_at) for tie in told if tie.person_id in named]
    return rows, ties.count()


def to_call(viewer: Viewer, *, now: datetime) -> list[ToCall]:
    """The call backs that are promised of her time and not made yet, the next one first, also to people of whom nothing
    but a number is known: two queries. Raises `NotAllowed`.
    """
    viewer.require(ANSWER)
    found = CallBack.objects.filter(desk__user=viewer.user_id, dropped_at=None, made_at=None)
    rows = list(found.filter(ends_at__gt=now - CALLS_BACK).order_by("starts_at")[:SHOWN])
    named = people.named(viewer, [row.person_id for row in rows if row.person_id]) if rows else {}
    return [ToCall(row, named.get(row.person_id) if row.person_id else None) for row in rows]


def named_promises(viewer: Viewer, owed: Sequence[Promise], *, now: datetime) -> list[tuple[Ring, Person | None]]:
    """Promises for the eye, each with whom it was made to, where the viewer may see her."""
    named = people.named(viewer, {one.person_id for one in owed if one.person_id}) if owed else {}
    kinds = described(owed)
    return [(ring_of(one, now, kinds[one.pk]), named.get(one.person_id or 0)) for one in owed]


def _chats(viewer: Viewer) -> QuerySet[Thread]:
    return Thread.objects.filter(assignee=viewer.user_id, channel="chat", state="waiting_for_us", joined_to=None)
