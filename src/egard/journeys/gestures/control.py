"""What control declares: audits, repeat claimants, outcomes. The journey takes it in whole."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from egard.journeys.gestures.audits import operations as audits
from egard.journeys.gestures.audits import queries as asked
from egard.journeys.gestures.claimants import operations as claimants
from egard.journeys.gestures.claimants import queries as standing
from egard.journeys.gestures.outcomes import operations as outcomes
from egard.journeys.gestures.outcomes import queries as figures
from egard.kernel.registry import Action, Job, LiveTopic, MenuItem, Permission, Reaction, Scope, Worklist

_FRONT: dict[str, Scope] = {"agent": "all", "adviser": "all", "site_manager": "all", "supervisor": "all"}
FEEDBACK = "gestures.read_feedback"

PERMISSIONS = (
    Permission(asked.AUDIT, _("control gestures"), {"auditor": "all", "administrator": "all"}),
    Permission(asked.PLAN, _("plan the control of gestures"), {"auditor": "all", "administrator": "all"}),
    Permission(FEEDBACK, _("read what is said of their own gestures"), {**_FRONT, "administrator": "all"}),
    Permission(
        standing.LOOK,
        _("look at repeat claimants"),
        {"site_manager": "site", "supervisor": "all", "auditor": "all", "administrator": "all"},
    ),
    Permission(
        figures.FIGURES,
        _("compare complaints with and without a gesture"),
        {"site_manager": "site", "supervisor": "all", "analyst": "all", "auditor": "all", "administrator": "all"},
    ),
)
REACTIONS = (
    Reaction("gestures.orders", facts=(claimants.ORDERED,), handle=claimants.keep_orders, history="apply"),
    Reaction("gestures.outcomes", facts=outcomes.FACTS, handle=outcomes.keep_outcomes, history="apply"),
)
JOBS = (Job("gestures.look_for_claimants", claimants.look_at_all, every="37 2 * * *", alone=True),)
LIVE = (
    LiveTopic("gesture_audits", lambda viewer, of: not of and viewer.can(asked.AUDIT)),
    LiveTopic("claimants", lambda viewer, of: not of and viewer.can(standing.LOOK)),
)
MENU = (
    MenuItem(_("Control of gestures"), "gestures:audits", "clipboard-check", asked.AUDIT, order=45, part="steering"),
    MenuItem(_("Gesture or none"), "gestures:outcomes", "circle-dashed", figures.FIGURES, order=46, part="steering"),
)
WORKLISTS = (
    Worklist(
        "gesture-feedback",
        _("On my gestures"),
        FEEDBACK,
        "message-circle",
        asked.feedback,
        item=asked.feedback_item,
        count=asked.count_feedback,
        actions=(
            Action(
                "gestures.read_feedback",
                _("Read"),
                FEEDBACK,
                run=audits.read_feedback,
                undo=audits.unread_feedback,
                key="e",
                icon="check",
            ),
        ),
        empty=_("When a controller has something to say of a gesture of yours, it waits here until you have read it."),
        live=("user",),
        snoozes=False,
        order=60,
    ),
    Worklist(
        "claimants",
        _("Clients to look at"),
        standing.LOOK,
        "users",
        standing.claimants,
        item=standing.claimant,
        count=standing.count_claimants,
        actions=(
            Action(
                "gestures.look_at_claimants",
                _("Looked at"),
                standing.LOOK,
                run=claimants.looked,
                undo=claimants.look_again,
                key="e",
                icon="check",
            ),
        ),
        empty=_(
            "Every night all clients are compared: who claims far more often than her orders explain waits here for "
            "somebody to look. Nothing is refused to anybody because of it."
        ),
        live=("claimants",),
        order=65,
    ),
)
