"""How those stand whom a call may reach: loaded for the rules in a constant number of queries. Nobody looks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS
from django.db.models import Q, QuerySet

from egard.base.calendars import Calendar
from egard.base.quickread import quick_rows
from egard.journeys.reach.models import Absence, Call, CallBack, Desk
from egard.journeys.reach.rules import ON_THE_LINE
from egard.journeys.reach.rules.routing import Staff
from egard.journeys.reach.rules.times import Hours, Period
from egard.kernel.access.models import RoleGrant, User
from egard.kernel.promises.calendars import HOUSE, calendar
from egard.kernel.promises.models import CalendarVersion
from egard.kernel.registry import registry

ANSWER = "reach.answer"
LOST = timedelta(seconds=90)
"""Who waits is heard of every quarter of a minute; after this long without a word she has gone."""
LATELY, LENGTHS_MAX = timedelta(days=60), 60
"""From which of her calls the wait is reckoned: of so many days, so many at most."""

RINGING_MOST, TALKING_MOST = timedelta(minutes=2), timedelta(hours=4)
"""After this the end of a call was not heard of: the line is free again."""


def lost(now: datetime) -> Q:
    """Calls of which nothing was heard for too long."""
    ringing = Q(state="ringing", rung_at__lt=now - RINGING_MOST)
    talking = Q(state="talking", talking_since__lt=now - TALKING_MOST)
    silent = Q(state__in=("asking", "waiting"), seen_at__lt=now - 10 * LOST)
    return ringing | talking | silent


@dataclass(frozen=True, slots=True)
class Situation:
    """Whom a call may reach, for the rules; and their desks, by user."""

    adviser: Staff | None
    deputy: Staff | None
    house: Hours
    desks: dict[UUID, Desk]


@dataclass(frozen=True, slots=True)
class There:
    """How somebody can be reached now."""

    user: UUID
    name: str
    presence: str
    since: datetime | None
    until: datetime | None
    on_the_line: bool
    at_work: bool
    """Whether her hours say so now, beside her absences."""


def presence_of(row: Desk, *, now: datetime) -> tuple[str, datetime | None]:
    """What she says of herself, and until when."""
    over = row.until is not None and row.until <= now
    return ("available", None) if over else (row.presence, row.until)


def there(rows: Collection[Desk], *, now: datetime) -> list[There]:
    """How each can be reached now, of desks with `talks`, one that is not kept yet included: two queries."""
    away: dict[int, list[Period]] = defaultdict(list)
    held = Absence.objects.filter(desk__in=[row.pk for row in rows if row.pk], since__lte=now, until__gt=now)
    for desk, since, until in held.values_list("desk_id", "since", "until"):
        away[desk].append((since, until))
    calendars = _calendars({HOUSE, *(row.calendar for row in rows)})
    found = []
    for row in rows:
        hours = Hours(calendars.get(row.calendar) or calendars[HOUSE], tuple(away[row.pk]))
        presence, until = presence_of(row, now=now)
        talks: bool = getattr(row, "talks", False)  # a desk that is not kept yet has no line
        found.append(There(row.user_id, row.user.name, presence, row.since, until, talks, hours.there(now)))
    return found


def situation(adviser: UUID | None, *, now: datetime, beside: int | None = None) -> Situation:
    """How an adviser and her deputy stand, without the call `beside`: two queries. Somebody who left is nobody."""
    desks, hours, taken = _desks(adviser, now=now) if adviser else ({}, {}, {})
    house = hours.get(HOUSE) or Hours(_calendars({HOUSE})[HOUSE])
    talks, waiting, lengths = _on_the_line(desks, adviser, now=now, beside=beside) if desks and adviser else ({}, 0, ())

    def staff(desk: Desk | None) -> Staff | None:
        if desk is None or not desk.user.is_active:
            return None
        hers = desk.user_id == adviser
        over = desk.until is not None and desk.until <= now
        return Staff(
            desk.user_id,
            hours[desk.user_id],
            presence="available" if over else desk.presence,  # type: ignore[arg-type]
            has_line=bool(desk.line),
            talks=talks.get(desk.user_id),
            waiting=waiting if hers else 0,
            lengths=lengths if hers else (),
            taken=taken[desk.user_id],
        )

    own = desks.get(adviser) if adviser else None
    deputy = desks.get(own.deputy_id) if own and own.deputy_id else None
    adviser_now = staff(own)
    if adviser and own is None:  # she has no desk yet: the hours of the house, and no line
        adviser_now = Staff(adviser, house, has_line=False)
    return Situation(adviser_now, staff(deputy), house, desks)


def place_of(call: Call, *, now: datetime) -> int | None:
    """How many wait before this one for the same adviser; None where it does not wait."""
    if call.state != "waiting" or call.waiting_since is None:
        return None
    before = Q(waiting_since__lt=call.waiting_since) | Q(waiting_since=call.waiting_since, pk__lt=call.pk)
    return _waiting(call.adviser_id, now).filter(before).count()


def is_reached(user: User) -> bool:
    """Whether clients may be put through to somebody: who works here, in a role that serves them."""
    roles = RoleGrant.objects.filter(user=user, role__in=registry.permissions[ANSWER].roles, until=None)
    return user.is_active and user.is_staff and roles.exists()


def taken_times(desks: Iterable[int], *, now: datetime) -> Iterable[tuple[int, datetime, datetime]]:
    """What is promised of the time of some desks from now on."""
    found = CallBack.objects.filter(desk__in=list(desks), ends_at__gt=now, dropped_at__isnull=True)
    return found.values_list("desk_id", "starts_at", "ends_at")


def desk_of(user: UUID) -> Desk | None:
    """The desk of somebody who works here."""
    return Desk.objects.filter(user=user, user__is_active=True).select_related("user").first()


def hours_of(desk: Desk | None, *, now: datetime) -> Hours:
    """When somebody works; without a desk, the hours of the house."""
    if desk is None:
        return Hours(_calendars({HOUSE})[HOUSE])
    found = _calendars({HOUSE, desk.calendar})
    away = Absence.objects.filter(desk=desk, until__gt=now).values_list("since", "until")
    return Hours(found.get(desk.calendar) or found[HOUSE], tuple(away))


_HELD = """
with house as (select id from promises_calendar where code = %(house)s order by version desc limit 1)
select d.id, d.user_id, d.line, d.calendar, d.deputy_id, d.presence, d.since, d.until, u.name, u.is_active,
       (select c.id from promises_calendar c where c.code = d.calendar order by c.version desc limit 1),
       (select id from house),
       array(select a.since from reach_absence a where a.desk_id = d.id and a.until > %(now)s order by a.since),
       array(select a.until from reach_absence a where a.desk_id = d.id and a.until > %(now)s order by a.since),
       array(select b.starts_at from reach_callback b where b.desk_id = d.id and b.ends_at > %(now)s
             and b.dropped_at is null order by b.starts_at),
       array(select b.ends_at from reach_callback b where b.desk_id = d.id and b.ends_at > %(now)s
             and b.dropped_at is null order by b.starts_at)
from reach_desk d join access_user u on u.id = d.user_id
where d.user_id = %(user)s or d.user_id = (select deputy_id from reach_desk where user_id = %(user)s)
"""
"""In one statement: whoever calls waits for it. Two periods of one desk never begin at the same moment."""
_DESK = ("id", "user_id", "line", "calendar", "deputy_id", "presence", "since", "until")


def _desks(
    adviser: UUID, *, now: datetime
) -> tuple[dict[UUID, Desk], dict[UUID | str, Hours], dict[UUID, tuple[Period, ...]]]:
    """Hers and her deputy's, by user: the desk, when each works (and the house), and what is promised of whose time."""
    desks: dict[UUID, Desk] = {}
    hours: dict[UUID | str, Hours] = {}
    taken: dict[UUID, tuple[Period, ...]] = {}
    for *held, name, active, own, house, since, until, starts, ends in quick_rows(
        _HELD, {"house": HOUSE, "now": now, "user": adviser}
    ):
        desk = Desk.from_db(DEFAULT_DB_ALIAS, _DESK, held)
        desk.user = User.from_db(DEFAULT_DB_ALIAS, ("id", "name", "is_active"), (desk.user_id, name, active))
        desks[desk.user_id] = desk
        hours[HOUSE] = Hours(calendar(house))
        hours[desk.user_id] = Hours(calendar(own or house), tuple(zip(since, until, strict=True)))
        taken[desk.user_id] = tuple(zip(starts, ends, strict=True))
    return desks, hours, taken


def _calendars(codes: set[str]) -> dict[str, Calendar]:
    """The newest version of each."""
    rows = CalendarVersion.objects.filter(code__in=codes).order_by("code", "-version").distinct("code")
    return {row.code: calendar(row.pk) for row in rows.only("pk", "code")}


def _waiting(adviser: UUID | None, now: datetime) -> QuerySet[Call]:
    return Call.objects.filter(state="waiting", adviser=adviser, seen_at__gt=now - LOST)


def _on_the_line(
    desks: Collection[UUID], adviser: UUID, *, now: datetime, beside: int | None
) -> tuple[dict[UUID, float], int, tuple[float, ...]]:
    """Since how many seconds each talks, how many wait for the adviser, and how long her calls lasted lately."""
    columns = ("rung_id", "state", "talking_since", "rung_at", "talked")
    talking = Q(rung__in=list(desks), state__in=ON_THE_LINE)
    waiting = Q(adviser=adviser, state="waiting", seen_at__gt=now - LOST)
    live = Call.objects.filter((talking & ~lost(now)) | waiting).exclude(pk=beside).values_list(*columns)
    over = Call.objects.filter(rung=adviser, state="ended", talked__gt=0, ended_at__gt=now - LATELY)
    talks: dict[UUID, float] = {}
    waits, lengths = 0, []
    for rung, state, since, rung_at, talked in live.union(
        over.order_by("-ended_at").values_list(*columns)[:LENGTHS_MAX], all=True
    ):
        if state == "ended":
            lengths.append(float(talked))
        elif state == "waiting":
            waits += 1
        else:
            talks[rung] = max((now - (since or rung_at or now)).total_seconds(), 0.0)
    return talks, waits, tuple(lengths)
