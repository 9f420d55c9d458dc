"""Who is expected in a shop today, who waits and for how long: what the pages of the shop show, in a constant number of
queries.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from egard.base.calendars import openings
from egard.base.text import fold
from egard.journeys.visits import queries
from egard.journeys.visits.booking import ON_TIME
from egard.journeys.visits.models import Reason, Shop, Visit
from egard.journeys.visits.offering import Present, opening, present
from egard.journeys.visits.reception import SLIP
from egard.journeys.visits.rules.welcome import LOOKED_BACK, is_reflex
from egard.journeys.visits.waiting import Place, line
from egard.kernel.access.actors import Viewer
from egard.kernel.access.models import User
from egard.kernel.cases.rules.text import Text
from egard.kernel.people.marks import marks
from egard.kernel.people.models import Identifier, Person
from egard.kernel.people.queries import named
from egard.kernel.registry import FieldClass, OpenItem

PHONE_DIGITS = 4
"""So many digits of a phone stand in the page, by which somebody is found."""


@dataclass(slots=True)
class Row:
    """A visit as the shop sees it. `wait` is minutes: in the shop since she came, or past her hour without her."""

    visit: Visit
    name: str
    reason: str
    answers: list[tuple[str, str]]
    hour: str
    date: date
    host: str = ""
    person: Person | None = None
    marks: Sequence[OpenItem] = ()
    search: str = ""
    wait: int = 0
    is_late: bool = False
    is_long: bool = False
    """She waits past what everybody is promised, from her hour, or from her coming where that was later."""
    place: Place | None = None
    likely: str = ""
    """Who is expected to receive her."""
    at: str = ""
    """When, on the wall."""
    hosts: list[tuple[UUID, str]] = field(default_factory=list)
    """Who can, those who are likely first."""
    can_undo: bool = False
    steps: list[tuple[int, str, bool]] = field(default_factory=list)


@dataclass(slots=True)
class Day:
    """A day in a shop, in the order in which one looks at it."""

    shop: Shop
    date: date
    zone: ZoneInfo
    waiting: list[Row]
    expected: list[Row]
    received: list[Row]
    over: list[Row]
    hosts: list[Present]
    reasons: list[tuple[Reason, str, int | None]]
    """What one can come for now, with the minutes until somebody who walked in would be received; None: not today."""
    is_reflex: bool
    welcome: list[str]
    opens_at: datetime | None


def said(text: Any) -> str:
    """A text of the house in the reader's language."""
    return Text.model_validate(text).said(get_language() or "fr") if text else ""


def today_of(shop: Shop, now: datetime) -> date:
    """The date on the wall of a site."""
    return now.astimezone(ZoneInfo(shop.site.zone)).date()


def day(viewer: Viewer, shop: Shop, *, now: datetime) -> Day:
    """The day of a shop. Raises `NotAllowed`."""
    on, zone = today_of(shop, now), ZoneInfo(shop.site.zone)
    visits = queries.of_day(viewer, shop, on)
    hosts = present(shop, on, now=now)
    users = _names({one.user for one in hosts} | {row.host_id for row in visits if row.host_id})
    queue = line(shop, visits, hosts=hosts, now=now)
    rows = {row.visit.pk: row for row in rows_of(viewer, visits, now=now)}
    welcome = [said(step) for step in shop.welcome]
    for row in rows.values():
        row.hosts = [(one.user, users[one.user]) for one in hosts if row.visit.reason_id in one.reasons]
        row.steps = [(n, step, n in row.visit.steps) for n, step in enumerate(welcome)]
    for place in queue.places:
        row = rows[place.visit.pk]
        row.place, row.is_late = place, place.is_late and not row.visit.walked_in
        row.likely = users.get(place.host, "") if place.host else ""
        row.at = f"{place.at.astimezone(zone):%H:%M}" if place.at else ""
        row.hosts.sort(key=lambda one, first=place.host: one[0] != first)
    open_at = openings(on, opening(shop))
    by_state: dict[str, list[Row]] = {}
    for row in rows.values():
        by_state.setdefault(row.visit.state, []).append(row)
    codes = sorted({reason for one in hosts for reason in one.reasons})
    reasons = [
        (reason, said(reason.name), _minutes(queue.soonest(reason), now))
        for reason in Reason.objects.filter(pk__in=codes, ended_at=None).order_by("code")
    ]
    return Day(
        shop, on, zone,
        waiting=[rows[place.visit.pk] for place in queue.places],
        expected=by_state.get("booked", []),
        received=by_state.get("started", []),
        over=[row for state in ("ended", "missed", "cancelled") for row in by_state.get(state, [])],
        hosts=hosts, reasons=reasons, welcome=welcome, opens_at=open_at[0][0] if open_at else None,
        is_reflex=bool(welcome) and _is_reflex(viewer, shop),
    )  # fmt: skip


def rows_of(viewer: Viewer, visits: Sequence[Visit], *, now: datetime) -> list[Row]:
    """Visits as the shop sees them: who they are and what to know of them, as far as the viewer may see it."""
    known = named(viewer, [row.person_id for row in visits if row.person_id]) if viewer.can("people.read") else {}
    told = marks(viewer, set(known.values()), now)
    phones = _phones(viewer, visits)
    found = []
    for visit in visits:
        person = known.get(visit.person_id or 0)
        name = visit.name or (visit.person.name if visit.person else "") or _("Visitor without a name")
        local = visit.starts_at.astimezone(ZoneInfo(visit.site.zone))
        row = Row(visit, name, said(visit.reason.name), answers_of(visit), f"{local:%H:%M}", local.date())
        row.host = visit.host.name if visit.host else ""
        row.person, row.marks = person, told.get(person.pk, ()) if person else ()
        row.search = " ".join([fold(name), *phones.get(visit.person_id or 0, ()), visit.reference.lower()])
        since = visit.arrived_at if visit.arrived_at and visit.state != "booked" else visit.starts_at
        until = visit.started_at or now
        row.wait = max(0, int((until - since) / timedelta(minutes=1)))
        owed = max(visit.starts_at, since) + ON_TIME
        row.is_long = visit.state == "arrived" and now > owed
        row.is_late = visit.state == "booked" and now > visit.starts_at
        row.can_undo = visit.state == "arrived" and now <= visit.changed_at + SLIP
        found.append(row)
    return found


def answers_of(visit: Visit) -> list[tuple[str, str]]:
    """What was asked when it was booked, with what was answered, in words."""
    found = []
    for question in visit.reason.questions:
        given = visit.answers.get(question["key"])
        if given in (None, ""):
            continue
        if question["kind"] == "yes_no":
            given = _("Yes") if given else _("No")
        words = {choice["value"]: said(choice["label"]) for choice in question.get("choices", ())}
        found.append((said(question["label"]), str(words.get(given, given))))
    return found


def of_host(viewer: Viewer, first: datetime, last: datetime) -> list[Visit]:
    """The viewer's own visits between two moments, by hour, with those in the shop for her now. Raises `NotAllowed`."""
    own = queries.visits(viewer).filter(host=viewer.user_id, starts_at__gte=first, starts_at__lt=last)
    return list(own.exclude(state="cancelled").order_by("starts_at"))


def waiting_for(viewer: Viewer, *, now: datetime) -> int:
    """How many are in the shop for the viewer and not received yet: at hers, or for herself."""
    there = queries.visits(viewer, queries.RECEIVE).filter(state="arrived", arrived_at__gt=now - timedelta(hours=16))
    found = there.filter(host=viewer.user_id) if viewer.scope(queries.RECEIVE) == "all" else there
    return found.count()


# --- inside --------------------------------------------------------------------------------------------------------


def _is_reflex(viewer: Viewer, shop: Shop) -> bool:
    rows = Visit.objects.filter(welcomed_by=viewer.user_id, site=shop.site_id).order_by("-arrived_at")
    steps = rows.values_list("steps", flat=True)[:LOOKED_BACK]
    return is_reflex((len(done) >= len(shop.welcome) for done in steps), shop.reflex_after)


def _phones(viewer: Viewer, visits: Sequence[Visit]) -> dict[int, list[str]]:
    """The last digits of who comes, where the viewer sees ways to reach people."""
    whose = {row.person_id for row in visits if row.person_id}
    if not whose or not viewer.sees(FieldClass.CONTACT):
        return {}
    found: dict[int, list[str]] = {}
    kept = Identifier.objects.filter(person__in=whose, kind="phone")
    for row, value in kept.values_list("person_id", "value"):
        found.setdefault(row, []).append(re.sub(r"\D", "", value)[-PHONE_DIGITS:])
    return found


def _names(users: Iterable[UUID]) -> dict[UUID, str]:
    rows = User.objects.filter(pk__in=set(users)).values_list("pk", "name", "email")
    return {pk: name or email for pk, name, email in rows}


def _minutes(at: datetime | None, now: datetime) -> int | None:
    return None if at is None else max(0, int((at - now) / timedelta(minutes=1)))
