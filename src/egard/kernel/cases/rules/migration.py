"""Carrying a running case to another version of its type: what differs, where things go, what would not pass.

A plan names, for steps, stages, milestones, data and clocks, the new name of an old one (None: it goes away). What
people did is never lost: a step that has no place any more, but was begun or settled, goes with the case as an added
one. Clocks go by their names with all that they were: one that fired, was kept or runs is never started again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from difflib import SequenceMatcher
from typing import Any

from egard.kernel.cases.rules.definition import CaseType, Step
from egard.kernel.cases.rules.engine import state_of
from egard.kernel.cases.rules.state import ACTIVE, AVAILABLE, OPEN, SETTLED, Event, State
from egard.kernel.cases.rules.text import Text, fill

PARTS = ("steps", "stages", "milestones", "data", "promises")
LIKE = 0.6
"""Titles at least so alike may be one step under two names."""

Names = dict[str, dict[str, str | None]]


@dataclass(frozen=True, slots=True)
class Difference:
    """What another version adds, takes away and changes, by part; `renamed` is a guess by the titles."""

    added: dict[str, list[str]] = field(default_factory=dict)
    removed: dict[str, list[str]] = field(default_factory=dict)
    changed: dict[str, list[str]] = field(default_factory=dict)
    renamed: Names = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a case would not pass."""

    code: str
    key: str
    text: Text


_WORDS = {
    "loses_required": Text(
        fr="l’étape obligatoire « {title} », encore à faire, serait perdue",
        en="the required step “{title}”, still to be done, would be lost",
    ),
    "loses_begun": Text(
        fr="« {title} » est commencé et n’a pas de place dans la nouvelle version",
        en="“{title}” is under way and has no place in the new version",
    ),
    "loses_data": Text(
        fr="« {title} » est renseigné et n’a pas de place dans la nouvelle version",
        en="“{title}” is known and has no place in the new version",
    ),
    "wrong_type": Text(
        fr="« {title} » ne convient pas au champ de la nouvelle version",
        en="“{title}” does not fit the field of the new version",
    ),
}


def parts_of(case_type: CaseType) -> dict[str, dict[str, Any]]:
    return {
        "steps": {**case_type.steps, **case_type.menu},
        "stages": case_type.stages,
        "milestones": case_type.milestones,
        "data": case_type.data,
        "promises": case_type.promises,
    }


def difference(old: CaseType, new: CaseType) -> Difference:
    """What `new` adds, takes away, changes; what may be the same under another name."""
    found = Difference()
    for part in PARTS:
        before, after = parts_of(old)[part], parts_of(new)[part]
        removed = [key for key in before if key not in after]
        added = [key for key in after if key not in before]
        renamed: dict[str, str | None] = {}
        for key in removed:
            near = sorted((_alike(before[key], after[one]), one) for one in added if one not in renamed.values())
            if near and near[-1][0] >= LIKE:
                renamed[key] = near[-1][1]
        changed = [key for key in before if key in after and _bare(before[key]) != _bare(after[key])]
        for name, told in (("added", added), ("removed", removed), ("changed", changed), ("renamed", renamed)):
            if told:
                getattr(found, name)[part] = told
    return found


def _bare(part: Any) -> Any:
    """A part without what stands in it under names of its own."""
    told = part.model_dump(mode="json")
    return {name: value for name, value in told.items() if name not in ("steps", "menu", "milestones")}


def _alike(one: Any, other: Any) -> float:
    """How alike two titles are, 0 to 1."""

    def words(part: Any) -> Text | None:
        return getattr(part, "title", None) or getattr(part, "label", None)

    a, b = words(one), words(other)
    if a is None or b is None or getattr(one, "type", "") != getattr(other, "type", ""):
        return 0.0
    return max(SequenceMatcher(None, a.fr, b.fr).ratio(), SequenceMatcher(None, a.en, b.en).ratio())


def names_of(old: CaseType, new: CaseType, plan: Names) -> Names:
    """Where everything of `old` goes: by the plan, else under its own name where that is there, else nowhere."""
    found: Names = {}
    for part in PARTS:
        said, after = plan.get(part, {}), parts_of(new)[part]
        wanted = {key: said.get(key, key) for key in parts_of(old)[part]}
        found[part] = {key: to if to in after else None for key, to in wanted.items()}
    return found


def problems(old: CaseType, new: CaseType, state: State, plan: Names) -> list[Problem]:
    """Why this case would not pass; empty where it would. What a plan sends to None on purpose may be lost, but for
    what somebody has begun and what is required and still to be done.
    """
    names, said = names_of(old, new, plan), plan.get("data", {})
    found: list[Problem] = []
    for key, step in old.steps.items():
        if names["steps"].get(key) is not None:
            continue
        held = state_of(state, key)
        if held == ACTIVE:
            found.append(_problem("loses_begun", key, step.title))
        elif step.required and held not in SETTLED and _still_needed(old, state, key):
            found.append(_problem("loses_required", key, step.title))
    for name, value in state["data"].items():
        to = names["data"].get(name)
        label = old.data[name].label if name in old.data else Text(fr=name, en=name)
        if to is None and name not in said:
            found.append(_problem("loses_data", name, label))
        elif to is not None and _misfit(new, to, value):
            found.append(_problem("wrong_type", name, label))
    return found


def _problem(code: str, key: str, title: Text) -> Problem:
    return Problem(code, key, fill(_WORDS[code], title=title))


def _still_needed(old: CaseType, state: State, key: str) -> bool:
    """Whether a required step that waits or is available may still have to be done on this case."""
    from egard.kernel.cases.rules.engine import Known, concerns
    from egard.kernel.cases.rules.values import as_moment

    if state_of(state, key) == AVAILABLE:
        return True
    opened_at = as_moment(state["opened_at"])
    assert opened_at is not None
    return concerns(Known(old, state, opened_at), key)


def _misfit(new: CaseType, name: str, value: Any) -> bool:
    from egard.kernel.cases.rules.values import problems as wrong

    return bool(wrong(new, {name: value}))


def move(old: CaseType, new: CaseType, state: State, plan: Names, *, at: datetime) -> Event:
    """The event that carries a case from `old` to `new`. Whether it should pass, `problems` says."""
    names = names_of(old, new, plan)
    carried: dict[str, Any] = {}
    for key, held in state["steps"].items():
        step = old.steps.get(key)
        if step is None or names["steps"].get(key) is not None or held["state"] not in SETTLED | OPEN:
            continue
        names["steps"][key] = key
        carried[key] = {"step": settled_step(step), "stage": "", "from": key}
    clocks = {**names["steps"], **names["promises"]}
    told = {"steps": names["steps"], "stages": names["stages"], "milestones": names["milestones"]}
    changed: dict[str, dict[str, str | None]] = {
        part: {key: to for key, to in one.items() if key != to}
        for part, one in {**told, "data": names["data"], "clocks": clocks}.items()
    }
    return {
        "kind": "moved",
        "at": at.isoformat(),
        "from": old.version,
        "to": new.version,
        "names": {part: one for part, one in changed.items() if one},
        "carried": carried,
    }


def settled_step(step: Step) -> dict[str, Any]:
    """A step as it goes with a case that has no place for it: readable, and in nobody's way."""
    return {"title": step.title.model_dump(), "role": "", "required": False}


def back(plan: Names) -> Names:
    """The plan that undoes another: what was renamed takes its old name."""
    return {part: {to: key for key, to in names.items() if to is not None} for part, names in plan.items()}
