"""Purchases: what people bought and gave back, and what that makes them worth."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from egard.journeys.purchases import facts, operations, queries
from egard.kernel.people.rules import normalise_text
from egard.kernel.registry import (
    Capability,
    FieldClass,
    Hooks,
    IdentifierKind,
    Importer,
    Journey,
    Panel,
    Permission,
    Reaction,
)

journey = Journey(
    name="purchases",
    label=_("Purchases"),
    facts=(facts.PurchaseMade, facts.PurchaseCancelled),
    identifier_kinds=(
        IdentifierKind(
            "order_number",
            _("Order number"),
            normalise_text,
            shared=True,
            search="ends",
            field_class=FieldClass.HISTORY,
        ),
    ),
    reactions=(Reaction("purchases.value", facts=operations.FACTS, handle=operations.keep_value, history="apply"),),
    permissions=(
        Permission(
            queries.READ,
            _("see what people spend"),
            {
                "agent": "all",
                "adviser": "all",
                "site_manager": "all",
                "supervisor": "all",
                "analyst": "all",
                "auditor": "all",
                "administrator": "all",
            },
        ),
    ),
    panels=(
        Panel(
            "purchases",
            _("Value"),
            "purchases/panel.html",
            context=queries.panel,
            data=queries.data,
            permission=queries.READ,
            order=10,
        ),
    ),
    importers=(
        Importer(
            kind="purchases",
            label=_("Purchases"),
            fields={
                "order_number": _("Number of the order or invoice"),
                "at": _("When it was bought"),
                "person.<kind>": _("Who bought"),
                "quantity": _("Pieces on this line"),
                "unit_price": _("Price of one piece"),
                "total": _("Total of the order"),
                "currency": _("Currency (EUR…)"),
                "sku": _("Article number"),
                "label": _("What it is"),
                "channel": _("Channel (shop, web…)"),
                "site": _("Shop (its code)"),
                "cancelled": _("Cancelled: yes or no"),
                "original": _("Number of the order taken back"),
            },
            required=("order_number", "at"),
            guesses={
                "order_number": (
                    "facture, n facture, no facture, numero facture, numero de facture, commande, "
                    "n commande, numero de commande, ticket, invoice, invoice no, invoiceno, invoice number, "
                    "order, order number, order id, order no"
                ),
                "at": (
                    "date, date facture, date de facture, date d achat, date achat, date commande, "
                    "invoice date, invoicedate, order date, bought at, purchased at"
                ),
                "person.customer_number": (
                    "client, n client, no client, numero client, code client, carte, id client, customer, "
                    "customer id, customerid, customer number"
                ),
                "person.email": "courriel, email, e mail, mail, adresse mail",
                "person.phone": "telephone, tel, mobile, portable, phone",
                "quantity": "quantite, qte, quantity, qty, pieces",
                "unit_price": "prix unitaire, prix, pu, unit price, unitprice, price",
                "total": "total, montant, montant ttc, total ttc, amount",
                "currency": "devise, currency, monnaie",
                "sku": "reference, ref, article, code article, sku, stock code, stockcode",
                "label": "libelle, designation, description, label, produit, product",
                "channel": "canal, channel",
                "site": "magasin, boutique, site, store, shop",
                "cancelled": "annule, annulee, annulation, cancelled",
            },
            load="egard.journeys.purchases.imports:load",
        ),
    ),
    capabilities=(Capability("purchases.spent", queries.spent), Capability("purchases.paid", queries.paid)),
    hooks=Hooks(export=queries.export, counts=queries.counts),
)
