"""The counter: a voucher is scanned or typed, seen, and used, with one hand on a phone."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from egard.base.clock import utc_now
from egard.base.ids import new_id
from egard.base.refusal import Forbidden, Refusal
from egard.console.context import viewer_of
from egard.console.pages import staff_page
from egard.journeys.gestures import shown, typed, vouchers
from egard.journeys.gestures.rules import codes
from egard.kernel.access.actors import Viewer
from egard.kernel.access.models import Site
from egard.kernel.access.operations import log_sight


@require_http_methods(["GET", "POST"])
@staff_page
def counter(request: HttpRequest) -> HttpResponse:
    """Look at a voucher by its code; a post uses it, all of it or a part."""
    viewer, now = viewer_of(request), utc_now()
    viewer.require(vouchers.REDEEM)
    asked = request.POST if request.method == "POST" else request.GET
    typed_code, refusal, used = asked.get("code", "")[:100], None, None
    if request.method == "POST":
        try:
            used = _use(viewer, request, typed_code)
        except Refusal as told:
            if isinstance(told, Forbidden):
                raise
            refusal = told
        else:
            return redirect(f"/counter/?code={used.voucher.code}&used={used.uuid}")
    held = None
    if typed_code.strip() and (refusal is None or refusal.code != "gestures.unknown_voucher"):
        try:
            held = vouchers.check(viewer, typed_code, now=now)
        except Refusal as told:
            refusal = refusal or told
        else:
            log_sight(viewer, "voucher", detail=codes.hidden(held.code), now=now)
    done = vouchers.use_of(viewer, held, _uuid(request.GET.get("used", ""))) if held else None
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
        "refusal": refusal,
        "wanted": request.POST.get("amount", ""),
        "key": str(new_id()),
        "now": now,
    }
    return render(request, "gestures/counter.html", context, status=refusal.status if refusal else 200)


def _use(viewer: Viewer, request: HttpRequest, code: str) -> Any:
    held = vouchers.check(viewer, code, now=utc_now())
    text = request.POST.get("amount", "").strip()
    amount = typed.minor(text, held.left.currency) if text else None
    site = Site.objects.filter(pk=viewer.site_ids[0]).first() if viewer.site_ids else None
    return vouchers.redeem(
        viewer, code, amount, channel="shop", site=site, reference=request.POST.get("reference", "")[:100],
        key=f"page:{viewer.actor}:{request.POST.get('key', '')[:64]}", now=utc_now(),
    )  # fmt: skip


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


@require_POST
@staff_page
def undoing(request: HttpRequest) -> HttpResponse:
    """A use that was a mistake is undone."""
    viewer = viewer_of(request)
    code, used = request.POST.get("code", "")[:100], _uuid(request.POST.get("used", ""))
    if used is not None:
        vouchers.require_of(viewer, code, used, now=utc_now())
        vouchers.undo(viewer, used, reason=request.POST.get("reason", ""), now=utc_now())
    return redirect(f"/counter/?code={codes.read_code(code) or ''}")
