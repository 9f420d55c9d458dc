"""An adviser goes away in the middle of chats: who waits for her is seen to by her deputy, where that one is there."""

from __future__ import annotations

from datetime import datetime

from egard.journeys.reach import state
from egard.kernel.access.actors import Actor
from egard.kernel.access.models import User
from egard.kernel.messages import conversing
from egard.kernel.messages.models import Thread

COVERED_MAX = 50


def cover(user: User, *, by: Actor, now: datetime) -> int:
    """The chats in which somebody waits for her go to her deputy; how many. None where the deputy is not there: what
    was promised stays hers, and whoever waits is told by when she is answered.
    """
    held = state.situation(user.pk, now=now)
    deputy = held.deputy
    if deputy is None or deputy.presence != "available" or not deputy.hours.there(now):
        return 0
    waits = Thread.objects.filter(assignee=user, channel="chat", state="waiting_for_us", joined_to=None).order_by("pk")
    rows = list(waits[:COVERED_MAX])
    for thread in rows:
        conversing.assign(thread, assignee=held.desks[deputy.id].user, by=by, now=now)
    return len(rows)
