"""What a journey declares of messages: that it reads each one before it is sent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

Words = Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A message as it stands before it is sent, merge fields filled unless it is a `template`.

    `moment` is a code of the house (`refusal`, `welcome`) or empty; `person` is who will read it, None where nobody is
    known; `author` is the actor who sends it.
    """

    text: str
    language: str
    channel: str
    author: Any
    now: datetime
    moment: str = ""
    person: Any = None
    template: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """One remark on the words `text[start:end]` of a draft; `suggestion` may stand in their place (empty: none). `tone`
    says how much it matters: it must not be so, better not, or a thought.
    """

    rule: str
    start: int
    end: int
    text: str
    suggestion: str
    message: Words
    tone: Literal["broken", "risk", "waiting"] = "risk"


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check says: a score from 0 to 100 (None: it gives none), remarks, and whether the message must not go."""

    score: int | None = None
    findings: tuple[Finding, ...] = ()
    blocks: bool = False


@dataclass(frozen=True, slots=True)
class MessageCheck:
    """Reads each message before it is sent. `check(draft)` writes nothing and takes milliseconds: it runs as one types.

    What it finds is advice, unless it `blocks`: then the message is refused with its findings. `moments()` gives the
    occasions that it knows, as code and words, for whoever writes to name hers.

    `by_fields`: what merge fields say makes no difference to it, only where they stand. One text to many people is then
    read once for all of whom the same is known, their fields left as they are (`{{ given_name }}`) and no `person`.
    """

    name: str
    check: Callable[[Draft], Checked]
    moments: Callable[[], Sequence[tuple[str, Words]]] = tuple
    by_fields: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeField:
    """Something of a person that texts may name, `{{ call_link }}`: `fill(person)` says it, empty where there is none,
    without asking the database. `label` is what whoever writes a text reads.
    """

    name: str
    label: Words
    fill: Callable[[Any], str]
