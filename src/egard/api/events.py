"""Events in: a hot path. The body goes from orjson to `record_events` and back; no schema stands in between."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import Router
from pydantic import TypeAdapter

from egard.api.authentication import viewer_of
from egard.api.bodies import parse
from egard.api.problems import answer
from egard.api.refusals import BatchTooLong, EmptyBatch, Invalid
from egard.base.clock import utc_now
from egard.base.refusal import Refusal
from egard.kernel.timeline.bulk import BATCH_MAX, Batch, Event, Outcome, record_events

router = Router(tags=["timeline"])
RECORD = "timeline.record"
OPTIONS = ("history", "create_people", "anonymous")

_EVENT = TypeAdapter(Event).json_schema(ref_template="#/components/schemas/{model}")
_PERSON = _EVENT.pop("$defs", {}).get("PersonRef", {})
_EVENT["properties"]["person"] = {**_PERSON, "type": ["object", "null"]}
_FLAGS = {
    "history": "this is imported past: reactions that send messages skip it",
    "create_people": "an identifier that nobody has makes a person (true unless said otherwise)",
    "anonymous": "an event without a person is kept",
}
_BATCH = {
    "type": "object",
    "title": "Batch",
    "required": ["events"],
    "additionalProperties": False,
    "properties": {
        "events": {"type": "array", "items": _EVENT, "minItems": 1, "maxItems": BATCH_MAX},
        **{name: {"type": "boolean", "description": text} for name, text in _FLAGS.items()},
    },
}
_OUTCOME = {
    "type": "object",
    "title": "Outcome",
    "required": ["outcome"],
    "properties": {
        "outcome": {"enum": ["recorded", "unchanged", "rejected"]},
        "id": {"type": "string", "format": "uuid", "description": "the fact, also where it was there already"},
        "code": {"type": "string", "description": "why it was rejected, for programs"},
        "detail": {"type": "string", "description": "what to do, for people"},
        "fields": {"type": "object", "additionalProperties": {"type": "string"}},
    },
}
_COUNT = {"type": "integer", "minimum": 0}
_OUTCOMES = {
    "type": "object",
    "title": "Outcomes",
    "required": ["recorded", "unchanged", "rejected", "people_created", "outcomes"],
    "properties": {
        "recorded": _COUNT,
        "unchanged": _COUNT,
        "rejected": _COUNT,
        "people_created": _COUNT,
        "outcomes": {"type": "array", "items": _OUTCOME, "description": "in the order of the events"},
    },
}


def _said(description: str) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": {"anyOf": [_OUTCOME, _OUTCOMES]}}}}


_EXTRA = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "anyOf": [
                        _EVENT,
                        _BATCH,
                        {"type": "array", "items": _EVENT, "minItems": 1, "maxItems": BATCH_MAX},
                    ]
                }
            }
        },
    },
    "responses": {
        200: _said("Everything was there already: nothing changed"),
        201: _said("Recorded: at least one is new, none was rejected"),
        207: _said("Some were rejected, each with its code and detail; all others are in"),
    },
}


@router.post("events", summary="Record what happened", openapi_extra=_EXTRA)
def record(request: HttpRequest) -> HttpResponse:
    """One event, a list of up to 1,000, or an object with `events` and options. In a batch each event has its own
    outcome, and a bad one does not lose the good ones (207); a single bad event is refused as any request.

    An event's `key` names it for ever, per person: the same key with the same content is `unchanged`, with other
    content rejected (`timeline.key_reused`). The person is an id, or an identifier (`{"kind": "email", "value": …}`),
    which makes the person where it is new. Scope: `timeline.record`.
    """
    viewer = viewer_of(request)
    viewer.require_everywhere(RECORD)
    # NUL is refused event by event: one bad event does not lose the others.
    events, options, single = _understood(parse(request, nul_allowed=True))
    batch = record_events(events, by=viewer.actor, now=utc_now(), channel="api", **options)
    if single:
        return _one(batch.outcomes[0])
    return _many(batch)


def _understood(body: Any) -> tuple[list[Any], dict[str, bool], bool]:
    """The events, the options, whether it is one event by itself. Raises `Invalid`, `EmptyBatch`, `BatchTooLong`."""
    options: dict[str, bool] = {}
    if isinstance(body, dict) and "events" in body:
        events = body["events"]
        wrong = {name: _("is not a known field") for name in body if name not in (*OPTIONS, "events")}
        options = {name: body[name] for name in OPTIONS if name in body}
        wrong |= {name: _("must be true or false") for name, value in options.items() if not isinstance(value, bool)}
        if not isinstance(events, list):
            wrong["events"] = _("must be a list")
        if wrong:
            raise Invalid(fields=wrong, names=", ".join(name[:100] for name in wrong))
    elif isinstance(body, dict):
        return [body], options, True
    elif isinstance(body, list):
        events = body
    else:
        raise Invalid(names="body", fields={"body": _('send an event, a list of events, or `{"events": […]}`')})
    if not events:
        raise EmptyBatch
    if len(events) > BATCH_MAX:
        raise BatchTooLong(limit=BATCH_MAX, count=len(events))
    return events, options, False


def _one(outcome: Outcome) -> HttpResponse:
    if outcome.refusal is not None:
        raise outcome.refusal
    return answer(_said_of(outcome), 201 if outcome.outcome == "recorded" else 200)


def _many(batch: Batch) -> HttpResponse:
    counts = {"recorded": 0, "unchanged": 0, "rejected": 0}
    for outcome in batch.outcomes:
        counts[outcome.outcome] += 1
    status = 207 if counts["rejected"] else 201 if counts["recorded"] else 200
    return answer(
        {
            **counts,
            "people_created": batch.people_created,
            "outcomes": [_said_of(outcome) for outcome in batch.outcomes],
        },
        status,
    )


def _said_of(outcome: Outcome) -> dict[str, Any]:
    if outcome.refusal is None:
        return {"outcome": outcome.outcome, "id": outcome.id}
    return {"outcome": "rejected", **_why(outcome.refusal)}


def _why(refusal: Refusal) -> dict[str, Any]:
    return {"code": refusal.code, "detail": refusal.detail, "fields": refusal.fields}
