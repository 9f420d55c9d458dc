"""What tests of gestures share: a house with delegations, a team with a budget, somebody to give to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from egard.base.money import Money
from egard.journeys.gestures import budgets
from egard.journeys.gestures.models import Budget
from egard.kernel.access.models import Team, User
from egard.kernel.access.operations import ensure_team
from egard.kernel.access.queries import system_viewer, viewer_for
from egard.kernel.delegations.operations import delegate

EUR = "EUR"
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class House:
    """Camille decides up to 50 EUR alone, her supervisor Nadia up to 2,000."""

    team: Team
    camille: User
    nadia: User
    now: datetime

    @property
    def adviser(self) -> Any:
        return viewer_for(self.camille, now=self.now)

    @property
    def lead(self) -> Any:
        return viewer_for(self.nadia, now=self.now)

    def budget(self, amount: int, period: str = "2026-03") -> Budget:
        return budgets.set_budget(system_viewer("test"), self.team, period, Money(amount, EUR), now=self.now)


def furnish(make_user: Any, me: Any, now: datetime, *, alone: int = 5_000, lead: int = 200_000) -> House:
    team = ensure_team("service", "Service", by=me, now=now)
    camille = make_user("adviser", name="Camille Roussel", language="en", teams=[team])
    nadia = make_user("supervisor", name="Nadia Benali", language="en", teams=[team])
    for user, limit in ((camille, alone), (nadia, lead)):
        delegate("gestures.grant", user=user, per_act=limit, valid_from=now - DAY, by=me, now=now - DAY)
    return House(team, camille, nadia, now)
