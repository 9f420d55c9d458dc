"""An adviser with a desk, her client, and a clock that tests move."""

from __future__ import annotations

from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest

from egard.journeys.reach import api, operations
from egard.journeys.reach.tests.phones import LINES, MOBILE, TOKEN
from egard.kernel.people.operations import set_adviser


@pytest.fixture
def clock(monkeypatch, now):
    """The time at the webhook: `clock.pass_(minutes=3)`."""
    told = SimpleNamespace(now=now)

    def pass_(**amount) -> datetime:
        told.now += timedelta(**amount)
        return told.now

    told.pass_ = pass_
    monkeypatch.setattr(api, "utc_now", lambda: told.now)
    monkeypatch.setenv("EGARD_VOICE_TOKEN", TOKEN)
    return told


@pytest.fixture
def house(db, clock, make_user, make_person, me, now):
    """Élodie, her adviser Claire, who has been so for fifteen years, and Hugo, who stands in."""
    claire, hugo = make_user("adviser", name="Claire Martin"), make_user("adviser", name="Hugo Delmas")
    elodie = make_person("Élodie", "Lebœuf", phone=MOBILE, customer_number="17850", language="en")
    set_adviser(elodie, claire, since=now - timedelta(days=15 * 365), by=me, now=now)
    operations.set_desk(hugo, line=LINES[1], by=me, now=now)
    desk = operations.set_desk(claire, line=LINES[0], deputy=hugo, by=me, now=now)
    return SimpleNamespace(claire=claire, hugo=hugo, elodie=elodie, desk=desk)
