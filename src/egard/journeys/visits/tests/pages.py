"""What of this journey the catalogue of pages opens."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from pages_shown import Shown

from egard.base.clock import utc_now
from egard.journeys.visits import booking, links, reception, shops
from egard.journeys.visits.booking import Told
from egard.journeys.visits.models import Reason, Shop, Visit
from egard.journeys.visits.offering import offers
from egard.journeys.visits.placing import Wish
from egard.journeys.visits.public.pages import HELD
from egard.journeys.visits.tests.today import DISCOVERY as ADVICE
from egard.journeys.visits.tests.today import WELCOME, zone_at_noon
from egard.kernel.access.actors import system
from egard.kernel.access.operations import ensure_site

ME = system("test")
TRYING = {
    "name": {"fr": "Découverte", "en": "Discovery"}, "minutes": 45, "horizon_days": 30,
    "questions": [{"key": "first", "label": {"fr": "Première visite ?", "en": "First visit?"}, "kind": "yes_no"}],
}  # fmt: skip


def _shop(world) -> Shop:
    if held := Shop.objects.select_related("site").filter(site__code="lyon-2").first():
        return held
    now = utc_now()
    site = ensure_site("lyon-2", "Lyon 2", zone="Europe/Paris", by=ME, now=now)
    held = shops.set_shop(
        site, hours={"week": {"mon-sat": ["10:00-18:00"]}}, address="12 rue Mercière, Lyon", phone="+33478000000",
        by=ME, now=now,
    )  # fmt: skip
    reason = shops.set_reason("discovery", TRYING, by=ME, now=now)
    for name in ("agent", "adviser"):
        shops.set_host(world.users[name], site, [reason], by=ME, now=now)
    return held


def _site(world):
    return {"site": _shop(world).site.code}


def _reason(world):
    return {**_site(world), "reason": "discovery"}


def _code(world):
    return {"code": _shop(world).site.code}


def _reason_code(world):
    _shop(world)
    return {"code": "discovery"}


def _time(shop: Shop, reason: Reason, days: int) -> Wish:
    today = utc_now().date()
    found = offers([shop], reason, today + timedelta(days=days), today + timedelta(days=days + 3), now=utc_now())
    return Wish(next(iter(found[0].at)))


def _held(world):
    shop, reason = _shop(world), Reason.objects.get(code="discovery")
    made = booking.hold(shop, reason, _time(shop, reason, 6), told=Told(), key="held", by=ME, now=utc_now())
    return {"token": links.signed(made.uuid, HELD)}


def _own(world):
    shop, reason = _shop(world), Reason.objects.get(code="discovery")
    made = booking.book(
        shop, reason, world.anne, _time(shop, reason, 8), told=Told(name="Anne"), key="own", by=ME, now=utc_now()
    )
    return {"token": links.signed(made.uuid, links.OWN)}


def _today(world):
    """A shop in whose day it is noon now, with somebody in it."""
    site = ensure_site("noon", "Lyon 3", zone=zone_at_noon(utc_now()), by=ME, now=utc_now())
    if held := Visit.objects.filter(site=site).first():
        return held
    now = utc_now()
    told = {"by": ME, "now": now - timedelta(hours=2)}
    shop = shops.set_shop(site, hours={"week": {"mon-sun": ["00:00-24:00"]}}, welcome=WELCOME, **told)
    reason = shops.set_reason("advice", {**ADVICE, "notice_minutes": 0}, **told)
    shops.set_host(world.users["agent"], site, [reason], **told)
    grid = now.replace(minute=now.minute // 5 * 5, second=0, microsecond=0)
    told_with = {"told": Told(answers={"for": "gift"}), **told}
    late = booking.book(shop, reason, world.anne, Wish(grid - timedelta(minutes=40)), key="late", **told_with)
    booking.book(shop, reason, world.anne, Wish(grid + timedelta(minutes=60)), key="soon", **told_with)
    here = reception.walk_in(shop, reason, world.anne, key="here", by=ME, now=now - timedelta(minutes=9))
    reception.walk_in(shop, reason, name="Zoé", key="zoe", by=ME, now=now - timedelta(minutes=2))
    reception.miss(late, by=ME, now=now)
    reception.start(here, world.users["agent"], by=ME, now=now)
    return here


def _noon(world):
    return {"site": _today(world).site_id}


def _two(world):
    """One shop leads straight to its list."""
    _shop(world), _today(world)
    return {}


def _visit(world):
    return {"uuid": _today(world).uuid}


def _brief(world):
    return {**_noon(world), "day": utc_now().astimezone(ZoneInfo(zone_at_noon(utc_now()))).date().isoformat()}


PAGES = (
    Shown("visits:shop_day", _noon, opened=(".shop-walk > summary",), data=True),
    Shown("visits:visit", _visit, data=True),
    Shown("visits:brief", _brief, data=True),
    Shown("visits:shop", _two, data=True),
    Shown("visits:mine"),
    Shown("visits:open_shops", who="nobody", data=True),
    Shown("visits:open_site", _site, who="nobody", data=True),
    Shown("visits:open_times", _reason, who="nobody", data=True),
    Shown("visits:open_held", _held, who="nobody", data=True),
    Shown("visits:open_own", _own, who="nobody", data=True),
    Shown("visits:open_move", _own, who="nobody", data=True),
    Shown("visits:open_cancel", _own, who="nobody", data=True),
    Shown("visits:open_wait", _reason, who="nobody", data=True),
    Shown("visits:my_list", who="anne", data=True),
    Shown("visits:my_times", _reason, who="anne", data=True),
    Shown("visits:settings", who="administrator", data=True),
    Shown("visits:settings_shop", _code, who="administrator", data=True),
    Shown("visits:settings_reason_new", who="administrator"),
    Shown("visits:settings_reason", _reason_code, who="administrator", data=True),
    Shown("visits:calendar", _code, query="?view=week", data=True),
    Shown("visits:calendar_new", _code, query="?reason=discovery&at=2026-11-24T10:00:00Z", data=True),
)

NO_PAGES = {
    "visits:embed": "a script",
    "visits:calendars": "leads to the calendar of a shop",
    "visits:calendar_free": "for the script of the calendar",
    "visits:my_shops": "the same page as visits:open_shops; one shop leads straight to it",
    "visits:my_site": "the same page as visits:open_site",
    "visits:my_held": "the same page as visits:open_held",
    "visits:my_own": "the same page as visits:open_own",
    "visits:my_wait": "the same page as visits:open_wait",
    "visits:open_waiting": "needs somebody who waits; test_public_pages.py opens it",
    "visits:my_waiting": "the same page as visits:open_waiting",
    "visits:open_entry": "a file",
    "visits:my_entry": "a file",
    "visits:my_move": "the same page as visits:open_move",
    "visits:my_cancel": "the same page as visits:open_cancel",
    "visits:waits": "a part of the menu",
    "visits:worker": "a script",
    "visits:feed": "a file",
}
