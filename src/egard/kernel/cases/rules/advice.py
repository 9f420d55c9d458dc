"""What to do next and why, and why the rest waits: the same question gives the same answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from egard.kernel.cases.rules import words
from egard.kernel.cases.rules.definition import CaseType, Step
from egard.kernel.cases.rules.engine import (
    Known,
    all_steps,
    concerns,
    is_settled,
    state_of,
    step_of,
    unsettled,
)
from egard.kernel.cases.rules.state import ACTIVE, OPEN, WAITING, State
from egard.kernel.cases.rules.text import Text, fill, joined
from egard.kernel.cases.rules.values import as_moment, missing

SOON = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why: a code for programs, words for people."""

    code: str
    text: Text
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class NextStep:
    """A step that may be done now; `planned` is false for one that the menu suggests."""

    key: str
    title: Text
    stage: str
    state: str
    planned: bool
    reasons: tuple[Reason, ...]
    due_at: datetime | None = None
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Unmet:
    """What a waiting step (or the closing, key "") still lacks."""

    key: str
    title: Text
    reasons: tuple[Reason, ...] = field(default=())


_REASONS = {
    "promise_broken": Text(fr="Promesse non tenue : à faire au plus vite", en="Its promise is broken: do it first"),
    "promise_soon": Text(fr="Promis dans les 24 heures", en="Promised within 24 hours"),
    "promise_due": Text(fr="Une date est promise", en="It is promised for a date"),
    "promise_paused": Text(fr="Sa promesse est suspendue", en="Its promise is paused"),
    "active": Text(fr="Déjà commencé", en="Already begun"),
    "mine": Text(fr="Vous est confié", en="It is yours"),
    "required": Text(fr="Obligatoire avant de clore", en="Needed before the case may be closed"),
    "unblocks": Text(fr="Débloque : {steps}", en="Unblocks: {steps}"),
    "asked": Text(fr="Demandé par un collègue", en="A colleague asked for it"),
    "again": Text(fr="À refaire", en="To be done again"),
    "suggested": Text(fr="Proposé par la méthode", en="Suggested by the method"),
    "refused_before": Text(fr="Déjà écarté sur ce dossier", en="Set aside before on this case"),
    "optional": Text(fr="Facultatif", en="Optional"),
}
_UNMET = {
    "after": Text(fr="« {title} » n’est pas encore terminé", en="“{title}” is not done yet"),
    "stage": Text(fr="l’étape « {title} » n’a pas encore commencé", en="the stage “{title}” has not begun"),
    "when": Text(fr="il faut que : {words}", en="it is needed that: {words}"),
    "undecided": Text(
        fr="on ne sait pas encore si cela concerne ce dossier : {words}",
        en="it is not known yet whether this concerns the case: {words}",
    ),
    "step": Text(fr="« {title} » est à faire", en="“{title}” is to be done"),
    "perhaps": Text(fr="« {title} » est à faire (si {words})", en="“{title}” is to be done (if {words})"),
    "evidence": Text(fr="« {title} » attend : {words}", en="“{title}” needs: {words}"),
    "closed": Text(fr="le dossier est clos", en="the case is closed"),
}


def _reason(code: str, due_at: datetime | None = None, **said: Text) -> Reason:
    return Reason(code, fill(_REASONS[code], **said) if said else _REASONS[code], due_at)


def next_steps(
    case_type: CaseType, state: State, now: datetime, *, may: Callable[[Step], bool], me: str = ""
) -> list[NextStep]:
    """What this person may do now, most pressing first, each with its reasons.

    `may(step)`: whether she holds the step's role. `me`: her actor (`user:…`), for what is hers. The order: promises
    broken, then by due moment, then required, then by how many others it unblocks, then the order of the file; what
    was refused before comes last.
    """
    if state["status"] != "open":
        return []
    known = Known(case_type, state, now)
    ranked: list[tuple[tuple, NextStep]] = []
    for n, (key, step) in enumerate(all_steps(case_type, state)):
        if state_of(state, key) in OPEN and may(step):
            ranked.append(_ranked(known, key, step, n, me))
    for key, step in case_type.menu.items():
        stage = case_type.stage_of[key]
        free = state["stages"].get(stage) == ACTIVE and key not in state["added"]
        if free and may(step) and known.holds(step.only_if):
            ranked.append(_suggested(known, key, step, stage))
    return [one for _rank, one in sorted(ranked, key=lambda pair: pair[0])]


_NEVER = "9999"


def _suggested(known: Known, key: str, step: Step, stage: str) -> tuple[tuple, NextStep]:
    case_type, refused = known.type, known.state["refused"].get(key, 0)
    text = _REASONS["suggested"]
    if step.only_if is not None:
        text = joined([text, words.of(step.only_if, case_type)], fr=" : ", en=": ")
    reasons = (Reason("suggested", text), *((_reason("refused_before"),) if refused else ()))
    rank = (bool(refused), 2, _NEVER, True, 0, len(case_type.steps) + case_type.position[key], key)
    return rank, NextStep(key, step.title, stage, WAITING, False, reasons)


def _ranked(known: Known, key: str, step: Step, n: int, me: str) -> tuple[tuple, NextStep]:
    state = known.state
    held, clock = state["steps"][key], state["clocks"].get(key, {})
    due_at = as_moment(clock["due_at"]) if clock.get("due_at") else None
    reasons: list[Reason] = []
    if clock.get("state") == "broken" or (clock.get("state") == "open" and due_at is not None and due_at <= known.now):
        reasons.append(_reason("promise_broken", due_at))
    elif clock.get("state") == "open" and due_at is not None:
        reasons.append(_reason("promise_soon" if due_at - known.now < SOON else "promise_due", due_at))
    elif clock.get("state") == "paused":
        reasons.append(_reason("promise_paused"))
    if held.get("owner") and held["owner"] == me:
        reasons.append(_reason("mine"))
    if held["state"] == ACTIVE:
        reasons.append(_reason("active"))
    if held.get("again"):
        reasons.append(_reason("again"))
    if key in state["added"]:
        reasons.append(_reason("asked"))
    elif step.required:
        reasons.append(_reason("required"))
    blocked = waits_for(known, key)
    if blocked:
        reasons.append(_reason("unblocks", steps=joined(blocked, fr=", ", en=", ")))
    refused = bool(state["refused"].get(key))
    if refused:
        reasons.append(_reason("refused_before"))
    late = bool(reasons) and reasons[0].code == "promise_broken"
    running = due_at.isoformat() if due_at is not None and clock.get("state") in ("open", "broken") else _NEVER
    rank = (refused, 0 if late else 1, running, not step.required, -len(blocked), n, key)
    stage = known.type.stage_of.get(key) or state["added"].get(key, {}).get("stage", "")
    told = tuple(reasons) or (_reason("optional"),)
    return rank, NextStep(key, step.title, stage, held["state"], True, told, due_at, held.get("owner", ""))


def waits_for(known: Known, key: str) -> list[Text]:
    """The titles of the steps that wait for this one by name."""
    return [
        step.title
        for other, step in all_steps(known.type, known.state)
        if key in step.after and state_of(known.state, other) == WAITING and concerns(known, other)
    ]


def why(case_type: CaseType, state: State, now: datetime) -> list[Unmet]:
    """What each waiting step lacks, and what the closing lacks (key ""; no reasons: it may be closed)."""
    if state["status"] != "open":
        return [Unmet("", _CLOSING, (Reason("closed", _UNMET["closed"]),))]
    known = Known(case_type, state, now)
    found = [
        Unmet(key, step.title, tuple(_lacks(known, key, step)))
        for key, step in all_steps(case_type, state)
        if state_of(state, key) == WAITING and concerns(known, key)
    ]
    return [*found, Unmet("", _CLOSING, tuple(closing_lacks(known)))]


_CLOSING = Text(fr="Clôture du dossier", en="Closing the case")


def _lacks(known: Known, key: str, step: Step) -> list[Reason]:
    case_type, state = known.type, known.state
    found: list[Reason] = []
    stage = case_type.stages.get(case_type.stage_of.get(key, ""))
    if stage is not None and state["stages"].get(case_type.stage_of[key], WAITING) == WAITING:
        found.append(Reason("stage", fill(_UNMET["stage"], title=stage.title)))
        found += _gate(known, stage)
    return found + _gate(known, step)


def _gate(known: Known, part: object) -> list[Reason]:
    """What keeps a step or a stage from beginning."""
    found = [
        Reason("after", fill(_UNMET["after"], title=title_of(known, key)))
        for key in part.after  # ty: ignore[missing-attribute]
        if not is_settled(known, key)
    ]
    for code, condition in (("undecided", part.only_if), ("when", part.when)):  # ty: ignore[missing-attribute]
        if condition is not None and not known.holds(condition):
            found.append(Reason(code, fill(_UNMET[code], words=words.of(condition, known.type))))
    return found


def closing_lacks(known: Known) -> list[Reason]:
    """What stands between the case and its closing."""
    found: list[Reason] = []
    for key in unsettled(known):
        step = step_of(known.type, known.state, key)
        asked = missing(step.evidence, known.state["data"]) if step and state_of(known.state, key) in OPEN else {}
        labels = [known.type.data[name].label for name in asked]
        if labels:
            listed = joined(labels, fr=", ", en=", ")
            found.append(Reason("evidence", fill(_UNMET["evidence"], title=title_of(known, key), words=listed)))
        elif step and step.only_if is not None and not known.holds(step.only_if):  # one of several, none chosen yet
            told = words.of(step.only_if, known.type)
            found.append(Reason("perhaps", fill(_UNMET["perhaps"], title=title_of(known, key), words=told)))
        else:
            found.append(Reason("step", fill(_UNMET["step"], title=title_of(known, key))))
    for need in known.type.closing.needs:
        if not known.holds(need):
            found.append(Reason("when", fill(_UNMET["when"], words=words.of(need, known.type))))
    return found


def title_of(known: Known, key: str) -> Text:
    """The title of a step, stage or milestone."""
    step = step_of(known.type, known.state, key)
    if step is not None:
        return step.title
    held = known.type.stages.get(key) or known.type.milestones.get(key) or known.type.menu.get(key)
    return held.title if held else Text(fr=key, en=key)
