"""The voice webhook, which the provider of phone lines calls, and who is there to be reached."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Schema
from ninja.security import APIKeyHeader
from pydantic import Field

from egard.api.authentication import viewer_of
from egard.base.clock import utc_now
from egard.base.figures import Share
from egard.base.moments import Moment
from egard.journeys.reach import calls, figures, operations, queries, staffing, voice
from egard.journeys.reach.desks import api as desks
from egard.journeys.reach.handovers import api as handovers

router = Router(tags=["reach"])
router.add_router("", desks.router)
router.add_router("", handovers.router)
SIGNATURE = "X-Twilio-Signature"
_FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "application/x-www-form-urlencoded": {
                "schema": {
                    "type": "object",
                    "required": ["CallSid"],
                    "properties": {
                        name: {"type": "string"}
                        for name in ("CallSid", "From", "To", "CallStatus", "Digits", "DialCallStatus",
                                     "DialCallDuration", "RecordingUrl", "ParentCallSid")
                    },
                }
            }
        },
    },
    "responses": {200: {"description": "What is said next", "content": {"text/xml": {"schema": {"type": "string"}}}}},
}  # fmt: skip
Step = Literal["who", "number", "key", "time", "hold", "choose", "dial", "again", "recorded"]


class PresenceOut(Schema):
    user: UUID
    name: str
    presence: Literal["available", "busy", "away"]
    since: datetime | None
    until: datetime | None
    on_the_line: bool
    at_work: bool


class PresenceList(Schema):
    items: list[PresenceOut]


class CallShareOut(Schema):
    hits: int
    n: int
    share: float | None = None
    low: float
    high: float


class CallFiguresOut(Schema):
    own: CallShareOut
    soon: CallShareOut
    abandoned: CallShareOut
    transferred: CallShareOut
    promised: CallShareOut
    repeated: CallShareOut


class CallWeekOut(CallFiguresOut):
    begins_at: datetime


class CallWeekList(Schema):
    items: list[CallWeekOut]


class StaffedHourOut(Schema):
    hour: int
    counted: int
    calls: float = Field(description="an hour, in the mean; the true mean lies between `low` and `high`")
    low: float
    high: float
    advisers: int | None = Field(description="who answer nine calls in ten within three minutes; null of too few calls")
    most: int | None = Field(description="the same of as many calls as `high`")
    soon: float | None = Field(description="the share answered within three minutes by `advisers`")
    busy: float | None = Field(description="the share of their time in which they talk")
    with_leaving: float | None = Field(description="as `soon`, where callers hang up as they do here (simulated)")


class StaffingOut(Schema):
    weekday: int
    weeks: int
    calls: int
    talks: int
    talk_seconds: float | None
    gave_up: int
    patience_seconds: float | None
    hours: list[StaffedHourOut]


class PresenceIn(Schema):
    presence: Literal["available", "busy", "away"]
    until: Moment | None = None


class Signed(APIKeyHeader):
    """The provider's signature under the address and all that is sent. Raises `NotSigned`."""

    param_name = SIGNATURE

    def authenticate(self, request: HttpRequest, key: str | None) -> dict[str, str]:
        voice.require_signature(_root(request) + request.get_full_path(), request.POST, key or "")
        return {name: str(value).replace("\x00", "") for name, value in request.POST.items()}


signed = Signed()


def _told(request: HttpRequest) -> dict[str, str]:
    return request.auth  # type: ignore[attr-defined]


def _root(request: HttpRequest) -> str:
    return settings.URL or request.build_absolute_uri("/").rstrip("/")


def _base(request: HttpRequest) -> str:
    return f"{_root(request)}/api/v1/calls"


def _twiml(said: str) -> HttpResponse:
    return HttpResponse(said, content_type="text/xml; charset=utf-8")


@router.post("calls", auth=signed, summary="A call comes in", openapi_extra=_FORM)
def receive_call(request: HttpRequest) -> Any:
    """The voice webhook of Twilio's protocol: signed by the provider (`X-Twilio-Signature`), answers TwiML. A call that
    is sent again within a minute has the same answer; later it is refused.
    """
    told = _told(request)
    return _twiml(calls.receive(told.get("CallSid", ""), told.get("From", ""), _base(request), now=utc_now()))


@router.post("calls/status", auth=signed, summary="A call is over", openapi_extra=_FORM)
def end_call(request: HttpRequest) -> Any:
    """The provider's word on the whole call (`CallStatus`), signed."""
    told = _told(request)
    if told.get("CallStatus") in calls.OVER:
        calls.hung_up(told.get("CallSid", ""), now=utc_now())
    return _twiml("<Response/>")


@router.post("calls/{call_id}/{step}/leg", auth=signed, summary="A line answered", openapi_extra=_FORM)
def answer_leg(request: HttpRequest, call_id: UUID, step: int) -> Any:
    """The provider's word on a line that rang (`CallStatus` of the leg), signed."""
    told = _told(request)
    if told.get("CallStatus") == "in-progress":
        calls.leg_answered(told.get("ParentCallSid", ""), call_id, step, now=utc_now())
    return _twiml("<Response/>")


@router.post("calls/{call_id}/{step}/{what}", auth=signed, summary="A call goes on", openapi_extra=_FORM)
def follow_call(request: HttpRequest, call_id: UUID, step: int, what: Step) -> Any:
    """What came of the step before: keys, a line that did not answer, a message. Signed; answers TwiML."""
    told = _told(request)
    said = calls.follow(told.get("CallSid", ""), call_id, step, what, told, _base(request), now=utc_now())
    return _twiml(said)


@router.get("call-figures", response=CallFiguresOut, summary="How often advisers are reached")
def call_figures(request: HttpRequest, since: Moment, until: Moment) -> Any:
    """Shares of the calls that were asked from `since` to before `until`, each with how many it is of, and the bounds
    (`low`, `high`) between which the true share lies with 95 % confidence. Scope: `reach.read`.
    """
    told = figures.reached(viewer_of(request), since=since, until=until)
    return {name: _share(getattr(told, name)) for name in CallFiguresOut.model_fields}


@router.get("call-figures/weeks", response=CallWeekList, summary="How often advisers are reached, by week")
def call_weeks(request: HttpRequest, since: Moment, until: Moment) -> Any:
    """The same week by week, from Monday on the house's clock. Scope: `reach.read`."""
    names = CallFiguresOut.model_fields
    told = figures.weeks(viewer_of(request), since=since, until=until)
    shares = [{name: _share(getattr(one.reached, name)) for name in names} for one in told]
    return {"items": [{"begins_at": one.begins_at, **some} for one, some in zip(told, shares, strict=True)]}


@router.get("staffing", response=StaffingOut, summary="How many advisers keep the three minutes")
def get_staffing(request: HttpRequest, weekday: Annotated[int, Query(ge=1, le=7, description="1: Monday")]) -> Any:
    """A day of the week hour by hour, from the calls of the last whole weeks (eight at most): Erlang C, and where
    callers hang up, a simulation. Hours of fewer than ten calls have no advice. Scope: `reach.figures`.
    """
    return staffing.staffing(viewer_of(request), weekday=weekday, now=utc_now())


def _share(one: Share) -> dict[str, Any]:
    low, high = one.bounds
    return {"hits": one.hits, "n": one.n, "share": one.share, "low": low, "high": high}


@router.get("presence", response=PresenceList, summary="Who is there")
def list_presence(request: HttpRequest) -> Any:
    """Advisers who have a desk, by name. Scope: `reach.read`."""
    return {"items": queries.presences(viewer_of(request), now=utc_now())}


@router.put("presence/{user_id}", response=PresenceOut, summary="Say who is there")
def put_presence(request: HttpRequest, user_id: UUID, body: PresenceIn) -> Any:
    """One's own, or a colleague's with `reach.manage`. Scope: `reach.answer`."""
    viewer, now = viewer_of(request), utc_now()
    user = queries.colleague(viewer, user_id)
    operations.set_presence(user, body.presence, until=body.until, by=viewer.actor, now=now)
    return queries.presence(viewer, user_id, now=now)
