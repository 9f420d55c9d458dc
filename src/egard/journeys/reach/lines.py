"""What happens to a call: a line is taken for it, somebody talks, puts down, it ends. Whoever asks holds its row."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from egard.journeys.reach import facts, operations, state
from egard.journeys.reach.models import Call
from egard.journeys.reach.rules import ON_THE_LINE
from egard.kernel.access.actors import system
from egard.kernel.access.live import tell
from egard.kernel.timeline.operations import record

VOICE = system("voice")


def claim(call: Call, staff: UUID, *, now: datetime) -> bool:
    """Take a line for this call; not where another call has it, which the database decides."""
    dead = lost(now).filter(rung=staff, state__in=ON_THE_LINE).exclude(pk=call.pk)
    free = dead.select_for_update(skip_locked=True, of=("self",))
    Call.objects.filter(pk__in=free.values("pk")).update(state="asking")  # `tidy` ends them
    try:
        with transaction.atomic():
            Call.objects.filter(pk=call.pk).update(state="ringing", rung=staff)
    except IntegrityError:
        return False
    if call.rung_id != staff:
        call.talked = 0
    call.state, call.rung_id, call.rung_at, call.talking_since = "ringing", staff, now, None
    operations.tell_desk(staff)
    return True


def lost(now: datetime) -> QuerySet[Call]:
    """Calls whose end was never heard of."""
    return Call.objects.filter(state.lost(now)).select_related("person")


def talk(call: Call, *, since: datetime, now: datetime) -> None:
    """Somebody talks to her."""
    call.state, call.talking_since = "talking", since
    own = call.rung_id == call.adviser_id
    if call.answered_at is None:
        call.answered_at = since
        call.waited = max(int((since - call.asked_at).total_seconds()), 0)
    call.outcome = "own" if own or call.outcome == "own" else "deputy"
    waited = max(int((since - call.asked_at).total_seconds()), 0)
    fact = facts.Reached(call=call.uuid, staff=call.rung.name if call.rung else "", own=own, waited_seconds=waited)
    note(call, fact, f"call:{call.uuid}:reached:{call.step}", at=since, now=now)
    tell(operations.TOPIC)


def put_down(call: Call, *, now: datetime) -> None:
    if call.talking_since:
        call.talked += max(int((now - call.talking_since).total_seconds()), 1)
    call.state, call.talking_since, call.waiting_since = "asking", None, None
    operations.tell_desk(call.rung_id)


def end(call: Call, *, now: datetime) -> None:
    if call.state == "ended":
        return
    if call.state in ON_THE_LINE:
        put_down(call, now=now)
    elif call.state == "asking" and call.offered.get("owed"):  # she heard that she is called, and keeps it
        call.outcome = call.outcome or "call_back"
    call.state, call.ended_at = "ended", now
    if not call.outcome:
        call.outcome = "abandoned"
        call.waited = max(int((now - call.asked_at).total_seconds()), 0)
        fact = facts.Abandoned(call=call.uuid, waited_seconds=call.waited)
        note(call, fact, f"call:{call.uuid}:abandoned", at=now, now=now)
    call.save()
    tell(operations.TOPIC)


def note(call: Call, fact: Any, key: str, *, at: datetime, now: datetime) -> None:
    if call.person and not call.person.erased_at:
        record(call.person, fact, at=at, by=VOICE, channel="voice", key=key, now=now)
