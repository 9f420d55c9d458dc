"""The sweeper's loop in a worker: it sweeps promises and the ledger below them, then rests a second."""

from __future__ import annotations

import logging
import threading
import time
from datetime import datetime, timedelta

from django.db import DatabaseError, connection, connections

from egard.kernel.ledger.sweeping import sweep as sweep_ledger
from egard.kernel.promises.sweeping import sweep

log = logging.getLogger("egard.promises")
REST_SECONDS = 1.0
AWAY_SECONDS = 2.0
JUMP = timedelta(seconds=60)
"""A clock that went so much further than time itself is not believed before it says so twice."""


class Clock:
    """The database's clock: one for all workers. `read` is nothing on the first word of a jump."""

    def __init__(self) -> None:
        self._said: datetime | None = None
        self._at = 0.0

    def read(self) -> datetime | None:
        with connection.cursor() as cursor:
            cursor.execute("select clock_timestamp()")
            now = cursor.fetchone()[0]
        return self.believed(now, time.monotonic())

    def believed(self, now: datetime, at: float) -> datetime | None:
        """`now` by the clock, at `at` seconds of a watch that never jumps."""
        ahead = now - self._said - timedelta(seconds=at - self._at) if self._said else timedelta(0)
        self._said, self._at = now, at
        return now if ahead < JUMP else None


def run_sweeper(stop: threading.Event) -> None:
    """Until `stop` is set. A lost database is waited for, never a reason to die."""
    clock = Clock()
    while not stop.is_set():
        try:
            now = clock.read()
            if now is not None:
                sweep(now=now, stop=stop.is_set)
                sweep_ledger(now=now, stop=stop.is_set)
            stop.wait(REST_SECONDS)
        except DatabaseError as error:
            log.warning("the database is away: %s", error)
            connections.close_all()
            stop.wait(AWAY_SECONDS)
    connections.close_all()
