"""What people declare: the kinds of identifier to begin with, permissions, and what happens on export and erasure."""

from __future__ import annotations

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from egard.kernel.people import operations, queries, rules
from egard.kernel.registry import FieldClass as F
from egard.kernel.registry import Hooks, IdentifierKind, Importer, Journey, LiveTopic, Permission, Scope

_FRONT: dict[str, Scope] = {"agent": "all", "adviser": "all", "site_manager": "all", "supervisor": "all"}

declaration = Journey(
    name="people",
    label=_("People"),
    identifier_kinds=(
        IdentifierKind("email", _("E-mail"), rules.normalise_email, reach="email", field_class=F.CONTACT),
        IdentifierKind(
            "phone",
            _("Phone"),
            lambda value: rules.normalise_phone(value, settings.COUNTRY),
            shared=True,
            reach="phone",
            field_class=F.CONTACT,
            display=rules.display_phone,
            search_terms=rules.phone_terms,
        ),
        IdentifierKind("customer_number", _("Customer number"), rules.normalise_text),
        IdentifierKind("user_id", _("User number"), rules.normalise_text),
        IdentifierKind("anonymous_id", _("Visitor number"), rules.normalise_text),
        IdentifierKind("device", _("Device"), rules.normalise_text, shared=True),
        IdentifierKind("plate", _("Number plate"), rules.normalise_plate, shared=True),
    ),
    live=(
        LiveTopic("people", lambda viewer, of: not of and viewer.can(queries.READ)),
        LiveTopic("person", queries.is_visible),
    ),
    permissions=(
        Permission(
            "people.read",
            _("see people"),
            {
                **_FRONT,
                "host": "site",
                "controller": "all",
                "hr": "all",
                "auditor": "all",
                "administrator": "all",
            },
        ),
        Permission("people.edit", _("change what is known of people"), {**_FRONT, "administrator": "all"}),
        Permission("people.import", _("import people"), {"administrator": "all"}),
        Permission(
            "people.export",
            _("export all that is held on a person"),
            {"supervisor": "all", "auditor": "all", "administrator": "all"},
        ),
        Permission("people.erase", _("erase a person"), {"administrator": "all"}),
    ),
    importers=(
        Importer(
            kind="people",
            label=_("People"),
            fields={
                "given_name": "given name",
                "family_name": "family name",
                "language": "fr, en…",
                "address": "postal address, lines joined",
                "country": "ISO 3166 code of two letters",
                "site": "code of the home site",
                "role": "customer, candidate…",
                "since": "since when the role holds",
                "identifiers.<kind>": "one column per kind: email, phone, customer_number…",
                "consents.<purpose>.<channel>": "yes or no",
                "consents.<purpose>.<channel>.at": "when that was said; without it nothing said before is changed",
            },
            required=(),
            load="egard.kernel.lifecycle.imports.people:load",
        ),
    ),
    hooks=Hooks(export=operations.export, erase=operations.erase),
)
