"""Booking a visit: the shop, the reason, the day and time, who comes; three taps and no account."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods

from egard.base.clock import utc_now
from egard.base.refusal import NotFound, Refusal
from egard.base.text import fold
from egard.console.typed import id_or_none
from egard.journeys.visits import booking, links, refusals
from egard.journeys.visits.booking import Told
from egard.journeys.visits.models import Reason, Resource, Shop, Skill, Visit
from egard.journeys.visits.nearby import kilometres
from egard.journeys.visits.offering import public_shops, reasons_at
from egard.journeys.visits.placing import Wish
from egard.journeys.visits.public import holding, picking, said
from egard.journeys.visits.public.doors import Door, booking_page, door_of, forget_form, own_page, shown
from egard.journeys.visits.visitors import own_adviser

HELD = "egard.visits.held"
SHOPS_SHOWN = 40


def shops(request: HttpRequest) -> HttpResponse:
    """Which shop: by name or town, or the nearest first where the browser says its place."""
    door, wanted = door_of(request), request.GET.get("reason", "")
    query, place = request.GET.get("q", "").strip()[:100], _place(request.GET.get("near", ""))
    found = public_shops().filter(site__in=_served(wanted))
    if place:
        found = found.annotate(away=kilometres(*place)).order_by(F("away").asc(nulls_last=True), "site__name")
    words = fold(query).split()
    matching = [one for one in found if all(word in fold(f"{one.site.name} {one.address}") for word in words)]
    if len(matching) == 1 and not query and not place:
        return HttpResponseRedirect(_after_shop(door, matching[0], wanted))
    rows = [(one, getattr(one, "away", None)) for one in matching]
    told = [
        {"shop": shop, "url": _after_shop(door, shop, wanted), "far": picking.far_words(km) if km is not None else ""}
        for shop, km in rows[:SHOPS_SHOWN]
    ]
    context = {
        "rows": told, "more": len(rows) - len(told), "q": query, "wanted": wanted, "place": place, "all": len(found),
        "here": door.url("shops"), "kept": door.kept,
    }  # fmt: skip
    return shown(request, "shops", context)


def site(request: HttpRequest, site: str) -> HttpResponse:
    """What for."""
    door, shop = door_of(request), shop_of(site)
    reasons = list(reasons_at(shop, public=True))
    if wanted := request.GET.get("reason"):
        if any(one.code == wanted for one in reasons):
            return HttpResponseRedirect(door.url("times", site, wanted))
        raise refusals.NotHere
    rows = [(said.text(one.name), said.text(one.about), one.minutes, door.url("times", site, one.code))
            for one in reasons]  # fmt: skip
    context = {"shop": shop, "rows": rows, "back": _other_shops(door), "steps": said.steps(1)}
    return shown(request, "site", context)


def times(request: HttpRequest, site: str, reason: str) -> HttpResponse:
    """When: the days to come with their times. A post takes one of them."""
    door, now, shop = door_of(request), utc_now(), shop_of(site)
    held = holding.held_of(holding.mark_of(door.place, door.form), now=now)
    of = reason_of(shop, reason)
    if request.method == "POST":
        host = host_of(shop, of, request.POST.get("with", ""))
        try:
            made = _take(door, shop, of, moment(request.POST.get("at", "")), host, now=now)
        except (refusals.SlotFull, refusals.NotOffered, refusals.TooMany) as refusal:
            return _times(request, shop, of, host, held, refusal, now=now)
        return HttpResponseRedirect(_after_time(door, made))
    host = host_of(shop, of, request.GET.get("with", ""))
    return _times(request, shop, of, host, held, None, now=now)


def _times(
    request: HttpRequest, shop: Shop, reason: Reason, host: Resource | None, held: Visit | None,
    refusal: Refusal | None, *, now: datetime,
) -> HttpResponse:  # fmt: skip
    door, site = door_of(request), shop.site.code
    own = own_adviser(door.person) if door.person else None
    if held is not None and (held.site_id != shop.site_id or held.reason_id != reason.pk):
        held = None
    day = read_date(request.GET.get("day", ""))
    found = picking.choice(shop, reason, day=day, host=host, own=own, visit=held, now=now)
    if own and host is None and found.own and "with" not in request.GET and request.method == "GET":
        hers = picking.choice(shop, reason, day=day, host=found.own, own=own, visit=held, now=now)
        found = hers if hers.chosen and hers.chosen.times else found
    near: list[picking.Time] = []
    if isinstance(refusal, refusals.SlotFull | refusals.NotOffered):
        at = moment(request.POST.get("at", ""))
        near = picking.nearest_times(shop, reason, at, only=host.user_id if host else None, visit=held, now=now)
    none = not any(one.times for week in found.weeks for one in week) and day is None
    chosen = str(found.host.uuid) if found.host else "any" if own else ""

    def url(**query: Any) -> str:
        return door.url("times", site, reason.code, **{"with": chosen, **query})

    context = {
        **weeks(found, url), "shop": shop, "reason": reason, "near": near, "none": none, "with": chosen,
        "back": door.url("site", site), "steps": said.steps(2, door.url("site", site)),
        "elsewhere": [(one, door.url("times", one.shop.site.code, reason.code))
                      for one in picking.elsewhere(shop, reason, now=now)] if none else [],
        "wait_url": door.url("wait", site, reason.code),
        "held": held, "held_url": _after_time(door, held) if held else "",
    }  # fmt: skip
    return shown(request, "times", context, refusal)


def held(request: HttpRequest, token: str) -> HttpResponse:
    """Who comes. A post books; with `at` another time, where the one that was held is gone."""
    door, now, form = door_of(request), utc_now(), request.POST
    kept = booking.visit_of(links.unsigned(token, HELD))
    if kept is None:
        raise NotFound
    if kept.state not in ("held", "lapsed"):
        return HttpResponseRedirect(_booked(door, kept))
    shop, refusal, near = shop_of(kept.site.code), None, []
    if request.method == "POST":
        try:
            if form.get("website"):  # only a program fills what nobody sees
                raise refusals.TooMany
            if form.get("at"):
                kept = _take(door, shop, kept.reason, moment(form["at"]), None, now=now)
            made = holding.confirm(
                kept, told_of(kept.reason, form, kept.channel), email=form.get("email", ""),
                phone=form.get("phone", ""), person=door.person,
                now=now,
            )  # fmt: skip
            return forget_form(HttpResponseRedirect(_booked(door, made)), door)
        except Refusal as error:
            refusal = error
            if isinstance(error, refusals.HoldOver | refusals.SlotFull | refusals.NotOffered):
                near = picking.nearest_times(shop, kept.reason, kept.starts_at, only=None, now=now)
    over = kept.lapses_at is None or kept.lapses_at <= now or kept.state == "lapsed"
    context = {
        "shop": shop, "visit": kept, "reason": kept.reason, "card": said.card(kept), "near": near, "form": form,
        "questions": said.questions(kept.reason, form), "minutes": 0 if over else _minutes(kept, now), "is_over": over,
        "url": door.url("held", _signed(kept)), "back": door.url("times", kept.site.code, kept.reason.code),
        "told_by": form.get("told_by", "email"),
        "steps": said.steps(3, door.url("site", kept.site.code), door.url("times", kept.site.code, kept.reason.code)),
    }  # fmt: skip
    return shown(request, "held", context, refusal)


# --- inside --------------------------------------------------------------------------------------------------------


def _take(door: Door, shop: Shop, reason: Reason, at: datetime, host: Resource | None, *, now: datetime) -> Visit:
    own = own_adviser(door.person) if door.person else None
    wish = Wish(at, host.user_id if host else None, own)
    chosen = holding.Chosen(shop, reason, wish, door.form, door.place)
    channel = "portal" if door.person else "web"
    return holding.hold(chosen, language=door.language, channel=channel, person=door.person, now=now)


def told_of(reason: Reason, form: Any, channel: str) -> Told:
    """What a form says of who comes."""
    answers = {one["key"]: form.get(f"q-{one['key']}", "") for one in reason.questions}
    told_by = form.get("told_by", "")
    return Told(
        name=form.get("name", ""), answers=answers, note=form.get("note", ""), channel=channel,
        told_by=told_by if told_by in ("email", "sms") else "",
    )  # fmt: skip


def _after_time(door: Door, made: Visit) -> str:
    return _booked(door, made) if made.state == "booked" else door.url("held", _signed(made))


def _booked(door: Door, made: Visit) -> str:
    token = links.signed(made.uuid, links.OWN)
    return door.url("own", token, new="1") if made.state == "booked" else door.url("own", token)


def _signed(visit: Visit) -> str:
    return links.signed(visit.uuid, HELD)


def shop_of(code: str) -> Shop:
    found = public_shops().filter(site__code=code).first()
    if found is None:
        raise NotFound
    return found


def reason_of(shop: Shop, code: str) -> Reason:
    found = reasons_at(shop, public=True).filter(code=code).first()
    if found is None:
        raise refusals.NotHere
    return found


def weeks(found: picking.Choice, url: Callable[..., str]) -> dict[str, Any]:
    """The days and times as the page of them takes it; `url` gives its address."""
    return {
        "pick": found, "name": said.text(found.reason.name), "url": url(),
        "days": [[(one, url(day=one.date.isoformat())) for one in week] for week in found.weeks],
        "before": url(day=found.before.isoformat()) if found.before else "",
        "after": url(day=found.after.isoformat()) if found.after else "",
    }  # fmt: skip


def zone_of(shop: Shop) -> ZoneInfo:
    return ZoneInfo(shop.site.zone)


def host_of(shop: Shop, reason: Reason, typed: str) -> Resource | None:
    uuid: UUID | None = id_or_none(typed)
    return next((one for one in picking.hosts_at(shop, reason) if one.uuid == uuid), None) if uuid else None


def _served(wanted: str) -> QuerySet[Any]:
    """The sites where somebody receives people for what is booked on line."""
    held = Skill.objects.filter(
        reason__is_public=True, reason__ended_at__isnull=True, rota__resource__ended_at__isnull=True
    )
    return (held.filter(reason__code=wanted) if wanted else held).values("rota__site")


def _after_shop(door: Door, shop: Shop, wanted: str) -> str:
    return door.url("times", shop.site.code, wanted) if wanted else door.url("site", shop.site.code)


def _other_shops(door: Door) -> str:
    return door.url("shops") if public_shops().count() > 1 else ""


def moment(text: str) -> datetime:
    """A time as a button gives it back. Raises `NotOffered`."""
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is not None:
            return at
    except ValueError:
        pass
    raise refusals.NotOffered


def read_date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _place(text: str) -> tuple[float, float] | None:
    """`45.76,4.83`, rounded by the browser to a kilometre or so; None for what is no place."""
    latitude, _comma, longitude = text.partition(",")
    try:
        found = float(latitude), float(longitude)
    except ValueError:
        return None
    return found if -90 <= found[0] <= 90 and -180 <= found[1] <= 180 else None


def _minutes(kept: Visit, now: datetime) -> int:
    assert kept.lapses_at is not None
    return max(1, -int((now - kept.lapses_at).total_seconds() // 60))


urlpatterns = [
    path("p/visits/", require_GET(booking_page(shops)), name="open_shops"),
    path("p/visits/held/<str:token>/", require_http_methods(["GET", "POST"])(booking_page(held)), name="open_held"),
    path("p/visits/<slug:site>/", require_GET(booking_page(site)), name="open_site"),
    path(
        "p/visits/<slug:site>/<slug:reason>/", require_http_methods(["GET", "POST"])(booking_page(times)),
        name="open_times",
    ),
    path("me/visits/new/", require_GET(own_page(shops)), name="my_shops"),
    path("me/visits/new/held/<str:token>/", require_http_methods(["GET", "POST"])(own_page(held)), name="my_held"),
    path("me/visits/new/<slug:site>/", require_GET(own_page(site)), name="my_site"),
    path(
        "me/visits/new/<slug:site>/<slug:reason>/", require_http_methods(["GET", "POST"])(own_page(times)),
        name="my_times",
    ),
]  # fmt: skip
