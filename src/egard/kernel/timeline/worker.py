"""The worker's loop: wakes when facts are written (LISTEN), runs reactions, rests. Any number may run."""

from __future__ import annotations

import logging
import threading
import time

import psycopg
from django.db import DatabaseError, connection, connections

from egard.base.clock import utc_now
from egard.base.listening import connection_parameters
from egard.kernel.timeline.reactions import catch_up, ensure_cursors

log = logging.getLogger("egard.worker")
CHANNEL = "egard_facts"
APPLICATION_NAME = "egard-worker"
"""The name of a worker's listening connection: as long as PostgreSQL shows it, the worker lives."""
REST_SECONDS = 30.0
"""The longest sleep without a notification: retries after failures, and a net under a lost wake-up."""


def run_worker(stop: threading.Event) -> None:
    """Until `stop` is set: react, then wait for the next fact. A lost database is waited for, never a reason to die."""
    started = False
    while not stop.is_set():
        try:
            if not started:
                ensure_cursors()
                started = True
            _listen_and_react(stop)
        except (psycopg.OperationalError, DatabaseError) as error:
            log.warning("the database is away: %s", error)
            connections.close_all()
            stop.wait(2.0)


def _listen_and_react(stop: threading.Event) -> None:
    with psycopg.connect(**connection_parameters(APPLICATION_NAME), autocommit=True) as listener:
        listener.execute(f"listen {CHANNEL}")
        while not stop.is_set():
            catch_up(now=utc_now(), stop=stop.is_set)
            _wait(listener, stop)


def _wait(listener: psycopg.Connection, stop: threading.Event) -> None:
    """Until a notification, the rest is over, or stop. Looked at every second so that stop is heard."""
    deadline = time.monotonic() + REST_SECONDS
    while not stop.is_set() and time.monotonic() < deadline:
        for _note in listener.notifies(timeout=1.0, stop_after=1):
            return


def alive() -> int:
    """How many workers listen on this database just now. A stuck one is seen by the lag of its reactions."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select count(*) from pg_stat_activity where datname = current_database() and application_name = %s",
            [APPLICATION_NAME],
        )
        return cursor.fetchone()[0]
