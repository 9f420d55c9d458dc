"""What is told of a visit, on the channel that she chose: confirmed, changed, cancelled, and reminders. One of each per
revision; what is queued for sending stands in the transaction of what it tells.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.formats import date_format

from egard.base.calendars import Calendar, Span, before
from egard.base.refusal import Refusal
from egard.journeys.visits import ics
from egard.journeys.visits.links import own_link
from egard.journeys.visits.models import Shop, Visit
from egard.journeys.visits.models_told import Telling
from egard.kernel.access.actors import Actor, system
from egard.kernel.messages import permitted
from egard.kernel.messages.operations import send, take_back
from egard.kernel.people.models import Person
from egard.kernel.people.rules import display_phone
from egard.kernel.registry import MessageKind

CONFIRMED, CHANGED, CANCELLED, REMINDER = "confirmed", "changed", "cancelled", "reminder"
FIELDS = (
    "name", "day", "time", "site", "address", "phone", "reason", "host", "reference", "link", "why", "sorry",
    "same_time",
)  # fmt: skip
TOGETHER = 50
"""So many reminders are queued in one transaction."""


def kind(name: str, label: Any, fields: tuple[str, ...] = FIELDS) -> MessageKind:
    """A message of this journey, whose texts stand under its name."""
    return MessageKind(f"visits.{name}", label, f"visits/messages/{name}", fields)


def booked(visit: Visit, *, by: Actor, now: datetime) -> None:
    """She comes: told at once, and reminded."""
    _tell(visit, CONFIRMED, asked=True, by=by, now=now)
    _plan(visit, now=now)


def changed(visit: Visit, *, by_us: bool, same_time: bool = False, by: Actor, now: datetime) -> None:
    """She comes at another time or place, or (`same_time`) somebody else receives her: what was told before is void."""
    _void(visit, now=now)
    _tell(visit, CHANGED, asked=not by_us, by_us=by_us, same_time=same_time, by=by, now=now)
    _plan(visit, now=now)


def cancelled(visit: Visit, *, by_us: bool, by: Actor, now: datetime) -> None:
    """She does not come; nothing more is told of it. Of what is over, nothing is."""
    _void(visit, now=now)
    if visit.ends_at > now:
        _tell(visit, CANCELLED, asked=not by_us, by_us=by_us, by=by, now=now)


def remind_job(*, now: datetime) -> None:
    """Every reminder that is due."""
    while remind(now=now):
        pass


@transaction.atomic
def remind(*, now: datetime) -> int:
    """Some of the reminders that are due, each once, also beside other workers; gives how many were looked at."""
    due = Telling.objects.filter(state="due", due_at__lte=now).select_for_update(of=("self",), skip_locked=True)
    rows = due.select_related("visit__site", "visit__reason", "visit__host", "visit__person__site")
    found = list(rows.order_by("due_at", "pk")[:TOGETHER])
    shops = Shop.objects.in_bulk({row.visit.site_id for row in found})
    for row in found:
        visit = row.visit
        if visit.state == "booked" and visit.revision == row.revision and visit.starts_at > now:
            shop = shops[visit.site_id]
            _hand_over(row, visit, shop, _fields(visit, shop), by=system("visits"), now=now)
        else:
            _end(row, "void", now=now)
    return len(found)


def said_of(visit: Visit, shop: Shop, link: str) -> dict[str, str]:
    """When and where she comes and for what, in her language and by the clock of the shop."""
    with spoken(visit) as zone:
        local = visit.starts_at.astimezone(zone)
        day, time = _day(local), date_format(local, "H:i")
    return {
        "name": visit.name or (visit.person.given_name if visit.person else ""),
        "day": day,
        "time": time,
        "site": visit.site.name,
        "address": shop.address,
        "phone": display_phone(shop.phone),
        "reason": ics.reason_of(visit),
        "link": link if link.startswith("http") else "",
    }


def reach(person: Person, channel: str, given: str, *, asked: bool, now: datetime) -> tuple[str, datetime] | None:
    """Where she is told something, at the address that she gave or that is known, and not before when: what she did
    herself is answered at once. None: nowhere.
    """
    try:
        to = given or permitted.address_for(person, channel)
        permitted.require(person, channel, "service", address=to)
    except Refusal:  # no address, none that takes messages, or erased
        return None
    return to, permitted.not_before(person, channel, "answer" if asked else "service", now=now)


@contextmanager
def spoken(visit: Visit) -> Generator[ZoneInfo]:
    """In the language of who comes; gives the clock of the shop."""
    with translation.override(visit.language):
        yield ZoneInfo(visit.site.zone)


# --- inside --------------------------------------------------------------------------------------------------------


def _tell(
    visit: Visit, what: str, *, asked: bool, by_us: bool = False, same_time: bool = False, by: Actor, now: datetime
) -> None:
    if visit.person is None or visit.told_by not in permitted.WRITTEN:
        return
    row, created = Telling.objects.get_or_create(
        visit=visit, revision=visit.revision, kind=what, channel=visit.told_by, defaults={"due_at": now}
    )
    if created:
        shop = Shop.objects.get(pk=visit.site_id)
        # Whom we cannot receive as promised hears that we are sorry; what staff does is often what she asked for.
        why, sorry = visit.why if by_us else "", by_us and by.kind == "system"
        fields = _fields(visit, shop, why=why, sorry=sorry, same_time=same_time)
        _hand_over(row, visit, shop, fields, asked=asked, by=by, now=now)


def _plan(visit: Visit, *, now: datetime) -> None:
    """Reminders of this revision, as far as they are still to come."""
    if visit.told_by not in permitted.WRITTEN:
        return
    clock = Calendar.always(visit.site.zone)
    planned = {str(span): before(visit.starts_at, span, clock) for span in map(Span.parse, settings.VISIT_REMINDERS)}
    Telling.objects.bulk_create(
        [
            Telling(
                visit=visit, revision=visit.revision, kind=f"{REMINDER} {span}", channel=visit.told_by, due_at=due_at
            )
            for span, due_at in planned.items()
            if due_at > now
        ],
        ignore_conflicts=True,
    )


def _void(visit: Visit, *, now: datetime) -> None:
    """What would be told of an older revision is not told any more, also where it waits to leave."""
    Telling.objects.filter(visit=visit, state="due").update(state="void", ended_at=now)
    told = Telling.objects.filter(visit=visit, state="told").exclude(revision=visit.revision)
    take_back([_key(visit, one) for one in told], now=now)


def _hand_over(
    row: Telling, visit: Visit, shop: Shop, fields: dict[str, Any], *, asked: bool = False, by: Actor, now: datetime
) -> None:
    assert visit.person is not None
    found = reach(visit.person, row.channel, visit.told_to, asked=asked, now=now)
    if found is None:
        _end(row, "unreachable", now=now)
        return
    to, send_at = found
    is_reminder = row.kind.startswith(REMINDER)
    if is_reminder and send_at > now:  # asked again in the morning, when it may have been cancelled
        Telling.objects.filter(pk=row.pk).update(due_at=send_at)
        return
    entry = ""
    if row.channel == "email" and not is_reminder:
        method: ics.Method = "CANCEL" if row.kind == CANCELLED else "REQUEST"
        entry = ics.entry(visit, shop, method=method, to=to)
    expires_at = visit.starts_at if is_reminder else visit.ends_at
    send(
        f"visits.{row.kind.partition(' ')[0]}", to, key=_key(visit, row), fields=fields, person=visit.person,
        language=visit.language, channel=row.channel, calendar=entry, expires_at=expires_at,
        # In her night only where the morning would be too late.
        send_at=send_at if send_at < visit.starts_at else now, by=by, now=now,
    )  # fmt: skip
    _end(row, "told", now=now)


def _end(row: Telling, state: str, *, now: datetime) -> None:
    Telling.objects.filter(pk=row.pk).update(state=state, ended_at=now)


def _key(visit: Visit, row: Telling) -> str:
    return f"visit:{visit.uuid}:{row.revision}:{row.kind}"


def _fields(visit: Visit, shop: Shop, *, why: str = "", sorry: bool = False, same_time: bool = False) -> dict[str, Any]:
    return {
        **said_of(visit, shop, own_link(visit)),
        "host": visit.host.name if visit.host else "",
        "reference": visit.reference,
        "why": why,
        "sorry": sorry,
        "same_time": same_time,
    }


def _day(local: datetime) -> str:
    """`mercredi 16 septembre`, `Wednesday, 16 September`: of the language that holds."""
    is_french = (translation.get_language() or "").startswith("fr")
    return date_format(local, "l j F").replace(" 1 ", " 1er ") if is_french else date_format(local, "l, j F")
