"""When advisers are absent, or have promised to call somebody: time that nobody else promises."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from uuid import UUID

from django.db import connection

_SPANS = """
select d.user_id, a.since, a.until from reach_desk d join reach_absence a on a.desk_id = d.id
  where d.user_id = any(%(users)s) and a.until > %(since)s and a.since < %(until)s
union all
select d.user_id, b.starts_at, b.ends_at from reach_desk d join reach_callback b on b.desk_id = d.id
  where d.user_id = any(%(users)s) and b.ends_at > %(since)s and b.starts_at < %(until)s
    and b.dropped_at is null and b.made_at is null
"""
"""By hand: who offers times to come asks it for hundreds of people at once."""


def spans(
    users: Collection[UUID], since: datetime, until: datetime, now: datetime
) -> Iterator[tuple[UUID, datetime, datetime]]:
    """What overlaps a period: one query."""
    del now  # what is promised does not lapse
    with connection.cursor() as cursor:
        cursor.execute(_SPANS, {"users": list(users), "since": since, "until": until})
        yield from cursor.fetchall()
