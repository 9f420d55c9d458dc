"""The pages of complaints: taking one in on one screen, the list, the figures; a person's own."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from egard.base.calendars import Span
from egard.base.clock import utc_now
from egard.base.ids import new_id
from egard.base.refusal import Forbidden, NotFound, Refusal
from egard.console import spans
from egard.console.context import viewer_of
from egard.console.pages import staff_page
from egard.console.typed import id_or_none
from egard.journeys.complaints import operations, queries, rules, shown
from egard.kernel.access.actors import Viewer
from egard.kernel.access.operations import log_sight
from egard.kernel.access.queries import system_viewer
from egard.kernel.people import queries as people
from egard.kernel.people.models import Person
from egard.kernel.people.search import PersonRow, search
from egard.kernel.promises.shown import ring_of
from egard.portal import pages as portal

app_name = "complaints"
LINK = "complaints.link"
FIELDS = ("words", "subject", "category", "order_number", "contact", "channel", "settled", "outcome", "gesture")
CLIENTS = 5
"""Who is offered as the one who complains, as her name is typed."""


@require_GET
@staff_page
def listed(request: HttpRequest) -> HttpResponse:
    """Complaints, the latest first."""
    viewer, now = viewer_of(request), utc_now()
    status = request.GET.get("status", "open")
    filters = {"status": status if status in ("open", "closed") else "", "category": request.GET.get("category", "")}
    page = queries.complaints(viewer, filters, cursor=request.GET.get("cursor") or None)
    if "cursor" not in request.GET:
        log_sight(viewer, "list", detail="complaints", now=now)
    named = queries.categories(viewer)
    rows = [(row, shown.subject_of(row), _whose(row.case.person), named.get(row.category, "")) for row in page.items]
    context = {"rows": rows, "next": page.next, "filters": filters, "categories": named, "now": now,
               "may_see_figures": viewer.can(queries.FIGURES)}  # fmt: skip
    return render(request, "complaints/list.html", context)


def _whose(person: Person | None) -> Person | None:
    return (person.root or person) if person else None


@require_http_methods(["GET", "POST"])
@staff_page
def new(request: HttpRequest) -> HttpResponse:
    """One screen: what is said, by whom, whether it belongs to another, whether it is settled at once."""
    viewer = viewer_of(request)
    viewer.require(queries.RECEIVE)
    asked = request.POST if request.method == "POST" else request.GET
    person = _person(viewer, asked.get("person", ""))
    typed = {name: request.POST.get(name, "") for name in FIELDS}
    key, refusal = request.POST.get("key", "")[:64] or str(new_id()), None
    if "pick" in request.POST:  # this client it was: nothing typed is lost
        person = _person(viewer, request.POST["pick"])
        typed["contact"] = ""
    elif request.method == "POST":
        try:
            made = _received(viewer, person, typed, into=request.POST.get("into", ""), key=key,
                             at_once=request.POST.get("at_once") == "yes")  # fmt: skip
        except Refusal as told:
            if isinstance(told, Forbidden | NotFound):
                raise
            refusal = told
        else:
            messages.success(request, _("The complaint is taken in."))
            return redirect(f"/cases/{made}/")
    acknowledge, answer = queries.promised(viewer)
    context = {
        "person": person, "typed": typed, "key": key, "refusal": refusal, "categories": queries.categories(viewer),
        "channels": list(queries.channels().items()), "possible": _possible(viewer, person, typed), "now": utc_now(),
        "at_once": request.POST.get("at_once") == "yes", "into": request.POST.get("into", ""),
        "acknowledge": _span(acknowledge), "answer": _span(answer),
        "offers": queries.offers(viewer, person, typed["order_number"], now=utc_now()),
        "said": queries.said_of_it(viewer), "clients": _clients(viewer, person, typed["contact"]),
    }  # fmt: skip
    return render(request, "complaints/new.html", context, status=refusal.status if refusal else 200)


def _received(
    viewer: Viewer, person: Person | None, typed: dict[str, str], *, into: str, at_once: bool, key: str
) -> UUID:
    settled = (typed["settled"].strip() or _("Settled at once")) if at_once else ""
    told = {name: typed[name] for name in ("subject", "category", "order_number", "contact")}
    channel = typed["channel"] if typed["channel"] in queries.channels() else "phone"
    kind, _colon, amount = typed["gesture"].partition(":") if at_once else ("", "", "")
    told["outcome"] = typed["outcome"] if typed["outcome"] in queries.said_of_it(viewer) else rules.NOT_ASKED
    gesture = (kind[:64], int(amount) if amount.isdecimal() and len(amount) < 13 else None) if kind else None
    made = operations.receive(
        viewer, typed["words"], person=person, channel=channel, settled=settled, gesture=gesture, into=id_or_none(into),
        key=f"page:{viewer.actor}:{key}", now=utc_now(), **told,
    )  # fmt: skip
    return made.case.uuid


def _person(viewer: Viewer, text: str) -> Person | None:
    uuid = id_or_none(text)
    return people.person(viewer, uuid) if uuid else None


def _possible(viewer: Viewer, person: Person | None, typed: dict[str, str]) -> list[queries.Possible]:
    words = f"{typed['subject']} {typed['words']}"
    return queries.possible(
        viewer, person, words, order_number=typed["order_number"], contact=typed["contact"]
    )[:5]  # fmt: skip


@require_POST
@staff_page
def joins(request: HttpRequest) -> HttpResponse:
    """The open complaints to which this one may belong, the clients who may say it, and what may be given, as it is
    typed. A post, so that words stand in no address.
    """
    viewer = viewer_of(request)
    person = _person(viewer, request.POST.get("person", ""))
    typed = {name: request.POST.get(name, "")[: operations.WORDS_MAX] for name in FIELDS}
    context = {
        "possible": _possible(viewer, person, typed), "into": request.POST.get("into", ""), "now": utc_now(),
        "typed": typed, "person": person, "clients": _clients(viewer, person, typed["contact"]),
        "offers": queries.offers(viewer, person, typed["order_number"], now=utc_now()), "again": True,
    }  # fmt: skip
    return render(request, "complaints/_joins.html", context)


def _clients(viewer: Viewer, person: Person | None, typed: str) -> list[PersonRow]:
    """Those whom the words typed for the contact name."""
    words = typed.strip()
    if person is not None or len(words) < 3:
        return []
    found = search(viewer, words, limit=CLIENTS).items
    if found:
        log_sight(viewer, "list", detail=words, now=utc_now())
    return found


@require_GET
@staff_page
def figures(request: HttpRequest) -> HttpResponse:
    """Once and done, with n and an interval; what is promised, and by which rules."""
    viewer, now = viewer_of(request), utc_now()
    acknowledge, answer = queries.promised(viewer)
    context = {
        "figures": queries.figures(viewer, now=now),
        "acknowledge": _span(acknowledge),
        "answer": _span(answer),
        "rule_sets": [(one, _said(one.title), _said(one.about), (one.acknowledge, one.answer) == (acknowledge, answer))
                      for one in queries.rule_sets(viewer, [operations.RULE_SETS])],
        "may_choose": viewer.can(queries.DEFINE),
    }  # fmt: skip
    return render(request, "complaints/figures.html", context)


@require_POST
@staff_page
def choose(request: HttpRequest) -> HttpResponse:
    """Another rule set from now on."""
    operations.use_rules(viewer_of(request), operations.shipped(request.POST.get("name", "")), now=utc_now())
    messages.success(request, _("Complaints are promised this from now on; running ones keep what they have."))
    return redirect("complaints:figures")


def _said(texts: Any) -> str:
    return texts.get(get_language() or "fr") or texts.get("fr", "")


def _span(text: str) -> str:
    """An amount of time in the reader's words; the law has its own word for Mondays to Saturdays."""
    span = Span.parse(text)
    if (span.unit, span.working) != ("day", True):
        return spans.said(text)
    return ngettext("%(n)s business day", "%(n)s business days", span.amount) % {"n": span.amount}


# --- her own space ----------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@portal.portal_page
def mine(request: HttpRequest) -> HttpResponse:
    """Her complaints, where each stands and what is promised; and a form to complain."""
    reader, now = portal.me(request), utc_now()
    typed = {name: request.POST.get(name, "") for name in ("words", "category", "order_number")}
    key, refusal = request.POST.get("key", "")[:64] or str(new_id()), None
    if request.method == "POST":
        try:
            operations.complain(reader.person, key=f"portal:{reader.person.uuid}:{key}", now=now, **typed)
            return redirect("complaints:mine")
        except Refusal as told:
            refusal = told
    rows = [
        (one, ring_of(one.promise, now, shown.described([one.promise.subject]).get(one.promise.subject)) if one.promise
         else None)
        for one in queries.own(reader.viewer, reader.person)
    ]  # fmt: skip
    acknowledge, answer = queries.promised(reader.viewer)
    context = {
        "rows": rows, "typed": typed, "key": key, "refusal": refusal, "categories": queries.categories(reader.viewer),
        "acknowledge": _span(acknowledge), "answer": _span(answer),
    }  # fmt: skip
    return portal.render(request, "complaints/mine", context, status=refusal.status if refusal else 200)


# --- anybody ----------------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@portal.open_page
def openly(request: HttpRequest) -> HttpResponse:
    """A form for anybody; who has a space of her own complains there, where she sees the answer."""
    if request._egard_me is not None:  # type: ignore[attr-defined]
        return redirect("complaints:mine")
    now, typed = utc_now(), {name: request.POST.get(name, "") for name in ("words", "category", "order_number")}
    typed["contact"] = request.POST.get("contact", "")
    key, refusal = request.POST.get("key", "")[:64] or str(new_id()), None
    if request.method == "POST":
        place = portal.place_of(request)
        try:
            made = operations.complain_openly(**typed, place=place, key=f"public:{key}", now=now)
            return redirect("complaints:followed", signing.dumps(str(made.case.uuid), salt=LINK))
        except Refusal as told:
            refusal = told
    house = system_viewer("complaints")
    acknowledge, answer = queries.promised(house)
    context = {
        "typed": typed, "key": key, "refusal": refusal, "categories": queries.categories(house),
        "acknowledge": _span(acknowledge), "answer": _span(answer),
    }  # fmt: skip
    return portal.render(request, "complaints/openly", context, status=refusal.status if refusal else 200)


@require_GET
@portal.open_page
def followed(request: HttpRequest, link: str) -> HttpResponse:
    """Where a complaint stands, for who holds its link; not a word of what was said, nor of who said it."""
    try:
        uuid = UUID(signing.loads(link, salt=LINK))
    except (signing.BadSignature, ValueError) as error:
        raise NotFound from error
    now = utc_now()
    state, since, owed = queries.followed(system_viewer("complaints"), uuid)
    named = shown.described([one.subject for one in owed])
    rings = [ring_of(one, now, named.get(one.subject)) for one in owed]
    return portal.render(request, "complaints/followed", {"state": state, "since": since, "rings": rings, "now": now})


urlpatterns = [
    path("p/complaints", openly, name="openly"),
    path("p/complaints/<str:link>", followed, name="followed"),
    path("complaints/", listed, name="list"),
    path("complaints/new", new, name="new"),
    path("complaints/new/joins", joins, name="joins"),
    path("complaints/figures", figures, name="figures"),
    path("complaints/rules", choose, name="choose"),
    path("me/complaints/", mine, name="mine"),
]
