"""Control for programs: plans, draws, findings, what they say, and what proves them; outcomes side by side."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field

from egard.api.authentication import viewer_of
from egard.api.schemas import Cursor, In, Limit, Listed
from egard.base.clock import utc_now
from egard.base.moments import Moment
from egard.journeys.gestures.audits import operations, queries
from egard.journeys.gestures.audits.kinds import KINDS
from egard.journeys.gestures.audits.models import AuditAct, AuditDraw, AuditPlan, Finding
from egard.journeys.gestures.audits.refusals import NoAuditor
from egard.journeys.gestures.audits.rules.estimates import Estimate
from egard.kernel.access.actors import Viewer
from egard.kernel.access.models import User
from egard.kernel.access.operations import log_sight
from egard.kernel.access.queries import staff, viewer_for
from egard.kernel.people import queries as people

router = Router(tags=["gestures"])
Minor = Annotated[int, Field(ge=0, le=operations.AMOUNT_MAX)]
Text = Annotated[str, Field(max_length=operations.WORDS_MAX)]


class AmountOut(Schema):
    amount: int
    currency: str


class NewPlan(In):
    name: str = Field(min_length=1, max_length=operations.NAME_MAX)
    currency: str = Field("EUR", pattern="^[A-Z]{3}$")
    method: Literal["acts", "money"] = "acts"
    threshold: Minor | None = Field(None, ge=1, description="from this amount on (minor units) all are looked at")
    tolerable: int = Field(50, ge=1, le=999, description="thousandths of the acts that may deviate")
    tolerated: int = Field(
        0, ge=0, le=operations.TOLERATED_MAX, description="deviations in the sample that still say so"
    )
    least: int = Field(2, ge=1, le=operations.LEAST_MAX, description="acts of each colleague, at least")
    tolerable_amount: Minor | None = Field(None, description="by money: what may be in error (minor units)")


class PlanOut(Schema):
    id: UUID
    name: str
    currency: str
    method: str
    threshold: int | None
    tolerable: int
    tolerated: int
    least: int
    tolerable_amount: int | None
    made_at: datetime
    ended_at: datetime | None


class NewDraw(In):
    plan: UUID
    since: Moment
    until: Moment = Field(description="not included; it has passed")


class EstimateOut(Schema):
    found: int = Field(description="among those looked at")
    likely: float
    low: float = Field(description="the true one is above, with 95 % confidence between low and high")
    high: float
    at_most: float = Field(description="with 95 % confidence; this is compared with what is tolerable")


class ResultOut(Schema):
    judged: int
    deviating: int
    in_error: AmountOut
    kinds: dict[str, int]
    rate: EstimateOut | None = Field(description="share of all acts; null until all were looked at, and by money")
    amount: EstimateOut | None = Field(description="minor units; null until all were looked at")
    passed: bool | None = Field(description="null until all were looked at")


class DrawOut(Schema):
    id: UUID
    plan: UUID
    since: datetime
    until: datetime
    drawn_at: datetime
    by: str
    size: int = Field(description="acts of the period")
    sampled: int = Field(description="acts to look at")
    late: int = Field(description="of those, acts of earlier periods that came in after their draw")
    left_out: int = Field(description="acts of the period in other currencies")
    judged: int
    deviating: int
    digest: str = Field(description="SHA-256 of the frozen population")
    commitment: str = Field(description="SHA-256 of “<digest> <seed>”")
    closed_at: datetime | None


class OneDrawOut(DrawOut):
    result: ResultOut


class FindingOut(Schema):
    id: UUID
    gesture: UUID
    verdict: str
    kind: str
    error: AmountOut
    words: str
    feedback: str
    training: str
    auditor: UUID
    at: datetime


class ActOut(Schema):
    position: int
    gesture: UUID
    person: UUID
    amount: AmountOut
    granted_by: UUID | None
    granted_at: datetime | None
    reason: str
    subject: str
    certain: bool = Field(description="for its amount, not by chance")
    finding: FindingOut | None


class NewFinding(In):
    gesture: UUID
    verdict: Literal["ok", "deviation"]
    kind: str = Field("", max_length=16, description=f"of a deviation: {', '.join(KINDS)}")
    error: Minor | None = Field(None, description="amount in error, minor units; of a deviation")
    words: Text = ""
    feedback: Text = Field("", description="said to whoever granted it")
    training: str = Field("", max_length=64, description="the course that should be renewed")
    auditor: UUID | None = Field(None, description="whose finding it is, where a program writes it")


class ProofOut(Schema):
    seed: str
    digest: str
    commitment: str
    population: str = Field(description="one act a line: its id, who granted it, its amount in minor units")
    certain: list[str]
    chosen: list[str]
    holds: bool = Field(description="the acts of the draw are those that the seed gives")


@router.get("gesture-audit-plans", response=list[PlanOut], summary="Plans of control")
def list_audit_plans(request: HttpRequest, ended: bool = False) -> Any:
    """Those in force; with `ended`, all. Scope: `gestures.audit`."""
    return [_plan(row) for row in queries.plans(viewer_of(request), ended=ended)]


@router.post("gesture-audit-plans", response={201: PlanOut}, summary="Make a plan of control")
def make_audit_plan(request: HttpRequest, body: NewPlan) -> Any:
    """It never changes: another takes its place. Scope: `gestures.plan_audits`."""
    viewer = viewer_of(request)
    viewer.require_everywhere(queries.PLAN)
    return _plan(operations.make_plan(**body.model_dump(), by=viewer.actor, now=utc_now()))


@router.post("gesture-audit-plans/{plan_id}/ending", response={201: PlanOut}, summary="End a plan of control")
def end_audit_plan(request: HttpRequest, plan_id: UUID) -> Any:
    """Nothing more is drawn by it. Scope: `gestures.plan_audits`."""
    viewer = viewer_of(request)
    viewer.require_everywhere(queries.PLAN)
    operations.end_plan(queries.plan(viewer, plan_id), by=viewer.actor, now=utc_now())
    return _plan(queries.plan(viewer, plan_id))


@router.post("gesture-audits", response={201: DrawOut}, summary="Draw a sample")
def draw_audit(request: HttpRequest, body: NewDraw) -> Any:
    """Of the gestures granted in a period that is over; nobody can tell which ones before. Scope: `gestures.audit`."""
    viewer = viewer_of(request)
    plan = queries.plan(viewer, body.plan)
    made = operations.draw(plan, body.since, body.until, by=viewer.actor, now=utc_now())
    return _draw(queries.draw(viewer, made.uuid))


@router.get("gesture-audits", response=Listed[DrawOut], summary="Draws")
def list_audits(request: HttpRequest, limit: Limit = 50, cursor: Cursor = None) -> Any:
    """The latest first. Scope: `gestures.audit`."""
    page = queries.draws(viewer_of(request), limit=limit, cursor=cursor)
    return {"items": [_draw(row) for row in page.items], "next": page.next}


@router.get("gesture-audits/{audit_id}", response=OneDrawOut, summary="A draw, and what it says")
def get_audit(request: HttpRequest, audit_id: UUID) -> Any:
    """Of all gestures of the period something is said once all of the sample was looked at. Scope: `gestures.audit`."""
    viewer = viewer_of(request)
    row = queries.draw(viewer, audit_id)
    return {**_draw(row), "result": _result(queries.result(viewer, row), row.plan.currency)}


@router.get("gesture-audits/{audit_id}/acts", response=Listed[ActOut], summary="The acts drawn")
def list_audit_acts(
    request: HttpRequest, audit_id: UUID, left: bool = False, limit: Limit = 50, cursor: Cursor = None
) -> Any:
    """In their order; with `left`, those that nobody looked at yet. Scopes: `gestures.audit`, `people.read`."""
    viewer = viewer_of(request)
    row = queries.draw(viewer, audit_id)
    if cursor is None:
        log_sight(viewer, "list", detail=f"gesture-audits {audit_id}", now=utc_now())
    after = queries.position(viewer, cursor)
    found = queries.acts(viewer, row, left=left, limit=limit + 1, after=after)
    persons = people.named(viewer, [one.gesture.person_id for one in found])
    items = [_act(one, persons) for one in found[:limit]]
    return {"items": items, "next": queries.after(viewer, found[limit - 1]) if len(found) > limit else None}


@router.get("gesture-audits/{audit_id}/findings", response=list[FindingOut], summary="What was found")
def list_findings(request: HttpRequest, audit_id: UUID) -> Any:
    """Of each act the finding that holds, in the order of the acts. Scope: `gestures.audit`."""
    viewer = viewer_of(request)
    row = queries.draw(viewer, audit_id)
    log_sight(viewer, "list", detail=f"gesture-audits {audit_id} findings", now=utc_now())
    return [_finding(one, one.act) for one in queries.findings(viewer, row)]


@router.post("gesture-audits/{audit_id}/findings", response={201: FindingOut}, summary="Write what was found")
def write_finding(request: HttpRequest, audit_id: UUID, body: NewFinding) -> Any:
    """Never by who granted the gesture or agreed to it. Another finding of the same act takes the place of the one
    before. A program names its `auditor`, who may control. Scope: `gestures.audit`.
    """
    viewer, now = viewer_of(request), utc_now()
    act = queries.act_of(viewer, queries.draw(viewer, audit_id), body.gesture)
    auditor = _auditor(viewer, body.auditor, now)
    told = body.model_dump(exclude={"gesture", "verdict", "auditor"})
    made = operations.judge(act, body.verdict, **told, auditor=auditor, by=viewer.actor, now=now)
    return _finding(made, act)


@router.post("gesture-audits/{audit_id}/closure", response={201: DrawOut}, summary="Close a draw")
def close_audit(request: HttpRequest, audit_id: UUID) -> Any:
    """All was looked at: the result stands, and the seed is shown. Scope: `gestures.audit`."""
    viewer = viewer_of(request)
    row = queries.draw(viewer, audit_id)
    operations.close_draw(row, by=viewer.actor, now=utc_now())
    return _draw(queries.draw(viewer, audit_id))


@router.get("gesture-audits/{audit_id}/proof", response=ProofOut, summary="What proves a draw")
def get_proof(request: HttpRequest, audit_id: UUID) -> Any:
    """Once it is closed, for whoever works here: the lot of an act is the SHA-256 of “<seed> <id>”, and the lowest lots
    of each colleague were drawn. Any scope.
    """
    proof = queries.proof(viewer_of(request), audit_id)
    row = proof.draw
    told = {"seed": row.seed, "digest": row.digest, "commitment": row.commitment, "population": proof.population}
    return {**told, "certain": proof.drawn.certain, "chosen": proof.drawn.chosen, "holds": proof.holds}


def _auditor(viewer: Viewer, named: UUID | None, now: datetime) -> User:
    """Whose finding it is. Raises `NoAuditor`."""
    uuid = named or viewer.user_id
    if uuid is None or (viewer.user_id and named not in (None, viewer.user_id)):
        raise NoAuditor(fields={"auditor": str(NoAuditor.title)})
    found = staff(viewer, [uuid])
    if not found or not viewer_for(found[0], now=now).can(queries.AUDIT):
        raise NoAuditor(fields={"auditor": str(NoAuditor.title)})
    return found[0]


# --- shapes -----------------------------------------------------------------------------------------------------------


def _plan(row: AuditPlan) -> dict[str, Any]:
    same = ("name", "currency", "method", "threshold", "tolerable", "tolerated", "least", "tolerable_amount", "made_at",
            "ended_at")  # fmt: skip
    return {"id": row.uuid, **{name: getattr(row, name) for name in same}}


def _draw(row: AuditDraw) -> dict[str, Any]:
    same = ("since", "until", "drawn_at", "by", "size", "sampled", "late", "left_out", "judged", "deviating", "digest",
            "commitment", "closed_at")  # fmt: skip
    return {"id": row.uuid, "plan": row.plan.uuid, **{name: getattr(row, name) for name in same}}


def _result(told: queries.Result, currency: str) -> dict[str, Any]:
    return {
        "judged": told.judged,
        "deviating": told.deviating,
        "in_error": {"amount": told.in_error, "currency": currency},
        "kinds": dict(told.kinds),
        "rate": _estimate(told.rate),
        "amount": _estimate(told.amount),
        "passed": told.passed,
    }


def _estimate(one: Estimate | None) -> dict[str, Any] | None:
    return {name: getattr(one, name) for name in ("found", "likely", "low", "high", "at_most")} if one else None


def _act(row: AuditAct, persons: dict[int, Any]) -> dict[str, Any]:
    gesture, found = row.gesture, row.finding  # type: ignore[attr-defined]
    return {
        "position": row.position,
        "gesture": gesture.uuid,
        "person": persons[gesture.person_id].uuid,
        "amount": {"amount": gesture.amount, "currency": gesture.currency},
        "certain": row.certain,
        "finding": _finding(found, row) if found else None,
        **{name: getattr(gesture, name) for name in ("granted_at", "reason", "subject")},
        "granted_by": gesture.granted_by_id,
    }


def _finding(row: Finding, act: AuditAct) -> dict[str, Any]:
    same = ("verdict", "kind", "words", "feedback", "training", "at")
    error = {"amount": row.error, "currency": act.gesture.currency}
    told = {name: getattr(row, name) for name in same}
    return {"id": row.uuid, "gesture": act.gesture.uuid, "error": error, "auditor": row.auditor_id, **told}
