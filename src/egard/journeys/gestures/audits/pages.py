"""The audit room: plans, draws with their progress, one act after the other, and what they say of all."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from egard.base.clock import utc_now
from egard.base.refusal import Forbidden, Refusal
from egard.console import keys
from egard.console import worklist_frames as frames
from egard.console.cases import fields
from egard.console.context import viewer_of
from egard.console.keys import Key
from egard.console.pages import staff_page
from egard.console.typed import id_of, read_amount, read_day
from egard.journeys.gestures.audits import operations, queries, shown
from egard.journeys.gestures.audits.kinds import KINDS, RESPONSIBILITY
from egard.journeys.gestures.audits.models import AuditAct, AuditDraw, AuditPlan
from egard.journeys.gestures.audits.refusals import NoAuditor
from egard.journeys.gestures.typed import written
from egard.kernel.access.actors import Viewer
from egard.kernel.access.operations import log_sight
from egard.kernel.access.queries import colleague, staff_names
from egard.kernel.cases import queries as cases
from egard.kernel.cases import types
from egard.kernel.cases.checks import said
from egard.kernel.cases.models import Case
from egard.kernel.delegations.queries import courses
from egard.kernel.people import queries as people

HERE = gettext_lazy("On this gesture")
OWN = (
    Key("o", "press", gettext_lazy("In order"), HERE, with_="ok", icon="check", palette=True),
    Key("d", "press", gettext_lazy("A deviation"), HERE, with_="deviation", icon="flag", palette=True),
    Key("j", "press", gettext_lazy("Next gesture"), HERE, with_="after"),
    Key("k", "press", gettext_lazy("Gesture before"), HERE, with_="before"),
    Key("n", "press", gettext_lazy("Next one to look at"), HERE, with_="left", icon="chevron-right", palette=True),
)
PLAN_FIELDS = ("name", "threshold", "tolerable", "tolerated", "least", "method", "tolerable_amount")
FINDING_FIELDS = ("verdict", "kind", "error", "words", "feedback", "training")
ACTS_SHOWN = 200


# --- the room ---------------------------------------------------------------------------------------------------------


@require_GET
@staff_page
def room(request: HttpRequest) -> HttpResponse:
    """Plans in force, and all draws, whose progress is live."""
    if request.htmx and request.htmx.target == "draws":  # type: ignore[attr-defined]
        viewer = viewer_of(request)
        page = queries.draws(viewer)
        return render(request, "gestures/_audit_draws.html", {"draws": page.items, "next": page.next, "now": utc_now()})
    return _room(request)


def _room(request: HttpRequest, *, wrong: str = "", refusal: Refusal | None = None) -> HttpResponse:
    viewer, now = viewer_of(request), utc_now()
    page = queries.draws(viewer, cursor=request.GET.get("cursor") or None)
    typed = {name: request.POST.get(name, "") for name in PLAN_FIELDS} if wrong == "plan" else {}
    context = {
        "plans": [
            (row, shown.told_of(row), _period(request, row, now), wrong == str(row.uuid))
            for row in queries.plans(viewer)
        ],
        "draws": page.items, "next": page.next, "to_renew": queries.to_renew(viewer),
        "may_plan": viewer.can(queries.PLAN), "typed": typed, "wrong": wrong, "refusal": refusal, "now": now,
    }  # fmt: skip
    return render(request, "gestures/audits.html", context, status=refusal.status if refusal else 200)


def _period(request: HttpRequest, row: AuditPlan, now: datetime) -> dict[str, str]:
    """What is offered to be drawn from: what follows the last draw, or the month that is over."""
    this_month = timezone.localtime(now).date().replace(day=1)
    since = (this_month - timedelta(days=1)).replace(day=1)
    if row.drawn_until:  # type: ignore[attr-defined]
        since = timezone.localtime(row.drawn_until).date()  # type: ignore[attr-defined]
    last = this_month - timedelta(days=1)
    if last < since:
        last = timezone.localtime(now).date() - timedelta(days=1)
    if request.POST.get("plan") == str(row.uuid):
        return {"since": request.POST.get("since", ""), "until": request.POST.get("until", "")}
    return {"since": since.isoformat(), "until": max(since, last).isoformat()}


@require_POST
@staff_page
def make(request: HttpRequest) -> HttpResponse:
    """A new plan. What it says is in force at once."""
    viewer = viewer_of(request)
    viewer.require_everywhere(queries.PLAN)
    read = {name: request.POST.get(name, "").strip() for name in PLAN_FIELDS}
    try:
        operations.make_plan(
            read["name"], currency="EUR", method=read["method"] or "acts",
            threshold=_minor(read["threshold"], "EUR") if read["threshold"] else None,
            tolerable=_thousandths(read["tolerable"]), tolerated=_whole(read["tolerated"]), least=_whole(read["least"]),
            tolerable_amount=_minor(read["tolerable_amount"], "EUR") if read["tolerable_amount"] else None,
            by=viewer.actor, now=utc_now(),
        )  # fmt: skip
    except Refusal as refusal:
        return _room(request, wrong="plan", refusal=refusal)
    messages.success(request, _("The plan is in force."))
    return redirect("gestures:audits")


@require_POST
@staff_page
def end(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Nothing more is drawn by this plan."""
    viewer = viewer_of(request)
    viewer.require_everywhere(queries.PLAN)
    operations.end_plan(queries.plan(viewer, uuid), by=viewer.actor, now=utc_now())
    messages.success(request, _("The plan has ended; its draws stay."))
    return redirect("gestures:audits")


@require_POST
@staff_page
def begin(request: HttpRequest) -> HttpResponse:
    """Draw, and begin with the first act."""
    viewer, now = viewer_of(request), utc_now()
    plan = queries.plan(viewer, id_of(request.POST.get("plan", "")))
    try:
        since, until = read_day(request.POST.get("since", "")), read_day(request.POST.get("until", ""), after=True)
        if since is None or until is None:
            raise operations.NotOver(fields={"until": str(operations.NotOver.title)})
        made = operations.draw(plan, since, until, by=viewer.actor, now=now)
    except Refusal as refusal:
        return _room(request, wrong=str(plan.uuid), refusal=refusal)
    return redirect("gestures:audit", made.uuid)


# --- one draw ---------------------------------------------------------------------------------------------------------


@require_GET
@staff_page
def draw(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """How far it is, what was found, and what that says of all."""
    return _draw(request, uuid)


def _draw(request: HttpRequest, uuid: UUID, refusal: Refusal | None = None) -> HttpResponse:
    viewer, now = viewer_of(request), utc_now()
    row = queries.draw(viewer, uuid)
    left = request.GET.get("left") == "yes"
    after = int(request.GET["after"]) if request.GET.get("after", "").isdecimal() else 0
    rows = queries.acts(viewer, row, left=left, limit=ACTS_SHOWN, after=min(after, row.sampled))
    log_sight(viewer, "list", detail=f"gesture-audits {uuid}", now=now)
    told = queries.result(viewer, row)
    names = staff_names(viewer)
    context = {
        "draw": row, "plan_words": shown.told_of(row.plan), "result": told, "scales": shown.scales(row, told),
        "kinds": [(KINDS.get(kind, kind), n) for kind, n in told.kinds],
        "agents": [(names.get(agent, _("a program")), wrong, n) for agent, wrong, n in told.by_agent],
        "whole": row.judged == row.sampled, "next_left": queries.next_left(viewer, row),
        "rows": rows, "left": left, "more": rows[-1].position if len(rows) == ACTS_SHOWN else None,
        "refusal": refusal, "now": now,
        "total": shown.amount(told.total, row.plan.currency),
        "in_error": shown.amount(told.in_error, row.plan.currency),
    }  # fmt: skip
    return render(request, "gestures/audit.html", context, status=refusal.status if refusal else 200)


@require_POST
@staff_page
def close(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """The result stands, and the seed is shown."""
    viewer = viewer_of(request)
    try:
        operations.close_draw(queries.draw(viewer, uuid), by=viewer.actor, now=utc_now())
    except Refusal as refusal:
        return _draw(request, uuid, refusal)
    messages.success(request, _("The draw is closed: its result stands, and anybody may recompute it."))
    return redirect("gestures:audit", uuid)


@require_GET
@staff_page
def proof(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """How anybody recomputes a closed draw."""
    found = queries.proof(viewer_of(request), uuid)
    may_see = viewer_of(request).can(queries.AUDIT)
    return render(request, "gestures/audit_proof.html", {"proof": found, "draw": found.draw, "may_see": may_see})


@require_GET
@staff_page
def population(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """The frozen population as it was hashed, to the byte."""
    found = queries.proof(viewer_of(request), uuid)
    answer = HttpResponse(found.population.encode(), content_type="text/plain; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="{uuid}.txt"'
    return answer


# --- one act ----------------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@staff_page
def act(request: HttpRequest, uuid: UUID, position: int) -> HttpResponse:
    """One gesture beside its case and its evidence; what is found is written with two keys."""
    viewer, now = viewer_of(request), utc_now()
    row = queries.draw(viewer, uuid)
    found = queries.act(viewer, row, position)
    refusal = None
    if request.method == "POST":
        try:
            _judge(request, viewer, found, now)
        except Forbidden:
            raise
        except Refusal as told:
            refusal = told
        else:
            left = queries.next_left(viewer, row, after=position)
            if left is None:
                messages.success(request, _("All of this draw was looked at."))
                return redirect("gestures:audit", uuid)
            return redirect("gestures:audit_act", uuid, left)
    context = _beside(viewer, row, found, now)
    context["typed"] = {name: request.POST.get(name, "") for name in FINDING_FIELDS} if refusal else {}
    context["refusal"] = refusal
    context["desk"] = keys.frame(viewer, frames.places(request), own=OWN)
    return render(request, "gestures/audit_act.html", context, status=refusal.status if refusal else 200)


def _judge(request: HttpRequest, viewer: Viewer, found: AuditAct, now: datetime) -> None:
    if viewer.user_id is None:
        raise NoAuditor
    read = {name: request.POST.get(name, "") for name in FINDING_FIELDS}
    error = _minor(read["error"], found.gesture.currency) if read["error"].strip() else None
    seen = request.POST.get("seen", "")
    operations.judge(
        found, read["verdict"], kind=read["kind"][:16], error=error, words=read["words"], feedback=read["feedback"],
        training=read["training"][:64], auditor=colleague(viewer, viewer.user_id),
        seen=int(seen) if seen.isdecimal() and len(seen) < 19 else None, by=viewer.actor, now=now,
    )  # fmt: skip


def _beside(viewer: Viewer, row: AuditDraw, found: AuditAct, now: datetime) -> dict[str, Any]:
    """All that stands beside an act: the person, the case, what else she was given, and where to go on."""
    gesture = found.gesture
    person = people.person(viewer, (gesture.person.root or gesture.person).uuid)
    gesture.person = person
    log_sight(viewer, "person", person_id=person.pk, detail=f"gesture-audit {gesture.uuid}", now=now)
    case = _case(viewer, gesture.subject)
    held = found.history[0] if found.history else None  # type: ignore[attr-defined]
    return {
        "draw": row, "act": found, "gesture": gesture, "person": person, "case": case,
        "case_title": said(types.defined(case.type).title) if case else "",
        "case_data": _known(viewer, case) if case else [],
        "beside": queries.beside(viewer, found), "held": held, "history": found.history[1:],  # type: ignore[attr-defined]
        "kinds": KINDS, "held_kind": KINDS.get(held.kind, "") if held else "",
        "responsibility": RESPONSIBILITY.get(gesture.responsibility, ""),
        "courses": courses(viewer), "is_own": queries.is_own(viewer, found),
        "error_max": written(gesture.amount, gesture.currency),
        "before": found.position - 1 or None, "after": found.position + 1 if found.position < row.sampled else None,
        "next_left": queries.next_left(viewer, row, after=found.position), "now": now,
    }  # fmt: skip


def _case(viewer: Viewer, subject: str) -> Case | None:
    """The case of a gesture, where it has one that the viewer may see."""
    kind, _colon, name = subject.partition(":")
    if kind != "case" or not cases.is_visible(viewer, name):
        return None
    return cases.case(viewer, UUID(name))


def _known(viewer: Viewer, case: Case) -> list[tuple[str, str]]:
    """What is known of the case, in words: the evidence."""
    view, now = cases.case_view(viewer, case.uuid), utc_now()
    known = view.type.data.items()
    told = [(said(field.label), fields.words(field, view.data.get(name), now)) for name, field in known]
    return [(label, value) for label, value in told if value != "–"]


# --- reading what was typed -------------------------------------------------------------------------------------------


def _minor(text: str, currency: str) -> int:
    """An amount as people type it, in minor units; -1, which every operation refuses, for what is none."""
    found = read_amount(text, currency)
    return -1 if found is None else found


def _whole(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 6 else -1


def _thousandths(text: str) -> int:
    """A percentage with at most one decimal; -1 for what is none."""
    tenths = _minor(text.replace("%", ""), "EUR")
    return tenths // 10 if tenths > 0 and tenths % 10 == 0 else -1


urlpatterns = [
    path("gestures/audits/", room, name="audits"),
    path("gestures/audits/plans", make, name="audit_plan"),
    path("gestures/audits/plans/<uuid:uuid>/end", end, name="audit_plan_end"),
    path("gestures/audits/draw", begin, name="audit_draw"),
    path("gestures/audits/<uuid:uuid>/", draw, name="audit"),
    path("gestures/audits/<uuid:uuid>/close", close, name="audit_close"),
    path("gestures/audits/<uuid:uuid>/proof/", proof, name="audit_proof"),
    path("gestures/audits/<uuid:uuid>/proof/population.txt", population, name="audit_population"),
    path("gestures/audits/<uuid:uuid>/<int:position>/", act, name="audit_act"),
]
