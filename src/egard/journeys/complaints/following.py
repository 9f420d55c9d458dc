"""What becomes of a complaint: its case is followed, whoever works on it, wherever."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from egard.journeys.complaints import facts, rules
from egard.journeys.complaints.models import Complaint
from egard.kernel.access.actors import Actor
from egard.kernel.cases.rules.state import Event
from egard.kernel.cases.writing import Held
from egard.kernel.registry import registry
from egard.kernel.timeline.operations import validated
from egard.kernel.timeline.writing import Prepared, record_prepared


def hear(held: Held, events: Sequence[tuple[Event, str, str]], now: datetime) -> None:
    """Follow a case: its row in our table, and what the person lives of it, on her timeline."""
    for number, (event, by, _key) in enumerate(events, held.version - len(events) + 1):
        at = datetime.fromisoformat(event["at"])
        if event["kind"] == "opened":
            _opened(held, at)
        changed, fact = _became(held, event, at)
        if changed:
            Complaint.objects.filter(pk=held.id).update(**changed)
        if fact is not None:
            kind, _colon, who = by.partition(":")
            actor = Actor(kind, who)  # type: ignore[arg-type]  # as it was written
            record_fact(held.person_id, fact, f"{held.uuid}:{number}", at=at, by=actor, channel=held.channel, now=now)


def _opened(held: Held, at: datetime) -> None:
    data = held.state["data"]
    contact = rules.contact_key(data.get("contact", ""))
    Complaint.objects.create(
        case_id=held.id, category=data.get("category", ""), channel=held.channel, contact=contact, received_at=at
    )


def _became(held: Held, event: Event, at: datetime) -> tuple[dict[str, Any], Any]:
    """What one event changes in our row, and the fact that it is."""
    uuid, kind, data = held.uuid, event["kind"], held.state["data"]
    told = event.get("data") or {}
    changed: dict[str, Any] = {"category": told["category"] or ""} if "category" in told else {}
    if "contact" in told:
        changed["contact"] = rules.contact_key(told["contact"] or "")
    if kind == "opened":
        subject = str(data.get("subject", ""))[: facts.SUBJECT_MAX]
        return {}, facts.ComplaintReceived(uuid, subject, data.get("category", ""))
    if kind == "completed" and event["step"] == "acknowledge":
        return changed | {"acknowledged_at": at}, facts.ComplaintAcknowledged(uuid)
    if kind == "completed" and event["step"] == "answer":
        return changed | {"answered_at": at}, facts.ComplaintAnswered(uuid)
    if kind == "completed" and event["step"] == "listen" and data.get("once_and_done"):
        return changed | {"answered_at": at, "settled_at_once": True}, facts.ComplaintAnswered(uuid, at_once=True)
    if kind == "closed":
        row = Complaint.objects.get(pk=held.id)
        changed |= {"closed_at": row.closed_at or at, "outcome": event.get("outcome", "")}
        return changed, facts.ComplaintClosed(uuid, event.get("outcome", ""))
    if kind == "reopened":
        row = Complaint.objects.get(pk=held.id)
        return changed | {"reopened_at": row.reopened_at or at, "outcome": ""}, facts.ComplaintReopened(uuid)
    return changed, None


def record_fact(
    person_id: int | None, fact: Any, key: str, *, at: datetime, by: Actor, channel: str, now: datetime
) -> None:
    """On the timeline of whoever complained; somebody unknown has none."""
    if person_id is None:
        return
    fact_type = registry.fact_of[type(fact)]
    one = Prepared(
        0, fact_type, at, channel, f"complaint:{key}"[:200], validated(fact_type, fact), person_id=person_id
    )  # fmt: skip
    record_prepared([one], by=by, now=now, history=False, create_people=False)
