"""Asking for a job, in the transaction of what it follows from; and how a job asks to be tried again."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from procrastinate.contrib.django import app

from egard.kernel.registry import registry

QUEUE = "egard"
KEPT_HOURS = 30 * 24
"""How long a job that failed for good is kept to be looked at; one that is done is gone at once."""


class TryAgain(Exception):
    """Raised by a job: not now, but not before `at`; such a wait counts for nothing, and is no fault to log."""

    def __init__(self, at: datetime, why: str = "") -> None:
        self.at = at
        super().__init__(why)


@contextmanager
def in_hand(what: str, *, beside: timedelta, now: datetime) -> Generator[None]:
    """`what` (`message.12`) is ours alone while another server is spoken to; the database gives it back if we die.

    Raises `TryAgain`, `beside` from now, while somebody else is at it. Outside of any transaction.
    """
    lock = [f"egard.{what}"]
    with connection.cursor() as cursor:
        cursor.execute("select pg_try_advisory_lock(hashtextextended(%s, 0))", lock)
        ours = cursor.fetchone()[0]
    if not ours:
        raise TryAgain(now + beside)
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("select pg_advisory_unlock(hashtextextended(%s, 0))", lock)


def defer(job: str, *, not_before: datetime | None = None, **arguments: Any) -> int:
    """Ask for the declared `job`, once this transaction commits; never if it does not. The job's number.

    `arguments` are given to its `run`: numbers and short texts that name rows, never what is personal. Raises
    `KeyError` for a job that nobody declares.
    """
    declared = registry.jobs[job]
    return app.configure_task(
        declared.name,
        allow_unknown=True,
        queue=QUEUE,
        priority=declared.priority,
        lock=declared.name if declared.alone else None,
        schedule_at=not_before,
    ).defer(**arguments)


def tidy(*, now: datetime) -> None:
    """A job of the house: forget what failed long ago."""
    with connection.cursor() as cursor:
        cursor.execute(
            "delete from procrastinate_jobs j where status in ('failed', 'cancelled', 'aborted', 'succeeded')"
            " and not exists (select 1 from procrastinate_events e where e.job_id = j.id"
            " and e.at > %s - make_interval(hours => %s))",
            [now, KEPT_HOURS],
        )
