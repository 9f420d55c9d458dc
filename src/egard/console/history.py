"""The timeline as it is read: months, days in the margin, corrections, late news."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.utils import timezone

from egard.kernel.access.actors import Viewer
from egard.kernel.registry import registry
from egard.kernel.timeline.queries import Entry, kinds_shown

LATE = timedelta(days=1)
"""A fact learned more than a day after it happened is said to be late; imported past is not."""


@dataclass(frozen=True, slots=True)
class Line:
    """One fact on the page. `day` is set on the first line of its day only."""

    entry: Entry
    day: date | None
    late: bool


@dataclass(slots=True)
class Month:
    """`heading` is False when the lines continue the month of the page before."""

    first: date
    heading: bool
    lines: list[Line] = field(default_factory=list)


def months(entries: Iterable[Entry], *, after: date | None = None) -> list[Month]:
    """Entries, newest first, by month and day of the reader's zone; `after` is the last day already shown."""
    result: list[Month] = []
    shown = after
    for entry in entries:
        day = timezone.localtime(entry.at).date()
        month = day.replace(day=1)
        if not result or result[-1].first != month:
            result.append(Month(month, heading=shown is None or shown.replace(day=1) != month))
        result[-1].lines.append(Line(entry, day if day != shown else None, is_late(entry)))
        shown = day
    return result


def is_late(entry: Entry) -> bool:
    """Whether we learned it late, as far as staff care; a file brings the past, which is not late news."""
    return entry.recorded_at - entry.at > LATE and not entry.history


def last_day(entries: list[Entry]) -> str:
    return timezone.localtime(entries[-1].at).date().isoformat() if entries else ""


@dataclass(frozen=True, slots=True)
class Family:
    """The facts of one journey, as one filter of the timeline."""

    name: str
    label: Any
    kinds: tuple[str, ...]


def families(viewer: Viewer) -> list[Family]:
    """The filters that this viewer can use: journeys with facts that she sees."""
    kinds: dict[str, list[str]] = {}
    for fact_type in kinds_shown(viewer):
        kinds.setdefault(fact_type.name.split(".")[0], []).append(fact_type.kind)
    return [Family(name, registry.journeys[name].label, tuple(found)) for name, found in kinds.items()]
