"""What the page of a case shows, part by part, each at a constant number of queries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from egard.base.ids import new_id
from egard.base.paging import LIMIT_MAX
from egard.base.refusal import NotFound
from egard.base.ring import Ring
from egard.console import people as persons
from egard.console.cases import fields, telling
from egard.console.cases.signs import WORDS
from egard.kernel.access import queries as access
from egard.kernel.access.actors import Viewer
from egard.kernel.cases import operations, queries, types
from egard.kernel.cases.checks import may, said
from egard.kernel.cases.models import Case
from egard.kernel.cases.queries import CaseView, StepView
from egard.kernel.cases.rules.advice import NextStep, Unmet
from egard.kernel.cases.rules.definition import Step
from egard.kernel.cases.rules.engine import step_of
from egard.kernel.cases.rules.state import OPEN, SETTLED
from egard.kernel.people import queries as people
from egard.kernel.people.guard import is_asked
from egard.kernel.people.live import topic_of
from egard.kernel.people.models import Person
from egard.kernel.promises import queries as promises
from egard.kernel.promises.shown import ring_of
from egard.kernel.registry import FieldClass

PAST_SIZE = 30


@dataclass(slots=True)
class StepRow:
    """A step as the page lists it. `state` is also `apart`: its condition says that it does not concern this case."""

    view: StepView
    state: str
    title: str
    who: str
    """Who did it, or whose it is."""
    department: str
    ring: Ring | None
    given: list[tuple[str, str]]
    why: list[str]
    """What it still lacks, where it waits."""

    @property
    def key(self) -> str:
        return self.view.key

    @property
    def word(self) -> Any:
        return WORDS[self.state]

    @property
    def is_open(self) -> bool:
        return self.state in OPEN


@dataclass(slots=True)
class StageRow:
    key: str
    title: str
    state: str
    steps: list[StepRow]
    milestones: list[tuple[str, datetime | None]]

    @property
    def done(self) -> int:
        return sum(one.state in SETTLED for one in self.steps)

    @property
    def concerned(self) -> int:
        return sum(one.state != "apart" for one in self.steps)


@dataclass(slots=True)
class Shown:
    """A case as this viewer sees it now, and all that is asked once for the whole page."""

    viewer: Viewer
    view: CaseView
    now: datetime
    names: telling.Names
    teams: list[Any]
    rings: Mapping[str, Ring]
    """What is promised of it, by clock."""
    next: list[NextStep]
    unmet: list[Unmet]
    _rows: dict[str, StepRow] = field(default_factory=dict)

    @property
    def case(self) -> Case:
        return self.view.case

    @property
    def is_open(self) -> bool:
        return self.case.status == "open"

    @property
    def may_work(self) -> bool:
        return self.viewer.can(operations.WORK)

    @property
    def may_manage(self) -> bool:
        return self.viewer.can(operations.MANAGE)

    @property
    def title(self) -> str:
        return said(self.view.type.title)

    @property
    def rows(self) -> dict[str, StepRow]:
        """All steps by their key, in order."""
        if not self._rows:
            lacks = {one.key: [said(reason.text) for reason in one.reasons] for one in self.unmet}
            self._rows = {one.key: self._row(one, lacks) for one in self.view.steps}
        return self._rows

    def _row(self, one: StepView, lacks: Mapping[str, list[str]]) -> StepRow:
        apart = one.state == "waiting" and (one.key not in lacks or not self.is_open)
        settled = one.state in SETTLED
        who = self.names.actor(one.by) if settled and one.by else self.names.user(one.owner) if one.owner else ""
        given = [(said(f.label), fields.words(f, self.view.data.get(n), self.now)) for n, f, _must in self.asked(one)]
        return StepRow(
            view=one,
            state="apart" if apart else one.state,
            title=said(one.title),
            who=who,
            department=self.names.asked(one.key),
            ring=self.rings.get(one.key),
            given=[(label, value) for label, value in given if value != "–"] if settled else [],
            why=lacks.get(one.key, []) if one.state == "waiting" else [],
        )

    def asked(self, one: StepView) -> list[tuple[str, Any, bool]]:
        """The fields that a step asks of this viewer."""
        sensitive = self.viewer.sees(FieldClass.SENSITIVE)
        return [(name, known, must) for name, known, must in one.evidence if sensitive or not known.sensitive]

    @property
    def stages(self) -> list[StageRow]:
        held = self.view.state
        found = []
        for key, stage in self.view.type.stages.items():
            steps = [row for row in self.rows.values() if row.view.stage == key]
            reached = {name: held["milestones"].get(name) for name in stage.milestones}
            milestones = [
                (said(one.title), datetime.fromisoformat(at) if (at := reached[name]) else None)
                for name, one in stage.milestones.items()
            ]
            found.append(StageRow(key, said(stage.title), held["stages"].get(key, "waiting"), steps, milestones))
        loose = [row for row in self.rows.values() if row.view.stage not in self.view.type.stages]
        return [*found, StageRow("", "", "active", loose, [])] if loose else found

    @property
    def clocks(self) -> list[Ring]:
        """What is promised of the whole case."""
        return [self.rings[key] for key in self.view.type.promises if key in self.rings]

    @property
    def menu(self) -> list[tuple[str, str]]:
        """What may be planned now."""
        return [(one.key, said(one.title)) for one in self.next if not one.planned]

    @property
    def departments(self) -> list[tuple[str, str, str]]:
        """Who may be asked: the departments of the type with what they promise, then the other teams."""
        own = [(code, said(one.label), one.within or "") for code, one in self.view.type.departments.items()]
        known = {one.team for one in self.view.type.departments.values()}
        return [*own, *((team.code, team.name, "") for team in self.teams if team.code not in known)]

    @property
    def closing(self) -> list[str]:
        """What stands between the case and its closing."""
        return [said(reason.text) for one in self.unmet if not one.key for reason in one.reasons]

    @property
    def is_ready(self) -> bool:
        """Nothing stands between the case and its closing, and nothing more is to be done."""
        return self.is_open and not self.closing and not any(row.is_open for row in self.rows.values())

    @property
    def outcomes(self) -> list[tuple[str, str]]:
        return [(code, said(label)) for code, label in self.view.type.closing.outcomes.items()]

    @property
    def outcome(self) -> str:
        label = self.view.type.closing.outcomes.get(self.view.state["outcome"])
        return said(label) if label else ""

    @property
    def known(self) -> list[tuple[str, str, str]]:
        """What is known: field, label, value; all fields of the type, those that nobody filled too."""
        return [
            (name, said(one.label), fields.words(one, self.view.data.get(name), self.now))
            for name, one, _must in self.editable
        ]

    @property
    def editable(self) -> list[tuple[str, Any, bool]]:
        sensitive = self.viewer.sees(FieldClass.SENSITIVE)
        return [(n, one, False) for n, one in self.view.type.data.items() if sensitive or not one.sensitive]


def shown(viewer: Viewer, uuid: UUID, *, now: datetime) -> Shown:
    """A case with who is who, its teams and its promises: five queries. Raises `NotFound`."""
    view = queries.case_view(viewer, uuid)
    return of_view(viewer, view, now=now)


def of_view(viewer: Viewer, view: CaseView, *, now: datetime) -> Shown:
    teams = access.teams(viewer)
    by_id = {str(team.pk): team.name for team in teams} | {team.code: team.name for team in teams}
    sensitive = viewer.sees(FieldClass.SENSITIVE)
    names = telling.Names(view.type, view.state, access.staff_names(viewer), by_id, sensitive)
    return Shown(
        viewer,
        view,
        now,
        names,
        teams,
        rings([view], viewer, now).get(view.case.uuid, {}),
        queries.next_steps(viewer, view, now=now),
        queries.why(viewer, view, now=now),
    )


def rings(views: Iterable[CaseView], viewer: Viewer, now: datetime) -> dict[UUID, dict[str, Ring]]:
    """What is promised of some cases, by case and clock; beside its step a promise needs no name. One query."""
    wanted = {
        clock["promise"]: (view.case.uuid, key)
        for view in views
        for key, clock in view.state["clocks"].items()
        if clock.get("promise")
    }
    subjects = {f"case:{uuid}/{key}" for uuid, key in wanted.values()}
    labels = {view.case.uuid: telling.Names(view.type, view.state, {}, {}) for view in views}
    found: dict[UUID, dict[str, Ring]] = {}
    for row in promises.of_subject(viewer, *subjects) if subjects else []:
        if at := wanted.get(str(row.uuid)):
            uuid, key = at
            ring = ring_of(row, now, labels[uuid].part(key))
            found.setdefault(uuid, {})[key] = ring if key in labels[uuid].type.promises else replace(ring, what="")
    return found


# --- the parts --------------------------------------------------------------------------------------------------------


def at_hand(held: Shown, step: str, post: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The step in the middle: the one chosen, else the most pressing one. At most two queries."""
    key = step if step in held.rows or step in held.view.type.menu else (held.next[0].key if held.next else "")
    advised = next((one for one in held.next if one.key == key), None)
    row, defined = held.rows.get(key), _defined(held, key)
    order = [*dict.fromkeys([*held.rows, *(one for one, _title in held.menu)])]
    place = order.index(key) if key in order else -1
    suggestion = defined if row is None else None
    return {
        "row": row,
        "key_at_hand": key,
        "step_key": new_id(),
        "suggestion": said(suggestion.title) if suggestion else "",
        "may_step": bool(defined) and may(held.viewer, held.view.type, defined, held.view.teams),
        "whose": _whose(held, defined),
        "help": said(defined.help) if defined and defined.help else "",
        "manual": bool(defined and defined.manual and row and row.state == "available"),
        "reasons": [(reason.code, said(reason.text)) for reason in advised.reasons] if advised else [],
        "also": [(one, said(one.title), [said(r.text) for r in one.reasons]) for one in held.next if one.key != key],
        "asked": fields.fields(held.asked(row.view), held.view.data, post) if row and row.is_open else [],
        "article": queries.words_on(held.viewer, held.view.type.case, key) if key else [],
        "colleagues": access.staff(held.viewer) if row and row.is_open else [],
        "before": order[place - 1] if place > 0 else "",
        "after": order[place + 1] if 0 <= place < len(order) - 1 else "",
        "child": held.view.state["children"].get(key, ""),
    }


def _defined(held: Shown, key: str) -> Step | None:
    return step_of(held.view.type, held.view.state, key) or held.view.type.menu.get(key)


def _whose(held: Shown, defined: Step | None) -> str:
    """For whom a step is: its department or role."""
    if defined is None:
        return ""
    role = held.view.type.roles.get(defined.role)
    return held.names.department(defined.ask) if defined.ask else said(role.label) if role else ""


def past(held: Shown, before: int | None = None, down_to: str = "") -> dict[str, Any]:
    """The history, newest first: one query. `before` is the number below which it continues."""
    newest = (before or held.case.version + 1) - 1
    after = max(0, newest - PAST_SIZE)
    if down_to.isdecimal():
        after = min(after, int(down_to))
    elif down_to == "end":
        after = 0
    after = max(after, newest - LIMIT_MAX)
    events = queries.history(held.viewer, held.case, after=after, limit=LIMIT_MAX)
    told = telling.lines(held.names, reversed(events), held.now)
    return {"lines": told, "older": after + 1 if after else None, "down_to": after, "note_key": new_id()}


def client(viewer: Viewer, case: Case, *, now: datetime) -> dict[str, Any]:
    """The person of a case as a card, with her other cases. Nobody where the viewer may not see her file; raises
    `ReasonNeeded` for one that is opened for a reason only.
    """
    if case.person is None or not viewer.can(people.READ):
        return {"person": None}
    try:
        found = people.person(viewer, case.person.uuid)
    except NotFound:
        return {"person": None}
    closer = people.seen_as(viewer, found)
    others = [one for one in queries.cases_of(viewer, found, limit=12) if one.pk != case.pk]
    own = f"/cases/{case.uuid}/"
    return {
        **persons.frame(viewer, found, now),
        "person": found,
        "person_topic": topic_of(found),
        "owed": [item for item in people.open_items(closer, found, now) if item.url != own],
        "other_cases": [(one, said(type_of(one).title)) for one in others],
    }


def type_of(row: Case) -> Any:
    """The definition of a case's type: read once a process."""
    return types.defined(row.type)


def person_of(viewer: Viewer, case: Case) -> Person | None:
    """Whose case it is, where her file opens to the viewer without a question."""
    if case.person is None or not viewer.can(people.READ) or is_asked(viewer, case.person):
        return None
    wanted = case.person.root_id or case.person_id
    return people.visible(viewer).filter(pk=wanted).first()


def line(held: Shown, n: int) -> telling.Line | None:
    """One line of the history."""
    told = telling.lines(held.names, queries.history(held.viewer, held.case, after=n - 1, limit=1), held.now)
    return told[0] if told else None


def last_lines(held: Shown, most: int) -> list[telling.Line]:
    """The end of the history, newest first."""
    events = queries.history(held.viewer, held.case, after=max(0, held.case.version - most), limit=most)
    return telling.lines(held.names, reversed(events), held.now)
