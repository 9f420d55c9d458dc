"""Payments of clients, what differs from the provider's books, and the sandbox's cards."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from egard.base.clock import utc_now
from egard.base.ids import new_id
from egard.base.money import Money
from egard.base.refusal import NotFound, Refusal
from egard.console.context import viewer_of
from egard.console.delegations import amount_of, plain_amount
from egard.console.pages import staff_page
from egard.kernel.access import audit
from egard.kernel.access.actors import Viewer
from egard.kernel.access.operations import log_sight
from egard.kernel.ledger.units import words as amount_words
from egard.kernel.payments import carrying, operations, port, queries, reconciling, refusals
from egard.kernel.payments.models import Command, Payment
from egard.kernel.payments.sandbox import CARDS, PREFIX, Sandbox
from egard.kernel.people.guard import require_reason
from egard.kernel.registry import FieldClass

STATES: dict[str, tuple[str, Any]] = {
    "asked": ("waiting", gettext_lazy("No answer yet")),
    "challenge": ("waiting", gettext_lazy("The client has to confirm")),
    "authorized": ("waiting", gettext_lazy("Authorized")),
    "captured": ("kept", gettext_lazy("Paid")),
    "declined": ("broken", gettext_lazy("Declined")),
    "voided": ("", gettext_lazy("Let go")),
    "lapsed": ("risk", gettext_lazy("Authorization lapsed")),
}
WHAT: dict[str, Any] = {
    "authorize": gettext_lazy("Authorization"),
    "capture": gettext_lazy("Capture"),
    "void": gettext_lazy("Letting go"),
    "refund": gettext_lazy("Refund"),
}
OUTCOMES: dict[str, tuple[str, Any]] = {
    "": ("waiting", gettext_lazy("No answer yet")),
    "challenge": ("waiting", gettext_lazy("The client has to confirm")),
    "approved": ("kept", gettext_lazy("Done")),
    "declined": ("broken", gettext_lazy("Declined")),
    "lapsed": ("risk", gettext_lazy("Lapsed")),
}
KINDS: dict[str, Any] = {
    "unknown_here": gettext_lazy("Moved at the provider, and not here"),
    "missing_there": gettext_lazy("Moved here, and not at the provider"),
    "amount": gettext_lazy("Not the same amount"),
    "ledger": gettext_lazy("The accounts say something else than the payments"),
    "overdue": gettext_lazy("No answer for more than a day"),
}
CODES: dict[str, Any] = {
    "insufficient_funds": gettext_lazy("not enough money on the card"),
    "challenge_failed": gettext_lazy("not confirmed by the client"),
    "challenge_expired": gettext_lazy("the client did not confirm in time"),
    "card_closed": gettext_lazy("the card takes no money back"),
    "lapsed": gettext_lazy("the authorization had lapsed"),
}
BACK_DAYS = 7
SHOWN_MAX = 100


class NothingTyped(Refusal):
    """A refund needs an amount."""

    code = "console.no_amount"
    message = gettext_lazy("Type an amount, such as 12.50, or leave the field as it is.")


@require_GET
@staff_page
def listing(request: HttpRequest) -> HttpResponse:
    """The latest payments, by state."""
    viewer, now = viewer_of(request), utc_now()
    viewer.require(queries.READ)
    state = request.GET.get("state", "")
    state = state if state in STATES else ""
    cursor = request.GET.get("cursor")
    if cursor is None:
        log_sight(viewer, "list", detail="payments", now=now)
    page = queries.payments(viewer, state=state, limit=50, cursor=cursor)
    context = {
        "rows": [shown(viewer, row) for row in page.items],
        "next": page.next,
        "state": state,
        "states": [(name, label) for name, (_tone, label) in STATES.items()],
        "now": now,
        **_tabs(viewer),
    }
    return render(request, "console/payments/list.html", context)


@staff_page
def one(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """One payment: what was asked of the provider and what it said, and giving money back."""
    viewer, now = viewer_of(request), utc_now()
    row = queries.payment(viewer, uuid)
    require_reason(viewer, row.person)
    refusal: Refusal | None = None
    if request.method == "POST":
        viewer.require(queries.REFUND)
        try:
            asked = _refund(viewer, row, request, now=now)
        except Refusal as error:
            refusal = error
        else:
            said = _("Given back.") if asked.outcome == "approved" else _("Asked of the provider.")
            messages.success(request, said)
            return redirect("console:payment", uuid)
    else:
        log_sight(viewer, "payment", person_id=row.person.pk, detail=str(uuid), now=now)
    left = row.captured - row.refunded - sum(c.amount for c in row.commands if c.what == "refund" and not c.outcome)
    context = {
        **shown(viewer, row),
        "commands": [command_shown(command, row.currency) for command in row.commands],
        "refunds": viewer.can(queries.REFUND) and left > 0,
        "left": plain_amount(left, row.currency),
        "left_words": amount_words(left, row.currency),
        "challenge": _challenge(row),
        "refusal": refusal,
        "typed": request.POST if refusal else {},
        "key": str(new_id()),
        "now": now,
    }
    return render(request, "console/payments/one.html", context, status=refusal.status if refusal else 200)


def _refund(viewer: Viewer, row: Payment, request: HttpRequest, *, now: Any) -> Command:
    amount = amount_of(request.POST.get("amount", ""), row.currency, "amount")
    if amount is None:
        raise NothingTyped
    asked = operations.refund(
        row,
        Money(amount, row.currency),
        to="wallet" if request.POST.get("to") == "wallet" else "card",
        reason=request.POST.get("reason", "")[: operations.REASON_MAX],
        key=request.POST.get("key", "")[: operations.KEY_MAX],
        by=viewer.actor,
        now=now,
    )
    carrying.settle(row, now=now)
    asked.refresh_from_db()
    return asked


@require_POST
@staff_page
def answer(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """In the sandbox alone: confirm in the client's place, or not."""
    viewer, now = viewer_of(request), utc_now()
    viewer.require(queries.TAKE)
    row = queries.payment(viewer, uuid)
    challenge = _challenge(row)
    if challenge is None:
        raise NotFound
    Sandbox().answer_challenge(str(challenge.pk), passed="yes" in request.POST, now=now)
    carrying.try_now(challenge, now=now)
    carrying.settle(row, now=now)
    return redirect("console:payment", uuid)


@staff_page
def differences(request: HttpRequest) -> HttpResponse:
    """What differs from the provider's books; compared each night, and by a click."""
    viewer, now = viewer_of(request), utc_now()
    viewer.require(queries.RECONCILE)
    refusal: Refusal | None = None
    if request.method == "POST":
        viewer.require_everywhere(queries.RECONCILE)
        try:
            reconciling.reconcile(since=now - timedelta(days=BACK_DAYS), until=now, by=viewer.actor, now=now)
        except port.Unreachable:
            refusal = refusals.Away()
        else:
            return redirect("console:payment_differences")
    settled = "settled" in request.GET
    found = queries.differences(viewer, settled=settled, limit=SHOWN_MAX).items
    who = audit.lookers(row.settled_by for row in found if row.settled_by)
    context = {
        "rows": [
            {
                "row": row,
                "kind": KINDS.get(row.kind, row.kind),
                "ours": amount_words(row.ours, row.currency) if row.ours is not None else "",
                "theirs": amount_words(row.theirs, row.currency) if row.theirs is not None else "",
                "who": who.get(row.settled_by),
            }
            for row in found
        ],
        "runs": queries.reconciliations(viewer, limit=5).items,
        "settled": settled,
        "refusal": refusal,
        "now": now,
        **_tabs(viewer),
    }
    return render(request, "console/payments/differences.html", context, status=refusal.status if refusal else 200)


@require_POST
@staff_page
def settle(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Somebody looked into a difference."""
    viewer = viewer_of(request)
    viewer.require_everywhere(queries.RECONCILE)
    reconciling.settle_difference(uuid, note=request.POST.get("note", ""), by=viewer.actor, now=utc_now())
    messages.success(request, _("Settled."))
    return redirect("console:payment_differences")


@require_GET
@staff_page
def sandbox(request: HttpRequest) -> HttpResponse:
    """What each card of the sandbox does."""
    viewer = viewer_of(request)
    viewer.require(queries.READ)
    if port.provider().name != Sandbox.name:
        raise NotFound
    cards = [(f"{PREFIX}{name}", said) for name, said in CARDS.items()]
    return render(request, "console/payments/sandbox.html", {"cards": cards, **_tabs(viewer)})


def shown(viewer: Viewer, row: Payment) -> dict[str, Any]:
    """A payment as a line shows it."""
    tone, word = STATES[row.state]
    top = row.person.root or row.person
    return {
        "row": row,
        "tone": tone,
        "word": word,
        "person": top,
        "named": viewer.can("people.read") and viewer.sees(FieldClass.IDENTITY),
        "amount": amount_words(row.amount, row.currency),
        "captured": amount_words(row.captured, row.currency),
        "refunded": amount_words(row.refunded, row.currency) if row.refunded else "",
        "code": CODES.get(row.code, row.code),
    }


def command_shown(command: Command, currency: str) -> dict[str, Any]:
    tone, word = OUTCOMES[command.outcome]
    return {
        "row": command,
        "what": WHAT[command.what],
        "amount": amount_words(command.amount, currency),
        "tone": tone,
        "word": word,
        "code": CODES.get(command.code, command.code),
    }


def _challenge(row: Payment) -> Command | None:
    """The authorization that waits for the client, in the sandbox."""
    if row.provider != Sandbox.name or row.state != "challenge":
        return None
    return next((command for command in row.commands if command.outcome == "challenge"), None)


def _tabs(viewer: Viewer) -> dict[str, Any]:
    return {"compares": viewer.can(queries.RECONCILE), "in_sandbox": port.provider().name == Sandbox.name}
