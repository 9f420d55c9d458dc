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
DAYS, CALLS, AGAIN = 28, 56, 9
"""So many days of calls; so many by clients, of whom one in nine calls again two hours later."""
AN_HOUR, PEAK = 3, {10: 5, 11: 5, 16: 4, 17: 4}
"""How many others call in an hour, at least, and at the hours at which most do."""
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
    asked = [(at, rng.choice(clients)) for at in _moments(rng, next(iter(desks.values())), began, now)]
    asked += [(at + timedelta(hours=2), one) for at, one in asked[::AGAIN] if at + timedelta(hours=3) < now]
    for at, client in sorted(asked, key=lambda one: one[0]):
        _call(rng, client, at, now)
    _crowd(rng, desks, began, now)
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
    wished = rng.choice(("message", "call_back", "deputy", "hang up"))
    if wished == "deputy" and wished in keys:
        _put_through(rng, call, str(keys.index(wished) + 1), at + timedelta(seconds=15))
        return
    if wished in keys:
        at += timedelta(seconds=25)
        pressed = {"Digits": str(keys.index(wished) + 1)}
        calls.follow(sid, call.uuid, call.step, "key", pressed, BASE, now=at)
        if wished == "call_back":
            call.refresh_from_db()
            calls.follow(sid, call.uuid, call.step, "time", {"Digits": "1"}, BASE, now=at + timedelta(seconds=9))
    calls.hung_up(sid, now=at + timedelta(seconds=40))
    _kept(rng, call, now)


def _put_through(rng: random.Random, call: Call, key: str, at: datetime) -> None:
    """Her adviser's deputy talks to her."""
    calls.follow(call.provider_id, call.uuid, call.step, "key", {"Digits": key}, BASE, now=at)
    call.refresh_from_db()
    talks = at + timedelta(seconds=rng.uniform(4, 30))
    calls.leg_answered(call.provider_id, call.uuid, call.step, now=talks)
    calls.hung_up(call.provider_id, now=talks + timedelta(seconds=min(rng.lognormvariate(5.2, 0.5), 1500)))


def _crowd(rng: random.Random, desks: Mapping[str, Desk], since: datetime, now: datetime) -> None:
    """Those who ask for an adviser and of whom nothing is known: so many that staffing and waits can be reckoned. Of
    nobody's timeline, so written at once.
    """
    held, rows = list(desks.values()), []
    for start, end in state.hours_of(held[0], now=since).periods(midnight(since), midnight(now)):
        opens = start
        while opens < end:
            for _call in range(PEAK.get(opens.astimezone(ZONE).hour, AN_HOUR) + rng.randrange(2)):
                at = opens + rng.random() * (min(opens + timedelta(hours=1), end) - opens)
                rows.append(_stranger(rng, rng.choice(held), at, f"CADEMOX{len(rows)}"))
            opens += timedelta(hours=1)
    Call.objects.bulk_create(rows, batch_size=500)


def _stranger(rng: random.Random, desk: Desk, at: datetime, sid: str) -> Call:
    """Seven in ten talk to whom they asked for, some to who stands in; the others hang up."""
    outcome = rng.choices(("own", "deputy", "abandoned"), (75, 13, 12))[0]
    waited = min(rng.expovariate(1 / {"own": 25, "deputy": 70, "abandoned": 110}[outcome]), 900)
    talked = 0 if outcome == "abandoned" else int(min(rng.lognormvariate(5.2, 0.5), 1500))
    answered = at + timedelta(seconds=waited)
    ended = answered + timedelta(seconds=talked)
    rung = {"own": desk.user_id, "deputy": desk.deputy_id}.get(outcome)
    return Call(
        provider_id=sid, language="fr", state="ended", outcome=outcome, adviser_id=desk.user_id, rung_id=rung,
        asked_at=at, seen_at=ended, ended_at=ended, answered_at=answered if rung else None, waited=int(waited),
        talked=talked, transfers=int(outcome == "deputy"),
    )  # fmt: skip


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
