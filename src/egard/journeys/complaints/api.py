"""Complaints for programs: taken in by any channel, listed, joined; the figures; what is promised."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from egard.api.authentication import viewer_of
from egard.api.money import MoneyIn
from egard.api.schemas import Cursor, In, Limit, Listed
from egard.base.clock import utc_now
from egard.base.ids import new_id
from egard.base.moments import Moment
from egard.journeys.complaints import operations, queries, rules
from egard.journeys.complaints.models import Complaint
from egard.kernel.access.actors import Viewer
from egard.kernel.access.operations import log_sight
from egard.kernel.cases import queries as cases
from egard.kernel.people import queries as people

router = Router(tags=["complaints"])
Word = Annotated[str, Field(max_length=64)]
Channel = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,31}$", description="a short word: phone, shop, web, email")]


class GestureIn(In):
    kind: Word = Field(description="of the catalogue of gestures")
    amount: MoneyIn | None = Field(default=None, description="what it is worth; null where the catalogue says it")


class NewComplaint(In):
    words: str = Field(default="", max_length=operations.WORDS_MAX, description="what the person says")
    subject: str = Field(default="", max_length=200, description="in a few words; else the first of `words`")
    person: UUID | None = Field(default=None, description="whoever complains, where she is known")
    contact: str = Field(default="", max_length=200, description="how to reach somebody who is no client")
    category: Word = ""
    order_number: Word = ""
    channel: Channel = "api"
    settled: str = Field(default="", max_length=operations.WORDS_MAX, description="what settled it at once, if it is")
    outcome: Literal["satisfied", "unsatisfied", "settled"] = Field(
        default="settled", description="what the person says of what is settled at once; `settled` where nobody asked"
    )
    gesture: GestureIn | None = Field(default=None, description="what the person is given with it, when it is settled")
    into: UUID | None = Field(default=None, description="the open complaint of the same person to which it belongs")


class ComplaintOut(Schema):
    id: UUID = Field(description="of its case too: /cases/{id}")
    person: UUID | None
    subject: str
    words: str
    category: str
    order_number: str
    channel: str
    status: Literal["open", "closed"]
    contacts: int = Field(description="how often the person came about it")
    received_at: datetime
    acknowledged_at: datetime | None
    answered_at: datetime | None
    closed_at: datetime | None
    reopened_at: datetime | None
    due_at: datetime | None = Field(description="the next promise")
    outcome: str
    once_and_done: bool | None = Field(description="null until 30 days after its closing")


class PossibleOut(Schema):
    complaint: ComplaintOut
    likeness: float = Field(description="0 to 1")
    same_order: bool


class ShareOut(Schema):
    label: str
    hits: int
    n: int
    share: float | None
    low: float = Field(description="the true share is above, with 95 % confidence (Wilson)")
    high: float


class FiguresOut(Schema):
    received: int
    open: int
    watched: int = Field(description="closed less than 30 days ago: not judged yet")
    once_and_done: ShareOut
    by_category: list[ShareOut]
    by_channel: list[ShareOut]
    by_month: list[ShareOut]


class RulesOut(Schema):
    name: str
    title: dict[str, str]
    about: dict[str, str]
    acknowledge: str
    answer: str


class Promised(Schema):
    acknowledge: str
    answer: str
    sets: list[RulesOut]


class NewRules(In):
    name: Word = Field(default="", description="one that ships")
    file: str = Field(default="", max_length=20_000, description="or a file of your own")


@router.post("complaints", response={201: ComplaintOut}, summary="Take in a complaint")
def receive_complaint(request: HttpRequest, body: NewComplaint) -> Any:
    """Of anybody, by any channel, acknowledged and answered within what is promised. Scope: `complaints.receive`."""
    viewer = viewer_of(request)
    viewer.require(queries.RECEIVE)
    person = people.person(viewer, body.person) if body.person else None
    told = body.model_dump(exclude={"person", "words", "gesture"})
    if body.gesture:
        told["gesture"] = (body.gesture.kind, body.gesture.amount.money if body.gesture.amount else None)
    made = operations.receive(viewer, body.words, person=person, key=f"api:{new_id()}", now=utc_now(), **told)
    return _out(viewer, queries.complaint(viewer, made.case.uuid) if viewer.can(cases.READ) else made)


@router.get("complaints", response=Listed[ComplaintOut], summary="Complaints")
def list_complaints(
    request: HttpRequest,
    status: Literal["open", "closed"] | None = None,
    category: Annotated[str | None, Query(max_length=64)] = None,
    channel: Annotated[str | None, Query(max_length=32)] = None,
    person: UUID | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Any:
    """The latest first. Scope: `cases.read`."""
    viewer = viewer_of(request)
    viewer.require(cases.READ)
    whose = people.person(viewer, person) if person else None
    if cursor is None:
        log_sight(viewer, "list", person_id=whose.pk if whose else None, detail="complaints", now=utc_now())
    filters = {"status": status, "category": category, "channel": channel, "person": whose}
    page = queries.complaints(viewer, filters, limit=limit, cursor=cursor)
    return {"items": [_out(viewer, row) for row in page.items], "next": page.next}


@router.get("complaints/{complaint_id}", response=ComplaintOut, summary="A complaint")
def get_complaint(request: HttpRequest, complaint_id: UUID) -> Any:
    """The sight is logged. Scope: `cases.read`."""
    viewer = viewer_of(request)
    row = queries.complaint(viewer, complaint_id)
    log_sight(viewer, "complaint", person_id=row.case.person_id, detail=str(complaint_id), now=utc_now())
    return _out(viewer, row)


@router.get("complaints/{complaint_id}/possible", response=list[PossibleOut], summary="Others that may be the same")
def list_possible(request: HttpRequest, complaint_id: UUID) -> Any:
    """Open complaints of the same person, the likeliest first. Scopes: `cases.read`, `complaints.receive`."""
    viewer = viewer_of(request)
    row = queries.complaint(viewer, complaint_id)
    log_sight(viewer, "complaint", person_id=row.case.person_id, detail=str(complaint_id), now=utc_now())
    data = cases.state_now(viewer, row.case)["data"]
    text, order = f"{data.get('subject', '')} {data.get('words', '')}", data.get("order_number", "")
    found = queries.possible(viewer, row.case.person, text, order_number=order, contact=data.get("contact", ""))
    others = [one for one in found if one.complaint.pk != row.pk]
    return [
        {"complaint": _out(viewer, one.complaint), "likeness": round(one.likeness, 2), "same_order": one.same_order}
        for one in others
    ]


@router.post("complaints/{complaint_id}/joining/{into}", response={201: ComplaintOut}, summary="Join it to another")
def join_complaint(request: HttpRequest, complaint_id: UUID, into: UUID) -> Any:
    """It is closed as joined; what it says stands on the other. Scope: `complaints.receive`."""
    viewer = viewer_of(request)
    return _out(viewer, operations.join(viewer, complaint_id, into, now=utc_now()))


@router.get("complaint-figures", response=FiguresOut, summary="Once and done")
def get_figures(request: HttpRequest, since: Moment | None = None, until: Moment | None = None) -> Any:
    """Of complaints received between two moments. Scope: `complaints.figures`."""
    viewer, now = viewer_of(request), utc_now()
    found = queries.figures(viewer, since=since, until=until, now=now)
    lists = {name: [_share(one) for one in getattr(found, name)] for name in ("by_category", "by_channel", "by_month")}
    counts = {name: getattr(found, name) for name in ("received", "open", "watched")}
    return {**counts, "once_and_done": _share(found.once), **lists}


@router.get("complaint-rules", response=Promised, summary="What complaints are promised")
def get_rules(request: HttpRequest) -> Any:
    """Now, and by each rule set that ships. Scope: `cases.read`."""
    viewer = viewer_of(request)
    viewer.require(cases.READ)
    return _promised(viewer)


@router.post("complaint-rules", response={201: Promised}, summary="Choose a rule set")
def choose_rules(request: HttpRequest, body: NewRules) -> Any:
    """For complaints from now on; running ones keep what they were promised. Scope: `cases.define`."""
    viewer = viewer_of(request)
    viewer.require(queries.DEFINE)
    operations.use_rules(viewer, body.file or operations.shipped(body.name), now=utc_now())
    return _promised(viewer)


def _promised(viewer: Viewer) -> dict[str, Any]:
    acknowledge, answer = queries.promised(viewer)
    return {"acknowledge": acknowledge, "answer": answer, "sets": queries.rule_sets(viewer, [operations.RULE_SETS])}


def _share(one: queries.Share) -> dict[str, Any]:
    low, high = one.bounds
    return {"label": one.label, "hits": one.hits, "n": one.n, "share": one.share, "low": low, "high": high}


def _out(viewer: Viewer, row: Complaint) -> dict[str, Any]:
    case, now = row.case, utc_now()
    data = cases.state_now(viewer, case)["data"]
    person = (case.person.root or case.person) if case.person else None
    judged = row.closed_at is not None and now - row.closed_at > rules.WATCHED
    told = {name: str(data.get(name, "")) for name in ("subject", "words", "order_number")}
    same = ("category", "channel", "contacts", "received_at", "acknowledged_at", "answered_at", "closed_at",
            "reopened_at", "outcome")  # fmt: skip
    return {
        "id": case.uuid,
        "person": person.uuid if person else None,
        "status": case.status,
        "due_at": case.due_at,
        **told,
        **{name: getattr(row, name) for name in same},
        "once_and_done": rules.is_once_and_done(
            settled_at_once=row.settled_at_once,
            contacts=row.contacts,
            closed_at=row.closed_at,
            reopened_at=row.reopened_at,
        )
        if judged and row.closed_at
        else None,
    }
