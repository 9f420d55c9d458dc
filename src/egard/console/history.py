"""The timeline as it is read: months, days in the margin, corrections, late news."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from egard.kernel.access.actors import Viewer
from egard.kernel.registry import registry

LATE = timedelta(days=1)
"""A fact learned more than a day after it happened is said to be late; imported past is not."""


@dataclass(frozen=True, slots=True)
class Line:
    """One fact on the page. `day` is set on the first line of its day only."""

    entry: Any
    day: date | None
    late: bool
    corrected: bool
    corrected_at: datetime | None


@dataclass(slots=True)
class Month:
    """`heading` is empty when the lines continue the month of the page before."""

    first: date
    heading: bool
    lines: list[Line] = field(default_factory=list)


def months(entries: Iterable[Any], *, after: date | None = None) -> list[Month]:
    """Entries, newest first, by month and day of the reader's zone; `after` is the last day already shown."""
    listed = list(entries)
    corrected: set[UUID] = {e.corrects for e in listed if e.corrects}
    dates = {e.id: e.at for e in listed}
    result: list[Month] = []
    shown = after
    for entry in listed:
        day = timezone.localtime(entry.at).date()
        month = day.replace(day=1)
        if not result or result[-1].first != month:
            result.append(Month(month, heading=shown is None or shown.replace(day=1) != month))
        late = not getattr(entry, "history", False) and entry.recorded_at - entry.at > LATE
        result[-1].lines.append(
            Line(entry, day if day != shown else None, late, entry.id in corrected, dates.get(entry.corrects))
        )
        shown = day
    return result


def last_day(entries: list[Any]) -> str:
    return timezone.localtime(entries[-1].at).date().isoformat() if entries else ""


@dataclass(frozen=True, slots=True)
class Family:
    """The facts of one journey, as one filter of the timeline."""

    name: str
    label: Any
    kinds: tuple[str, ...]


def families(viewer: Viewer) -> list[Family]:
    """The filters that this viewer can use: journeys with facts that she sees."""
    found = []
    for journey in registry.journeys.values():
        kinds = tuple(
            f.kind for cls in journey.facts if viewer.sees((f := cls.__fact__).field_class)  # type: ignore[attr-defined]
        )
        if kinds:
            found.append(Family(journey.name, journey.label, kinds))
    return found
