"""Cases in the database, as people and programs meet them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from moving import HEAD

from egard.kernel.access.queries import viewer_for
from egard.kernel.cases import operations, queries, types
from egard.kernel.cases.history import rebuilt
from egard.kernel.cases.models import Case


class Desk:
    """One member of staff (or program) who works on one case; `now` is turned by tests."""

    def __init__(self, viewer: Any, uuid: UUID, now: datetime) -> None:
        self.viewer, self.uuid, self.now = viewer, uuid, now

    def as_(self, viewer: Any) -> Desk:
        return Desk(viewer, self.uuid, self.now)

    def do(self, operation: Any, *args: Any, **more: Any) -> Any:
        return operation(self.viewer, self.uuid, *args, now=self.now, **more)

    def done(self, *steps: str, **data: Any) -> Desk:
        for step in steps:
            self.do(operations.complete_step, step, data)
        return self

    @property
    def row(self) -> Case:
        return Case.objects.get(uuid=self.uuid)

    @property
    def view(self) -> queries.CaseView:
        return queries.case_view(self.viewer, self.uuid)

    @property
    def open(self) -> set[str]:
        return {step.key for step in self.view.steps if step.state in ("available", "active")}

    @property
    def events(self) -> list[str]:
        return [one["kind"] for one in queries.history(self.viewer, self.view.case, limit=200)]

    def is_whole(self) -> bool:
        """The snapshot is what the events give, numbered without gaps."""
        row = self.row
        numbers = [one["n"] for one in queries.history(self.viewer, self.view.case, limit=200)]
        assert numbers == list(range(1, row.version + 1))
        return rebuilt(row.pk) == queries.state_now(self.viewer, row)


@pytest.fixture
def publish(db, me, now):
    """Publishes a toy type: `publish("stages: …")`."""

    def make(text: str, *, head: str = HEAD) -> Any:
        return types.publish(head + text, by=me, now=now)

    return make


@pytest.fixture
def open_case(everything, now):
    """Opens a case and gives a desk that may all: `open_case("toy", person, amount=3)`."""

    def make(name: str, person: Any = None, *, viewer: Any = None, now: datetime = now, **data: Any) -> Desk:
        held = operations.open_case(viewer or everything, name, person, data=data, now=now)
        return Desk(viewer or everything, held.uuid, now)

    return make


@pytest.fixture
def staff(make_user, now):
    """A viewer with roles: `staff("agent")`, `staff("agent", team="security")`."""

    def make(*roles: str, team: str = "") -> Any:
        from egard.kernel.access.models import Team

        teams = [Team.objects.get(code=team)] if team else []
        return viewer_for(make_user(*roles, teams=teams), now=now)

    return make
