"""Cases: opening them, doing their steps, leaving the method, saying why one waits."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Body, Header, Query, Router

from egard.api import case_schemas as schemas
from egard.api import case_shapes as shapes
from egard.api.authentication import viewer_of
from egard.api.refusals import Invalid
from egard.api.schemas import Cursor, Limit, Listed
from egard.base.clock import utc_now
from egard.kernel.access import queries as access
from egard.kernel.access.actors import Viewer
from egard.kernel.access.operations import log_sight
from egard.kernel.cases import following, listing, operations, outside, queries
from egard.kernel.people import queries as people

router = Router(tags=["cases"])
StepKey = str


def _seen(viewer: Viewer, case_id: UUID, what: str = "case") -> queries.CaseView:
    """A case within the viewer's scope, and the sight of it written down. Raises `NotFound`."""
    view = queries.case_view(viewer, case_id)
    log_sight(viewer, what, person_id=view.case.person_id, detail=str(case_id), now=utc_now())
    return view


@router.get("cases", response=Listed[schemas.CaseRow], summary="Cases")
def list_cases(
    request: HttpRequest,
    status: Literal["open", "closed"] | None = None,
    type: Annotated[str | None, Query(max_length=64)] = None,
    person: UUID | None = None,
    owner: UUID | None = None,
    team: UUID | None = None,
    site: UUID | None = None,
    mine: Annotated[bool, Query(description="yours, and those that ask you or your teams")] = False,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Any:
    """By their next promise; those without one last. Scope: `cases.read`."""
    viewer = viewer_of(request)
    whose = people.person(viewer, person) if person else None
    if cursor is None:
        viewer.require(queries.READ)
        log_sight(viewer, "list", person_id=whose.pk if whose else None, detail="cases", now=utc_now())
    filters = {
        "status": status,
        "type": type,
        "person": whose,
        "owner": owner,
        "team": team,
        "site": site,
        "whose": "own" if mine else "all",
    }
    page = listing.cases(viewer, filters, limit=limit, cursor=cursor)
    return {"items": [shapes.row_out(row) for row in page.items], "next": page.next}


@router.post("cases", response={201: schemas.Moved}, summary="Open a case")
def open_case(request: HttpRequest, body: schemas.NewCase) -> Any:
    """Of the current version of a type, for a person or for nobody known. Scope: `cases.work`."""
    viewer = viewer_of(request)
    viewer.require(following.WORK)
    held = operations.open_case(
        viewer,
        body.type,
        people.person(viewer, body.person) if body.person else None,
        data=body.data,
        owner=access.colleague(viewer, body.owner) if body.owner else None,
        team=access.team(viewer, body.team) if body.team else None,
        site=access.site(viewer, body.site) if body.site else None,
        channel=body.channel,
        now=utc_now(),
    )
    return shapes.moved_out(held)


@router.get("cases/{case_id}", response=schemas.CaseOut, summary="A case")
def get_case(request: HttpRequest, case_id: UUID) -> Any:
    """With its steps, promises and what to do next; the sight is logged. Scope: `cases.read`."""
    viewer = viewer_of(request)
    return shapes.case_out(viewer, _seen(viewer, case_id), now=utc_now())


@router.get("cases/{case_id}/next-steps", response=list[schemas.NextStepOut], summary="What to do next, and why")
def list_next_steps(request: HttpRequest, case_id: UUID) -> Any:
    """What you may do now, most pressing first, each with its reasons. Scope: `cases.read`."""
    viewer = viewer_of(request)
    view = _seen(viewer, case_id)
    return [shapes.next_out(one) for one in queries.next_steps(viewer, view, now=utc_now())]


@router.get("cases/{case_id}/why", response=list[schemas.UnmetOut], summary="What it waits for")
def list_why(request: HttpRequest, case_id: UUID) -> Any:
    """What each waiting step lacks; the last one, with an empty key, is the closing. Scope: `cases.read`."""
    viewer = viewer_of(request)
    view = _seen(viewer, case_id)
    return [shapes.unmet_out(one) for one in queries.why(viewer, view, now=utc_now())]


@router.get("cases/{case_id}/events", response=Listed[schemas.EventOut], summary="What happened to it")
def list_case_events(
    request: HttpRequest,
    case_id: UUID,
    after: Annotated[int, Query(ge=0, le=2**31 - 1, description="those after this number")] = 0,
    limit: Limit = 50,
) -> Any:
    """In order, numbered from 1 without gaps; go on with `after`. Scope: `cases.read`."""
    viewer = viewer_of(request)
    view = _seen(viewer, case_id, "case history")
    return {"items": queries.history(viewer, view.case, after=after, limit=limit), "next": None}


@router.post("cases/{case_id}/events", response={201: schemas.Moved}, summary="Tell it something from outside")
def tell_case(request: HttpRequest, case_id: UUID, body: schemas.NewFact) -> Any:
    """An event that its type awaits. Where you do not know the case, use `case-events`. Scope: `cases.work`."""
    viewer = viewer_of(request)
    return shapes.moved_out(outside.tell_case(viewer, case_id, body.name, body.data, at=body.at, now=utc_now()))


@router.patch("cases/{case_id}/data", response=schemas.Moved, summary="Change what is known")
def change_data(
    request: HttpRequest,
    case_id: UUID,
    body: Annotated[schemas.Data, Body(description="values by field")],
    if_match: Annotated[
        str | None, Header(alias="If-Match", max_length=100, description="the `version` that was read")
    ] = None,
) -> Any:
    """JSON merge: what is not named stays, null takes a value away. With `If-Match`, changes that do not collide come
    together; those that do are refused (`cases.changed_meanwhile`). Scope: `cases.work`.
    """
    base = None
    if if_match not in (None, "*"):
        text = if_match.removeprefix("W/").strip('"')
        if not text.isdecimal() or len(text) > 9:
            raise Invalid(names="If-Match", fields={"If-Match": "version"})
        base = int(text)
    return shapes.moved_out(operations.edit_data(viewer_of(request), case_id, body, base=base, now=utc_now()))


@router.post("cases/{case_id}/notes", response={201: schemas.Moved}, summary="Say something on it")
def write_case_note(request: HttpRequest, case_id: UUID, body: schemas.NewNote) -> Any:
    """For colleagues and departments, on the case or on one step. Scope: `cases.work`."""
    held = operations.write_note(viewer_of(request), case_id, body.text, step=body.step, now=utc_now())
    return shapes.moved_out(held)


@router.post("cases/{case_id}/assignment", response=schemas.Moved, summary="Say whose it is")
def assign_case(request: HttpRequest, case_id: UUID, body: schemas.Assignment) -> Any:
    """A team or a place that is not named stays; without `owner` nobody in particular. Scope: `cases.work`."""
    viewer = viewer_of(request)
    held = operations.assign_case(
        viewer,
        case_id,
        owner=access.colleague(viewer, body.owner) if body.owner else None,
        team=access.team(viewer, body.team) if body.team else None,
        site=access.site(viewer, body.site) if body.site else None,
        now=utc_now(),
    )
    return shapes.moved_out(held)


@router.post("cases/{case_id}/closure", response=schemas.Moved, summary="Close it")
def close_case(request: HttpRequest, case_id: UUID, body: schemas.Closure) -> Any:
    """Refused while something required is to be done (`cases.cannot_close`), unless whoever has `cases.manage` says why
    (`override`), which is recorded. Scope: `cases.work`.
    """
    held = operations.close_case(
        viewer_of(request), case_id, outcome=body.outcome, override=body.override, now=utc_now()
    )
    return shapes.moved_out(held)


@router.delete("cases/{case_id}/closure", response=schemas.Moved, summary="Reopen it")
def reopen_case(
    request: HttpRequest,
    case_id: UUID,
    reason: Annotated[str, Query(min_length=1, max_length=500, description="why")],
) -> Any:
    """Everything is as it was. Scope: `cases.work`."""
    return shapes.moved_out(operations.reopen_case(viewer_of(request), case_id, reason=reason, now=utc_now()))


# --- steps ------------------------------------------------------------------------------------------------------------


@router.post("cases/{case_id}/steps", response={201: schemas.Moved}, summary="Add a step")
def add_step(request: HttpRequest, case_id: UUID, body: schemas.NewStep) -> Any:
    """One that the method does not know (`title`), asked of a `department` or not; or one of the menu (`menu`). Its
    name is `step`. Scope: `cases.work`.
    """
    viewer, now = viewer_of(request), utc_now()
    if bool(body.title) == bool(body.menu):
        raise Invalid(names="title", fields={"title": "title | menu"})
    if body.menu:
        held, step = operations.plan_step(viewer, case_id, body.menu, now=now)
    else:
        more = body.model_dump(exclude={"title", "menu"})
        held, step = operations.add_step(viewer, case_id, body.title, **more, now=now)
    return {**shapes.moved_out(held), "step": step}


@router.post("cases/{case_id}/steps/{step}/start", response=schemas.Moved, summary="Take a step on")
def start_step(request: HttpRequest, case_id: UUID, step: StepKey) -> Any:
    """It is under way, and yours. Scope: `cases.work`."""
    return shapes.moved_out(operations.start_step(viewer_of(request), case_id, step, now=utc_now()))


@router.post("cases/{case_id}/steps/{step}/completion", response=schemas.Moved, summary="A step is done")
def complete_step(request: HttpRequest, case_id: UUID, step: StepKey, body: schemas.Completion) -> Any:
    """With its evidence in `data`. Refused too early (`cases.not_yet`), twice (`cases.already_settled`), without
    evidence (`cases.evidence_missing`), by somebody whose step it is not (`cases.not_yours`). Scope: `cases.work`.
    """
    return shapes.moved_out(operations.complete_step(viewer_of(request), case_id, step, body.data, now=utc_now()))


@router.post("cases/{case_id}/steps/{step}/skip", response=schemas.Moved, summary="Skip a step")
def skip_step(request: HttpRequest, case_id: UUID, step: StepKey, body: schemas.Why) -> Any:
    """It is not to be done on this case, for a reason. Scope: `cases.work`."""
    return shapes.moved_out(operations.skip_step(viewer_of(request), case_id, step, reason=body.reason, now=utc_now()))


@router.post("cases/{case_id}/steps/{step}/redo", response=schemas.Moved, summary="Do a step again")
def redo_step(request: HttpRequest, case_id: UUID, step: StepKey, body: schemas.Why) -> Any:
    """For a reason; what follows it and is not done yet waits again. Scope: `cases.work`."""
    return shapes.moved_out(operations.redo_step(viewer_of(request), case_id, step, reason=body.reason, now=utc_now()))


@router.post("cases/{case_id}/steps/{step}/refusal", response=schemas.Moved, summary="Set a suggestion aside")
def refuse_suggestion(request: HttpRequest, case_id: UUID, step: StepKey, body: schemas.MaybeWhy) -> Any:
    """It goes to the end of the list on this case, and is kept as feedback on the method. Scope: `cases.work`."""
    viewer = viewer_of(request)
    return shapes.moved_out(operations.refuse_suggestion(viewer, case_id, step, reason=body.reason, now=utc_now()))
