"""The waiting list: who finds no time says what she wants. A time that becomes free is held for half an hour for the
first in order whose wish it fits; what she does not take goes to the next.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q
from django.utils.formats import date_format

from egard.journeys.visits import booking, refusals, telling
from egard.journeys.visits.booking import Told
from egard.journeys.visits.links import waiting_link
from egard.journeys.visits.models import Reason, Shop, Visit
from egard.journeys.visits.models_told import WAITS, Waiting
from egard.journeys.visits.offering import DAYS_MOST, offers
from egard.journeys.visits.placing import Wish
from egard.journeys.visits.visitors import own_adviser
from egard.kernel.access.actors import Actor, system
from egard.kernel.jobs.operations import defer
from egard.kernel.messages import permitted
from egard.kernel.messages.operations import send
from egard.kernel.people.models import Person

PARTS = {"morning": (0, 12), "afternoon": (12, 18), "evening": (18, 24)}
"""Hours of the day, on the clock of the shop."""
LASTS = timedelta(minutes=30)
"""So long a time is held for her."""
SITES_MOST = 20
OFFERED = "offered"
OFFER_FIELDS = ("name", "day", "time", "site", "address", "phone", "reason", "link", "until")
BY = system("visits")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What would suit: sites, dates (by the clock of each), parts of the day (none: any), one host or anybody."""

    sites: tuple[UUID, ...]
    first: date
    last: date
    parts: tuple[str, ...] = ()
    host: UUID | None = None
    seats: int = 1


@transaction.atomic
def join(person: Person, reason: Reason, wanted: Wanted, *, told: Told, by: Actor, now: datetime) -> Waiting:
    """She waits for a time. Who waits for the same already keeps her place, with what she wants now.

    Raises `WrongWish`, `MissingAnswer`, `BadIdentifier`.
    """
    told = booking.checked(reason, told)
    _require_sound(wanted, told, reason, now=now)
    booking.one_by_one(person)
    values: dict[str, Any] = {
        "sites": list(wanted.sites), "first": wanted.first, "last": wanted.last, "parts": sorted(set(wanted.parts)),
        "host_id": wanted.host, "seats": wanted.seats, "name": told.name, "answers": told.answers, "note": told.note,
        "told_by": told.told_by, "told_to": told.told_to, "language": told.language, "channel": told.channel,
    }  # fmt: skip
    known = Waiting.objects.filter(person__in=person.members, reason=reason, state__in=WAITS).first()
    if known is not None:
        Waiting.objects.filter(pk=known.pk).update(**values)
        return Waiting.objects.get(pk=known.pk)
    made = Waiting.objects.create(person=person, reason=reason, joined_at=now, **values)
    defer("visits.offer")
    return made


@transaction.atomic
def leave(waiting: Waiting, *, by: Actor, now: datetime) -> Waiting:
    """She waits no longer; what is held for her goes to the next. Twice is once."""
    held = _locked(waiting)
    if held.state in WAITS:
        _give_back(held, by=by, now=now)
        held.state, held.ended_at = "left", now
        held.save()
        defer("visits.offer")
    return held


@transaction.atomic
def accept(waiting: Waiting, *, by: Actor, now: datetime) -> Visit:
    """The time that is held for her is hers. The same again gives the same visit. Raises `HoldOver`, `NotNow`."""
    booking.one_by_one(waiting.person)  # always before her row here, as where she joins
    held = _locked(waiting)
    if held.offer is None or held.state not in ("offered", "taken"):
        raise refusals.HoldOver
    told = Told(
        name=held.name, answers=held.answers, note=held.note, told_by=held.told_by, told_to=held.told_to,
        language=held.language, channel=held.channel,
    )  # fmt: skip
    visit = booking.confirm(held.offer, held.person, told=told, by=by, now=now)
    if held.state == "offered":
        held.state, held.ended_at = "taken", now
        held.save()
    return visit


@transaction.atomic
def decline(waiting: Waiting, *, by: Actor, now: datetime) -> Waiting:
    """Not this time: it goes to the next, and she waits on. Twice is once."""
    held = _locked(waiting)
    if held.state == "offered":
        _give_back(held, by=by, now=now)
        held.state = "waiting"
        held.save()
        defer("visits.offer")
    return held


def place_of(waiting: Waiting) -> int:
    """How many wait before her for the same reason at one of her sites, and she: 1 is the first."""
    before = Q(joined_at__lt=waiting.joined_at) | Q(joined_at=waiting.joined_at, pk__lt=waiting.pk)
    rows = Waiting.objects.filter(before, state__in=WAITS, reason=waiting.reason_id, sites__overlap=waiting.sites)
    return rows.count() + 1


def offer(*, now: datetime) -> None:
    """A job, each minute and whenever a time became free: what is free is offered to those who wait, in their order."""
    _lapse(now=now)
    free = _Free(now)
    waiting = Waiting.objects.filter(state="waiting").order_by("joined_at", "pk")
    for pk in list(waiting.values_list("pk", flat=True)):
        _offer_to(pk, free, now=now)


# --- inside --------------------------------------------------------------------------------------------------------


class _Free:
    """What is free for a wish, asked once for all who wish the same, until something was given away."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.shops = Shop.objects.select_related("site").in_bulk()
        self.known: dict[tuple[Any, ...], list[tuple[datetime, Shop]]] = {}

    def times(self, one: Waiting) -> list[tuple[datetime, Shop]]:
        """In order of time."""
        key = (one.reason_id, one.host_id, one.seats, *one.sites)
        if key not in self.known:
            shops = [self.shops[site] for site in one.sites if site in self.shops]
            today = self.now.date()
            last = today + timedelta(days=DAYS_MOST - 2)
            found = offers(
                shops, one.reason, today - timedelta(days=1), last, only=one.host_id, seats=one.seats, now=self.now
            )
            self.known[key] = sorted(
                ((at, told.shop) for told in found for at in told.at), key=lambda pair: (pair[0], str(pair[1].pk))
            )
        return self.known[key]

    def forget(self) -> None:
        self.known.clear()


@transaction.atomic
def _offer_to(pk: int, free: _Free, *, now: datetime) -> None:
    held = Waiting.objects.select_for_update(of=("self",), skip_locked=True).filter(pk=pk, state="waiting")
    one = held.select_related("reason", "person__site").first()
    if one is None or permitted.not_before(one.person, "sms", "service", now=now) > now:
        return  # nobody has to answer within half an hour at night
    to = telling.reach(one.person, one.told_by, one.told_to, asked=False, now=now)
    if to is None or one.reason.ended_at is not None:
        one.state, one.ended_at = "over", now
        one.save()
        return
    for at, shop in _fitting(one, free.times(one), now=now):
        wish = Wish(at, one.host_id, own_adviser(one.person), one.seats)
        told = Told(name=one.name, answers=one.answers, note=one.note, language=one.language, channel=one.channel)
        try:
            made = booking.hold(
                shop, one.reason, wish, told=told, lasts=LASTS, key=booking.new_key(), by=BY, now=now
            )  # fmt: skip
        except (refusals.SlotFull, refusals.NotOffered):  # somebody else was faster
            continue
        free.forget()
        one.offer, one.state = made, "offered"
        one.save()
        _tell(one, made, shop, to[0], now=now)
        return


def _fitting(one: Waiting, times: Sequence[tuple[datetime, Shop]], *, now: datetime) -> Iterator[tuple[datetime, Shop]]:
    """Those that she wants and did not let go, as long as she can still answer before."""
    hours = [PARTS[part] for part in one.parts]
    for at, shop in times:
        local = at.astimezone(ZoneInfo(shop.site.zone))
        if (
            at > now + LASTS
            and one.first <= local.date() <= one.last
            and (not hours or any(start <= local.hour < end for start, end in hours))
            and _mark(shop.site_id, at) not in one.passed
        ):
            yield at, shop


def _tell(one: Waiting, made: Visit, shop: Shop, to: str, *, now: datetime) -> None:
    assert made.lapses_at is not None
    fields = telling.said_of(made, shop, waiting_link(one))
    with telling.spoken(made) as zone:
        fields["until"] = date_format(made.lapses_at.astimezone(zone), "H:i")
    fields["name"] = one.name or one.person.given_name
    send(
        f"visits.{OFFERED}", to, key=f"visit:{made.uuid}:0:{OFFERED}", fields=fields, person=one.person,
        language=one.language, channel=one.told_by, expires_at=made.lapses_at, by=BY, now=now,
    )  # fmt: skip


def _lapse(*, now: datetime) -> None:
    """Offers that nobody took are let go, and so are wishes whose time is over."""
    over = Waiting.objects.filter(state="offered").filter(
        Q(offer__state__in=("lapsed", "cancelled")) | Q(offer__state="held", offer__lapses_at__lte=now)
    )
    for pk in list(over.values_list("pk", flat=True)):
        with transaction.atomic():
            held = Waiting.objects.select_for_update(of=("self",)).select_related("offer").get(pk=pk)
            if held.state == "offered":
                _give_back(held, by=BY, now=now)
                held.state = "waiting"
                held.save()
    Waiting.objects.filter(state="waiting", last__lt=(now - timedelta(days=1)).date()).update(
        state="over", ended_at=now
    )


def _give_back(held: Waiting, *, by: Actor, now: datetime) -> None:
    """The time that is held for her is free again, and not offered to her a second time."""
    if held.offer is None:
        return
    held.passed = [*held.passed, _mark(held.offer.site_id, held.offer.starts_at)]
    if held.offer.state == "held":
        booking.cancel(held.offer, by=by, now=now)
    held.offer = None


def _mark(site: UUID, at: datetime) -> str:
    return f"{site}|{at.timestamp():.0f}"


def _require_sound(wanted: Wanted, told: Told, reason: Reason, *, now: datetime) -> None:
    wrong = (
        "told_by" if told.told_by not in permitted.WRITTEN
        else "sites" if not 0 < len(set(wanted.sites)) <= SITES_MOST or len(set(wanted.sites)) < len(wanted.sites)
        else "last" if wanted.last < wanted.first or wanted.last < (now - timedelta(days=1)).date()
        or wanted.last - wanted.first >= timedelta(days=366)
        else "parts" if set(wanted.parts) - set(PARTS)
        else "seats" if not 1 <= wanted.seats <= reason.capacity
        else ""
    )  # fmt: skip
    known = Shop.objects.filter(pk__in=wanted.sites).count()
    if wrong or known < len(wanted.sites):
        wrong = wrong or "sites"
        raise refusals.WrongWish(fields={wrong: str(refusals.WrongWish.message)})


def _locked(waiting: Waiting) -> Waiting:
    rows = Waiting.objects.select_for_update(of=("self",)).select_related("offer", "person", "reason")
    return rows.get(pk=waiting.pk)
