"""How much friction clients bear before they leave."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from egard.journeys.friction import evaluating, facts, keeping, operations, queries, shown
from egard.kernel.registry import (
    Action,
    Asks,
    Hooks,
    Job,
    Journey,
    LiveTopic,
    MenuItem,
    Panel,
    Permission,
    Reaction,
    Scope,
    Worklist,
)

_FRONT: dict[str, Scope] = {"agent": "all", "adviser": "all", "site_manager": "all", "supervisor": "all"}
_LEADS: dict[str, Scope] = {"site_manager": "all", "supervisor": "all", "administrator": "all"}

journey = Journey(
    name="friction",
    label=_("Friction"),
    facts=(facts.Met, facts.Left, facts.Returned),
    reactions=(Reaction("friction.keep", facts=keeping.FACTS, handle=keeping.keep, history="apply"),),
    permissions=(
        Permission(
            queries.READ, _("see how friction goes with leaving"), {**_LEADS, "analyst": "all", "auditor": "all"}
        ),
        Permission(queries.MANAGE, _("declare changes of processes"), _LEADS),
        Permission(queries.PERSON, _("see what friction somebody met"), {**_FRONT, "auditor": "all"}),
        Permission(operations.LEAVE, _("say that somebody left"), _FRONT),
    ),
    jobs=(Job(operations.JOB, evaluating.evaluate, every="20 2 * * *", alone=True),),
    worklists=(
        Worklist(
            "friction",
            _("Clients about to leave"),
            queries.MANAGE,
            "alert-triangle",
            shown.alert_rows,
            item=shown.alert,
            count=shown.count_alerts,
            actions=(
                Action("friction.seen", _("Noted"), queries.MANAGE, run=operations.note_seen, key="e", icon="check"),
            ),
            empty=_(
                "When a change of a process pushes the people of a place over the level at which clients start to"
                " leave, it stands here, once."
            ),
            live=("friction",),
            snoozes=False,
            order=40,
        ),
    ),
    actions=(
        Action(
            "friction.left",
            _("Has left us"),
            operations.LEAVE,
            run=operations.say_left,
            undo=operations.take_back,
            icon="circle-x",
            asks=Asks(_("Why, as far as we know?"), operations.reasons),
            on="person",
        ),
    ),
    panels=(
        Panel(
            "friction",
            _("Friction"),
            "friction/panel.html",
            context=shown.panel,
            data=shown.data,
            permission=queries.PERSON,
            order=28,
        ),
    ),
    live=(LiveTopic("friction", lambda viewer, of: viewer.can(queries.READ)),),
    menu=(
        MenuItem(_("Friction and leaving"), "friction:figures", "user-minus", queries.READ, order=56, part="steering"),
    ),
    hooks=Hooks(export=operations.export),
    router="egard.journeys.friction.api:router",
    pages="egard.journeys.friction.pages",
)
