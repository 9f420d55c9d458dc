"""Complaints: taken in from anybody by any channel, promised an answer, and measured by what was settled at once."""

from __future__ import annotations

from pathlib import Path

from django.utils.translation import gettext_lazy as _

from egard.journeys.complaints import facts, following, operations, queries, rules, shown
from egard.kernel.registry import (
    CaseListener,
    CaseTypeFile,
    Escalation,
    Hooks,
    Importer,
    Journey,
    Mark,
    MenuItem,
    Panel,
    Permission,
    PortalItem,
    PromiseKind,
    Scope,
)

FOLDER = Path(__file__).parent / "case_types"
NAMES = ("complaint", "stolen_phone", "late_delivery", "wrong_charge", "damaged_goods", "data_request", "incident")
_FRONT: dict[str, Scope] = {"agent": "all", "adviser": "all", "site_manager": "all", "supervisor": "all"}
_LATE = (Escalation("2 business hours", ("owner", "lead")),)

journey = Journey(
    name="complaints",
    label=_("Complaints"),
    facts=(
        facts.ComplaintReceived,
        facts.ComplaintAcknowledged,
        facts.ComplaintAnswered,
        facts.ComplaintClosed,
        facts.ComplaintReopened,
    ),
    permissions=(
        Permission(queries.RECEIVE, _("take in complaints"), {**_FRONT, "administrator": "all"}),
        Permission(
            queries.FIGURES,
            _("see how complaints are settled"),
            {"site_manager": "site", "supervisor": "all", "analyst": "all", "auditor": "all", "administrator": "all"},
        ),
    ),
    promises=(
        PromiseKind(
            "complaints.acknowledge",
            _("Acknowledgement of a complaint"),
            within="10 business days",
            warnings=("1 business day",),
            escalation=_LATE,
            permission="cases.read",
            url=shown.url,
            icon="mail",
            describe=shown.described,
        ),
        PromiseKind(
            "complaints.answer",
            _("Answer to a complaint"),
            within="2 months",
            warnings=("5 business days",),
            escalation=_LATE,
            permission="cases.read",
            url=shown.url,
            icon="message-circle",
            describe=shown.described,
        ),
    ),
    case_types=tuple(CaseTypeFile(name, FOLDER / f"{name}.yaml") for name in NAMES),
    case_listeners=(CaseListener((rules.TYPE,), following.hear),),
    marks=(Mark("complaints.open", shown.READ, shown.open_of),),
    panels=(
        Panel(
            "complaints",
            _("Complaints"),
            "complaints/panel.html",
            context=shown.panel,
            data=shown.data,
            permission=queries.RECEIVE,
            order=30,
        ),
    ),
    menu=(
        MenuItem(_("Complaints"), "complaints:list", "flag", queries.RECEIVE, order=30, key="r"),
        MenuItem(_("New complaint"), "complaints:new", "plus", queries.RECEIVE, order=31),
    ),
    portal_menu=(
        PortalItem(
            _("My complaints"),
            _("Tell us what went wrong, and see where it stands"),
            "complaints:mine",
            "flag",
            order=20,
        ),
    ),
    importers=(
        Importer(
            kind="complaints",
            label=_("Complaints"),
            fields={
                "number": _("Number of the complaint"),
                "received_at": _("When it was received"),
                "acknowledged_at": _("When it was acknowledged"),
                "answered_at": _("When it was answered"),
                "closed_at": _("When it was closed"),
                "open": _("Still open: yes or no"),
                "subject": _("What it is about"),
                "words": _("What the person says"),
                "category": _("Category"),
                "answer": _("What was answered"),
                "outcome": _("What came of it"),
                "channel": _("Channel (shop, web…)"),
                "contact": _("How to reach somebody who is no client"),
                "order_number": _("Order number"),
                "person.<kind>": _("Who complains"),
            },
            required=("number", "received_at"),
            load="egard.journeys.complaints.imports:load",
        ),
    ),
    hooks=Hooks(export=shown.export, erase=operations.erase),
    router="egard.journeys.complaints.api:router",
    pages="egard.journeys.complaints.pages",
)
