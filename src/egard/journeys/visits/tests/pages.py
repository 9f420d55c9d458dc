"""What of this journey the catalogue of pages opens."""

from datetime import timedelta

from catalogue import Shown

from egard.base.clock import utc_now
from egard.journeys.visits import booking, links, shops
from egard.journeys.visits.booking import Told
from egard.journeys.visits.models import Reason, Shop
from egard.journeys.visits.offering import offers
from egard.journeys.visits.placing import Wish
from egard.journeys.visits.public.pages import HELD
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


PAGES = (
    Shown("visits:shop"),
    Shown("visits:mine"),
    Shown("visits:open_shops", who="nobody"),
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
    "visits:brief": "needs a shop; test_brief.py opens it",
    "visits:shop_day": "needs a shop whose day goes on; test_shop_offline.py opens it",
    "visits:visit": "needs a visit; test_shop_pages.py opens it",
}
