"""Giving the time of hosts and rooms away, and taking it back. The database holds that nobody is promised twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.db.models import Count, F, Max, Q

from egard.journeys.visits.models import Occupied, Reason, Resource, Shop, Sitting
from egard.journeys.visits.offering import Offer, could, counts, offers, opening, rooms_of, users_of
from egard.journeys.visits.refusals import HostBusy, NotHere, NotOffered, SlotFull
from egard.journeys.visits.rules.choosing import Able, ranked

ATTEMPTS = 4
"""How often what is free is read again, where all that was free was taken at the same moment."""
_DAY = timedelta(days=1)
_TAKE = """
with gone as (
  delete from visits_occupied where resource_id = %(resource)s and lapses_at <= %(now)s
    and tstzrange(since, until, '[)') && tstzrange(%(since)s, %(until)s, '[)'))
insert into visits_occupied (resource_id, sitting_id, since, until, lapses_at)
values (%(resource)s, %(sitting)s, %(since)s, %(until)s, %(lapses_at)s) on conflict do nothing returning id
"""
"""Waits for whoever takes the same at this moment; gives nothing where she does. A hold that has lapsed makes way."""


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
        if placed := _joined(offer, wish) or _taken(offer, reason, wish, lapses_at=lapses_at, now=now):
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


def end_early(sitting: int, at: datetime) -> None:
    """What is left of the time of hosts and rooms is free again from a moment."""
    held = Occupied.objects.filter(sitting=sitting)
    held.filter(since__gte=at).delete()
    held.filter(until__gt=at).update(until=at)


# --- inside --------------------------------------------------------------------------------------------------------


def _joined(offer: Offer, wish: Wish) -> Placed | None:
    """A seat beside others."""
    for sitting in offer.shared.get(wish.at, ()):
        free = Sitting.objects.filter(pk=sitting.pk, taken__gt=0, taken__lte=F("capacity") - wish.seats)
        if free.update(taken=F("taken") + wish.seats):
            hosts = Occupied.objects.filter(sitting=sitting, resource__user__isnull=False).order_by("pk")
            return Placed(sitting, hosts.values_list("resource__user_id", flat=True).first())
    return None


def _taken(offer: Offer, reason: Reason, wish: Wish, *, lapses_at: datetime | None, now: datetime) -> Placed | None:
    """A sitting of its own, by the first hosts and room that are still free. None where others were faster."""
    free = offer.at[wish.at]
    if len(free) < reason.hosts or wish.seats > reason.capacity:
        return None
    users = users_of(free)
    order = _order(offer.shop, free, users, wish)
    rooms = rooms_of(offer.shop, reason)
    point = transaction.savepoint()
    sitting = Sitting.objects.create(
        site_id=offer.shop.site_id, reason=reason, starts_at=wish.at, before=reason.before, after=reason.after,
        ends_at=wish.at + timedelta(minutes=reason.minutes), capacity=reason.capacity, taken=wish.seats,
    )  # fmt: skip
    hosts = _seized(sitting, order, reason.hosts, lapses_at=lapses_at, now=now)
    if len(hosts) == reason.hosts and (
        not reason.room_kind or _seized(sitting, rooms, 1, lapses_at=lapses_at, now=now)
    ):  # fmt: skip
        transaction.savepoint_commit(point)
        return Placed(sitting, users.get(hosts[0]))
    transaction.savepoint_rollback(point)
    return None


def _seized(
    sitting: Sitting, order: Sequence[int], number: int, *, lapses_at: datetime | None, now: datetime
) -> list[int]:
    """The first so many of them whose time could be taken."""
    told = {
        "sitting": sitting.pk, "since": sitting.starts_at - timedelta(minutes=sitting.before), "now": now,
        "until": sitting.ends_at + timedelta(minutes=sitting.after), "lapses_at": lapses_at,
    }  # fmt: skip
    found: list[int] = []
    with connection.cursor() as cursor:
        for resource in order:
            if len(found) == number:
                break
            if _is_full(resource, sitting):
                continue
            cursor.execute(_TAKE, {**told, "resource": resource})
            if cursor.fetchone():
                found.append(resource)
    return found


def _is_full(resource: int, sitting: Sitting) -> bool:
    """Whether a host with a limit has as many visits that day; her row is held, so that they are counted one by one."""
    held = Resource.objects.filter(pk=resource, max_per_day__isnull=False).select_for_update().first()
    if held is None:
        return False
    zone = ZoneInfo(sitting.site.zone)
    day = sitting.starts_at.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    others = Occupied.objects.filter(resource=resource, sitting__starts_at__range=(day, day + _DAY))
    return others.exclude(sitting=sitting).count() >= (held.max_per_day or 0)


def _order(shop: Shop, free: Sequence[int], users: dict[int, UUID], wish: Wish) -> list[int]:
    """Who is asked first: see `rules.choosing`."""
    if len(free) == 1:
        return list(free)
    day = wish.at.astimezone(ZoneInfo(shop.site.zone)).replace(hour=0, minute=0, second=0, microsecond=0)
    monday = day - day.weekday() * _DAY
    week = Q(sitting__starts_at__gte=monday, sitting__starts_at__lt=monday + 7 * _DAY)
    lately = Occupied.objects.filter(resource__in=free, until__gt=monday - 28 * _DAY)
    rows = lately.values("resource").annotate(load=Count("pk", filter=week), last=Max("sitting_id"))
    found = {row["resource"]: row for row in rows}
    return ranked(
        Able(
            one,
            is_hers=wish.own is not None and users.get(one) == wish.own,
            load=found[one]["load"] if one in found else 0,
            last=found[one]["last"] if one in found else 0,
        )
        for one in free
    )
