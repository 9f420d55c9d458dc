"""What a client has: credits and vouchers, what they are worth, where they work, when they end."""

from __future__ import annotations

from typing import Any

import segno
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import mark_safe
from django.utils.translation import get_language
from django.views.decorators.http import require_GET

from egard.base.clock import utc_now
from egard.journeys.gestures import queries, shown, vouchers
from egard.journeys.gestures.rules import codes
from egard.portal import pages as portal


@require_GET
@portal.portal_page
def mine(request: HttpRequest) -> HttpResponse:
    """Her wallet."""
    me, now = portal.me(request), utc_now()
    held = queries.wallet(me.viewer, me.person, now=now)
    sums: dict[str, int] = {}
    for credit in held.credits:
        sums[credit.currency] = sums.get(credit.currency, 0) + credit.amount
    words = vouchers.channel_words()
    context: dict[str, Any] = {
        "totals": [shown.money(amount, currency) for currency, amount in sums.items()],
        "credits": [(shown.money(one.amount, one.currency), one.ends_at) for one in held.credits],
        "vouchers": [
            {
                "title": _title(one),
                "code": codes.shown(one.voucher.code),
                "left": shown.money(one.left, one.voucher.currency),
                "amount": shown.money(one.voucher.amount, one.voucher.currency),
                "is_whole": one.left == one.voucher.amount,
                "channels": [words.get(name, name) for name in one.voucher.channels],
                "ends_at": one.voucher.expires_at,
                "qr": drawn(one.voucher.code),
            }
            for one in held.vouchers
        ],
        "ended": [
            (shown.money(one.voucher.amount, one.voucher.currency), one.voucher.ended_as, one.voucher.ended_at)
            for one in held.ended[:10]
        ],
        "given": [(rows[0], shown.act_words(rows)) for rows in held.given[:10]],
    }
    return portal.render(request, "gestures/wallet", context)


def _title(one: queries.Held) -> str:
    kind = one.catalogue.kinds.get(one.kind) if one.catalogue else None
    return kind.title.said(get_language() or "en") if kind else ""


def drawn(code: str) -> str:
    """The QR code as SVG: it opens the counter at this voucher, or says the code where the house has no address."""
    told = f"{settings.URL}/counter/#{code}" if settings.URL else codes.shown(code)
    svg = segno.make_qr(told, error="m").svg_inline(scale=1, border=2, omitsize=True, dark="#000", svgclass="qr")
    return mark_safe(svg)  # noqa: S308  # ours alone: the code's signs are letters and digits
