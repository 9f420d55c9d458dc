"""Who may decide what alone: the delegations of the house, each with its trail, and the trainings that they ask for."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from egard.base.clock import utc_now
from egard.base.money import exponent
from egard.base.refusal import Refusal
from egard.console.context import viewer_of
from egard.console.moments import day_words
from egard.console.pages import staff_page
from egard.console.typed import id_of, read_amount, read_day
from egard.kernel.access import audit
from egard.kernel.access import queries as access
from egard.kernel.access.actors import Viewer
from egard.kernel.delegations import operations, queries
from egard.kernel.delegations.deciding import amount_words, authority_named
from egard.kernel.delegations.models import Delegation
from egard.kernel.delegations.reasons import BadDelegation
from egard.kernel.registry import registry

AMOUNTS = ("per_act", "per_day", "per_person")
SHOWN_MAX = 200


@staff_page
def listing(request: HttpRequest) -> HttpResponse:
    """What is delegated, by authority, to whom, and how it stands; a form for one more."""
    viewer, now = viewer_of(request), utc_now()
    viewer.require(queries.READ)
    refusal: Refusal | None = None
    if request.method == "POST":
        viewer.require_everywhere(queries.MANAGE)
        try:
            row = _delegate(viewer, request.POST, now=now)
        except Refusal as error:
            refusal = error
        else:
            messages.success(request, _("Delegated."))
            return redirect("console:delegation", row.pk)
    over = "over" in request.GET
    rows = queries.delegations(viewer, over=over, now=now, limit=SHOWN_MAX).items
    held = queries.holders(viewer, rows, now=now)
    context = {
        "groups": [
            (one, [shown(row, held[row.pk], now) for row in rows if row.authority == one.name]) for one in known()
        ],
        "over": over,
        "refusal": refusal,
        "typed": request.POST if refusal else {},
        "now": now,
        **_offers(viewer),
    }
    return render(request, "console/delegations/list.html", context, status=refusal.status if refusal else 200)


@staff_page
def one(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """One of them: who holds it now, its limits to change, what was decided by it, and its trail."""
    viewer, now = viewer_of(request), utc_now()
    row = queries.delegation(viewer, uuid)
    refusal: Refusal | None = None
    if request.method == "POST":
        viewer.require_everywhere(queries.MANAGE)
        try:
            _change(viewer, row, request.POST, now=now)
        except Refusal as error:
            refusal = error
        else:
            messages.success(request, _("Kept."))
            return redirect("console:delegation", uuid)
    holders = queries.holders(viewer, [row], now=now)[row.pk]
    names = {str(place.pk): place.name for place in (*access.teams(viewer), *access.sites(viewer))}
    names |= {course.code: course.name for course in queries.courses(viewer)}
    who = audit.lookers(change.by for change in row.history)
    trail = [
        {"change": change, "who": who[change.by], "told": told(row.unit, change.values, before, names)}
        for change, before in zip(row.history, [*(c.values for c in row.history[1:]), None], strict=True)
    ]
    context = {
        "row": row,
        "shown": shown(row, holders, now),
        "authority": registry.authorities.get(row.authority),
        "holders": holders,
        "uses": queries.uses(viewer, row, limit=20).items,
        "trail": trail,
        "refusal": refusal,
        "typed": request.POST if refusal else values_of(row),
        "now": now,
        **_offers(viewer),
        "unit": row.unit,
    }
    return render(request, "console/delegations/one.html", context, status=refusal.status if refusal else 200)


@require_GET
@staff_page
def mine(request: HttpRequest) -> HttpResponse:
    """What she may decide alone herself, and until when her trainings hold."""
    viewer, now = viewer_of(request), utc_now()
    rows = []
    for standing in queries.mine(viewer, now=now):
        row, until = standing.delegation, standing.trained_until
        declared = registry.authorities.get(row.authority)
        rows.append(
            {
                "row": row,
                "what": declared.label if declared else row.authority,
                "standing": standing,
                "limits": [
                    (LABELS[name](), amount_words(value, row.unit)) for name in AMOUNTS if (value := getattr(row, name))
                ],
                "last": last_day(row.valid_until),
                "trained": last_day(until) if standing.state == "holds" else None,
                "soon": until is not None and until - now < timedelta(days=30),
            }
        )
    return render(request, "console/delegations/mine.html", {"rows": rows, "now": now})


@require_POST
@staff_page
def end(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """It holds no longer."""
    viewer, now = viewer_of(request), utc_now()
    viewer.require_everywhere(queries.MANAGE)
    row = queries.delegation(viewer, uuid)
    operations.end(row, reason=request.POST.get("reason", ""), by=viewer.actor, now=now)
    messages.success(request, _("Ended. It holds no longer."))
    return redirect("console:delegation", uuid)


@staff_page
def trainings(request: HttpRequest) -> HttpResponse:
    """Who is trained in what, the first to lapse first; a form to record one."""
    viewer, now = viewer_of(request), utc_now()
    viewer.require(queries.READ)
    refusal: Refusal | None = None
    if request.method == "POST":
        viewer.require_everywhere(queries.MANAGE)
        try:
            _train(viewer, request.POST, now=now)
        except Refusal as error:
            refusal = error
        else:
            messages.success(request, _("Kept."))
            return redirect("console:trainings")
    found = queries.trainings(viewer, limit=SHOWN_MAX).items
    context = {
        "trainings": [{"row": row, "state": training_state(row.valid_until, now), "last": last_day(row.valid_until)}
                      for row in found],
        "refusal": refusal,
        "typed": request.POST if refusal else {},
        "now": now,
        **_offers(viewer),
    }  # fmt: skip
    return render(request, "console/delegations/trainings.html", context, status=refusal.status if refusal else 200)


def _delegate(viewer: Viewer, form: QueryDict, *, now: datetime) -> Delegation:
    declared = authority_named(form.get("authority", ""))
    kind, _colon, held = form.get("holder", "").partition(":")
    return operations.delegate(
        declared.name,
        user=access.colleague(viewer, id_of(held)) if kind == "user" else None,
        role=held if kind == "role" else "",
        **read(viewer, form, declared.unit),
        reason=form.get("reason", ""),
        by=viewer.actor,
        now=now,
    )


def _change(viewer: Viewer, row: Delegation, form: QueryDict, *, now: datetime) -> None:
    values = read(viewer, form, row.unit)
    values["training_id"] = operations.course(code).pk if (code := values.pop("training")) else None
    for name in ("team", "site"):
        values[f"{name}_id"] = found.pk if (found := values.pop(name)) else None
    operations.change(
        row,
        version=int(version) if (version := form.get("version", "")).isdecimal() else None,
        reason=form.get("reason", ""),
        by=viewer.actor,
        now=now,
        **values,
    )


def _train(viewer: Viewer, form: QueryDict, *, now: datetime) -> None:
    code = form.get("training", "")
    if name := form.get("name", "").strip():
        code = operations.set_course(slugify(name)[:64], name[:200], by=viewer.actor, now=now).pk
    operations.record_training(
        access.colleague(viewer, id_of(form.get("staff", ""))),
        code,
        valid_until=end_of(form.get("valid_until", ""), "valid_until"),
        by=viewer.actor,
        now=now,
    )


# --- what a form says, and what it is told -------------------------------------------------------------------------


def read(viewer: Viewer, form: QueryDict, unit: str) -> dict[str, Any]:
    """Limits, dates and places as the operations take them. Raises `BadDelegation` for what cannot be read."""
    team, site = form.get("team", ""), form.get("site", "")
    return {
        **{name: amount_of(form.get(name, ""), unit, name) for name in AMOUNTS},
        **{name: int(days) if (days := form.get(name, "").strip()).isdecimal() else 0
           for name in ("period_days", "split_days")},
        "valid_until": end_of(form.get("valid_until", ""), "valid_until"),
        "training": form.get("training", ""),
        "team": access.team(viewer, id_of(team)) if team else None,
        "site": access.site(viewer, id_of(site)) if site else None,
    }  # fmt: skip


def amount_of(text: str, unit: str, name: str) -> int | None:
    """`50`, `12,50`, `1 000.00` in the smallest piece of a unit; None of nothing. Half a cent is refused."""
    if not text.strip():
        return None
    found = read_amount(text, unit)
    if found is None:
        raise BadDelegation(fields={name: _("is no amount")}, names=str(LABELS[name]() if name in LABELS else name))
    return found


def end_of(text: str, name: str) -> datetime | None:
    """The moment after a last day, as `<input type=date>` gives it."""
    if not text.strip():
        return None
    found = read_day(text, after=True)
    if found is None:
        raise BadDelegation(fields={name: _("is no date")}, names=_("last day"))
    return found


def last_day(until: datetime | None) -> Any:
    """The last day on which something holds that ends at a moment."""
    return timezone.localtime(until - timedelta(microseconds=1)).date() if until else None


def values_of(row: Delegation) -> dict[str, Any]:
    """A delegation as its form shows it."""
    return {
        **{name: plain_amount(getattr(row, name), row.unit) for name in AMOUNTS},
        "period_days": row.period_days,
        "split_days": row.split_days,
        "valid_until": day.isoformat() if (day := last_day(row.valid_until)) else "",
        "training": row.training_id or "",
        "team": str(row.team_id or ""),
        "site": str(row.site_id or ""),
    }


def plain_amount(amount: int | None, unit: str) -> str:
    """An amount as a form takes it: `12.50`, `12`."""
    if amount is None:
        return ""
    digits = exponent(unit) if len(unit) == 3 else 0
    written = f"{Decimal(amount).scaleb(-digits):f}"
    return written.removesuffix("." + "0" * digits) if digits else written


LABELS: dict[str, Any] = {
    "per_act": lambda: _("one decision"),
    "per_day": lambda: _("a day"),
    "per_person": lambda: _("to one person"),
    "period_days": lambda: _("days of the period"),
    "split_days": lambda: _("days counted as one decision"),
    "valid_from": lambda: _("first day"),
    "valid_until": lambda: _("last day"),
    "training": lambda: _("training"),
    "team": lambda: _("team"),
    "site": lambda: _("site"),
}


def shown(row: Delegation, holders: list[queries.Holder], now: datetime) -> dict[str, Any]:
    """A delegation as a line of the list: limits in words, and how it stands."""
    over = row.ended_at or (row.valid_until if row.valid_until and row.valid_until <= now else None)
    holding = sum(1 for one in holders if one.standing.state == "holds")
    ends = [one.standing.trained_until for one in holders if one.standing.state == "holds"]
    lapses = min((end for end in ends if end is not None), default=None)
    soon = lapses is not None and lapses - now < timedelta(days=30)
    return {
        "row": row,
        **{name: amount_words(value, row.unit) if (value := getattr(row, name)) else "" for name in AMOUNTS},
        "last": last_day(row.valid_until),
        "over": over,
        "n": len(holders),
        "holding": holding,
        "lapses": last_day(lapses),
        "soon": soon,
        "one": holders[0] if row.user_id and holders else None,
    }


def training_state(until: datetime | None, now: datetime) -> str:
    if until is not None and until <= now:
        return "lapsed"
    return "soon" if until is not None and until - now < timedelta(days=30) else "holds"


def told(
    unit: str, values: dict[str, Any], before: dict[str, Any] | None, names: dict[str, str]
) -> list[tuple[str, str, str]]:
    """What a change says: each value's label, what it is and what it was. Of the first one all that is set."""
    lines = []
    for name, label in LABELS.items():
        now_is, was = values.get(name), before.get(name) if before else None
        if now_is != was:
            was_words = _said(name, was, unit, names) if before else ""
            lines.append((label(), _said(name, now_is, unit, names), was_words))
    return lines


def _said(name: str, value: Any, unit: str, names: dict[str, str]) -> str:
    if value is None:
        return _("none")
    if name in AMOUNTS:
        return amount_words(value, unit)
    if name.startswith("valid_"):
        moment = datetime.fromisoformat(value)
        day = last_day(moment) if name == "valid_until" else timezone.localtime(moment).date()
        return day_words(day, _("j F Y"))
    return names.get(str(value), str(value))


def known() -> list[Any]:
    """What can be delegated, by its label."""
    return sorted(registry.authorities.values(), key=lambda one: str(one.label))


def _offers(viewer: Viewer) -> dict[str, Any]:
    if not viewer.can(queries.MANAGE):
        return {"manages": False}
    return {
        "manages": True,
        "authorities": known(),
        "unit": units.pop() if len(units := {one.unit for one in known()}) == 1 else "",
        "roles": registry.roles.values(),
        "staff": [{"pk": user.pk, "key": str(user.pk), "name": user.name} for user in access.staff(viewer)],
        "teams": access.teams(viewer),
        "sites": access.sites(viewer),
        "courses": queries.courses(viewer),
    }
