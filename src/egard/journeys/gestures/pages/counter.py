"""The counter: a voucher is scanned or typed, seen, and used, with one hand on a phone."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from egard.base.clock import utc_now
from egard.base.ids import new_id
from egard.base.refusal import Forbidden, Refusal
from egard.console.context import viewer_of
from egard.console.pages import staff_page
from egard.console.typed import id_or_none
from egard.journeys.gestures import guesses, shown, typed, vouchers
from egard.journeys.gestures.models import Redemption
from egard.journeys.gestures.refusals import UnknownVoucher
from egard.journeys.gestures.rules import codes
from egard.kernel.access.actors import Viewer
from egard.kernel.access.models import Site
from egard.kernel.access.operations import log_sight
from egard.portal.pages import place_of


@require_http_methods(["GET", "POST"])
@staff_page
def counter(request: HttpRequest) -> HttpResponse:
    """Look at a voucher by its code, which is posted: no log of addresses keeps it. A post with a key uses it, all or a
    part; what was used is shown by its own id.
    """
    viewer, now = viewer_of(request), utc_now()
    viewer.require(vouchers.REDEEM)
    typed_code, refusal, held = request.POST.get("code", "")[:100], None, None
    try:
        if typed_code.strip():
            guesses.require_room(viewer, place_of(request), now=now)
            held = vouchers.check(viewer, typed_code, now=now)
            log_sight(viewer, "voucher", detail=codes.hidden(held.code), now=now)
            if "key" in request.POST:
                return redirect(f"/counter/?used={_use(viewer, request, held).uuid}")
    except Refusal as told:
        if isinstance(told, Forbidden):
            raise
        if isinstance(told, UnknownVoucher):
            guesses.note(viewer, place_of(request), now=now)
        refusal = told
    done = vouchers.use_of(viewer, id_or_none(request.GET.get("used", "")))
    held = vouchers.named(viewer, str(done.voucher.uuid), now=now) if done else held
    context: dict[str, Any] = {
        "typed": typed_code,
        "held": held,
        "code": codes.shown(held.code) if held else "",
        "left": shown.money(held.left.amount, held.left.currency) if held else "",
        "amount": shown.money(held.amount.amount, held.amount.currency) if held else "",
        "currency": held.left.currency if held else "",
        "channels": [vouchers.channel_words().get(one, one) for one in held.channels] if held else [],
        "done": done,
        "done_amount": shown.money(done.amount, held.left.currency) if held and done else "",
        "may_undo": done is not None and now - done.at < vouchers.OWN_UNDO,
        "refusal": refusal,
        "wanted": request.POST.get("amount", ""),
        "key": str(new_id()),
        "now": now,
    }
    answer = render(request, "gestures/counter.html", context, status=refusal.status if refusal else 200)
    if refusal and refusal.status == 429:
        answer.headers["Retry-After"] = str(refusal.context["seconds"])
    return answer


def _use(viewer: Viewer, request: HttpRequest, held: vouchers.Checked) -> Redemption:
    text = request.POST.get("amount", "").strip()
    amount = typed.minor(text, held.left.currency) if text else None
    site = Site.objects.filter(pk=viewer.site_ids[0]).first() if viewer.site_ids else None
    return vouchers.redeem(
        viewer, held.code, amount, channel="shop", site=site, reference=request.POST.get("reference", "")[:100],
        key=f"page:{viewer.actor}:{request.POST.get('key', '')[:64]}", now=utc_now(),
    )  # fmt: skip


@require_POST
@staff_page
def undoing(request: HttpRequest) -> HttpResponse:
    """A use that was a mistake is undone."""
    used = id_or_none(request.POST.get("used", ""))
    if used is not None:
        vouchers.undo(viewer_of(request), used, reason=request.POST.get("reason", ""), now=utc_now())
        messages.success(request, _("Undone: the amount is on the voucher again."))
    return redirect("gestures:counter")
