"""Promises as people see them: words, the ring, the copy of what is held."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Prefetch
from django.utils.translation import gettext as _

from egard.base.calendars import spans
from egard.base.ring import Ring
from egard.kernel.access.actors import Viewer
from egard.kernel.people.models import Person
from egard.kernel.promises.calendars import calendar
from egard.kernel.promises.facts import label_of
from egard.kernel.promises.models import OUTSTANDING, Promise, PromiseEvent
from egard.kernel.promises.queries import of_whom, visible
from egard.kernel.registry import OpenItem, registry

SPANS_DAYS = 92
"""A ring that counts open time over more days than this counts every hour: nobody reads the difference."""


def open_items(person: Person, viewer: Viewer, now: datetime) -> list[OpenItem]:
    """What is owed to a person, as it stands on her page and in her own space: one query."""
    rows = list(of_whom(viewer, person).filter(OUTSTANDING).order_by("due_at", "id")[:50])
    staff = viewer.actor.kind != "person"
    told, dated = described(rows, hers=not staff), {name for name, kind in registry.promises.items() if kind.says_when}
    items = []
    for row in rows:
        says_when = not staff and row.kind in dated and row.state == "open"
        items.append(
            OpenItem(
                told[row.pk],
                row.due_at,
                "broken" if row.state == "broken" else "waiting",
                ring=None if says_when else ring_of(row, now, told[row.pk]),
                url=url_of(row) if staff else "",
                says_when=says_when,
            )
        )
    return items


def broken(viewer: Viewer, rows: Collection[int], now: datetime) -> Iterator[tuple[int, OpenItem]]:
    """What was not kept and is owed still, for whoever receives them: one query."""
    owed = visible(viewer).filter(OUTSTANDING, state="broken", person__in=rows).order_by("due_at", "id")
    for row in owed:
        assert row.person_id is not None
        words = _("Promise not kept: %(what)s") % {"what": label_of(row.kind)}
        yield row.person_id, OpenItem(words, row.due_at, "broken", url=url_of(row))


def described(rows: Sequence[Promise], *, hers: bool = False) -> dict[int, str]:
    """What each promise is, in words: its note, what its kind says of its subject, else the kind's label. `hers`: for
    whom it was made to, whom words that say when tell more than her own note.
    """
    told: dict[int, str] = {}
    for name in {row.kind for row in rows}:
        kind = registry.promises.get(name)
        ours = [row for row in rows if row.kind == name]
        words: Mapping[str, Any] = {}
        if kind and kind.describe and (subjects := {row.subject for row in ours if row.subject}):
            words = kind.describe(subjects)
        for row in ours:
            said = str(words.get(row.subject) or "")
            first, second = (said, row.note) if hers and kind and kind.says_when else (row.note, said)
            told[row.pk] = first or second or label_of(row.kind)
    return told


def url_of(row: Promise) -> str:
    """Where one works on it; the person's page where its kind says nothing."""
    kind = registry.promises.get(row.kind)
    return kind.url(row.subject) if kind and kind.url and row.subject else ""


def ring_of(row: Promise, now: datetime, what: Any = None) -> Ring:
    """The promise for the eye: no query."""
    state: Any = {"open": "running"}.get(row.state, row.state)
    ended = row.ended_at
    if row.kept_at is not None:
        state = "kept"
    elif state == "broken":  # whoever released it later: it was not kept
        ended = row.due_at
    elif row.ended_at is not None:
        state = "released"
    counted: tuple[tuple[datetime, datetime], ...] = ()
    if row.working and row.state in ("open", "paused") and (row.due_at - row.made_at).days <= SPANS_DAYS:
        counted = tuple(spans(row.made_at, row.due_at, calendar(row.calendar_id)))
    return Ring(
        what=what or label_of(row.kind),
        state=state,
        made_at=row.made_at,
        due_at=row.due_at,
        ended_at=ended,
        paused_at=row.paused_at,
        open=counted,
        working=bool(counted),
    )


def export(person: Person) -> list[dict[str, Any]]:
    """What was promised to her, and what became of it."""
    events = Prefetch("events", PromiseEvent.objects.order_by("n"), to_attr="history")
    return [
        {
            "kind": row.kind,
            "note": row.note,
            "state": row.state,
            "made_at": row.made_at,
            "due_at": row.due_at,
            "first_due_at": row.first_due_at,
            "kept_at": row.kept_at,
            "events": [{"what": e.what, "at": e.at, "due_at": e.due_at, "reason": e.reason} for e in row.history],
        }
        for row in Promise.objects.filter(person=person).prefetch_related(events).order_by("id")
    ]
