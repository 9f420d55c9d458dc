"""What the API says of itself: written down, compared, and believed by a fuzzer."""

from __future__ import annotations

import os
from pathlib import Path

import orjson
import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from django.test import Client
from hypothesis import HealthCheck, Phase, settings
from schemathesis import checks
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from egard.kernel.access.actors import system

SNAPSHOT = Path(__file__).parent / "openapi.json"
DEEP = os.environ.get("EGARD_DEEP") == "1"


def described() -> dict:
    schema = Client().get("/api/v1/openapi.json").json()
    schema["info"]["version"] = "0"
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
