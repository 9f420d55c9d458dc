"""Where no time suits: the waiting list, and the page on which who waits takes what is offered to her."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from egard.base.clock import utc_now
from egard.base.refusal import NotFound, Refusal
from egard.journeys.visits import links, refusals, waitlist
from egard.journeys.visits.models import Reason, Shop, Visit
from egard.journeys.visits.public import holding, pages, said
from egard.journeys.visits.public.doors import Door, booking_page, door_of, own_page, shown
from egard.kernel.access.actors import Actor
from egard.portal.own import herself

SOON = timedelta(days=14)


def wait(request: HttpRequest, site: str, reason: str) -> HttpResponse:
    """Who she is, and until when a time would suit. A post puts her on the list."""
    door, now, form = door_of(request), utc_now(), request.POST
    shop = pages.shop_of(site)
    of = pages.reason_of(shop, reason)
    today = now.astimezone(ZoneInfo(shop.site.zone)).date()
    refusal = None
    if request.method == "POST":
        try:
            return HttpResponseRedirect(_joined(door, shop, of, form))
        except Refusal as error:
            refusal = error
    context = {
        "shop": shop, "name": said.text(of.name), "url": door.url("wait", site, reason), "form": form,
        "last": form.get("last") or (today + SOON).isoformat(), "today": today.isoformat(),
        "parts": [("morning", _("Morning")), ("afternoon", _("Afternoon")), ("evening", _("Evening"))],
        "chosen": form.getlist("part"), "questions": said.questions(of, form), "told_by": form.get("told_by", "email"),
        "back": door.url("times", site, reason),
    }  # fmt: skip
    return shown(request, "wait", context, refusal)


def waiting(request: HttpRequest, token: str) -> HttpResponse:
    """What is offered to who waits: taken, let go; or the list left."""
    door, now = door_of(request), utc_now()
    held = links.waiting_opened(token)
    if door.person is not None and held.person_id not in door.person.members:
        raise NotFound
    if request.method == "POST":
        by, wish = herself(held.person), request.POST.get("do", "")
        if wish == "accept":
            made = waitlist.accept(held, by=by, now=now)
            return HttpResponseRedirect(door.url("own", links.signed(made.uuid, links.OWN), new="1"))
        if wish in ("decline", "leave"):
            (waitlist.decline if wish == "decline" else waitlist.leave)(held, by=by, now=now)
        return HttpResponseRedirect(door.url("waiting", token))
    offer: Visit | None = held.offer if held.state == "offered" else None
    waits = held.state in ("waiting", "offered")
    context: dict[str, Any] = {
        "offer": offer, "card": said.card(offer, reason=held.reason) if offer else None, "waits": waits,
        "name": said.text(held.reason.name), "url": door.url("waiting", token), "again": door.url("shops"),
        "place": waitlist.place_of(held) if waits and not offer else 0,
    }  # fmt: skip
    return shown(request, "waiting", context)


# --- inside --------------------------------------------------------------------------------------------------------


@transaction.atomic
def _joined(door: Door, shop: Shop, reason: Reason, form: Any) -> str:
    if form.get("website"):  # only a program fills what nobody sees
        raise refusals.TooMany
    if door.person is None:
        holding.count_waiter(door.place, now=utc_now())
    now, told = utc_now(), pages.told_of(reason, form, "portal" if door.person else "web")
    email, phone = form.get("email", ""), form.get("phone", "")
    told = holding.reached(told, email=email, phone=phone, language=door.language)
    by: Actor = herself(door.person) if door.person else holding.PUBLIC
    person = door.person or holding.known(told, email=email, phone=phone, site=shop.site, now=now)
    today = now.astimezone(ZoneInfo(shop.site.zone)).date()
    last = pages.read_date(form.get("last", "")) or today + SOON
    wanted = waitlist.Wanted(sites=(shop.site_id,), first=today, last=last, parts=tuple(form.getlist("part")))
    made = waitlist.join(person, reason, wanted, told=told, by=by, now=now)
    return door.url("waiting", links.signed(made.uuid, links.WAITING))


_BOTH = ["GET", "POST"]

urlpatterns = [
    path("p/visits/waiting/<str:token>/", require_http_methods(_BOTH)(booking_page(waiting)), name="open_waiting"),
    path("me/visits/waiting/<str:token>/", require_http_methods(_BOTH)(own_page(waiting)), name="my_waiting"),
    path("p/visits/<slug:site>/<slug:reason>/wait/", require_http_methods(_BOTH)(booking_page(wait)), name="open_wait"),
    path("me/visits/new/<slug:site>/<slug:reason>/wait/", require_http_methods(_BOTH)(own_page(wait)), name="my_wait"),
]
