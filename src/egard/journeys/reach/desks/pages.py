"""A desk as it is set, by herself or by who manages her; and the desks of a team."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, time
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext_lazy
from django.views.decorators.http import require_http_methods

from egard.base.clock import utc_now
from egard.base.refusal import NotFound, Refusal
from egard.console.context import viewer_of
from egard.console.delegations import last_day
from egard.console.pages import staff_page
from egard.console.typed import id_of, read_day
from egard.journeys.reach import moving, operations, queries, refusals, state, voice
from egard.journeys.reach.links import operations as links
from egard.journeys.reach.models import Absence, Desk
from egard.journeys.reach.portfolio import named_promises
from egard.kernel.access.actors import Viewer
from egard.kernel.access.models import User
from egard.kernel.access.operations import log_sight
from egard.kernel.access.queries import colleague
from egard.kernel.promises.queries import calendars

PRESENCES = {
    "available": pgettext_lazy("one’s presence", "Available"),
    "busy": pgettext_lazy("one’s presence", "Busy"),
    "away": pgettext_lazy("one’s presence", "Away"),
}


@require_http_methods(["GET", "POST"])
@staff_page
def desks(request: HttpRequest) -> HttpResponse:
    """Who is there, by which line and hours, who stands in, who is absent; what the provider of lines is told; and
    whether anybody may ask to be called by the house.
    """
    viewer, now = viewer_of(request), utc_now()
    if request.method == "POST":
        viewer.require_everywhere(queries.MANAGE)
        links.open_page(request.POST.get("open") == "yes", by=viewer.actor, now=now)
        messages.success(request, _("Kept."))
        return redirect("reach:desks")
    found = queries.desks(viewer, now=now)
    context = {
        "rows": list(zip(found, state.there(found, now=now), strict=True)),
        "without": queries.without_desk(viewer), "calendars": _calendars(viewer), "now": now,
        "voice": f"{_root(request)}/api/v1/calls", "page": f"{_root(request)}{reverse('reach:public_call')}",
        "page_is_open": links.is_open(), "may_open": viewer.scope(queries.MANAGE) == "all",
        "is_shared": voice.is_shared(), "secret": voice.SHARED_WITH_PROVIDER,
    }  # fmt: skip
    return render(request, "reach/desks.html", context)


@require_http_methods(["GET", "POST"])
@staff_page
def desk(request: HttpRequest, user: UUID) -> HttpResponse:
    """One desk, with what is owed in each absence."""
    viewer, now = viewer_of(request), utc_now()
    held = queries.desk(viewer, user)
    told: dict[str, Any] = {}
    if request.method == "POST":
        try:
            told = _change(viewer, held, request.POST, now=now)
        except Refusal as refusal:
            if isinstance(refusal, NotFound):
                raise
            told = {"refusal": refusal, "typed": request.POST}
        if not told:
            messages.success(request, _("Kept."))
            return redirect("reach:one_desk", user)
    return _shown(request, viewer, queries.desk(viewer, user), told, now=now)


def _shown(request: HttpRequest, viewer: Viewer, held: Desk, told: dict[str, Any], *, now: datetime) -> HttpResponse:
    away = queries.absences(viewer, held, now=now) if held.pk else []
    shown = [_absence(viewer, held.user, one, now=now) for one in away]
    if any(one["owed"] for one in shown) or told.get("stuck"):
        log_sight(viewer, "list", detail=f"owed by {held.user.name}", now=now)
    address = links.link("desk", held.user_id, root=_root(request), now=now)
    context = {
        "set": held, "mine": held.user_id == viewer.user_id, "there": state.there([held], now=now)[0],
        "calendars": _calendars(viewer), "deputies": queries.deputies(viewer, held.user), "now": now,
        "absences": shown, "manages": viewer.can(queries.MANAGE),
        "link": address, "qr": links.drawn(address),
        "presences": PRESENCES.items(), "typed": {}, **told,
    }  # fmt: skip
    refusal = told.get("refusal")
    return render(request, "reach/desk_set.html", context, status=refusal.status if refusal else 200)


def _root(request: HttpRequest) -> str:
    return settings.URL or request.build_absolute_uri("/").rstrip("/")


def _absence(viewer: Viewer, user: User, one: Absence, *, now: datetime) -> dict[str, Any]:
    owed = queries.owed_in(viewer, user, max(one.since, now), one.until)
    return {"row": one, "first": timezone.localtime(one.since).date(), "last": last_day(one.until),
            "is_now": one.since <= now, "owed": named_promises(viewer, owed, now=now)}  # fmt: skip


def _change(viewer: Viewer, held: Desk, form: QueryDict, *, now: datetime) -> dict[str, Any]:
    """What a form asks for; what is to be said on the page besides, or nothing."""
    told: dict[str, Any] = {"by": viewer.actor, "now": now}
    match form.get("what", ""):
        case "desk":
            deputy = colleague(viewer, id_of(form["deputy"])) if form.get("deputy") else None
            operations.set_desk(
                held.user, line=form.get("line", ""), calendar=form.get("calendar", ""), deputy=deputy, **told
            )
        case "presence":
            until = _moment(form.get("until_day", ""), form.get("until_time", "")) if form.get("until_day") else None
            operations.set_presence(held.user, form.get("presence", ""), until=until, **told)
        case "absence":
            since = _moment(form.get("since_day", ""), form.get("since_time", ""))
            until = _moment(form.get("until_day", ""), form.get("until_time", ""), end=True)
            operations.add_absence(_kept(held, now), since, until, **told)
        case "back":
            since, until = (_told_moment(form, name) for name in ("since", "until"))
            operations.add_absence(_kept(held, now), since, until, **told)
        case "end":
            absence = queries.absence(viewer, id_of(form.get("absence", "")))
            operations.end_absence(absence, **told)
            return {"ended": absence}
        case "move":
            absence = queries.absence(viewer, id_of(form.get("absence", "")))
            owed = queries.owed_in(viewer, absence.desk.user, max(absence.since, now), absence.until)
            moved, stuck = moving.to_deputy(absence.desk, owed, **told)
            return {"moved": _moved(moved, absence.desk), "stuck": named_promises(viewer, stuck, now=now)}
        case _:
            raise NotFound
    return {}


def _moved(n: int, desk: Desk) -> str:
    said = ngettext("%(n)d promise went to %(name)s.", "%(n)d promises went to %(name)s.", n)
    return said % {"n": n, "name": desk.deputy.name if desk.deputy else ""}


def _kept(held: Desk, now: datetime) -> Desk:
    made = operations.desk_for(held.user, now=now)
    assert made is not None
    return made


def _calendars(viewer: Viewer) -> list[tuple[str, str]]:
    known = {"office": _("Office hours"), "always": _("Day and night"), "weekdays": _("Every working day")}
    return [(one.code, one.name or known.get(one.code, one.code)) for one in calendars(viewer)]


def _told_moment(form: QueryDict, name: str) -> datetime:
    """A moment as our own page wrote it. Raises `WrongPeriod`."""
    with suppress(ValueError):
        at = datetime.fromisoformat(form.get(name, ""))
        if timezone.is_aware(at):
            return at
    raise refusals.WrongPeriod(fields={name: str(refusals.WrongPeriod.message)})


def _moment(day: str, hour: str, *, end: bool = False) -> datetime:
    """A day and, if one likes, an hour, as inputs give them; with `end` it is the last day. Raises `WrongPeriod`."""
    at = read_day(day, after=end and not hour.strip())
    try:
        on = time.fromisoformat(hour.strip() or "00:00")
    except ValueError:
        at = None
    if at is None:
        field = "until" if end else "since"
        raise refusals.WrongPeriod(fields={field: str(refusals.WrongPeriod.message)})
    return timezone.make_aware(datetime.combine(timezone.localtime(at).date(), on)) if hour.strip() else at


urlpatterns = [
    path("reach/desks/", desks, name="desks"),
    path("reach/desks/<uuid:user>/", desk, name="one_desk"),
]
