"""The calendar of a shop: a day by hosts or a week by days; visits are moved, and booked for who calls."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from egard.base.clock import utc_now
from egard.base.ids import new_id
from egard.base.refusal import NotFound, Refusal
from egard.console.context import viewer_of
from egard.console.live import again_after
from egard.console.moments import day_words
from egard.console.pages import staff_page
from egard.console.typed import id_of, id_or_none
from egard.journeys.visits import booking, queries
from egard.journeys.visits.booking import Told
from egard.journeys.visits.manage import week
from egard.journeys.visits.models import Shop
from egard.journeys.visits.offering import reasons_at
from egard.journeys.visits.placing import Wish
from egard.journeys.visits.public import said
from egard.journeys.visits.public.pages import moment, read_date
from egard.journeys.visits.public.picking import moment_words
from egard.journeys.visits.visitors import visitor
from egard.kernel.access.actors import Viewer
from egard.kernel.access.operations import log_sight
from egard.kernel.people import queries as people
from egard.kernel.people.search import search

FOUND = 6


@require_GET
@staff_page
def first(request: HttpRequest) -> HttpResponse:
    """The first shop of the viewer."""
    shop = queries.shops(viewer_of(request)).first()
    if shop is None:
        return render(request, "visits/calendar_none.html")
    return redirect("visits:calendar", shop.site.code)


@require_GET
@staff_page
def calendar(request: HttpRequest, code: str) -> HttpResponse:
    """A day or a week of a shop."""
    viewer, now = viewer_of(request), utc_now()
    shop = _shop(viewer, code)
    today = now.astimezone(ZoneInfo(shop.site.zone)).date()
    day = read_date(request.GET.get("day", "")) or today
    view: week.View = "week" if request.GET.get("view") == "week" else "day"
    log_sight(viewer, "list", detail=f"visits of {shop.site.name}", now=now, again_after=again_after(request))
    step = timedelta(days=7 if view == "week" else 1)
    here = reverse("visits:calendar", args=[code])

    def at(day: date, view: str = view) -> str:
        return f"{here}?day={day.isoformat()}&view={view}"

    days = week.week_of(day)
    title = day_words(day, _("l j F Y")) if view == "day" else " – ".join(
        (day_words(days[0], _("j F")), day_words(days[-1], _("j F Y"))))  # fmt: skip
    context = {
        "shop": shop, "shops": list(queries.shops(viewer)), "sheet": week.sheet(viewer, shop, day, view, now=now),
        "view": view, "day": day, "title": title, "url": at(day), "before": at(day - step), "after": at(day + step),
        "today": at(today), "as_day": at(day, "day"), "as_week": at(day, "week"), "topic": f"visits:{shop.site_id}",
        "may_book": viewer.can(queries.BOOK),
        "free_url": reverse("visits:calendar_free", args=[code]),
        "move_url": reverse("visits:calendar_move", args=[code]),
        "new_url": reverse("visits:calendar_new", args=[code]),
        "reasons": [(one.code, said.text(one.name)) for one in reasons_at(shop)] if viewer.can(queries.BOOK) else [],
    }  # fmt: skip
    return render(request, "visits/calendar.html", context)


@require_GET
@staff_page
def free(request: HttpRequest, code: str) -> HttpResponse:
    """Where a visit, or a new one for a reason, could go on the days shown."""
    viewer, now = viewer_of(request), utc_now()
    shop, day = _shop(viewer, code, queries.BOOK), read_date(request.GET.get("day", ""))
    if day is None:
        raise NotFound
    view: week.View = "week" if request.GET.get("view") == "week" else "day"
    held = queries.visit(viewer, id_of(request.GET["visit"]), queries.BOOK) if request.GET.get("visit") else None
    reason = held.reason if held else queries.reason(viewer, request.GET.get("reason", ""))
    return JsonResponse({"free": week.free(shop, reason, day, view, visit=held, now=now)})


@require_POST
@staff_page
def move(request: HttpRequest, code: str) -> HttpResponse:
    """A visit was put elsewhere: what to say of it, and where it was. A refusal is said too."""
    viewer, now, form = viewer_of(request), utc_now(), request.POST
    shop = _shop(viewer, code, queries.BOOK)
    held = queries.visit(viewer, id_of(form.get("visit", "")), queries.BOOK)
    was = {"at": held.starts_at.isoformat(), "host": str(held.host_id or "")}
    try:
        only = id_or_none(form.get("host", ""))
        moved = booking.move(held, shop, Wish(moment(form.get("at", "")), only), by=viewer.actor, now=now)
    except Refusal as refusal:
        return JsonResponse({"said": refusal.detail}, status=refusal.status)
    words = {"name": held.name or (held.person.name if held.person else ""),
             "when": moment_words(moved.starts_at, ZoneInfo(shop.site.zone))}  # fmt: skip
    return JsonResponse({"said": _("%(name)s: now %(when)s") % words, "was": was})


@require_http_methods(["GET", "POST"])
@staff_page
def new(request: HttpRequest, code: str) -> HttpResponse:
    """A visit for who calls or stands there: a client who is found, or somebody new."""
    viewer, now = viewer_of(request), utc_now()
    shop = _shop(viewer, code, queries.BOOK)
    asked = request.POST if request.method == "POST" else request.GET
    reason = queries.reason(viewer, asked.get("reason", ""))
    at, host, refusal = moment(asked.get("at", "")), id_or_none(asked.get("host", "")), None
    uuid = id_or_none(asked.get("person", ""))
    person = people.person(viewer, uuid) if uuid else None
    if request.method == "POST":
        try:
            _booked(viewer, shop, reason, at, host, person, request.POST, now=now)
        except Refusal as error:
            refusal = error
        else:
            messages.success(request, _("The visit is booked."))
            day = at.astimezone(ZoneInfo(shop.site.zone)).date().isoformat()
            return HttpResponseRedirect(f"{reverse('visits:calendar', args=[code])}?day={day}")
    words = asked.get("q", "").strip()
    found = search(viewer, words, limit=FOUND).items if len(words) > 1 and person is None else []
    if found:
        log_sight(viewer, "list", detail=words, now=now)
    context = {
        "shop": shop, "reason": reason, "what": said.text(reason.name), "at": at.isoformat(), "host": host or "",
        "when": moment_words(at, ZoneInfo(shop.site.zone)), "person": person, "found": found, "q": words,
        "questions": said.questions(reason, request.POST), "form": request.POST, "refusal": refusal,
        "key": asked.get("key") or str(new_id()), "told_by": request.POST.get("told_by", "email"),
    }  # fmt: skip
    return render(request, "visits/calendar_new.html", context, status=refusal.status if refusal else 200)


def _booked(
    viewer: Viewer, shop: Shop, reason: Any, at: datetime, host: UUID | None, person: Any, form: Any, *, now: datetime
) -> None:
    email, phone, told_by = form.get("email", ""), form.get("phone", ""), form.get("told_by", "")
    if person is None:
        person = visitor(form.get("name", ""), email=email, phone=phone, site=shop.site, by=viewer.actor, now=now)
    told = Told(
        name=form.get("name", "").strip() or person.name, note=form.get("note", ""), channel="phone",
        told_by=told_by if told_by in ("email", "sms") else "", language=person.language or "fr",
        told_to={"email": email, "sms": phone}.get(told_by, "").strip(),
        answers={one["key"]: form.get(f"q-{one['key']}", "") for one in reason.questions},
    )  # fmt: skip
    key = f"calendar:{viewer.actor}:{form.get('key', '')[:64]}"
    booking.book(shop, reason, person, Wish(at, host), told=told, key=key, by=viewer.actor, now=now)


def _shop(viewer: Viewer, code: str, permission: str = queries.READ) -> Shop:
    found = queries.shops(viewer, permission).filter(site__code=code).first()
    if found is None:
        raise NotFound
    return found


urlpatterns = [
    path("visits/calendar/", first, name="calendars"),
    path("visits/calendar/<slug:code>/", calendar, name="calendar"),
    path("visits/calendar/<slug:code>/free/", free, name="calendar_free"),
    path("visits/calendar/<slug:code>/move/", move, name="calendar_move"),
    path("visits/calendar/<slug:code>/new/", new, name="calendar_new"),
]
