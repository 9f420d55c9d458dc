"""With and without a gesture, for programs."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from egard.api.authentication import viewer_of
from egard.base.clock import utc_now
from egard.base.moments import Moment
from egard.journeys.gestures.outcomes import queries
from egard.kernel.cases.rules.improving import Median

router = Router(tags=["gestures"])


class MiddleOut(Schema):
    n: int
    median: float | None
    low: float | None = Field(description="null where there are too few to say")
    high: float | None


class SideOut(Schema):
    complaints: int
    seconds_to_resolution: MiddleOut
    amount: MiddleOut = Field(description="minor units")
    bought_again: int
    judged: int = Field(description="resolved so long ago that it is known whether they bought again in time")
    low: float
    high: float


class SidesOut(Schema):
    days: int
    currency: str
    with_gesture: SideOut
    without_gesture: SideOut
    note: str


@router.get("gesture-outcomes", response=SidesOut, summary="With and without a gesture")
def get_outcomes(
    request: HttpRequest,
    since: Moment | None = None,
    until: Moment | None = None,
    days: Annotated[int, Query(ge=1, le=730, description="within which they bought again")] = 90,
    currency: Annotated[str, Query(pattern="^[A-Z]{3}$")] = "EUR",
) -> Any:
    """Complaints side by side; nobody chose by lot, so that no cause can be read. Scope: `gestures.compare`."""
    viewer, now = viewer_of(request), utc_now()
    begins, ends = since or now - timedelta(days=365), until or now
    told = queries.side_by_side(viewer, since=begins, until=ends, days=days, currency=currency, now=now)
    sides = {"with_gesture": _side(told.given), "without_gesture": _side(told.without)}
    return {"days": days, "currency": currency, **sides, "note": str(queries.NO_CAUSE)}


def _side(one: queries.Side) -> dict[str, Any]:
    low, high = one.bounds
    times, amounts = _middle(one.time), _middle(one.amount)
    return {"complaints": one.n, "seconds_to_resolution": times, "amount": amounts, "bought_again": one.again,
            "judged": one.judged, "low": low, "high": high}  # fmt: skip


def _middle(one: Median) -> dict[str, Any]:
    return {"n": one.n, "median": one.seconds, "low": one.low, "high": one.high}
