"""What a link opens, and the call back that is asked for by it: not too often from one place or for one number."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import segno
from django.conf import settings
from django.core import signing
from django.db import connection, transaction
from django.db.models import Q
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext

from egard.journeys.reach import callers, operations, refusals, state
from egard.journeys.reach.models import CallBack, Desk, OpenPage
from egard.journeys.reach.rules.times import AHEAD, free_times, spread
from egard.kernel.access.actors import Actor
from egard.kernel.access.models import User
from egard.kernel.access.operations import log_change
from egard.kernel.people.models import Person
from egard.kernel.people.operations import normalise
from egard.kernel.promises import operations as promises
from egard.kernel.promises.refusals import Ended

SALT, OWN = "egard.reach.call", "egard.reach.call.own"
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
LIVES: dict[str, timedelta] = {"person": timedelta(days=90), "desk": timedelta(days=400)}
"""For so long a link is good: one of a client's own, and that of an adviser, which stands on paper."""
A_DAY, DAYS, TIMES_MAX = 4, 5, 600
"""So many times are offered of a day, and of so many days; chosen among so many quarters of an hour."""
PLACE_HOURLY, OPEN_MOST, AT_ONCE = 5, 2, 3
"""Asked for from one place in an hour; owed to one person or number at a time; of the house at one moment."""
NEXT, CHANGES_MAX = "next:", 50
"""Begins the key of what a call back was changed into; so often at most one change is followed by another."""
Whose = Literal["person", "desk"]


@dataclass(frozen=True, slots=True)
class Opened:
    """Whom a link is about: a client with her adviser, an adviser, or nobody (the house's own page)."""

    person: Person | None = None
    adviser: User | None = None
    desk: Desk | None = None


@dataclass(frozen=True, slots=True)
class Visitor:
    """What somebody says who asks to be called; her place is a hash of where from, None for who is signed in: she may
    be called on another number than the one that we have.
    """

    place: bytes | None = None
    name: str = ""
    number: str = ""
    about: str = ""


def link(whose: Whose, uuid: UUID, *, root: str = "", now: datetime) -> str:
    """The address by which somebody is called, for so long as `LIVES` says; `root` stands where the house has none."""
    named = urlsafe_b64encode(uuid.bytes).decode().rstrip("=")
    last = (now + LIVES[whose] - EPOCH).days  # short, for it is printed as a QR code
    return f"{settings.URL or root}/p/call/{signing.Signer(salt=SALT).sign(f'{whose[0]}{named}{last:x}')}/"


def drawn(address: str) -> SafeString:
    """An address as a QR code, as SVG."""
    svg = segno.make_qr(address, error="m").svg_inline(scale=1, border=2, omitsize=True, dark="#000", svgclass="qr")
    return mark_safe(svg)  # noqa: S308  (ours alone: an address that we signed)


@transaction.atomic
def open_page(on: bool, *, by: Actor, now: datetime) -> None:
    """Let anybody ask to be called by the house, or nobody any more; asking for what is so changes nothing."""
    row, _created = OpenPage.objects.select_for_update().get_or_create(pk=1)
    if row.is_on != on:
        OpenPage.objects.filter(pk=1).update(is_on=on)
        log_change("reach.page_opened" if on else "reach.page_closed", by=by, now=now)


def is_open() -> bool:
    return not OpenPage.objects.filter(pk=1, is_on=False).exists()


def opened(token: str, *, now: datetime) -> Opened:
    """What a link opens; nothing but the page of the house without one. Raises `LinkOver`, `PageClosed`."""
    if not token:
        if not is_open():
            raise refusals.PageClosed
        return Opened()
    try:
        told = signing.Signer(salt=SALT).unsign(token)
        whose, named, last = told[0], UUID(bytes=urlsafe_b64decode(told[1:23] + "==")), int(told[23:], 16)
    except (signing.BadSignature, ValueError):
        raise refusals.LinkOver from None
    if now - EPOCH > timedelta(days=last + 1):
        raise refusals.LinkOver
    if whose == "d":
        adviser = User.objects.filter(pk=named, is_active=True, is_staff=True).first()
        if adviser is None:
            raise refusals.LinkOver
        return Opened(adviser=adviser, desk=state.desk_of(adviser.pk))
    person = Person.objects.filter(uuid=named).select_related("root").first()
    if person is None:
        raise refusals.LinkOver
    return of_person(person.root or person)


def times(opened: Opened, *, now: datetime) -> list[datetime]:
    """When she can be called: free time of her adviser, else of the house, spread over the next days."""
    hours, taken = state.hours_of(opened.desk, now=now), []
    if opened.desk is not None:
        taken = [(start, end) for _desk, start, end in state.taken_times([opened.desk.pk], now=now)]
    free = free_times(hours, taken, now=now, most=TIMES_MAX, ahead=AHEAD[1:])
    full = _full(free) if opened.adviser is None else set()
    return spread([at for at in free if at not in full], hours.calendar, a_day=A_DAY, days=DAYS)


def owed_to(opened: Opened, *, now: datetime) -> CallBack | None:
    """The call that is promised to a client already: another time moves it."""
    return callers.owed(opened.person, "", opened.adviser.pk if opened.adviser else None, now=now)


@transaction.atomic
def ask(opened: Opened, at: datetime, visitor: Visitor, *, key: str, now: datetime) -> CallBack:
    """She is called back at one of the times: a promise. By a link a client is called on the number that we have,
    anybody else on the one that she gives; the same key is one call back.

    Raises `TimeTaken`, `NoNumber`, `BadIdentifier`, `TooManyAsked`.
    """
    mark = f"link:{key}"
    if held := CallBack.objects.filter(key=mark).first():
        return held
    number = "" if visitor.place is None else operations.number_of(opened.person)
    if not number and visitor.number.strip():
        number = normalise("phone", visitor.number)
    given, number = number, number or operations.number_of(opened.person)
    if not number:
        raise refusals.NoNumber(fields={"number": str(refusals.NoNumber.message)})
    if opened.person and visitor.place is None:  # she is signed in
        callers.is_hers(given, opened.person, now=now)
    return _promised(opened, at, visitor, number, mark=mark, now=now)


@transaction.atomic
def change(
    held: CallBack, at: datetime, *, number: str = "", about: str = "", channel: str = "web", now: datetime
) -> CallBack:
    """She is called at another time instead, or at the same one after all; what was promised before is taken back.
    Changed twice at once is changed once. `number` and `about` are those of before where nothing is said.

    Raises `LinkOver` (she was called already), `TimeTaken`, `BadIdentifier`, `TooManyAsked`.
    """
    mark = f"{NEXT}{held.uuid}"
    _one_at_a_time(mark)
    if held.person:
        operations.one_at_a_time(held.person.root or held.person)
    if later := CallBack.objects.filter(key=mark).first():
        return later
    if held.made_at is not None or held.promise is None:
        raise refusals.LinkOver
    given = normalise("phone", number) if number.strip() else ""
    if held.person and given:
        callers.is_hers(given, held.person.root or held.person, now=now)
    number = given or held.number
    if not number:  # forgotten
        raise refusals.LinkOver
    take_back(held, now=now)
    told = Visitor(held.place, held.name, number, about.strip() or held.about)
    return _promised(opened_by(held), at, told, number, mark=mark, channel=channel, now=now)


def latest(held: CallBack) -> CallBack:
    """What a call back was changed into, where it was."""
    for _change in range(CHANGES_MAX):
        later = CallBack.objects.filter(key=f"{NEXT}{held.uuid}").select_related("desk__user", "person__root").first()
        if later is None:
            break
        held = later
    return held


def opened_by(held: CallBack) -> Opened:
    """Whom a call back is about, and whose time it takes. Raises `LinkOver` where its person is no longer."""
    if held.person is not None:
        return of_person(held.person.root or held.person)
    if held.desk is not None and held.desk.user.is_active:
        return Opened(adviser=held.desk.user, desk=held.desk)
    return Opened()


def owned(own: str) -> CallBack:
    """The call back that whoever has this asked for. Raises `LinkOver`."""
    try:
        uuid = UUID(signing.loads(own, salt=OWN, max_age=LIVES["person"]))
    except (signing.BadSignature, ValueError, TypeError):
        raise refusals.LinkOver from None
    rows = CallBack.objects.select_related("person__root", "desk__user").filter(uuid=uuid, promise__isnull=False)
    held = rows.first()
    if held is None:
        raise refusals.LinkOver
    return held


def take_back(held: CallBack, *, now: datetime) -> None:
    """She need not be called after all, says who asked for it; twice is once."""
    assert held.promise is not None
    with suppress(Ended):
        promises.release(held.promise, reason=gettext("taken back by who asked"), by=_who(held.person), now=now)


def moment(text: str) -> datetime:
    """A time that was offered, as its form gives it back. Raises `TimeTaken`."""
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is not None:
            return at
    except ValueError:
        pass
    raise refusals.TimeTaken(fields={"at": str(refusals.TimeTaken.message)})


def own_token(made: CallBack) -> str:
    """By which who asked for a call back may take it back."""
    return signing.dumps(made.uuid.hex, salt=OWN, compress=False)


def of_person(person: Person) -> Opened:
    """A client, with her adviser where she has one. Raises `LinkOver`."""
    if person.erased_at is not None:
        raise refusals.LinkOver
    adviser = callers.adviser_of(person)
    return Opened(person, adviser, state.desk_of(adviser.pk) if adviser else None)


# --- inside --------------------------------------------------------------------------------------------------------


def _promised(
    opened: Opened, at: datetime, visitor: Visitor, number: str, *, mark: str, channel: str = "web", now: datetime
) -> CallBack:
    if opened.person:
        operations.one_at_a_time(opened.person)
    place = visitor.place.hex() if visitor.place else f"{opened.person.uuid if opened.person else mark}"
    _one_at_a_time(place, number, *(() if opened.adviser else (str(at.timestamp()),)))
    if held := CallBack.objects.filter(key=mark).first():  # sent twice at the same moment
        return held
    _require_room(opened, number, visitor.place, now=now)
    if opened.adviser is None and at in _full([at]):
        raise refusals.TimeTaken(fields={"at": str(refusals.TimeTaken.message)})
    made = operations.promise_call_back(
        opened.person, operations.desk_for(opened.adviser, now=now), at, number=number, about=visitor.about,
        channel=channel, key=mark, by=_who(opened.person), now=now,
    )  # fmt: skip
    told: dict[str, Any] = {"place": visitor.place, "name": "" if opened.person else visitor.name.strip()[:100]}
    CallBack.objects.filter(pk=made.pk).update(**told)
    return made


def _who(person: Person | None) -> Actor:
    return Actor("person", str(person.uuid)) if person else Actor("system", "portal")


def _one_at_a_time(*counted: str) -> None:
    """Who asks at once is counted one after the other: by place, by number, by the moment of the house that it is."""
    with connection.cursor() as cursor:
        for what in sorted(counted):
            cursor.execute("select pg_advisory_xact_lock(hashtextextended('egard.call.' || %s, 0))", [what])


def _require_room(opened: Opened, number: str, place: bytes | None, *, now: datetime) -> None:
    from_there = CallBack.objects.filter(place=place, asked_at__gt=now - timedelta(hours=1))
    lately = from_there.count() if place else 0
    hers = Q(number=number) | (Q(person__in=opened.person.members) if opened.person else Q())
    owed = CallBack.objects.filter(hers, ends_at__gt=now, dropped_at=None, made_at=None)
    if opened.person:  # what the same adviser owes her moves, and is none more
        owed = owed.exclude(person__in=opened.person.members, desk=opened.desk)
    if lately >= PLACE_HOURLY or owed.count() >= OPEN_MOST:
        raise refusals.TooManyAsked


def _full(times: list[datetime]) -> set[datetime]:
    """The moments for which the house has promised all the calls that it can make."""
    held = CallBack.objects.filter(desk=None, starts_at__in=times, dropped_at=None).values_list("starts_at", flat=True)
    found = list(held)
    return {at for at in found if found.count(at) >= AT_ONCE}
