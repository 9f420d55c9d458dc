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
                "kind": _("Kind of fact (purchases.made/1)"),
                "key": _("Its number, unique for ever"),
                "at": _("When it happened"),
                "channel": _("Channel (shop, web, phone…)"),
                "person.<kind>": _("Whom it is about"),
                "data.<field>": _("A detail of the fact"),
            },
            required=("kind", "key", "at"),
            guesses={
                "kind": "type, kind, evenement, event",
                "key": "cle, key, identifiant, id, ticket, message id",
                "at": "date, at, quand, le, date et heure, timestamp, horodatage",
                "channel": "canal, channel",
                "person.customer_number": (
                    "client, numero client, n client, carte, code client, customer, customer id, customer number"
                ),
                "person.email": "courriel, email, e mail, mail, adresse mail",
                "person.phone": "telephone, tel, mobile, portable, phone",
            },
            load="egard.kernel.lifecycle.imports.events:load",
        ),
    ),
    hooks=Hooks(export=operations.export, erase=operations.erase, counts=queries.counts),
)
