"""Giving the time of hosts and rooms away, and taking it back. The database holds that nobody is promised twice."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import F, Value
from django.db.models.functions import Greatest

from egard.journeys.visits.models import Occupied, Reason, Resource, Shop, Sitting
from egard.journeys.visits.offering import Host, Offer, could, counts, offers, opening
from egard.journeys.visits.refusals import HostBusy, NotHere, NotOffered, SlotFull
from egard.journeys.visits.rules.choosing import Able, ranked
from egard.kernel.access.models import Site

ATTEMPTS = 4
"""How often what is free is read again, where all that was free was taken at the same moment."""
_DAY = timedelta(days=1)
_GONE = """
gone as (
  delete from visits_occupied where resource_id = %(resource)s and lapses_at <= %(now)s
    and tstzrange(since, until, '[)') && tstzrange(%(since)s, %(until)s, '[)')
  returning id)
"""
"""A hold that has lapsed makes way: it is counted by what inserts, and so gone before."""
_TAKE = f"""
with {_GONE}
insert into visits_occupied (resource_id, sitting_id, since, until, lapses_at)
select %(resource)s, %(sitting)s, %(since)s, %(until)s, %(lapses_at)s from (select count(*) from gone) first
on conflict do nothing returning id
"""
"""Waits for whoever takes the same at this moment; gives nothing where she does."""
_BEGIN = f"""
with {_GONE},
made as (
  insert into visits_sitting (site_id, reason_id, starts_at, ends_at, before, after, capacity, taken)
  values (%(site)s, %(reason)s, %(starts_at)s, %(ends_at)s, %(before)s, %(after)s, %(capacity)s, %(taken)s)
  returning id),
given as (
  insert into visits_occupied (resource_id, sitting_id, since, until, lapses_at)
  select %(resource)s, id, %(since)s, %(until)s, %(lapses_at)s from made, (select count(*) from gone) first
  on conflict do nothing returning id)
select (select id from made), (select id from given)
"""
"""A sitting and the time of its first host, at once."""


@dataclass(frozen=True, slots=True)
class Wish:
    """When somebody would come, and to whom: `only` to one member of staff; `own` is her adviser, who is asked first.
    `beside`: the sitting that she leaves for this one.
    """

    at: datetime
    only: UUID | None = None
    own: UUID | None = None
    seats: int = 1
    beside: int | None = None


@dataclass(frozen=True, slots=True)
class Placed:
    """The time that was given, and who receives."""

    sitting: Sitting
    host: UUID | None


def place(shop: Shop, reason: Reason, wish: Wish, *, lapses_at: datetime | None = None, now: datetime) -> Placed:
    """Give the time of whoever is free, within the transaction that is open: what is offered, and nothing else.

    Raises `SlotFull`, `NotOffered`.
    """
    day = wish.at.astimezone(ZoneInfo(opening(shop).zone)).date()
    for _attempt in range(ATTEMPTS):
        offer = offers([shop], reason, day, day, only=wish.only, seats=wish.seats, now=now)[0]
        if wish.at not in offer.at:
            break
        if placed := _joined(offer, wish, lapses_at=lapses_at) or _taken(
            offer, reason, wish, lapses_at=lapses_at, now=now
        ):
            return placed
    if could(shop, reason, wish.at, only=wish.only, now=now):
        raise SlotFull(fields={"start": str(SlotFull.message)})
    raise NotOffered(fields={"start": str(NotOffered.message)})


def take_now(shop: Shop, reason: Reason, user: UUID, *, seats: int, now: datetime) -> Placed:
    """Time of one host from now on, for somebody who is in the shop: as long as the reason takes, cut where the host's
    next visit begins. Raises `NotHere`, `HostBusy`.
    """
    host = Resource.objects.filter(user=user, rotas__site=shop.site_id, ended_at__isnull=True).first()
    if host is None:
        raise NotHere
    for _attempt in range(ATTEMPTS):
        given = Occupied.objects.filter(counts(now), resource=host, until__gt=now).order_by("since")
        following = given.values_list("since", flat=True).first()
        if following is not None and following <= now:
            break
        ends_at = now + timedelta(minutes=reason.minutes)
        until = ends_at + timedelta(minutes=reason.after)
        until = min(until, following) if following else until
        ends_at = min(ends_at, until)
        sitting = Sitting.objects.create(
            site_id=shop.site_id, reason=reason, starts_at=now, ends_at=ends_at, after=(until - ends_at).seconds // 60,
            capacity=seats, taken=seats,
        )  # fmt: skip
        told = {"sitting": sitting.pk, "since": now, "until": until, "now": now, "lapses_at": None}
        with connection.cursor() as cursor:
            cursor.execute(_TAKE, {**told, "resource": host.pk})
            if cursor.fetchone():
                return Placed(sitting, user)
        sitting.delete()
    raise HostBusy


def leave(sitting: int, seats: int) -> None:
    """Seats are free again; with the last one the time of hosts and rooms is."""
    Sitting.objects.filter(pk=sitting).update(taken=F("taken") - seats)
    Occupied.objects.filter(sitting=sitting, sitting__taken=0).delete()


def relieve(shop: Shop, sitting: Sitting, gone: int, *, own: UUID | None, now: datetime) -> UUID | None:
    """Another host in the place of one (`gone`) at the same time: who; None where nobody is free. What is booked stays,
    so that notice, horizon and grid do not count.
    """
    reason = copy(sitting.reason)
    reason.minutes = int((sitting.ends_at - sitting.starts_at).total_seconds() // 60)
    reason.before, reason.after = sitting.before, sitting.after
    reason.step_minutes, reason.notice_minutes, reason.horizon_days = 1, 0, 366
    day = sitting.starts_at.astimezone(ZoneInfo(opening(shop).zone)).date()
    offer = offers([shop], reason, day, day, now=now, beside=sitting.pk)[0]
    there = set(Occupied.objects.filter(sitting=sitting).values_list("resource", flat=True))
    free = [one for one in offer.at.get(sitting.starts_at, ()) if one not in there]
    if not free:
        return None
    left = Occupied.objects.filter(sitting=sitting, resource=gone)
    told = _told(reason, shop.site_id, sitting.starts_at, left.values_list("lapses_at", flat=True).first(), now)
    order = [offer.hosts[one] for one in _order(offer, free, Wish(sitting.starts_at, own=own))]
    with connection.cursor() as cursor:
        hosts = _seized(cursor, sitting.pk, order, 1, told)
    if not hosts:
        return None
    left.delete()
    return hosts[0].user


def end_early(sitting: int, at: datetime) -> None:
    """What is left of the time of hosts and rooms is free again from a moment."""
    held = Occupied.objects.filter(sitting=sitting)
    held.filter(since__gte=at).delete()
    held.filter(until__gt=at).update(until=at)


# --- inside --------------------------------------------------------------------------------------------------------


def _joined(offer: Offer, wish: Wish, *, lapses_at: datetime | None) -> Placed | None:
    """A seat beside others; the hosts are theirs as long as one of them comes."""
    for sitting in offer.shared.get(wish.at, ()):
        free = Sitting.objects.filter(pk=sitting.pk, taken__gt=0, taken__lte=F("capacity") - wish.seats)
        if free.update(taken=F("taken") + wish.seats):
            held = Occupied.objects.filter(sitting=sitting)
            longer = None if lapses_at is None else Greatest("lapses_at", Value(lapses_at))
            if held.filter(lapses_at__isnull=False).update(lapses_at=longer) or held.exists():
                hosts = held.filter(resource__user__isnull=False).order_by("pk")
                return Placed(sitting, hosts.values_list("resource__user_id", flat=True).first())
            leave(sitting.pk, wish.seats)  # a hold that lapsed, and others took its hosts
    return None


def _taken(offer: Offer, reason: Reason, wish: Wish, *, lapses_at: datetime | None, now: datetime) -> Placed | None:
    """A sitting of its own, by the first hosts and room that are still free. None where others were faster."""
    free = offer.at[wish.at]
    if len(free) < reason.hosts or wish.seats > reason.capacity:
        return None
    hosts = [offer.hosts[one] for one in _order(offer, free, wish)]
    told = {**_told(reason, offer.shop.site_id, wish.at, lapses_at, now), "taken": wish.seats}
    with connection.cursor() as cursor:
        first, sitting = _begun(cursor, hosts, told)
        if first is None:
            return None
        others = [one for one in hosts if one.id != first.id]
        rooms = 1 if reason.room_kind else 0
        if (
            len(_seized(cursor, sitting, others, reason.hosts - 1, told)) < reason.hosts - 1
            or len(_seized(cursor, sitting, offer.rooms, rooms, told)) < rooms
        ):
            cursor.execute("delete from visits_occupied where sitting_id = %s", [sitting])
            cursor.execute("delete from visits_sitting where id = %s", [sitting])
            return None
    made = Sitting(
        id=sitting, site=offer.shop.site, reason=reason, starts_at=wish.at, ends_at=told["ends_at"],
        before=reason.before, after=reason.after, capacity=reason.capacity, taken=wish.seats,
    )  # fmt: skip
    return Placed(made, first.user)


def _begun(cursor: Any, hosts: Sequence[Host], told: dict[str, Any]) -> tuple[Host | None, int]:
    """The first host whose time could be taken, and the sitting that took it."""
    for host in hosts:
        if _is_full(host, told):
            continue
        cursor.execute(_BEGIN, {**told, "resource": host.id})
        sitting, taken = cursor.fetchone()
        if taken is not None:
            return host, sitting
        cursor.execute("delete from visits_sitting where id = %s", [sitting])
    return None, 0


def _seized(cursor: Any, sitting: int, hosts: Sequence[Host], number: int, told: dict[str, Any]) -> list[Host]:
    """The first so many of them whose time could be taken."""
    found: list[Host] = []
    for host in hosts:
        if len(found) == number:
            break
        if not _is_full(host, told):
            cursor.execute(_TAKE, {**told, "resource": host.id, "sitting": sitting})
            if cursor.fetchone():
                found.append(host)
    return found


def _told(reason: Reason, site: UUID, at: datetime, lapses_at: datetime | None, now: datetime) -> dict[str, Any]:
    """What the statements above are told of a visit."""
    ends_at = at + timedelta(minutes=reason.minutes)
    return {
        "site": site, "reason": reason.pk, "starts_at": at, "ends_at": ends_at, "before": reason.before,
        "after": reason.after, "capacity": reason.capacity, "lapses_at": lapses_at, "now": now,
        "since": at - timedelta(minutes=reason.before), "until": ends_at + timedelta(minutes=reason.after),
    }  # fmt: skip


def _is_full(host: Host, told: dict[str, Any]) -> bool:
    """Whether a host with a limit has as many visits that day; her row is held, so that they are counted one by one."""
    if host.max_per_day is None:
        return False
    most = Resource.objects.select_for_update().values_list("max_per_day", flat=True).get(pk=host.id)
    if most is None:
        return False
    zone = Site.objects.values_list("zone", flat=True).get(pk=told["site"])
    day = told["starts_at"].astimezone(ZoneInfo(zone)).replace(hour=0, minute=0, second=0, microsecond=0)
    others = Occupied.objects.filter(resource=host.id, sitting__starts_at__gte=day, sitting__starts_at__lt=day + _DAY)
    return others.filter(counts(told["now"])).count() >= most


def _order(offer: Offer, free: Sequence[int], wish: Wish) -> list[int]:
    """Who is asked first: see `rules.choosing`."""
    if len(free) == 1:
        return list(free)
    day = wish.at.astimezone(ZoneInfo(offer.shop.site.zone)).replace(hour=0, minute=0, second=0, microsecond=0)
    monday = day - day.weekday() * _DAY
    able = []
    for one in free:
        host = offer.hosts[one]
        load = sum(monday <= start < monday + 7 * _DAY for start, _sitting in host.given)
        last = max((sitting for _start, sitting in host.given), default=0)
        able.append(Able(one, is_hers=wish.own is not None and host.user == wish.own, load=load, last=last))
    return ranked(able)
