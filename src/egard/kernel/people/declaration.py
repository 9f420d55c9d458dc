"""What people declare: the kinds of identifier to begin with, permissions, and what happens on export and erasure."""

from __future__ import annotations

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from egard.kernel.people import copies, duplicates, facts, operations, queries, rules
from egard.kernel.registry import FieldClass as F
from egard.kernel.registry import Hooks, IdentifierKind, Importer, Job, Journey, LiveTopic, Permission, Scope

_FRONT: dict[str, Scope] = {"agent": "all", "adviser": "all", "site_manager": "all", "supervisor": "all"}

declaration = Journey(
    name="people",
    label=_("People"),
    facts=(facts.PersonMerged, facts.PersonUnmerged),
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
        Permission("people.merge", _("merge people and part them again"), {**_FRONT, "administrator": "all"}),
        Permission("people.import", _("import people"), {"administrator": "all"}),
        Permission(
            "people.export",
            _("export all that is held on a person"),
            {"supervisor": "all", "auditor": "all", "administrator": "all"},
        ),
        Permission(
            "people.protect",
            _("say whose file is opened for a reason only"),
            {"supervisor": "all", "hr": "all", "auditor": "all", "administrator": "all"},
        ),
        Permission("people.erase", _("erase a person"), {"administrator": "all"}),
    ),
    importers=(
        Importer(
            kind="people",
            label=_("People"),
            fields={
                "given_name": _("Given name"),
                "family_name": _("Family name"),
                "language": _("Language (fr, en…)"),
                "address": _("Postal address"),
                "country": _("Country (two letters)"),
                "site": _("Home shop (its code)"),
                "role": _("Role (customer, candidate…)"),
                "since": _("Since when the role holds"),
                "identifiers.<kind>": _("A way to reach, or a number"),
                "consents.<purpose>.<channel>": _("Agrees: yes or no"),
                "consents.<purpose>.<channel>.at": _("When that was said"),
            },
            required=(),
            guesses={
                "given_name": "prenom, prenoms, given name, first name, firstname, forename",
                "family_name": "nom, nom de famille, family name, last name, lastname, surname, patronyme",
                "language": "langue, language, lang",
                "address": (
                    "adresse, adresse postale, rue, address, street, complement, code postal, cp, postcode, "
                    "postal code, zip, zip code, ville, city, town, commune"
                ),
                "country": "pays, country, code pays, country code",
                "site": "magasin, boutique, agence, site, store, shop, branch",
                "role": "role, type de client",
                "since": "depuis, client depuis, customer since, since, date d entree",
                "identifiers.email": (
                    "courriel, email, e mail, mail, adresse mail, adresse e mail, adresse email, email address"
                ),
                "identifiers.phone": (
                    "telephone, tel, portable, mobile, phone, phone number, numero de telephone, "
                    "telephone portable, tel portable, gsm"
                ),
                "identifiers.customer_number": (
                    "numero client, n client, no client, num client, client, code client, client id, "
                    "id client, customer number, customer id, customer, numero de client"
                ),
                "identifiers.plate": "immatriculation, plaque, plate, number plate",
                "consents.newsletter.email": "newsletter, lettre d information, abonne newsletter",
                "consents.offers.email": "optin, opt in, opt in email, optin email, offers email",
                "consents.offers.sms": "optin sms, opt in sms, offers sms",
            },
            joins=("address",),
            load="egard.kernel.lifecycle.imports.people:load",
        ),
    ),
    jobs=(Job("people.look_for_duplicates", duplicates.look_at_all, every="7 2 * * *", alone=True),),
    hooks=Hooks(export=copies.export, erase=operations.erase, counts=queries.counts),
)
