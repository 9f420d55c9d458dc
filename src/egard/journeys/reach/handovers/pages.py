"""Handing a portfolio over: who to whom, which clients, when, with which words; and how far it is."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from egard.base.clock import utc_now
from egard.base.ids import new_id
from egard.base.refusal import Refusal
from egard.console.context import viewer_of
from egard.console.live import again_after
from egard.console.pages import staff_page
from egard.console.typed import id_of
from egard.journeys.reach import refusals
from egard.journeys.reach.handovers import operations, queries, wording
from egard.journeys.reach.models import Handover
from egard.journeys.reach.queries import deputies
from egard.kernel.access.actors import Viewer
from egard.kernel.access.models import User
from egard.kernel.access.operations import log_sight
from egard.kernel.access.queries import colleague
from egard.kernel.messages import templating
from egard.kernel.messages.texts import language_for
from egard.kernel.people.models import Person

SHOWN = 300
"""So many clients can be picked from on one page."""
WHY: dict[str, Any] = {
    "no_address": gettext_lazy("no address is known"),
    "dead": gettext_lazy("messages to the address come back"),
    "missing": gettext_lazy("something that the text names is not known"),
    "style": gettext_lazy("the text does not pass the house’s checks"),
    "erased": gettext_lazy("the file was erased: not handed over"),
    "not_hers": gettext_lazy("another adviser by then: not handed over"),
}
OTHER = gettext_lazy("the message was refused")


@require_GET
@staff_page
def handovers(request: HttpRequest) -> HttpResponse:
    """What was handed over and will be."""
    viewer, now = viewer_of(request), utc_now()
    page = queries.handovers(viewer, cursor=request.GET.get("cursor"))
    told = queries.progress(viewer, page.items)
    rows = [(row, told[row.pk], row.state) for row in page.items]
    return render(request, "reach/handovers.html", {"rows": rows, "next": page.next, "now": now})


@require_http_methods(["GET", "POST"])
@staff_page
def new(request: HttpRequest) -> HttpResponse:
    """The form; a preview of it on a real client; and doing it."""
    viewer, now = viewer_of(request), utc_now()
    asked = request.POST.get("giver") or request.GET.get("from", "")
    givers = queries.givers(viewer)
    if not asked and len(givers) == 1:
        asked = str(givers[0].pk)
    if not asked:
        return render(request, "reach/handover_from.html", {"givers": givers})
    giver, form, refusal = queries.giver(viewer, id_of(asked)), request.POST, None
    if request.method == "POST" and form.get("what") == "plan":
        try:
            made = _plan(viewer, giver, form, now=now)
            return redirect("reach:handover", made.uuid)
        except Refusal as error:
            refusal = error
    return _form(request, viewer, giver, form, refusal, now=now)


@require_GET
@staff_page
def handover(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """How far it is, who was told and how, who was not and why; the part alone where a page asks for that again."""
    viewer, now = viewer_of(request), utc_now()
    held = queries.handover(viewer, uuid)
    why = request.GET.get("why", "")
    page = queries.clients(viewer, held, why=why, cursor=request.GET.get("cursor"))
    log_sight(viewer, "list", detail=f"handover {held.uuid}", now=now, again_after=again_after(request))
    far = queries.progress(viewer, [held])[held.pk]
    reasons = [(code, WHY.get(code, OTHER), n) for code, n in far.why.items()]
    clients = [(one, WHY.get(one.row.why, OTHER) if one.row.why else "") for one in page.items]
    context = {"held": held, "state": held.state, "far": far, "reasons": reasons, "clients": clients, "why": why,
               "next": page.next, "now": now}  # fmt: skip
    part = "reach/_handover.html" if request.htmx else "reach/handover.html"  # type: ignore[attr-defined]
    return render(request, part, context)


@require_POST
@staff_page
def withdrawal(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Take it back before it begins."""
    viewer, now = viewer_of(request), utc_now()
    held = queries.handover(viewer, uuid)
    queries.giver(viewer, held.giver_id)
    operations.withdraw(held, by=viewer.actor, now=now)
    return redirect("reach:handover", uuid)


def _form(
    request: HttpRequest, viewer: Viewer, giver: User, form: QueryDict, refusal: Refusal | None, *, now: datetime
) -> HttpResponse:
    words = _words(request, form)
    clients, n = queries.clients_of(viewer, giver, most=SHOWN)
    log_sight(viewer, "list", detail="portfolio", now=now)
    takers = deputies(viewer, giver)
    taker = next((one for one in takers if str(one.pk) == form.get("taker")), None)
    shown = None
    if form.get("what") == "preview" and clients:
        whose = next((one for one in clients if str(one.uuid) == form.get("whose")), clients[0])
        shown = _preview(words, whose, giver, taker)
    context = {
        "giver": giver, "takers": takers, "clients": clients, "n": n, "refusal": refusal, "shown": shown, "form": form,
        "picked": set(form.getlist("person")), "key": form.get("key") or str(new_id()), "now": now,
        "words": [(code, name, words[code]) for code, name in settings.LANGUAGES], "fields": wording.known_fields(),
        "templates": [one for one in templating.newest(is_reply=False) if one.purpose in ("", "service")],
        "mine": giver.pk == viewer.user_id, "chosen": request.GET.get("template", ""),
    }  # fmt: skip
    return render(request, "reach/handover_new.html", context, status=refusal.status if refusal else 200)


def _words(request: HttpRequest, form: QueryDict) -> dict[str, dict[str, str]]:
    """What was typed; else a text of the house that was chosen; else ours."""
    if form:
        return {code: {name: form.get(f"{name}_{code}", "") for name in ("subject", "text")}
                for code, _name in settings.LANGUAGES}  # fmt: skip
    chosen = request.GET.get("template", "")
    return wording.from_template(chosen) if chosen else wording.ours()


def _preview(words: dict[str, dict[str, str]], person: Person, giver: User, taker: User | None) -> dict[str, Any]:
    language = language_for(person.language)
    channel, why = operations.way_to(person)
    filled = wording.preview(words[language], person, giver, taker)
    return {"person": person, "language": language, "channel": channel, "why": WHY.get(why, ""), "filled": filled}


def _plan(viewer: Viewer, giver: User, form: QueryDict, *, now: datetime) -> Handover:
    words = {code: {name: form.get(f"{name}_{code}", "") for name in ("subject", "text")}
             for code, _name in settings.LANGUAGES}  # fmt: skip
    persons = None
    if form.get("whom") == "picked":
        picked = set(form.getlist("person"))
        persons = [one for one in queries.clients_of(viewer, giver, most=SHOWN)[0] if str(one.uuid) in picked]
    if not form.get("taker"):
        why = str(refusals.NoStaff.message)
        raise refusals.WrongHandover(fields={"taker": why}, why=why)
    return operations.plan(
        giver, colleague(viewer, id_of(form["taker"])), words, persons=persons, at=_at(form),
        uuid=id_of(form.get("key", "")), by=viewer.actor, now=now,
    )  # fmt: skip


def _at(form: QueryDict) -> datetime | None:
    """When; None: at once. Raises `WrongHandover`."""
    if form.get("when") != "later":
        return None
    try:
        return timezone.make_aware(datetime.fromisoformat(f"{form.get('day', '')}T{form.get('time', '') or '00:00'}"))
    except (ValueError, OverflowError) as error:
        why = str(refusals.WrongHandover.WHEN)
        raise refusals.WrongHandover(fields={"at": why}, why=why) from error


urlpatterns = [
    path("reach/handovers/", handovers, name="handovers"),
    path("reach/handovers/new/", new, name="handover_new"),
    path("reach/handovers/<uuid:uuid>/", handover, name="handover"),
    path("reach/handovers/<uuid:uuid>/withdrawal/", withdrawal, name="handover_withdrawal"),
]
