"""Promises: what is owed by a moment, and what becomes of it."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router

from egard.api import promise_schemas as shapes_of
from egard.api import shapes
from egard.api.authentication import viewer_of
from egard.api.people import seen
from egard.api.schemas import Cursor, Limit, Listed, SiteOut, StaffOut, TeamOut
from egard.base.clock import utc_now
from egard.base.moments import Moment
from egard.kernel.access import queries as access
from egard.kernel.access.actors import Viewer
from egard.kernel.access.operations import log_sight
from egard.kernel.people import queries as people
from egard.kernel.people.guard import require_reason
from egard.kernel.promises import figures, operations, queries
from egard.kernel.promises.asked import Asked
from egard.kernel.promises.calendars import terms_of
from egard.kernel.promises.facts import label_of
from egard.kernel.promises.models import Promise

router = Router(tags=["promises"])


def promise_out(row: Promise) -> dict[str, Any]:
    person, now = row.person, utc_now()
    if row.ended_at is not None or row.state == "broken":
        left = 0.0
    else:
        left = (row.left if row.left is not None else terms_of(row).counted(now, row.due_at)).total_seconds()
    return {
        "id": row.uuid,
        "label": label_of(row.kind),
        "person": (person.root or person).uuid if person else None,
        "seconds_left": int(left),
        "calendar": f"{row.calendar.code}/{row.calendar.version}" if row.calendar else "",
        "owner": StaffOut.model_validate(row.owner) if row.owner else None,
        "team": TeamOut.model_validate(row.team) if row.team else None,
        "site": SiteOut.model_validate(row.site) if row.site else None,
        **{
            name: getattr(row, name)
            for name in (
                *("kind", "subject", "note", "key", "state", "made_at", "due_at", "first_due_at", "paused_at"),
                *("kept_at", "ended_at", "within", "working", "channel", "kept_channel"),
            )
        },
    }


def whole_out(row: Promise) -> dict[str, Any]:
    return {**promise_out(row), "events": [shapes_of.PromiseEventOut.model_validate(event) for event in row.history]}


def read(viewer: Viewer, promise_id: UUID, permission: str = queries.READ) -> Promise:
    """The promise within the viewer's scope, and the sight of whose it is. Raises `NotFound`."""
    row = queries.promise(viewer, promise_id, permission)
    if row.person is not None:
        require_reason(viewer, row.person)
        log_sight(viewer, "promise", person_id=row.person.pk, detail=str(promise_id), now=utc_now())
    return row


@router.get("promises", response=Listed[shapes_of.PromiseOut], summary="Promises")
def list_promises(
    request: HttpRequest,
    state: Annotated[list[shapes_of.State], Query(max_length=10, description="repeatable")] = [],  # noqa: B006
    owed: Annotated[bool, Query(description="only what is still owed: also what broke and was not kept since")] = False,
    kind: Annotated[list[Annotated[str, Query(max_length=64)]], Query(max_length=50)] = [],  # noqa: B006
    owner: UUID | None = None,
    team: UUID | None = None,
    site: UUID | None = None,
    subject: Annotated[str, Query(max_length=200)] = "",
    due_from: Annotated[Moment | None, Query(description="included")] = None,
    due_before: Annotated[Moment | None, Query(description="not included")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Any:
    """The nearest due moment first. Scope: `promises.read`."""
    viewer = viewer_of(request)
    viewer.require(queries.READ)
    asked = Asked(
        states=tuple(state),
        owed=owed,
        kinds=tuple(kind),
        owner=owner,
        team=team,
        site=site,
        subject=subject,
        due_from=due_from,
        due_before=due_before,
    )
    if cursor is None:
        log_sight(viewer, "list", detail=f"promises {' '.join([*state, *kind])}".strip(), now=utc_now())
    return shapes.page_out(queries.promises(viewer, asked, limit=limit, cursor=cursor), promise_out)


@router.post("promises", response={201: shapes_of.PromiseWhole}, summary="Make a promise")
def make_promise(request: HttpRequest, body: shapes_of.PromiseIn) -> Any:
    """By a moment (`due_at`), or `within` an amount of time: `2 h`, `24 h`, `1 business day`, `2 months`; what is left
    out is as the kind declares it. The same key gives the first promise again; with other content it is refused
    (`promises.key_reused`). Scope: `promises.make`, and `people.read` for a person.
    """
    viewer = viewer_of(request)
    viewer.require(queries.MAKE)
    viewer.require(queries.READ)
    person = people.person(viewer, body.person) if body.person else None
    row = operations.promise(
        person,
        body.kind,
        due_at=body.due_at,
        within=body.within,
        calendar=body.calendar,
        subject=body.subject,
        note=body.note,
        owner=access.colleague(viewer, body.owner) if body.owner else None,
        team=access.team(viewer, body.team) if body.team else None,
        site=access.site(viewer, body.site) if body.site else None,
        channel=body.channel,
        key=body.key,
        by=viewer.actor,
        now=utc_now(),
    )
    return whole_out(read(viewer, row.uuid))


@router.get("promises/{promise_id}", response=shapes_of.PromiseWhole, summary="A promise")
def get_promise(request: HttpRequest, promise_id: UUID) -> Any:
    """With all that happened to it; the sight is logged. Scope: `promises.read`."""
    return whole_out(read(viewer_of(request), promise_id))


def _changed(request: HttpRequest, promise_id: UUID, change: Any) -> dict[str, Any]:
    viewer = viewer_of(request)
    row = read(viewer, promise_id, queries.KEEP)
    change(row, by=viewer.actor, now=utc_now())
    return whole_out(queries.promise(viewer, promise_id, queries.KEEP))


@router.post("promises/{promise_id}/keeping", response={201: shapes_of.PromiseWhole}, summary="Keep it")
def keep_promise(request: HttpRequest, promise_id: UUID, body: shapes_of.KeepingIn) -> Any:
    """It was done. After its due moment that is noted, and it stays broken. Twice changes nothing.
    Scope: `promises.keep`.
    """
    return _changed(request, promise_id, lambda row, **who: operations.keep(row, channel=body.channel, **who))


@router.post("promises/{promise_id}/release", response={201: shapes_of.PromiseWhole}, summary="Release it")
def release_promise(request: HttpRequest, promise_id: UUID, body: shapes_of.ReasonIn) -> Any:
    """It is no longer owed, for a reason. One that was kept is refused (`promises.ended`). Scope: `promises.keep`."""
    return _changed(request, promise_id, lambda row, **who: operations.release(row, reason=body.reason, **who))


@router.post("promises/{promise_id}/reopening", response={201: shapes_of.PromiseWhole}, summary="Owe it again")
def reopen_promise(request: HttpRequest, promise_id: UUID, body: shapes_of.OptionalReasonIn) -> Any:
    """It was not kept or released after all: it breaks at its due moment, also where that has passed.
    Scope: `promises.keep`.
    """
    return _changed(request, promise_id, lambda row, **who: operations.reopen(row, reason=body.reason, **who))


@router.post("promises/{promise_id}/pause", response={201: shapes_of.PromiseWhole}, summary="Pause it")
def pause_promise(request: HttpRequest, promise_id: UUID, body: shapes_of.ReasonIn) -> Any:
    """Its time stands still, for a reason; refused once it was due (`promises.not_running`). Scope: `promises.keep`."""
    return _changed(request, promise_id, lambda row, **who: operations.pause(row, reason=body.reason, **who))


@router.post("promises/{promise_id}/resume", response={201: shapes_of.PromiseWhole}, summary="Let it run on")
def resume_promise(request: HttpRequest, promise_id: UUID, body: shapes_of.OptionalReasonIn) -> Any:
    """What was left of its time, by its own calendar, is left from now. Scope: `promises.keep`."""
    return _changed(request, promise_id, lambda row, **who: operations.resume(row, reason=body.reason, **who))


@router.post("promises/{promise_id}/extension", response={201: shapes_of.PromiseWhole}, summary="Give it more time")
def extend_promise(request: HttpRequest, promise_id: UUID, body: shapes_of.ExtensionIn) -> Any:
    """Until a moment or `within` from now, for a reason; its first due moment stays with it. Scope: `promises.keep`."""

    def change(row: Promise, **who: Any) -> None:
        operations.extend(row, due_at=body.due_at, within=body.within, reason=body.reason, **who)

    return _changed(request, promise_id, change)


@router.put("promises/{promise_id}/owner", response=shapes_of.PromiseWhole, summary="Who sees to it")
def assign_promise(request: HttpRequest, promise_id: UUID, body: shapes_of.OwnerIn) -> Any:
    """Somebody of staff, and a team; a team that is not named stays. Scope: `promises.keep`."""
    viewer = viewer_of(request)
    viewer.require(queries.KEEP)
    owner = access.colleague(viewer, body.staff) if body.staff else None
    team = access.team(viewer, body.team) if body.team else None
    return _changed(request, promise_id, lambda row, **who: operations.assign(row, owner=owner, team=team, **who))


def figure_out(figure: figures.Figure) -> dict[str, Any]:
    low, high = figure.bounds
    told = {"name": figure.name, "label": str(figure.label), "kept": figure.kept, "n": figure.n}
    return {**told, "share": figure.share, "low": low, "high": high}


@router.get("promise-shares", response=shapes_of.SharesOut, summary="What is kept")
def list_shares(
    request: HttpRequest,
    by: Literal["kind", "site", "team", "channel", "month"] = "kind",
    kind: Annotated[list[Annotated[str, Query(max_length=64)]], Query(max_length=50)] = [],  # noqa: B006
    team: UUID | None = None,
    site: UUID | None = None,
    channel: Annotated[str | None, Query(max_length=32)] = None,
    due_from: Annotated[Moment | None, Query(description="included")] = None,
    due_before: Annotated[Moment | None, Query(description="not included")] = None,
) -> Any:
    """Of the promises that were due, the share kept in time, with its bounds at 95 % (Wilson); months in their order,
    else the largest first. Scope: `promises.cockpit`.
    """
    viewer, now = viewer_of(request), utc_now()
    asked = Asked(kinds=tuple(kind), team=team, site=site, channel=channel, due_from=due_from, due_before=due_before)
    found = figures.shares(viewer, asked, by, now=now)
    return {"whole": figure_out(figures.total(viewer, asked, now=now)), "items": [figure_out(one) for one in found]}


@router.get("people/{person_id}/promises", response=Listed[shapes_of.PromiseOut], summary="Promises to her")
def list_promises_to(
    request: HttpRequest,
    person_id: UUID,
    owed: Annotated[bool, Query(description="only what is still owed")] = False,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Any:
    """The latest due moment first; the sight is logged. Scopes: `people.read`, `promises.read`."""
    viewer = viewer_of(request)
    viewer.require(queries.READ)
    person = seen(viewer, person_id, "promises")
    return shapes.page_out(queries.of_person(viewer, person, owed=owed, limit=limit, cursor=cursor), promise_out)


@router.get("calendars", response=Listed[shapes_of.CalendarOut], summary="Calendars")
def list_calendars(request: HttpRequest, limit: Limit = 50, cursor: Cursor = None) -> Any:
    """Opening hours by code, each in the version that holds now. Any scope."""
    found = queries.calendars(viewer_of(request))
    return shapes.page_out(
        shapes.sliced(found, "calendars", limit=limit, cursor=cursor), shapes_of.CalendarOut.model_validate
    )


@router.put("calendars/{code}", response=shapes_of.CalendarOut, summary="Set a calendar")
def set_calendar(request: HttpRequest, code: str, body: shapes_of.CalendarIn) -> Any:
    """The hours that hold from now on: a new version. Promises keep the version they were made with.
    Scope: `promises.manage`.
    """
    viewer = viewer_of(request)
    viewer.require_everywhere(queries.MANAGE)
    made = operations.set_calendar(code, body.data, name=body.name, by=viewer.actor, now=utc_now())
    return shapes_of.CalendarOut.model_validate(made)
