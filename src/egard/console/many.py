"""One text to many people: those of a view, or of filters made here; who gets it, who does not, and how far it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_http_methods

from egard.base.clock import utc_now
from egard.base.ids import new_id
from egard.base.refusal import Refusal
from egard.console import worklist_frames as frames
from egard.console.context import viewer_of
from egard.console.pages import staff_page
from egard.console.views import clean_filters
from egard.kernel.access.actors import Viewer
from egard.kernel.access.operations import log_sight
from egard.kernel.access.queries import staff_names
from egard.kernel.messages import queries, sendings, templating
from egard.kernel.messages.models import Template
from egard.kernel.people import queries as people
from egard.kernel.registry import registry

WHY = {
    "queued": _("Get it"),
    "again": _("Got it before"),
    "no_consent": _("No consent to this purpose"),
    "no_address": _("No e-mail address"),
    "dead": _("The address takes no letters"),
    "missing": _("Something that the text says is not known"),
    "style": _("Held back by our style"),
}
FATE = {
    "queued": pgettext_lazy("a message", "leaving"),
    "sent": pgettext_lazy("a message", "sent"),
    "failed": pgettext_lazy("a message", "failed"),
    "bounced": pgettext_lazy("a message", "came back"),
    "undone": pgettext_lazy("a message", "taken back"),
}


@require_http_methods(["GET", "POST"])
@staff_page
def many(request: HttpRequest, code: str, language: str) -> HttpResponse:
    """Whom to write to, counted first and then written to, once each; how far it is alone where its page asks that."""
    viewer, now = viewer_of(request), utc_now()
    viewer.require_everywhere(queries.TEMPLATES)
    viewer.require(people.READ)
    held = next(iter(templating.versions(code, language)), None)
    if held is None or held.is_reply or held.retired_at is not None:
        raise Http404
    context: dict[str, Any] = {"held": held, "now": now, "topic": sendings.TOPIC}
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "console/texts/_sendings.html", context | _before(viewer, held))
    worklist = registry.worklists["people"]
    tabs, chosen, filters = frames.viewed(request, viewer, worklist)
    context |= {
        "tabs": tabs,
        "chosen": chosen,
        "filters": filters,
        "fields": [frames.field(viewer, one, filters) for one in worklist.filters],
        "here": request.path,
    }
    try:
        if request.method == "POST":
            asked = clean_filters(worklist, request.POST)
            sendings.begin(viewer, held, asked, key=request.POST.get("key", "")[:64], now=now)
            return redirect("console:text_many", held.code, held.language)
        if filters or "asked" in request.GET:
            log_sight(viewer, "list", detail=f"people {' '.join(filters.values())}".strip()[:200], now=now)
            tally = sendings.tried(viewer, held, filters, now=now)
            context |= {"tally": _said(tally), "n": tally["queued"], "all": sum(tally.values()), "key": new_id()}
    except Refusal as refusal:
        context["refusal"] = refusal
    return render(request, "console/texts/many.html", context | _before(viewer, held))


def _said(tally: Mapping[str, int]) -> list[tuple[str, Any, int]]:
    return [(why, words, tally[why]) for why, words in WHY.items() if tally.get(why) and why != "queued"]


def _before(viewer: Viewer, held: Template) -> dict[str, Any]:
    """The latest sendings of this text: how far each is, who got it and why others did not, and what became of it."""
    names = staff_names(viewer)
    rows = sendings.latest(viewer, held)
    before = [
        {
            "row": row,
            "by": names.get(f"user:{row.user_id}", ""),
            "n": row.tally.get("queued", 0),
            "left_out": _said(row.tally),
            "fates": [(FATE.get(state, state), n) for state, n in queries.fates(viewer, row.key).items()],
        }
        for row in rows
    ]
    return {"before": before}
