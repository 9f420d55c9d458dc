"""What is wrong with a case type that has the right shape: names, loops, steps that never come, deadlocks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from egard.kernel.cases.rules import graph
from egard.kernel.cases.rules.definition import CaseType
from egard.kernel.cases.rules.reading import FINDINGS_MAX, Finding, Refused, read
from egard.kernel.cases.rules.syntax import Node, parse

Path = tuple[str, ...]
Say = Callable[[Path, str, str], None]


def lint(source: str) -> tuple[CaseType | None, list[Finding]]:
    """The case type of a file (None where it has no shape), and what is wrong with it, by line."""
    try:
        case_type, lines = read(source)
    except Refused as refused:
        return None, refused.findings
    found: set[Finding] = set()

    def say(path: Path, rule: str, message: str) -> None:
        found.add(Finding(lines.at(path), rule, message))

    _names(case_type, say)
    _references(case_type, say)
    _expressions(case_type, say)
    if not found:  # else the graph would speak of names that are not there
        for path, rule, message in graph.findings(case_type):
            say(path, rule, message)
    return case_type, sorted(found)[:FINDINGS_MAX]


def _names(case_type: CaseType, say: Say) -> None:
    """One name means one thing: steps, stages, milestones and promises share theirs."""
    meant: dict[str, Path] = {}
    places: list[Path] = [path for path, _stage, _step in graph.parts(case_type)]
    for stage_key, stage in case_type.stages.items():
        places += [("stages", stage_key), *(("stages", stage_key, "milestones", key) for key in stage.milestones)]
    places += [("promises", key) for key in case_type.promises]
    for path in places:
        if meant.setdefault(path[-1], path) != path:
            say(
                path, "twice", f"“{path[-1]}” already names something else; names are shared by steps, stages, promises"
            )


def _references(case_type: CaseType, say: Say) -> None:
    """What is named is there."""
    for path, _stage, step in graph.parts(case_type):
        if step.role and step.role not in case_type.roles:
            words = f"“{step.role}” is not among the roles of this file{_like(step.role, case_type.roles)}"
            say((*path, "role"), "unknown_role", words)
        if step.ask and step.ask not in case_type.departments:
            say((*path, "ask"), "unknown_department", f"“{step.ask}” is not among the departments of this file")
        for name in step.fields:
            if name not in case_type.data:
                words = f"“{name}” is not a field of this file{_like(name, case_type.data)}"
                say((*path, "evidence"), "unknown_field", words)
    planned = {**case_type.steps, **case_type.stages, **case_type.milestones}
    gates: list[tuple[Path, tuple[str, ...]]] = [(path, step.after) for path, _stage, step in graph.parts(case_type)]
    for key, stage in case_type.stages.items():
        gates.append((("stages", key), stage.after))
        gates += [(("stages", key, "milestones", name), one.after) for name, one in stage.milestones.items()]
    for path, after in gates:
        for name in after:
            if name not in planned:
                say((*path, "after"), "unknown_step", f"“{name}” is no step, stage or milestone{_like(name, planned)}")
    for name, event in case_type.events.items():
        for wanted in (event.match, *event.sets):
            if wanted not in case_type.data:
                words = f"“{wanted}” is not a field of this file{_like(wanted, case_type.data)}"
                say(("events", name), "unknown_field", words)
        if event.completes and event.completes not in case_type.steps:
            say(("events", name), "unknown_step", f"“{event.completes}” is no step of this file")


def _like(name: str, known: Iterable[str]) -> str:
    """The nearest of some names, for whoever misspelt one."""
    from difflib import get_close_matches

    near = get_close_matches(name, list(known), n=1)
    return f"; did you mean “{near[0]}”?" if near else ""


# --- expressions ----------------------------------------------------------------------------------------------------


def _expressions(case_type: CaseType, say: Say) -> None:
    """What expressions ask about is there, and is compared with something that it may be."""
    clocks = {*case_type.promises, *(path[-1] for path, _stage, step in graph.parts(case_type) if step.promise)}
    known = {
        "data": case_type.data,
        "facts": case_type.events,
        "promises": clocks,
        "steps": {**case_type.steps, **case_type.menu},
        "stages": case_type.stages,
        "milestones": case_type.milestones,
    }
    for path, condition in graph.placed_conditions(case_type):
        for root, *rest in condition.uses or ():
            if rest and rest[0] not in known[root]:
                what = "unknown_field" if root == "data" else "unknown_name"
                say(path, what, f"{root}.{rest[0]}: no such name in this file{_like(rest[0], known[root])}")
            elif len(rest) > 1 and root != "facts":
                say(path, "unknown_name", f"{root}.{rest[0]} has no “{rest[1]}”")
        for node in parse(condition.cel).walk():
            _compared(case_type, node, path, say)


STEP_STATES = ("waiting", "available", "active", "done", "skipped", "cancelled")
CLOCK_STATES = ("none", "open", "paused", "kept", "broken", "released")


def _compared(case_type: CaseType, node: Node, path: Path, say: Say) -> None:
    """A state or a choice is compared with one of its own words, a number with a number."""
    if node.op not in ("==", "!=", "<", "<=", ">", ">=", "in") or node.args[0].op != "path":
        return
    root, name = (*node.args[0].value, "")[:2]
    right = node.args[1].args if node.args[1].op == "list" else (node.args[1],)
    for value in (one.value for one in right if one.op == "value"):
        if root in ("steps", "stages", "promises"):
            words = CLOCK_STATES if root == "promises" else STEP_STATES
            if value not in words:
                say(path, "never", f"{root}.{name} is never {value!r}; it is one of {', '.join(words)}")
        elif root == "data" and name in case_type.data:
            field = case_type.data[name]
            if field.type == "choice" and value not in field.choices:
                say(path, "never", f"data.{name} is never {value!r}; it is one of {', '.join(field.choices)}")
            elif value is not None and not isinstance(value, _PYTHON[field.type]):
                say(path, "never", f"data.{name} is {_KINDS[field.type]}, and is compared with {value!r}")
            elif field.type == "number" and type(value) is int:
                say(path, "number", f"data.{name} is a number with decimals: write {value}.0")


_KINDS = {
    "text": "a text", "document": "a text", "choice": "a choice", "whole": "a whole number", "money": "an amount",
    "number": "a number", "yes_no": "yes or no (true, false)", "date": "a moment", "moment": "a moment",
}  # fmt: skip
_PYTHON: dict[str, tuple[type, ...]] = {
    "text": (str,), "document": (str,), "choice": (str,), "whole": (int,), "money": (int,),
    "number": (float, int), "yes_no": (bool,), "date": (datetime,), "moment": (datetime,),
}  # fmt: skip
