"""The demo's desks: lines and hours, an absence, a month of calls, and the call backs of the days to come.

Done by the same operations as everybody's, each at its own moment; a second call changes nothing.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from egard.journeys.reach import calls, operations, state
from egard.journeys.reach.links import operations as links
from egard.journeys.reach.models import Call, Desk
from egard.journeys.reach.rules.times import free_times
from egard.kernel.access.actors import Actor
from egard.kernel.access.models import Change, User
from egard.kernel.access.operations import log_change
from egard.kernel.messages import conversing
from egard.kernel.messages.models import Thread
from egard.kernel.people.models import Person, Relationship
from egard.kernel.promises import operations as promises
from egard.kernel.promises.models import Promise
from egard.site.demo_accounts import ACTOR
from egard.site.demo_promises import SHOPS

DONE, ZONE = "demo.reach", ZoneInfo("Europe/Paris")
DAYS, CALLS = 28, 56
BASE = "https://demo.example/api/v1/calls"
LINES = {
    "camille.roussel": "+33199000101", "hugo.delmas": "+33199000102", "ines.ferrand": "+33199000103",
    "paul.etcheverry": "+33199000104", "maelle.le-goff": "+33199000105",
}  # fmt: skip
"""Numbers that are kept for stories: they are nobody's."""
DEPUTIES = {
    "camille.roussel": "hugo.delmas", "hugo.delmas": "camille.roussel", "ines.ferrand": "paul.etcheverry",
    "paul.etcheverry": "ines.ferrand", "maelle.le-goff": "hugo.delmas",
}  # fmt: skip
ABOUT = ("Retouche de ma veste", "Taille de la robe Jade", "Ma commande de mardi", "Une carte cadeau", "")
ANSWERS = ("J’ai rappelé : la robe est mise de côté jusqu’à samedi.", "J’ai rappelé : le colis arrive demain.")


def answer(staff: Mapping[str, User], *, now: datetime) -> None:
    """Written once. Not where the demo's logins are suspended: a desk is that of somebody who can sign in."""
    if Change.objects.filter(what=DONE).exists() or not all(staff[name].is_active for name in LINES):
        return
    began = now - timedelta(days=DAYS + 1)
    desks = _desks(staff, now=began)
    clients = _clients(desks)
    if not clients:
        return
    rng = random.Random(31)  # noqa: S311  (the same demo every time)
    for at in _moments(rng, next(iter(desks.values())), began, now):
        _call(rng, rng.choice(clients), at, now)
    _to_come(rng, clients, now)
    away = midnight(now + timedelta(days=9))
    operations.add_absence(desks["hugo.delmas"], away, midnight(away + timedelta(days=13)), by=ACTOR, now=now)
    log_change(DONE, by=ACTOR, now=now, calls=Call.objects.count())


def midnight(at: datetime) -> datetime:
    """The beginning of a day on the shops' clocks."""
    return at.astimezone(ZONE).replace(hour=0, minute=0, second=0, microsecond=0)


def _desks(staff: Mapping[str, User], *, now: datetime) -> dict[str, Desk]:
    return {
        name: operations.set_desk(
            staff[name], line=line, calendar=SHOPS, deputy=staff[DEPUTIES[name]], by=ACTOR, now=now
        )
        for name, line in LINES.items()
    }


def _clients(desks: Mapping[str, Desk]) -> list[tuple[Person, str]]:
    """Who has one of these advisers and a number of her own."""
    staff = [desk.user_id for desk in desks.values()]
    ties = Relationship.objects.filter(kind="adviser", until=None, staff__in=staff, person__erased_at=None)
    found = []
    for tie in ties.select_related("person").order_by("id")[:120]:
        number = operations.number_of(tie.person)
        if number:
            found.append((tie.person, number))
    return found


def _moments(rng: random.Random, desk: Desk, since: datetime, now: datetime) -> list[datetime]:
    """When they call: over the opening hours of a month, one after the other."""
    opens = state.hours_of(desk, now=since).periods(since, now - timedelta(hours=1))
    found = [start + rng.random() * (end - start) for start, end in rng.choices(opens, k=CALLS)] if opens else []
    return sorted(found)


def _call(rng: random.Random, client: tuple[Person, str], at: datetime, now: datetime) -> None:
    """Most reach their adviser; of the others some leave a message or are called back, some hang up."""
    sid = f"CADEMO{at:%Y%m%d%H%M%S%f}"
    calls.receive(sid, client[1], BASE, now=at)
    call = Call.objects.get(provider_id=sid)
    if call.state == "ringing" and rng.random() < 0.8:
        talks = at + timedelta(seconds=rng.uniform(4, 40))
        calls.leg_answered(sid, call.uuid, call.step, now=talks)
        calls.hung_up(sid, now=talks + timedelta(seconds=min(rng.lognormvariate(5.2, 0.5), 1500)))
        return
    if call.state == "ringing":
        at += timedelta(seconds=20)
        calls.follow(sid, call.uuid, call.step, "dial", {"DialCallStatus": "no-answer"}, BASE, now=at)
        call.refresh_from_db()
    keys = call.offered.get("keys", [])
    wished = rng.choice(("message", "call_back", "hang up"))
    if wished in keys:
        at += timedelta(seconds=25)
        pressed = {"Digits": str(keys.index(wished) + 1)}
        calls.follow(sid, call.uuid, call.step, "key", pressed, BASE, now=at)
        if wished == "call_back":
            call.refresh_from_db()
            calls.follow(sid, call.uuid, call.step, "time", {"Digits": "1"}, BASE, now=at + timedelta(seconds=9))
    calls.hung_up(sid, now=at + timedelta(seconds=40))
    _kept(rng, call, now)


def _kept(rng: random.Random, call: Call, now: datetime) -> None:
    """What was promised was nearly always kept in time."""
    owner = call.adviser
    by = Actor("user", str(owner.pk), owner.name) if owner else ACTOR
    thread = Thread.objects.filter(channel="call", person=call.person, state="waiting_for_us").order_by("-id").first()
    for owed in Promise.objects.filter(person=call.person, ended_at=None, owner=owner, due_at__lt=now):
        then = owed.due_at - timedelta(minutes=rng.uniform(1, 12))
        if then <= owed.made_at or rng.random() < 0.08:
            continue
        if owed.subject.startswith(operations.BACK):
            promises.keep(owed.uuid, by=by, now=then, channel="voice")
        elif thread is not None and owed.uuid == thread.awaiting:
            words = conversing.Words(text=rng.choice(ANSWERS))
            conversing.reply(thread, words, by=by, now=then, key=f"demo:{thread.uuid}")


def _to_come(rng: random.Random, clients: list[tuple[Person, str]], now: datetime) -> None:
    """Each adviser has a call or two to make in the next days; one of them to somebody whom nobody knows yet."""
    for n, desk in enumerate(Desk.objects.select_related("user").order_by("id")):
        hers = [one for one in clients if _adviser(one[0]) == desk.user_id][:2]
        free = free_times(state.hours_of(desk, now=now), (), now=now, most=12)
        for (person, _number), at in zip(hers, free[1::3], strict=False):
            operations.promise_call_back(
                person, desk, at, about=rng.choice(ABOUT), channel="web", key=f"demo:{desk.pk}:{person.pk}", by=ACTOR,
                now=now,
            )  # fmt: skip
        if n == 0 and free:
            visitor = links.Visitor(b"\x00" * 32, "Ada Fontaine", "+33199000177", "Votre carte de fidélité")
            links.ask(links.Opened(adviser=desk.user, desk=desk), free[-1], visitor, key="demo", now=now)


def _adviser(person: Person) -> object:
    tie = Relationship.objects.filter(person=person, kind="adviser", until=None).first()
    return tie.staff_id if tie else None
