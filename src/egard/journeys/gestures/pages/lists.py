"""What was given and what waits; one of them, with what may be done about it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from egard.base.clock import utc_now
from egard.base.refusal import Forbidden, NotFound, Refusal
from egard.console.context import viewer_of
from egard.console.pages import staff_page
from egard.journeys.gestures import operations, queries, shown, typed, vouchers, worklists
from egard.journeys.gestures.figures import FIGURES
from egard.journeys.gestures.rules import codes
from egard.kernel.access.operations import log_sight
from egard.kernel.promises import queries as promises
from egard.kernel.promises.shown import ring_of

STATES = ("granted", "waiting", "refused", "reversed")


@require_GET
@staff_page
def listed(request: HttpRequest) -> HttpResponse:
    """Gestures, the latest first."""
    viewer, now = viewer_of(request), utc_now()
    viewer.require(queries.READ)
    state = request.GET.get("state", "")
    filters = {"state": state if state in STATES else ""}
    page = queries.gestures(viewer, filters, cursor=request.GET.get("cursor") or None)
    if "cursor" not in request.GET:
        log_sight(viewer, "list", detail="gestures", now=now)
    rows = [(row, shown.words_of(row), row.person.root or row.person) for row in page.items]
    context = {
        "rows": rows,
        "next": page.next,
        "state": filters["state"],
        "now": now,
        "may_see_figures": viewer.can(FIGURES),
        "may_see_catalogue": viewer.can(queries.READ),
    }
    return render(request, "gestures/list.html", context)


@require_GET
@staff_page
def one(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """All that was given in one act, by whom and why; what may be done about it."""
    return _one(request, uuid)


def _one(request: HttpRequest, uuid: UUID, *, refusal: Refusal | None = None, code: bool = False) -> HttpResponse:
    viewer, now = viewer_of(request), utc_now()
    first = queries.gesture(viewer, uuid)
    log_sight(viewer, "person", person_id=first.person_id, detail=f"gesture {uuid}", now=now)
    waiting = promises.of_subject(viewer, f"gesture:{first.uuid}")
    rows = queries.act(viewer, first)
    repaired = promises.visible(viewer).filter(uuid=first.repairs).first() if first.repairs else None
    own = viewer.user_id is not None and viewer.user_id == first.granted_by_id
    held = vouchers.of_act(viewer, rows, now=now)
    context = {
        "vouchers": [_voucher(one, whole=code) for one in held],
        "may_revoke": first.state == "granted" and viewer.can(vouchers.REVOKE),
        **worklists.deciding(viewer, first, now),
        "person": first.person.root or first.person,
        "rings": [ring_of(promise, now) for promise in waiting],
        "worth_given": shown.money(sum(row.amount for row in rows), first.currency),
        "repaired": repaired,
        "whose": _responsibility(first.responsibility),
        "grade": _severity(first.severity),
        "may_reverse": first.state == "granted" and (own or viewer.can(queries.APPROVE)),
        "refusal": refusal,
        "typed": request.POST,
        "now": now,
    }
    return render(request, "gestures/one.html", context, status=refusal.status if refusal else 200)


def _voucher(one: vouchers.Checked, *, whole: bool) -> dict[str, Any]:
    unit = one.left.currency
    return {
        "uuid": one.uuid,
        "code": codes.shown(one.code) if whole else codes.hidden(one.code),
        "whole": whole,
        "left": shown.money(one.left.amount, unit),
        "amount": shown.money(one.amount.amount, unit),
        "state": one.state,
    }


@require_POST
@staff_page
def code(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """The codes of its vouchers, whole, to read out; the sight is logged."""
    viewer, now = viewer_of(request), utc_now()
    viewer.require(vouchers.REDEEM)
    first = queries.gesture(viewer, uuid)
    for one in vouchers.of_act(viewer, queries.act(viewer, first), now=now):
        log_sight(viewer, "voucher", person_id=first.person_id, detail=codes.hidden(one.code), now=now)
    return _one(request, uuid, code=True)


@require_POST
@staff_page
def revocation(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """What is left of a voucher can no longer be used."""
    viewer, now = viewer_of(request), utc_now()
    viewer.require(vouchers.REVOKE)
    reason, wanted = request.POST.get("reason", ""), request.POST.get("voucher", "")
    held = vouchers.of_act(viewer, queries.act(viewer, queries.gesture(viewer, uuid)), now=now)
    one = next((row for row in held if str(row.uuid) == wanted), None)
    if one is None:
        raise NotFound
    done = _("Revoked: what is left of it can no longer be used.")
    return _done(request, uuid, lambda: vouchers.revoke(viewer, one.uuid, reason=reason, now=now), done)


def _responsibility(code: str) -> str:
    from egard.journeys.gestures.pages.drawer import responsibilities

    return dict(responsibilities()).get(code, "")


def _severity(grade: int) -> str:
    from egard.journeys.gestures.pages.drawer import severities

    return dict(severities()).get(grade, "")


def _done(request: HttpRequest, uuid: UUID, act: Any, said: str) -> HttpResponse:
    """Back to where it was decided, or the page again with what was refused."""
    try:
        act()
    except Refusal as refusal:
        if isinstance(refusal, NotFound) or (isinstance(refusal, Forbidden) and refusal.code == "access.not_allowed"):
            raise
        return _one(request, uuid, refusal=refusal)
    messages.success(request, said)
    return redirect("/worklist/gestures/" if request.POST.get("next") == "queue" else f"/gestures/{uuid}/")


@require_POST
@staff_page
def approval(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """A second person agrees, to all of it or to less."""
    viewer = viewer_of(request)

    def act() -> None:
        text = request.POST.get("amount", "").strip()
        amount = typed.minor(text, queries.currency(viewer)) if text else None
        operations.approve(viewer, uuid, amount=amount, reason=request.POST.get("reason", ""), now=utc_now())

    return _done(request, uuid, act, _("Agreed: it is given, and the client is told."))


@require_POST
@staff_page
def refusal(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """A second person does not agree, and says why."""
    viewer = viewer_of(request)
    reason = request.POST.get("reason", "")
    return _done(
        request,
        uuid,
        lambda: operations.refuse(viewer, uuid, reason=reason, now=utc_now()),
        _("Not agreed to: your colleague sees why."),
    )


@require_POST
@staff_page
def reversal(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """It was a mistake, and is taken back."""
    viewer = viewer_of(request)
    reason = request.POST.get("reason", "")
    return _done(
        request, uuid, lambda: operations.reverse(viewer, uuid, reason=reason, now=utc_now()), _("Taken back.")
    )
