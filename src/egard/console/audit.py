"""The auditor's pages: who saw what of whom, what changed in the house, who opened how much."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from egard.base.clock import utc_now
from egard.base.tables.returned import guarded
from egard.console import words
from egard.console.context import viewer_of
from egard.console.pages import staff_page
from egard.console.streaming import streamed
from egard.console.templatetags.audit import looker_words
from egard.console.typed import read_day
from egard.kernel.access import audit
from egard.kernel.access.actors import Viewer
from egard.kernel.access.audit import SightFilter
from egard.kernel.access.operations import log_sight
from egard.kernel.people import queries as people
from egard.kernel.people import search
from egard.kernel.people.models import Person

PERIODS = (7, 31)
CHOICES_MAX = 8
ABOUT_PERSONS = ("people.", "portal.")
"""Changes of these names are about a person: her public id is their subject."""
HEADER = ("at", "who", "who_id", "what", "person", "person_name", "detail", "reason", "channel")


@require_GET
@staff_page
def log(request: HttpRequest) -> HttpResponse:
    """Sights, the latest first; a filter is a sight of the log, and logged."""
    viewer, now = viewer_of(request), utc_now()
    asked = _asked(request, viewer)
    cursor = request.GET.get("cursor") or None
    page = audit.sight_log(viewer, asked["filter"], cursor=cursor)
    if not cursor:
        log_sight(
            viewer, "audit", person_id=asked["person"].pk if asked["person"] else None, detail=_said(request), now=now
        )
    persons = people.named(viewer, [row.person_id for row in page.items if row.person_id])
    context = {"page": page, "persons": persons, "now": now, "query": _query(request), **asked}
    if request.htmx and request.htmx.target == "more":  # type: ignore[attr-defined]
        return render(request, "console/audit/_sights.html", context)
    context |= {"lookers": audit.known_lookers(viewer), "kinds": words.SIGHTS, "doors": words.DOORS, "tab": "log"}
    return render(request, "console/audit/log.html", context)


@require_GET
@staff_page
def changes(request: HttpRequest) -> HttpResponse:
    """What changed in the house itself."""
    viewer = viewer_of(request)
    since, until = read_day(request.GET.get("since", "")), read_day(request.GET.get("until", ""), after=True)
    actor, cursor = request.GET.get("who", "")[:64], request.GET.get("cursor") or None
    page = audit.change_log(viewer, actor=actor, since=since, until=until, cursor=cursor)
    asked = {name: request.GET.get(name, "") for name in ("since", "until", "who")}
    about = [row.subject for row in page.items if row.what.startswith(ABOUT_PERSONS)]
    persons = people.named_by_id(viewer, map(UUID, about))
    context = {"page": page, "persons": persons, "now": utc_now(), "query": _query(request), "asked": asked}
    context["tab"] = "changes"
    if request.htmx and request.htmx.target == "more":  # type: ignore[attr-defined]
        return render(request, "console/audit/_changes.html", context)
    context["lookers"] = audit.known_lookers(viewer)
    return render(request, "console/audit/changes.html", context)


@require_GET
@staff_page
def figures(request: HttpRequest) -> HttpResponse:
    """How many files each colleague opened, beside those who do the same work."""
    viewer, now = viewer_of(request), utc_now()
    days = int(request.GET["days"]) if request.GET.get("days") in map(str, PERIODS) else PERIODS[0]
    opened = audit.files_opened(viewer, since=now - timedelta(days=days), until=now)
    log_sight(viewer, "audit", detail=f"days={days}", now=now)
    since = timezone.localtime(now - timedelta(days=days)).date()
    context = {"opened": opened, "days": days, "periods": PERIODS, "since": since.isoformat(), "tab": "figures"}
    return render(request, "console/audit/figures.html", context)


@require_GET
@staff_page
def export(request: HttpRequest) -> HttpResponseBase:
    """The filtered log as CSV, streamed; taking it is a sight of its own."""
    viewer, now = viewer_of(request), utc_now()
    asked = _asked(request, viewer)
    wanted, person = asked["filter"], asked["person"]
    batches = audit.sight_batches(viewer, wanted)
    log_sight(viewer, "export", person_id=person and person.pk, detail=f"audit {_said(request)}".strip(), now=now)
    name = f"{_('sights')}-{timezone.localtime(now):%Y-%m-%d}.csv"
    return streamed(request, _lines(viewer, batches), name=name, content_type="text/csv; charset=utf-8")


def _lines(viewer: Viewer, batches: Iterator[list[audit.SightRow]]) -> Iterator[bytes]:
    yield _csv([HEADER], first=True)
    for rows in batches:
        persons = people.named(viewer, [row.person_id for row in rows if row.person_id])
        yield _csv([_line(row, persons.get(row.person_id or 0)) for row in rows])


def _line(row: audit.SightRow, person: Person | None) -> tuple[str, ...]:
    return (
        row.at.isoformat(),
        looker_words(row.who),
        row.who.actor,
        row.kind,
        str(person.uuid) if person else "",
        person.name if person else "",
        row.detail,
        row.reason,
        row.channel,
    )


def _csv(rows: list[tuple[str, ...]], *, first: bool = False) -> bytes:
    written = io.StringIO("\ufeff" if first else "")
    written.seek(0, io.SEEK_END)
    csv.writer(written).writerows([guarded(cell) for cell in row] for row in rows)
    return written.getvalue().encode()


def _asked(request: HttpRequest, viewer: Viewer) -> dict[str, Any]:
    """What the filter asks for. A person is named by her id, or by anything that finds her; of several, one is chosen
    by the reader; of none, nothing is shown.
    """
    viewer.require(audit.READ)
    asked = {name: request.GET.get(name, "").replace("\0", "").strip()[:200] for name in _NAMES}
    person, choices = _person(viewer, asked["person"])
    wanted = SightFilter(
        person_ids=person.members if person else (-1,) if asked["person"] else (),
        actor=asked["who"][:64],
        kind=asked["kind"][:32],
        channel=asked["door"][:16],
        since=read_day(request.GET.get("since", "")),
        until=read_day(request.GET.get("until", ""), after=True),
    )
    return {"asked": asked, "filter": wanted, "person": person, "choices": choices}


_NAMES = ("person", "who", "kind", "door", "since", "until")


def _person(viewer: Viewer, text: str) -> tuple[Person | None, list[search.PersonRow]]:
    if not text:
        return None, []
    with suppress(ValueError):
        return people.mentioned(viewer, UUID(text)), []
    found = search.search(viewer, text, limit=CHOICES_MAX).items
    if len(found) == 1:
        return people.mentioned(viewer, found[0].id), []
    return None, found


def _query(request: HttpRequest) -> str:
    """The address's question without the place in the list."""
    query = request.GET.copy()
    query.pop("cursor", None)
    return query.urlencode()


def _said(request: HttpRequest) -> str:
    """What was asked, as the log keeps it. Whom it was about stands beside; what was typed may be a name."""
    return " ".join(f"{name}={request.GET[name]}" for name in _NAMES[1:] if request.GET.get(name))
