"""What no file import brings: advisers, other roles, words taken back, and a few orders rung up at the wrong shop."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from django.db import transaction

from egard.journeys.purchases.facts import PurchaseMade
from egard.kernel.access.models import User
from egard.kernel.people.models import Identifier, Person
from egard.kernel.people.operations import end_role, record_consent, set_adviser, start_role
from egard.kernel.timeline.models import Fact
from egard.kernel.timeline.operations import record
from egard.kernel.timeline.schemas import adapter
from egard.site.demo_accounts import ACTOR

CORRECTED_EVERY = 60
"""One client in so many has a corrected order."""


@transaction.atomic
def live(people: Path, staff: Mapping[str, User], *, now: datetime, zone: ZoneInfo) -> None:
    """Read the people's file again for what its import leaves; a second call changes nothing."""
    persons = {
        found.value: found.person
        for found in Identifier.objects.filter(kind="customer_number", value__startswith="MH").select_related("person")
    }

    def moment(text: str) -> datetime:
        return datetime.fromisoformat(text).replace(tzinfo=zone)

    with gzip.open(people, "rt", encoding="utf-8", newline="") as file:
        for place, row in enumerate(csv.DictReader(file)):
            person = persons[row["customer_number"]]
            if row["adviser"]:
                set_adviser(person, staff[row["adviser"]], since=moment(row["adviser_since"]), by=ACTOR, now=now)
            if row["other_role"]:
                _other_role(person, row, moment=moment, now=now)
            if row["withdrew_at"]:
                _take_back(person, given=moment(row["since"]), withdrew=moment(row["withdrew_at"]), now=now)
            if place % CORRECTED_EVERY == 0:
                _correct_shop(person, now=now)


def _other_role(person: Person, row: Mapping[str, str], *, moment: Callable[[str], datetime], now: datetime) -> None:
    if person.roles.filter(role=row["other_role"]).exists():
        return
    start_role(person, row["other_role"], since=moment(row["other_since"]), by=ACTOR, now=now)
    if row["other_until"]:
        end_role(person, row["other_role"], until=moment(row["other_until"]), by=ACTOR, now=now)


def _take_back(person: Person, *, given: datetime, withdrew: datetime, now: datetime) -> None:
    """A yes on the day of the first purchase, a no after the last one: the history shows both."""
    if person.consents.filter(purpose="offers", channel="email").exists():
        return
    record_consent(person, "offers", "email", given=True, at=given, proof="Carte de fidélité", by=ACTOR, now=now)
    record_consent(
        person, "offers", "email", given=False, at=withdrew, proof="Lien de désabonnement", by=ACTOR, now=now
    )


def _correct_shop(person: Person, *, now: datetime) -> None:
    """Her latest order in a shop was rung up elsewhere: a fact of its own says so, the first one stays."""
    bought = Fact.objects.filter(person=person, kind__name="purchases.made", channel="shop", corrects__isnull=True)
    wrong = bought.order_by("-at", "-id").first()
    if wrong is None or Fact.objects.filter(corrects=wrong.uuid).exists():
        return
    fact: PurchaseMade = adapter(PurchaseMade).validate_python(
        {**wrong.data, "site": "lyon-bellecour" if wrong.data["site"] != "lyon-bellecour" else "paris-marais"}
    )
    record(person, fact, at=wrong.at, by=ACTOR, channel="shop", key=f"{wrong.key}:shop", corrects=wrong.uuid, now=now)
