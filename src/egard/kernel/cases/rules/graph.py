"""The graph of a case type: what waits for what. Loops, steps that can never come, closings never reached."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from egard.kernel.cases.rules.conditions import Condition
from egard.kernel.cases.rules.definition import CaseType, Clock, Step
from egard.kernel.cases.rules.syntax import Node, parse

Path = tuple[Any, ...]
Found = tuple[Path, str, str]
Atom = tuple[tuple[str, ...], str, Any]
"""Something that a condition asks for: path, sign, constant."""


def parts(case_type: CaseType) -> Iterator[tuple[Path, str, Step]]:
    """Every step with its path and its stage."""
    for stage_key, stage in case_type.stages.items():
        for place, steps in (("steps", stage.steps), ("menu", stage.menu)):
            for key, step in steps.items():
                yield ("stages", stage_key, place, key), stage_key, step


def placed_conditions(case_type: CaseType) -> Iterator[tuple[Path, Condition]]:
    """Every condition of a file, with its path."""
    for path, _stage, step in parts(case_type):
        for name, one in (("if", step.only_if), ("when", step.when), ("until", step.until), ("repeat", step.repeat)):
            if one is not None:
                yield (*path, name), one
        if step.promise is not None:
            yield from _of_clock((*path, "promise"), step.promise)
    for key, stage in case_type.stages.items():
        for name, one in (("if", stage.only_if), ("when", stage.when), ("until", stage.until)):
            if one is not None:
                yield ("stages", key, name), one
        for name, milestone in stage.milestones.items():
            if milestone.when is not None:
                yield ("stages", key, "milestones", name, "when"), milestone.when
    for key, clock in case_type.promises.items():
        yield from _of_clock(("promises", key), clock)
    for n, need in enumerate(case_type.closing.needs):
        yield ("closing", "needs", n), need


def _of_clock(path: Path, clock: Clock) -> Iterator[tuple[Path, Condition]]:
    for name in ("start", "pause", "resume", "stop"):
        one = getattr(clock, name)
        if one is not None:
            yield (*path, name), one


def findings(case_type: CaseType) -> Iterator[Found]:
    """What is wrong with it, by path: rule and words."""
    places = {path[-1]: path for path, _stage, _step in parts(case_type)}
    places |= {key: ("stages", key) for key in case_type.stages}
    for loop in _loops(_clock_waits(case_type)):
        path = places.get(loop[0], ("promises", loop[0]))
        yield path, "loop", f"these promises wait for one another: {' → '.join([*loop, loop[0]])}"
    places |= {
        name: ("stages", key, "milestones", name) for key, one in case_type.stages.items() for name in one.milestones
    }
    for loop in _loops(_waits(case_type)):
        yield places[loop[0]], "loop", f"these wait for one another: {' → '.join([*loop, loop[0]])}"
    atoms = {key: _atoms_of_step(case_type, key, step) for _path, key, step in _keyed(case_type)}
    for path, key, step in _keyed(case_type):
        if (clash := _clash(atoms[key])) is not None:
            yield path, "unreachable", f"it can never begin: {clash}"
        elif (clash := _clash([*atoms[key], *_demanded_atoms(atoms[key], atoms)])) is not None:
            yield path, "deadlock", f"what it waits for never happens together: {clash}"
        if step.repeat is not None and step.repeat.cel == "true":
            yield (*path, "repeat"), "deadlock", "it comes back for ever, and the case is never closed: say until when"
        if step.case == case_type.case:
            yield (*path, "case"), "loop", "a case cannot open another of its own type within itself"
    yield from _undecided(case_type, atoms)
    for path, condition in placed_conditions(case_type):
        wanted = list(_atoms(parse(condition.cel)))
        if "needs" in path and (clash := _clash([*wanted, *_demanded_atoms(wanted, atoms)])) is not None:
            yield path, "deadlock", f"the case can never be closed: {clash}"
        elif not condition.uses and not condition.holds(lambda _uses: {}) and path[-1] in ("if", "when", *_INDEXES):
            yield path, "unreachable", f"“{condition.cel}” never holds"


_INDEXES = range(100)


def _keyed(case_type: CaseType) -> Iterator[tuple[Path, str, Step]]:
    for path, _stage, step in parts(case_type):
        yield path, path[-1], step


# --- loops ----------------------------------------------------------------------------------------------------------


def _waits(case_type: CaseType) -> dict[str, set[str]]:
    """What each step, stage and milestone cannot begin without; alternatives (`||`) wait for nothing by themselves."""
    waits: dict[str, set[str]] = {}
    for key, stage in case_type.stages.items():
        waits[key] = {*stage.after, *_demanded(stage.when), *_demanded(stage.only_if)}
        for name, step in stage.steps.items():
            waits[name] = {key, *step.after, *_demanded(step.when), *_demanded(step.only_if)}
        for name, milestone in stage.milestones.items():
            waits[name] = {key, *milestone.after, *_demanded(milestone.when)}
    # A stage is over when its required steps are: whoever waits for it from outside waits for them.
    for one, needed in waits.items():
        for name in [name for name in needed if name in case_type.stages]:
            stage = case_type.stages[name]
            if one not in stage.steps and one not in stage.milestones:
                needed |= {key for key, step in stage.steps.items() if step.required}
    return waits


def _clock_waits(case_type: CaseType) -> dict[str, set[str]]:
    """Which promises each promise asks about."""
    clocks = {
        **case_type.promises,
        **{path[-1]: step.promise for path, _key, step in _keyed(case_type) if step.promise},
    }
    return {
        key: {path[1] for _name, one in _of_clock((), clock) for path in one.uses or () if path[0] == "promises"}
        for key, clock in clocks.items()
    }


def _demanded(condition: Condition | None) -> set[str]:
    """The steps, stages and milestones that a condition cannot hold without."""
    if condition is None:
        return set()
    return {path[1] for path, sign, value in _atoms(parse(condition.cel)) if _is_demand(path, sign, value)}


def _is_demand(path: tuple[str, ...], sign: str, value: Any) -> bool:
    if path[0] == "milestones":
        return sign == "has"
    return path[0] in ("steps", "stages") and sign == "==" and value in ("done", "skipped", "active", "available")


def _loops(waits: dict[str, set[str]]) -> list[list[str]]:
    """Circles, without recursion."""
    found: list[list[str]] = []
    done: set[str] = set()
    for start in waits:
        trail: list[str] = [start]
        pending = [iter(sorted(waits[start]))]
        while trail and start not in done:
            following = next((one for one in pending[-1] if one in waits and one not in done), None)
            if following is None:
                done.add(trail.pop())
                pending.pop()
            elif following in trail:
                found.append(trail[trail.index(following) :])
                done |= set(trail)
                break
            else:
                trail.append(following)
                pending.append(iter(sorted(waits[following])))
    return found


# --- contradictions -------------------------------------------------------------------------------------------------


def _atoms_of_step(case_type: CaseType, key: str, step: Step) -> list[Atom]:
    """All that must hold for a step to begin, its stage's conditions too."""
    stage = case_type.stages[case_type.stage_of[key]]
    held = (step.only_if, step.when, stage.only_if)
    return [atom for one in held if one is not None for atom in _atoms(parse(one.cel))]


def _demanded_atoms(wanted: list[Atom], atoms: dict[str, list[Atom]]) -> Iterator[Atom]:
    """What must have held for the steps that are wanted done."""
    for path, sign, value in wanted:
        if path[0] == "steps" and sign == "==" and value == "done":
            yield from (atom for atom in atoms.get(path[1], ()) if atom[0][0] == "data")


def _undecided(case_type: CaseType, atoms: dict[str, list[Atom]]) -> Iterator[Found]:
    """Required steps of which nobody would ever know whether they concern the case: what their `if` asks about is given
    by a step alone that does not concern every case, and they do not ask for what that step asks for.
    """
    givers: dict[str, list[str]] = {}
    for key, step in case_type.steps.items():
        for name in step.fields:
            givers.setdefault(name, []).append(key)
    for path, key, step in _keyed(case_type):
        for use in (step.only_if.uses or ()) if step.only_if and step.required and key in case_type.steps else ():
            giving = givers.get(use[1], []) if use[0] == "data" else []
            if giving and all(_may_not_concern(case_type, one, atoms[key]) for one in giving if one != key):
                asked = case_type.steps[giving[0]].only_if
                words = f"data.{use[1]} is given by “{giving[0]}” alone, which may not concern the case"
                yield (*path, "if"), "deadlock", f"{words}: ask for what it asks for too ({asked.cel if asked else ''})"


def _may_not_concern(case_type: CaseType, key: str, asked: list[Atom]) -> bool:
    only_if = case_type.steps[key].only_if
    return only_if is not None and not all(atom in asked for atom in _atoms(parse(only_if.cel)))


def _atoms(node: Node, yes: bool = True) -> Iterator[Atom]:
    """What must hold for `node` to hold (or not to); of alternatives nothing must."""
    if node.op == "not":
        yield from _atoms(node.args[0], not yes)
    elif node.op == ("and" if yes else "or"):
        for arg in node.args:
            yield from _atoms(arg, yes)
    elif node.op in _OPPOSITE and node.args[0].op == "path" and node.args[1].op == "value":
        yield node.args[0].value, node.op if yes else _OPPOSITE[node.op], node.args[1].value
    elif node.op == "path":
        yield node.value, "==", yes
    elif node.op == "call" and node.value == "has" and yes:
        yield node.args[0].value, "has", True


_OPPOSITE = {"==": "!=", "!=": "==", ">": "<=", "<=": ">", "<": ">=", ">=": "<"}


def _clash(atoms: list[Atom]) -> str | None:
    """Two of them that cannot both hold, in words."""
    for n, (path, sign, value) in enumerate(atoms):
        for other_path, other_sign, other in atoms[:n]:
            if path != other_path or "has" in (sign, other_sign):
                continue
            both_equal = sign == other_sign == "==" and value != other
            opposite = value == other and (_OPPOSITE[sign] == other_sign or {sign, other_sign} == {"<", ">"})
            if both_equal or opposite:
                name = ".".join(path)
                return f"{name} {other_sign} {other!r} and {name} {sign} {value!r}"
    return None
