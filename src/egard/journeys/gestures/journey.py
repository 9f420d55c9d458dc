"""Gestures: what staff give to put something right, decided at once within their authority, controlled later."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from egard.journeys.gestures import (
    budgets,
    control,
    facts,
    figures,
    giving,
    jobs,
    offering,
    operations,
    queries,
    refunds,
    shown,
    vouchers,
    worklists,
)
from egard.kernel.registry import (
    Authority,
    Capability,
    CasePanel,
    Escalation,
    Hooks,
    Job,
    Journey,
    LiveTopic,
    MenuItem,
    MessageKind,
    OpenItems,
    Panel,
    PanelAct,
    Permission,
    PortalItem,
    PromiseKind,
    PromiseListener,
    Reaction,
    Scope,
    Worklist,
)

_FRONT: dict[str, Scope] = {"agent": "all", "adviser": "all", "site_manager": "all", "supervisor": "all"}
_LEADS: dict[str, Scope] = {"site_manager": "all", "supervisor": "all"}
_LATE = (Escalation("2 business hours", ("owner", "lead")),)

journey = Journey(
    name="gestures",
    label=_("Gestures"),
    facts=(
        facts.GestureGranted,
        facts.GestureAsked,
        facts.GestureRefused,
        facts.GestureReversed,
        facts.VoucherRedeemed,
        facts.VoucherEnded,
    ),
    permissions=(
        Permission(
            queries.READ, _("see gestures"), {**_FRONT, "analyst": "all", "auditor": "all", "administrator": "all"}
        ),
        Permission(queries.GRANT, _("give gestures"), _FRONT),
        Permission(queries.APPROVE, _("agree to gestures above what one decides alone"), _LEADS),
        Permission(vouchers.REDEEM, _("take vouchers"), {**_FRONT, "host": "all"}),
        Permission(
            budgets.READ,
            _("see budgets of gestures"),
            {**_LEADS, "analyst": "all", "auditor": "all", "administrator": "all"},
        ),
        Permission(budgets.MANAGE, _("set budgets of gestures"), {"supervisor": "all", "administrator": "all"}),
        Permission(
            figures.FIGURES,
            _("see what gestures do"),
            {**_LEADS, "analyst": "all", "auditor": "all", "administrator": "all"},
        ),
        Permission(shown.CATALOGUE, _("set what may be given"), {"administrator": "all"}),
        *control.PERMISSIONS,
    ),
    authorities=(Authority("gestures.grant", _("Give a gesture"), "EUR"),),
    promises=(
        PromiseKind(
            operations.APPROVAL,
            _("Answer to a colleague who wants to give more"),
            within="4 business hours",
            warnings=("1 business hour",),
            escalation=_LATE,
            permission=queries.READ,
            portal=False,
            url=shown.url,
            icon="gift",
            describe=shown.approvals,
        ),
        PromiseKind(
            giving.DELIVER,
            _("Something given to put things right"),
            within="2 business days",
            warnings=("4 business hours",),
            escalation=_LATE,
            permission=queries.READ,
            url=shown.url,
            icon="gift",
            describe=shown.deliveries,
        ),
    ),
    reactions=(
        *control.REACTIONS,
        Reaction("gestures.refunds", facts=(refunds.REFUNDED,), handle=refunds.keep_refunded, history="skip"),
    ),
    promise_listeners=(PromiseListener("gesture:", giving.heard),),
    messages=(
        MessageKind(
            giving.GIVEN_MESSAGE,
            _("Gesture"),
            "gestures/messages/given",
            ("given_name", "lines", "repairs", "url"),
            secret=True,
            permission=vouchers.REDEEM,
        ),
        MessageKind(
            jobs.ENDS_MESSAGE,
            _("Something ends soon"),
            "gestures/messages/ends",
            ("given_name", "title", "left", "ends_at", "code", "url"),
            secret=True,
            permission=vouchers.REDEEM,
        ),
    ),
    jobs=(
        Job("gestures.end_vouchers", jobs.end_vouchers, every="7 * * * *", alone=True),
        Job("gestures.warn_of_ends", jobs.warn_of_ends, every="12 9 * * *", alone=True),
        *control.JOBS,
    ),
    worklists=(
        Worklist(
            "gestures",
            _("Gestures to agree to"),
            queries.APPROVE,
            "gift",
            worklists.rows,
            item=worklists.item,
            count=worklists.count,
            empty=_(
                "When a colleague wants to give more than may be decided alone, it waits here with a promise:"
                " you agree, or say why not."
            ),
            live=("gestures",),
            snoozes=False,
            order=12,
        ),
        *control.WORKLISTS,
    ),
    live=(LiveTopic("gestures", lambda viewer, of: viewer.can(queries.READ)), *control.LIVE),
    case_panels=(
        CasePanel(
            "gestures",
            _("Gestures"),
            "gestures:case_panel",
            queries.READ,
            order=20,
            act=PanelAct(_("Make a gesture"), "v", "gift", queries.GRANT),
        ),
    ),
    panels=(
        Panel(
            "gestures",
            _("Gestures"),
            "gestures/panel.html",
            context=shown.panel,
            data=shown.data,
            permission=queries.READ,
            order=25,
        ),
    ),
    open=(OpenItems("gestures.ending", queries.READ, shown.ending, portal=True),),
    menu=(
        MenuItem(_("Vouchers"), "gestures:counter", "ticket", vouchers.REDEEM, order=40),
        MenuItem(_("Gestures"), "gestures:list", "gift", queries.READ, order=41),
        MenuItem(_("Budgets of gestures"), "gestures:budgets", "shopping-bag", budgets.READ, order=42, part="steering"),
        *control.MENU,
    ),
    portal_menu=(
        PortalItem(
            _("What I have"),
            _("Credits and vouchers: what they are worth, where they work, when they end"),
            "gestures:wallet",
            "gift",
            order=15,
        ),
    ),
    capabilities=(
        Capability("gestures.propose", queries.proposals),
        Capability("gestures.grant", operations.grant),
        Capability("gestures.offers", offering.offers),
    ),
    hooks=Hooks(export=shown.export, erase=operations.erase, counts=shown.counts),
    router="egard.journeys.gestures.api:router",
    pages="egard.journeys.gestures.pages",
)
