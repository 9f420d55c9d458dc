"""The composer's two posts: writing and correcting."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from egard.base.clock import utc_now
from egard.base.ids import new_id
from egard.base.refusal import Forbidden, Refusal
from egard.console import mentioned
from egard.console.context import viewer_of
from egard.console.pages import staff_page
from egard.journeys.notes import operations, queries
from egard.kernel.access.actors import Viewer
from egard.kernel.people import queries as people
from egard.kernel.people.models import Person
from egard.kernel.timeline.queries import Entry

app_name = "notes"


@require_POST
@staff_page
def write(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """Write a note on a person."""
    viewer = viewer_of(request)
    person = people.person(viewer, person_id, queries.WRITE)
    return _written(request, viewer, person, None)


@require_POST
@staff_page
def correct(request: HttpRequest, note: UUID) -> HttpResponse:
    """Put another note in the place of one's own."""
    viewer = viewer_of(request)
    person, entry = queries.note(viewer, note)
    people.person(viewer, person.uuid, queries.WRITE)
    return _written(request, viewer, person, entry)


@require_GET
@staff_page
def correction(request: HttpRequest, note: UUID) -> HttpResponse:
    """The form that corrects one's own note, with its text."""
    viewer = viewer_of(request)
    person, entry = queries.note(viewer, note)
    if entry.by != str(viewer.actor):
        raise operations.NotTheAuthor
    named = [str(one) for one in entry.data["mentions"]]
    context = {"person": person, "correcting": entry, "typed": entry.data["text"], "named": named}
    return render(request, "notes/_form.html", {**context, "key": str(new_id())})


def _written(request: HttpRequest, viewer: Viewer, person: Person, entry: Entry | None) -> HttpResponse:
    text, key = request.POST.get("text", ""), request.POST.get("key", "")[:64] or str(new_id())
    named = [user.pk for user in mentioned.named(viewer, text, request.POST.getlist("mention"))]
    told: dict[str, Any] = {"mentions": named, "key": key, "by": viewer.actor, "channel": "web", "now": utc_now()}
    try:
        if entry is None:
            operations.write_note(person, text, **told)
        else:
            operations.correct_note(person, entry.id, text, **told)
    except Refusal as refusal:
        if not request.htmx or isinstance(refusal, Forbidden):  # type: ignore[attr-defined]
            raise
        context = {"person": person, "correcting": entry, "typed": text, "named": [str(n) for n in named]}
        answer = render(request, "notes/_form.html", {**context, "key": key, "refusal": refusal}, status=refusal.status)
        answer.headers["X-Egard-Refusal"] = refusal.code
        return answer
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect("console:person", person.uuid)
    said = _("The note is written.") if entry is None else _("The note is corrected.")
    context = {"person": person, "key": str(new_id()), "said": said, "again": entry is None}
    answer = render(request, "notes/_written.html", context)
    answer.headers["HX-Trigger"] = "egard:facts"
    return answer


urlpatterns = [
    path("people/<uuid:person_id>/notes/", write, name="write"),
    path("notes/<uuid:note>/correction/", correct, name="correct"),
    path("notes/<uuid:note>/correction/form/", correction, name="correction"),
]
