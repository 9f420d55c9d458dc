"""Cases as answers of the API."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from egard.kernel.access.actors import Viewer
from egard.kernel.cases import queries, types
from egard.kernel.cases.checks import said
from egard.kernel.cases.migrating import Outcome
from egard.kernel.cases.models import ArticleWord, Case, CaseType, Migration, Outside
from egard.kernel.cases.queries import CaseView, StepView
from egard.kernel.cases.rules.advice import NextStep, Reason, Unmet
from egard.kernel.cases.writing import Held


def type_out(row: CaseType) -> dict[str, Any]:
    return {
        "name": row.name,
        "title": said(types.defined(row).title),
        "version": row.version,
        "number": row.number,
        "published_at": row.published_at,
        "by": row.by,
    }


def type_whole(row: CaseType) -> dict[str, Any]:
    return {**type_out(row), "source": row.source, "definition": orjson.loads(row.definition)}


def row_out(row: Case) -> dict[str, Any]:
    person = (row.person.root or row.person) if row.person else None
    return {
        "id": row.uuid,
        "number": row.pk,
        "type": row.type.name,
        "title": said(types.defined(row.type).title),
        "type_version": row.type.version,
        "status": row.status,
        "person": person.uuid if person else None,
        "owner": row.owner_id,
        "team": row.team_id,
        "site": row.site_id,
        "opened_at": row.opened_at,
        "closed_at": row.closed_at,
        "due_at": row.due_at,
        "version": row.version,
    }


def case_out(viewer: Viewer, view: CaseView, *, now: datetime) -> dict[str, Any]:
    state = view.state
    return {
        **row_out(view.case),
        "outcome": state["outcome"],
        "parent": view.case.parent.uuid if view.case.parent else None,
        "data": view.data,
        "stages": state["stages"],
        "milestones": state["milestones"],
        "promises": {key: promise_out(state["clocks"][key]) for key in view.type.promises if key in state["clocks"]},
        "steps": [step_out(one) for one in view.steps],
        "next_steps": [next_out(one) for one in queries.next_steps(viewer, view, now=now)],
        "children": state["children"],
    }


def promise_out(clock: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": clock.get("promise"),
        "state": clock["state"],
        "due_at": clock.get("due_at"),
        "late": clock.get("late", False),
    }


def step_out(step: StepView) -> dict[str, Any]:
    return {
        "key": step.key,
        "title": said(step.title),
        "help": said(step.help) if step.help else None,
        "stage": step.stage,
        "state": step.state,
        "at": step.at,
        "by": step.by,
        "owner": step.owner or None,
        "team": step.team or None,
        "required": step.required,
        "added": step.added,
        "yours": step.mine,
        "runs": step.runs,
        "evidence": [
            {
                "field": name,
                "label": said(field.label),
                "type": field.type,
                "required": required,
                "choices": {key: said(text) for key, text in field.choices.items()},
            }
            for name, field, required in step.evidence
        ],
        "promise": promise_out(step.promise) if step.promise else None,
    }


def _reason(reason: Reason) -> dict[str, Any]:
    return {"code": reason.code, "text": said(reason.text), "due_at": reason.due_at}


def next_out(step: NextStep) -> dict[str, Any]:
    return {
        "key": step.key,
        "title": said(step.title),
        "stage": step.stage,
        "state": step.state,
        "planned": step.planned,
        "due_at": step.due_at,
        "reasons": [_reason(one) for one in step.reasons],
    }


def unmet_out(unmet: Unmet) -> dict[str, Any]:
    return {"key": unmet.key, "title": said(unmet.title), "reasons": [_reason(one) for one in unmet.reasons]}


def moved_out(held: Held) -> dict[str, Any]:
    steps = {key: one["state"] for key, one in held.state["steps"].items()}
    return {"id": held.uuid, "status": held.state["status"], "version": held.version, "steps": steps, "step": None}


def outside_out(row: Outside) -> dict[str, Any]:
    return {
        "id": row.pk,
        "name": row.name,
        "match": row.match,
        "data": row.data,
        "happened_at": row.happened_at,
        "received_at": row.received_at,
        "case": row.case.uuid if row.case else None,
    }


def outcome_out(outcome: Outcome) -> dict[str, Any]:
    problems = [{"code": one.code, "key": one.key, "text": said(one.text)} for one in outcome.problems]
    return {"case": outcome.case, "passes": outcome.passes, "problems": problems}


def migration_row(row: Migration) -> dict[str, Any]:
    return {
        "id": row.pk,
        "type": row.old.name,
        "old": row.old.version,
        "new": row.new.version,
        "reason": row.reason,
        "at": row.at,
        "by": row.by,
        "reverted_at": row.reverted_at,
    }


def word_out(row: ArticleWord) -> dict[str, Any]:
    names = ("kind", "language", "text", "at", "by", "settled_at")
    return {"id": row.pk, **{name: getattr(row, name) for name in names}}
