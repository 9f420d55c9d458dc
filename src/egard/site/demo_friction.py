"""The demo's friction: what clients met around deliveries and alterations in a year and a half, and who left.

A law stands behind it, that `/friction/` is to find again: the more friction somebody has met of late, the likelier she
leaves in the quarter to come. Written as history by the same operations as an import; a second call changes nothing.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from math import exp
from typing import Any

from django.db.models import Exists, Max, OuterRef, Q

from egard.journeys.friction import operations
from egard.journeys.friction.models import Mark
from egard.journeys.friction.rules.weights import Lived, index
from egard.kernel.access.models import Change
from egard.kernel.access.operations import log_change
from egard.kernel.people.models import Person
from egard.kernel.promises.models import OUTSTANDING, Promise
from egard.kernel.timeline.bulk import BATCH_MAX, record_events
from egard.site.demo_accounts import ACTOR

DONE = "demo.friction"
SINCE, QUARTER, QUARTERS = timedelta(days=540), timedelta(days=90), 4
CONTACTS = 12
"""So many contacts somebody has in all that time, on the average."""
REST, MORE = -3.0, 0.15
"""Log-odds of leaving within a quarter without friction, and what each point adds."""
PROCESSES = ("livraison", "retouche")
REASONS = ("unhappy", "unhappy", "elsewhere", "price", "inactive")
CHANGED = "Appel avant chaque livraison"


def live(*, now: datetime) -> None:
    """Contacts and leavings, as history."""
    if Change.objects.filter(what=DONE).exists():
        return
    rng = random.Random(90)  # noqa: S311  (the same demo every time)
    owed = Promise.objects.filter(OUTSTANDING, person=OuterRef("pk"))
    bought = Max("facts__at", filter=Q(facts__kind__name="purchases.made"))
    clients = Person.objects.filter(root=None).annotate(bought=bought).exclude(Exists(owed)).order_by("pk")
    last = dict(clients.values_list("pk", "bought"))
    events = [one for person in clients for one in _lived(rng, person, last[person.pk], now)]
    for n in range(0, len(events), BATCH_MAX):
        record_events(events[n : n + BATCH_MAX], by=ACTOR, now=now, history=True, create_people=False)
    log_change(DONE, by=ACTOR, now=now, facts=len(events))


def reckon(*, now: datetime) -> None:
    """A change that is compared; and what is else reckoned at night is reckoned by the first worker there is."""
    if not Mark.objects.filter(process=PROCESSES[0]).exists():  # counted by a worker, once the load has ended
        return
    operations.declare_change(PROCESSES[0], CHANGED, starts_at=_day(now) - QUARTER, by=ACTOR, now=now)
    operations.reckon(by=ACTOR, now=now)


def _day(at: datetime) -> datetime:
    return at.replace(hour=0, minute=0, second=0, microsecond=0)


def _lived(rng: random.Random, person: Any, bought: datetime | None, now: datetime) -> Iterator[dict[str, Any]]:
    """What one client met, in order, and her leaving where she left: never before her last purchase."""
    patience = rng.lognormvariate(0.0, 0.7)  # some are unlucky
    moments = sorted(now - SINCE * rng.random() for _n in range(int(rng.expovariate(1 / CONTACTS))))
    contacts = [(at, *_contact(rng, patience)) for at in moments]
    left = _left(rng, contacts, bought, now)
    whom = {"id": person.uuid}
    for at, process, kind, measure in contacts:
        if left is None or at < left:
            yield _event(whom, "friction.met/1", at, {"kind": kind, "process": process, "measure": measure})
    if left is not None:
        yield _event(whom, "friction.left/1", left, {"reason": rng.choice(REASONS)})


def _contact(rng: random.Random, luck: float) -> tuple[str, str, float]:
    """Mostly a wait; of the others somebody was passed on, asked twice, or not answered at all."""
    process = rng.choice(PROCESSES)
    if rng.random() < 0.7:
        return process, "wait", round(rng.lognormvariate(0.9, 0.9) * luck, 1)
    return process, rng.choice(("transfer", "asked_again", "forced_channel", "unanswered")), float(luck > 0.8)


def _left(
    rng: random.Random, contacts: list[tuple[datetime, str, str, float]], bought: datetime | None, now: datetime
) -> datetime | None:
    for n in range(QUARTERS, 0, -1):
        at = now - n * QUARTER
        points = index((Lived(kind, measure, met) for met, _process, kind, measure in contacts if met <= at), at=at)
        if rng.random() < 1 / (1 + exp(-(REST + MORE * points))):
            left = at + QUARTER * rng.random()
            if bought is None or left > bought:
                return left
    return None


def _event(whom: dict[str, Any], kind: str, at: datetime, data: dict[str, Any]) -> dict[str, Any]:
    return {"kind": kind, "key": f"demo:{kind}:{at.isoformat()}", "at": at, "person": whom, "data": data}
