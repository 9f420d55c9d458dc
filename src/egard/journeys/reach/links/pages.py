"""The pages on which somebody chooses when she is called, signed in or not, and changes her mind."""

from __future__ import annotations

import hashlib
from datetime import datetime
from itertools import groupby
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import path, reverse
from django.views.decorators.http import require_http_methods

from egard.base.clock import utc_now
from egard.base.ids import new_id
from egard.base.refusal import NotFound, Refusal
from egard.console.typed import id_of
from egard.journeys.reach import queries, voice
from egard.journeys.reach.links import operations
from egard.journeys.reach.models import CallBack
from egard.journeys.reach.operations import number_of
from egard.kernel.people.rules import display_phone
from egard.portal import pages as portal
from egard.portal.operations import keyed


@require_http_methods(["GET", "POST"])
@portal.portal_page
def call_me(request: HttpRequest) -> HttpResponse:
    """She chooses when her adviser calls her; what is promised stands there instead, to be changed or taken back."""
    reader, now, refusal = portal.me(request), utc_now(), None
    form, here = request.POST, reverse("reach:call_me")
    person = reader.person
    asked = form.get("call") or request.GET.get("change") or request.GET.get("undo") or ""
    held = queries.own_call(reader.viewer, person, id_of(asked)) if asked else None
    if request.method == "POST":
        try:
            if held is not None:
                return redirect(here + _changed(held, form, number=form.get("number", "")[:64], now=now))
            key = f"{person.uuid}:{form.get('key', '')[:64]}"
            operations.ask(
                operations.of_person(person), operations.moment(form.get("at", "")), _said(form), key=key, now=now
            )
            return redirect(here)
        except Refusal as told:
            refusal = told
    held = operations.latest(held) if held else None
    undo = held if held and "undo" in request.GET and held.dropped_at and not refusal else None
    changes = held if held and ("change" in request.GET or refusal) else None
    rows = queries.coming(reader.viewer, person, now=now)
    context = {
        "promised": [] if changes or refusal else [_shown(row, number=row.number) for row in rows], "undo": undo,
        **_asking(operations.of_person(person), form, changes, now=now),
        "number": form.get("number") or _written(changes.number if changes else number_of(person)),
        "about": form.get("about", changes.about if changes else ""), "asks_number": True, "refusal": refusal,
    }  # fmt: skip
    return portal.render(request, "reach/call_me", context, status=refusal.status if refusal else 200)


@require_http_methods(["GET", "POST"])
@portal.open_page
def call(request: HttpRequest, token: str = "") -> HttpResponse:
    """Given names, the adviser and free times; nothing else of anybody."""
    now, refusal, form = utc_now(), None, request.POST
    held = operations.opened(token, now=now)
    if request.method == "POST":
        try:
            place = keyed("reach.place", portal.place_of(request).encode())
            made = operations.ask(
                held, operations.moment(form.get("at", "")), _said(form, place), key=_key(token, form), now=now
            )
            return redirect("reach:called", own=operations.own_token(made))
        except Refusal as error:
            refusal = error
    owed = operations.owed_to(held, now=now)
    context = {
        "given_name": held.person.given_name if held.person else "", **_asking(held, form, None, now=now),
        "owed": voice.spoken(owed.starts_at) if owed else "",
        "asks_number": not number_of(held.person), "number": form.get("number", ""), "refusal": refusal,
    }  # fmt: skip
    return portal.render(request, "reach/call", context, status=refusal.status if refusal else 200)


@require_http_methods(["GET", "POST"])
@portal.open_page
def called(request: HttpRequest, own: str) -> HttpResponse:
    """What was promised to whoever asked by a link: by whom she is called and when, to be changed or taken back."""
    now, refusal, form = utc_now(), None, request.POST
    held = operations.owned(own)
    if request.method == "POST":
        try:
            _changed(held, form, now=now)
        except Refusal as error:
            refusal = error
        else:
            return redirect("reach:called", own=operations.own_token(operations.latest(held)))
    held = operations.latest(held)
    over = held.made_at is not None or held.ends_at <= now
    context: dict[str, Any] = {"over": over, "undo": held if held.dropped_at and not over else None, "refusal": refusal}
    if ("change" in request.GET or refusal) and not over:
        context |= {**_asking(operations.opened_by(held), form, held, now=now), "asks_number": False}
    elif not over and not held.dropped_at:
        context["promised"] = [_shown(held, number="" if held.person else held.number)]
    return portal.render(request, "reach/called", context, status=refusal.status if refusal else 200)


def _changed(held: CallBack, form: QueryDict, *, number: str = "", now: datetime) -> str:
    """Another time, the same one after all, or none; what the next page is asked for."""
    match form.get("what", ""):
        case "cancel":
            last = operations.latest(held)  # a page that was open before the call was changed
            operations.take_back(last, now=now)
            return f"?undo={last.uuid}"
        case "again":
            operations.change(held, held.starts_at, now=now)
        case "change":
            at = operations.moment(form.get("at", ""))
            operations.change(held, at, number=number, about=form.get("about", "")[:500], now=now)
        case _:
            raise NotFound
    return ""


def _asking(opened: operations.Opened, form: QueryDict, changes: CallBack | None, *, now: datetime) -> dict[str, Any]:
    """What the form is drawn from: free times, and what was typed."""
    return {
        "adviser": opened.adviser.name if opened.adviser else "", "known": opened.person is not None,
        "times": _by_day(operations.times(opened, now=now)),
        "about": form.get("about", ""), "at": form.get("at", ""),
        "name": form.get("name", ""), "key": form.get("key", "")[:64] or str(new_id()),
        "changes": changes, "was": voice.spoken(changes.starts_at) if changes else "",
    }  # fmt: skip


def _by_day(times: list[datetime]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Each day with its times: their values, and their words."""
    days = groupby(times, key=voice.spoken_day)
    return [(day, [(at.isoformat(), voice.spoken(at)) for at in some]) for day, some in days]


def _shown(row: CallBack, *, number: str) -> dict[str, Any]:
    return {"row": row, "when": voice.spoken(row.starts_at), "number": _written(number),
            "adviser": row.desk.user.name if row.desk else ""}  # fmt: skip


def _written(number: str) -> str:
    """As she dials it herself: `06 12 34 56 78`; empty where there is none."""
    return display_phone(number, settings.COUNTRY) if number else ""


def _said(form: QueryDict, place: bytes | None = None) -> operations.Visitor:
    return operations.Visitor(place, form.get("name", ""), form.get("number", "")[:64], form.get("about", "")[:500])


def _key(token: str, form: QueryDict) -> str:
    return f"{hashlib.sha256(token.encode()).hexdigest()[:24]}:{form.get('key', '')[:64]}"


urlpatterns = [
    path("me/call/", call_me, name="call_me"),
    path("p/call/", call, name="public_call"),
    path("p/call/<str:token>/", call, name="link_call"),
    path("p/called/<str:own>/", called, name="called"),
]
