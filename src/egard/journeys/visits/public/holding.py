"""Holding a time for who fills in the form, and booking it: once, however often it is sent, and not too many."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from egard.journeys.visits import booking, refusals
from egard.journeys.visits.booking import Told
from egard.journeys.visits.models import Reason, Shop, Visit
from egard.journeys.visits.placing import Wish
from egard.journeys.visits.visitors import visitor
from egard.kernel.access.actors import Actor
from egard.kernel.access.models import Change, Site
from egard.kernel.access.operations import log_change
from egard.kernel.people.bulk import WasErased
from egard.kernel.people.models import Person
from egard.portal.operations import keyed
from egard.portal.own import herself

HELD_MOST, HOURLY, COMING_MOST = 4, 30, 5
"""Held at one moment and asked for within an hour from one place; booked openly and still to come for one person."""
PUBLIC = Actor("system", "public")
WAITED = "visits.waited_openly"


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is chosen on the page: by which form, from which place (`place_hash`), what for and when, with whom."""

    shop: Shop
    reason: Reason
    wish: Wish
    form: UUID
    place: str

    @property
    def mark(self) -> str:
        """What the keys of all that is asked for by this form begin with."""
        return mark_of(self.place, self.form)


def place_hash(address: str) -> str:
    """Where somebody books from: one of some 16 million names of today, so that who asks often is counted, and nobody
    is known again by it. Neighbours of one network of IPv6 are one place.
    """
    try:
        found = ipaddress.ip_address(address)
        if found.version == 6:
            address = str(ipaddress.ip_network((int(found) >> 64 << 64, 64)))
    except ValueError:
        pass  # she herself
    day = timezone.now().date().isoformat()
    return keyed("visits.place", day.encode(), address.encode()).hex()[:6]


@transaction.atomic
def hold(chosen: Chosen, *, language: str, channel: str, person: Person | None, now: datetime) -> Visit:
    """The time is kept for her, in the place of one that this form kept before. The same again is the same hold; what
    was booked by this form stays booked. Raises `SlotFull`, `NotOffered`, `TooMany`.
    """
    _one_by_one(chosen.place)
    hers = Visit.objects.filter(key__startswith=chosen.mark)
    same = hers.filter(
        site=chosen.shop.site_id, reason=chosen.reason, starts_at=chosen.wish.at, state__in=("held", "booked")
    ).order_by("-pk")
    if (found := same.first()) and (found.state == "booked" or found.lapses_at is None or found.lapses_at > now):
        return booking.visit_of(found.uuid) or found
    _require_room(chosen.place, hers, now=now)
    for other in hers.filter(state="held"):
        booking.let_go(other, now=now)
    key = f"{chosen.mark}{hers.count()}"
    told = Told(language=language, channel=channel)
    by = herself(person) if person else PUBLIC
    return booking.hold(chosen.shop, chosen.reason, chosen.wish, told=told, key=key, by=by, now=now)


@transaction.atomic
def confirm(
    held: Visit, told: Told, *, email: str = "", phone: str = "", person: Person | None, now: datetime
) -> Visit:
    """She says who she is, and the time is hers. What is known of whoever has the address changes nothing of it.

    Raises `NoVisitor`, `BadIdentifier`, `MissingAnswer`, `HoldOver`, `TooMany`, `NotByThis`.
    """
    told = reached(told, email=email, phone=phone, language=held.language)
    if person is None:
        found = known(told, email=email, phone=phone, site=held.site, now=now)
        openly = Visit.objects.filter(person__in=found.members, state="booked", starts_at__gt=now, by=str(PUBLIC))
        if held.state != "booked" and openly.count() >= COMING_MOST:
            raise refusals.TooMany
        return booking.confirm(held, found, told=told, by=PUBLIC, now=now)
    return booking.confirm(held, person, told=replace(told, name=person.name), by=herself(person), now=now)


def reached(told: Told, *, email: str, phone: str, language: str) -> Told:
    """Where she is told, as she gave it."""
    return replace(told, language=language, told_to={"email": email, "sms": phone}.get(told.told_by, "").strip())


def known(told: Told, *, email: str, phone: str, site: Site, now: datetime) -> Person:
    """Who says her name and where she is reached, found or made. Raises `NoVisitor`, `BadIdentifier`, `NotByThis`."""
    _require_told(told, email, phone)
    try:
        return visitor(told.name, email=email, phone=phone, site=site, language=told.language, by=PUBLIC, now=now)
    except WasErased as error:
        raise refusals.NotByThis from error


def count_waiter(place: str, *, now: datetime) -> None:
    """Somebody puts her name on a list openly; within the transaction that is open. Raises `TooMany`."""
    _one_by_one(place)
    lately = Change.objects.filter(actor=str(PUBLIC), at__gt=now - timedelta(hours=1), what=WAITED, subject=place)
    if lately.count() >= HOURLY:
        raise refusals.TooMany
    log_change(WAITED, by=PUBLIC, now=now, subject=place)


def held_of(mark: str, *, now: datetime) -> Visit | None:
    """What a form keeps at this moment."""
    rows = Visit.objects.filter(key__startswith=mark, state="held", lapses_at__gt=now)
    return rows.select_related("site", "reason", "host").order_by("-pk").first()


def mark_of(place: str, form: UUID) -> str:
    return f"{_from(place)}{form.hex}:"


# --- inside --------------------------------------------------------------------------------------------------------


def _require_told(told: Told, email: str, phone: str) -> None:
    """Her name, and where she is reminded; all that is missing at once. Raises `NoVisitor`."""
    where = {"email": email, "sms": phone}.get(told.told_by, email or phone)
    missing = {} if told.name.strip() else {"name": _("Say your name.")}
    if not where.strip():
        missing["phone" if told.told_by == "sms" else "email"] = _("Say where we shall remind you.")
    if missing:
        raise refusals.NoVisitor(fields=missing)


def _from(place: str) -> str:
    return f"web:{place}:"


def _require_room(place: str, hers: object, *, now: datetime) -> None:
    from_here = Visit.objects.filter(key__startswith=_from(place))
    if from_here.filter(made_at__gt=now - timedelta(hours=1)).count() >= HOURLY:
        raise refusals.TooMany
    others = from_here.filter(state="held", lapses_at__gt=now).exclude(pk__in=hers.values("pk"))  # type: ignore[attr-defined]
    if others.count() >= HELD_MOST:
        raise refusals.TooMany


def _one_by_one(place: str) -> None:
    """Who sends at once from one place is counted one after the other."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtextextended('egard.visits.from.' || %s, 0))", [place])
