"""The declaration: the only thing that Egard reads of this package."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from egard.kernel.people.rules import normalise_text
from egard.kernel.registry import (
    Action,
    Authority,
    Filter,
    Hooks,
    IdentifierKind,
    Journey,
    OpenItems,
    Panel,
    Permission,
    Reaction,
    Worklist,
)
from egard_parcels import facts, operations, queries

journey = Journey(
    name="parcels",
    label=_("Parcels"),
    facts=(facts.ParcelSent, facts.ParcelLost),
    identifier_kinds=(IdentifierKind("parcel_number", _("Parcel number"), normalise_text, shared=True),),
    reactions=(
        Reaction("parcels.keep", facts=("parcels.sent/1", "parcels.lost/1"), handle=operations.keep, history="apply"),
    ),
    permissions=(Permission(queries.READ, _("see parcels"), {"agent": "all", "administrator": "all"}),),
    panels=(
        Panel(
            "parcels",
            _("Parcels"),
            "egard_parcels/panel.html",
            context=queries.panel,
            data=queries.data,
            permission=queries.READ,
            order=90,
        ),
    ),
    open=(OpenItems("parcels", queries.READ, queries.under_way, portal=True),),
    worklists=(
        Worklist(
            "lost-parcels",
            _("Lost parcels"),
            queries.READ,
            "package",
            queries.lost,
            item=queries.parcel,
            count=queries.count_lost,
            actions=(
                Action(
                    "parcels.settle",
                    _("Settle"),
                    queries.READ,
                    run=operations.settle,
                    undo=operations.unsettle,
                    key="e",
                    icon="check",
                ),
            ),
            filters=(Filter("number", _("Number")),),
            key="l",
        ),
    ),
    authorities=(Authority("parcels.compensate", _("Compensate a lost parcel"), roles=("agent", "supervisor")),),
    hooks=Hooks(export=queries.export, erase=operations.erase, counts=queries.counts),
    router="egard_parcels.api:router",
)
