"""Calls and call backs on pages that are not their own: a promise in words."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from egard.base.clock import utc_now
from egard.base.text import elided
from egard.journeys.reach.links.operations import link
from egard.journeys.reach.models import Call, CallBack
from egard.journeys.reach.operations import BACK
from egard.journeys.reach.voice import spoken
from egard.kernel.access.actors import Viewer
from egard.kernel.people.models import Person


def call_backs(subjects: Collection[str]) -> Mapping[str, Any]:
    """Who calls, and when: one query."""
    rows = CallBack.objects.filter(uuid__in=[one.removeprefix(BACK) for one in subjects]).select_related("desk__user")
    return {f"{BACK}{row.uuid}": _call_back(row) for row in rows}


OUTCOMES = {
    "own": gettext_lazy("Reached her adviser"),
    "deputy": gettext_lazy("Reached the deputy"),
    "call_back": gettext_lazy("Was promised a call back"),
    "message": gettext_lazy("Left a message"),
    "abandoned": gettext_lazy("Hung up before an answer"),
    "": gettext_lazy("Is on the line"),
}
PANEL_MAX = 5


def panel(person: Person, viewer: Viewer, now: datetime) -> Mapping[str, Any]:
    """Her last calls, and a link by which she is called: one query."""
    rows = Call.objects.filter(person__in=person.members).order_by("-asked_at")[:PANEL_MAX]
    calls = [(row, OUTCOMES.get(row.outcome, "")) for row in rows]
    return {"calls": calls, "link": link("person", person.uuid, now=now), "now": now}


def call_link(person: Person) -> str:
    """In a text to her: the link by which she chooses when she is called; empty where no public address is set."""
    return link("person", person.uuid, now=utc_now()) if settings.URL else ""


def panel_data(person: Person, viewer: Viewer, now: datetime) -> Mapping[str, Any]:
    """The same, for programs."""
    rows = Call.objects.filter(person__in=person.members).order_by("-asked_at")[:PANEL_MAX]
    return {"calls": [{"at": row.asked_at, "outcome": row.outcome, "waited": row.waited} for row in rows]}


def _call_back(row: CallBack) -> str:
    words = {"when": spoken(row.starts_at), "name": row.desk.user.name if row.desk else ""}
    if row.desk is None:
        return _("A call from us on %(when)s") % words
    return elided(_("A call from %(name)s on %(when)s") % words, words["name"])
