"""What promises declare: kinds that any house makes, who may see and keep them, and what they put on timelines."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from egard.kernel.promises import facts, operations, queries, shown
from egard.kernel.registry import (
    Escalation,
    Hooks,
    Journey,
    LiveTopic,
    Mark,
    OpenItems,
    Permission,
    PromiseKind,
    Scope,
)

_FRONT: dict[str, Scope] = {"agent": "all", "adviser": "all", "site_manager": "all", "supervisor": "all"}
_LATE = (Escalation("2 business hours", ("owner", "lead")),)

declaration = Journey(
    name="promises",
    label=_("Promises"),
    facts=(facts.PromiseMade, facts.PromiseKept, facts.PromiseBroken, facts.PromiseReleased),
    promises=(
        PromiseKind(
            "promises.answer",
            _("An answer"),
            within="2 business days",
            warnings=("4 business hours",),
            escalation=_LATE,
            icon="message-circle",
        ),
        PromiseKind(
            "promises.call_back",
            _("A call back"),
            within="1 business day",
            warnings=("2 business hours",),
            escalation=_LATE,
            icon="phone-call",
        ),
    ),
    open=(OpenItems("promises", queries.READ, shown.open_items, portal=True),),
    marks=(Mark("promises.broken", queries.READ, shown.broken),),
    live=(LiveTopic("promises", lambda viewer, of: not of and viewer.can(queries.READ)),),
    permissions=(
        Permission(
            queries.READ, _("see promises"), {**_FRONT, "host": "site", "auditor": "all", "administrator": "all"}
        ),
        Permission(queries.MAKE, _("make promises"), {**_FRONT, "administrator": "all"}),
        Permission(queries.KEEP, _("keep, release, pause and extend promises"), {**_FRONT, "administrator": "all"}),
        Permission(
            queries.COCKPIT,
            _("see what is kept of promises"),
            {
                "adviser": "own",
                "site_manager": "site",
                "supervisor": "all",
                "analyst": "all",
                "auditor": "all",
                "administrator": "all",
            },
        ),
        Permission(queries.MANAGE, _("set calendars and what is shown to all"), {"administrator": "all"}),
    ),
    hooks=Hooks(export=shown.export, erase=operations.erase, counts=queries.panel_count),
)
