"""When to try again: pure."""

from __future__ import annotations

from datetime import datetime, timedelta

WAITS = (10, 30, 60, 120, 300, 600, 900, 1800)
"""Seconds before each further try; afterwards an hour."""
HOUR = 3600
GIVE_UP = timedelta(days=3)
"""How long a server may be away before a message that does not expire has failed."""


def next_try(*, attempts: int, created_at: datetime, now: datetime) -> datetime | None:
    """The moment of the next try after `attempts` (1 or more) that failed; None: it has failed for good."""
    at = now + timedelta(seconds=WAITS[attempts - 1] if attempts <= len(WAITS) else HOUR)
    return at if at <= created_at + GIVE_UP else None
