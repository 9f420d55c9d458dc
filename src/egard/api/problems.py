"""Answers of the API: JSON, and refusals as `application/problem+json` (RFC 9457)."""

from __future__ import annotations

from typing import Any

import orjson
from django.http import HttpResponse

from egard.base.refusal import Refusal

JSON = "application/json"
PROBLEM = "application/problem+json"
_OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_NAIVE_UTC | orjson.OPT_NON_STR_KEYS


def dumps(value: Any) -> bytes:
    """JSON as every answer is written: UTF-8, times of RFC 3339 in UTC with `Z`."""
    return orjson.dumps(value, default=str, option=_OPTIONS)


def answer(value: Any, status: int = 200) -> HttpResponse:
    return HttpResponse(dumps(value), status=status, content_type=JSON)


def as_problem(refusal: Refusal) -> dict[str, Any]:
    """The members of a problem, in the language that is active now."""
    return {
        "type": f"urn:egard:problem:{refusal.code}",
        "title": str(refusal.title),
        "status": refusal.status,
        "code": refusal.code,
        "detail": refusal.detail,
        "fields": {name: str(why) for name, why in refusal.fields.items()},
    }


def problem(refusal: Refusal) -> HttpResponse:
    """The answer to a refused request."""
    response = HttpResponse(dumps(as_problem(refusal)), status=refusal.status, content_type=PROBLEM)
    response["Cache-Control"] = "no-store"
    if refusal.status == 401:
        response["WWW-Authenticate"] = "Bearer"
    if (seconds := refusal.context.get("seconds")) is not None and refusal.status in (429, 503):
        response["Retry-After"] = str(seconds)
    if allowed := refusal.context.get("allowed"):
        response["Allow"] = str(allowed)
    return response
