"""Visits for programs: what is offered, held, booked, moved and cancelled; shops, reasons, who receives."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Status

from egard.api import shapes
from egard.api.authentication import viewer_of
from egard.api.schemas import Cursor, Limit, Listed, StaffOut
from egard.base.clock import utc_now
from egard.base.ids import new_id
from egard.base.moments import Moment
from egard.base.refusal import NotFound
from egard.journeys.visits import api_schemas as schemas
from egard.journeys.visits import booking, ics, nearby, queries, reception, refusals, shops
from egard.journeys.visits.booking import Told
from egard.journeys.visits.briefs import api as briefs
from egard.journeys.visits.credits import api as credits
from egard.journeys.visits.figures import api as figures
from egard.journeys.visits.models import Resource, Rota, Shop, Visit
from egard.journeys.visits.offering import offers, reasons_at
from egard.journeys.visits.placing import Wish
from egard.journeys.visits.visitors import visitor
from egard.kernel.access import queries as access
from egard.kernel.access.actors import Viewer
from egard.kernel.access.operations import log_sight
from egard.kernel.people import queries as people

router = Router(tags=["visits"])
router.add_router("", credits.router)
router.add_router("", briefs.router)
router.add_router("", figures.router)


# --- what there is ----------------------------------------------------------------------------------------------------


@router.get("shops", response=Listed[schemas.ShopOut], summary="Shops")
def list_shops(request: HttpRequest, limit: Limit = 50, cursor: Cursor = None) -> Any:
    """The sites that receive people, with their hours. Scope: `visits.read`."""
    found = list(queries.shops(viewer_of(request)))
    return shapes.page_out(shapes.sliced(found, "shops", limit=limit, cursor=cursor), schemas.ShopOut.model_validate)


@router.put("sites/{site_id}/shop", response=schemas.ShopOut, summary="Say how a site receives people")
def put_shop(request: HttpRequest, site_id: UUID, body: schemas.ShopIn) -> Any:
    """Hours, address, place, welcome. Scope: `visits.manage`."""
    viewer = viewer_of(request)
    if viewer.require(queries.MANAGE) != "all" and site_id not in viewer.site_ids:
        raise NotFound
    told = {name: value for name, value in body if value is not None}
    if "welcome" in told:
        told["welcome"] = [one.model_dump() for one in told["welcome"]]
    return shops.set_shop(access.site(viewer, site_id), **told, by=viewer.actor, now=utc_now())


@router.get("reasons", response=Listed[schemas.VisitReasonOut], summary="What people come for")
def list_visit_reasons(request: HttpRequest, site: UUID | None = None, limit: Limit = 50, cursor: Cursor = None) -> Any:
    """All of the house, or what somebody is received for at a site. Scope: `visits.read`."""
    viewer = viewer_of(request)
    found = list(reasons_at(queries.shop(viewer, site)) if site else queries.reasons(viewer))
    return shapes.page_out(
        shapes.sliced(found, "reasons", limit=limit, cursor=cursor), schemas.VisitReasonOut.model_validate
    )


@router.put("reasons/{code}", response=schemas.VisitReasonOut, summary="Set a reason to come")
def put_visit_reason(request: HttpRequest, code: str, body: shops.ReasonSaid) -> Any:
    """Made, or changed as a whole; what is booked keeps what it was booked with. Scope: `visits.manage`, everywhere."""
    viewer = viewer_of(request)
    viewer.require_everywhere(queries.MANAGE)
    return shops.set_reason(code, body.model_dump(), by=viewer.actor, now=utc_now())


@router.delete("reasons/{code}", response={204: None}, summary="End a reason to come")
def end_visit_reason(request: HttpRequest, code: str) -> Any:
    """Nobody books it any more; who has, comes. Scope: `visits.manage`, everywhere."""
    viewer = viewer_of(request)
    viewer.require_everywhere(queries.MANAGE)
    shops.end_reason(queries.reason(viewer, code), by=viewer.actor, now=utc_now())
    return Status(204, None)


@router.get("advisers", response=Listed[schemas.HostOut], summary="Who receives")
def list_visit_hosts(request: HttpRequest, site: UUID, limit: Limit = 50, cursor: Cursor = None) -> Any:
    """At a site, by name. Scope: `visits.read`."""
    viewer = viewer_of(request)
    rows = queries.rotas(viewer, queries.shop(viewer, site))
    return shapes.page_out(shapes.sliced(rows, "advisers", limit=limit, cursor=cursor), _host)


@router.put("advisers/{user_id}/sites/{site_id}", response=schemas.HostOut, summary="Say whom somebody receives")
def put_visit_host(request: HttpRequest, user_id: UUID, site_id: UUID, body: schemas.HostIn) -> Any:
    """Where, for which reasons, by which hours. Scope: `visits.manage`."""
    viewer, now = viewer_of(request), utc_now()
    shop = queries.shop(viewer, site_id, queries.MANAGE)
    wanted = [queries.reason(viewer, code) for code in body.reasons]
    rota = shops.set_host(
        access.colleague(viewer, user_id), shop.site, wanted, hours=body.hours, max_per_day=body.max_per_day,
        by=viewer.actor, now=now,
    )  # fmt: skip
    return _host(Rota.objects.select_related("resource__user").prefetch_related("skills__reason").get(pk=rota.pk))


@router.post("sites/{site_id}/rooms", response={201: schemas.VisitRoomOut}, summary="Add a room or tool")
def post_room(request: HttpRequest, site_id: UUID, body: schemas.VisitRoomIn) -> Any:
    """Of a kind that reasons name. Scope: `visits.manage`."""
    viewer = viewer_of(request)
    shop = queries.shop(viewer, site_id, queries.MANAGE)
    return Status(201, _room(shops.set_room(shop.site, body.name, body.kind, by=viewer.actor, now=utc_now())))


# --- what is offered --------------------------------------------------------------------------------------------------


@router.get("slots", response=schemas.SlotsOut, summary="When a visit can begin")
def list_slots(
    request: HttpRequest,
    site: UUID,
    reason: Annotated[str, Query(max_length=64)],
    first: Annotated[date, Query(alias="from")],
    last: Annotated[date | None, Query(alias="to")] = None,
    adviser: UUID | None = None,
    seats: Annotated[int, Query(ge=1, le=100)] = 1,
) -> Any:
    """On the dates `from` to `to` (included; 62 at most) of the clock of the site, in order. Each can be booked now.
    Scope: `visits.read`.
    """
    viewer, now = viewer_of(request), utc_now()
    shop, asked = queries.shop(viewer, site), queries.reason(viewer, reason)
    offer = offers([shop], asked, first, last or first, only=adviser, seats=seats, now=now)[0]
    length = timedelta(minutes=asked.minutes)
    items = []
    for at, hosts in offer.at.items():
        left = sum(one.capacity - one.taken for one in offer.shared.get(at, ()))
        free = left + len(hosts) // asked.hosts * asked.capacity
        items.append({"start": at, "end": at + length, "free": free, "site": site})
    return {"items": items}


@router.get("slots/nearest", response=schemas.NearbyList, summary="The nearest shops with a time")
def list_nearest_slots(
    request: HttpRequest,
    reason: Annotated[str, Query(max_length=64)],
    latitude: Annotated[float, Query(ge=-90, le=90)],
    longitude: Annotated[float, Query(ge=-180, le=180)],
    first: Annotated[date, Query(alias="from")],
    last: Annotated[date | None, Query(alias="to")] = None,
    limit: Annotated[int, Query(ge=1, le=20)] = 20,
) -> Any:
    """By distance; only those where a visit can begin on these dates. Scope: `visits.read`."""
    viewer, now = viewer_of(request), utc_now()
    asked = queries.reason(viewer, reason)
    found = nearby.nearest(
        queries.shops(viewer), asked, (latitude, longitude), first, last or first, most=limit, now=now
    )
    return {
        "items": [
            {"site": one.offer.shop.site, "kilometres": round(one.kilometres, 1), "slots": list(one.offer.at)[:10]}
            for one in found
        ]
    }


# --- holds and visits -------------------------------------------------------------------------------------------------


@router.post("holds", response={201: schemas.HoldOut}, summary="Hold a time")
def post_visit_hold(request: HttpRequest, body: schemas.HoldIn) -> Any:
    """For ten minutes, while somebody says who she is. Scope: `visits.book`."""
    viewer, now = viewer_of(request), utc_now()
    shop, reason = queries.shop(viewer, body.site, queries.BOOK), queries.reason(viewer, body.reason)
    wish = Wish(body.start, body.adviser, seats=body.seats)
    made = booking.hold(
        shop, reason, wish, told=Told(channel="api"), key=f"api:{new_id()}", by=viewer.actor, now=now
    )  # fmt: skip
    return Status(
        201,
        {
            "id": made.uuid,
            "start": made.starts_at,
            "end": made.ends_at,
            "until": made.lapses_at,
            "adviser": made.host_id,
        },
    )


@router.delete("holds/{hold_id}", response={204: None}, summary="Let a held time go")
def delete_visit_hold(request: HttpRequest, hold_id: UUID) -> Any:
    """Before it lapses by itself; twice is once. Scope: `visits.book`."""
    viewer, now = viewer_of(request), utc_now()
    held = booking.visit_of(hold_id)
    if held is None or held.by != str(viewer.actor) or held.state not in ("held", "lapsed", "cancelled"):
        raise NotFound
    viewer.require(queries.BOOK)
    booking.cancel(held, by=viewer.actor, now=now)
    return Status(204, None)


@router.post("visits", response={201: schemas.VisitOut}, summary="Book a visit")
def post_visit(request: HttpRequest, body: schemas.VisitIn) -> Any:
    """At a time of `slots`, or one that is held. Her own adviser receives her where she is free, else whoever was given
    least. The same person, reason, site and time is the same visit. Scopes: `visits.book`; `people.read` with `person`.
    """
    viewer, now = viewer_of(request), utc_now()
    viewer.require(queries.BOOK)
    told = Told(
        name=body.visitor.name if body.visitor else "", answers=body.answers, note=body.note, told_by=body.told_by,
        language=body.language, channel=body.channel,
    )  # fmt: skip
    held = booking.visit_of(body.hold) if body.hold else None
    if body.hold and (held is None or held.by != str(viewer.actor)):
        raise NotFound
    if held is None and (body.site is None or body.start is None):
        raise refusals.NotOffered(fields={"start": str(refusals.NotOffered.message)})
    site = held.site_id if held else body.site
    assert site is not None
    shop = queries.shop(viewer, site, queries.BOOK)
    if body.person:
        person = people.person(viewer, body.person)
    elif body.visitor:
        said = body.visitor
        person = visitor(
            said.name, email=said.email, phone=said.phone, site=shop.site, language=body.language, by=viewer.actor,
            now=now,
        )  # fmt: skip
    else:
        raise refusals.NoVisitor
    if held is not None:
        made = booking.confirm(held, person, told=told, by=viewer.actor, now=now)
    else:
        assert body.start is not None
        wish = Wish(body.start, body.adviser, seats=body.seats)
        made = booking.book(
            shop, queries.reason(viewer, body.reason), person, wish, told=told, key=f"api:{new_id()}",
            by=viewer.actor, now=now,
        )  # fmt: skip
    return Status(201, _one(viewer, made))


@router.get("visits", response=Listed[schemas.VisitOut], summary="Visits")
def list_visits(
    request: HttpRequest,
    site: UUID | None = None,
    person: UUID | None = None,
    adviser: UUID | None = None,
    state: Literal["booked", "arrived", "started", "ended", "cancelled", "missed"] | None = None,
    since: Moment | None = None,
    until: Moment | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Any:
    """By their hour. The sight of a list is logged. Scope: `visits.read`."""
    viewer = viewer_of(request)
    viewer.require(queries.READ)
    whose = people.person(viewer, person) if person else None
    if cursor is None:
        log_sight(viewer, "list", person_id=whose.pk if whose else None, detail="visits", now=utc_now())
    asked = queries.Asked(site, whose, adviser, state, since, until)
    page = queries.listed(viewer, asked, limit=limit, cursor=cursor)
    seen = _seen(viewer, page.items)
    return shapes.page_out(page, lambda row: _visit(row, seen))


@router.get("visits/{visit_id}", response=schemas.VisitOut, summary="A visit")
def get_visit(request: HttpRequest, visit_id: UUID) -> Any:
    """The sight is logged. Scope: `visits.read`."""
    viewer = viewer_of(request)
    found = queries.visit(viewer, visit_id)
    log_sight(viewer, "visit", person_id=found.person_id, detail=str(visit_id), now=utc_now())
    return _one(viewer, found)


@router.patch("visits/{visit_id}", response=schemas.VisitOut, summary="Move a visit")
def patch_visit(request: HttpRequest, visit_id: UUID, body: schemas.MoveIn) -> Any:
    """To another time that is offered, another host, another site. Scope: `visits.book`."""
    viewer, now = viewer_of(request), utc_now()
    held = queries.visit(viewer, visit_id, queries.BOOK)
    shop = queries.shop(viewer, body.site or held.site_id, queries.BOOK)
    wish = Wish(body.start or held.starts_at, body.adviser, seats=held.seats)
    return _one(viewer, booking.move(held, shop, wish, why=body.why, by=viewer.actor, now=now))


@router.post("visits/{visit_id}/cancellation", response=schemas.VisitOut, summary="Cancel a visit")
def cancel_visit(request: HttpRequest, visit_id: UUID, body: schemas.WhyIn) -> Any:
    """The time is free again; twice is once. Scope: `visits.book`."""
    viewer = viewer_of(request)
    held = queries.visit(viewer, visit_id, queries.BOOK)
    return _one(viewer, booking.cancel(held, why=body.why, by=viewer.actor, now=utc_now()))


@router.get("visits/{visit_id}/visit.ics", summary="A visit as an entry of a calendar")
def get_visit_entry(request: HttpRequest, visit_id: UUID) -> Any:
    """One UID for ever, SEQUENCE its revision (RFC 5545). The sight is logged. Scope: `visits.read`."""
    viewer = viewer_of(request)
    found = queries.visit(viewer, visit_id)
    shop = Shop.objects.select_related("site").get(pk=found.site_id)
    log_sight(viewer, "visit", person_id=found.person_id, detail=str(visit_id), now=utc_now())
    return HttpResponse(ics.entry(found, shop, method="PUBLISH"), content_type="text/calendar; charset=utf-8")


# --- in the shop ------------------------------------------------------------------------------------------------------


@router.post("visits/{visit_id}/arrival", response=schemas.VisitOut, summary="She is there")
def post_visit_arrival(request: HttpRequest, visit_id: UUID, body: schemas.ArrivalIn) -> Any:
    """Twice is once. Scope: `visits.receive`."""
    viewer = viewer_of(request)
    held = queries.visit(viewer, visit_id, queries.RECEIVE)
    return _one(viewer, reception.arrive(held, at=body.at, by=viewer.actor, now=utc_now()))


@router.post("visits/{visit_id}/start", response=schemas.VisitOut, summary="Somebody receives her")
def post_visit_start(request: HttpRequest, visit_id: UUID, body: schemas.StartIn) -> Any:
    """What was promised is kept. Twice is once. Scope: `visits.receive`."""
    viewer = viewer_of(request)
    held = queries.visit(viewer, visit_id, queries.RECEIVE)
    host = access.colleague(viewer, body.adviser) if body.adviser else None
    return _one(viewer, reception.start(held, host, by=viewer.actor, now=utc_now()))


@router.post("visits/{visit_id}/end", response=schemas.VisitOut, summary="The visit is over")
def post_visit_end(request: HttpRequest, visit_id: UUID, body: schemas.VisitEndIn) -> Any:
    """What came of it, what was agreed, and what is promised for later. Twice is once. Scope: `visits.receive`."""
    viewer, said = viewer_of(request), body.follow_up
    held = queries.visit(viewer, visit_id, queries.RECEIVE)
    later = reception.FollowUp(said.due_at, access.colleague(viewer, said.owner)) if said else None
    return _one(
        viewer,
        reception.end(
            held, outcome=body.outcome, next_step=body.next_step, follow_up=later, by=viewer.actor, now=utc_now()
        ),
    )


@router.post("walk-ins", response={201: schemas.VisitOut}, summary="Somebody comes without a booking")
def post_walk_in(request: HttpRequest, body: schemas.WalkInIn) -> Any:
    """She queues from now on. Scopes: `visits.receive`; `people.read` with `person`."""
    viewer = viewer_of(request)
    shop = queries.shop(viewer, body.site, queries.RECEIVE)
    person = people.person(viewer, body.person) if body.person else None
    made = reception.walk_in(
        shop, queries.reason(viewer, body.reason), person, name=body.name, key=f"api:{new_id()}", by=viewer.actor,
        now=utc_now(),
    )  # fmt: skip
    return Status(201, _one(viewer, made))


# --- shapes -----------------------------------------------------------------------------------------------------------


def _host(row: Rota) -> dict[str, Any]:
    return {
        "staff": StaffOut.model_validate(row.resource.user),
        "site": row.site_id,
        "reasons": sorted(skill.reason.code for skill in row.skills.all()),
        "hours": row.hours,
        "max_per_day": row.resource.max_per_day,
    }


def _room(row: Resource) -> dict[str, Any]:
    return {"id": row.uuid, "site": row.site_id, "name": row.name, "kind": row.kind}


def _one(viewer: Viewer, row: Visit) -> dict[str, Any]:
    return _visit(row, _seen(viewer, [row]))


def _seen(viewer: Viewer, rows: list[Visit]) -> dict[int, UUID]:
    """The public ids of those whom the viewer may open."""
    if not viewer.can(people.READ):
        return {}
    ids = [row.person_id for row in rows if row.person_id is not None]
    return {pk: (one.root or one).uuid for pk, one in people.named(viewer, ids).items()}


def _visit(row: Visit, seen: dict[int, UUID]) -> dict[str, Any]:
    same = (
        "reference", "state", "seats", "answers", "note", "channel", "told_by", "revision", "walked_in", "arrived_at",
        "started_at", "ended_at", "why", "outcome", "next_step", "promise", "site",
    )  # fmt: skip
    return {
        "id": row.uuid,
        "reason": row.reason.code,
        "start": row.starts_at,
        "end": row.ends_at,
        "person": seen.get(row.person_id or 0),
        "name": row.name or (str(row.person) if row.person_id in seen else ""),
        "adviser": StaffOut.model_validate(row.host) if row.host else None,
        **{name: getattr(row, name) for name in same},
    }
