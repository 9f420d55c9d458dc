"""What the API says of itself: written down, compared, and believed by a fuzzer."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path

import orjson
import pytest
import schemathesis
from django.conf import settings as django_settings
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from egard.base.ids import new_id

SNAPSHOT = Path(__file__).parent / "openapi.json"
DEEP = os.environ.get("EGARD_DEEP") == "1"


def described() -> dict:
    """What the API says of itself, without what journeys from elsewhere add to it (those of the tests)."""
    schema = Client().get("/api/v1/openapi.json").json()
    schema["info"]["version"] = "0"
    ours = {
        "people",
        "timeline",
        "house",
        "cases",
        "promises",
        "ledger",
        "delegations",
        "payments",
        "messages",
        *(package.removeprefix("egard.journeys.") for package in django_settings.JOURNEYS),
    }
    for path, methods in list(schema["paths"].items()):
        if not any(set(operation["tags"]) & ours for operation in methods.values()):
            del schema["paths"][path]
    named = schema["components"]["schemas"]
    while unused := [name for name in named if f'"#/components/schemas/{name}"' not in str(schema).replace("'", '"')]:
        for name in unused:
            del named[name]
    return schema


@pytest.mark.django_db
def test_the_description_is_the_one_that_was_written_down():
    """A change of the outside is seen in review: EGARD_UPDATE=1 writes it anew."""
    now = orjson.dumps(described(), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n"
    if os.environ.get("EGARD_UPDATE") == "1":
        SNAPSHOT.write_bytes(now)
    assert orjson.loads(SNAPSHOT.read_bytes()) == orjson.loads(now), "EGARD_UPDATE=1 writes the new description"


@pytest.mark.django_db
def test_the_description_is_openapi_3_1_and_every_operation_has_words_and_problems():
    schema = described()
    assert schema["openapi"].startswith("3.1")
    names = set()
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            where = f"{method} {path}"
            assert operation["operationId"] not in names, where
            names.add(operation["operationId"])
            assert operation["summary"], where
            assert operation["description"], where
            assert operation["security"], where
            assert "application/problem+json" in operation["responses"]["default"]["content"], where
            if method == "post":
                assert "Idempotency-Key" in {p["name"] for p in operation["parameters"]}, where


CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


def operations() -> list[str]:
    paths = orjson.loads(SNAPSHOT.read_bytes())["paths"]
    return [f"{method.upper()} {path}" for path, methods in paths.items() for method in methods]


@contextmanager
def one_connection():
    """A request's end would close the connection, and with it the test's transaction."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.mark.django_db
@pytest.mark.parametrize("operation", operations())
def test_whatever_is_sent_no_answer_is_our_fault_or_another_than_described(
    operation, program, anne, purchase, make_user
):
    program.post("events", purchase("A1", person={"id": anne["id"]}))
    known = {"person_id": anne["id"]}
    if "case" in operation:
        opened = program.post("cases", {"type": "stolen_phone", "person": anne["id"]}).json
        known |= {"case_id": opened["id"], "step": "block", "name": "stolen_phone"}
    method, _space, path = operation.partition(" ")
    asked = {"key": "1", "kind": "promises.answer", "person": anne["id"], "within": "2 h"}
    promise = program.post("promises", asked).json
    known |= {"promise_id": promise["id"], "code": "shop"}
    if "account" in operation or "transfer" in operation:
        known |= books(program)
    if "payment" in operation or "instrument" in operation:
        known |= paid(program, anne)
    if "delegation" in operation or "training" in operation or "authorities" in operation:
        known |= delegated(program, make_user("agent"))
    with one_connection():
        fuzz(path, method, program.headers, known)


def paid(program, anne) -> dict[str, str]:
    """A payment that waits to be captured."""
    card = program.post(
        f"people/{anne['id']}/instruments", {"token": "sandbox_approve", "key": f"fuzz-{new_id()}"}
    ).json
    amount = {"amount": 500, "currency": "EUR"}
    body = {"key": "fuzz", "person": anne["id"], "instrument": card["id"], "amount": amount, "capture": False}
    return {"payment_id": program.post("payments", body).json["id"], "instrument_id": card["id"]}


def delegated(program, agent) -> dict[str, str]:
    """A delegation, and somebody who is trained for it."""
    program.put("training-courses/shop", {"name": "Shop"})
    limits = {"per_act": {"amount": 500, "currency": "EUR"}, "training": "shop"}
    given = program.post("delegations", {"authority": "gestures.grant", "staff": str(agent.pk), **limits}).json
    trained = program.post("trainings", {"staff": str(agent.pk), "training": "shop"}).json
    return {"delegation_id": given["id"], "training_id": trained["id"], "name": "gestures.grant"}


def books(program) -> dict[str, str]:
    """An account in lots, and a transfer to it that still waits."""
    house, purse = (
        program.post("accounts", {"unit": "EUR", **body}).json["id"]
        for body in (
            {"code": "house", "kind": "expense"},
            {"code": "purse", "kind": "liability", "limit": "no_negative", "lots": True},
        )
    )
    body = {"key": "one", "debit": house, "credit": purse, "amount": 500, "unit": "EUR"}
    program.post("transfers", body)
    held = program.post("transfers", {**body, "key": "two", "pending": True}).json
    return {"account_id": purse, "transfer_id": held["id"]}


def fuzz(path: str, method: str, headers: dict[str, str], known: dict[str, str]) -> None:
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", WSGIHandler())

    @given(case=schema[path][method].as_strategy())
    @settings(
        max_examples=200 if DEEP else 15 if "case" not in path else 5,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
        database=None,
        print_blob=True,
    )
    def every(case):
        # Every other id is Anne's, or of a promise or a case of hers: behind an unknown one little can be found.
        for name, asked in (case.path_parameters or {}).items():
            if name in known and isinstance(asked, str) and asked[-1:] in "02468acegikmoqsuwy":
                case.path_parameters[name] = known[name]
        case.call_and_validate(headers=headers, checks=CHECKS)

    every()
