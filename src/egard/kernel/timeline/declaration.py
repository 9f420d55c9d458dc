"""What the timeline declares: its permissions, its importer, and what happens on export and erasure."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from egard.kernel.registry import Hooks, Importer, Journey, Permission
from egard.kernel.timeline import operations, queries

declaration = Journey(
    name="timeline",
    label=_("Timeline"),
    permissions=(
        Permission(
            "timeline.read",
            _("read what happened"),
            {
                "agent": "all",
                "adviser": "all",
                "site_manager": "all",
                "supervisor": "all",
                "auditor": "all",
                "administrator": "all",
            },
        ),
        Permission("timeline.record", _("record what happened"), {"administrator": "all"}),
    ),
    importers=(
        Importer(
            kind="events",
            label=_("Events"),
            fields={
                "kind": "the kind of fact (purchases.made/1); often a constant",
                "key": "its name for ever",
                "at": "when it happened",
                "channel": "shop, web, phone…",
                "person.<kind>": "an identifier of the person",
                "data.<field>": "a field of the fact",
            },
            required=("kind", "key", "at"),
            load="egard.kernel.lifecycle.imports.events:load",
        ),
    ),
    hooks=Hooks(export=operations.export, erase=operations.erase, counts=queries.counts),
)
