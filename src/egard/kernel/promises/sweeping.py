"""The sweeper: notices what happened by itself (warnings, breaches, escalations), once, dated when it did.

Any number of workers run it side by side: each takes rows that nobody else holds. Idle, it looks at the head of one
index, whatever the number of promises.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from django.db import connection, transaction

from egard.kernel.access.actors import system
from egard.kernel.promises.models import Promise
from egard.kernel.promises.writing import Change, free_persons, lock_subjects, write
from egard.kernel.registry import registry

log = logging.getLogger("egard.promises")
BATCH = 500
PUT_OFF = timedelta(minutes=1)
"""When to look again at a promise whose listener failed."""


def sweep(*, now: datetime, stop: Callable[[], bool] = lambda: False) -> int:
    """Notice everything that happened before `now`; how many promises were looked at. Safe beside any other sweep."""
    total = 0
    while not stop() and (done := sweep_once(now=now)):
        total += done
    return total


def sweep_once(*, now: datetime, most: int = BATCH) -> int:
    """One batch in one transaction; 0 when nothing is left that is not in other hands.

    Where a listener fails, the batch is tried in halves, down to the promise that fails: that one waits a minute.
    """
    try:
        with transaction.atomic():
            held, by = free_persons(_take(now, most)), system("promises")
            write([Change.of(promise).notice(by=by, now=now) for promise in held], now=now)
            return len(held)
    except Exception:
        if most > 1:
            log.warning("a batch of %s promises failed: it is tried in halves", most)
            return sweep_once(now=now, most=max(1, most // 2))
        log.exception("a promise could not be swept")
        return _put_off(now)


def next_moment() -> datetime | None:
    """When something will happen by itself, at the earliest."""
    return Promise.objects.filter(next_at__isnull=False).order_by("next_at").values_list("next_at", flat=True).first()


def waiting(*, now: datetime) -> int:
    """How many should have been noticed before `now` (at most 100,000 are counted); what operators ask."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select count(*) from (select 1 from promises_promise where next_at < %s limit 100000) late", [now]
        )
        return cursor.fetchone()[0]


def _take(now: datetime, most: int) -> Sequence[Promise]:
    """Some promises that are due to be looked at, held; what their subjects name is held first, where asked."""
    due = Promise.objects.filter(next_at__lt=now).order_by("next_at")
    if not any(listener.lock for listener in registry.promise_listeners):
        return list(due.select_for_update(skip_locked=True)[:most])
    found = list(due.values_list("pk", "subject")[:most])
    free = lock_subjects({subject for _pk, subject in found}, wait=False)
    mine = [pk for pk, subject in found if subject in free]
    return list(due.filter(pk__in=mine).select_for_update(skip_locked=True))


def _put_off(now: datetime) -> int:
    with transaction.atomic():
        held = _take(now, 1)
        Promise.objects.filter(pk__in=[promise.pk for promise in held]).update(next_at=now + PUT_OFF)
        return len(held)
