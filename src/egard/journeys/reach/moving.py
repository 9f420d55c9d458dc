"""What somebody owes goes to a colleague: conversations with their answers, call backs with their times, all else."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import IntegrityError, transaction

from egard.journeys.reach import operations, refusals, state
from egard.journeys.reach.models import CallBack, Desk
from egard.journeys.reach.rules.times import fits
from egard.kernel.access.actors import Actor
from egard.kernel.access.models import User
from egard.kernel.messages import conversing
from egard.kernel.messages.models import Thread
from egard.kernel.messages.saying import topic_of
from egard.kernel.promises import operations as promises
from egard.kernel.promises.models import Promise
from egard.kernel.promises.refusals import Ended

THREAD = "thread:"


def to_deputy(desk: Desk, owed: Iterable[Promise], *, by: Actor, now: datetime) -> tuple[int, list[Promise]]:
    """What is promised goes to her deputy, one by one: how many went, and what stays hers because the deputy is not
    free at that moment. Raises `NoDeputy`.
    """
    deputy = desk.deputy
    if deputy is None or not deputy.is_active:
        raise refusals.NoDeputy(fields={"deputy": str(refusals.NoDeputy.message)})
    moved, stuck = 0, []
    for promise in owed:
        try:
            moved += move(promise, deputy, by=by, now=now)
        except refusals.TimeTaken:
            stuck.append(promise)
    return moved, stuck


@transaction.atomic
def move(promise: Promise, to: User, *, keep_time: bool = True, by: Actor, now: datetime) -> bool:
    """One promise is a colleague's from now on, with the conversation or the time of which it is; whether it moved:
    what ended stays. Raises `TimeTaken` where she is not free for a call back; without `keep_time` the call is
    then promised of the house, and hers to make.
    """
    if promise.subject.startswith(THREAD):
        thread = Thread.objects.filter(uuid=promise.subject.removeprefix(THREAD)).first()
        if thread is not None:
            conversing.assign(thread, assignee=to, by=by, now=now)
            return True
    try:
        promises.assign(promise, owner=to, by=by, now=now)
    except Ended:
        return False
    if promise.subject.startswith(operations.BACK):
        held = CallBack.objects.filter(uuid=promise.subject.removeprefix(operations.BACK)).first()
        if held is not None:
            _give_time(held, to, keep_time=keep_time, now=now)
    return True


def threads(user: User, person: Iterable[int]) -> list[Thread]:
    """The conversations with a person that somebody sees to and that are not over."""
    found = Thread.objects.filter(person__in=list(person), assignee=user, joined_to=None).exclude(state="closed")
    return list(found.order_by("pk"))


def subjects(rows: Iterable[Thread]) -> set[str]:
    return {topic_of(row) for row in rows}


def _give_time(held: CallBack, to: User, *, keep_time: bool, now: datetime) -> None:
    desk = operations.desk_for(to, now=now)
    assert desk is not None
    taken = [(start, end) for _desk, start, end in state.taken_times([desk.pk], now=now)]
    free = fits(state.hours_of(desk, now=now), taken, held.starts_at, now=now)
    if free:
        try:
            with transaction.atomic():
                CallBack.objects.filter(pk=held.pk).update(desk=desk)
        except IntegrityError:  # taken at the same moment
            free = False
    if not free and keep_time:
        raise refusals.TimeTaken(fields={"at": str(refusals.TimeTaken.message)})
    if not free:
        CallBack.objects.filter(pk=held.pk).update(desk=None)
