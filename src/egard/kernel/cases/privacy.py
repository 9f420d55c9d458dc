"""A person's own copy of her cases, and what is redacted in them when she is erased: the rebuilt case still equals its
snapshot, because both are redacted the same way.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from egard.kernel.access.actors import Viewer
from egard.kernel.access.operations import redacting
from egard.kernel.cases import types
from egard.kernel.cases.archive import packed
from egard.kernel.cases.history import events_of
from egard.kernel.cases.models import Archive, Case, CaseEvent, Outside
from egard.kernel.cases.queries import READ
from egard.kernel.cases.rules import state
from egard.kernel.cases.writing import stamp
from egard.kernel.people.models import Person

FREE = ("reason", "text", "override", "title")
"""Parts of an event that people type: they may say anything of anybody."""
GONE = {"fr": "…", "en": "…"}


def export(person: Person) -> list[dict[str, Any]]:
    """Her cases, oldest first: what is known, and what happened, without what staff wrote for one another."""
    found = []
    for case in Case.objects.filter(person=person).select_related("type").order_by("pk"):
        history = events_of(case.pk)
        held = state.rebuild({"kind": one["kind"], "at": stamp(one["at"]), **one["body"]} for one in history)
        found.append(
            {
                "id": str(case.uuid),
                "type": case.type.name,
                "status": case.status,
                "opened_at": case.opened_at,
                "closed_at": case.closed_at,
                "data": held["data"],
                "events": [{"at": one["at"], "kind": one["kind"]} for one in history],
            }
        )
    return found


def counts(viewer: Viewer, person: Person) -> list[tuple[str, int]]:
    """What the preview of a merge shows as coming together."""
    return [(_("Cases"), Case.objects.filter(person__in=person.members).count())] if viewer.can(READ) else []


def redacted(event: dict[str, Any], is_personal: Callable[[str], bool]) -> dict[str, Any]:
    """An event's body without what may say who she was; `is_personal(field)` asks the type."""
    kept: dict[str, Any] = {name: "" if name in FREE and value else value for name, value in event.items()}
    if kept.get("data"):
        kept["data"] = {name: value for name, value in kept["data"].items() if value is None or not is_personal(name)}
    if "brought" in kept:
        kept["brought"] = {}
    if "added" in kept:
        added = dict(kept["added"])
        if not added.get("menu"):
            added["step"] = {**added["step"], "title": GONE}
        kept["added"] = {name: "" if name in FREE else value for name, value in added.items()}
    return kept


def erase(person: Person, *, now: datetime) -> None:
    """Redact her cases in place; that they were, what was decided and every duration stay. Twice changes nothing."""
    with redacting():
        for case in Case.objects.filter(person=person).select_related("type").order_by("pk"):
            fields = types.defined(case.type).data

            def is_personal(name: str, fields: Any = fields) -> bool:
                return name not in fields or fields[name].is_personal

            rows = events_of(case.pk)
            for row in rows:
                row["body"] = redacted(row["body"], is_personal)
            after = state.rebuild({"kind": row["kind"], "at": stamp(row["at"]), **row["body"]} for row in rows)
            if case.snapshot is None:
                Archive.objects.filter(pk=case.pk).update(body=packed(after, rows))
            else:
                for row in rows:
                    CaseEvent.objects.filter(case=case, n=row["n"]).update(body=row["body"])
                Case.objects.filter(pk=case.pk).update(snapshot=after, keys=[])
        Outside.objects.filter(case__person=person).update(data={}, match="")
