"""Moving a case in memory, as tests of its rules do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from egard.kernel.cases.rules import engine, state
from egard.kernel.cases.rules.definition import CaseType
from egard.kernel.cases.rules.lint import lint

START = datetime(2026, 3, 10, 8, tzinfo=UTC)
HEAD = "case: toy\ntitle: Toy\n"


def typed(text: str, *, head: str = HEAD) -> CaseType:
    """The case type of a file that the linter finds nothing in."""
    case_type, findings = lint(head + text)
    assert not findings, findings
    assert case_type is not None
    return case_type


def stage(*steps: str, more: str = "") -> str:
    """One stage with these steps, each `key: {…}`."""
    return "stages:\n  one:\n    title: One\n    steps:\n" + "".join(f"      {one}\n" for one in steps) + more


class Moving:
    """One case, its events, and a clock that only tests turn."""

    def __init__(self, case_type: CaseType | str, **data: Any) -> None:
        self.type = typed(case_type) if isinstance(case_type, str) else case_type
        self.now = START
        self.events: list[dict[str, Any]] = []
        self.state = state.new_state()
        self.tell(kind="opened", data=data)

    def tell(self, **event: Any) -> list[dict[str, Any]]:
        """One event happens; what follows from it."""
        self.state, told = engine.evaluate(self.type, self.state, {"at": self.now.isoformat(), **event}, self.now)
        self.events.append(told)
        return told.get("then", [])

    def done(self, *steps: str, **data: Any) -> Moving:
        for step in steps:
            assert self.is_(step) in state.OPEN, f"{step} is {self.is_(step)}"
            self.tell(kind="completed", step=step, data=data)
        return self

    def wait(self, hours: float) -> Moving:
        self.now += timedelta(hours=hours)
        self.tell(kind="time")
        return self

    def is_(self, step: str) -> str:
        return engine.state_of(self.state, step)

    @property
    def open(self) -> set[str]:
        """The steps that may be done now."""
        return {key for key, held in self.state["steps"].items() if held["state"] in state.OPEN}

    @property
    def closed(self) -> bool:
        return self.state["status"] == "closed"

    def clock(self, key: str) -> str:
        return self.state["clocks"].get(key, {"state": "none"})["state"]
