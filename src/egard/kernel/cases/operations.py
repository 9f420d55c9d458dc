"""What people and programs do to a case. The case is read, the rules say whether and what follows, promises are made
and kept, one statement writes it: all of it or nothing. A key that was sent before changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from egard.base.ids import new_id
from egard.kernel.access.actors import Viewer
from egard.kernel.access.models import Site, Team, User
from egard.kernel.cases import refusals, types
from egard.kernel.cases.checks import (
    allowed,
    check_data,
    check_reason,
    open_step,
    said,
    step_named,
)
from egard.kernel.cases.following import WORK, finish, save_new
from egard.kernel.cases.models import CaseType
from egard.kernel.cases.rules import advice, engine
from egard.kernel.cases.rules.definition import Step
from egard.kernel.cases.rules.engine import Known
from egard.kernel.cases.rules.state import ACTIVE, AVAILABLE, SETTLED, Event, new_state
from egard.kernel.cases.writing import Held, attempt, done_before, hold
from egard.kernel.people.models import Person

MANAGE = "cases.manage"
ADDED_MAX = 200
NOTE_MAX = 10_000


def open_case(
    viewer: Viewer,
    name: str,
    person: Person | None = None,
    *,
    data: Mapping[str, Any] | None = None,
    owner: User | None = None,
    team: Team | None = None,
    site: Site | None = None,
    channel: str = "",
    version: CaseType | None = None,
    parent: tuple[Held, str] | None = None,
    now: datetime,
) -> Held:
    """Open a case of the current version of a type. Raises `NotAllowed`, `UnknownType`, `BadData`."""
    viewer.require(WORK)
    row = version or types.current(name)
    case_type = types.defined(row)
    given = dict(data or {})
    check_data(case_type, given)
    site_id = site.pk if site else person.site_id if person else None
    held = Held(
        id=0, uuid=new_id(), type_id=row.pk, type=case_type, person_id=person.pk if person else None,
        parent_id=parent[0].id if parent else None, parent_step=parent[1] if parent else "", version=0,
        state=new_state(), owner_id=owner.pk if owner else None, team_id=team.pk if team else None, site_id=site_id,
        channel=channel, closed_at=None,
    )  # fmt: skip
    kept = {name: value for name, value in given.items() if value is not None}
    held.tell(
        {"kind": "opened", "type": case_type.case, "version": case_type.version, "data": kept}, by=viewer.actor, now=now
    )
    save_new(held, by=viewer.actor, now=now)
    return held


# --- steps ------------------------------------------------------------------------------------------------------------


@attempt
def start_step(viewer: Viewer, case: UUID, step: str, *, key: str = "", now: datetime) -> Held:
    """Take a step on: it is under way, and the viewer's. Raises `NotYet`, `AlreadySettled`, `NotYours`."""
    held = hold(viewer, case, WORK, key=key)
    if done_before(held, key, "started", step=step):
        return held
    defined = open_step(held, step, now)
    allowed(viewer, held, defined)
    if engine.state_of(held.state, step) == ACTIVE:
        return held
    held.tell({"kind": "started", "step": step}, by=viewer.actor, now=now, key=key)
    if viewer.user_id:
        held.tell({"kind": "assigned", "step": step, "owner": str(viewer.user_id)}, by=viewer.actor, now=now)
    return finish(held, by=viewer.actor, now=now)


@attempt
def complete_step(
    viewer: Viewer, case: UUID, step: str, data: Mapping[str, Any] | None = None, *, key: str = "", now: datetime
) -> Held:
    """It is done, with its evidence: what `data` gives, beside what the case knows already.

    Raises `UnknownStep`, `NotYet`, `NotBegun`, `AlreadySettled`, `NotYours`, `EvidenceMissing`, `BadData`,
    `CaseClosed`.
    """
    held, given = hold(viewer, case, WORK, key=key), dict(data or {})
    if done_before(held, key, "completed", step=step, data=given):
        return held
    defined = open_step(held, step, now)
    allowed(viewer, held, defined)
    if defined.manual and engine.state_of(held.state, step) == AVAILABLE:
        raise refusals.NotBegun(title=said(defined.title))
    check_data(held.type, given, evidence=defined.evidence, known=held.state["data"])
    held.tell(
        {"kind": "completed", "step": step, "data": given, "by": str(viewer.actor)}, by=viewer.actor, now=now, key=key
    )
    return finish(held, by=viewer.actor, now=now)


@attempt
def skip_step(viewer: Viewer, case: UUID, step: str, *, reason: str, key: str = "", now: datetime) -> Held:
    """It is not to be done on this case, for a reason; also one that still waits.

    Raises `UnknownStep`, `AlreadySettled`, `NotYours`, `ReasonNeeded`, `CaseClosed`.
    """
    held, reason = hold(viewer, case, WORK, key=key), check_reason(reason)
    if done_before(held, key, "skipped", step=step):
        return held
    defined = step_named(held, step)
    allowed(viewer, held, defined)
    if engine.state_of(held.state, step) in SETTLED:
        raise refusals.AlreadySettled(title=said(defined.title))
    told = {"kind": "skipped", "step": step, "reason": reason, "by": str(viewer.actor)}
    held.tell(told, by=viewer.actor, now=now, key=key)
    return finish(held, by=viewer.actor, now=now)


@attempt
def redo_step(viewer: Viewer, case: UUID, step: str, *, reason: str, key: str = "", now: datetime) -> Held:
    """It is to be done again, for a reason: another run, with a promise of its own. What follows it and is not done yet
    waits again. Raises `UnknownStep`, `NotSettled`, `NotYours`, `ReasonNeeded`, `CaseClosed`.
    """
    held, reason = hold(viewer, case, WORK, key=key), check_reason(reason)
    if done_before(held, key, "redone", step=step):
        return held
    defined = step_named(held, step)
    allowed(viewer, held, defined)
    if engine.state_of(held.state, step) not in SETTLED:
        raise refusals.NotSettled(title=said(defined.title))
    held.tell({"kind": "redone", "step": step, "reason": reason}, by=viewer.actor, now=now, key=key)
    return finish(held, by=viewer.actor, now=now)


@attempt
def add_step(
    viewer: Viewer,
    case: UUID,
    title: str,
    *,
    department: str = "",
    role: str = "",
    within: str = "",
    stage: str = "",
    reason: str = "",
    key: str = "",
    now: datetime,
) -> tuple[Held, str]:
    """Add a step that the file does not know: the same clocks and the same history as any other. With a `department`
    (of the type, or a team's code) it is asked of them, within their promise. The case, and the step's name.

    Raises `UnknownDepartment`, `BadData`, `TooManySteps`, `ReasonNeeded`, `CaseClosed`.
    """
    held, title = hold(viewer, case, WORK, key=key), check_reason(title, most=200)
    if done_before(held, key, "added", title=title):
        return held, _named_before(held)
    known = held.type.departments.get(department)
    if department and known is None and not Team.objects.filter(code=department).exists():
        raise refusals.UnknownDepartment(department=department[:64], known=", ".join(held.type.departments))
    if (role and role not in held.type.roles) or (stage and stage not in held.type.stages):
        raise refusals.BadData(names="role, stage")
    step: dict[str, Any] = {"title": {"fr": title, "en": title}, "role": role, "ask": department}
    span = within or (known.within if known else None)
    if span:
        step["promise"] = {"within": span, "calendar": known.calendar if known and not within else ""}
    return _add(viewer, held, step, stage=stage, more={"title": title, "reason": reason[:500]}, key=key, now=now)


@attempt
def plan_step(viewer: Viewer, case: UUID, step: str, *, key: str = "", now: datetime) -> tuple[Held, str]:
    """Plan a step of the stage's menu. Raises `UnknownStep`, `NotPlannable`, `NotYours`, `CaseClosed`."""
    held = hold(viewer, case, WORK, key=key)
    if done_before(held, key, "added", menu=step):
        return held, _named_before(held)
    defined = held.type.menu.get(step)
    if defined is None:
        raise refusals.UnknownStep(step=step[:60])
    allowed(viewer, held, defined)
    stage, known = held.type.stage_of[step], Known(held.type, held.state, now)
    free = step not in held.state["added"] or engine.state_of(held.state, step) in SETTLED
    if held.state["stages"].get(stage) != ACTIVE or not known.holds(defined.only_if) or not free:
        raise refusals.NotPlannable(step=said(defined.title))
    stored = defined.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    stored.pop("if", None)  # it was asked when it was planned
    name = step if step not in held.state["added"] else ""
    return _add(viewer, held, stored, stage=stage, name=name, more={"menu": step}, key=key, now=now)


def _named_before(held: Held) -> str:
    assert held.done_before is not None
    return held.done_before[1]["step"]


def _add(
    viewer: Viewer,
    held: Held,
    step: dict[str, Any],
    *,
    stage: str,
    more: Event,
    key: str,
    now: datetime,
    name: str = "",
) -> tuple[Held, str]:
    if held.state["status"] != "open":
        raise refusals.CaseClosed
    count = len(held.state["added"])
    if count >= ADDED_MAX:
        raise refusals.TooManySteps(most=ADDED_MAX)
    try:
        Step.model_validate(step)
    except ValueError as error:
        raise refusals.BadData(names="within", fields={"within": "2 h, 1 business day, 3 days"}) from error
    name, added = name or f"added_{count + 1}", {"step": step, "stage": stage, "n": count + 1, **more}
    held.tell({"kind": "added", "step": name, "added": added, **more}, by=viewer.actor, now=now, key=key)
    return finish(held, by=viewer.actor, now=now), name


@attempt
def refuse_suggestion(viewer: Viewer, case: UUID, step: str, *, reason: str = "", key: str = "", now: datetime) -> Held:
    """Not this one: the suggestion goes to the end of the list on this case, and is kept as feedback on the method."""
    held = hold(viewer, case, WORK, key=key)
    if done_before(held, key, "refused", step=step):
        return held
    if step not in held.type.menu:
        step_named(held, step)
    held.tell({"kind": "refused", "step": step, "reason": reason.strip()[:500]}, by=viewer.actor, now=now, key=key)
    return finish(held, by=viewer.actor, now=now)


# --- the case ---------------------------------------------------------------------------------------------------------


@attempt
def edit_data(
    viewer: Viewer, case: UUID, data: Mapping[str, Any], *, base: int | None = None, key: str = "", now: datetime
) -> Held:
    """Change what is known (null takes a value away). With `base`, the version that was read, refused only where
    somebody changed the same fields since: what does not collide comes together. Raises `BadData`, `ChangedMeanwhile`.
    """
    held, given = hold(viewer, case, WORK, key=key), dict(data)
    if done_before(held, key, "data", data=given):
        return held
    if held.state["status"] != "open":
        raise refusals.CaseClosed
    check_data(held.type, given)
    if base is not None and base < held.version:
        from egard.kernel.cases.history import changed_since

        names = [n for n in changed_since(held, base) if n in given and held.state["data"].get(n) != given[n]]
        if names:
            labels = [said(held.type.data[name].label) for name in names]
            now_is = {name: str(held.state["data"].get(name, "")) for name in names}
            raise refusals.ChangedMeanwhile(names=", ".join(labels), fields=now_is)
    different = {name: value for name, value in given.items() if held.state["data"].get(name) != value}
    if different:
        held.tell({"kind": "data", "data": given}, by=viewer.actor, now=now, key=key)
    return finish(held, by=viewer.actor, now=now)


@attempt
def write_note(viewer: Viewer, case: UUID, text: str, *, step: str = "", key: str = "", now: datetime) -> Held:
    """Say something on the case, or on one of its steps; also on a closed one."""
    held, text = hold(viewer, case, WORK, key=key), check_reason(text, most=NOTE_MAX)
    if done_before(held, key, "noted", text=text):
        return held
    if step:
        step_named(held, step)
    held.tell({"kind": "noted", "text": text, **({"step": step} if step else {})}, by=viewer.actor, now=now, key=key)
    return finish(held, by=viewer.actor, now=now)


@attempt
def assign_case(
    viewer: Viewer, case: UUID, *, owner: User | None, team: Team | None = None, site: Site | None = None, now: datetime
) -> Held:
    """Whose case it is; a team or a place that is not given stays."""
    held = hold(viewer, case, WORK)
    wanted = (owner.pk if owner else None, team.pk if team else held.team_id, site.pk if site else held.site_id)
    if wanted == (held.owner_id, held.team_id, held.site_id):
        return held
    held.owner_id, held.team_id, held.site_id = wanted
    told = {name: str(pk) for name, pk in zip(("owner", "team", "site"), wanted, strict=True) if pk}
    held.tell({"kind": "assigned", **told}, by=viewer.actor, now=now)
    return finish(held, by=viewer.actor, now=now)


@attempt
def assign_step(viewer: Viewer, case: UUID, step: str, *, owner: User | None, now: datetime) -> Held:
    """Whose step it is."""
    held = hold(viewer, case, WORK)
    step_named(held, step)
    held.tell({"kind": "assigned", "step": step, "owner": str(owner.pk) if owner else ""}, by=viewer.actor, now=now)
    return finish(held, by=viewer.actor, now=now)


@attempt
def close_case(
    viewer: Viewer, case: UUID, *, outcome: str = "", override: str = "", key: str = "", now: datetime
) -> Held:
    """Close it. Where something required is still to be done that is refused, unless a manager gives the reason
    (`override`), which is recorded. Raises `CannotClose`, `UnknownOutcome`, `CaseClosed`, `NotAllowed`.
    """
    held = hold(viewer, case, WORK, key=key)
    if done_before(held, key, "closed", outcome=outcome):
        return held
    if held.state["status"] != "open":
        raise refusals.CaseClosed
    if outcome and outcome not in held.type.closing.outcomes:
        raise refusals.UnknownOutcome(outcome=outcome[:60], known=", ".join(held.type.closing.outcomes))
    known = Known(held.type, held.state, now)
    event: Event = {"kind": "closed", "outcome": outcome}
    if lacks := advice.closing_lacks(known):
        if not override.strip():
            raise refusals.CannotClose(why="; ".join(said(one.text) for one in lacks))
        viewer.require(MANAGE)
        event |= {"override": check_reason(override), "lacked": [one.text.model_dump() for one in lacks]}
    held.tell(event, by=viewer.actor, now=now, key=key)
    return finish(held, by=viewer.actor, now=now)


@transaction.atomic
def reopen_case(viewer: Viewer, case: UUID, *, reason: str, key: str = "", now: datetime) -> Held:
    """Go on with a closed case: its data, steps and history are as they were. Raises `NotClosed`, `ReasonNeeded`."""
    held, reason = hold(viewer, case, WORK, key=key), check_reason(reason)
    if done_before(held, key, "reopened"):
        return held
    if held.state["status"] == "open":
        raise refusals.NotClosed
    from egard.kernel.cases.archive import unarchive

    unarchive(held)
    held.tell({"kind": "reopened", "reason": reason}, by=viewer.actor, now=now, key=key)
    return finish(held, by=viewer.actor, now=now)
