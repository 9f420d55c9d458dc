"""Visits: booked on line, expected in the shop."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from egard.journeys.visits import (
    booking,
    busy,
    days,
    facts,
    fetched,
    privacy,
    queries,
    reception,
    shown,
    telling,
    waitlist,
)
from egard.journeys.visits.briefs import operations as briefing
from egard.journeys.visits.credits import keeping as credits
from egard.kernel.registry import (
    Busy,
    Escalation,
    Hooks,
    Job,
    Journey,
    LiveTopic,
    MenuItem,
    MessageKind,
    Panel,
    Permission,
    PortalItem,
    PromiseKind,
    Reaction,
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
    reactions=(Reaction("visits.credit", facts=credits.FACTS, handle=credits.keep, history="apply"),),
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
            url=shown.url,
        ),
        PromiseKind(
            reception.FOLLOW_UP,
            _("What was agreed at a visit"),
            within="7 days",
            warnings=("1 day",),
            escalation=(Escalation("1 day", ("owner", "lead")),),
            permission=queries.READ,
            icon="calendar",
            url=shown.url,
        ),
    ),
    jobs=(
        Job("visits.lapse", booking.lapse_job, every="* * * * *", alone=True),
        Job("visits.offer", waitlist.offer, every="* * * * *", alone=True),
        Job("visits.see_to", days.see_to),
        Job("visits.see_to_all", days.see_to_all, every="* * * * *", alone=True),
        Job("visits.read_feeds", fetched.read_feeds, every="*/15 * * * *", alone=True),
        Job("visits.read_feed", fetched.read_feed),
        Job("visits.remind", telling.remind_job, every="* * * * *", alone=True),
        Job("visits.briefs", briefing.send_job, every="* * * * *", alone=True),
        Job("visits.forget", reception.forget_job, every="40 3 * * *", alone=True),
        Job("visits.not_come", reception.not_come_job, every="* * * * *", alone=True),
    ),
    messages=(
        MessageKind(briefing.SENT, _("Morning brief"), "visits/messages/brief", briefing.FIELDS),
        MessageKind(briefing.UNREAD, _("Morning brief unread"), "visits/messages/brief_unread", briefing.UNREAD_FIELDS),
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
    hooks=Hooks(export=privacy.export, erase=privacy.erase, merge=credits.merged, unmerge=credits.merged),
    panels=(
        Panel(
            "visits",
            _("Visits to shops"),
            "visits/panel.html",
            context=shown.panel,
            data=shown.panel_data,
            permission=queries.READ,
            order=18,
        ),
    ),
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
        MenuItem(_("Calendar"), "visits:calendars", "calendar", queries.READ, order=21),
        MenuItem(_("Visits: shops and reasons"), "visits:settings", "settings", queries.MANAGE, order=70, part="house"),
    ),
    router="egard.journeys.visits.api:router",
    pages="egard.journeys.visits.pages",
)
