"""Fixtures that tests of every room share: a moment, an actor, people and those who look at them."""

from __future__ import annotations

import itertools
import time
from datetime import UTC, datetime, timedelta

import orjson
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


@pytest.fixture
def carry_out(now):
    """Carries out, here and now, every job that is due at a moment, as a worker would; how many ran.

    `carry_out(at=…)`: a job that fails is tried again when a later call says that its time has come.
    """
    from django.db import connection

    from egard.kernel.jobs.operations import TryAgain
    from egard.kernel.registry import registry

    def due(at: datetime) -> list:
        with connection.cursor() as cursor:
            cursor.execute(
                "select id, task_name, args, attempts from procrastinate_jobs where status = 'todo'"
                " and (scheduled_at is null or scheduled_at <= %s) order by priority desc, id",
                [at],
            )
            return cursor.fetchall()

    def one(at: datetime, number: int, name: str, arguments: dict, attempts: int) -> None:
        with connection.cursor() as cursor:
            cursor.execute("update procrastinate_jobs set status = 'doing' where id = %s", [number])
            job, again = registry.jobs[name], None
            try:
                job.run(now=at, **arguments)
            except TryAgain as later:
                again = later.at
            except Exception:
                if attempts >= len(job.waits):
                    raise
                again = at + timedelta(seconds=job.waits[attempts])
            if again is None:
                cursor.execute("select procrastinate_finish_job_v1(%s, 'succeeded', true)", [number])
            else:
                cursor.execute("select procrastinate_retry_job_v2(%s, %s, null, null, null)", [number, again])

    def run(*, at: datetime = now) -> int:
        done = 0
        while jobs := due(at):
            for number, name, arguments, attempts in jobs:
                one(at, number, name, orjson.loads(arguments) if isinstance(arguments, str) else arguments, attempts)
                done += 1
        return done

    return run


@pytest.fixture(autouse=True)
def _english():
    """Words are asserted in English unless a test asks for another language."""
    with translation.override("en"):
        yield


@pytest.fixture
def kinds_numbered_anew(transactional_db):
    """For a server that outlives its test and knows the kinds of facts by number. No other sequence begins anew: what a
    late answer to the test before still writes would meet the same number again.
    """


@pytest.fixture(autouse=True)
def _declarations_in_the_database(request):
    """A test with real transactions finds the tables emptied by the one before: write what `migrate` writes."""
    if "transactional_db" in request.fixturenames or any(
        mark.kwargs.get("transaction") for mark in request.node.iter_markers("django_db")
    ):
        request.getfixturevalue("transactional_db")
        from django.db import connection

        from egard.kernel.lifecycle.setup import after_migrate
        from egard.kernel.timeline import kinds

        kinds.forget()
        if "kinds_numbered_anew" in request.fixturenames:
            with connection.cursor() as cursor:
                cursor.execute("select setval('timeline_kind_id_seq', 1, false)")
        after_migrate()
        yield
        kinds.forget()
        with connection.cursor() as cursor:  # the queue's tables are not Django's to empty
            cursor.execute("truncate procrastinate_jobs, procrastinate_workers, procrastinate_periodic_defers cascade")
    else:
        yield
