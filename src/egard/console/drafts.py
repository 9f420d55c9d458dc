"""Drafts: what somebody is writing is kept by the server while she types, and deleted when it is sent."""

from __future__ import annotations

import re
from datetime import datetime

from django.db import transaction
from django.http import HttpRequest, JsonResponse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from egard.base.clock import utc_now
from egard.base.refusal import Refusal
from egard.console.context import viewer_of
from egard.console.models import Draft
from egard.console.pages import staff_page
from egard.console.typed import id_of
from egard.kernel.access.actors import Viewer
from egard.kernel.people import queries as people
from egard.kernel.people.models import Person
from egard.kernel.people.operations import Erased

TEXT_MAX = 20_000
DRAFTS_MAX = 500
"""Drafts that one user keeps; beyond, the oldest go."""
PLACE = re.compile(r"[a-z][a-z0-9_.-]{0,63}")


class BadDraft(Refusal):
    """The place is not named as places are, or the text is longer than any place takes."""

    code = "console.bad_draft"
    title = _("This draft cannot be kept")
    message = _("This draft cannot be kept: at most {limit} characters.")


def draft(viewer: Viewer, place: str, person: Person | None) -> Draft | None:
    """What the viewer was writing there: on the person, else on a record that was merged into hers."""
    mine = Draft.objects.filter(user=viewer.user_id, place=place)
    if person is None:
        return mine.filter(person=None).first()
    found = mine.filter(person__in=person.members)
    return min(found, key=lambda one: (one.person_id != person.pk, -one.pk), default=None)


@transaction.atomic
def save_draft(viewer: Viewer, place: str, person: Person | None, text: str, *, now: datetime) -> None:
    """Keep what is typed; an empty text keeps nothing. Raises `BadDraft`, `Erased`."""
    if not PLACE.fullmatch(place) or len(text) > TEXT_MAX:
        raise BadDraft(limit=TEXT_MAX)
    if person is not None and person.erased_at:
        raise Erased
    if not text.strip():
        return forget_draft(viewer, place, person)
    shown = draft(viewer, place, person)
    at = shown.person_id if shown else person and person.pk
    kept = {"text": text.replace("\x00", ""), "saved_at": now}
    _kept, created = Draft.objects.update_or_create(user_id=viewer.user_id, place=place, person_id=at, defaults=kept)
    if created:
        mine = Draft.objects.filter(user=viewer.user_id).order_by("-saved_at", "-id")
        Draft.objects.filter(pk__in=list(mine.values_list("pk", flat=True)[DRAFTS_MAX : DRAFTS_MAX + 50])).delete()
    return None


def forget_draft(viewer: Viewer, place: str, person: Person | None) -> None:
    """It was sent, or given up."""
    if shown := draft(viewer, place, person):
        shown.delete()


@require_http_methods(["GET", "POST"])
@staff_page
def drafts(request: HttpRequest) -> JsonResponse:
    """The draft of `place` (and of `person`): read, kept, or given up where the text is empty."""
    viewer, now = viewer_of(request), utc_now()
    given = request.POST if request.method == "POST" else request.GET
    person = None
    if told := given.get("person", ""):
        person = people.person(viewer, id_of(told))
    place = given.get("place", "")
    if request.method == "POST":
        save_draft(viewer, place, person, given.get("text", ""), now=now)
        return JsonResponse({"saved_at": now.isoformat()})
    found = draft(viewer, place, person)
    return JsonResponse({"text": found.text if found else "", "saved_at": found.saved_at if found else None})
