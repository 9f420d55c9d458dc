"""A case type: the shape of its file. The JSON Schema that ships with the package is made from these classes."""

from __future__ import annotations

import hashlib
import json
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from egard.kernel.cases.rules.conditions import Condition
from egard.kernel.cases.rules.text import Text

STEPS_MAX = 500
Key = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
"""A name inside a file: small letters, digits, `_`."""
FieldKind = Literal["text", "choice", "whole", "number", "yes_no", "date", "moment", "money", "document"]


def _several(value: object) -> object:
    return [value] if isinstance(value, str) else value


Keys = Annotated[tuple[Key, ...], BeforeValidator(_several)]
"""One name, or a list."""
Span = Annotated[str, StringConstraints(pattern=r"^\d+ (min|h|business hours?|business days?|days?|months?)$")]
"""“2 h”, “1 business day”, “2 months”: each a word of its own, with its own meaning."""


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class DataField(Part):
    """One thing that is known about a case. `personal` fields are redacted when the person is erased."""

    type: FieldKind = "text"
    label: Text
    choices: dict[Key, Text] = {}
    personal: bool | None = None
    sensitive: bool = False
    """Shown to those alone who see sensitive data."""

    @model_validator(mode="after")
    def _choices_of_a_choice(self) -> DataField:
        if (self.type == "choice") != bool(self.choices):
            raise ValueError("a choice has choices, and nothing else has")
        return self

    @property
    def is_personal(self) -> bool:
        """What is typed freely may name anybody, unless the file says that it does not."""
        return self.type in ("text", "document") if self.personal is None else self.personal


class CaseRole(Part):
    """Who does some steps: members of a team (its code), or whoever has a permission; else whoever works on cases."""

    label: Text
    team: str = ""
    permission: str = ""


class Department(Part):
    """Another department that may be asked; its answer is promised."""

    label: Text
    team: str
    within: Span | None = None
    calendar: str = ""


class Clock(Part):
    """A promise that runs with a step, or with the case.

    It starts with its step (or when `start` holds), pauses while `pause` holds (until `resume` holds, where that is
    said), and is kept when the step is done or the case closed (or when `stop` holds).
    """

    within: Span
    calendar: str = ""
    label: Text | None = None
    kind: str = ""
    start: Condition | None = None
    pause: Condition | None = None
    resume: Condition | None = None
    stop: Condition | None = None


def _clock(value: object) -> object:
    return {"within": value} if isinstance(value, str) else value


AnyClock = Annotated[Clock, BeforeValidator(_clock)]


class Step(Part):
    """Something to do.

    It is available once its stage is active, all of `after` are settled and `when` holds; it concerns a case only where
    `if` holds (so a gateway is two steps with two `if`), and is cancelled when `until` holds. `manual`: somebody begins
    it first. `repeat`: it comes back after it was done, as long as the condition holds. `required` ones must be settled
    before the case closes. `evidence` names the fields that completing it asks for.
    """

    title: Text
    help: Text | None = None
    role: str = ""
    ask: str = ""
    """A department: the step is theirs."""
    after: Keys = ()
    only_if: Annotated[Condition | None, Field(alias="if")] = None
    when: Condition | None = None
    until: Condition | None = None
    required: bool = True
    manual: bool = False
    repeat: Condition | None = None
    evidence: Keys = ()
    also: Keys = ()
    """Fields that it asks for too, but that may stay empty."""
    promise: AnyClock | None = None
    case: str = ""
    """A type of case that is opened within this one; the step is done when that case is closed."""

    @property
    def fields(self) -> tuple[str, ...]:
        return (*self.evidence, *self.also)


class Milestone(Part):
    """Something reached, once and for all: `when` holds, or all of `after` are settled."""

    title: Text
    after: Keys = ()
    when: Condition | None = None


class Stage(Part):
    """A part of the work: its steps wait until it is active. `menu`: steps that somebody may plan in it."""

    title: Text
    after: Keys = ()
    only_if: Annotated[Condition | None, Field(alias="if")] = None
    when: Condition | None = None
    until: Condition | None = None
    steps: dict[Key, Step] = {}
    menu: dict[Key, Step] = {}
    milestones: dict[Key, Milestone] = {}


class OutsideEvent(Part):
    """Something that others tell us (a delivery, the police): found by its key in the field `match`.

    What it brings in `sets` becomes data of the case; `completes` names a step that is then done.
    """

    title: Text
    match: str
    sets: tuple[Key, ...] = ()
    completes: str = ""


class Closing(Part):
    """When a case may be closed: all of `needs` hold, beside the required steps. `auto`: then it closes by itself."""

    needs: tuple[Condition, ...] = ()
    auto: bool = False
    outcomes: dict[Key, Text] = {}


class CaseType(Part):
    """A whole file."""

    case: Key
    title: Text
    about: Text | None = None
    """The manual's word on it, for staff."""
    roles: dict[Key, CaseRole] = {}
    departments: dict[Key, Department] = {}
    data: dict[Key, DataField] = {}
    events: dict[Key, OutsideEvent] = {}
    promises: dict[Key, AnyClock] = {}
    stages: dict[Key, Stage] = Field(min_length=1)
    closing: Closing = Closing()

    @cached_property
    def steps(self) -> dict[str, Step]:
        """The planned steps of all stages, in the order of the file."""
        return {key: step for stage in self.stages.values() for key, step in stage.steps.items()}

    @cached_property
    def menu(self) -> dict[str, Step]:
        """What may be planned, of all stages."""
        return {key: step for stage in self.stages.values() for key, step in stage.menu.items()}

    @cached_property
    def stage_of(self) -> dict[str, str]:
        return {key: name for name, stage in self.stages.items() for key in (*stage.steps, *stage.menu)}

    @cached_property
    def milestones(self) -> dict[str, Milestone]:
        return {key: one for stage in self.stages.values() for key, one in stage.milestones.items()}

    @cached_property
    def clocks(self) -> tuple[tuple[str, Clock, bool], ...]:
        """Every clock of the file: its key, its definition, whether it runs with the step of that key."""
        of_steps = ((key, step.promise, True) for key, step in self.steps.items() if step.promise is not None)
        return *((key, clock, False) for key, clock in self.promises.items()), *of_steps

    @cached_property
    def position(self) -> dict[str, int]:
        return {key: n for n, key in enumerate((*self.steps, *self.menu))}

    @cached_property
    def version(self) -> str:
        """The hash of its content: comments and blanks of the file do not count, nor what was read off it."""
        told = self.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        return hashlib.sha256(json.dumps(_content(told), sort_keys=True).encode()).hexdigest()[:16]


def _content(value: Any) -> Any:
    """A dumped definition without what `Condition` reads off itself; the order of steps is content."""
    if isinstance(value, dict):
        kept = {name: _content(one) for name, one in value.items() if not ("cel" in value and name in _DERIVED)}
        return list(kept.items())
    return [_content(one) for one in value] if isinstance(value, list) else value


_DERIVED = ("uses", "moments")
