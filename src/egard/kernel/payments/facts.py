"""What payments put on a person's timeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from pydantic import Field

from egard.base.money import Money
from egard.kernel.registry import FieldClass, fact

Currency = Annotated[str, Field(pattern="^[A-Z]{3}$")]


def _money(data: Mapping[str, Any]) -> dict[str, str]:
    return {"amount": Money(data["amount"], data["currency"]).words(get_language() or "en")}


def _captured(data: Mapping[str, Any]) -> str:
    return _("Paid %(amount)s") % _money(data)


def _refunded(data: Mapping[str, Any]) -> str:
    if data.get("to") == "wallet":
        return _("%(amount)s given back into the wallet") % _money(data)
    return _("%(amount)s given back on the card") % _money(data)


@fact(
    "payments.captured",
    label=gettext_lazy("Payment"),
    headline=_captured,
    icon="receipt",
    field_class=FieldClass.VALUE,
)
@dataclass(frozen=True, slots=True)
class PaymentCaptured:
    """Money of hers was taken."""

    payment_id: UUID
    amount: int
    currency: Currency


@fact(
    "payments.refunded",
    label=gettext_lazy("Refund"),
    headline=_refunded,
    icon="receipt-refund",
    field_class=FieldClass.VALUE,
)
@dataclass(frozen=True, slots=True)
class PaymentRefunded:
    """Money of hers was given back."""

    payment_id: UUID
    amount: int
    currency: Currency
    to: str = "card"
