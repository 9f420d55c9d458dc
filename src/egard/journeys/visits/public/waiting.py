"""The waiting list as who waits sees it: joining it, taking what is offered or letting it go, leaving."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from egard.base.clock import utc_now
from egard.base.refusal import NotFound, Refusal
from egard.journeys.visits import links, refusals, waitlist
from egard.journeys.visits.booking import Told
from egard.journeys.visits.models import Reason, Shop
from egard.journeys.visits.models_told import WAITS, Waiting
from egard.journeys.visits.offering import latest
from egard.journeys.visits.public import holding, pages, said
from egard.journeys.visits.public.doors import Door, booking_page, door_of, own_page, shown
from egard.journeys.visits.public.picking import clock_words
from egard.kernel.access.actors import Actor
from egard.portal.own import herself

USUAL = timedelta(days=14)
"""So far ahead the form proposes to wait."""


def join(request: HttpRequest, site: str, reason: str) -> HttpResponse:
    """What would suit her, and how she hears of it."""
    door, now, form = door_of(request), utc_now(), request.POST
    shop = pages.shop_named(site)
    of = pages.reason_named(shop, reason)
    refusal: Refusal | None = None
    if request.method == "POST":
        try:
            if form.get("website"):  # only a program fills what nobody sees
                raise refusals.TooMany
            made = holding.wait(
                shop, of, _wanted(shop, form), _told(door, of, form), email=form.get("email", ""),
                phone=form.get("phone", ""), place=door.place, person=door.person, now=now,
            )  # fmt: skip
            return HttpResponseRedirect(door.url("waiting", links.signed(made.uuid, links.WAITING)))
        except Refusal as error:
            refusal = error
    today = now.astimezone(pages.zone_of(shop)).date()
    last = latest(of, now=now).date()
    context = {
        "shop": shop, "reason": of, "name": said.text(of.name), "form": form, "questions": said.questions(of, form),
        "today": today.isoformat(), "most": last.isoformat(), "first": form.get("first") or today.isoformat(),
        "last": form.get("last") or min(today + USUAL, last).isoformat(),
        "parts": [(code, words, code in form.getlist("part")) for code, words in _parts().items()],
        "told_by": form.get("told_by", "email"), "url": door.url("join", site, reason),
        "back": door.url("times", site, reason),
    }  # fmt: skip
    return shown(request, "join", context, refusal)


def waiting(request: HttpRequest, token: str) -> HttpResponse:
    """Her place, and what is offered to her. A post takes it (`accept`), lets it go (`decline`) or leaves (`leave`)."""
    door, now = door_of(request), utc_now()
    held = _opened(door, token)
    refusal: Refusal | None = None
    if request.method == "POST":
        by, act = _herself(held), request.POST.get("act", "")
        try:
            if act == "accept":
                made = waitlist.accept(held, by=by, now=now)
                return HttpResponseRedirect(door.url("own", links.signed(made.uuid, links.OWN), new="1"))
            if act in ("decline", "leave"):
                (waitlist.decline if act == "decline" else waitlist.leave)(held, by=by, now=now)
            return HttpResponseRedirect(door.url("waiting", token))
        except refusals.HoldOver as error:
            refusal, held = error, _opened(door, token)
    visit = held.offer if held.state == "offered" else None
    shops = {one.site_id: one for one in Shop.objects.filter(pk__in=held.sites).select_related("site")}
    shop = shops.get(visit.site_id) if visit else None
    until = visit.lapses_at if visit else None
    context = {
        "waiting": held, "name": said.text(held.reason.name), "visit": visit, "is_waiting": held.state in WAITS,
        "card": said.card(visit, shop.address if shop else "") if visit else None, "place": waitlist.place_of(held),
        "until": clock_words(until, pages.zone_of(shop)) if until and shop else "",
        "sites": ", ".join(sorted(one.site.name for one in shops.values())), "days": _days(held),
        "parts": ", ".join(_parts()[code].lower() for code in _parts() if code in held.parts),
        "url": door.url("waiting", token), "again": door.url("shops"),
    }  # fmt: skip
    return shown(request, "waiting", context, refusal)


# --- inside --------------------------------------------------------------------------------------------------------


def _opened(door: Door, token: str) -> Waiting:
    """Raises `NotFound`; in her own space, hers alone."""
    held = links.waiting_opened(token)
    if door.person is not None and held.person_id not in door.person.members:
        raise NotFound
    return held


def _herself(held: Waiting) -> Actor:
    """Who holds the link acts for who waits."""
    return herself(held.person)


def _wanted(shop: Shop, form: Any) -> waitlist.Wanted:
    first, last = pages.read_date(form.get("first", "")), pages.read_date(form.get("last", ""))
    if first is None or last is None:
        raise refusals.WrongWish(fields={"last": str(refusals.WrongWish.message)})
    return waitlist.Wanted(sites=(shop.site_id,), first=first, last=last, parts=tuple(form.getlist("part")))


def _told(door: Door, reason: Reason, form: Any) -> Told:
    told_by = form.get("told_by", "")
    return Told(
        name=form.get("name", ""), answers={one["key"]: form.get(f"q-{one['key']}", "") for one in reason.questions},
        told_by=told_by, told_to={"email": form.get("email", ""), "sms": form.get("phone", "")}.get(told_by, ""),
        language=door.language, channel="portal" if door.person else "web",
    )  # fmt: skip


def _parts() -> dict[str, str]:
    return {"morning": _("Morning"), "afternoon": _("Afternoon"), "evening": _("Evening")}


def _days(held: Waiting) -> str:
    first, last = (_day(one) for one in (held.first, held.last))
    return first if held.first == held.last else _("from %(first)s to %(last)s") % {"first": first, "last": last}


def _day(day: date) -> str:
    return date_format(datetime.combine(day, datetime.min.time()), "j F")


_BOTH = ["GET", "POST"]

urlpatterns = [
    path("p/visits/waiting/<str:token>/", require_http_methods(_BOTH)(booking_page(waiting)), name="open_waiting"),
    path("me/visits/waiting/<str:token>/", require_http_methods(_BOTH)(own_page(waiting)), name="my_waiting"),
    path(
        "p/visits/<slug:site>/<slug:reason>/waiting/", require_http_methods(_BOTH)(booking_page(join)), name="open_join"
    ),
    path(
        "me/visits/new/<slug:site>/<slug:reason>/waiting/", require_http_methods(_BOTH)(own_page(join)), name="my_join"
    ),
]
