"""Purchases: what people bought and gave back, and what that makes them worth."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from egard.journeys.purchases import facts, operations, queries
from egard.kernel.people.rules import normalise_text
from egard.kernel.registry import (
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
                "order_number": "number of the order or invoice",
                "at": "when it was bought",
                "person.<kind>": "an identifier of the buyer: customer_number, email…",
                "quantity": "pieces on this line (1)",
                "unit_price": "price of one piece, in major units",
                "total": "total of the order, where lines carry no price",
                "currency": "ISO 4217; often a constant",
                "sku": "article number of the line",
                "label": "what it is",
                "channel": "shop, web…",
                "site": "code of the shop",
                "cancelled": "a rule that says which rows are cancellations",
                "original": "number of the order that a cancellation takes back",
            },
            required=("order_number", "at"),
            load="egard.journeys.purchases.imports:load",
        ),
    ),
    hooks=Hooks(export=queries.export, counts=queries.counts),
)
