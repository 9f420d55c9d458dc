"""How a case moves: `evaluate(case_type, state, event, now)` folds one event and finds all that follows from it.

Pure and deterministic: the same four give the same answer for ever, and no memory hides anywhere else.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from egard.kernel.cases.rules.conditions import Condition, Names
from egard.kernel.cases.rules.definition import CaseType, Clock, Stage, Step
from egard.kernel.cases.rules.state import (
    ACTIVE,
    AVAILABLE,
    CANCELLED,
    DONE,
    OPEN,
    SETTLED,
    SKIPPED,
    WAITING,
    Event,
    State,
    apply,
    consequence,
)
from egard.kernel.cases.rules.values import as_moment, seen

PASSES_MAX = 50
"""What follows from what follows: a file that needs more is refused by the linter as a loop."""


RUNS_MAX = 1000
"""So often a step comes back by itself."""


class Known:
    """What expressions may ask about a case; only what one asks for is handed to it."""

    __slots__ = ("answers", "now", "state", "type")

    def __init__(self, case_type: CaseType, state: State, now: datetime) -> None:
        self.type, self.state, self.now = case_type, state, now
        self.answers: dict[str, bool | None] = {}
        """By expression, as long as nothing changes."""

    def __call__(self, uses: tuple[tuple[str, ...], ...]) -> Names:
        names: dict[str, Any] = {}
        for root, *rest in uses:
            if root == "now":
                names["now"] = self.now
            elif root == "opened_at":
                names["opened_at"] = as_moment(self.state["opened_at"])
            else:
                held = names.setdefault(root, {})
                value = self._one(root, rest[0])
                if value is not None:
                    held[rest[0]] = value
        return names

    def _one(self, root: str, name: str) -> Any:
        state = self.state
        if root == "data":
            value = state["data"].get(name)
            return None if value is None else seen(self.type.data.get(name), value)
        if root == "steps":
            return state["steps"].get(name, _WAITS)["state"]
        if root == "promises":
            clock = state["clocks"].get(name, _NO_CLOCK)
            return "broken" if clock.get("late") else clock["state"]  # what broke stays broken
        if root == "stages":
            return state["stages"].get(name, WAITING)
        if root == "milestones":
            return as_moment(state["milestones"].get(name, "")) if name in state["milestones"] else None
        fact = state["facts"].get(name)
        return None if fact is None else {**fact, "at": as_moment(fact["at"])}

    def holds(self, condition: Condition | None) -> bool | None:
        """True where there is no condition."""
        if condition is None:
            return True
        if condition.cel not in self.answers:
            self.answers[condition.cel] = condition.holds(self)
        return self.answers[condition.cel]


_WAITS = {"state": WAITING}
_OVER = frozenset({DONE, SKIPPED})
"""A step in these comes back only where it repeats."""
_NO_CLOCK = {"state": "none"}


def evaluate(case_type: CaseType, state: State, event: Event, now: datetime) -> tuple[State, Event]:
    """The state after `event` with all that follows, and the event with its consequences in `then`.

    `event` has its `kind` and `at`. A closed case moves by no condition.
    """
    after = apply(state, event)
    then: list[Event] = list(event.get("then", ()))
    settle(case_type, after, event["at"], now, then, stays=bool(after["reopened"]) and event["kind"] in _MOVES_NOTHING)
    return after, {**event, "then": then} if then else event


_MOVES_NOTHING = frozenset({"reopened", "noted", "assigned", "refused", "clock"})
"""A case that was reopened closes by itself again once something is done on it; none of these is."""


def settle(
    case_type: CaseType, state: State, at: str, now: datetime, then: list[Event], *, stays: bool = False
) -> None:
    """Fold into `state` what follows from it now, and list it in `then`. `stays`: it does not close by itself."""
    known = Known(case_type, state, now)

    def follow(**event: Any) -> None:
        then.append(event)
        consequence(state, event, at)
        known.answers.clear()

    for _pass in range(PASSES_MAX):
        before = len(then)
        is_open = state["status"] == "open"
        for change in _changes(known) if is_open else ():
            follow(**change)
        for change in _clock_changes(known):
            follow(**change)
        if len(then) > before:
            continue
        if stays or not (is_open and case_type.closing.auto and can_close(known)):
            break
        follow(kind="closed", outcome="")


def _changes(known: Known) -> Iterator[Event]:
    """One pass over everything, in the order of the file. Consequences are folded in as they come."""
    case_type, state = known.type, known.state
    for name, stage in case_type.stages.items():
        before = state["stages"].get(name, WAITING)
        now_is = _stage_state(known, name, stage, before)
        if now_is != before:
            yield {"kind": "stage", "key": name, "state": now_is}
        if now_is == WAITING:
            continue
        steps = state["steps"]
        for key, step in stage.steps.items():
            if step.repeat is not None or steps.get(key, _WAITS)["state"] not in _OVER:
                yield from _step_changes(known, key, step, now_is)
        for key, milestone in stage.milestones.items():
            if (
                key not in state["milestones"]
                and all(is_settled(known, one) for one in milestone.after)
                and known.holds(milestone.when)
            ):
                yield {"kind": "milestone", "key": key}
    for key, added in added_in_order(state):
        yield from _step_changes(known, key, added_step(added), state["stages"].get(added.get("stage", ""), ACTIVE))


def _stage_state(known: Known, name: str, stage: Stage, before: str) -> str:
    if before == CANCELLED:
        return CANCELLED
    if before == WAITING:
        may = all(is_settled(known, one) for one in stage.after) and known.holds(stage.only_if)
        return ACTIVE if may and known.holds(stage.when) else WAITING
    if stage.until is not None and known.holds(stage.until):
        return CANCELLED
    steps = known.state["steps"]
    for key, step in steps_in(known.type, known.state, name):
        held = steps.get(key, _WAITS)["state"]
        if held == ACTIVE or (step.required and not is_settled(known, key)):
            return ACTIVE
    return DONE


def _step_changes(known: Known, key: str, step: Step, stage: str) -> Iterator[Event]:
    held = known.state["steps"].get(key, _WAITS)
    was = held["state"]
    if was in SETTLED:
        if stage == CANCELLED:
            return
        if was == DONE and step.repeat is not None and held["n"] < RUNS_MAX and known.holds(step.repeat):
            yield {"kind": "again", "step": key}
        elif was == CANCELLED and held.get("why") == "if" and known.holds(step.only_if):
            yield {"kind": "available", "step": key, "why": ""}
        return
    if was in OPEN:
        if stage == CANCELLED:
            yield {"kind": "cancelled", "step": key, "why": "stage"}
        elif step.until is not None and known.holds(step.until):
            yield {"kind": "cancelled", "step": key, "why": "until"}
        elif was == AVAILABLE and step.only_if is not None and known.holds(step.only_if) is False:
            yield {"kind": "cancelled", "step": key, "why": "if"}
        elif was == AVAILABLE and not held.get("again") and not all(is_settled(known, one) for one in step.after):
            yield {"kind": "waiting", "step": key}  # what it followed is done again
        return
    if stage not in (ACTIVE, DONE):
        return
    if (
        all(is_settled(known, one) for one in step.after)
        and known.holds(step.only_if)
        and known.holds(step.when)
        and not (step.until is not None and known.holds(step.until))
    ):
        yield {"kind": "available", "step": key}


def is_settled(known: Known, key: str) -> bool:
    """Whether what follows `key` (a step, a stage, a milestone) need not wait for it any more."""
    case_type, state = known.type, known.state
    step = state["steps"].get(key)
    if step is not None and step["state"] in SETTLED:  # names are shared: it is nothing else
        return True
    if key in case_type.milestones:
        return key in state["milestones"]
    if key in case_type.stages:
        held = state["stages"].get(key, WAITING)
        return held in (DONE, CANCELLED) or (held == WAITING and known.holds(case_type.stages[key].only_if) is False)
    return (step is None or step["state"] == WAITING) and not concerns(known, key)


def concerns(known: Known, key: str) -> bool:
    """Whether a waiting step may still come: its `if` and its stage's are not known to be false."""
    step, stage = step_of(known.type, known.state, key), known.type.stages.get(known.type.stage_of.get(key, ""))
    if step is None or (step.only_if is not None and known.holds(step.only_if) is False):
        return False
    if stage is None:
        return True
    if known.state["stages"].get(known.type.stage_of[key]) == CANCELLED:
        return False
    return stage.only_if is None or known.holds(stage.only_if) is not False


def added_in_order(state: State) -> list[tuple[str, dict[str, Any]]]:
    """As they were added; a stored state does not keep the order of its keys."""
    added = state["added"]
    return sorted(added.items(), key=lambda pair: (pair[1].get("n", 0), pair[0])) if added else []


def added_step(added: dict[str, Any]) -> Step:
    """The definition of a step that somebody added, as it was stored with the case."""
    return Step.model_validate(added["step"])


def step_of(case_type: CaseType, state: State, key: str) -> Step | None:
    """The definition of a step of this case: planned in the file, or added."""
    found = case_type.steps.get(key)
    if found is None and key in state["added"]:
        return added_step(state["added"][key])
    return found


def all_steps(case_type: CaseType, state: State) -> Iterator[tuple[str, Step]]:
    """Every step of a case, in the order of the file, then as they were added."""
    yield from case_type.steps.items()
    for key, added in added_in_order(state):
        yield key, added_step(added)


def steps_in(case_type: CaseType, state: State, stage: str) -> Iterator[tuple[str, Step]]:
    yield from case_type.stages[stage].steps.items()
    for key, added in state["added"].items():
        if added.get("stage") == stage:
            yield key, added_step(added)


def state_of(state: State, key: str) -> str:
    return state["steps"].get(key, _WAITS)["state"]


def unsettled(known: Known) -> list[str]:
    """The steps that stand between the case and its closing: required ones, and whatever somebody has begun."""
    return [
        key
        for key, step in all_steps(known.type, known.state)
        if state_of(known.state, key) == ACTIVE or (step.required and not is_settled(known, key))
    ]


def can_close(known: Known) -> bool:
    return not unsettled(known) and all(known.holds(need) for need in known.type.closing.needs)


# --- clocks ---------------------------------------------------------------------------------------------------------


def clocks(case_type: CaseType, state: State) -> Iterator[tuple[str, Clock, bool]]:
    """Every clock: its key, its definition, whether it runs with a step of that key."""
    yield from case_type.clocks
    for key, added in added_in_order(state):
        if (clock := added_step(added).promise) is not None:
            yield key, clock, True


def _clock_changes(known: Known) -> Iterator[Event]:
    """What the clocks do, as things are. A run that ended is never begun again: only another run of its step is."""
    state = known.state
    for key, clock, of_step in clocks(known.type, state):
        held = state["clocks"].get(key, _NO_CLOCK)
        is_now, wanted = held["state"], _clock_wanted(known, key, clock, of_step)
        # Closing ends every clock; a case that is reopened owes again what it owed.
        runs = state["reopened"] + (state["steps"].get(key, _ONE_RUN)["n"] if of_step else 1)
        is_new = held.get("n", 0) < runs
        if is_now in _RUNNING and is_new and wanted in _RUNNING:
            yield {"kind": "clock", "clock": key, "what": "kept"}  # done, and to do again at once
        elif is_now in _RUNNING and wanted != is_now:
            yield {"kind": "clock", "clock": key, "what": "resumed" if wanted == "open" else wanted}
        elif is_now == "broken" and wanted == "kept":
            yield {"kind": "clock", "clock": key, "what": "kept"}
        if wanted in _RUNNING and is_new:
            yield {"kind": "clock", "clock": key, "what": "started", "n": runs}
            if wanted == "paused":
                yield {"kind": "clock", "clock": key, "what": "paused"}


_RUNNING = ("open", "paused")
_ONE_RUN = {"n": 1}


def _clock_wanted(known: Known, key: str, clock: Clock, of_step: bool) -> str:
    """`none`, `open`, `paused`, `kept` or `released`: what the clock should be, as things are."""
    state = known.state
    if of_step:
        step = state_of(state, key)
        if step == DONE:
            return "kept"
        if step in (SKIPPED, CANCELLED, WAITING) or state["status"] != "open":
            return "released"
    elif state["status"] != "open":
        return "kept" if clock.stop is None else "released"
    if clock.stop is not None and known.holds(clock.stop):
        return "kept"
    started = state["clocks"].get(key, _NO_CLOCK)["state"] in (*_RUNNING, "broken")
    if not started and clock.start is not None and not known.holds(clock.start):
        return "none"
    return "paused" if _is_paused(known, key, clock) else "open"


def _is_paused(known: Known, key: str, clock: Clock) -> bool:
    if clock.pause is None:
        return False
    if clock.resume is not None and state_is_paused(known.state, key):
        return not known.holds(clock.resume)
    return bool(known.holds(clock.pause)) and not (clock.resume is not None and known.holds(clock.resume))


def state_is_paused(state: State, key: str) -> bool:
    return state["clocks"].get(key, _NO_CLOCK)["state"] == "paused"


# --- time -----------------------------------------------------------------------------------------------------------


def next_moment(case_type: CaseType, state: State, now: datetime) -> datetime | None:
    """When time alone may move the case: the earliest moment that one of its conditions compares `now` with."""
    if state["status"] != "open":
        return None
    known = Known(case_type, state, now)
    found = (condition.next_moment(known, now) for condition in timed(case_type, state))
    return min((at for at in found if at is not None), default=None)


def timed(case_type: CaseType, state: State) -> list[Condition]:
    """All conditions that ask what time it is; for most types there are none."""
    held = case_type.__dict__.get("_timed")
    if held is None:
        held = [condition for condition in conditions(case_type) if condition.moments]
        case_type.__dict__["_timed"] = held
    added = (one for key in state["added"] for one in _step_conditions(added_step(state["added"][key])) if one.moments)
    return [*held, *added] if state["added"] else held


def conditions(case_type: CaseType) -> Iterator[Condition]:
    """Every condition of a file."""
    for clock in case_type.promises.values():
        yield from _clock_conditions(clock)
    for stage in case_type.stages.values():
        yield from (one for one in (stage.only_if, stage.when, stage.until) if one)
        for step in (*stage.steps.values(), *stage.menu.values()):
            yield from _step_conditions(step)
        yield from (one.when for one in stage.milestones.values() if one.when)
    yield from case_type.closing.needs


def _step_conditions(step: Step) -> Iterator[Condition]:
    yield from (one for one in (step.only_if, step.when, step.until, step.repeat) if one)
    if step.promise is not None:
        yield from _clock_conditions(step.promise)


def _clock_conditions(clock: Clock) -> Iterator[Condition]:
    yield from (one for one in (clock.start, clock.pause, clock.resume, clock.stop) if one)
