"""Which facts are frictions, of which kind and how much: declared by the names of facts. Pure.

A contact that went well leaves its measure too (a wait of nothing, a promise kept): who was in contact without friction
is as much part of the figures as who was not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from egard.journeys.friction.rules import KINDS

MEASURE_MAX = 1e6


@dataclass(frozen=True, slots=True)
class Source:
    """`field` of the fact divided by `per` is the measure (a yes counts 1); without one, the fact itself counts 1.

    `once` names the field by which it counts once only: of one call, one wait.
    """

    fact: str
    kind: str
    process: str
    field: str = ""
    per: float = 1.0
    once: str = ""


SOURCES: tuple[Source, ...] = (
    Source("reach.called/1", "asked_again", "reach", field="asked_again"),
    Source("reach.reached/1", "wait", "reach", field="waited_seconds", per=60.0, once="call"),
    Source("reach.abandoned/1", "wait", "reach", field="waited_seconds", per=60.0, once="call"),
    Source("reach.abandoned/1", "unanswered", "reach"),
    Source("reach.transferred/1", "transfer", "reach"),
    Source("reach.put_off/1", "forced_channel", "reach"),
)
MET = "friction.met/1"
BROKEN, KEPT = "promises.broken/1", "promises.kept/1"
ANSWERS = ("messages.answer", "reach.message")
"""Kinds of promise whose breaking leaves somebody without an answer."""
FACTS: tuple[str, ...] = (*dict.fromkeys(one.fact for one in SOURCES), MET, BROKEN, KEPT)


@dataclass(frozen=True, slots=True)
class Found:
    """One friction as a fact tells it. `once` is empty, or names it among others of the same kind."""

    kind: str
    process: str
    measure: float
    once: str = ""


def found(fact: str, data: Mapping[str, Any]) -> list[Found]:
    """The frictions that one fact tells; none for a fact that tells of none."""
    if fact == MET:
        kind = data.get("kind", "")
        return [Found(kind, data.get("process", ""), _number(data.get("measure", 1)))] if kind in KINDS else []
    if fact in (BROKEN, KEPT):
        promised = str(data.get("kind", ""))
        kind = "unanswered" if promised in ANSWERS else "promise_broken"
        return [Found(kind, promised.partition(".")[0], float(fact == BROKEN))]
    return list(_declared(fact, data))


def _declared(fact: str, data: Mapping[str, Any]) -> Iterable[Found]:
    for one in SOURCES:
        if one.fact == fact:
            measure = _number(data.get(one.field, 0)) / one.per if one.field else 1.0
            once = f"{data.get(one.once, '')}" if one.once else ""
            yield Found(one.kind, one.process, measure, once)


def _number(value: Any) -> float:
    return min(max(float(value), 0.0), MEASURE_MAX) if isinstance(value, int | float) else 0.0
