"""Visits on pages that are not their own: the panel of the person's page."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext_lazy as _

from egard.journeys.visits import queries
from egard.journeys.visits.booking import SUBJECT
from egard.journeys.visits.expected import said
from egard.journeys.visits.models import Visit
from egard.journeys.visits.rules import COMING
from egard.kernel.access.actors import Viewer
from egard.kernel.people.models import Person

PANEL_MAX = 12
OUTCOMES = {
    "settled": _("Settled"),
    "sold": _("Something was bought"),
    "thinking": _("Thinks it over"),
    "elsewhere": _("Goes on elsewhere: another shop, on line"),
    "nothing": _("Nothing came of it"),
    "left": _("Left before being received"),
}


def url(subject: str) -> str:
    """Where one works on what is promised about a visit."""
    return f"/shop/visits/{subject.removeprefix(SUBJECT)}/"


def panel(person: Person, viewer: Viewer, now: datetime) -> Mapping[str, Any] | None:
    """Her visits to come, then those that were, with what came of them: one query."""
    rows = _rows(viewer, person)
    return {"rows": [(row, said(row.reason.name), OUTCOMES.get(row.outcome, "")) for row in rows], "now": now}


def panel_data(person: Person, viewer: Viewer, now: datetime) -> Mapping[str, Any] | None:
    """The same, for programs."""
    return {
        "visits": [
            {"id": row.uuid, "site": row.site.name, "reason": row.reason.code, "starts_at": row.starts_at,
             "state": row.state, "outcome": row.outcome}
            for row in _rows(viewer, person)
        ]
    }  # fmt: skip


def _rows(viewer: Viewer, person: Person) -> list[Visit]:
    found = queries.visits(viewer).filter(person__in=person.members).order_by("-starts_at")[: 2 * PANEL_MAX]
    rows = sorted(found, key=lambda row: row.starts_at)
    for row in rows:
        # By the clock of the shop, whatever the reader's: a moment with a zone would be drawn by hers.
        row.local = row.starts_at.astimezone(ZoneInfo(row.site.zone)).replace(tzinfo=None)  # type: ignore[attr-defined]
    coming = [row for row in rows if row.state in COMING]
    return (coming + [row for row in reversed(rows) if row.state not in COMING])[:PANEL_MAX]
