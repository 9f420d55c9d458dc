"""What a client who is about to write is told, and who sees to it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from math import ceil
from typing import Any
from uuid import UUID

from django.db.models import F

from egard.journeys.reach import callers, operations, state, voice
from egard.journeys.reach.models import Desk
from egard.journeys.reach.rules.routing import (
    Asked,
    Offers,
    Ring,
    Staff,
    ToCallBack,
    ToDeputy,
    ToMessage,
    ToWait,
    decide,
)
from egard.kernel.access.actors import Viewer
from egard.kernel.access.models import User
from egard.kernel.messages.models import Thread
from egard.kernel.messages.saying import ANSWER
from egard.kernel.people.models import Person, Relationship
from egard.kernel.promises.models import Promise
from egard.kernel.registry import Reception

TEMPLATE = "portal/reach/_reception.html"
ANSWERS_MIN, ANSWERS_MAX = 10, 60
"""From so few of her answers nothing is said of how fast they come; from so many, lately, it is reckoned."""
WAITS = timedelta(minutes=15)
"""What is added to the end of a call for which somebody waits, to write the answer in."""
UNKNOWN_WAIT = timedelta(minutes=45)
"""Until when somebody is answered whose adviser is on the line nobody knows how long."""


def reception(person: Person, thread: Thread | None, chosen: str, now: datetime) -> Reception:
    """Who answers her now: her adviser who is there; else as soon as a call ends, the deputy, a call back, an answer by
    a moment. `chosen` is `adviser` or `deputy`, where she is asked.
    """
    adviser = callers.adviser_of(person)
    held = state.situation(adviser.pk if adviser else None, now=now)
    decision = decide(_for_chat(held.adviser), _for_chat(held.deputy), held.house, Asked(), now=now)
    topics = tuple(f"{operations.DESK}:{pk}" for pk in [one.id for one in (held.adviser, held.deputy) if one])
    told: dict[str, Any] = {"adviser": adviser.name if adviser else ""}
    if isinstance(decision, Ring):
        told |= {"here": True, "pace": pace(decision.staff, now=now)}
        return Reception(TEMPLATE, told, topics, adviser, instead=_left(thread, adviser))
    return _else(person, decision, held, adviser, told, topics, thread, chosen, now=now)


def _else(
    person: Person, decision: Offers, held: state.Situation, adviser: User | None, told: dict[str, Any],
    topics: tuple[str, ...], thread: Thread | None, chosen: str, *, now: datetime,
) -> Reception:  # fmt: skip
    owed = callers.owed(person, "", adviser.pk if adviser else None, now=now)
    wait, other = decision.find(ToWait), decision.find(ToDeputy)
    back, message = decision.find(ToCallBack), decision.find(ToMessage)
    assert message is not None
    due_at: datetime | None = message.due_at
    if wait is not None:
        ends_in = timedelta(minutes=wait.wait.high) + WAITS if wait.wait.high else UNKNOWN_WAIT
        due_at = min(message.due_at, now + ends_in)
    elif adviser is None and held.house.there(now):
        due_at = None  # whoever is first answers, as chats are
    deputy: Desk | None = held.desks.get(other.staff) if other else None
    told |= {
        "wait": wait.wait if wait else None, "deputy": deputy.user.name if deputy else "", "open": due_at is None,
        "owed": voice.spoken(owed.starts_at) if owed else "", "owed_uuid": owed.uuid if owed else "",
        "at": voice.spoken(back.times[0]) if back else "", "due": voice.spoken(due_at) if due_at else "",
        "to": "adviser" if chosen == "adviser" or not deputy else "deputy",
    }  # fmt: skip
    if deputy is not None and told["to"] == "deputy":
        return Reception(TEMPLATE, told, topics, deputy.user, instead=True)
    return Reception(TEMPLATE, told, topics, adviser, instead=chosen == "adviser", due_at=due_at)


def may_hear(viewer: Viewer, of: str) -> bool:
    """Whether somebody may follow a desk: staff who see who is there, and the clients whose adviser or deputy it is."""
    if viewer.actor.kind != "person":
        return viewer.can("reach.read")
    try:
        user = UUID(of)
    except ValueError:
        return False
    hers = Relationship.objects.filter(kind="adviser", until=None, person__uuid=viewer.actor.id)
    merged = Relationship.objects.filter(kind="adviser", until=None, person__root__uuid=viewer.actor.id)
    advisers = {*hers.values_list("staff", flat=True), *merged.values_list("staff", flat=True)}
    return user in advisers or Desk.objects.filter(user__in=advisers, deputy=user).exists()


def pace(user: UUID, *, now: datetime) -> int | None:
    """Within how many minutes eight in ten of her chats were answered lately; None where too few tell."""
    kept = Promise.objects.filter(
        owner=user, kind=ANSWER, channel="chat", kept_at__isnull=False, made_at__gt=now - state.LATELY
    ).order_by("-made_at")
    took = sorted(kept.annotate(took=F("kept_at") - F("made_at")).values_list("took", flat=True)[:ANSWERS_MAX])
    if len(took) < ANSWERS_MIN:
        return None
    return max(ceil(took[ceil(0.8 * len(took)) - 1] / timedelta(minutes=1)), 1)


def _for_chat(one: Staff | None) -> Staff | None:
    """Who writes needs no line."""
    return replace(one, has_line=True) if one else None


def _left(thread: Thread | None, adviser: User | None) -> bool:
    """Whether a conversation comes back to her adviser whom nobody else sees to at the moment: she was away."""
    return bool(thread and adviser and thread.awaiting is None and thread.assignee_id != adviser.pk)
