"""A shop whose day goes on around this very moment: for pages, whose clock is the real one."""

from __future__ import annotations

from datetime import datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

from egard.base.clock import utc_now
from egard.journeys.visits import booking, reception, shops
from egard.journeys.visits.booking import Told
from egard.journeys.visits.placing import Wish
from egard.kernel.access.operations import ensure_site

WELCOME = [{"fr": "Par son nom", "en": "By name"}, {"fr": "Un café", "en": "A coffee"}]
DISCOVERY = {
    "name": {"fr": "Découverte", "en": "Discovery"}, "minutes": 30, "step_minutes": 5, "notice_minutes": 0,
    "questions": [
        {"key": "for", "label": {"fr": "Pour qui ?", "en": "For whom?"}, "kind": "choice",
         "choices": [{"value": "me", "label": {"fr": "Pour moi", "en": "For me"}},
                     {"value": "gift", "label": {"fr": "Un cadeau", "en": "A gift"}}]},
    ],
}  # fmt: skip
RETURN = {"name": {"fr": "Retour", "en": "Return"}, "minutes": 15, "step_minutes": 5, "notice_minutes": 0}


def zone_at_noon(now: datetime) -> str:
    """A zone in which it is about noon now, so that no test runs across midnight."""
    hours = 12 - now.hour
    return "Etc/GMT" if hours == 0 else f"Etc/GMT{-hours:+d}"


def shop_today(make_user, make_person, me) -> SimpleNamespace:
    """Open all day, with Claire and Hugo; Élodie came seven minutes ago for Claire, Paul is late, Anna comes in an hour
    with a gift in mind, and Zoé walked in.
    """
    now = utc_now()
    told = {"by": me, "now": now - timedelta(hours=3)}
    site = ensure_site("lyon-2", "Lyon 2", zone=zone_at_noon(now), **told)
    held = shops.set_shop(
        site, hours={"week": {"mon-sun": ["00:00-24:00"]}}, welcome=WELCOME, address="12 rue de la République", **told
    )
    discovery = shops.set_reason("discovery", DISCOVERY, **told)
    back = shops.set_reason("return", RETURN, **told)
    claire = make_user("adviser", name="Claire Martin")
    hugo = make_user("adviser", name="Hugo Delmas")
    for user in (claire, hugo):
        shops.set_host(user, site, [discovery, back], **told)
    grid = now.replace(second=0, microsecond=0) - timedelta(minutes=now.minute % 5)
    visits = {}
    for key, name, minutes, only in (
        ("elodie", "Élodie Lebœuf", 0, claire), ("paul", "Paul Roche", -15, hugo), ("anna", "Anna Petit", 60, hugo)
    ):  # fmt: skip
        person = make_person(*name.split(), email=f"{key}@example.org", phone=f"+3361122{len(key)}{abs(minutes):03d}")
        visits[key] = booking.book(
            held, discovery, person, Wish(grid + timedelta(minutes=minutes), only.pk),
            told=Told(answers={"for": "gift"} if key == "anna" else {}), key=key, **told,
        )  # fmt: skip
    reception.arrive(visits["elodie"], by=me, now=now - timedelta(minutes=7))
    visits["zoe"] = reception.walk_in(held, back, name="Zoé", key="zoe", by=me, now=now - timedelta(minutes=2))
    return SimpleNamespace(
        site=site, shop=held, zone=ZoneInfo(site.zone), claire=claire, hugo=hugo, now=now, grid=grid, **visits
    )
