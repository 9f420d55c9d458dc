"""A program with its key, and what it gets back."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from django.test import Client

from egard.api import authentication


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        from egard.kernel.lifecycle.setup import after_migrate

        after_migrate()


@pytest.fixture(autouse=True)
def _no_memory_of_keys():
    authentication.wrong_keys.__init__()
    authentication.valid_keys.__init__()


class Answer:
    """Status, headers, and the JSON that came."""

    def __init__(self, response: Any) -> None:
        self.response = response
        self.status = response.status_code
        self.headers = response.headers
        self.content = response.content
        self.json = orjson.loads(response.content) if response.content else None

    @property
    def code(self) -> str:
        """The code of the refusal; what is refused is a whole problem, with words on what to do."""
        assert self.headers["Content-Type"] == "application/problem+json", self.content
        assert set(self.json) == {"type", "title", "status", "code", "detail", "fields"}
        assert self.json["status"] == self.status
        assert self.json["title"]
        assert self.json["detail"]
        return self.json["code"]

    def __repr__(self) -> str:
        return f"{self.status} {self.content[:500]!r}"


class Program:
    """A program that calls the API with a key."""

    def __init__(self, key: str | None, language: str = "en") -> None:
        self.client = Client(raise_request_exception=False)
        self.headers = {"Accept-Language": language, **({"Authorization": f"Bearer {key}"} if key else {})}

    def call(self, method: str, path: str, body: Any = None, *, raw: bytes | None = None, type="application/json", **h):
        headers = {**self.headers, **{name.replace("_", "-"): value for name, value in h.items()}}
        data = raw if raw is not None else b"" if body is None else orjson.dumps(body)
        where = path if path.startswith("/") else f"/api/v1/{path}"
        return Answer(self.client.generic(method, where, data, content_type=type, headers=headers))

    def get(self, path: str, **h):
        return self.call("GET", path, **h)

    def post(self, path: str, body: Any = None, **h):
        return self.call("POST", path, body, **h)

    def patch(self, path: str, body: Any = None, **h):
        return self.call("PATCH", path, body, **h)

    def put(self, path: str, body: Any = None, **h):
        return self.call("PUT", path, body, **h)

    def delete(self, path: str, **h):
        return self.call("DELETE", path, **h)


@pytest.fixture
def make_program(db, me):
    """A program whose key has these scopes: `make_program("people.read")`."""
    from egard.base.clock import utc_now
    from egard.kernel.access.operations import create_api_key

    def make(*scopes: str, language: str = "en", expires_at=None) -> Program:
        _key, secret = create_api_key(name="test", scopes=scopes, expires_at=expires_at, by=me, now=utc_now())
        return Program(secret, language)

    return make


@pytest.fixture
def program(make_program) -> Program:
    """A program that may all."""
    return make_program("all")


@pytest.fixture
def stranger(db) -> Program:
    """A program without a key."""
    return Program(None)


@pytest.fixture
def anne(program):
    """Anne Kerouac, who has an e-mail address and a phone."""
    made = program.post(
        "people",
        {
            "given_name": "Anne",
            "family_name": "Kerouac",
            "identifiers": [
                {"kind": "email", "value": "Anne@Example.org"},
                {"kind": "phone", "value": "06 12 34 56 78"},
            ],
            "roles": ["customer"],
        },
    )
    assert made.status == 201, made
    return made.json


@pytest.fixture
def purchase():
    """A `purchases.made` event as programs send it: `purchase("A1", amount=2500)`."""

    def make(number: str, *, amount: int = 2500, at: str = "2026-03-01T10:00:00Z", **more: Any) -> dict[str, Any]:
        return {
            "kind": "purchases.made/1",
            "key": f"made:{number}",
            "at": at,
            "data": {"order_number": number, "total": {"amount": amount, "currency": "EUR"}},
            **more,
        }

    return make
