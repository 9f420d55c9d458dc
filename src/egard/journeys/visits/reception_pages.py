"""The shop's pages: who is expected today, for whoever welcomes; her own day, for who receives; one visit."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import wraps
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe
from pydantic import TypeAdapter, ValidationError

from egard.base.clock import utc_now
from egard.base.ids import new_id
from egard.base.moments import Moment
from egard.base.refusal import NotFound, Refusal
from egard.console.context import viewer_of
from egard.console.live import again_after
from egard.console.middleware import refused
from egard.console.pages import View, staff_page
from egard.console.typed import id_of, id_or_none, read_day
from egard.journeys.visits import expected, queries, reception
from egard.journeys.visits.briefs import pages as briefs
from egard.journeys.visits.briefs.queries import unread_since
from egard.journeys.visits.models import Shop, Visit
from egard.journeys.visits.reception import FollowUp
from egard.journeys.visits.refusals import NoVisitor, WrongOutcome
from egard.journeys.visits.shown import OUTCOMES
from egard.journeys.visits.visitors import visitor
from egard.kernel.access.actors import Viewer
from egard.kernel.access.models import User
from egard.kernel.access.operations import log_sight

MOMENT: TypeAdapter[datetime] = TypeAdapter(Moment)
WORKER = Path(__file__).parent / "static" / "visits" / "worker.js"
FOLLOW_UP_DAYS = 7


def in_notices(view: View) -> View:
    """A refusal stands above the list, which stays as it is."""

    @wraps(view)
    def told(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except Refusal as refusal:
            answer = refused(request, refusal)
            answer.headers["HX-Retarget"], answer.headers["HX-Reswap"] = "#notices", "innerHTML"
            return answer

    return told


@require_GET
@staff_page
def shop(request: HttpRequest) -> HttpResponse:
    """The viewer's shop, or a choice of several."""
    viewer = viewer_of(request)
    found = list(queries.shops(viewer))
    hers = [one for one in found if one.site_id in viewer.site_ids] or found
    if len(hers) == 1:
        return redirect("visits:shop_day", hers[0].site_id)
    return render(request, "visits/shops.html", {"shops": found, "hers": viewer.site_ids})


@require_GET
@staff_page
def shop_day(request: HttpRequest, site: UUID) -> HttpResponse:
    """Today's list of a shop; its live part by itself where htmx asks."""
    viewer, now = viewer_of(request), utc_now()
    return _day(request, viewer, queries.shop(viewer, site), now=now)


@require_POST
@staff_page
@in_notices
def walk_in(request: HttpRequest, site: UUID) -> HttpResponse:
    """Somebody without a booking: a reason, and what else she likes to say."""
    viewer, now = viewer_of(request), utc_now()
    held = queries.shop(viewer, site, queries.RECEIVE)
    form = request.POST
    reason = queries.reason(viewer, form.get("reason", ""))
    name, contact = form.get("name", "").strip(), form.get("contact", "").strip()
    person = None
    if contact:
        if not name:
            raise NoVisitor(fields={"name": str(NoVisitor.message)})
        kind = "email" if "@" in contact else "phone"
        person = visitor(name, **{kind: contact}, site=held.site, by=viewer.actor, now=now)
    key = f"walk-in:{id_or_none(form.get('key')) or new_id()}"
    reception.walk_in(
        held, reason, person, name=name, key=key, language=request.LANGUAGE_CODE, by=viewer.actor, now=now
    )  # type: ignore[attr-defined]
    return _day(request, viewer, held, now=now)


@require_POST
@staff_page
def arrival(request: HttpRequest, uuid: UUID) -> JsonResponse:
    """A tap of the list, sent now or when the network is back: `at` is its own moment. Answers in JSON, also refusals,
    as the page's script reads it.
    """
    viewer, now = viewer_of(request), utc_now()
    try:
        at = MOMENT.validate_python(request.POST["at"]) if request.POST.get("at") else None
        held = reception.arrive(queries.visit(viewer, uuid, queries.RECEIVE), at=at, by=viewer.actor, now=now)
    except ValidationError:
        return JsonResponse({"code": "visits.wrong_moment", "detail": request.POST["at"][:40]}, status=422)
    except Refusal as refusal:  # for the script, not for a reader
        told = {"code": refusal.code, "title": str(refusal.title), "detail": str(refusal.detail)}
        return JsonResponse(told, status=refusal.status)
    return JsonResponse({"state": held.state, "arrived_at": held.arrived_at})


@require_POST
@staff_page
@in_notices
def act(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """What is done with one visit from a list: the list as it is then."""
    viewer, now = viewer_of(request), utc_now()
    held = queries.visit(viewer, uuid, queries.RECEIVE)
    told: dict[str, Any] = {"by": viewer.actor, "now": now}
    form = request.POST
    match form.get("what", ""):
        case "start":
            reception.start(held, _host(form), **told)
        case "coming":
            reception.come(held, **told)
        case "left":
            reception.end(held, outcome="left", **told)
        case "missed":
            reception.miss(held, **told)
        case "back":
            reception.take_back(held, **told)
        case "step":
            reception.set_step(held, int(form.get("step", "0")), form.get("done") == "1", now=now)
        case _:
            raise NotFound
    if form.get("from") == "mine":
        return mine_part(request, viewer, now=now)
    return _day(request, viewer, queries.shop(viewer, held.site_id), now=now)


@require_GET
@staff_page
def mine(request: HttpRequest) -> HttpResponse:
    """The viewer's own visits, today and tomorrow."""
    return mine_part(request, viewer_of(request), now=utc_now())


def mine_part(request: HttpRequest, viewer: Viewer, *, now: datetime) -> HttpResponse:
    """The page, or its live part where htmx asks."""
    first = now - timedelta(hours=16)
    visits = expected.of_host(viewer, first, now + timedelta(days=2))
    days: dict[Any, list[expected.Row]] = {}
    for row in expected.rows_of(viewer, visits, now=now):
        today = now.astimezone(ZoneInfo(row.visit.site.zone)).date()
        if today <= row.date <= today + timedelta(days=1) or row.visit.state in ("arrived", "started"):
            days.setdefault(max(row.date, today), []).append(row)
    log_sight(viewer, "list", detail="own visits", now=now, again_after=again_after(request))
    context = {
        "days": sorted(days.items()), "now": now, "topics": "visits", "today": timezone.localdate(now),
        "request_path": reverse("visits:mine"),
    }  # fmt: skip
    return render(request, "visits/_mine.html" if request.htmx else "visits/mine.html", context)  # type: ignore[attr-defined]


@require_http_methods(["GET", "POST"])
@staff_page
def visit(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """One visit: what is known of it; how it went, what was agreed, what is promised for later."""
    viewer, now = viewer_of(request), utc_now()
    held, refusal = queries.visit(viewer, uuid), None
    if request.method == "POST":
        held = queries.visit(viewer, uuid, queries.RECEIVE)
        try:
            _end(viewer, held, request.POST, now=now)
            messages.success(request, _("Kept."))
            following = "visits:mine" if held.host_id == viewer.user_id else "visits:shop_day"
            return redirect(following, *([held.site_id] if following == "visits:shop_day" else []))
        except Refusal as told:
            refusal = told
    log_sight(viewer, "visit", person_id=held.person_id, detail=held.site.name, now=now)
    row = expected.rows_of(viewer, [held], now=now)[0]
    held_shop = Shop.objects.select_related("site").get(pk=held.site_id)
    day = expected.today_of(held_shop, now) + timedelta(days=FOLLOW_UP_DAYS)
    context = {
        "row": row, "outcomes": [one for one in OUTCOMES.items() if one[0] != "left"],
        "now": now, "refusal": refusal, "typed": request.POST,
        "said": OUTCOMES.get(held.outcome, ""),
        "due": day, "hosts": queries.hosts(viewer, held_shop), "may_end": viewer.can(queries.RECEIVE),
        "steps": [step for n, step in enumerate(expected.said(one) for one in held_shop.welcome) if n in held.steps],
    }  # fmt: skip
    return render(request, "visits/visit.html", context, status=refusal.status if refusal else 200)


@require_GET
@staff_page
def waits(request: HttpRequest) -> HttpResponse:
    """How many are in the shop for the viewer, for the menu."""
    n = expected.waiting_for(viewer_of(request), now=utc_now())
    told = {"id": "visits-waits", "url": request.path, "topics": "visits", "n": n}
    return render(request, "console/components/waits.html", told)


@require_safe
def worker(request: HttpRequest) -> HttpResponse:
    """What keeps today's list readable without a network: it must lie where the pages that it serves lie."""
    answer = HttpResponse(WORKER.read_bytes(), content_type="text/javascript")
    answer.headers["Cache-Control"] = "no-cache"
    return answer


# --- inside --------------------------------------------------------------------------------------------------------


def _day(request: HttpRequest, viewer: Viewer, held: Shop, *, now: datetime) -> HttpResponse:
    day = expected.day(viewer, held, now=now)
    log_sight(viewer, "list", detail=f"visits of {held.site.name}", now=now, again_after=again_after(request))
    others = [one for one in queries.shops(viewer) if one.pk != held.pk]
    context = {
        "day": day, "now": now, "others": others, "may_receive": viewer.can(queries.RECEIVE), "key": new_id(),
        "topics": f"visits:{held.site_id}", "url": reverse("visits:shop_day", args=[held.site_id]),
        "clock": f"{now.astimezone(day.zone):%H:%M}", "is_before": day.opens_at is not None and now < day.opens_at,
        "unread": unread_since(viewer, held, day.date),
        "counts": {"expected": len(day.expected), "waiting": len(day.waiting), "received": len(day.received)},
    }  # fmt: skip
    return render(request, "visits/_day.html" if request.htmx else "visits/day.html", context)  # type: ignore[attr-defined]


def _host(form: QueryDict) -> User | None:
    """Who receives, where it is said. Raises `NotFound`."""
    if not form.get("host"):
        return None
    found = User.objects.filter(pk=id_of(form["host"]), is_active=True).first()
    if found is None:
        raise NotFound
    return found


def _end(viewer: Viewer, held: Visit, form: QueryDict, *, now: datetime) -> None:
    """Raises `WrongOutcome`, `NotNow`."""
    follow_up = None
    if form.get("follow_up") == "1":
        due, owner = read_day(form.get("due", ""), after=True), _host(form)
        if due is None or owner is None:
            raise WrongOutcome(why=form.get("due", "")[:20], fields={"due": str(WrongOutcome.title)})
        local = due.replace(tzinfo=None) - timedelta(minutes=1)
        follow_up = FollowUp(local.replace(tzinfo=ZoneInfo(held.site.zone)), owner)
    outcome = form.get("outcome", "")
    next_step = form.get("next_step", "")
    reception.end(held, outcome=outcome, next_step=next_step, follow_up=follow_up, by=viewer.actor, now=now)


urlpatterns = [
    *briefs.urlpatterns,
    path("shop/", shop, name="shop"),
    path("shop/mine/", mine, name="mine"),
    path("shop/waits/", waits, name="waits"),
    path("shop/worker.js", worker, name="worker"),
    path("shop/<uuid:site>/", shop_day, name="shop_day"),
    path("shop/<uuid:site>/walk-in/", walk_in, name="walk_in"),
    path("shop/visits/<uuid:uuid>/", visit, name="visit"),
    path("shop/visits/<uuid:uuid>/arrival/", arrival, name="arrival"),
    path("shop/visits/<uuid:uuid>/act/", act, name="act"),
]
