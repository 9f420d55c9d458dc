"""Complaints on pages that are not their own: a promise in words, the panel of the person's page."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from egard.journeys.complaints.models import Complaint
from egard.journeys.complaints.queries import open_complaints
from egard.kernel.access.actors import Viewer
from egard.kernel.cases.queries import READ
from egard.kernel.people.models import Person
from egard.kernel.registry import OpenItem

PREFIX = "case:"
PANEL_MAX = 20


def url(subject: str) -> str:
    return f"/cases/{subject.removeprefix(PREFIX).partition('/')[0]}/"


def described(subjects: Collection[str]) -> Mapping[str, str]:
    """What is promised to whoever complains, in words for her: it says which of the two, and never what about."""
    words = {
        "acknowledged": _("An acknowledgement of your complaint"),
        "answered": _("An answer to your complaint"),
    }
    told = {subject: words.get(subject.rpartition("/")[2], "") for subject in subjects}
    return {subject: text for subject, text in told.items() if text}


def open_of(viewer: Viewer, rows: Collection[int], now: datetime) -> Iterator[tuple[int, OpenItem]]:
    """Who complained and is not answered yet, for whoever receives her: one query."""
    for row in open_complaints(viewer, rows):
        yield row.case.person_id, OpenItem(_("Open complaint"), tone="risk", url=url(f"case:{row.case.uuid}"))


def panel(person: Person, viewer: Viewer, now: datetime) -> Mapping[str, Any] | None:
    """Her complaints, the latest first: one query. None where the viewer reads no cases."""
    if not viewer.can(READ):
        return None
    rows = _rows(person)
    return {"complaints": [(row, subject_of(row)) for row in rows], "person": person}


def data(person: Person, viewer: Viewer, now: datetime) -> Mapping[str, Any] | None:
    """The same for programs (`overview`)."""
    if not viewer.can(READ):
        return None
    rows = _rows(person)
    return {
        "complaints": [
            {"id": row.case.uuid, "subject": subject_of(row), "status": row.case.status, "received_at": row.received_at}
            for row in rows
        ]
    }


def _rows(person: Person) -> list[Complaint]:
    found = Complaint.objects.filter(case__person__in=person.members).select_related("case")
    return list(found.order_by("-received_at")[:PANEL_MAX])


def subject_of(row: Complaint) -> str:
    """What it is about; of one that is packed away, nothing."""
    return (row.case.snapshot or {}).get("data", {}).get("subject", "") or _("Complaint")


def export(person: Person) -> list[dict[str, Any]]:
    """What we hold of her complaints beside their cases."""
    rows = Complaint.objects.filter(case__person=person).order_by("received_at")
    return list(rows.values("category", "channel", "contact", "contacts", "received_at", "answered_at", "closed_at"))
