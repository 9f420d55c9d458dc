"""In the shop: somebody arrives or walks in, is received, goes; or does not come."""

from __future__ import annotations

import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction

from egard.journeys.visits import facts, refusals
from egard.journeys.visits.booking import (
    LENGTH,
    NAME_MAX,
    NOTE_MAX,
    ON_TIME,
    RECEIVE,
    SIGNS,
    SUBJECT,
    locked,
    note,
    released,
    tell_visit,
)
from egard.journeys.visits.models import Reason, Shop, Visit
from egard.journeys.visits.placing import end_early, leave, take_now
from egard.journeys.visits.rules import COMING, OUTCOMES
from egard.journeys.visits.rules.queue import is_late
from egard.journeys.visits.visitors import own_adviser
from egard.journeys.visits.waiting import line
from egard.kernel.access.actors import Actor, system
from egard.kernel.access.live import tell
from egard.kernel.access.models import User
from egard.kernel.people.models import Person
from egard.kernel.promises import operations as promises
from egard.kernel.promises.models import Promise
from egard.kernel.promises.refusals import Ended
from egard.kernel.timeline.models import Fact

FOLLOW_UP = "visits.follow_up"
SLIP = timedelta(minutes=10)
"""So long an arrival is taken back."""
SENT_LATE = timedelta(hours=24)
"""An arrival that a page could not send at once is taken in so much later, with the moment of its tap."""
SKEW = timedelta(minutes=5)
"""How far ahead the clock of a tablet may be."""
FORGOTTEN = timedelta(days=7)
"""So long the name of somebody whom we do not know is kept."""
ROUNDED = timedelta(minutes=5)
NOBODY_FREE = timedelta(minutes=60)
"""What who walks in is promised where no host has so much time left today."""


@dataclass(frozen=True, slots=True)
class FollowUp:
    """Something that is promised to her after a visit: by when, and who sees to it."""

    due_at: datetime
    owner: User


@transaction.atomic
def arrive(visit: Visit, *, at: datetime | None = None, by: Actor, now: datetime) -> Visit:
    """She is in the shop, since `at` (a tap that was sent later) or now; the same again changes nothing.

    A tap is known by its moment: one that was taken back does not count when it is sent again.

    In time, what she was promised stays. After her hour she is promised anew: within five minutes of her coming while
    she keeps her turn, else by when the queue lets expect. Raises `NotNow`, `NotToday`.
    """
    held = locked(visit)
    if held.state in ("arrived", "started", "ended"):
        return held
    if held.state not in ("booked", "missed"):
        raise refusals.NotNow
    came = min(at or now, now)
    zone = ZoneInfo(held.site.zone)
    same_day = came.astimezone(zone).date() == held.starts_at.astimezone(zone).date()
    if (at or now) > now + SKEW or came < now - SENT_LATE or not same_day:
        raise refusals.NotToday
    if Fact.objects.filter(person=held.person, key=f"visit:{_arrival(held, came)}").exists():
        return held  # this very tap was taken in before, and taken back since
    held.state, held.arrived_at, held.ended_at, held.changed_at = "arrived", came, None, now
    held.welcomed_by_id = _user(by)
    held.save()
    _owed_since(held, by=by, now=now)
    told = facts.Arrived(held.uuid, held.site.name, held.reason.code)
    note(held, told, _arrival(held), by=by, now=now, at=came)
    _tell(held)
    return held


@transaction.atomic
def walk_in(
    shop: Shop, reason: Reason, person: Person | None = None, *, name: str = "", word: str = "", language: str = "fr",
    at: datetime | None = None, key: str, by: Actor, now: datetime,
) -> Visit:  # fmt: skip
    """Somebody comes without a booking, known or not, and queues from now on; the same key is one visitor.

    Raises `NotToday`, `Erased`.
    """
    if found := Visit.objects.select_related("site", "reason", "person").filter(key=key).first():
        return found
    came = min(at or now, now)
    if (at or now) > now + SKEW or came < now - SENT_LATE:
        raise refusals.NotToday
    try:
        with transaction.atomic():
            made = Visit.objects.create(
                reference="".join(secrets.choice(SIGNS) for _ in range(LENGTH)), site=shop.site, reason=reason,
                person=person, host_id=own_adviser(person) if person else None, state="arrived", starts_at=came,
                ends_at=came + timedelta(minutes=reason.minutes), name=name.strip()[:NAME_MAX],
                note=word.strip()[:NOTE_MAX], language=language, channel="counter", walked_in=True, key=key,
                made_at=now, changed_at=now, by=str(by), arrived_at=came, welcomed_by_id=_user(by),
            )  # fmt: skip
    except IntegrityError:  # sent twice at the same moment
        return Visit.objects.select_related("site", "reason", "person").get(key=key)
    _owed_since(made, by=by, now=now)
    told = facts.Arrived(made.uuid, made.site.name, reason.code, walked_in=True)
    note(made, told, _arrival(made), by=by, now=now, at=came)
    _tell(made)
    return made


@transaction.atomic
def take_back(visit: Visit, *, by: Actor, now: datetime) -> Visit:
    """She had not come: a slip, for some minutes after it. Who walked in was never there. Raises `SlipOver`."""
    held = locked(visit)
    if held.state in ("booked", "cancelled"):
        return held
    if held.state != "arrived" or now > held.changed_at + SLIP:
        raise refusals.SlipOver
    slip = Fact.objects.filter(person=held.person, key=f"visit:{_arrival(held)}").values_list("uuid", flat=True).first()
    told = facts.NotArrived(held.uuid, held.site.name, held.reason.code)
    note(held, told, f"{_arrival(held)}:slip", by=by, now=now, corrects=slip)
    if held.walked_in or (held.arrived_at and held.arrived_at > held.starts_at):
        released(held, why="a slip", by=by, now=now)
    held.state = "cancelled" if held.walked_in else "booked"
    held.ended_at = now if held.walked_in else None
    held.arrived_at, held.welcomed_by, held.coming_at, held.steps, held.changed_at = None, None, None, [], now
    held.save()
    _tell(held)
    return held


@transaction.atomic
def come(visit: Visit, *, by: Actor, now: datetime) -> Visit:
    """The host says that she is on her way to who waits. Raises `NotNow`."""
    held = locked(visit)
    if held.state != "arrived":
        raise refusals.NotNow
    if held.coming_at is None:
        held.coming_at, held.changed_at = now, now
        held.host_id = held.host_id or _user(by)
        held.save()
        _tell(held)
    return held


@transaction.atomic
def start(visit: Visit, host: User | None = None, *, by: Actor, now: datetime) -> Visit:
    """Somebody receives her: what was promised is kept. Who walked in, came too late to keep her turn, or goes to
    another host takes time of that host from now on. The same again changes nothing.

    Raises `NotNow`, `NotToday`, `NoHost`, `NotHere`, `HostBusy`.
    """
    held = locked(visit)
    if held.state in ("started", "ended"):
        return held
    if held.state != "arrived":
        arrive(held, by=by, now=now)
        held = locked(visit)
    who = host.pk if host else held.host_id
    if who is None:
        raise refusals.NoHost(fields={"host": str(refusals.NoHost.message)})
    shop = Shop.objects.select_related("site").get(pk=held.site_id)
    assert held.arrived_at is not None
    late = not held.walked_in and is_late(held.starts_at, held.arrived_at, shop.grace_minutes)
    together = held.sitting is not None and (held.sitting.capacity > 1 or held.reason.hosts > 1)
    if not together and (held.walked_in or late or who != held.host_id):
        if held.sitting_id is not None:
            leave(held.sitting_id, held.seats)
        held.sitting = take_now(shop, held.reason, who, seats=held.seats, now=now).sitting
    held.state, held.started_at, held.changed_at, held.host_id = "started", now, now, who
    held.save()
    if held.promise is not None:
        with suppress(Ended):
            promises.keep(held.promise, by=by, now=now, channel="counter")
    name = User.objects.values_list("name", flat=True).get(pk=who)
    since = held.arrived_at if held.walked_in else max(held.starts_at, held.arrived_at)
    waited = max(0, round((now - since).total_seconds()))
    told = facts.Received(held.uuid, held.site.name, held.reason.code, name, waited)
    note(held, told, f"{held.uuid}:received", by=by, now=now)
    _tell(held)
    return held


@transaction.atomic
def end(
    visit: Visit, *, outcome: str = "settled", next_step: str = "", follow_up: FollowUp | None = None, by: Actor,
    now: datetime,
) -> Visit:  # fmt: skip
    """It is over: what came of it, what was agreed, and what is promised for later. What is left of the time is free.
    Who `left` was not received. The same again changes nothing. Raises `NotNow`, `WrongOutcome`.
    """
    held = locked(visit)
    if held.state == "ended":
        return held
    if held.state != ("arrived" if outcome == "left" else "started"):
        raise refusals.NotNow
    if outcome not in OUTCOMES:
        raise refusals.WrongOutcome(why=outcome[:32], fields={"outcome": str(refusals.WrongOutcome.title)})
    if follow_up is not None and (held.person is None or follow_up.due_at <= now):
        raise refusals.WrongOutcome(
            why=f"{follow_up.due_at:%Y-%m-%d}", fields={"due": str(refusals.WrongOutcome.title)}
        )
    held.state, held.ended_at, held.changed_at = "ended", now, now
    held.outcome, held.next_step = outcome, next_step.strip()[:NOTE_MAX]
    held.save()
    _freed(held, now=now)
    released(held, why="left", by=by, now=now)  # who was received keeps what was kept
    told = facts.Ended(held.uuid, held.site.name, held.reason.code, outcome, held.next_step)
    note(held, told, f"{held.uuid}:ended", by=by, now=now)
    if follow_up is not None:
        promises.promise(
            held.person, FOLLOW_UP, due_at=follow_up.due_at, subject=f"{SUBJECT}{held.uuid}", note=held.next_step,
            owner=follow_up.owner, site=held.site, channel="counter", key=f"visit:{held.uuid}:follow_up",
            by=by, now=now,
        )  # fmt: skip
    _tell(held)
    return held


@transaction.atomic
def miss(visit: Visit, *, by: Actor, now: datetime) -> Visit:
    """She did not come: her time is free, and she is no longer owed to be received. Raises `NotNow`."""
    held = locked(visit)
    if held.state == "missed":
        return held
    if held.state != "booked" or now < held.starts_at:
        raise refusals.NotNow
    held.state, held.ended_at, held.changed_at = "missed", now, now
    held.save()
    _freed(held, now=now)
    released(held, why="did not come", by=by, now=now)
    told = facts.Missed(held.uuid, held.site.name, held.reason.code, held.starts_at)
    note(held, told, f"{held.uuid}:missed:{held.revision}:{now.isoformat()}", by=by, now=now)
    _tell(held)
    return held


@transaction.atomic
def set_step(visit: Visit, step: int, done: bool, *, now: datetime) -> Visit:
    """A step of the welcome was gone through with her, or not."""
    held = locked(visit)
    steps = {*held.steps, step} if done else {*held.steps} - {step}
    if 0 <= step < 100 and held.state in ("arrived", "started") and sorted(steps) != held.steps:
        held.steps, held.changed_at = sorted(steps), now
        held.save(update_fields=["steps", "changed_at"])
        _tell(held)
    return held


def forget_job(*, now: datetime) -> None:
    """Each night: what was said by and of visitors whom we do not know goes, as no erasure would find it."""
    old = Visit.objects.filter(person__isnull=True, starts_at__lt=now - FORGOTTEN)
    told = old.exclude(name="", note="", next_step="", why="", answers={})
    told.update(name="", note="", next_step="", why="", answers={})


def not_come_job(*, now: datetime) -> None:
    """Each minute: whoever is not there at her hour is owed nothing until she comes; after the grace her time is free
    for others, and some time later she has not come.
    """
    by = system("visits")
    due = Visit.objects.filter(state="booked", starts_at__lte=now)
    outstanding = Promise.objects.filter(kind=RECEIVE, ended_at__isnull=True, person__isnull=False)
    for visit in due.filter(promise__in=outstanding.values("uuid")):
        with transaction.atomic():
            held = locked(visit)
            if held.state == "booked" and held.starts_at <= now:
                released(held, why="not there at the hour", by=by, now=now)
    shops = {shop.site_id: shop for shop in Shop.objects.all()}
    for visit in due:
        shop, minutes = shops.get(visit.site_id) or Shop(), (now - visit.starts_at) // timedelta(minutes=1)
        with suppress(refusals.NotNow):
            if minutes >= shop.missed_minutes:
                miss(visit, by=by, now=now)
            elif minutes > shop.grace_minutes:
                _give_up_turn(visit, now=now)


# --- inside --------------------------------------------------------------------------------------------------------


def _owed_since(held: Visit, *, by: Actor, now: datetime) -> None:
    """What she is promised now that she is there: see `arrive`. One whose news came too late is promised nothing."""
    came = held.arrived_at
    assert came is not None
    if not held.walked_in and came <= held.starts_at:
        if Promise.objects.filter(uuid=held.promise, state="released").exists():  # the news came after the hour
            promises.reopen(held.promise, reason="she was there", by=by, now=now)
        return
    released(held, why="came after the hour", by=by, now=now)
    shop = Shop.objects.select_related("site").get(pk=held.site_id)
    keeps = not held.walked_in and not is_late(held.starts_at, came, shop.grace_minutes)
    if not keeps:
        _freed(held, now=now)
    due = came + ON_TIME if keeps else _by_queue(held, shop, now)
    held.promise = None
    if due > now:
        owed = promises.promise(
            held.person, RECEIVE, due_at=due, subject=f"{SUBJECT}{held.uuid}", site=held.site, channel="counter",
            owner=User.objects.filter(pk=held.host_id).first() if held.host_id else None,
            key=f"visit:{held.uuid}:{held.revision}:{came.isoformat()}", by=by, now=now,
        )  # fmt: skip
        held.promise = owed.uuid
    held.save(update_fields=["promise"])


def _by_queue(held: Visit, shop: Shop, now: datetime) -> datetime:
    """When the queue lets expect her turn, in round five minutes, and the time that everybody is given."""
    there = Visit.objects.filter(site=held.site_id, state="arrived", arrived_at__gte=now - SENT_LATE)
    places = line(shop, list(there.select_related("reason")), now=now).places
    at = next(place.at for place in places if place.visit.pk == held.pk)
    if at is None:
        return now + NOBODY_FREE
    return at + ON_TIME + (datetime.min.replace(tzinfo=at.tzinfo) - at) % ROUNDED


def _freed(held: Visit, *, now: datetime) -> None:
    """What is left of the time of hosts and rooms, once nobody of the sitting needs it."""
    if held.sitting_id is None:
        return
    others = Visit.objects.filter(sitting=held.sitting_id, state__in=COMING).exclude(pk=held.pk)
    if not others.exists():
        end_early(held.sitting_id, now)


@transaction.atomic
def _give_up_turn(visit: Visit, *, now: datetime) -> None:
    held = locked(visit)
    if held.state == "booked":
        _freed(held, now=now)


def _arrival(held: Visit, at: datetime | None = None) -> str:
    """The name of an arrival: its tap has a moment of its own."""
    at = at or held.arrived_at
    return f"{held.uuid}:arrived:{at.isoformat()}" if at else ""


def _tell(held: Visit) -> None:
    """Open pages of the shop, and her host's own."""
    tell_visit(held)
    if held.host_id:
        tell(f"user:{held.host_id}")


def _user(by: Actor) -> UUID | None:
    return UUID(by.id) if by.kind == "user" else None
