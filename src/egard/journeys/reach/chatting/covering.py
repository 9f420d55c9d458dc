"""An adviser goes away in the middle of chats: who waits for her is seen to by her deputy, where that one is there."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from egard.journeys.reach import state
from egard.kernel.access.actors import Actor
from egard.kernel.access.models import User
from egard.kernel.jobs.operations import defer
from egard.kernel.messages import conversing
from egard.kernel.messages.models import Thread

JOB = "reach.cover"
BATCH = 50
"""So many chats go over at once; a job goes on with the others."""


def cover(user: User, *, by: Actor, now: datetime) -> int:
    """The chats in which somebody waits for her go to her deputy; how many. None where the deputy is not there: what
    was promised stays hers, and whoever waits is told by when she is answered.
    """
    held = state.situation(user.pk, now=now)
    deputy = held.deputy
    if deputy is None or deputy.presence != "available" or not deputy.hours.there(now):
        return 0
    waits = Thread.objects.filter(assignee=user, channel="chat", state="waiting_for_us", joined_to=None).order_by("pk")
    rows = list(waits[: BATCH + 1])
    for thread in rows[:BATCH]:
        conversing.assign(thread, assignee=held.desks[deputy.id].user, by=by, now=now)
    if len(rows) > BATCH:
        defer(JOB, user=str(user.pk), by=str(by))
    return len(rows[:BATCH])


def go_on(*, user: str, by: str, now: datetime) -> None:
    """A job: the chats that were left, unless she is back."""
    away = User.objects.get(pk=user)
    held = state.situation(away.pk, now=now)
    if held.adviser and held.adviser.presence == "available" and held.adviser.hours.there(now):
        return
    kind, _colon, name = by.partition(":")
    with transaction.atomic():
        cover(away, by=Actor(kind, name), now=now)  # type: ignore[arg-type]
