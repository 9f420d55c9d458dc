"""Merging two people on a page: choosing the other, both side by side, one button, and taking it back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from egard.base.clock import utc_now
from egard.console.context import viewer_of
from egard.console.pages import staff_page
from egard.console.templatetags.egard import way_icon
from egard.console.typed import id_of
from egard.kernel.access import queries as access
from egard.kernel.access.actors import Viewer
from egard.kernel.access.operations import log_sight
from egard.kernel.lifecycle import operations
from egard.kernel.lifecycle.queries import pair, preview
from egard.kernel.people import duplicates, search
from egard.kernel.people import queries as people
from egard.kernel.people.likeness import Reason
from egard.kernel.people.models import Merge, Person
from egard.kernel.registry import registry

OTHERS_SHOWN = 8
LOOKED_SECONDS = 2.0
VALUES: dict[str, Any] = {
    "given_name": gettext_lazy("First name"),
    "family_name": gettext_lazy("Family name"),
    "address": gettext_lazy("Address"),
    "country": gettext_lazy("Country"),
    "language": gettext_lazy("Language"),
    "site": gettext_lazy("Home shop"),
    "adviser": gettext_lazy("Adviser"),
}
"""What is compared, in this order."""


@require_http_methods(["GET", "POST"])
@staff_page
def merge(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Choose the other one; with `with`, both side by side; posted, merge them."""
    viewer = viewer_of(request)
    if request.method == "POST":
        return _merged(request, viewer, uuid)
    other = request.GET.get("with", "")
    if other:
        return _side_by_side(request, viewer, uuid, id_of(other))
    person = people.person(viewer, uuid, people.MERGE)
    if person.uuid != uuid:
        return redirect("console:merge", person.uuid)
    q = request.GET.get("q", "").strip()[:200]
    found = search.search(viewer, q, limit=OTHERS_SHOWN + 1).items if q else []
    context = {
        "person": person,
        "q": q,
        "others": [row for row in found if row.pk != person.pk][:OTHERS_SHOWN],
        "pairs": []
        if q
        else [(other, said) for _one, other, said in _rows(viewer, duplicates.like(viewer, person), person)],
        "row": search.rows(viewer, [person.pk])[0],
        "now": utc_now(),
    }
    log_sight(viewer, "list" if q else "merge", person_id=person.pk, detail=q, now=utc_now())
    part = request.htmx and request.htmx.target == "others"  # type: ignore[attr-defined]
    return render(request, f"console/merges/{'_others' if part else 'choose'}.html", context)


def _side_by_side(request: HttpRequest, viewer: Viewer, uuid: UUID, other: UUID) -> HttpResponse:
    survivor, absorbed = pair(viewer, uuid, other)
    for person in (survivor, absorbed):
        log_sight(viewer, "merge", person_id=person.pk, now=utc_now())
    told = preview(viewer, survivor, absorbed)
    values = {value.name: value for value in told.values}
    context = {
        "told": told,
        "cards": (told.survivor, told.absorbed),
        "survivor": survivor,
        "absorbed": absorbed,
        "values": [(label, values[name]) for name, label in VALUES.items() if name in values],
        "now": utc_now(),
    }
    return render(request, "console/merges/preview.html", context, status=200)


def _merged(request: HttpRequest, viewer: Viewer, uuid: UUID) -> HttpResponse:
    survivor, absorbed = pair(viewer, uuid, id_of(request.POST.get("with", "")))
    done = operations.merge_persons(
        survivor, absorbed, reason=request.POST.get("reason", ""), by=viewer.actor, now=utc_now()
    )
    return redirect(reverse("console:person", args=[survivor.uuid]) + f"?merged={done.pk}")


@require_POST
@staff_page
def undoing(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Part the two again, and open the one from whom the other was parted."""
    viewer, now = viewer_of(request), utc_now()
    held = people.merge(viewer, uuid)
    operations.undo_merge(held, by=viewer.actor, now=now)
    messages.success(request, _("They are two again. Each has what was recorded for her own record."))
    stays = people.person(viewer, held.survivor.uuid)
    return redirect(reverse("console:person", args=[stays.uuid]) + f"?parted={held.pk}")


def told_of(request: HttpRequest, viewer: Viewer, person: Person) -> dict[str, Any]:
    """What a person's page says of her merges. Nothing is asked for somebody who has none."""
    may = viewer.can(people.MERGE) and person.erased_at is None
    if len(person.members) == 1 and "parted" not in request.GET:
        return {"can_merge": may, "merged": []}
    held = people.merges(viewer, person, limit=200).items
    users = [UUID(m.by.partition(":")[2]) for m in held if m.by.startswith("user:")]
    names = {f"user:{user.pk}": user.name for user in access.staff(viewer, users)} if users else {}
    live = [m for m in held if m.undone_at is None]
    return {
        "can_merge": may,
        "merged": [(m, names.get(m.by, "")) for m in live],
        "merged_now": next((m for m in live if str(m.pk) == request.GET.get("merged")), None),
        "parted_now": next((_other(m, person) for m in held if str(m.pk) == request.GET.get("parted")), None),
    }


def _other(held: Merge, person: Person) -> Person:
    return held.absorbed if held.survivor_id in person.members else held.survivor


# --- people who may be one ----------------------------------------------------------------------------------------


@require_GET
@staff_page
def possible(request: HttpRequest) -> HttpResponse:
    """Pairs that may be one person, with what speaks for it; `dismissed=1` shows those of whom somebody said no."""
    viewer = viewer_of(request)
    dismissed = request.GET.get("dismissed") == "1"
    found = duplicates.proposed(viewer, dismissed=dismissed, cursor=request.GET.get("cursor") or None)
    log_sight(viewer, "list", detail="duplicates", now=utc_now())
    context = {
        "page": found,
        "pairs": _rows(viewer, found.items),
        "dismissed": dismissed,
        "after": after if (after := request.GET.get("after", "")).isdecimal() else "",
        "undo": (request.GET["one"], request.GET["other"]) if {"one", "other"} <= set(request.GET) else None,
        "now": utc_now(),
    }
    return render(request, "console/merges/possible.html", context)


def _rows(viewer: Viewer, pairs: list[duplicates.Pair], first: Person | None = None) -> list[tuple[Any, Any, Any]]:
    """Pairs as a list shows them: both as rows of people, and what speaks for and against. `first` stands first."""
    rows = {
        row.pk: row for row in search.rows(viewer, [p.pk for pair in pairs for p in (pair.survivor, pair.absorbed)])
    }
    found = []
    for pair_ in pairs:
        one, other = rows[pair_.survivor.pk], rows[pair_.absorbed.pk]
        if first is not None and one.pk != first.pk:
            one, other = other, one
        found.append((one, other, [_said(reason) for reason in pair_.reasons]))
    return found


REASONS: dict[str, tuple[str, Any]] = {
    "name": ("user", gettext_lazy("same name")),
    "address": ("map-pin", gettext_lazy("same address")),
    "site": ("building-store", gettext_lazy("same home shop")),
    "other_name": ("alert-triangle", gettext_lazy("other first name")),
}


def _said(reason: Reason) -> dict[str, Any]:
    if reason.code != "identifier":
        icon, said = REASONS[reason.code]
        return {"icon": icon, "words": said, "against": reason.code == "other_name"}
    kind = registry.identifier_kinds[reason.kind]
    return {"icon": way_icon(reason.kind), "words": f"{kind.label} {kind.display(reason.value)}", "against": False}


@require_POST
@staff_page
def looking(request: HttpRequest) -> HttpResponse:
    """Look for them through everybody, for two seconds; where that is not enough the page offers to go on."""
    viewer = viewer_of(request)
    viewer.require(people.MERGE)
    begun = request.POST.get("after", "")
    after = duplicates.look_for(LOOKED_SECONDS, after=int(begun) if begun.isdecimal() else 0, now=utc_now())
    if after is None:
        messages.success(request, _("Everybody was looked through."))
        return redirect("console:duplicates")
    return redirect(reverse("console:duplicates") + f"?after={after}")


@require_POST
@staff_page
def dismissal(request: HttpRequest) -> HttpResponse:
    """Two are not one; `again` takes that back."""
    viewer, now = viewer_of(request), utc_now()
    persons = pair(viewer, id_of(request.POST.get("one", "")), id_of(request.POST.get("other", "")))
    if request.POST.get("again"):
        duplicates.propose_again(persons, by=viewer.actor, now=now)
        return redirect("console:duplicates")
    duplicates.dismiss(persons, by=viewer.actor, now=now)
    one, other = (person.uuid for person in persons)
    return redirect(reverse("console:duplicates") + f"?one={one}&other={other}")
