"""The facts of buying."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _
from pydantic import AfterValidator, Field

from egard.base.money import Money
from egard.kernel.registry import Identifies, Personal, fact

ORDER_NUMBER_MAX = 100
TEXT_MAX = 200
PIECES_MAX = 10**9
OrderNumber = Annotated[str, Field(min_length=1, max_length=ORDER_NUMBER_MAX)]
Short = Annotated[str, Field(max_length=TEXT_MAX)]


@dataclass(frozen=True, slots=True)
class Amount:
    """Minor units (cents) and an ISO 4217 currency. Zero for a gift; below zero where books hold an adjustment in the
    buyer's favour as an order."""

    amount: Annotated[int, Field(ge=-(10**14), le=10**14)]
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")]


def _given_back(total: Amount) -> Amount:
    """A cancellation says by itself which way the money went."""
    if total.amount < 0:
        raise ValueError("what was given back is not negative")
    return total


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an order; `unit` is the price of one piece in minor units, possibly with a fraction."""

    sku: Short = ""
    label: Short = ""
    quantity: Annotated[int, Field(ge=-PIECES_MAX, le=PIECES_MAX)] = 1
    unit: Annotated[float, Field(allow_inf_nan=False)] | None = None


def _words(data: Mapping[str, Any]) -> dict[str, str]:
    total = data["total"]
    return {
        "order": data["order_number"],
        "total": Money(total["amount"], total["currency"]).words(get_language() or "fr"),
    }


def _made(data: Mapping[str, Any]) -> str:
    pieces = sum(line.get("quantity", 1) for line in data.get("lines", ()))
    if not pieces:
        return _("Order %(order)s for %(total)s") % _words(data)
    return ngettext(
        "Order %(order)s: %(pieces)s item for %(total)s",
        "Order %(order)s: %(pieces)s items for %(total)s",
        pieces,
    ) % {**_words(data), "pieces": pieces}


def _cancelled(data: Mapping[str, Any]) -> str:
    if data.get("original"):
        return _("Order %(original)s cancelled: %(total)s") % {**_words(data), "original": data["original"]}
    return _("Cancellation %(order)s: %(total)s") % _words(data)


@fact(
    "purchases.made",
    label=gettext_lazy("Purchase"),
    headline=_made,
    icon="shopping-bag",
    search_words=gettext_lazy("order"),
)
@dataclass(frozen=True, slots=True)
class PurchaseMade:
    """Somebody bought: the order's number, its total, what was in it, where (`site` is a site's code)."""

    order_number: Annotated[OrderNumber, Identifies("order_number")]
    total: Amount
    lines: list[Line] = field(default_factory=list)
    site: Short = ""
    note: Annotated[Short, Personal()] = ""


@fact(
    "purchases.cancelled",
    label=gettext_lazy("Cancellation"),
    headline=_cancelled,
    icon="receipt-refund",
    tone="waiting",
    search_words=gettext_lazy("order cancelled"),
)
@dataclass(frozen=True, slots=True)
class PurchaseCancelled:
    """A purchase was cancelled or returned, whole or in part. `total` is what was given back, not negative.

    `original` is the number of the order; a cancellation that names none stands by itself.
    """

    order_number: Annotated[OrderNumber, Identifies("order_number")]
    total: Annotated[Amount, AfterValidator(_given_back)]
    original: Annotated[str, Field(max_length=ORDER_NUMBER_MAX)] | None = None
    lines: list[Line] = field(default_factory=list)
    site: Short = ""
    note: Annotated[Short, Personal()] = ""
