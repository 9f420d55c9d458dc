"""How visits are kept, for programs."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import Field

from egard.api.authentication import viewer_of
from egard.api.schemas import Out
from egard.base.clock import utc_now
from egard.base.figures import Share
from egard.base.moments import Moment
from egard.journeys.visits.figures import queries

router = Router()


class VisitShareOut(Out):
    hits: int
    n: int
    share: float | None
    low: float = Field(description="the true share is above, with 95 % confidence (Wilson)")
    high: float


class VisitFiguresOut(Out):
    booked: int
    cancelled: int
    walked_in: int
    kept: VisitShareOut
    missed: VisitShareOut
    on_time: VisitShareOut = Field(description="received within 5 minutes of her hour, or of her coming where later")
    at_hour: VisitShareOut = Field(description="of those who were there by their hour: received within 5 minutes of it")
    wait_median: float | None = Field(description="seconds")
    wait_90: float | None = Field(description="seconds; nine of ten wait no longer")
    wait_mean: float | None = Field(description="seconds")
    use: float | None = Field(description="time with visitors in time on the rota; null for one reason")


@router.get("visit-figures", response=VisitFiguresOut, summary="How visits are kept")
def get_visit_figures(
    request: HttpRequest,
    since: Moment,
    until: Moment,
    site: UUID | None = None,
    reason: Annotated[str, Query(max_length=64)] = "",
) -> Any:
    """Of visits whose hour lies between two moments and is past; 366 days at most. Scope: `visits.figures`."""
    found = queries.figures(viewer_of(request), since, until, site=site, reason=reason, now=utc_now())
    shares = {name: _share(getattr(found, name)) for name in ("kept", "missed", "on_time", "at_hour")}
    same = ("booked", "cancelled", "walked_in", "wait_median", "wait_90", "wait_mean", "use")
    return {**shares, **{name: getattr(found, name) for name in same}}


def _share(one: Share) -> dict[str, Any]:
    low, high = one.bounds
    return {"hits": one.hits, "n": one.n, "share": one.share, "low": low, "high": high}
