"""Visits in the calendars of those who receive: an address per host and per site, which any calendar reads. Who renews
or ends it makes the old one good for nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import translation

from egard.base.refusal import NotFound
from egard.journeys.visits import ics
from egard.journeys.visits.links import signed, unsigned
from egard.journeys.visits.models import Resource, Shop, Visit
from egard.journeys.visits.models_told import CalendarFeed
from egard.kernel.access.actors import Actor
from egard.kernel.access.operations import log_change, log_sight
from egard.kernel.access.queries import system_viewer
from egard.kernel.messages.brand import organisation

SALT = "egard.visits.feed"
BACK, AHEAD = timedelta(days=30), timedelta(days=366)
VISITS_MOST = 5000
IN = ("booked", "arrived", "started", "ended")


def feed_link(feed: CalendarFeed, root: str = "") -> str:
    """What is put into a calendar program."""
    return f"{settings.URL or root}/p/visits/feed/{signed(feed.uuid, SALT)}.ics"


def feed_of(of: Resource | Shop) -> CalendarFeed | None:
    """The one that holds, if there is one."""
    return CalendarFeed.objects.filter(**_whose(of), ended_at__isnull=True).first()


@transaction.atomic
def renew_feed(of: Resource | Shop, *, by: Actor, now: datetime) -> CalendarFeed:
    """A new address for the visits of a host or a site; the one before is good for nothing any more."""
    type(of).objects.select_for_update().get(pk=of.pk)
    CalendarFeed.objects.filter(**_whose(of), ended_at__isnull=True).update(ended_at=now)
    made = CalendarFeed.objects.create(**_whose(of), by=str(by), made_at=now)
    log_change("visits.feed_renewed", by=by, now=now, subject=_name(of))
    return made


@transaction.atomic
def end_feed(of: Resource | Shop, *, by: Actor, now: datetime) -> None:
    """Nobody reads it any more. Twice is once."""
    if CalendarFeed.objects.filter(**_whose(of), ended_at__isnull=True).update(ended_at=now):
        log_change("visits.feed_ended", by=by, now=now, subject=_name(of))


def read(token: str, *, now: datetime) -> str:
    """The calendar that stands under an address. Three queries, whatever it holds. Raises `NotFound`."""
    held = CalendarFeed.objects.filter(uuid=unsigned(token, SALT), ended_at__isnull=True)
    feed = held.select_related("resource__user", "site").first()
    if feed is None or (feed.resource is not None and (feed.resource.user is None or not feed.resource.user.is_active)):
        raise NotFound
    rows = Visit.objects.filter(state__in=IN, starts_at__gte=now - BACK, starts_at__lt=now + AHEAD)
    if feed.resource is not None:
        rows = rows.filter(sitting__occupied__resource=feed.resource)
        whose = feed.resource.user.name if feed.resource.user else ""
    else:
        rows = rows.filter(site=feed.site)
        whose = feed.site.name if feed.site else ""
    visits = list(rows.select_related("site", "reason", "person", "host").order_by("starts_at", "pk")[:VISITS_MOST])
    if settings.VISIT_FEED_NAMES == "names":  # a sight, once a day
        viewer = system_viewer("visits")
        log_sight(viewer, "visits.feed", detail=whose, now=now, again_after=timedelta(days=1))
    language = feed.resource.user.language if feed.resource and feed.resource.user else ""
    language = language or settings.LANGUAGE_CODE
    with translation.override(language):
        named = ((visit, _title(visit, language, with_host=feed.resource is None)) for visit in visits)
        return ics.calendar(named, name=f"{organisation()} – {whose}")


# --- inside --------------------------------------------------------------------------------------------------------


def _title(visit: Visit, language: str, *, with_host: bool) -> str:
    """What it is for and who comes, as far as the house lets calendars of others know."""
    name = visit.name or (visit.person.name if visit.person else "")
    if settings.VISIT_FEED_NAMES == "initials":
        name = " ".join(f"{word[0].upper()}." for word in name.replace("-", " ").split())
    elif settings.VISIT_FEED_NAMES == "none":
        name = ""
    host = visit.host.name if with_host and visit.host else ""
    return " – ".join(part for part in (ics.reason_of(visit, language), name, host) if part)


def _whose(of: Resource | Shop) -> dict[str, object]:
    return {"site_id": of.site_id, "resource": None} if isinstance(of, Shop) else {"resource": of, "site": None}


def _name(of: Resource | Shop) -> str:
    return of.site.code if isinstance(of, Shop) else str(of.user_id)
