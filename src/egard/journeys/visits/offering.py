"""What is offered at sites: loaded for the rules in a constant number of queries, whatever the sites and days."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson
from django.db import connection
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from egard.base.calendars import Calendar, spans
from egard.base.calendars.calendar import EPOCH, MICROSECOND, micros
from egard.journeys.visits.models import Occupied, Reason, Resource, Shop, Sitting, Skill
from egard.journeys.visits.refusals import ManyDays
from egard.journeys.visits.rules import hours, slots
from egard.kernel.access.busy import busy

DAYS_MOST = 62
"""So many dates are asked for at once, at most."""
DAY = timedelta(days=1)


@dataclass(slots=True)
class Offer:
    """When a visit can begin at one site, in order, and who is free then: the ids of hosts (resources), in order; and
    the sittings of several that have a seat left, by their beginning.
    """

    shop: Shop
    hosts: dict[int, Host] = field(default_factory=dict)
    rooms: list[Host] = field(default_factory=list)
    at: dict[datetime, tuple[int, ...]] = field(default_factory=dict)
    shared: dict[datetime, list[Sitting]] = field(default_factory=dict)


@dataclass(slots=True)
class Host:
    """Somebody who receives at a site, or a room of it (`user` None): her own hours there, and what is given away of
    her time in and around the days asked for. `given`: her visits of that time, each by its beginning and its sitting.
    """

    id: int
    user: UUID | None
    max_per_day: int | None
    hours: bytes | None
    taken: list[slots.Taken] = field(default_factory=list)
    given: list[tuple[datetime, int]] = field(default_factory=list)


_AWAY = timedelta(days=7)
"""So far around the days asked for is read what is taken: the week of each of them, whatever the zone."""
_TAKEN = """
select o.resource_id, o.since, o.until, s.starts_at, s.ends_at, s.id
  from visits_occupied o join visits_sitting s on s.id = o.sitting_id
  where o.resource_id = any(%(who)s) and o.until > %(since)s and o.since < %(until)s
    and (o.lapses_at is null or o.lapses_at > %(now)s) and o.sitting_id is distinct from %(beside)s
union all
select resource_id, since, until, since, until, null from visits_engaged
  where resource_id = any(%(who)s) and until > %(since)s and since < %(until)s
"""
"""By hand: every question asks it, for hundreds of hosts."""


def offers(
    shops: Sequence[Shop], reason: Reason, first: date, last: date, *, only: UUID | None = None, seats: int = 1,
    now: datetime, beside: int | None = None,
) -> list[Offer]:  # fmt: skip
    """What is offered for a reason at each of `shops` (loaded with their sites) on the dates `first` to `last` of each
    one's clock; by one member of staff `only`, where she is named; as if the sitting `beside` were not there. As many
    queries whatever is asked: two, one each for rooms and for seats beside others, and those of other journeys that
    give time of staff away. Raises `ManyDays`.
    """
    if last < first or last - first >= DAYS_MOST * DAY:
        raise ManyDays(most=DAYS_MOST, fields={"to": str(ManyDays.title)})
    last = min(last, (now + reason.horizon_days * DAY).date() + DAY)
    able = _hosts(shops, reason, only)
    rooms = _rooms(shops, reason)
    since = datetime.combine(first, time(), tzinfo=UTC) - _AWAY
    until = datetime.combine(last, time(), tzinfo=UTC) + _AWAY + DAY
    if first <= last:
        everybody = [host for hosts in (*able.values(), *rooms.values()) for host in hosts]
        _read_taken(everybody, since, until, beside=beside, now=now)
    shared = _shared(shops, reason, since, until, seats, only, beside, now=now) if reason.capacity > 1 else {}
    asked = slots.Reason(
        reason.minutes, reason.step_minutes, reason.before, reason.after, reason.notice_minutes, hosts=reason.hosts
    )
    found = []
    end = latest(reason, now=now)
    for shop in shops:
        hours = _hours(shop)
        calendar = _read(hours)
        offer = Offer(shop, {one.id: one for one in able[shop.site_id]}, rooms[shop.site_id])
        free = slots.slots(
            [_reckoned(hours, one) for one in able[shop.site_id]],
            asked,
            first=first,
            last=last,
            site=calendar,
            now=now,
            rooms=[_reckoned(hours, one) for one in rooms[shop.site_id]] if reason.room_kind else None,
        )
        offer.at = {at: names for at, names in free.items() if at <= end}
        soonest = now + timedelta(minutes=reason.notice_minutes)
        for sitting in shared.get(shop.site_id, ()):
            on = sitting.starts_at.astimezone(ZoneInfo(calendar.zone)).date()
            if soonest <= sitting.starts_at <= end and first <= on <= last:
                offer.shared.setdefault(sitting.starts_at, []).append(sitting)
                offer.at.setdefault(sitting.starts_at, ())
        if offer.shared:
            offer.at = dict(sorted(offer.at.items()))
        found.append(offer)
    return found


def latest(reason: Reason, *, now: datetime) -> datetime:
    """No visit for it is booked for later than this."""
    return now + reason.horizon_days * DAY


def opening(shop: Shop) -> Calendar:
    """When a site is open, and its clock."""
    return _read(_hours(shop))


def hours_at(shop: Shop, own: Any) -> Calendar | None:
    """When somebody with hours of her own (None: whenever it is open) receives at a site; None: never."""
    return opening(shop) if own is None else _met(_hours(shop), _bytes(own))


def could(shop: Shop, reason: Reason, at: datetime, *, only: UUID | None = None, now: datetime) -> bool:
    """Whether a visit could begin at a moment if nobody had been given time yet: a time that is not free, not none."""
    if not now + timedelta(minutes=reason.notice_minutes) <= at <= latest(reason, now=now):
        return False
    end = at + timedelta(minutes=reason.minutes)
    hours = _hours(shop)
    kept = (_kept(hours, one) for one in _hosts([shop], reason, only)[shop.site_id])
    return any(
        start <= at and end <= close
        for calendar in kept if calendar is not None
        for start, close in spans(at - DAY, end + DAY, calendar)
    )  # fmt: skip


def public_shops() -> QuerySet[Shop]:
    """The sites that are booked on line, by name."""
    return Shop.objects.filter(is_public=True).select_related("site").order_by("site__name", "pk")


def reasons_at(shop: Shop, *, public: bool = False) -> QuerySet[Reason]:
    """What somebody is received for at a site; with `public`, what is booked on line."""
    held = Skill.objects.filter(
        rota__site=shop.site_id, rota__resource__ended_at__isnull=True, rota__resource__user__is_active=True
    )
    found = Reason.objects.filter(ended_at__isnull=True, pk__in=held.values("reason")).order_by("code")
    return found.filter(is_public=True) if public else found


def day_of(shop: Shop, day: date) -> tuple[datetime, datetime]:
    """When a date begins and ends at a site."""
    zone = ZoneInfo(shop.site.zone)
    return datetime.combine(day, time(), tzinfo=zone), datetime.combine(day + timedelta(days=1), time(), tzinfo=zone)


@dataclass(frozen=True, slots=True)
class Present:
    """Somebody who receives at a site on a date: for which reasons, when she is there (her hours without absences and
    other engagements), and the pieces of that which nobody was given.
    """

    id: int
    user: UUID
    reasons: frozenset[int]
    hours: tuple[tuple[datetime, datetime], ...]
    there: tuple[tuple[datetime, datetime], ...]
    free: tuple[tuple[datetime, datetime], ...]


def present(shop: Shop, day: date, *, now: datetime) -> list[Present]:
    """Who receives at a site on a date of its clock, in order; who is absent all day has hours and is never `there`.
    As many queries whatever the day holds.
    """
    rows = Skill.objects.filter(
        rota__site=shop.site_id, rota__resource__ended_at__isnull=True, rota__resource__user__is_active=True
    ).order_by("rota__resource_id")
    hosts: dict[int, Host] = {}
    reasons: dict[int, set[int]] = defaultdict(set)
    for resource, user, own, reason in rows.values_list(
        "rota__resource_id", "rota__resource__user_id", "rota__hours", "reason_id"
    ):
        hosts[resource] = Host(resource, user, None, None if own is None else _bytes(own))
        reasons[resource].add(reason)
    start, end = day_of(shop, day)
    _read_taken(list(hosts.values()), start - DAY, end + DAY, beside=None, now=now)
    site = _hours(shop)
    found = []
    for one in hosts.values():
        away = [part for part in one.taken if not part.is_visit]
        cut = [_pieces(_kept(site, one), parts, day) for parts in ((), away, one.taken)]
        assert one.user is not None
        found.append(Present(one.id, one.user, frozenset(reasons[one.id]), *cut))
    return found


# --- inside --------------------------------------------------------------------------------------------------------


def _kept(site: bytes, one: Host) -> Calendar | None:
    """When a host receives at a site; None: never."""
    return _read(site) if one.hours is None else _met(site, one.hours)


def _reckoned(site: bytes, one: Host) -> slots.Host:
    return slots.Host(one.id, _kept(site, one), taken=tuple(one.taken), max_per_day=one.max_per_day)


def _pieces(
    calendar: Calendar | None, taken: Sequence[slots.Taken], day: date
) -> tuple[tuple[datetime, datetime], ...]:
    """What is left of a date's openings."""
    left = slots.free(slots.Host(0, calendar, taken=tuple(taken)), slots.Reason(1, 1), slots.Openings(day, day))
    return tuple((EPOCH + a * MICROSECOND, EPOCH + b * MICROSECOND) for a, b in left)


def _hosts(shops: Sequence[Shop], reason: Reason, only: UUID | None) -> dict[UUID, list[Host]]:
    found: dict[UUID, list[Host]] = defaultdict(list)
    rows = Skill.objects.filter(
        reason=reason, rota__site__in=[shop.site_id for shop in shops], rota__resource__ended_at__isnull=True,
        rota__resource__user__is_active=True,
    )  # fmt: skip
    if only is not None:
        rows = rows.filter(rota__resource__user=only)
    for site, resource, user, most, own in rows.order_by("rota__resource").values_list(
        "rota__site_id", "rota__resource_id", "rota__resource__user_id", "rota__resource__max_per_day", "rota__hours"
    ):
        found[site].append(Host(resource, user, most, None if own is None else _bytes(own)))
    return found


def _rooms(shops: Sequence[Shop], reason: Reason) -> dict[UUID, list[Host]]:
    found: dict[UUID, list[Host]] = defaultdict(list)
    if reason.room_kind:
        rows = Resource.objects.filter(
            kind=reason.room_kind, site__in=[shop.site_id for shop in shops], ended_at__isnull=True
        )
        for site, resource, most in rows.order_by("pk").values_list("site_id", "pk", "max_per_day"):
            found[site].append(Host(resource, None, most, None))
    return found


def _read_taken(hosts: Sequence[Host], since: datetime, until: datetime, *, beside: int | None, now: datetime) -> None:
    """What is given away of the time of each between two moments, wherever: by visits, other calendars and other
    journeys.
    """
    of_id = {host.id: host for host in hosts}
    if not of_id:
        return
    with connection.cursor() as cursor:
        cursor.execute(_TAKEN, {"who": list(of_id), "since": since, "until": until, "now": now, "beside": beside})
        rows = cursor.fetchall()
    for resource, held_since, held_until, start, end, sitting in rows:
        # A visit that ended early, or was cut, frees what is left of it: what is held counts, not what was planned.
        start, end = max(start, held_since), min(end, held_until)
        before, after = start - held_since, held_until - end
        host = of_id[resource]
        host.taken.append(
            slots.Taken(
                micros(start), micros(end), before.seconds // 60, after.seconds // 60, is_visit=sitting is not None
            )
        )
        if sitting is not None:
            host.given.append((start, sitting))
    of_user = {host.user: host for host in hosts if host.user is not None}
    for user, start, end in busy(of_user, since, until, now=now, besides="visits"):
        of_user[user].taken.append(slots.Taken(micros(start), micros(end), is_visit=False))


def _shared(
    shops: Sequence[Shop], reason: Reason, since: datetime, until: datetime, seats: int, only: UUID | None,
    beside: int | None, *, now: datetime,
) -> dict[UUID, list[Sitting]]:  # fmt: skip
    """Sittings of several that have so many seats left, and their hosts, by site."""
    held = Occupied.objects.filter(counts(now), sitting=OuterRef("pk"))
    rows = Sitting.objects.filter(
        site__in=[shop.site_id for shop in shops], reason=reason, starts_at__range=(since, until), capacity__gt=1,
        taken__gt=0, taken__lte=F("capacity") - seats,
    ).filter(Exists(held if only is None else held.filter(resource__user=only)))  # fmt: skip
    if beside is not None:
        rows = rows.exclude(pk=beside)
    found: dict[UUID, list[Sitting]] = defaultdict(list)
    for row in rows.order_by("starts_at", "pk"):
        found[row.site_id].append(row)
    return found


def counts(now: datetime) -> Q:
    """A hold that has lapsed holds nothing."""
    return Q(lapses_at__isnull=True) | Q(lapses_at__gt=now)


def _hours(shop: Shop) -> bytes:
    """By the clock that the site has now."""
    return _bytes({**shop.hours, "zone": shop.site.zone})


def _bytes(data: Any) -> bytes:
    return orjson.dumps(data, option=orjson.OPT_SORT_KEYS)


@lru_cache(maxsize=20_000)
def _read(data: bytes) -> Calendar:
    return Calendar.parse(orjson.loads(data))


@lru_cache(maxsize=50_000)
def _met(site: bytes, own: bytes) -> Calendar | None:
    """Kept from one question to the next, with what was reckoned of each date."""
    return hours.within(_read(site), _read(own))
