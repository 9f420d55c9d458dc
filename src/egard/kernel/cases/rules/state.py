"""The state of a case, and how events fold into it. An event says all that `apply` needs: no file, no clock.

State is plain data, so that a stored snapshot is its JSON. Nothing handed in is changed: what changes is copied.

    {"status": "open" | "closed", "opened_at": text, "data": {…}, "steps": {key: {"state", "at", "n", …}},
     "stages": {key: state}, "milestones": {key: at}, "facts": {name: {"at", …}}, "clocks": {key: {"state", "n", …}},
     "added": {key: {"step": definition, "stage", "from"}}, "refused": {key: count}, "outcome": text, "children": {…}}

A step that is not in `steps` waits. `n` counts its runs: a step done again keeps its key.

An event is `{"kind", …}` with its consequences in `then`, a list of events of the last kinds below.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

State = dict[str, Any]
Event = dict[str, Any]

AVAILABLE, ACTIVE, DONE, SKIPPED, CANCELLED, WAITING = (
    "available",
    "active",
    "done",
    "skipped",
    "cancelled",
    "waiting",
)
OPEN = frozenset({AVAILABLE, ACTIVE})
SETTLED = frozenset({DONE, SKIPPED, CANCELLED})
PARTS = ("data", "steps", "stages", "milestones", "facts", "clocks", "added", "refused", "children")


def new_state() -> State:
    return {"status": "new", "outcome": "", "reopened": 0, **{name: {} for name in PARTS}}


def apply(state: State, event: Event) -> State:
    """The state after an event and all its consequences; `state` itself stays as it is."""
    after: State = {name: dict(value) if type(value) is dict else value for name, value in state.items()}
    at = event.get("at", "")
    _APPLY[event["kind"]](after, event, at)
    for consequence in event.get("then", ()):
        _APPLY[consequence["kind"]](after, consequence, at)
    return after


def consequence(state: State, event: Event, at: str) -> None:
    """Fold one consequence into a state that is being built (see `engine`)."""
    _APPLY[event["kind"]](state, event, at)


def rebuild(events: Iterable[Event]) -> State:
    """The state that a whole history gives."""
    state = new_state()
    for event in events:
        state = apply(state, event)
    return state


def _opened(state: State, event: Event, at: str) -> None:
    state["status"] = "open"
    state["opened_at"] = at
    _put_data(state, event, at)


def _put_data(state: State, event: Event, at: str) -> None:
    """JSON merge: null takes a value away."""
    for name, value in (event.get("data") or {}).items():
        if value is None:
            state["data"].pop(name, None)
        else:
            state["data"][name] = value


def _step(to: str) -> Callable[[State, Event, str], None]:
    def change(state: State, event: Event, at: str) -> None:
        held = state["steps"].get(event["step"], _FIRST)
        kept = {name: held[name] for name in _KEPT if name in held}
        told = {name: event[name] for name in ("by", "why", "team") if event.get(name)}
        state["steps"][event["step"]] = {**kept, "state": to, "at": at, **told}
        _put_data(state, event, at)

    return change


_FIRST = {"n": 1}
_KEPT = ("n", "owner", "team", "again")
"""What a step keeps from state to state: which run it is, whose it is, whether somebody asked for this run."""


def _waiting(state: State, event: Event, at: str) -> None:
    """It is not its turn any more. When it is again, that is another run, with a promise of its own."""
    held = state["steps"][event["step"]]
    state["steps"][event["step"]] = {"n": held["n"] + 1, "state": WAITING, "at": at}


def _again(state: State, event: Event, at: str) -> None:
    """Another run of the step, whatever it follows."""
    held = state["steps"][event["step"]]
    whose = {name: held[name] for name in ("owner", "team") if name in held}
    state["steps"][event["step"]] = {**whose, "n": held["n"] + 1, "state": AVAILABLE, "at": at, "again": True}


def _added(state: State, event: Event, at: str) -> None:
    state["added"][event["step"]] = event["added"]


def _assigned(state: State, event: Event, at: str) -> None:
    if event.get("step"):
        held = state["steps"].get(event["step"], {"n": 1, "state": WAITING, "at": at})
        state["steps"][event["step"]] = {**held, "owner": event.get("owner") or ""}


def _fact(state: State, event: Event, at: str) -> None:
    state["facts"][event["name"]] = {**event.get("brought", {}), "at": event.get("happened_at") or at}
    _put_data(state, event, at)
    if event.get("step"):
        _step(DONE)(state, {"step": event["step"], "by": event.get("by")}, at)


def _put(part: str, key: str = "key", value: str = "state") -> Callable[[State, Event, str], None]:
    def change(state: State, event: Event, at: str) -> None:
        state[part][event[key]] = event[value] if value else at

    return change


def _clock(state: State, event: Event, at: str) -> None:
    held = state["clocks"].get(event["clock"], {})
    if event["what"] == "started":
        held = {"n": event["n"], "late": False}
    elif event["what"] == "broken":
        held = {**held, "late": True}
    told = {name: event[name] for name in ("promise", "due_at") if event.get(name)}
    state["clocks"][event["clock"]] = {**held, **told, "state": _CLOCK_STATE.get(event["what"], held.get("state"))}


_CLOCK_STATE = {
    "started": "open",
    "resumed": "open",
    "paused": "paused",
    "kept": "kept",
    "released": "released",
    "broken": "broken",
}


def _closed(state: State, event: Event, at: str) -> None:
    state["status"] = "closed"
    state["outcome"] = event.get("outcome", "")
    state["closed_at"] = at


def _reopened(state: State, event: Event, at: str) -> None:
    state["status"] = "open"
    state["reopened"] += 1
    state.pop("closed_at", None)


def _refused(state: State, event: Event, at: str) -> None:
    state["refused"][event["step"]] = state["refused"].get(event["step"], 0) + 1


def _child(state: State, event: Event, at: str) -> None:
    state["children"][event["step"]] = event["case"]


def _moved(state: State, event: Event, at: str) -> None:
    """Another version of the type: parts take their new names; `None` is what has no place there any more."""
    for part, names in event["names"].items():
        state[part] = {new: value for old, value in state[part].items() if (new := names.get(old, old)) is not None}
    state["added"] |= event.get("carried", {})


def _nothing(state: State, event: Event, at: str) -> None:
    """It stands in the history and changes nothing: a note, a warning, time that went by."""


_APPLY: Mapping[str, Callable[[State, Event, str], None]] = {
    "opened": _opened,
    "data": _put_data,
    "started": _step(ACTIVE),
    "completed": _step(DONE),
    "skipped": _step(SKIPPED),
    "redone": _again,
    "added": _added,
    "assigned": _assigned,
    "noted": _nothing,
    "fact": _fact,
    "refused": _refused,
    "closed": _closed,
    "reopened": _reopened,
    "moved": _moved,
    "time": _nothing,
    "child": _child,
    # consequences
    "available": _step(AVAILABLE),
    "again": _again,
    "waiting": _waiting,
    "cancelled": _step(CANCELLED),
    "stage": _put("stages"),
    "milestone": _put("milestones", value=""),
    "clock": _clock,
}
KINDS = frozenset(_APPLY)
