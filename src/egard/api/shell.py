"""The API itself: how it reads, answers, refuses and describes itself. Resources are routers."""

from __future__ import annotations

import logging
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI, Swagger
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.parser import Parser
from ninja.renderers import BaseRenderer

from egard import __version__
from egard.api.authentication import api_key
from egard.api.bodies import parse
from egard.api.idempotency import HEADER, once
from egard.api.problems import PROBLEM, dumps, problem
from egard.api.refusals import BadRequest, Failure, Invalid, TooLarge, Unavailable, UnknownPath
from egard.base import invalid
from egard.base.refusal import Refusal
from egard.kernel.access.queries import KeyRefused
from egard.kernel.registry import registry

log = logging.getLogger("egard.api")

DESCRIPTION = """\
JSON in snake_case. Times are RFC 3339 in UTC with `Z`; money is `{"amount": 1250, "currency": "EUR"}` in minor units;
ids are UUIDs. Lists answer `{"items": […], "next": cursor or null}` and take `limit` (1 to 200) and `cursor`.

Send `Authorization: Bearer <key>`; a key's scopes are the permissions named with each resource.

A protected file is opened for a reason: say it in the header `Egard-Reason` or the parameter `reason` of the request,
else it is refused (`people.reason_needed`). The reason stands in the log of who saw the file; the person may read it.

Every POST takes an `Idempotency-Key`: the same key with the same body gives the first answer again (for 24 hours), with
another body it is refused (`idempotency.mismatch`). What was refused is not remembered.

Errors are `application/problem+json` with a stable `code` and a `detail` that says what to do, in French or English by
`Accept-Language`.
"""

_STRING = {"type": "string"}
PROBLEM_SCHEMA = {
    "type": "object",
    "title": "Problem",
    "description": "A refusal (RFC 9457).",
    "required": ["type", "title", "status", "code", "detail", "fields"],
    "properties": {
        "type": {**_STRING, "description": "urn:egard:problem:<code>"},
        "title": _STRING,
        "status": {"type": "integer"},
        "code": {**_STRING, "description": "stable, for programs: people.identifier_taken"},
        "detail": {**_STRING, "description": "what to do, for people"},
        "fields": {"type": "object", "additionalProperties": _STRING, "description": "words by input at fault"},
    },
}
_REFUSED = {
    "description": "Refused: 401 no key, 403 not allowed, 404 not there or not for you, 409 conflict, 413 too large,"
    " 415 no JSON, 422 invalid, 429 too many wrong keys",
    "content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
_KEY_PARAMETER = {
    "in": "header",
    "name": HEADER,
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"},
    "description": "Same key and body: the first answer again. A UUID is a good key.",
}


class StrictParser(Parser):
    def parse_body(self, request: HttpRequest) -> Any:
        return parse(request)


class JsonRenderer(BaseRenderer):
    media_type = "application/json"

    def render(self, request: HttpRequest, data: Any, *, response_status: int) -> bytes:
        return dumps(data)


class EgardAPI(NinjaAPI):
    """Ninja with our own words for refusals, and problems and `Idempotency-Key` in the description."""

    def get_content_type(self) -> str:
        return "application/json"

    def get_openapi_schema(self, **kwargs: Any) -> Any:
        schema = super().get_openapi_schema(**kwargs)
        schema["components"]["schemas"]["Problem"] = PROBLEM_SCHEMA
        for methods in schema["paths"].values():
            for method, operation in methods.items():
                operation["responses"]["default"] = _REFUSED
                if method == "post":
                    operation["parameters"] = [*operation.get("parameters", []), _KEY_PARAMETER]
        return schema

    def get_openapi_operation_id(self, operation: Any) -> str:
        return operation.view_func.__name__


def build_api() -> EgardAPI:
    """The API with the kernel's resources and those of every journey."""
    from egard.api import (
        case_types,
        cases,
        delegations,
        erasure,
        events,
        house,
        ledger,
        merges,
        messages,
        overview,
        payments,
        people,
        promises,
        ties,
        timeline,
    )

    api = EgardAPI(
        title="Egard",
        version=__version__,
        description=DESCRIPTION,
        urls_namespace="api",
        auth=api_key,
        renderer=JsonRenderer(),
        parser=StrictParser(),
        docs=Swagger(settings={"validatorUrl": None, "defaultModelsExpandDepth": 0}),
    )
    api.add_decorator(once, mode="view")
    shells = (
        *(people, ties, merges, timeline, promises, messages, delegations, ledger, payments, cases, case_types),
        *(overview, erasure, events, house),
    )
    for router in shells:
        api.add_router("", router.router)
    for journey in registry.journeys.values():
        if journey.router:
            api.add_router("", journey.router.replace(":", "."), tags=[journey.name])
    _explain(api)
    return api


def _explain(api: EgardAPI) -> None:
    """Every exception has its problem."""

    @api.exception_handler(Refusal)
    def refused(request: HttpRequest, refusal: Any) -> HttpResponse:
        return problem(refusal)

    @api.exception_handler(ValidationError)
    def invalid_fields(request: HttpRequest, error: Any) -> HttpResponse:
        return problem(not_right(error.errors))

    @api.exception_handler(RequestDataTooBig)
    def too_large(request: HttpRequest, error: Any) -> HttpResponse:
        return problem(TooLarge(limit=settings.BODY_MAX_BYTES))

    @api.exception_handler(HttpError)
    def other(request: HttpRequest, error: Any) -> HttpResponse:
        if isinstance(error.__cause__, (Refusal, RequestDataTooBig)):
            return api.on_exception(request, error.__cause__)
        return problem(KeyRefused() if isinstance(error, AuthenticationError) else BadRequest())

    @api.exception_handler(Http404)
    def unknown(request: HttpRequest, error: Any) -> HttpResponse:
        return problem(UnknownPath())

    @api.exception_handler(OperationalError)
    @api.exception_handler(InterfaceError)
    def unavailable(request: HttpRequest, error: Any) -> HttpResponse:
        log.exception("%s %s: the database", request.method, request.path, exc_info=error)
        return problem(Unavailable(seconds=5))

    @api.exception_handler(Exception)
    def failed(request: HttpRequest, error: Any) -> HttpResponse:
        log.exception("%s %s", request.method, request.path, exc_info=error)
        return problem(Failure())


def not_right(errors: list[dict[str, Any]]) -> Invalid:
    """Ninja's findings as a refusal: fields are named as the caller wrote them."""
    plain = []
    for error in errors:
        source, *loc = error["loc"]
        # A body's first step is the name of our own argument.
        plain.append({**error, "loc": tuple(loc[1:] if source == "body" else loc)})
    fields = invalid.by_field(plain)
    return Invalid(fields=fields, names=", ".join(fields))
