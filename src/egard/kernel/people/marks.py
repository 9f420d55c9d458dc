"""What whoever receives people should know of them first, as the journeys declare it (`Mark`)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from egard.kernel.access.actors import Viewer
from egard.kernel.people.models import Person
from egard.kernel.registry import OpenItem, registry


def marks(viewer: Viewer, persons: Iterable[Person], now: datetime) -> dict[int, list[OpenItem]]:
    """Of each of several persons, by her id: one query for each journey that has some, whatever their number. `persons`
    know their `members`.
    """
    whose = {row: person.pk for person in persons for row in person.members}
    found: dict[int, list[OpenItem]] = defaultdict(list)
    for source in registry.marks.values():
        if whose and viewer.can(source.permission):
            for row, item in source.of(viewer, list(whose), now):
                found[whose[row]].append(item)
    return found
