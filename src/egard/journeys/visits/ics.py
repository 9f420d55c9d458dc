"""A visit as an entry of a calendar (RFC 5545), and as what one calendar tells another of it (RFC 5546)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import parseaddr
from typing import Literal

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _
from icalendar import Calendar, Event, vCalAddress, vText

from egard.journeys.visits.links import own_link
from egard.journeys.visits.models import Shop, Visit
from egard.kernel.cases.rules.text import Text
from egard.kernel.messages.addresses import house_domain
from egard.kernel.messages.brand import organisation
from egard.kernel.people.rules import display_phone

Method = Literal["REQUEST", "CANCEL", "PUBLISH"]
PRODUCT = "-//Egard//Visits//EN"


def entry(visit: Visit, shop: Shop, *, method: Method, to: str = "", root: str = "") -> str:
    """The visit for who comes: one UID for ever, SEQUENCE its revision; `to` is her address, without which nobody is
    invited (`PUBLISH`). Times are UTC, which every program shows by its own clock.
    """
    with translation.override(visit.language):
        event = _event(visit, str(_("%(reason)s – %(house)s")) % {"reason": reason_of(visit), "house": organisation()})
        event.add("location", place_of(visit, shop))
        event.add("description", _about(visit, shop, root))
    link = own_link(visit, root)
    if link.startswith("http"):
        event.add("url", link)
    if shop.latitude is not None and shop.longitude is not None:
        event.add("geo", (shop.latitude, shop.longitude))
    organizer = vCalAddress(f"mailto:{parseaddr(settings.DEFAULT_FROM_EMAIL)[1]}")
    organizer.params["CN"] = vText(organisation())
    event["organizer"] = organizer
    if to and method != "PUBLISH":
        guest = vCalAddress(f"mailto:{to}")
        guest.params["CN"] = vText(visit.name or (visit.person.name if visit.person else "") or to)
        guest.params["PARTSTAT"], guest.params["RSVP"] = vText("ACCEPTED"), vText("FALSE")
        event.add("attendee", guest, encode=False)
    return _written([event], method)


def calendar(events: Iterable[tuple[Visit, str]], *, name: str) -> str:
    """Visits for those who receive, each with what it is called."""
    return _written([_event(visit, title) for visit, title in events], "PUBLISH", name=name)


def reason_of(visit: Visit, language: str = "") -> str:
    return Text.model_validate(visit.reason.name).said(language or visit.language)


def place_of(visit: Visit, shop: Shop) -> str:
    return ", ".join(part for part in (visit.site.name, shop.address) if part)


# --- inside --------------------------------------------------------------------------------------------------------


def _event(visit: Visit, title: str) -> Event:
    event = Event()
    event.add("uid", f"{visit.uuid}@{house_domain()}")
    event.add("sequence", visit.revision)
    event.add("dtstamp", _second(visit.changed_at))
    event.add("last-modified", _second(visit.changed_at))
    event.add("dtstart", _second(visit.starts_at))
    event.add("dtend", _second(visit.ends_at))
    event.add("summary", title)
    event.add("status", "CANCELLED" if visit.state == "cancelled" else "CONFIRMED")
    event.add("transp", "TRANSPARENT" if visit.state == "cancelled" else "OPAQUE")
    return event


def _about(visit: Visit, shop: Shop, root: str) -> str:
    lines = [_("With %(name)s.") % {"name": visit.host.name} if visit.host else ""]
    lines.append(_("Your reference: %(reference)s.") % {"reference": visit.reference})
    if shop.phone:
        lines.append(_("By phone: %(phone)s.") % {"phone": display_phone(shop.phone)})
    link = own_link(visit, root)
    if link.startswith("http"):
        lines.append(_("To change or cancel: %(link)s") % {"link": link})
    return "\n".join(line for line in lines if line)


def _written(events: Iterable[Event], method: Method, *, name: str = "") -> str:
    held = Calendar()
    held.add("prodid", PRODUCT)
    held.add("version", "2.0")
    held.add("method", method)
    if name:
        held.add("x-wr-calname", name)
        held.add("name", name)
    for event in events:
        held.add_component(event)
    return held.to_ical().decode()


def _second(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(microsecond=0)
