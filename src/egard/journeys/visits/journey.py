"""Visits: booked on line, expected in the shop."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from egard.journeys.visits import booking, busy, days, facts, privacy, queries, reception, telling, waitlist
from egard.kernel.registry import (
    Busy,
    Escalation,
    Hooks,
    Job,
    Journey,
    LiveTopic,
    MenuItem,
    Permission,
    PortalItem,
    PromiseKind,
    Scope,
)

_FRONT: dict[str, Scope] = {
    "agent": "all",
    "adviser": "all",
    "host": "site",
    "site_manager": "site",
    "supervisor": "all",
}

journey = Journey(
    name="visits",
    label=_("Visits"),
    facts=(
        facts.Booked,
        facts.Moved,
        facts.Cancelled,
        facts.Arrived,
        facts.Received,
        facts.Ended,
        facts.Missed,
        facts.NotArrived,
    ),
    permissions=(
        Permission(queries.READ, _("see who is expected"), {**_FRONT, "administrator": "all", "auditor": "all"}),
        Permission(queries.BOOK, _("book, move and cancel visits"), {**_FRONT, "administrator": "all"}),
        Permission(queries.RECEIVE, _("welcome visitors"), _FRONT),
        Permission(
            queries.MANAGE,
            _("set hours, reasons and who receives"),
            {"site_manager": "site", "supervisor": "all", "administrator": "all"},
        ),
        Permission(
            queries.FIGURES,
            _("see figures of visits"),
            {"site_manager": "site", "supervisor": "all", "administrator": "all", "analyst": "all", "auditor": "all"},
        ),
    ),
    promises=(
        PromiseKind(
            booking.RECEIVE,
            _("A visit"),
            within="5 min",
            escalation=(Escalation("10 min", ("owner", "lead")),),
            permission=queries.READ,
            icon="calendar",
        ),
        PromiseKind(
            reception.FOLLOW_UP,
            _("What was agreed at a visit"),
            within="7 days",
            warnings=("1 day",),
            escalation=(Escalation("1 day", ("owner", "lead")),),
            permission=queries.READ,
            icon="calendar",
        ),
    ),
    jobs=(
        Job("visits.lapse", booking.lapse_job, every="* * * * *", alone=True),
        Job("visits.offer", waitlist.offer, every="* * * * *", alone=True),
        Job("visits.see_to", days.see_to),
        Job("visits.see_to_all", days.see_to_all, every="* * * * *", alone=True),
        Job("visits.remind", telling.remind_job, every="* * * * *", alone=True),
        Job("visits.not_come", reception.not_come_job, every="* * * * *", alone=True),
    ),
    messages=(
        telling.kind(telling.CONFIRMED, _("Visit booked")),
        telling.kind(telling.CHANGED, _("Visit changed")),
        telling.kind(telling.CANCELLED, _("Visit cancelled")),
        telling.kind(telling.REMINDER, _("Reminder of a visit")),
        telling.kind(waitlist.OFFERED, _("A time that became free"), waitlist.OFFER_FIELDS),
    ),
    live=(LiveTopic(booking.TOPIC, queries.may_hear),),
    busy=(Busy("visits", busy.spans),),
    portal_menu=(
        PortalItem(
            _("My visits"),
            _("Book a visit to a shop; see, move or cancel those to come"),
            "visits:my_list",
            "calendar",
            order=11,
        ),
    ),
    hooks=Hooks(export=privacy.export, erase=privacy.erase),
    menu=(
        MenuItem(
            _("In the shop"),
            "visits:shop",
            "building-store",
            queries.RECEIVE,
            order=20,
            waits="visits:waits",
            topics=booking.TOPIC,
        ),
    ),
    router="egard.journeys.visits.api:router",
    pages="egard.journeys.visits.pages",
)
