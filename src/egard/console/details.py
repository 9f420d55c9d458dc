"""Who a person is, edited: names, language, address, country, home site.

The form knows what it was opened on. Where somebody changed that meanwhile nothing is written: both are shown, and she
who writes chooses.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from egard.base.clock import utc_now
from egard.base.refusal import Refusal
from egard.console import words
from egard.console.context import viewer_of
from egard.console.pages import staff_page
from egard.console.people import EDIT, frame
from egard.kernel.access import queries as access
from egard.kernel.access.actors import Viewer
from egard.kernel.access.operations import log_sight
from egard.kernel.people import operations
from egard.kernel.people import queries as people
from egard.kernel.people.models import ChangedMeanwhile, Person
from egard.kernel.registry import FieldClass

LABELS: dict[str, Any] = {
    "given_name": _("Given name"),
    "family_name": _("Family name"),
    "language": _("Language"),
    "address": _("Address"),
    "country": _("Country"),
    "site": _("Home shop"),
}
LENGTHS = {"given_name": 200, "family_name": 200, "address": 1000, "country": 2}


@dataclass(slots=True)
class Field:
    """One line of the form. `was` is what it was opened on, `value` what stands in it; `theirs` what somebody else
    wrote meanwhile: to be chosen between where both changed it, told where only the other did.
    """

    name: str
    was: str
    value: str
    choices: list[tuple[str, Any]] | None = None
    theirs: str | None = None
    error: str = ""

    @property
    def label(self) -> Any:
        return LABELS[self.name]

    @property
    def length(self) -> int | None:
        return LENGTHS.get(self.name)

    @property
    def is_contested(self) -> bool:
        return self.theirs is not None and self.value != self.theirs

    @property
    def theirs_in_words(self) -> Any:
        return dict(self.choices or ()).get(self.theirs or "", self.theirs)


@require_http_methods(["GET", "POST"])
@staff_page
def details(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """The form, and its change: answered by the parts of the page that show it, or by the form with what is wrong."""
    viewer, now = viewer_of(request), utc_now()
    person = people.person(viewer, uuid, EDIT)
    closer = people.seen_as(viewer, person)
    if request.method == "GET":
        log_sight(viewer, "person", person_id=person.pk, detail="details", now=now)
        return _form(request, person, _fields(closer, person), None)
    fields = _fields(closer, person)
    _take(request, fields)
    try:
        changes = {f.name: _value(viewer, f) for f in fields if f.value != f.was}
        operations.update_person(person, version=request.POST.get("version"), by=viewer.actor, now=now, **changes)
    except ChangedMeanwhile as refusal:
        fresh = people.person(viewer, uuid, EDIT)
        return _form(request, fresh, _beside(fields, _fields(closer, fresh)), refusal)
    except Refusal as refusal:
        for field in fields:
            field.error = refusal.fields.get(field.name, "")
        return _form(request, person, fields, refusal, version=request.POST.get("version", ""))
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect("console:person", uuid)
    saved = people.person(viewer, uuid)
    return render(request, "console/people/_details_saved.html", {**frame(viewer, saved, now), "oob": True})


def _form(
    request: HttpRequest, person: Person, fields: list[Field], refusal: Refusal | None, *, version: str | None = None
) -> HttpResponse:
    context = {"person": person, "fields": fields, "refusal": refusal, "version": version or person.version}
    template = "_details" if request.htmx else "details"  # type: ignore[attr-defined]
    response = render(request, f"console/people/{template}.html", context, status=refusal.status if refusal else 200)
    if refusal:
        response.headers["X-Egard-Refusal"] = refusal.code
    return response


def _fields(viewer: Viewer, person: Person) -> list[Field]:
    """What this viewer may edit of her, as it is."""
    site = str(person.site_id or "")
    sites = [("", _("none"))] + [(str(one.pk), one.name) for one in access.sites(viewer)]
    languages = {"": _("not known"), **words.LANGUAGES}
    if person.language not in languages:
        languages[person.language] = person.language
    fields = [
        Field("given_name", person.given_name, person.given_name),
        Field("family_name", person.family_name, person.family_name),
        Field("language", person.language, person.language, list(languages.items())),
        Field("address", person.address, person.address),
        Field("country", person.country, person.country),
        Field("site", site, site, sites),
    ]
    hidden = set() if viewer.sees(FieldClass.CONTACT) else {"address"}
    if not viewer.sees(FieldClass.IDENTITY):
        hidden |= {"given_name", "family_name", "language"}
    return [field for field in fields if field.name not in hidden]


def _take(request: HttpRequest, fields: list[Field]) -> None:
    """What was typed, and what it was opened on; where she chose theirs, that is what it was opened on."""
    for field in fields:
        field.was = _plain(request.POST.get(f"was_{field.name}", field.was))
        typed = _plain(request.POST.get(field.name, field.was))
        field.value = field.was if request.POST.get(f"choice_{field.name}") == "theirs" else typed


def _plain(text: str) -> str:
    """A browser sends line ends as CR LF."""
    return text.replace("\r\n", "\n").strip()


def _value(viewer: Viewer, field: Field) -> Any:
    if field.name != "site":
        return field.value
    try:
        return access.site(viewer, UUID(field.value)) if field.value else None
    except ValueError as error:
        raise access.UnknownSite(fields={"site": str(access.UnknownSite.title)}) from error


def _beside(mine: list[Field], now: list[Field]) -> list[Field]:
    """The form anew, opened on what is there now: hers where she changed something, theirs told where they did."""
    for field, theirs in zip(mine, now, strict=True):
        touched, moved = field.value != field.was, theirs.value != field.was
        field.theirs = theirs.value if moved else None
        field.value = field.value if touched else theirs.value
        field.was = theirs.value
    return mine
