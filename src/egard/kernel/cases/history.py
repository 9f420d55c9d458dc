"""The events of a case, wherever they are kept: in their table, or packed with an archived case."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from egard.kernel.cases.models import CaseEvent
from egard.kernel.cases.rules import state
from egard.kernel.cases.rules.state import Event, State
from egard.kernel.cases.writing import Held, stamp


def as_event(row: CaseEvent) -> Event:
    """An event as the rules know it."""
    return {"kind": row.kind, "at": stamp(row.at), **row.body}


def events_of(case_id: int) -> list[dict[str, Any]]:
    """All events of a case in order: `n`, `at`, `by`, `kind`, `key`, `body`."""
    rows = CaseEvent.objects.filter(case_id=case_id).order_by("n")
    found = list(rows.values("n", "at", "by", "kind", "key", "body"))
    if not found:
        from egard.kernel.cases.archive import unpack

        found = unpack(case_id)
    return found


def rebuilt(case_id: int) -> State:
    """The state that a case's history gives: what its snapshot must be."""
    return state.rebuild({"kind": one["kind"], "at": stamp(one["at"]), **one["body"]} for one in events_of(case_id))


def changed_since(held: Held, version: int) -> list[str]:
    """The fields that events after `version` changed."""
    rows = CaseEvent.objects.filter(case_id=held.id, n__gt=version).order_by("n")
    return list(dict.fromkeys(name for row in rows for name in (row.body.get("data") or {})))


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
