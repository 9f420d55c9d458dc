"""What somebody chooses a time from: two weeks of days, the times of one of them, and where else there are some."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from egard.console.moments import day_words
from egard.journeys.visits.models import Reason, Resource, Shop, Skill, Visit
from egard.journeys.visits.nearby import nearest
from egard.journeys.visits.offering import DAYS_MOST, Offer, latest, offers, public_shops

DAY = timedelta(days=1)
WEEKS = 2
WINDOW = (7 * WEEKS - 1) * DAY
NEAREST, ELSEWHERE, LOOKED = 4, 3, 20
"""Other times and other shops that are offered; shops that are looked through for these."""


@dataclass(frozen=True, slots=True)
class Time:
    """A moment at which a visit can begin, as the clock of the shop says it; `is_own`: her own adviser is free."""

    at: datetime
    words: str
    is_own: bool = False


@dataclass(slots=True)
class Day:
    """One date of the shop's calendar; `is_over`: nothing is booked on it any more, or not yet."""

    date: date
    is_over: bool
    is_today: bool
    times: list[Time] = field(default_factory=list)
    is_chosen: bool = False

    @property
    def words(self) -> str:
        return day_words(self.date, _("l j F"))


@dataclass(slots=True)
class Choice:
    """All that the page of days and times shows. `before` and `after`: where the weeks around begin."""

    shop: Shop
    reason: Reason
    weeks: list[list[Day]]
    chosen: Day | None
    earliest: Time | None
    before: date | None
    after: date | None
    hosts: list[Resource]
    host: Resource | None
    own: Resource | None
    kept: Time | None = None

    @property
    def parts(self) -> list[tuple[str, list[Time]]]:
        """The times of the day, by its parts."""
        names = (_("Morning"), _("Afternoon"), _("Evening"))
        found: list[tuple[str, list[Time]]] = [(name, []) for name in names]
        for one in self.chosen.times if self.chosen else ():
            hour = int(one.words[:2])
            found[0 if hour < 12 else 1 if hour < 18 else 2][1].append(one)
        return [(name, times) for name, times in found if times]

    @property
    def month(self) -> str:
        first, last = self.weeks[0][0].date, self.weeks[-1][-1].date
        if first.month == last.month:
            return day_words(first, _("F Y"))
        return " – ".join((day_words(first, "F"), day_words(last, _("F Y"))))


def choice(
    shop: Shop, reason: Reason, *, day: date | None = None, host: Resource | None = None, own: UUID | None = None,
    visit: Visit | None = None, now: datetime,
) -> Choice:  # fmt: skip
    """Two weeks of days around `day`, or around the next one that has times. `visit`: one that is held or moved, whose
    own time does not stand in its way.
    """
    zone = ZoneInfo(shop.site.zone)
    today, end = now.astimezone(zone).date(), latest(reason, now=now).astimezone(zone).date()
    hosts = hosts_at(shop, reason)
    mine = next((one for one in hosts if one.user_id == own), None) if own else None
    beside = visit.sitting_id if visit is not None else None
    asked: dict[str, Any] = {"only": host.user_id if host else None, "now": now, "beside": beside}
    wished = min(max(day or today, today), end)
    monday = wished - wished.weekday() * DAY
    offer = offers([shop], reason, max(monday, today), min(monday + WINDOW, end), **asked)[0]
    if not offer.at and day is None and (first := _next(shop, reason, today, end, asked)):
        monday = first - first.weekday() * DAY
        offer = offers([shop], reason, max(monday, today), min(monday + WINDOW, end), **asked)[0]
    days = [
        Day(one, is_over=not today <= one <= end, is_today=one == today)
        for one in (monday + n * DAY for n in range(7 * WEEKS))
    ]
    _fill(days, offer, zone, mine)
    chosen = next((one for one in days if one.date == day), None) or next((one for one in days if one.times), None)
    if chosen:
        chosen.is_chosen = True
    times = [one for each in days for one in each.times]
    weeks = [days[n : n + 7] for n in range(0, len(days), 7)]
    following = monday + 7 * WEEKS * DAY
    return Choice(
        shop, reason, weeks, chosen, earliest=times[0] if times and day is None else None,
        before=monday - 7 * WEEKS * DAY if monday > today else None, after=following if following <= end else None,
        hosts=hosts, host=host, own=mine,
        kept=Time(visit.starts_at, clock_words(visit.starts_at, zone)) if visit is not None else None,
    )  # fmt: skip


def nearest_times(
    shop: Shop, reason: Reason, at: datetime, *, only: UUID | None, visit: Visit | None = None, now: datetime
) -> list[Time]:
    """The free times nearest to one that is taken, in order."""
    zone = ZoneInfo(shop.site.zone)
    today, end = now.astimezone(zone).date(), latest(reason, now=now).astimezone(zone).date()
    day = min(max(at.astimezone(zone).date(), today), end)
    beside = visit.sitting_id if visit is not None else None
    found = offers(
        [shop], reason, max(day - 3 * DAY, today), min(day + 7 * DAY, end), only=only, now=now, beside=beside
    )
    near = sorted(found[0].at, key=lambda one: (abs(one - at), one))[:NEAREST]
    return [Time(one, _day_and_time(one, zone)) for one in sorted(near)]


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Another shop with times for the same reason, so far away (where both are known), and its earliest."""

    shop: Shop
    km: float | None
    at: datetime
    words: str

    @property
    def far(self) -> str:
        return far_words(self.km) if self.km is not None else ""


def elsewhere(shop: Shop, reason: Reason, *, now: datetime) -> list[Elsewhere]:
    """The nearest other shops that receive people for a reason within the next two weeks."""
    today = now.astimezone(ZoneInfo(shop.site.zone)).date()
    others, until = public_shops().exclude(pk=shop.pk), today + WINDOW
    if shop.latitude is None or shop.longitude is None:
        held = Skill.objects.filter(reason=reason, rota__resource__ended_at__isnull=True).values("rota__site")
        found = offers(list(others.filter(site__in=held)[:LOOKED]), reason, today, until, now=now)
        return [_earliest(offer, None) for offer in found if offer.at][:ELSEWHERE]
    near = nearest(others, reason, (shop.latitude, shop.longitude), today, until, most=ELSEWHERE, now=now)
    return [_earliest(one.offer, one.kilometres) for one in near]


def _earliest(offer: Offer, km: float | None) -> Elsewhere:
    at = next(iter(offer.at))
    return Elsewhere(offer.shop, km, at, _day_and_time(at, ZoneInfo(offer.shop.site.zone)))


def far_words(km: float) -> str:
    """A distance as people say it: 350 m, 2.4 km, 31 km."""
    if km < 1:
        return _("%(n)s m") % {"n": max(50, round(km * 20) * 50)}
    told = f"{km:.1f}" if km < 10 else f"{km:.0f}"
    return _("%(n)s km") % {"n": told.replace(".", pgettext("between units and tenths", "."))}


def hosts_at(shop: Shop, reason: Reason) -> list[Resource]:
    """Who receives for a reason at a shop, by name."""
    found = Resource.objects.filter(
        rotas__site=shop.site_id, rotas__skills__reason=reason, ended_at__isnull=True, user__is_active=True
    )
    return list(found.select_related("user").order_by("user__name", "pk"))


def clock_words(at: datetime, zone: ZoneInfo) -> str:
    """The clock on the wall of a shop; of an hour that comes twice, which one."""
    local = at.astimezone(zone)
    twice = local.replace(fold=1 - local.fold).utcoffset() != local.utcoffset()
    return f"{local:%H:%M} {local.tzname()}" if twice else f"{local:%H:%M}"


def moment_words(at: datetime, zone: ZoneInfo) -> str:
    """Tuesday 15 September 2026 at 10:15."""
    local = at.astimezone(zone)
    return _("%(day)s at %(time)s") % {"day": day_words(local.date(), _("l j F Y")), "time": clock_words(at, zone)}


# --- inside --------------------------------------------------------------------------------------------------------


def _next(shop: Shop, reason: Reason, today: date, end: date, asked: dict[str, Any]) -> date | None:
    """The first date with times, as far ahead as the reason is booked."""
    since = today
    while since <= end:
        until = min(since + (DAYS_MOST - 1) * DAY, end)
        for at in offers([shop], reason, since, until, **asked)[0].at:
            return at.astimezone(ZoneInfo(shop.site.zone)).date()
        since = until + DAY
    return None


def _fill(days: Sequence[Day], offer: Offer, zone: ZoneInfo, own: Resource | None) -> None:
    held = {one.date: one for one in days}
    for at, free in offer.at.items():
        if day := held.get(at.astimezone(zone).date()):
            day.times.append(Time(at, clock_words(at, zone), own is not None and own.pk in free))


def _day_and_time(at: datetime, zone: ZoneInfo) -> str:
    words = {"day": day_words(at.astimezone(zone).date(), _("l j F")), "time": clock_words(at, zone)}
    return _("%(day)s at %(time)s") % words
