"""The past of a case, as another system wrote it down: rows with a moment and a status, in the order in which they were
written. What they come to in figures, and what each is to a case of ours. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, get_args

from egard.kernel.cases.rules.definition import CaseType
from egard.kernel.cases.rules.state import DONE, OPEN, SKIPPED, Event, State

Status = Literal["new", "open", "waiting", "paused", "resolved", "closed"]
STATUSES: tuple[Status, ...] = get_args(Status)
"""`paused` waits for the person; `waiting` waits for something else, and the clock runs on."""
_ENDED = ("resolved", "closed")
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Row:
    """What one row of another system says. `group` is empty where nobody knows it."""

    at: datetime
    status: Status
    group: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Figures:
    """What some histories come to. A pause that did not end has no minutes."""

    cases: int = 0
    closures: int = 0
    reopenings: int = 0
    reassignments: int = 0
    pauses: int = 0
    paused_minutes: int = 0

    def add(self, rows: Sequence[Row]) -> None:
        """One more case. A closure enters `closed` from any other status, the first row included. A reopening leaves
        `resolved` or `closed` for neither. A reassignment is two different groups in two rows one after the other, both
        known. A pause lasts from the row that enters `paused` to the next row with another status, in whole minutes.
        """
        self.cases += 1
        before: Row | None = None
        paused_at: datetime | None = None
        for row in rows:
            was = before.status if before else ""
            self.closures += row.status == "closed" != was
            self.reopenings += was in _ENDED and row.status not in _ENDED
            self.reassignments += bool(before and before.group and row.group and before.group != row.group)
            if row.status == "paused" != was:
                self.pauses += 1
                paused_at = row.at
            elif row.status != "paused" and paused_at is not None:
                self.paused_minutes += (row.at - paused_at) // _MINUTE
                paused_at = None
            before = row


def changes(case_type: CaseType, rows: Iterable[Row]) -> Iterator[tuple[datetime, Row, dict[str, Any], str]]:
    """Of each row what is new in it: its moment, itself, the data that it changes, and the status that it leaves."""
    known: dict[str, Any] = {}
    was = ""
    for row in rows:
        told = {**row.data, "status": row.status, "group": row.group or None}
        new = {name: value for name, value in told.items() if name in case_type.data and known.get(name) != value}
        known |= new
        yield row.at, row, new, was
        was = row.status


def acts(case_type: CaseType, state: State, row: Row, new: Mapping[str, Any], was: str) -> Iterator[Event]:
    """What one row is to a case in `state`, as events without their moment.

    A status of which the type has an outside event (`resolved`) completes the step that the event completes. Leaving
    `resolved` or `closed` has that step done again; `closed` closes the case, and leaving it reopens it.
    """
    reopens = was in _ENDED and row.status not in _ENDED
    if was == "closed" != row.status:
        yield {"kind": "reopened", "reason": REOPENED}
    outside = case_type.events.get(row.status) if row.status != was else None
    if outside is not None:
        told: Event = {"kind": "fact", "name": row.status, "brought": {}, "data": dict(new), "happened_at": ""}
        if outside.completes and state["steps"].get(outside.completes, {}).get("state") in OPEN:
            told["step"] = outside.completes
        yield told
    elif new:
        yield {"kind": "data", "data": dict(new)}
    if reopens:
        for name in _ENDED:
            event = case_type.events.get(name)
            done = event and state["steps"].get(event.completes, {}).get("state") in (DONE, SKIPPED)
            if event and done:
                yield {"kind": "redone", "step": event.completes, "reason": REOPENED}
    if row.status == "closed" != was:
        yield {"kind": "closed", "outcome": ""}


REOPENED = "…"
"""The reason of what another system does not give reasons for."""
