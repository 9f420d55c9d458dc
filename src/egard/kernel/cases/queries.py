"""Questions on cases. Each takes the viewer first and answers only within what she may see."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from egard.base.paging import bounded
from egard.base.refusal import NotFound
from egard.kernel.access.actors import Viewer
from egard.kernel.cases import types
from egard.kernel.cases.checks import may, said
from egard.kernel.cases.history import events_of
from egard.kernel.cases.models import ArticleWord, Case, CaseAsk, CaseType, Migration, Outside
from egard.kernel.cases.rules import advice
from egard.kernel.cases.rules.advice import NextStep, Unmet
from egard.kernel.cases.rules.definition import CaseType as Definition
from egard.kernel.cases.rules.definition import DataField, Step
from egard.kernel.cases.rules.engine import all_steps, state_of
from egard.kernel.cases.rules.state import State
from egard.kernel.cases.rules.text import Text
from egard.kernel.people.guard import require_reason
from egard.kernel.people.models import Person
from egard.kernel.registry import FieldClass

READ = "cases.read"


@dataclass(frozen=True, slots=True)
class StepView:
    """A step as the case page shows it. `state`: waiting, available, active, done, skipped, cancelled."""

    key: str
    title: Text
    help: Text | None
    stage: str
    state: str
    at: datetime | None
    by: str
    owner: str
    team: str
    required: bool
    added: bool
    mine: bool
    """The viewer may do it, by its role and department."""
    runs: int
    evidence: tuple[tuple[str, DataField, bool], ...]
    """The fields that it asks for: name, field, whether mandatory."""
    promise: Mapping[str, Any] | None
    """`{"state", "due_at", "promise", "late"}`, where a clock runs with it."""


@dataclass(frozen=True, slots=True)
class CaseView:
    """A case as its page shows it: the row, its type, its state, its steps in order."""

    case: Case
    type: Definition
    state: State
    data: Mapping[str, Any]
    """What the viewer may see of what is known."""
    steps: tuple[StepView, ...]
    teams: tuple[str, ...] = field(default=())


def visible(viewer: Viewer, permission: str = READ) -> QuerySet[Case]:
    """The cases within the viewer's scope: hers, her team's, her place's, and those that ask her or her team now.

    Raises `NotAllowed`.
    """
    scope = viewer.require(permission)
    if scope == "all":
        return Case.objects.all()
    mine = {"own": Q(owner=viewer.user_id), "team": Q(team__in=viewer.team_ids), "site": Q(site__in=viewer.site_ids)}
    asked = [*viewer.team_ids, *([viewer.user_id] if viewer.user_id else [])]
    return Case.objects.filter(mine[scope] | Q(Exists(CaseAsk.objects.filter(case=OuterRef("pk"), who__in=asked))))


def case(viewer: Viewer, uuid: UUID, permission: str = READ) -> Case:
    """One case by its public id, with its type and person. Raises `NotFound`."""
    found = (
        visible(viewer, permission)
        .filter(uuid=uuid)
        .select_related("type", "person__root", "parent", "owner", "team", "site")
    )
    row = found.defer("type__source", "type__definition").first()
    if row is None:
        raise NotFound
    return row


def is_visible(viewer: Viewer, uuid: str) -> bool:
    """Whether a case of this public id is within the viewer's scope; False for what is no id."""
    try:
        wanted = UUID(uuid)
    except ValueError:
        return False
    return viewer.can(READ) and visible(viewer).filter(uuid=wanted).exists()


def case_view(viewer: Viewer, uuid: UUID) -> CaseView:
    """All that the page of a case shows but its history: two queries at most. Raises `NotFound`, and `ReasonNeeded` for
    the case of a person whose file is opened for a reason only.
    """
    row = case(viewer, uuid)
    if row.person is not None:
        require_reason(viewer, row.person)
    return view_of(viewer, row)


def views_of(viewer: Viewer, rows: Sequence[Case]) -> list[CaseView]:
    """Several cases that the viewer was given: one query for all."""
    teams = _teams(viewer) if rows else ()
    return [_view(viewer, row, teams) for row in rows]


def view_of(viewer: Viewer, row: Case) -> CaseView:
    return _view(viewer, row, _teams(viewer))


def _view(viewer: Viewer, row: Case, teams: tuple[str, ...]) -> CaseView:
    case_type, held = types.defined(row.type), state_now(viewer, row)
    steps = tuple(_step_view(viewer, case_type, held, key, step, teams) for key, step in all_steps(case_type, held))
    sensitive = viewer.sees(FieldClass.SENSITIVE)
    shown = {
        n: v for n, v in held["data"].items() if sensitive or n not in case_type.data or not case_type.data[n].sensitive
    }
    return CaseView(row, case_type, held, shown, steps, teams)


def state_now(viewer: Viewer, row: Case) -> State:
    """The state of a case, also of an archived one."""
    if row.snapshot is not None:
        return row.snapshot
    from egard.kernel.cases.archive import unpack_state

    return unpack_state(row.pk)


def _teams(viewer: Viewer) -> tuple[str, ...]:
    from egard.kernel.access.models import Team

    return tuple(Team.objects.filter(pk__in=viewer.team_ids).values_list("code", flat=True)) if viewer.team_ids else ()


def _step_view(
    viewer: Viewer, case_type: Definition, held: State, key: str, step: Step, teams: tuple[str, ...]
) -> StepView:
    at = held["steps"].get(key, {})
    fields = tuple((n, case_type.data[n], n in step.evidence) for n in step.fields if n in case_type.data)
    return StepView(
        key=key,
        title=step.title,
        help=step.help,
        stage=case_type.stage_of.get(key) or held["added"].get(key, {}).get("stage", ""),
        state=state_of(held, key),
        at=datetime.fromisoformat(at["at"]) if at.get("at") else None,
        by=at.get("by", ""),
        owner=at.get("owner", ""),
        team=at.get("team", ""),
        required=step.required,
        added=key in held["added"],
        mine=may(viewer, case_type, step, teams),
        runs=at.get("n", 0),
        evidence=fields,
        promise=held["clocks"].get(key),
    )


def next_steps(viewer: Viewer, view: CaseView, *, now: datetime) -> list[NextStep]:
    """What the viewer may do now on a case, most pressing first, each with its reasons. Asks the database nothing."""
    return advice.next_steps(
        view.type,
        view.state,
        now,
        may=lambda step: may(viewer, view.type, step, view.teams),
        me=str(viewer.user_id or ""),
    )


def why(viewer: Viewer, view: CaseView, *, now: datetime) -> list[Unmet]:
    """What each waiting step of a case lacks; the last one (key "") is its closing. Asks the database nothing."""
    viewer.require(READ)
    return advice.why(view.type, view.state, now)


def history(viewer: Viewer, row: Case, *, after: int = 0, limit: int = 50) -> list[dict[str, Any]]:
    """The events of a case after number `after`, in order: `n`, `at`, `by`, `kind`, `body`."""
    viewer.require(READ)
    found = [one for one in events_of(row.pk) if one["n"] > after][: bounded(limit)]
    hidden = {} if viewer.sees(FieldClass.SENSITIVE) else types.defined(row.type).data
    hidden = {name for name, held in hidden.items() if held.sensitive}
    for one in found if hidden else ():
        for told in (name for name in ("data", "brought") if one["body"].get(name)):
            one["body"][told] = {name: value for name, value in one["body"][told].items() if name not in hidden}
    return found


def cases_of(viewer: Viewer, person: Person, *, limit: int = 50) -> list[Case]:
    """A person's cases, the latest first: one query."""
    found = visible(viewer).filter(person__in=person.members).select_related("type").order_by("-pk")
    rows = list(found.defer("type__source", "type__definition")[: bounded(limit)])
    types.read_all(row.type for row in rows)
    return rows


def case_types(viewer: Viewer) -> list[CaseType]:
    """The current version of every type, by name."""
    viewer.require(READ)
    rows = CaseType.objects.order_by("name", "-number").distinct("name")
    found = list(rows.defer("source", "definition"))
    types.read_all(found)
    return found


def versions(viewer: Viewer, name: str) -> list[CaseType]:
    """All versions of a type, the newest first. Raises `UnknownType`."""
    viewer.require(READ)
    rows = list(CaseType.objects.filter(name=name).order_by("-number"))
    types.read_all(rows)
    return rows or [types.current(name)]


def waiting_events(viewer: Viewer, *, limit: int = 50) -> list[Outside]:
    """Outside events that found no case, the latest first."""
    viewer.require(READ)
    return list(Outside.objects.filter(case=None).order_by("-received_at", "-id")[: bounded(limit)])


def outside_event(viewer: Viewer, uuid: UUID) -> Outside:
    """One of them, with its case. Raises `NotFound`."""
    viewer.require(READ)
    found = Outside.objects.select_related("case").filter(pk=uuid).first()
    if found is None:
        raise NotFound
    return found


def migrations(viewer: Viewer, *, limit: int = 50) -> list[Migration]:
    """Migrations that were carried out, the latest first."""
    viewer.require(READ)
    return list(Migration.objects.select_related("old", "new").order_by("-at", "-id")[: bounded(limit)])


def words_on(viewer: Viewer, name: str, step: str) -> list[ArticleWord]:
    """What staff said of the words beside a step and nobody has settled, the latest first."""
    viewer.require(READ)
    return list(ArticleWord.objects.filter(name=name, step=step, settled_at=None).order_by("-id")[:100])


def describe(viewer: Viewer, subjects: Collection[str]) -> dict[str, str]:
    """What promises of cases are, in the reader's words: the step, and the type of the case. One query."""
    wanted = {subject: subject.removeprefix("case:").partition("/") for subject in subjects}
    ids = {case for case, _slash, _key in wanted.values()}
    rows = {str(one.uuid): one for one in Case.objects.filter(uuid__in=ids).select_related("type").defer("snapshot")}
    types.read_all(row.type for row in rows.values())
    told = {}
    for subject, (uuid, _slash, key) in wanted.items():
        if (row := rows.get(uuid)) is not None:
            case_type = types.defined(row.type)
            step, clock = case_type.steps.get(key) or case_type.menu.get(key), case_type.promises.get(key)
            title = step.title if step else clock.label if clock else None
            told[subject] = f"{said(title)} · {said(case_type.title)}" if title else said(case_type.title)
    return told
