"""A shop in Lyon with two advisers, what one comes for, and a client with her own adviser."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from egard.journeys.visits import shops
from egard.kernel.access.operations import ensure_site
from egard.kernel.people.operations import set_adviser

DISCOVERY = {"name": {"fr": "Découverte", "en": "Discovery"}, "minutes": 45, "step_minutes": 15, "after": 15}
RETURN = {"name": {"fr": "Retour", "en": "Return"}, "minutes": 15, "notice_minutes": 0}


@pytest.fixture
def now() -> datetime:
    """A Tuesday, before the shop opens in Lyon (09:00 local)."""
    return datetime(2026, 9, 15, 7, 0, tzinfo=UTC)


@pytest.fixture
def shop(db, make_user, make_person, me, now):
    """Open 10 to 18; Claire takes discoveries and returns, Hugo both in the afternoon, Nadia returns only. Élodie is
    Claire's client.
    """
    site = ensure_site("lyon-2", "Lyon 2", zone="Europe/Paris", by=me, now=now)
    held = shops.set_shop(
        site, hours={"week": {"mon-sat": ["10:00-18:00"]}, "holidays": "FR"}, address="12 rue de la République",
        latitude=45.76, longitude=4.83, by=me, now=now,
    )  # fmt: skip
    discovery = shops.set_reason("discovery", DISCOVERY, by=me, now=now)
    back = shops.set_reason("return", RETURN, by=me, now=now)
    claire, hugo = make_user("adviser", name="Claire Martin"), make_user("adviser", name="Hugo Delmas")
    nadia = make_user("adviser", name="Nadia Sy")
    shops.set_host(claire, site, [discovery, back], by=me, now=now)
    shops.set_host(hugo, site, [discovery, back], hours={"week": {"mon-sat": ["14:00-18:00"]}}, by=me, now=now)
    shops.set_host(nadia, site, [back], by=me, now=now)
    elodie = make_person("Élodie", "Lebœuf", email="elodie@example.org", phone="+33611223344", language="fr")
    set_adviser(elodie, claire, since=now - timedelta(days=900), by=me, now=now)
    return SimpleNamespace(
        site=site, shop=held, discovery=discovery, back=back, claire=claire, hugo=hugo, nadia=nadia, elodie=elodie
    )
