"""Reaching one's own adviser: her line rings, or something is promised."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from egard.journeys.reach import busy, facts, operations, queries, shown, tidying
from egard.journeys.reach.chatting import covering, reception
from egard.journeys.reach.handovers import operations as handing
from egard.kernel.registry import (
    Busy,
    Capability,
    Escalation,
    Hooks,
    Job,
    Journey,
    LiveTopic,
    MenuItem,
    MergeField,
    Panel,
    Permission,
    PortalItem,
    PromiseKind,
    PromiseListener,
    Scope,
)

_FRONT: dict[str, Scope] = {"agent": "all", "adviser": "all", "site_manager": "all", "supervisor": "all"}
_LEADS: dict[str, Scope] = {"site_manager": "all", "supervisor": "all", "administrator": "all"}

journey = Journey(
    name="reach",
    label=_("Reaching one’s adviser"),
    facts=(
        facts.Called,
        facts.Reached,
        facts.Transferred,
        facts.PutOff,
        facts.Abandoned,
        facts.CalledBack,
        facts.HandedOver,
    ),
    permissions=(
        Permission(
            queries.READ,
            _("see who is there, and calls"),
            {**_FRONT, "host": "all", "analyst": "all", "auditor": "all", "administrator": "all"},
        ),
        Permission(
            queries.FIGURES,
            _("see how clients reach us, and staffing"),
            {**_LEADS, "analyst": "all", "auditor": "all"},
        ),
        Permission(queries.ANSWER, _("be reached by clients"), _FRONT),
        Permission(queries.MANAGE, _("set lines, hours and absences of others"), _LEADS),
    ),
    promises=(
        PromiseKind(
            operations.CALL_BACK,
            _("A call back"),
            within="1 business day",
            warnings=("30 min",),
            escalation=(Escalation("30 min", ("owner", "lead")),),
            permission=queries.READ,
            icon="phone-call",
            describe=shown.call_backs,
            says_when=True,
            url=lambda subject: f"/reach/call-backs/{subject.removeprefix(operations.BACK)}/",
        ),
    ),
    promise_listeners=(PromiseListener(operations.BACK, operations.heard),),
    jobs=(
        Job("reach.tidy", tidying.tidy, every="*/5 * * * *", alone=True),
        Job(handing.JOB, handing.hand_over),
        Job(covering.JOB, covering.go_on),
        Job("reach.handovers", handing.sweep, every="*/5 * * * *", alone=True),
    ),
    live=(
        LiveTopic("reach", lambda viewer, of: viewer.can(queries.READ)),
        LiveTopic(operations.DESK, reception.may_hear, portal=True),
    ),
    capabilities=(Capability("reach.reception", reception.reception),),
    busy=(Busy("reach", busy.spans),),
    merge_fields=(MergeField(name="call_link", label=_("A link by which she is called"), fill=shown.call_link),),
    panels=(Panel("reach", _("Calls"), "reach/_panel.html", shown.panel, shown.panel_data, queries.READ, order=16),),
    menu=(
        MenuItem(
            _("My people"),
            "reach:desk",
            "user-heart",
            queries.ANSWER,
            order=25,
            waits="reach:waits",
            topics="inbox reach",
        ),
        MenuItem(_("Desks"), "reach:desks", "phone", queries.MANAGE, order=26, part="steering"),
        MenuItem(_("How we are reached"), "reach:figures", "phone-call", queries.FIGURES, order=55, part="steering"),
    ),
    portal_menu=(
        PortalItem(
            _("Call me"),
            _("Your adviser calls you at the time that you choose"),
            "reach:call_me",
            "phone-call",
            order=12,
        ),
    ),
    hooks=Hooks(export=operations.export, erase=operations.erase),
    router="egard.journeys.reach.api:router",
    pages="egard.journeys.reach.pages",
)
