"""Sending the brief before a site opens, once; noting who read it; telling the manager of one that nobody read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import translation

from egard.base.calendars import openings
from egard.journeys.visits.booking import TOPIC
from egard.journeys.visits.briefs.models import Brief, BriefRead
from egard.journeys.visits.briefs.queries import Said, brief
from egard.journeys.visits.models import Shop
from egard.journeys.visits.offering import opening, present
from egard.kernel.access.actors import system
from egard.kernel.access.live import tell
from egard.kernel.access.models import RoleGrant, User
from egard.kernel.access.queries import system_viewer, viewer_for
from egard.kernel.messages import texts
from egard.kernel.messages.operations import send

SENT, UNREAD = "visits.brief", "visits.brief_unread"
FIELDS = ("name", "site", "day", "visits", "reasons", "own", "gaps", "alone", "risks", "absent", "walk_ins", "url")
UNREAD_FIELDS = ("name", "site", "visits", "url")
LATE = timedelta(hours=2)
"""So long after the opening a brief that could not be sent before is of use still, and an alert too."""
BY = system("briefs")


@dataclass(frozen=True, slots=True)
class _Due:
    shop: Shop
    day: date
    opens_at: datetime


def note_read(shop: Shop, day: date, user: User, *, now: datetime) -> BriefRead:
    """Somebody has read it; twice is once."""
    held, _made = Brief.objects.get_or_create(site=shop.site, day=day, defaults={"opens_at": _opens_at(shop, day)})
    read, created = BriefRead.objects.get_or_create(brief=held, user=user, defaults={"at": now})
    if created:
        tell(TOPIC, f"{TOPIC}:{shop.site_id}")
    return read


def send_job(*, now: datetime) -> None:
    """Each minute: the briefs that are due by now, each once, and the managers of those that nobody has read."""
    sites = list(Shop.objects.select_related("site").order_by("pk"))
    due = [one for shop in sites for one in _due(shop, now)]
    known = {(one.site_id, one.day): one for one in Brief.objects.filter(opens_at__gt=now - LATE)}
    for one in due:
        held = known.get((one.shop.site_id, one.day))
        if held is None or held.sent_at is None:
            send_brief(one.shop, one.day, one.opens_at, now=now)
        if now >= one.opens_at and (held is None or held.alerted_at is None):
            alert(one.shop, one.day, now=now)


@transaction.atomic
def send_brief(shop: Shop, day: date, opens_at: datetime, *, now: datetime) -> bool:
    """To whoever works there that day; False where it was sent before. Its mail names no visitor: the page does."""
    Brief.objects.get_or_create(site=shop.site, day=day, defaults={"opens_at": opens_at})
    held = Brief.objects.select_for_update(of=("self",)).get(site=shop.site, day=day)
    if held.sent_at is not None:
        return False
    Brief.objects.filter(pk=held.pk).update(sent_at=now, opens_at=opens_at)
    told: dict[str, Said] = {}
    for user in _readers(shop, day, now):
        language = texts.language_for(user.language)
        with translation.override(language):
            if language not in told:
                told[language] = brief(system_viewer("briefs"), shop, day, now=now)
            fields = _fields(told[language], user)
        send(SENT, user.email, key=f"{SENT}:{held.pk}:{user.pk}", fields=fields, language=language,
             expires_at=opens_at + LATE, by=BY, now=now)  # fmt: skip
    tell(TOPIC, f"{TOPIC}:{shop.site_id}")
    return True


@transaction.atomic
def alert(shop: Shop, day: date, *, now: datetime) -> bool:
    """It is open, somebody comes, and nobody has read who: whoever manages the site hears of it, once."""
    held = Brief.objects.select_for_update(of=("self",)).filter(site=shop.site, day=day).first()
    if held is None or held.alerted_at is not None or BriefRead.objects.filter(brief=held).exists():
        return False
    rows = brief(system_viewer("briefs"), shop, day, now=now).rows
    if not rows:
        return False
    Brief.objects.filter(pk=held.pk).update(alerted_at=now)
    managers = _managers(shop)
    for user in managers:
        fields = {"name": user.get_short_name(), "site": shop.site.name, "visits": len(rows), "url": url_of(shop, day)}
        send(UNREAD, user.email, key=f"{UNREAD}:{held.pk}:{user.pk}", fields=fields, language=user.language,
             expires_at=now + LATE, by=BY, now=now)  # fmt: skip
    tell(TOPIC, f"{TOPIC}:{shop.site_id}", *(f"user:{user.pk}" for user in managers))
    return True


def url_of(shop: Shop, day: date) -> str:
    """Where it is read."""
    return f"{settings.URL}/shop/brief/{shop.site_id}/{day.isoformat()}/" if settings.URL else ""


# --- inside --------------------------------------------------------------------------------------------------------


def _due(shop: Shop, now: datetime) -> Iterable[_Due]:
    """A site that opens at midnight has its brief on the evening before."""
    today = now.astimezone(ZoneInfo(shop.site.zone)).date()
    for day in (today, today + timedelta(days=1)):
        opens_at = _opens_at(shop, day)
        if opens_at and opens_at - timedelta(minutes=shop.brief_minutes) <= now < opens_at + LATE:
            yield _Due(shop, day, opens_at)


def _opens_at(shop: Shop, day: date) -> datetime | None:
    found = openings(day, opening(shop))
    return found[0][0] if found else None


def _readers(shop: Shop, day: date, now: datetime) -> list[User]:
    """Who works there that day and may see who is expected: the site's own people, and who receives there."""
    hosts = [one.user for one in present(shop, day, now=now) if one.there]
    rows = User.objects.filter(Q(sites=shop.site_id) | Q(pk__in=hosts), is_active=True).distinct().order_by("pk")
    return [user for user in rows if viewer_for(user).can("visits.read")]


def _managers(shop: Shop) -> list[User]:
    """Of the site; where it has none, those who lead the house."""
    for role, where in (("site_manager", {"sites": shop.site_id}), ("supervisor", {})):
        held = RoleGrant.objects.filter(role=role, until=None).values("user")
        if found := list(User.objects.filter(pk__in=held, is_active=True, **where).order_by("pk")):
            return found
    return []


def _fields(told: Said, user: User) -> dict[str, object]:
    clock = lambda at: f"{at.astimezone(told.zone):%H:%M}"  # noqa: E731
    return {
        "name": user.get_short_name(), "site": told.shop.site.name, "day": told.day, "visits": len(told.rows),
        "reasons": told.reasons, "own": [(row.hour, row.reason) for row in told.rows if row.visit.host_id == user.pk],
        "gaps": told.gaps, "alone": len(told.left_alone), "absent": told.absent,
        "risks": [(clock(one.since), clock(one.until), one.needed, one.there) for one in told.risks],
        "walk_ins": told.walk_ins, "url": url_of(told.shop, told.day),
    }  # fmt: skip
