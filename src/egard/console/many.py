"""One text to many people: those of a view; who of them gets it and who does not, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, pgettext_lazy
from django.views.decorators.http import require_http_methods

from egard.base.clock import utc_now
from egard.base.ids import new_id
from egard.base.refusal import Refusal
from egard.console import worklist_acts as acts
from egard.console.context import viewer_of
from egard.console.pages import staff_page
from egard.console.typed import id_or_none
from egard.console.views import views_of
from egard.kernel.access.actors import Viewer
from egard.kernel.access.models import Change
from egard.kernel.access.operations import log_change, log_sight
from egard.kernel.access.queries import staff_names
from egard.kernel.messages import campaigns, queries, templating
from egard.kernel.messages.models import Template
from egard.kernel.people import queries as people
from egard.kernel.people.models import Person
from egard.kernel.registry import registry

SENT = "messages.sent_to_many"
LATEST = 10
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


class NoPurpose(Refusal):
    """A text to many says what it is for: `service` is what she must know, anything else is asked of her consent."""

    code = "messages.no_purpose"
    title = _("What is this text for?")
    message = _("This text says no purpose. Write one on its page first: “service” for what clients must know.")


@require_http_methods(["GET", "POST"])
@staff_page
def many(request: HttpRequest, code: str, language: str) -> HttpResponse:
    """Whom to write to, counted first and then written to, once each."""
    viewer, now = viewer_of(request), utc_now()
    viewer.require_everywhere(queries.TEMPLATES)
    viewer.require(people.READ)
    held = next(iter(templating.versions(code, language)), None)
    if held is None or held.is_reply or held.retired_at is not None:
        raise Http404
    tabs = views_of(viewer, registry.worklists["people"])
    asked = request.POST if request.method == "POST" else request.GET
    chosen = next((tab for tab in tabs if tab.id == id_or_none(asked.get("view"))), None)
    context: dict[str, Any] = {"held": held, "tabs": tabs, "chosen": chosen, "purpose": held.purpose}
    try:
        if not held.purpose:  # else nobody would be asked whether she agreed
            raise NoPurpose
        if chosen is not None and request.method == "POST":
            return _write(request, viewer, held, chosen.filters, asked.get("key", "")[:64])
        if chosen is not None:
            persons = _persons(viewer, chosen.filters)
            log_sight(viewer, "list", detail=f"people {chosen.name}", now=now)
            told = {"purpose": context["purpose"], "key": "trial", "by": viewer.actor, "now": now}
            tally = campaigns.write_all(persons, held, is_trial=True, **told)
            context |= {"tally": _said(tally), "n": tally["queued"], "all": sum(tally.values()), "key": new_id()}
    except Refusal as refusal:
        context["refusal"] = refusal
    context |= {"before": _before(viewer, held), "now": now}
    return render(request, "console/texts/many.html", context)


@transaction.atomic
def _write(request: HttpRequest, viewer: Viewer, held: Template, filters: Mapping[str, str], form: str) -> HttpResponse:
    now, purpose, key = utc_now(), held.purpose, f"many:{form}"
    tally = campaigns.write_all(_persons(viewer, filters), held, purpose=purpose, key=key, by=viewer.actor, now=now)
    if tally["queued"]:
        log_change(
            SENT, by=viewer.actor, now=now, subject=held.code, language=held.language, version=held.version,
            purpose=purpose, key=key, n=tally["queued"],
        )  # fmt: skip
    said = ngettext("%(n)s message leaves.", "%(n)s messages leave.", tally["queued"]) % {"n": tally["queued"]}
    messages.success(request, said)
    return redirect("console:text_many", held.code, held.language)


def _persons(viewer: Viewer, filters: Mapping[str, str]) -> list[int]:
    """Those whom the view shows, by their rows. Raises `TooMany`."""
    worklist = registry.worklists["people"]
    found = [person for _row, person in acts.ids_matching(viewer, worklist, dict(filters), now=utc_now()) if person]
    return list(Person.objects.filter(uuid__in=found).order_by("pk").values_list("pk", flat=True))


def _said(tally: Mapping[str, int]) -> list[tuple[str, Any, int]]:
    return [(why, words, tally[why]) for why, words in WHY.items() if tally.get(why) and why != "queued"]


def _before(viewer: Viewer, held: Template) -> list[dict[str, Any]]:
    """The latest sendings of this text, with what became of each message."""
    names = staff_names(viewer)
    rows = Change.objects.filter(what=SENT, subject=held.code, detail__language=held.language).order_by("-id")
    return [
        {
            "row": row,
            "by": names.get(row.actor, ""),
            "n": row.detail["n"],
            "fates": [(FATE.get(state, state), n) for state, n in queries.fates(viewer, row.detail["key"]).items()],
        }
        for row in rows[:LATEST]
    ]
