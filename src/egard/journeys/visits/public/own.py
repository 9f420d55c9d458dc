"""A visit's own page, for who holds its link: see it, move it, cancel it. And all of hers in her own space."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import segno
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from egard.base.clock import utc_now
from egard.base.refusal import NotFound
from egard.journeys.visits import booking, ics, links, refusals
from egard.journeys.visits.models import Shop, Visit
from egard.journeys.visits.placing import Wish
from egard.journeys.visits.public import pages, picking, said
from egard.journeys.visits.public.doors import booking_page, door_of, own_page, shown
from egard.journeys.visits.visitors import of_person
from egard.kernel.access.actors import Actor
from egard.portal.own import herself

PAST_SHOWN = 20


def own(request: HttpRequest, token: str) -> HttpResponse:
    """What, when, where, with whom; what can still be changed."""
    (visit, shop), now = _opened(request, token), utc_now()
    context = {**_frame(request, visit, shop, token, now), "is_new": request.GET.get("new") == "1", "qr": _drawn(visit)}
    return shown(request, "own", context)


def entry(request: HttpRequest, token: str) -> HttpResponse:
    """The visit as an entry of a calendar: one UID for ever, so that a later one takes its place."""
    visit, shop = _opened(request, token)
    text = ics.entry(visit, shop, method="PUBLISH", root=request.build_absolute_uri("/").rstrip("/"))
    answer = HttpResponse(text, content_type="text/calendar; charset=utf-8")
    answer.headers["Content-Disposition"] = 'attachment; filename="visit.ics"'
    return answer


def move(request: HttpRequest, token: str) -> HttpResponse:
    """Another time: the same days and times as for a new visit. A post takes one of them."""
    (visit, shop), now = _opened(request, token), utc_now()
    _require_changeable(visit, now)
    typed = request.POST.get("with", "") or request.GET.get("with", "")
    refusal, near, host = None, [], pages.host_of(shop, visit.reason, typed)
    if request.method == "POST":
        at = pages.moment(request.POST.get("at", ""))
        try:
            wish = Wish(at, host.user_id if host else None, visit.host_id)
            booking.move(visit, shop, wish, on_line=True, by=_herself(visit), now=now)
            return HttpResponseRedirect(door_of(request).url("own", token, moved="1"))
        except (refusals.SlotFull, refusals.NotOffered) as error:
            refusal = error
            near = picking.nearest_times(
                shop, visit.reason, at, only=host.user_id if host else None, visit=visit, now=now
            )
    day = pages.read_date(request.GET.get("day", ""))
    found = picking.choice(shop, visit.reason, day=day, host=host, visit=visit, now=now)
    door, chosen = door_of(request), str(host.uuid) if host else ""

    def url(**query: str) -> str:
        return door.url("move", token, **{"with": chosen, **query})

    context = {
        **_frame(request, visit, shop, token, now), **pages.weeks(found, url),
        "shop": shop, "reason": visit.reason, "near": near, "with": chosen, "moving": visit,
        "back": door.url("own", token), "none": not any(one.times for week in found.weeks for one in week),
    }  # fmt: skip
    return shown(request, "move", context, refusal)


def cancel(request: HttpRequest, token: str) -> HttpResponse:
    """She does not come: why, and it is done."""
    (visit, shop), now = _opened(request, token), utc_now()
    door = door_of(request)
    if request.method == "POST":
        why = " ".join(filter(None, (_why().get(request.POST.get("why", ""), ""), request.POST.get("words", ""))))
        booking.cancel(visit, why=why, on_line=True, by=_herself(visit), now=now)
        return HttpResponseRedirect(door.url("own", token))
    _require_changeable(visit, now)
    context = {
        **_frame(request, visit, shop, token, now),
        "reasons": list(_why().items()),
        "back": door.url("own", token),
    }
    return shown(request, "cancel", context)


def mine(request: HttpRequest) -> HttpResponse:
    """Her visits: those to come, those that were."""
    door, now = door_of(request), utc_now()
    assert door.person is not None
    rows = list(of_person(door.person)[: PAST_SHOWN * 2])
    told = [(row, said.card(row), door.url("own", links.signed(row.uuid, links.OWN))) for row in rows]
    coming = [one for one in told if one[0].state in ("booked", "arrived", "started") and one[0].ends_at > now]
    past = [one for one in told if one not in coming][:PAST_SHOWN]
    context = {"coming": coming[::-1], "past": past, "new": door.url("shops")}
    return shown(request, "mine", context)


# --- inside --------------------------------------------------------------------------------------------------------


def _opened(request: HttpRequest, token: str) -> tuple[Visit, Shop]:
    """A visit and its shop; in her own space, hers alone. Raises `NotFound`."""
    visit, door = links.opened(token), door_of(request)
    if door.person is not None and visit.person_id not in door.person.members:
        raise NotFound
    return visit, Shop.objects.select_related("site").get(pk=visit.site_id)


def _frame(request: HttpRequest, visit: Visit, shop: Shop, token: str, now: datetime) -> dict[str, Any]:
    door = door_of(request)
    until = visit.starts_at - timedelta(minutes=visit.reason.change_minutes)
    coming = visit.state == "booked" and visit.starts_at > now
    return {
        "visit": visit, "shop": shop, "card": said.card(visit, shop.address), "map": said.directions(shop),
        "is_coming": coming, "may_change": coming and now <= until, "is_moved": request.GET.get("moved") == "1",
        "until": picking.moment_words(until, pages.zone_of(shop)) if visit.reason.change_minutes else "",
        "move_url": door.url("move", token), "cancel_url": door.url("cancel", token),
        "ics": door.url("entry", token), "outside": f"/p/visits/own/{token}/",
        "again": door.url("times", visit.site.code, visit.reason.code)
        if shop.is_public else "", "list": door.url("list") if door.person else "",
    }  # fmt: skip


def _require_changeable(visit: Visit, now: datetime) -> None:
    if visit.state != "booked" or visit.starts_at <= now:
        raise refusals.NotNow
    if now > visit.starts_at - timedelta(minutes=visit.reason.change_minutes):
        raise refusals.TooLate


def _herself(visit: Visit) -> Actor:
    """Who holds the link acts for who comes."""
    return herself(visit.person) if visit.person else Actor("system", "public")


def _why() -> dict[str, str]:
    return {
        "hindered": _("Something came between"),
        "settled": _("It is settled already"),
        "elsewhere": _("I found it elsewhere"),
        "other": _("Another reason"),
    }


def _drawn(visit: Visit) -> SafeString:
    """Its reference as a QR code, which the shop scans at the door."""
    svg = segno.make_qr(visit.reference, error="m").svg_inline(scale=1, border=2, omitsize=True, dark="#000",
                                                               svgclass="qr")  # fmt: skip
    return mark_safe(svg)  # noqa: S308  (ours alone: a reference that we drew)


_BOTH = ["GET", "POST"]

urlpatterns = [
    path("p/visits/own/<str:token>/", require_GET(booking_page(own)), name="open_own"),
    path("p/visits/own/<str:token>/move/", require_http_methods(_BOTH)(booking_page(move)), name="open_move"),
    path("p/visits/own/<str:token>/cancel/", require_http_methods(_BOTH)(booking_page(cancel)), name="open_cancel"),
    path("p/visits/own/<str:token>/visit.ics", require_GET(booking_page(entry)), name="open_entry"),
    path("me/visits/own/<str:token>/visit.ics", require_GET(own_page(entry)), name="my_entry"),
    path("me/visits/", require_GET(own_page(mine)), name="my_list"),
    path("me/visits/own/<str:token>/", require_GET(own_page(own)), name="my_own"),
    path("me/visits/own/<str:token>/move/", require_http_methods(_BOTH)(own_page(move)), name="my_move"),
    path("me/visits/own/<str:token>/cancel/", require_http_methods(_BOTH)(own_page(cancel)), name="my_cancel"),
]
