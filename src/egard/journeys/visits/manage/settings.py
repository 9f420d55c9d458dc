"""Shops, reasons to come, who receives, rooms: set by whoever manages visits."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from egard.base.clock import utc_now
from egard.base.refusal import NotFound, Refusal
from egard.base.text import fold
from egard.console import spans
from egard.console.context import viewer_of
from egard.console.pages import staff_page
from egard.console.typed import id_of
from egard.journeys.visits import fetched, queries, refusals, shops
from egard.journeys.visits.manage import typed
from egard.journeys.visits.models import Reason, Shop
from egard.journeys.visits.public import said
from egard.kernel.access import queries as access
from egard.kernel.access.actors import Viewer
from egard.kernel.access.models import Site

SPANS = (0, 15, 30, 60, 120, 240, 480, 720, 1440, 2880, 4320, 10080)
"""Minutes that are offered as notice, and before which a visit is changed on line."""
RULES = ("first", "last", "even", "decaying")


@require_GET
@staff_page
def settings(request: HttpRequest) -> HttpResponse:
    """All shops and all reasons."""
    viewer = viewer_of(request)
    viewer.require(queries.MANAGE)
    held = {shop.site_id: shop for shop in queries.shops(viewer, queries.MANAGE)}
    rows = [(site, held.get(site.pk)) for site in _sites(viewer)]
    reasons = [(one, said.text(one.name)) for one in queries.reasons(viewer)]
    context = {"rows": rows, "reasons": reasons, "may_all": viewer.scope(queries.MANAGE) == "all"}
    return render(request, "visits/settings.html", context)


@require_http_methods(["GET", "POST"])
@staff_page
def shop(request: HttpRequest, code: str) -> HttpResponse:
    """One shop: its hours, where it is, its welcome; who receives there, and its rooms."""
    viewer, now = viewer_of(request), utc_now()
    viewer.require(queries.MANAGE)
    site = next((one for one in _sites(viewer) if one.code == code), None)
    if site is None:
        raise NotFound
    held, form = shops.shop_of(site.pk), request.POST
    today, what, refusal = now.astimezone(ZoneInfo(site.zone)).date(), form.get("what", ""), None
    if request.method == "POST":
        try:
            {"hours": _hours, "place": _place, "host": _host, "room": _room}.get(what, _unknown)(
                viewer, site, held, form, today
            )
        except Refusal as error:
            refusal = error
        else:
            messages.success(request, _("Kept."))
            return redirect("visits:settings_shop", code)
    context = {"site": site, "shop": held, "what": what, "refusal": refusal, "form": form,
               **_shown(viewer, site, held, refusal, form, today)}  # fmt: skip
    return render(request, "visits/settings_shop.html", context, status=refusal.status if refusal else 200)


@require_http_methods(["GET", "POST"])
@staff_page
def reason(request: HttpRequest, code: str = "") -> HttpResponse:
    """What people come for: how long, how far ahead, what is asked."""
    viewer, now, form = viewer_of(request), utc_now(), request.POST
    viewer.require_everywhere(queries.MANAGE)
    held: Reason | None = queries.reason(viewer, code) if code else None
    refusal = None
    if request.method == "POST":
        try:
            if form.get("what") == "end" and held:
                shops.end_reason(held, by=viewer.actor, now=now)
                return redirect("visits:settings")
            name = code or "-".join(fold(form.get("name_en") or form.get("name_fr", "")).split())[:64]
            shops.set_reason(name, _reason_told(form, held), by=viewer.actor, now=now)
            messages.success(request, _("Kept."))
            return redirect("visits:settings")
        except Refusal as error:
            refusal = error
    context = {
        "reason": held, "form": form if refusal else _reason_form(held), "refusal": refusal,
        "questions": typed.typed_questions(form) if refusal else typed.question_rows(held.questions if held else []),
        "kinds": [("text", _("free words")), ("choice", _("one of several")), ("yes_no", _("yes or no"))],
        "notices": _minutes(held.notice_minutes if held else 60),
        "changes": _minutes(held.change_minutes if held else 0),
        "rules": [("first", _("all to the first visit")), ("last", _("all to the last visit")),
                  ("even", _("in equal parts")), ("decaying", _("more to the later ones"))],
    }  # fmt: skip
    return render(request, "visits/settings_reason.html", context, status=refusal.status if refusal else 200)


# --- what is kept ----------------------------------------------------------------------------------------------------


def _hours(viewer: Viewer, site: Site, held: Shop | None, form: Any, today: date) -> None:
    kept = held.hours if held else {}
    holidays = form.get("holidays", "").strip().upper()
    if holidays and not typed.known_holidays(holidays, site.zone):
        raise refusals.WrongHours(why=holidays, fields={"holidays": _("These public holidays are not known.")})
    told = {"week": typed.read_week(form), "holidays": holidays,
            "exceptions": typed.read_exceptions(form, kept, today)}  # fmt: skip
    shops.set_shop(site, hours=told, by=viewer.actor, now=utc_now())


def _place(viewer: Viewer, site: Site, held: Shop | None, form: Any, today: date) -> None:
    place: list[float | None] = []
    for name in ("latitude", "longitude"):
        text = form.get(name, "").strip().replace(",", ".")
        try:
            place.append(float(text) if text else None)
        except ValueError as error:
            raise refusals.WrongShop(why=text[:20], fields={name: _("This is no number.")}) from error
    steps = [
        {"fr": fr.strip() or en.strip(), "en": en.strip() or fr.strip()}
        for fr, en in zip(form.getlist("welcome_fr"), form.getlist("welcome_en"), strict=False)
        if fr.strip() or en.strip()
    ]
    shops.set_shop(
        site, address=form.get("address", "").strip()[:300], phone=form.get("phone", "").strip(), latitude=place[0],
        longitude=place[1], is_public=form.get("is_public") == "on", welcome=steps, by=viewer.actor, now=utc_now(),
    )  # fmt: skip


def _host(viewer: Viewer, site: Site, held: Shop | None, form: Any, today: date) -> None:
    known = {one.code: one for one in queries.reasons(viewer)}
    wanted = [known[code] for code in form.getlist("reason") if code in known]
    most = form.get("max_per_day", "").strip()
    if most and not most.isdecimal():
        raise refusals.WrongHost(why=most[:20], fields={"max_per_day": _("This is no number.")})
    hours = {"week": typed.read_week(form)} if form.get("own") == "on" else None
    user, feed = access.colleague(viewer, id_of(form.get("user", ""))), form.get("feed", "").strip()
    with transaction.atomic():
        rota = shops.set_host(
            user, site, wanted, hours=hours, max_per_day=int(most) if most else None, by=viewer.actor, now=utc_now()
        )
        if "feed" in form and feed != rota.resource.feed:
            fetched.set_feed(user, feed, by=viewer.actor, now=utc_now())


def _room(viewer: Viewer, site: Site, held: Shop | None, form: Any, today: date) -> None:
    shops.set_room(site, form.get("name", ""), fold(form.get("kind", "")).strip(), by=viewer.actor, now=utc_now())


def _unknown(viewer: Viewer, site: Site, held: Shop | None, form: Any, today: date) -> None:
    raise NotFound


# --- what is shown ---------------------------------------------------------------------------------------------------


def _sites(viewer: Viewer) -> list[Site]:
    """The sites that the viewer manages, by name, also those that receive nobody yet."""
    scope = viewer.require(queries.MANAGE)
    found = Site.objects.order_by("name")
    return list(found if scope == "all" else found.filter(pk__in=viewer.site_ids))


def _shown(
    viewer: Viewer, site: Site, held: Shop | None, refusal: Refusal | None, form: Any, today: date
) -> dict[str, Any]:
    """What was typed stands there again where it was refused, with why."""
    what, wrong = (form.get("what"), refusal.fields) if refusal else ("", {})
    hours = held.hours if held else shops.checked_hours(site, shops.SHOP_HOURS)
    reasons = [(one, said.text(one.name)) for one in queries.reasons(viewer)]
    rows = queries.rotas(viewer, held) if held else []
    there = {row.resource.user_id for row in rows}
    failed: UUID | None = id_of(form["user"]) if what == "host" else None
    hosts = [
        {"user": row.resource.user, "codes": [skill.reason.code for skill in row.skills.all()], "rota": row,
         "most": row.resource.max_per_day, "own": row.hours is not None, "is_wrong": row.resource.user_id == failed,
         "week": typed.week_rows(row.hours or hours, form if row.resource.user_id == failed else None, wrong)}
        for row in rows
    ]  # fmt: skip
    return {
        "week": typed.week_rows(hours, form if what == "hours" else None, wrong), "holidays": hours.get("holidays", ""),
        "exceptions": typed.exception_rows(hours, today, form if what == "hours" else None, wrong),
        "reasons": reasons, "hosts": hosts, "rooms": queries.rooms(viewer, site) if held else [],
        "others": [one for one in access.staff(viewer) if one.pk not in there],
        "welcome": [*((one["fr"], one["en"]) for one in (held.welcome if held else ())), ("", ""), ("", "")],
        "new_week": typed.week_rows(hours),
    }  # fmt: skip


def _minutes(kept: int) -> list[tuple[int, str]]:
    """Amounts of time to choose from, with the one that is kept."""
    return [(one, _span(one)) for one in sorted({*SPANS, kept})]


def _span(minutes: int) -> str:
    if not minutes:
        return _("none")
    for amount, unit in ((1440, "days"), (60, "hours")):
        if minutes % amount == 0:
            return spans.said(f"{minutes // amount} {unit}")
    return spans.said(f"{minutes} minutes")


def _reason_form(held: Reason | None) -> dict[str, Any]:
    if held is None:
        return {"minutes": 30, "step_minutes": 15, "before": 0, "after": 0, "notice_minutes": "60", "horizon_days": 60,
                "change_minutes": "0", "hosts": 1, "capacity": 1, "credit_days": 30, "credit_rule": "even",
                "is_public": "on"}  # fmt: skip
    names = ("minutes", "step_minutes", "before", "after", "horizon_days", "hosts", "capacity", "room_kind",
             "credit_days", "credit_rule")  # fmt: skip
    about = held.about or {}
    return {
        **{name: getattr(held, name) for name in names}, "name_fr": held.name["fr"], "name_en": held.name["en"],
        "about_fr": about.get("fr", ""), "about_en": about.get("en", ""), "is_public": "on" if held.is_public else "",
        "notice_minutes": str(held.notice_minutes), "change_minutes": str(held.change_minutes),
    }  # fmt: skip


def _reason_told(form: Any, held: Reason | None) -> dict[str, Any]:
    """What was typed of a reason, as `ReasonSaid` checks it; a field left empty has its usual value."""
    numbers = ("minutes", "step_minutes", "before", "after", "notice_minutes", "horizon_days", "change_minutes",
               "hosts", "capacity", "credit_days")  # fmt: skip
    told: dict[str, Any] = {name: form[name].strip() for name in numbers if form.get(name, "").strip()}
    fr, en = form.get("name_fr", "").strip(), form.get("name_en", "").strip()
    if not fr and not en:
        raise refusals.WrongReason(why=_("it has no name"), fields={"name": _("Say what people come for.")})
    told["name"] = {"fr": fr or en, "en": en or fr}
    about = form.get("about_fr", "").strip(), form.get("about_en", "").strip()
    if any(about):
        told["about"] = {"fr": about[0] or about[1], "en": about[1] or about[0]}
    return {
        **told, "room_kind": fold(form.get("room_kind", "")).strip(), "is_public": form.get("is_public") == "on",
        "credit_rule": form.get("credit_rule", "even"), "questions": typed.read_questions(form),
    }  # fmt: skip


urlpatterns = [
    path("visits/settings/", settings, name="settings"),
    path("visits/settings/shops/<slug:code>/", shop, name="settings_shop"),
    path("visits/settings/reasons/new/", reason, name="settings_reason_new"),
    path("visits/settings/reasons/<slug:code>/", reason, name="settings_reason"),
]
