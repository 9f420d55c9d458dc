"""A condition of a case type: an expression, what it asks about, and when time alone could change its answer.

Evaluated in Rust, and total: an answer that needs what is not known yet is `None`, never an exception.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import cel
from pydantic import BaseModel, ConfigDict, model_validator

from egard.kernel.cases.rules.syntax import ROOTS, BadExpression, Node, parse
from egard.kernel.cases.rules.text import Text

Names = Mapping[str, Any]
"""What expressions ask about: `data`, `steps`, … by name; see `engine.Known`."""


class Condition(BaseModel):
    """`cel` holds, in words `say` where the file gives them.

    `uses` (what it asks about, as paths) and `moments` (expressions of the times at which `now` passes something) are
    read off the tree when a file is read, and stored with the type: evaluating needs no parser.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    cel: str
    say: Text | None = None
    uses: tuple[tuple[str, ...], ...] | None = None
    moments: tuple[str, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _bare(cls, value: object) -> object:
        if isinstance(value, bool):
            return {"cel": "true" if value else "false"}
        return {"cel": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _read(self) -> Condition:
        if self.uses is None:
            node = parse(self.cel)
            object.__setattr__(self, "uses", uses_of(node))
            object.__setattr__(self, "moments", moments_of(node))
            _program(self.cel)
        return self

    def holds(self, known: Callable[[tuple[tuple[str, ...], ...]], Names]) -> bool | None:
        """Whether it holds; None where something that it asks about is not known yet, or fits no comparison."""
        return _asked(self.cel, known(self.uses or ()), bool)

    def next_moment(self, known: Callable[[tuple[tuple[str, ...], ...]], Names], now: datetime) -> datetime | None:
        """The next time at which it may answer differently although nothing happens."""
        if not self.moments:
            return None
        names = known(self.uses or ())
        found = (_asked(one, names, datetime) for one in self.moments)
        return min((at for at in found if at is not None and at > now), default=None)


@lru_cache(maxsize=4096)
def _program(source: str) -> Any:
    try:
        return cel.compile(source)
    except ValueError as error:
        raise BadExpression("bad_expression", f"this is no expression: {source}") from error


def _asked(source: str, names: Names, wanted: type) -> Any:
    try:
        answer = _program(source).execute(dict(names))
    except Exception:  # total: whatever it lacks, the answer is “not yet”
        return None
    if isinstance(answer, datetime) and answer.tzinfo is None:
        answer = answer.replace(tzinfo=UTC)
    return answer if isinstance(answer, wanted) else None


def uses_of(node: Node) -> tuple[tuple[str, ...], ...]:
    """The paths that it asks about, once each. Raises `BadExpression` for a name that nothing has."""
    found = dict.fromkeys(n.value for n in node.walk() if n.op == "path")
    for path in found:
        if path[0] not in ROOTS:
            raise BadExpression("unknown_name", f"“{path[0]}” is not something that a condition can ask")
        if len(path) == 1 and path[0] not in ("now", "opened_at"):
            raise BadExpression("unknown_name", f"say what of “{path[0]}”: {path[0]}.name")
    return tuple(found)


def moments_of(node: Node) -> tuple[str, ...]:
    """The other sides of all comparisons with `now`. Raises `BadExpression` where `now` does not stand alone."""
    moments: list[str] = []
    compared = 0
    for one in node.walk():
        if one.op in ("<", "<=", ">", ">="):
            sides = [side for side in one.args if not _is_now(side)]
            if len(sides) == 1:
                compared += 1
                moments.append(sides[0].text)
    if sum(1 for one in node.walk() if _is_now(one)) != compared:
        words = "“now” stands alone on one side of a comparison: now >= opened_at + duration('48h')"
        raise BadExpression("time_alone", words)
    return tuple(moments)


def _is_now(node: Node) -> bool:
    return node.op == "path" and node.value == ("now",)
