"""Hours of the night, on the wall clock of whoever is written to."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo


def span_of(words: str) -> tuple[time, time] | None:
    """`21:00-08:00` as two times of day; None for no quiet at all (empty, or the same time twice). Raises
    `ValueError`.
    """
    if not words.strip():
        return None
    start, _dash, end = words.partition("-")
    begins, ends = time.fromisoformat(start.strip()), time.fromisoformat(end.strip())
    return None if begins == ends else (begins, ends)


def after(now: datetime, words: str, zone: ZoneInfo) -> datetime:
    """`now`, or the end of the quiet hours in which it falls (half-open: at their end one may ring)."""
    span = span_of(words)
    if span is None:
        return now
    begins, ends = span
    local = now.astimezone(zone)
    at = local.timetz().replace(tzinfo=None)
    if begins < ends:
        if not begins <= at < ends:
            return now
        day = local.date()
    else:
        if ends <= at < begins:
            return now
        day = local.date() + timedelta(days=1 if at >= begins else 0)
    # An end that the clock skips in spring is read with the offset before it: a little later, never earlier.
    return max(now, datetime.combine(day, ends, zone).astimezone(UTC))
