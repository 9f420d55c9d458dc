"""The demo's promises: a year and a half of them, kept or not, and those that are owed today."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from egard.kernel.access.models import Site, Team, User
from egard.kernel.people.models import Person, Relationship
from egard.kernel.promises.bulk import Story, remember
from egard.kernel.promises.calendars import HOUSE
from egard.kernel.promises.operations import set_calendar
from egard.kernel.promises.rules import What
from egard.site.demo_accounts import ACTOR

SHOPS = "shops"
PAST, DAYS = 900, 540
"""So many promises over so many days."""
HOURS = {"mon": [], "tue-fri": ["10:00-13:00", "14:00-19:00"], "sat": ["10:00-19:00"]}
CHANNELS = ("email", "voice", "shop", "web")
NOTES = (
    "Disponibilité de la robe Jade en 38",
    "Retouche du manteau, prête à essayer",
    "Remboursement de la commande web",
    "Rappel au sujet de la carte de fidélité",
    "Réponse sur le délai de livraison",
    "Échange du foulard en soie",
)
KEPT_SHARE = {"email": 0.93, "voice": 0.86, "shop": 0.95, "web": 0.88}
"""The share kept by channel; it rises a little with the months."""


def promise(staff: Mapping[str, User], *, now: datetime) -> None:
    """Written in one go; a second call changes nothing."""
    shops = {"zone": "Europe/Paris", "week": HOURS, "holidays": "FR"}
    set_calendar(SHOPS, shops, name="Boutiques", by=ACTOR, now=now - timedelta(days=DAYS + 1))
    rng = random.Random(20_26)  # noqa: S311  (the same demo every time)
    people = _people()
    if not people:
        return
    team = Team.objects.get(code="relation-clients")
    sites = list(Site.objects.order_by("code"))
    agents = [staff["sofia.martel"], staff["sofia.martel"], staff["lina.haddad"]]
    advisers = dict(
        Relationship.objects.filter(person__in=people, kind="adviser", until=None).values_list("person_id", "staff_id")
    )

    def story(n: int, made_at: datetime, channel: str, deeds: Sequence[tuple[What, datetime, str]], **more) -> Story:
        person = people[rng.randrange(len(people))]
        answer = rng.random() < 0.7
        return Story(
            kind="promises.answer" if answer else "promises.call_back",
            key=f"demo:{n}",
            within="2 business days" if answer else "1 business day",
            calendar=HOUSE if channel in ("email", "web") else SHOPS,
            made_at=made_at,
            deeds=deeds,
            person_id=person.pk,
            owner_id=advisers.get(person.pk) or rng.choice(agents).pk,
            team_id=team.pk,
            site_id=person.site_id or rng.choice(sites).pk,
            channel=channel,
            **more,
        )

    remember([*_past(rng, story, now), *_today(rng, story, now)], by=ACTOR, now=now)


def _people() -> list[Person]:
    """Clients who wrote or called: those who have a home shop first."""
    found = Person.objects.filter(root=None, erased_at=None, identifiers__kind="customer_number")
    return list(found.order_by("id").distinct()[:400])


def _past(rng: random.Random, story, now: datetime) -> Iterator[Story]:
    came_by, no_more = "La cliente est passée en boutique", "La cliente ne le souhaite plus"
    for n in range(PAST):
        made_at = _working_hour(rng, now - timedelta(days=4 + DAYS * (1 - n / PAST)))
        channel = rng.choice(CHANNELS)
        kept = rng.random() < KEPT_SHARE[channel] + 0.04 * n / PAST
        roll = rng.random()
        deeds: list[tuple[What, datetime, str]] = []
        if roll < 0.05:
            deeds.append(("released", made_at + timedelta(minutes=rng.randrange(20, 150)), came_by))
        elif kept:
            deeds.append(("kept", made_at + timedelta(minutes=rng.randrange(15, 240)), ""))
        elif roll < 0.9:
            deeds.append(("kept", _working_hour(rng, made_at + timedelta(days=rng.randrange(5, 9))), ""))
        else:
            deeds.append(("released", _working_hour(rng, made_at + timedelta(days=rng.randrange(5, 9))), no_more))
        yield story(n, made_at, channel, deeds)


def _today(rng: random.Random, story, now: datetime) -> Iterator[Story]:
    """Those that are owed: most in time, two that wait for somebody, a few overdue."""
    for n in range(24):
        made_at = now - timedelta(hours=(26 if n < 18 else 120) * (n + 1) / 24)
        deeds: list[tuple[What, datetime, str]] = []
        if n in (5, 11):
            deeds.append(("paused", made_at + timedelta(minutes=20), "Attend une photo de l’étiquette"))
        yield story(PAST + n, made_at, rng.choice(CHANNELS), deeds, note=NOTES[n % len(NOTES)])


def _working_hour(rng: random.Random, day: datetime) -> datetime:
    return day.replace(hour=rng.randrange(8, 16), minute=rng.randrange(60), second=0, microsecond=0)
