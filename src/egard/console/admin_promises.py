"""The house's calendars, and whether anybody may see what is kept of promises."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from egard.base.calendars.calendar import WEEKDAYS
from egard.base.clock import utc_now
from egard.base.refusal import Refusal
from egard.console.context import viewer_of
from egard.console.pages import staff_page
from egard.kernel.promises import operations, queries
from egard.kernel.promises.models import CalendarVersion

DAYS: dict[str, Any] = {
    # Django says the days within sentences by the bare words.
    "mon": pgettext_lazy("a line of its own", "Monday"),
    "tue": pgettext_lazy("a line of its own", "Tuesday"),
    "wed": pgettext_lazy("a line of its own", "Wednesday"),
    "thu": pgettext_lazy("a line of its own", "Thursday"),
    "fri": pgettext_lazy("a line of its own", "Friday"),
    "sat": pgettext_lazy("a line of its own", "Saturday"),
    "sun": pgettext_lazy("a line of its own", "Sunday"),
}
HOLIDAYS: dict[str, Any] = {
    "": gettext_lazy("None: open on public holidays"),
    "FR": gettext_lazy("France"),
    "FR-57": gettext_lazy("Alsace and Moselle"),
    "FR-971": gettext_lazy("Guadeloupe"),
    "FR-972": gettext_lazy("Martinique"),
    "FR-973": gettext_lazy("French Guiana"),
    "FR-974": gettext_lazy("La Réunion"),
    "FR-976": gettext_lazy("Mayotte"),
    "BE": gettext_lazy("Belgium"),
    "CH": gettext_lazy("Switzerland"),
    "LU": gettext_lazy("Luxembourg"),
    "DE": gettext_lazy("Germany"),
    "GB": gettext_lazy("United Kingdom"),
}
CLOSED = "closed"


@staff_page
def promises(request: HttpRequest) -> HttpResponse:
    """Each calendar with a form, a form for one more, and the switch."""
    viewer, now = viewer_of(request), utc_now()
    viewer.require_everywhere(queries.MANAGE)
    refusal: Refusal | None = None
    typed: QueryDict | None = None
    if request.method == "POST":
        try:
            if "publish" in request.POST:
                operations.publish(request.POST["publish"] == "yes", by=viewer.actor, now=now)
            else:
                name = request.POST.get("name", "").strip()[:200]
                code = (request.POST.get("code") or slugify(name))[:64]
                operations.set_calendar(code, read(request.POST), name=name, by=viewer.actor, now=now)
        except Refusal as error:
            refusal, typed = error, request.POST
        else:
            messages.success(request, _("Kept."))
            return redirect("console:admin_promises")
    found = [shown(one) for one in queries.calendars(viewer)]
    if typed:
        found = [written(typed) if one["code"] == typed.get("code") else one for one in found]
    context = {
        "calendars": found,
        "new": written(typed) if typed and not typed.get("code") else blank(),
        "holidays": HOLIDAYS.items(),
        "published": queries.is_published(None),
        "refusal": refusal,
    }
    return render(request, "console/promises/admin.html", context, status=refusal.status if refusal else 200)


def read(form: QueryDict) -> dict[str, Any]:
    """The calendar that a form describes; what it says is checked by the operation."""
    week = {day: _hours(form.get(day, "")) for day in WEEKDAYS if form.get(day, "").strip()}
    exceptions = {}
    for line in form.get("exceptions", "").splitlines():
        day, _colon, hours = line.partition(" ")
        if day.strip():
            exceptions[day.strip().rstrip(":")] = [] if hours.strip() in ("", CLOSED, _("closed")) else _hours(hours)
    return {
        "zone": form.get("zone", "").strip(),
        "week": week,
        "holidays": form.get("holidays", ""),
        "exceptions": exceptions,
    }


def _hours(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def shown(calendar: CalendarVersion) -> dict[str, Any]:
    """A calendar as its form shows it."""
    data = calendar.data
    lines = [f"{day} {', '.join(hours) or _('closed')}" for day, hours in data.get("exceptions", {}).items()]
    return {
        "code": calendar.code,
        "name": calendar.name or str(_names().get(calendar.code, calendar.code)),
        "version": calendar.version,
        "zone": data["zone"],
        "holidays": data.get("holidays", ""),
        "days": [(day, label, ", ".join(data["week"].get(day, []))) for day, label in DAYS.items()],
        "exceptions": "\n".join(lines),
    }


def written(form: QueryDict) -> dict[str, Any]:
    """What somebody typed and was refused."""
    return {
        **{name: form.get(name, "") for name in ("code", "name", "zone", "holidays", "exceptions")},
        "days": [(day, label, form.get(day, "")) for day, label in DAYS.items()],
        "open": True,
    }


def blank() -> dict[str, Any]:
    return {"code": "", "name": "", "zone": "Europe/Paris", "holidays": "FR", "exceptions": "",
            "days": [(day, label, "") for day, label in DAYS.items()]}  # fmt: skip


def _names() -> dict[str, str]:
    return {"office": _("Office hours"), "always": _("Day and night")}
