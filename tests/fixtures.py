"""Fixtures that tests of every room share: a moment, an actor, people and those who look at them."""

from __future__ import annotations

import itertools
import time
from datetime import UTC, datetime

import pytest
from django.utils import translation

from egard.kernel.access.actors import system

_numbers = itertools.count(1)


@pytest.fixture
def now() -> datetime:
    """A Tuesday morning in Paris, a little after nine."""
    return datetime(2026, 3, 10, 8, 12, tzinfo=UTC)


@pytest.fixture
def me():
    return system("test")


@pytest.fixture
def everything(db):
    """A viewer who may all and sees all."""
    from egard.kernel.access.queries import system_viewer

    return system_viewer("test")


@pytest.fixture
def make_user(db, me, now):
    """Makes a user with roles: `make_user("agent")`."""
    from egard.kernel.access.operations import create_user

    def make(*roles: str, **more):
        more.setdefault("email", f"staff{next(_numbers)}@example.org")
        return create_user(roles=roles, by=me, now=now, **more)

    return make


@pytest.fixture
def make_person(db, me, now):
    """Makes a person: `make_person("Élodie", "Lebœuf", email="e@example.org")`."""
    from egard.kernel.people.operations import create_person

    def make(given_name: str = "", family_name: str = "", **identifiers: str):
        more = {name: identifiers.pop(name) for name in ("site", "language", "roles") if name in identifiers}
        return create_person(
            given_name=given_name, family_name=family_name, identifiers=identifiers.items(), by=me, now=now, **more
        )

    return make


@pytest.fixture
def settle(now):
    """Runs the reactions until nothing waits.

    A write open anywhere on the server holds the log's horizon back, and other tests write beside this one: it may
    take several rounds.
    """
    from egard.kernel.timeline import reactions

    def run(*, at: datetime = now) -> None:
        deadline = time.monotonic() + 30
        reactions.catch_up(now=at)
        while reactions.lag()["waiting"] and time.monotonic() < deadline:
            time.sleep(0.02)
            reactions.catch_up(now=at)

    return run


@pytest.fixture(autouse=True)
def _english():
    """Words are asserted in English unless a test asks for another language."""
    with translation.override("en"):
        yield


@pytest.fixture(autouse=True)
def _declarations_in_the_database(request):
    """A test with real transactions finds the tables emptied by the one before: write what `migrate` writes."""
    if "transactional_db" in request.fixturenames or any(
        mark.kwargs.get("transaction") for mark in request.node.iter_markers("django_db")
    ):
        request.getfixturevalue("transactional_db")
        from egard.kernel.lifecycle.setup import after_migrate
        from egard.kernel.timeline import kinds

        kinds.forget()
        after_migrate()
        yield
        kinds.forget()
    else:
        yield
