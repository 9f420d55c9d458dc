"""What is asked before something is done to a case; each refuses in words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import get_language

from egard.kernel.access.actors import Viewer
from egard.kernel.cases import refusals
from egard.kernel.cases.rules import advice, engine, values
from egard.kernel.cases.rules.definition import CaseType, Step
from egard.kernel.cases.rules.state import OPEN, SETTLED
from egard.kernel.cases.rules.text import Text
from egard.kernel.cases.writing import Held

REASON_MAX = 500


def said(text: Text) -> str:
    """A text in the reader's language."""
    return text.said(get_language() or "en")


def step_named(held: Held, key: str) -> Step:
    """A step of an open case. Raises `UnknownStep`, `CaseClosed`."""
    step = engine.step_of(held.type, held.state, key)
    if step is None:
        raise refusals.UnknownStep(step=key[:60])
    if held.state["status"] != "open":
        raise refusals.CaseClosed
    return step


def is_open(held: Held, key: str) -> bool:
    return held.state["status"] == "open" and engine.state_of(held.state, key) in OPEN


def open_step(held: Held, key: str, now: datetime) -> Step:
    """A step that may be done now. Raises `UnknownStep`, `CaseClosed`, `AlreadySettled`, `NotYet`."""
    step = step_named(held, key)
    is_now = engine.state_of(held.state, key)
    if is_now in SETTLED:
        raise refusals.AlreadySettled(title=said(step.title))
    if is_now not in OPEN:
        lacks = [one for one in advice.why(held.type, held.state, now) if one.key == key]
        why = "; ".join(said(reason.text) for one in lacks for reason in one.reasons)
        raise refusals.NotYet(title=said(step.title), why=why or "…")
    return step


def may(viewer: Viewer, case_type: CaseType, step: Step, teams: tuple[str, ...]) -> bool:
    """Whether a step is one that the viewer may do: she is of its team, or has its role's permission; managers and
    programs that may all do any.
    """
    if viewer.can("cases.manage"):
        return True
    role, department = case_type.roles.get(step.role), case_type.departments.get(step.ask)
    if role and role.permission and not viewer.can(role.permission):
        return False
    team = department.team if department else step.ask or (role.team if role else "")
    return not team or team in teams


def allowed(viewer: Viewer, held: Held, step: Step) -> None:
    """Raises `NotYours`."""
    if not may(viewer, held.type, step, held.viewer_teams):
        role, department = held.type.roles.get(step.role), held.type.departments.get(step.ask)
        whose = department.label if department else role.label if role else step.title
        raise refusals.NotYours(title=said(step.title), role=said(whose))


def check_reason(reason: str, *, most: int = REASON_MAX) -> str:
    """Raises `ReasonNeeded`."""
    clean = reason.strip()
    if not clean or len(clean) > most or "\x00" in clean:
        raise refusals.ReasonNeeded(most=most, fields={"reason": str(refusals.ReasonNeeded.message).format(most=most)})
    return clean


def check_data(
    case_type: CaseType,
    given: Mapping[str, Any],
    *,
    evidence: tuple[str, ...] = (),
    known: Mapping[str, Any] | None = None,
) -> None:
    """Raises `BadData`, and `EvidenceMissing` where a field of `evidence` is neither given nor known."""
    wrong = values.problems(case_type, given)
    if wrong:
        raise refusals.BadData(names=_named(case_type, wrong), fields={name: said(why) for name, why in wrong.items()})
    lacking = values.missing(evidence, {**(known or {}), **given})
    if lacking:
        fields = {name: said(why) for name, why in lacking.items()}
        raise refusals.EvidenceMissing(names=_named(case_type, lacking), fields=fields)


def _named(case_type: CaseType, fields: Mapping[str, Any]) -> str:
    found = ((name, case_type.data.get(name)) for name in fields)
    return ", ".join(said(field.label) if field else name[:60] for name, field in found)
