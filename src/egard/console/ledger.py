"""The books: accounts with what they hold, the statement of one, closing a period."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from egard.base.clock import utc_now
from egard.base.refusal import Refusal
from egard.console.context import viewer_of
from egard.console.pages import staff_page
from egard.console.streaming import streamed
from egard.console.templatetags.ledger import KINDS
from egard.console.typed import read_day
from egard.kernel.access.actors import Viewer
from egard.kernel.access.operations import log_sight
from egard.kernel.ledger import closing, queries, statements
from egard.kernel.ledger.models import Account
from egard.kernel.people.guard import require_reason


@require_http_methods(["GET", "POST"])
@staff_page
def books(request: HttpRequest) -> HttpResponse:
    """The accounts, by unit and code; and when the books were closed, with a form to close them further."""
    viewer, now = viewer_of(request), utc_now()
    viewer.require(queries.READ)
    refusal: Refusal | None = None
    if request.method == "POST":
        try:
            _close(request, viewer, now)
        except Refusal as error:
            refusal = error
        else:
            messages.success(request, _("The books are closed."))
            return redirect("console:ledger")
    asked = {name: request.GET.get(name, "").replace("\0", "").strip()[:200] for name in ("unit", "q", "kind")}
    narrowed = {"unit": asked["unit"], "code": asked["q"], "kind": asked["kind"]}
    page = queries.accounts(viewer, **narrowed, cursor=request.GET.get("cursor") or None)
    context = {"page": page, "asked": asked, "query": _query(request), "now": now}
    if request.htmx and request.htmx.target == "more":  # type: ignore[attr-defined]
        return render(request, "console/ledger/_accounts.html", context)
    if asked["q"]:
        log_sight(viewer, "list", detail=f"accounts {asked['q']}", now=now)
    context |= {
        "totals": queries.totals(viewer) if viewer.scope(queries.READ) == "all" else [],
        "kinds": KINDS,
        # A period is said by its last day; it ends at the midnight after that.
        "closings": [
            {"last": timezone.localtime(one.until - timedelta(microseconds=1)).date(), "note": one.note}
            for one in queries.closings(viewer)
        ],
        "keeps": viewer.scope(queries.WRITE) == "all",
        "yesterday": (timezone.localtime(now) - timedelta(days=1)).date().isoformat(),
        "refusal": refusal,
    }
    return render(request, "console/ledger/books.html", context, status=refusal.status if refusal else 200)


def _close(request: HttpRequest, viewer: Viewer, now: datetime) -> None:
    """Up to the end of the day that was chosen. Raises `BadClosing`, `NotAllowed`."""
    viewer.require_everywhere(queries.WRITE)
    until = read_day(request.POST.get("day", ""), after=True)
    note = request.POST.get("note", "").replace("\0", "").strip()
    closing.close_period(until=until or now + timedelta(days=1), note=note, by=viewer.actor, now=now)


@require_GET
@staff_page
def account(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """What one account holds, what it is made of, and its statement."""
    viewer, now = viewer_of(request), utc_now()
    held = _seen(viewer, uuid, now)
    since, until = _period(request)
    cursor = request.GET.get("cursor") or None
    page = statements.page(held, since=since, until=until, cursor=cursor)
    others = queries.coded(viewer, [entry.other_code for entry in page.items], held.unit)
    context = {"account": held, "page": page, "others": others, "query": _query(request), "now": now}
    if request.htmx and request.htmx.target == "more":  # type: ignore[attr-defined]
        return render(request, "console/ledger/_entries.html", context)
    context |= {
        "balance": queries.balance(held, now=now),
        "lots": queries.lots(held, now)[:50] if held.lots else [],
        "waiting": queries.waiting(viewer, held, most=50),
        "asked": {name: request.GET.get(name, "") for name in ("since", "until")},
    }
    return render(request, "console/ledger/account.html", context)


@require_GET
@staff_page
def statement(request: HttpRequest, uuid: UUID) -> HttpResponseBase:
    """The statement as CSV, streamed; taking it is a sight of its own."""
    viewer, now = viewer_of(request), utc_now()
    held = _seen(viewer, uuid, now, "export")
    since, until = _period(request)
    name = f"{slugify(held.code.replace(':', '-'))}-{timezone.localtime(now):%Y-%m-%d}.csv"
    pieces = statements.csv_pieces(held, since=since, until=until)
    return streamed(request, pieces, name=name, content_type="text/csv; charset=utf-8")


def _seen(viewer: Viewer, uuid: UUID, now: datetime, what: str = "account") -> Account:
    """The account, and the sight of whose it is. Raises `NotFound`, `ReasonNeeded`."""
    held = queries.holding(viewer, uuid)
    if held.person is not None:
        person = held.person.root or held.person
        require_reason(viewer, person)
        log_sight(viewer, what, person_id=person.pk, detail=str(uuid), now=now)
    return held


def _period(request: HttpRequest) -> tuple[datetime | None, datetime | None]:
    return read_day(request.GET.get("since", "")), read_day(request.GET.get("until", ""), after=True)


def _query(request: HttpRequest) -> str:
    query: Any = request.GET.copy()
    query.pop("cursor", None)
    return query.urlencode()
