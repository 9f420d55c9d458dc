"""The relational signature: every message carries the brand's own style and speaks of the client."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from egard.journeys.signature import checking, operations, queries, scripts
from egard.kernel.registry import Hooks, Job, Journey, MenuItem, MessageCheck, Panel, Permission, Reaction, Scope

_WRITERS: dict[str, Scope] = {
    "agent": "all",
    "adviser": "all",
    "host": "all",
    "site_manager": "all",
    "supervisor": "all",
    "analyst": "all",
    "auditor": "all",
    "administrator": "all",
}

_READERS: dict[str, Scope] = {
    "agent": "own",
    "adviser": "own",
    "host": "own",
    "site_manager": "site",
    "supervisor": "all",
    "analyst": "all",
    "auditor": "all",
    "administrator": "all",
}

journey = Journey(
    name="signature",
    label=_("Signature"),
    permissions=(
        Permission(queries.CHECK, _("have messages judged by our style"), _WRITERS),
        Permission(queries.PUBLISH, _("publish our style"), {"supervisor": "all", "administrator": "all"}),
        Permission(queries.FIGURES, _("see how alike we write"), _READERS),
    ),
    reactions=(Reaction("signature.score", facts=(operations.SENT,), handle=operations.score, history="apply"),),
    jobs=(Job("signature.put_in_place", operations.put_in_place, every="*/5 * * * *", alone=True),),
    hooks=Hooks(export=operations.export, erase=operations.erase),
    message_checks=(MessageCheck("signature.style", checking.check, moments=checking.moments, by_fields=True),),
    panels=(
        Panel(
            "scripts", _("What to say"), "signature/panel.html", scripts.panel, scripts.data, queries.CHECK, order=180
        ),
    ),
    menu=(
        MenuItem(_("Write well"), "signature:write", "edit", queries.CHECK, order=50, part="writing"),
        MenuItem(_("Our style"), "signature:style", "star", queries.CHECK, order=51, part="writing"),
        MenuItem(_("How we write"), "signature:sent", "eye", queries.FIGURES, order=52, part="steering"),
    ),
    router="egard.journeys.signature.api:router",
    pages="egard.journeys.signature.pages",
)
