"""What visits lead to, for programs: objectives and bonuses are computed on it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router
from pydantic import Field

from egard.api.authentication import viewer_of
from egard.api.money import MoneyOut, money_out
from egard.api.schemas import Listed, Out
from egard.base.moments import Moment
from egard.journeys.visits.credits import queries

router = Router()


class VisitCreditOut(Out):
    site: str = Field(description="its code")
    adviser: str
    reason: str
    visits: int
    sales: int = Field(description="orders in which they have a part")
    associated: MoneyOut | None = Field(description="their parts of these sales; associated, not caused")
    elsewhere: MoneyOut | None = Field(description="of it, sold on line or at another site")


@router.get("visit-credits", response=Listed[VisitCreditOut], summary="What visits led to")
def list_visit_credits(
    request: HttpRequest, since: Moment, until: Moment, site: UUID | None = None, adviser: UUID | None = None
) -> Any:
    """Of the visits that took place between two moments, by site, adviser, reason and currency. Each sale is shared
    whole among the visits before it, and what is given back is taken back. Scope: `visits.figures`.
    """
    rows = queries.led_to(viewer_of(request), since, until, site=site, host=adviser)
    items = [
        {
            "site": one.site,
            "adviser": one.host,
            "reason": one.reason,
            "visits": one.visits,
            "sales": one.sales,
            "associated": money_out(one.amount, one.currency) if one.currency else None,
            "elsewhere": money_out(one.elsewhere, one.currency) if one.currency else None,
        }
        for one in rows
    ]
    return {"items": items, "next": None}
