"""The shapes of cases. Texts that a file gives in two languages are answered in that of `Accept-Language`."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from egard.api.schemas import In, Out
from egard.base.moments import Moment

Data = dict[str, Any]
_DATA = {"description": "values by field, as the type's schema says; null takes one away"}


class NewType(In):
    source: str = Field(min_length=1, max_length=1_000_000, description="the YAML file (see the manual)")


class TypeOut(Out):
    name: str
    title: str
    version: str = Field(description="hash of its content")
    number: int
    published_at: datetime
    by: str


class TypeWhole(TypeOut):
    source: str
    definition: dict[str, Any]


class NewWord(In):
    text: str = Field(min_length=1, max_length=5_000)
    kind: Literal["comment", "correction"] = "comment"
    language: str = Field("", max_length=8, description="of a correction: fr, en")


class WordOut(Out):
    id: int
    kind: str
    language: str
    text: str
    at: datetime
    by: str
    settled_at: datetime | None


class NewCase(In):
    type: str = Field(max_length=64, examples=["stolen_phone"])
    person: UUID | None = None
    data: Data = Field(default={}, json_schema_extra=_DATA)
    owner: UUID | None = Field(None, description="a member of staff")
    team: UUID | None = None
    site: UUID | None = Field(None, description="the person's own, if absent")
    channel: str = Field("", max_length=32)


class ClockOut(Out):
    id: UUID | None
    state: str = Field(description="open, paused, kept, broken, released")
    due_at: datetime | None
    late: bool = Field(description="it broke, whatever became of it since")


class EvidenceOut(Out):
    field: str
    label: str
    type: str
    required: bool
    choices: dict[str, str]


class StepOut(Out):
    key: str
    title: str
    help: str | None
    stage: str
    state: str = Field(description="waiting, available, active, done, skipped, cancelled")
    at: datetime | None = Field(description="since when")
    by: str
    owner: UUID | None
    team: UUID | None
    required: bool
    added: bool = Field(description="somebody added it to this case")
    yours: bool = Field(description="your role or department may do it")
    runs: int
    evidence: list[EvidenceOut]
    promise: ClockOut | None


class ReasonOut(Out):
    code: str
    text: str
    due_at: datetime | None = None


class NextStepOut(Out):
    key: str
    title: str
    stage: str
    state: str
    planned: bool = Field(description="false: the menu suggests it; POST steps with `menu` plans it")
    due_at: datetime | None
    reasons: list[ReasonOut]


class UnmetOut(Out):
    key: str = Field(description="the step; empty: the closing of the case")
    title: str
    reasons: list[ReasonOut]


class CaseRow(Out):
    """A case in a list."""

    id: UUID
    number: int
    type: str
    title: str
    type_version: str
    status: str = Field(description="open, closed")
    person: UUID | None
    owner: UUID | None
    team: UUID | None
    site: UUID | None
    opened_at: datetime
    closed_at: datetime | None
    due_at: datetime | None = Field(description="the next promise")
    version: int = Field(description="how many events it has; send it as If-Match with PATCH data")


class CaseOut(CaseRow):
    outcome: str
    parent: UUID | None
    data: Data
    stages: dict[str, str]
    milestones: dict[str, datetime]
    promises: dict[str, ClockOut]
    steps: list[StepOut]
    next_steps: list[NextStepOut]
    children: dict[str, UUID] = Field(description="cases within this one, by the step that opened them")


class Moved(Out):
    """A case after something was done to it."""

    id: UUID
    status: str
    version: int
    steps: dict[str, str] = Field(description="state by step, of those that do not wait")
    step: str | None = Field(None, description="the step that was added")


class NewStep(In):
    """A title, or the name of a step of the menu."""

    title: str = Field("", max_length=200)
    menu: str = Field("", max_length=60)
    department: str = Field("", max_length=64, description="one of the type's, or a team's code: it is asked of them")
    role: str = Field("", max_length=60)
    within: str = Field("", max_length=40, description="2 h, 1 business day, 3 days: promised within that time")
    stage: str = Field("", max_length=60)
    reason: str = Field("", max_length=500)


class Completion(In):
    data: Data = Field(default={}, json_schema_extra=_DATA)


class Why(In):
    reason: str = Field(min_length=1, max_length=500)


class MaybeWhy(In):
    reason: str = Field("", max_length=500)


class NewNote(In):
    text: str = Field(min_length=1, max_length=10_000)
    step: str = Field("", max_length=80)


class EventOut(Out):
    n: int
    at: datetime
    by: str
    kind: str
    body: dict[str, Any]


class NewFact(In):
    name: str = Field(max_length=60, examples=["police_report"])
    data: Data = {}
    at: Moment | None = Field(None, description="when it happened; now, if absent")


class NewOutside(NewFact):
    match: str = Field(min_length=1, max_length=200, description="the value by which it finds its case")
    key: str = Field(min_length=1, max_length=200, description="its number; the same twice is one event")


class OutsideOut(Out):
    id: UUID
    name: str
    match: str
    data: Data
    happened_at: datetime
    received_at: datetime
    case: UUID | None = Field(description="null: it found none, and waits to be attached")


class Attachment(In):
    case: UUID


class Assignment(In):
    owner: UUID | None = None
    team: UUID | None = None
    site: UUID | None = None


class Closure(In):
    outcome: str = Field("", max_length=60)
    override: str = Field("", max_length=500, description="why it is closed although something is to be done")


class NewMigration(In):
    type: str = Field(max_length=64)
    old: str = Field(max_length=16, description="version that the cases have")
    new: str = Field("", max_length=16, description="the current version, if absent")
    plan: dict[str, dict[str, str | None]] | None = Field(
        None, description="new names by part (steps, stages, milestones, data, promises); null: it goes away"
    )
    dry_run: bool = True
    reason: str = Field("", max_length=500, description="needed unless it is a dry run")
    cases: list[UUID] | None = Field(None, max_length=1000, description="only these")


class ProblemOut(Out):
    code: str
    key: str
    text: str


class OutcomeOut(Out):
    case: UUID
    passes: bool
    problems: list[ProblemOut]


class MigrationOut(Out):
    id: UUID | None = Field(description="null: a dry run")
    difference: dict[str, Any]
    total: int
    passing: int
    cases: list[OutcomeOut] = Field(description="those that do not pass first")


class MigrationRow(Out):
    id: UUID
    type: str
    old: str
    new: str
    reason: str
    at: datetime
    by: str
    reverted_at: datetime | None


class Reverted(Out):
    reverted: int
    left: int = Field(description="closed since, or moved on: they stay")
