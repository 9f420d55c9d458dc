"""The brief for programs."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema

from egard.api.authentication import viewer_of
from egard.base.clock import utc_now
from egard.journeys.visits import queries
from egard.journeys.visits.briefs.queries import brief, reads
from egard.kernel.access.operations import log_sight

router = Router(tags=["visits"])


class BriefCountOut(Schema):
    """A reason and its visits."""

    reason: str
    visits: int


class BriefHostOut(Schema):
    """Who takes how many; `host` is empty for those whom nobody takes."""

    host: str
    visits: int


class BriefRiskOut(Schema):
    """More hosts are needed than are there."""

    since: datetime
    until: datetime
    needed: int
    there: int


class BriefWalkInsOut(Schema):
    """Who usually comes without a booking on this weekday, of `n` such days before."""

    mean: float
    most: int
    n: int


class BriefMarkedOut(Schema):
    """A visit of somebody of whom there is something to know first."""

    visit: UUID
    person: UUID | None
    marks: list[str]


class BriefReadOut(Schema):
    """Who read it."""

    name: str
    at: datetime


class BriefOut(Schema):
    """What a site should know before it opens."""

    site: UUID
    date: date
    opens_at: datetime | None
    visits: int
    reasons: list[BriefCountOut]
    hosts: list[BriefHostOut]
    there: list[str]
    absent: list[str]
    gaps: list[BriefCountOut]
    left_alone: list[UUID]
    risks: list[BriefRiskOut]
    marked: list[BriefMarkedOut]
    walk_ins: BriefWalkInsOut | None
    reads: list[BriefReadOut]


@router.get("briefs/{site}/{day}", response=BriefOut, summary="The morning brief of a site")
def get_visit_brief(request: HttpRequest, site: UUID, day: date) -> Any:
    """Number, reasons, who takes whom, gaps in skills, hours at risk, who usually walks in, who read it. Scope:
    `visits.read`.
    """
    viewer, now = viewer_of(request), utc_now()
    shop = queries.shop(viewer, site)
    told = brief(viewer, shop, day, now=now)
    log_sight(viewer, "list", detail=f"brief of {shop.site.name}, {day.isoformat()}", now=now)
    return {
        "site": shop.site_id, "date": day, "opens_at": told.opens_at, "visits": len(told.rows),
        "reasons": _counted(told.reasons), "gaps": _counted(told.gaps), "there": told.there, "absent": told.absent,
        "hosts": [{"host": name, "visits": len(rows)} for name, rows in told.hosts],
        "left_alone": [row.visit.uuid for row in told.left_alone],
        "risks": [{"since": r.since, "until": r.until, "needed": r.needed, "there": r.there} for r in told.risks],
        "marked": [
            {"visit": row.visit.uuid, "person": row.person.uuid if row.person else None,
             "marks": [str(mark.label) for mark in row.marks]}
            for row in told.marked
        ],
        "walk_ins": told.walk_ins and {"mean": told.walk_ins.mean, "most": told.walk_ins.most, "n": told.walk_ins.n},
        "reads": [{"name": name, "at": at} for name, at in reads(viewer, shop, day)],
    }  # fmt: skip


def _counted(some: list[tuple[str, int]]) -> list[dict[str, Any]]:
    return [{"reason": words, "visits": n} for words, n in some]
