"""The drawer: what may be given to somebody, with its reasons, and one click to give it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from egard.base.clock import utc_now
from egard.base.ids import new_id
from egard.base.refusal import Forbidden, NotFound, Refusal
from egard.console.context import viewer_of
from egard.console.live import again_after
from egard.console.pages import staff_page
from egard.console.typed import id_or_none
from egard.journeys.gestures import operations, queries, shown, typed
from egard.journeys.gestures.queries import About, Proposed
from egard.journeys.gestures.refusals import NoAmount
from egard.journeys.gestures.rules import RESPONSIBILITIES
from egard.journeys.gestures.rules.catalogue import Catalogue
from egard.journeys.gestures.rules.proposing import Proposal
from egard.kernel.access.actors import Viewer
from egard.kernel.access.operations import log_sight
from egard.kernel.cases import queries as cases
from egard.kernel.people import queries as people
from egard.kernel.people.models import Person
from egard.kernel.promises.shown import described

OWN_REASONS = ("restores", "steps", "proof", "authority", "budget")
"""Reasons that belong to one proposal; the others are those of the situation, told once."""


def responsibilities() -> list[tuple[str, str]]:
    words = {"ours": _("Ours"), "shared": _("Shared"), "nobody": _("Nobody’s"), "theirs": _("The client’s")}
    return [(name, words[name]) for name in ("ours", "shared", "nobody", "theirs")]


def severities() -> list[tuple[int, str]]:
    return [(1, _("A nuisance")), (2, _("A real harm")), (3, _("Grave"))]


@require_http_methods(["GET", "POST"])
@staff_page
def drawer(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """What may be given to a person, as the adviser says what went wrong; a post gives it."""
    viewer = viewer_of(request)
    person = people.person(viewer, uuid)
    asked = request.POST if request.method == "POST" else request.GET
    if request.method == "POST":
        try:
            made = _give(viewer, person, request.POST)
        except Refusal as told:
            if isinstance(told, Forbidden | NotFound):
                raise
            return _shown(request, viewer, person, asked, refusal=told)
        return _given(request, viewer, person, made)
    return _shown(request, viewer, person, asked)


def about_of(asked: QueryDict, currency: str) -> tuple[About, str, str]:
    """What the adviser says, the price as it was typed, and what is wrong with it."""
    whose = asked.get("responsibility", "ours")
    grade = asked.get("severity", "2")
    price_typed = asked.get("price", "")[:20]
    price, wrong = None, ""
    try:
        price = typed.minor(price_typed, currency) if price_typed.strip() else None
    except NoAmount as told:
        wrong = told.detail
    case = asked.get("case", "")
    return (
        About(
            subject=f"case:{case}" if case else "",
            responsibility=whose if whose in RESPONSIBILITIES else "ours",
            severity=int(grade) if grade in ("1", "2", "3") else 2,
            price=price,
            proof=asked.get("proof") == "yes",
        ),
        price_typed,
        wrong,
    )


def _shown(
    request: HttpRequest, viewer: Viewer, person: Person, asked: QueryDict, *, refusal: Refusal | None = None
) -> HttpResponse:
    now = utc_now()
    about, price, wrong = about_of(asked, queries.currency(viewer))
    found = queries.proposals(viewer, person, about, now=now)
    log_sight(viewer, "person", person_id=person.pk, detail="gestures", now=now, again_after=again_after(request))
    context = {
        **frame(found, about, price or (typed.written(found.situation.price, found.catalogue.currency)
                                         if found.situation.price else "")),
        "person": person,
        "case": about.subject.removeprefix("case:"),
        "key": str(new_id()),
        "refusal": refusal,
        "wrong_price": wrong,
        "reason": asked.get("reason", "")[:500],
    }  # fmt: skip
    part = bool(getattr(request, "htmx", False))
    template = "gestures/_drawer.html" if part else "gestures/new.html"
    answer = render(request, template, context, status=refusal.status if refusal else 200)
    if refusal:
        answer.headers["X-Egard-Refusal"] = refusal.code
    return answer


def frame(found: Proposed, about: About, price: str) -> dict[str, Any]:
    """What the drawer draws."""
    language, unit = get_language() or "en", found.catalogue.currency
    proposals = [_proposal(found.catalogue, one, language) for one in found.proposals]
    common = [
        reason.words.said(language)
        for reason in (found.proposals[0].reasons if found.proposals else ())
        if reason.code not in OWN_REASONS
    ]
    broken = found.broken
    blocked = found.decision.reasons[0].words if found.decision and found.decision.reasons else ""
    return {
        "proposals": proposals,
        "common": common,
        "about": about,
        "price": price,
        "currency": unit,
        "responsibilities": responsibilities(),
        "severities": severities(),
        "broken": broken,
        "broken_words": described([broken])[broken.pk] if broken else "",
        "room": shown.money(found.room.alone, unit) if found.room.alone is not None else "",
        "blocked": blocked if not found.room.alone else "",
        "budget_left": shown.money(found.room.budget, unit) if found.room.budget is not None else "",
        "budget": found.budget,
        "others": [
            (name, kind.title.said(language), kind.worth.is_fixed) for name, kind in found.catalogue.kinds.items()
        ],
        "given": shown.money(found.situation.given, unit) if found.situation.given else "",
    }


def _proposal(catalogue: Catalogue, one: Proposal, language: str) -> dict[str, Any]:
    kind, unit = catalogue.kinds[one.kind], catalogue.currency

    def words(name: str, amount: int) -> str:
        title = catalogue.kinds[name].title.said(language)
        fixed = catalogue.kinds[name].worth.is_fixed
        return title if fixed or not amount else f"{title} ({shown.money(amount, unit)})"

    return {
        "kind": one.kind,
        "form": kind.form,
        "title": kind.title.said(language),
        "about": kind.about.said(language),
        "amount": shown.money(one.amount, unit) if one.amount else "",
        "minor": one.amount,
        "with_it": [words(item.kind, item.amount) for item in one.comes_with],
        "worth": shown.money(one.worth, unit),
        "cost": shown.money(one.cost, unit),
        "steps": [step.said(language) for step in kind.steps],
        "waits": one.waits,
        "proof_first": one.proof_first,
        "reasons": [
            reason.words.said(language)
            for reason in one.reasons
            if reason.code in OWN_REASONS and (one.waits or reason.code not in ("authority", "budget"))
        ],
    }


def _give(viewer: Viewer, person: Person, asked: QueryDict) -> Any:
    unit = queries.currency(viewer)
    about, _price, _wrong = about_of(asked, unit)
    kind = asked.get("kind", "")[:64]
    if asked.get("typed") is not None:  # another amount than was proposed
        text = asked["typed"].strip()
        amount = typed.minor(text, unit) if text else None
    else:
        minor = asked.get("minor", "")
        amount = int(minor) if minor.isdecimal() and len(minor) < 13 else None
    repairs = asked.get("repairs", "")
    return operations.grant(
        viewer, person, kind, amount, subject=about.subject, reason=asked.get("reason", ""),
        responsibility=about.responsibility, severity=about.severity, proof=about.proof,
        repairs=id_or_none(repairs), channel="phone",
        key=f"page:{viewer.actor}:{asked.get('key', '')[:64]}:{kind}", now=utc_now(),
    )  # fmt: skip


def _given(request: HttpRequest, viewer: Viewer, person: Person, made: Any) -> HttpResponse:
    rows = queries.act(viewer, made)
    waits = made.state == "waiting"
    said = _("It waits for a second person.") if waits else _("Given: %(what)s") % {"what": shown.act_words(rows)}
    if not getattr(request, "htmx", False):
        return redirect("gestures:one", made.uuid)
    context = {"person": person, "first": made, "words": shown.act_words(rows), "said": said, "waits": waits,
               "case": made.subject.removeprefix("case:")}  # fmt: skip
    answer = render(request, "gestures/_given.html", context)
    answer.headers["HX-Trigger"] = "egard:facts"
    return answer


@require_GET
@staff_page
def case_panel(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """On the page of a case: what was given about it, and the drawer."""
    viewer, now = viewer_of(request), utc_now()
    viewer.require(queries.READ)
    case = cases.case(viewer, uuid)
    if case.person is None:
        raise NotFound
    person = people.person(viewer, case.person.uuid)
    log_sight(viewer, "person", person_id=person.pk, detail=f"case {uuid}", now=now, again_after=again_after(request))
    acts = queries.of_person(viewer, person, subject=f"case:{case.uuid}")
    context = {
        "person": person,
        "case": case,
        "acts": [(rows[0], shown.act_words(rows)) for rows in acts],
        "may_give": viewer.can(queries.GRANT) and person.erased_at is None,
        "topic": f"case:{case.uuid} person:{person.uuid}",
        "now": now,
    }
    return render(request, "gestures/_case_panel.html", context)
