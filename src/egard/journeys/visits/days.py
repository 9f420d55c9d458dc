"""A site that is closed on a date, and somebody who does not receive: each visit that was booked goes elsewhere, or who
comes is told, once. In batches, so that whatever is interrupted goes on where it was.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import QuerySet

from egard.journeys.visits import booking, facts, refusals, shops, telling
from egard.journeys.visits.models import Resource, Rota, Shop, Sitting, Visit
from egard.journeys.visits.models_told import Closing, Telling
from egard.journeys.visits.offering import day_of
from egard.journeys.visits.placing import Wish, relieve
from egard.journeys.visits.visitors import own_adviser
from egard.kernel.access.actors import Actor, system
from egard.kernel.access.live import tell
from egard.kernel.access.models import User
from egard.kernel.access.operations import log_change
from egard.kernel.jobs.operations import defer
from egard.kernel.promises import operations as promises
from egard.kernel.promises.refusals import Ended

BY = system("visits")
"""It is we who cannot receive: what is told says that we are sorry."""
TOGETHER = 10
"""Sittings that are seen to in one transaction."""
SETTLES = timedelta(minutes=2)
"""A booking that was under way when the hours changed may still come in for so long."""
DAYS_MOST = 366
ALWAYS = {"week": {"mon-sun": ["00:00-24:00"]}}


@dataclass(frozen=True, slots=True)
class Outlook:
    """What an operation would do: visits that go to another time or host, that are cancelled, and of all these those of
    whom nobody can be written to.
    """

    moved: int
    cancelled: int
    untold: int


@transaction.atomic
def close_day(shop: Shop, day: date, *, why: str, move_to: date | None = None, by: Actor, now: datetime) -> Closing:
    """A site is closed on a date of its clock: an exception in its hours. Each visit of that day goes to the same hour
    of `move_to` where that is free, else it is cancelled; who comes is told why, with a link to choose another time.

    Raises `NotNow` for a day that is over.
    """
    start, end = day_of(shop, day)
    if end <= now:
        raise refusals.NotNow
    # Asked for twice at the same moment, the second waits and finds the day closed.
    Shop.objects.select_for_update().get(pk=shop.pk)
    known = Closing.objects.filter(site=shop.site_id, until=end, done_at__isnull=True).first()
    if known is not None:
        return known
    shops.set_shop(shop.site, hours=shops.with_exception(shop.hours, day, ()), by=by, now=now)
    made = Closing.objects.create(
        site_id=shop.site_id, since=max(start, now), until=end, move_to=move_to, why=_line(why), by=str(by), made_at=now
    )
    log_change("visits.day_closed", by=by, now=now, subject=shop.site.code, day=day.isoformat())
    defer("visits.see_to", closing=made.pk)
    return made


@transaction.atomic
def relieve_host(
    user: User, first: date, last: date | None = None, *, why: str = "", by: Actor, now: datetime
) -> Closing:
    """Somebody receives nobody on the dates `first` to `last`, or (none) any more from now on. Each of her visits goes
    to somebody else who is free at that time, whom the client is told; else it is cancelled as on a day that is closed.

    Raises `WrongHost`, `NotNow`.
    """
    held = Resource.objects.select_for_update().filter(user=user).first()
    if held is None or (last is not None and not timedelta(0) <= last - first < timedelta(days=DAYS_MOST)):
        raise refusals.WrongHost(why=user.name or user.email)
    zones = [ZoneInfo(rota.site.zone) for rota in Rota.objects.filter(resource=held).select_related("site")]
    zone = zones[0] if zones else ZoneInfo("UTC")
    since = max(now, datetime.combine(first, datetime.min.time(), tzinfo=zone))
    until = None if last is None else datetime.combine(last + timedelta(days=1), datetime.min.time(), tzinfo=zone)
    if until is not None and until <= now:
        raise refusals.NotNow
    if last is None:
        since = now
        Resource.objects.filter(pk=held.pk).update(ended_at=now)
    else:
        _take_off(held, first, last)
    made = Closing.objects.create(
        resource=held, since=since, until=until, why=_line(why), by=str(by), made_at=now
    )  # fmt: skip
    told = {"last": last.isoformat()} if last else {}
    log_change("visits.host_relieved", by=by, now=now, subject=str(user.pk), first=first.isoformat(), **told)
    tell(booking.TOPIC)
    defer("visits.see_to", closing=made.pk)
    return made


def outlook(work: Callable[[], Closing], *, now: datetime) -> Outlook:
    """What `work` (`close_day` or `relieve_host`) would do: done, counted, and undone."""
    with transaction.atomic():
        made = work()
        while _some(made.pk, now=now):
            pass
        made.refresh_from_db()
        transaction.set_rollback(True)
    return Outlook(made.moved, made.cancelled, made.untold)


def see_to(*, closing: int, now: datetime) -> None:
    """A job: every visit of one closing."""
    while _some(closing, now=now):
        pass


def see_to_all(*, now: datetime) -> None:
    """A job, each minute: what was left half done, and what was booked at the last moment."""
    for pk in list(Closing.objects.filter(done_at__isnull=True).order_by("made_at").values_list("pk", flat=True)):
        see_to(closing=pk, now=now)


# --- inside --------------------------------------------------------------------------------------------------------


@transaction.atomic
def _some(closing: int, *, now: datetime) -> int:
    """A batch, with what is told of it; gives how many sittings it had."""
    held = Closing.objects.select_for_update(of=("self",), skip_locked=True).filter(pk=closing, done_at=None).first()
    if held is None:
        return 0
    sittings = list(_sittings(held, now=now)[:TOGETHER])
    for sitting in sittings:
        for visit, was_moved in _seen_to(held, sitting, now=now):
            held.moved += was_moved
            held.cancelled += not was_moved
            told = Telling.objects.filter(visit=visit, revision=visit.revision, state="told")
            held.untold += visit.person_id is not None and not told.exists()
    if not sittings and now - held.made_at >= SETTLES:
        held.done_at = now
    held.save()
    return len(sittings)


def _sittings(held: Closing, *, now: datetime) -> QuerySet[Sitting]:
    """Those that cannot be as they were booked, and are still to come."""
    found = Sitting.objects.filter(
        taken__gt=0, starts_at__gte=max(held.since, now), visits__state__in=("held", "booked")
    )
    if held.until is not None:
        found = found.filter(starts_at__lt=held.until)
    if held.site_id is not None:
        found = found.filter(site=held.site_id)
    else:
        found = found.filter(occupied__resource=held.resource_id)
    return found.select_related("site", "reason").distinct().order_by("starts_at", "pk")


def _seen_to(held: Closing, sitting: Sitting, *, now: datetime) -> list[tuple[Visit, bool]]:
    """What became of each visit of a sitting: whether it goes elsewhere; else it is cancelled."""
    shop = Shop.objects.select_related("site").get(pk=sitting.site_id)
    visits = list(Visit.objects.filter(sitting=sitting, state__in=("held", "booked")).order_by("pk"))
    if held.resource_id is not None:
        given = _given(held, shop, sitting, visits, now=now)
        if given is not None:
            return [(visit, True) for visit in given]
    found = []
    for visit in visits:
        with suppress(refusals.NotNow):  # she came, or cancelled, at this moment
            if moved := _moved(held, shop, visit, now=now):
                found.append((moved, True))
            else:
                found.append((booking.cancel(visit, why=held.why, by=BY, now=now), False))
    return found


def _moved(held: Closing, shop: Shop, visit: Visit, *, now: datetime) -> Visit | None:
    """At the same hour of the day that was named, where one is free."""
    if held.move_to is None or visit.state != "booked":
        return None
    zone = ZoneInfo(shop.site.zone)
    start = datetime.combine(held.move_to, visit.starts_at.astimezone(zone).time(), tzinfo=zone)
    with suppress(refusals.SlotFull, refusals.NotOffered), transaction.atomic():
        return booking.move(visit, shop, Wish(start, seats=visit.seats), why=held.why, by=BY, now=now)
    return None


def _given(held: Closing, shop: Shop, sitting: Sitting, visits: list[Visit], *, now: datetime) -> list[Visit] | None:
    """The visits of a sitting with another host in her place; None where nobody is free."""
    assert held.resource_id is not None
    gone = Resource.objects.get(pk=held.resource_id)
    person = visits[0].person if visits else None
    host = relieve(shop, sitting, gone.pk, own=own_adviser(person) if person else None, now=now)
    if host is None:
        return None
    user = User.objects.get(pk=host)
    rows = Visit.objects.select_related("site", "reason", "person").select_for_update(of=("self",))
    found = list(rows.filter(pk__in=[visit.pk for visit in visits], host=gone.user_id).order_by("pk"))
    for visit in found:
        visit.host, visit.revision, visit.changed_at, visit.why = user, visit.revision + 1, now, held.why
        visit.save()
        if visit.person is None:
            continue
        with suppress(Ended):
            promises.assign(visit.promise, owner=user, by=BY, now=now)
        fact = facts.Moved(
            visit.uuid, visit.site.name, visit.reason.code, visit.starts_at, user.name, by_us=True, why=held.why
        )
        booking.note(visit, fact, f"{visit.uuid}:{visit.revision}", by=BY, now=now)
        telling.changed(visit, by_us=True, same_time=True, by=BY, now=now)
    booking.tell_visit(visits[0])
    return found


def _take_off(resource: Resource, first: date, last: date) -> None:
    """Her hours at each site without these dates."""
    dates = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    for rota in Rota.objects.filter(resource=resource).select_related("site"):
        hours = rota.hours or ALWAYS
        for day in dates:
            hours = shops.with_exception(hours, day, ())
        rota.hours = shops.checked_hours(rota.site, hours)
        rota.save(update_fields=["hours"])


def _line(why: str) -> str:
    """As it is put into a sentence."""
    return " ".join(why.split()).rstrip(".")[: booking.WHY_MAX]
