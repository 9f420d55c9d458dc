"""A call, step by step: each request of the provider is answered once, and the same request has the same answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from egard.journeys.reach import callers, facts, lines, operations, plans, refusals, state, voice
from egard.journeys.reach.links import operations as links
from egard.journeys.reach.models import Call, CallBack, CallStep, KnownNumber
from egard.journeys.reach.plans import Plan
from egard.journeys.reach.rules.routing import (
    Asked,
    Offers,
    Ring,
    ToCallBack,
    ToDeputy,
    ToMessage,
    ToWait,
    decide,
)
from egard.kernel.access.live import tell
from egard.kernel.access.queries import system_viewer
from egard.kernel.people.models import Person
from egard.kernel.people.queries import persons_with

RETRIED = timedelta(seconds=60)
"""Within this time the provider may send again what it sent; later it is somebody else's copy."""
TRIES_MAX, ASKED_MAX = 3, 2
KEEP = "9"
"""Keeps the call that is promised already, beside what the other keys mean."""
_SID = re.compile(r"[A-Za-z0-9]{1,64}")
OVER = ("completed", "busy", "no-answer", "failed", "canceled")
SORTS: dict[type, str] = {ToWait: "wait", ToDeputy: "deputy", ToCallBack: "call_back", ToMessage: "message"}


@transaction.atomic
def receive(sid: str, number: str, base: str, *, now: datetime) -> str:
    """A call comes in from a number (empty or a word where it is withheld): what is said to it, as TwiML.

    Raises `NoCall`, `Replayed`.
    """
    if not _SID.fullmatch(sid):
        raise refusals.NoCall
    first: dict[str, Any] = {
        "number": callers.number(number),
        "language": callers.language(None),
        "asked_at": now,
        "seen_at": now,
    }
    Call.objects.bulk_create([Call(provider_id=sid, **first)], ignore_conflicts=True)
    return _once(_held(sid), "0.call", base, lambda held: _greet(held, now=now), now=now)


@transaction.atomic
def follow(sid: str, uuid: UUID, step: int, what: str, told: Mapping[str, str], base: str, *, now: datetime) -> str:
    """What came of a step: keys that were pressed, a line that did not answer, a message that was left.

    Raises `NoCall`, `Replayed`, `NotNow` (the call is at another step).
    """
    call = _held(sid, uuid)

    def work(held: Call) -> Plan:
        if held.ended_at and now - held.ended_at > RETRIED:
            raise refusals.Replayed
        if held.ended_at:  # she hung up meanwhile: nobody hears it
            return plans.Goodbye("silence")
        if step != held.step:
            raise refusals.NotNow
        return HANDLERS[what](held, told, now=now)

    return _once(call, f"{step}.{what}", base, work, now=now)


@transaction.atomic
def leg_answered(sid: str, uuid: UUID, step: int, *, now: datetime) -> None:
    """Whose line rang has taken the call; once, and only while it rings."""
    call = _held(sid, uuid)
    if call.step == step and call.state == "ringing":
        lines.talk(call, since=now, now=now)
        call.save()


@transaction.atomic
def hung_up(sid: str, *, now: datetime) -> None:
    """The call is over; told again, it changes nothing. Raises `NoCall`."""
    lines.end(_held(sid), now=now)


def identified(call: Call, person: Person | None, *, now: datetime) -> Plan:
    """It is known who calls, or that nobody will know: her line, or what is offered."""
    if person is not None:
        call.person, call.language = person, callers.language(person)
        call.adviser = callers.adviser_of(person)
        name = call.adviser.name if call.adviser else ""
        fact = facts.Called(call=call.uuid, adviser=name, asked_again=_asked_again(call, person))
        lines.note(call, fact, f"call:{call.uuid}:called", at=call.asked_at, now=now)
    elif not call.number:
        call.outcome = "unknown"
        return plans.Goodbye("unknown")
    return next_for(call, now=now)


def _asked_again(call: Call, person: Person) -> bool:
    """Whether she had to say who she is, though an earlier call had asked her."""
    before = Call.objects.filter(person__in=person.members, asked_who__gt=0).exclude(pk=call.pk)
    return call.asked_who > 0 and before.exists()


def next_for(call: Call, *, now: datetime, why: str = "") -> Plan:
    """Her adviser's line where it may ring, else what is offered instead."""
    for _again in range(2):
        held = state.situation(call.adviser_id, now=now, beside=call.pk)
        asked = Asked(state.place_of(call, now=now), frozenset(map(UUID, call.missed)))
        decision = decide(held.adviser, held.deputy, held.house, asked, now=now)
        if isinstance(decision, Offers):
            return _offered(call, decision, held, why=why, now=now)
        if lines.claim(call, decision.staff, now=now):
            desk = held.desks[decision.staff]
            return plans.Dial(desk.line, desk.user.name, own=True)
    # Somebody else's call took the line at the same moment, and freed it: what she may do meanwhile.
    busy = Asked(asked.place, asked.missed | {call.adviser_id} if call.adviser_id else asked.missed)
    return _offered(call, decide(held.adviser, held.deputy, held.house, busy, now=now), held, why=why, now=now)


# --- what was pressed, and what came of it -------------------------------------------------------------------------


def _greet(call: Call, *, now: datetime) -> Plan:
    if call.step:
        raise refusals.Replayed
    tell(operations.TOPIC)
    persons = callers.persons(call.number)
    if len(persons) == 1:
        return identified(call, persons[0], now=now)
    if known := callers.known(call.number):
        return identified(call, known, now=now)
    if not persons and (back := callers.visitor(call.number, now=now)):  # nobody's client, and she is to be called
        call.adviser = back.desk.user if back.desk else None
        return next_for(call, now=now)
    call.asked_who = 1
    if 1 < len(persons) <= callers.SHARED_MOST and not any(one.protected_at or not one.given_name for one in persons):
        call.offered = {"who": [one.pk for one in persons]}
        return plans.AskName(tuple(one.given_name for one in persons))
    return plans.AskNumber()


def _said_who(call: Call, told: Mapping[str, str], *, now: datetime) -> Plan:
    who = call.offered.get("who", [])
    chosen = _chosen(told, who)
    if chosen is None and _keys(told) not in ("", "0") and not call.offered.get("tries"):
        named = Person.objects.filter(erased_at__isnull=True).in_bulk(who)
        call.offered = {"who": [pk for pk in who if pk in named], "tries": 1}
        return plans.AskName(tuple(named[pk].given_name for pk in call.offered["who"]), wrong=True)
    person = Person.objects.filter(pk=chosen, erased_at__isnull=True).first() if chosen else None
    return identified(call, person, now=now)


def _typed_number(call: Call, told: Mapping[str, str], *, now: datetime) -> Plan:
    """Her customer number, asked once in her life: the next call from here is hers. Mistyped, it is asked again."""
    digits = _keys(told)
    found = persons_with(system_viewer("voice"), "customer_number", digits, limit=2) if digits.isdecimal() else []
    person = found[0] if len(found) == 1 else None
    if person is None and digits and call.asked_who < ASKED_MAX:
        call.asked_who += 1
        return plans.AskNumber(wrong=True)
    if person and call.number:
        KnownNumber.objects.update_or_create(number=call.number, defaults={"person": person, "at": now})
    return identified(call, person, now=now)


def _pressed(call: Call, told: Mapping[str, str], *, now: datetime) -> Plan:
    chosen = _chosen(told, call.offered.get("keys", []))
    if _keys(told) == KEEP and (owed := _owed(call, now=now)):
        return _kept(call, owed)
    held = state.situation(call.adviser_id, now=now, beside=call.pk)
    asked = Asked(state.place_of(call, now=now), frozenset(map(UUID, call.missed)))
    decision = decide(held.adviser, held.deputy, held.house, asked, now=now)
    if isinstance(decision, Ring) and chosen in (None, "wait"):
        return next_for(call, now=now)
    offers = (
        decision
        if isinstance(decision, Offers)
        else decide(held.adviser, held.deputy, held.house, Asked(missed=asked.missed | {decision.staff}), now=now)
    )
    if not told.get("Digits") and offers.find(ToWait):
        chosen = "wait"  # she says nothing, and stays on the line
    if chosen == "wait" and (wait := offers.find(ToWait)):
        call.state, call.waiting_since = "waiting", call.waiting_since or now
        return plans.Hold(wait.wait, _name(call))
    if chosen == "deputy" and (other := offers.find(ToDeputy)) and lines.claim(call, other.staff, now=now):
        desk = held.desks[other.staff]
        call.transfers += 1
        fact = facts.Transferred(call=call.uuid, staff=desk.user.name)
        lines.note(call, fact, f"call:{call.uuid}:transferred:{call.step}", at=now, now=now)
        return plans.Dial(desk.line, desk.user.name, own=False)
    if chosen in ("call_back", "message") and not (offers.find(ToWait) or offers.find(ToDeputy)):
        lines.note(call, facts.PutOff(call=call.uuid), f"call:{call.uuid}:put_off", at=call.asked_at, now=now)
    if chosen == "call_back" and (back := offers.find(ToCallBack)):
        return _times(call, back.times, now=now)
    if chosen == "message":
        due_at = offers.find(ToMessage).due_at
        operations.leave_message(call, due_at=due_at, now=now)
        call.outcome = call.outcome or "message"
        return plans.LeaveMessage(due_at, _name(call))
    wrong = chosen is None and bool(told.get("Digits"))
    return _once_more(call, lambda: _offered(call, offers, held, wrong=wrong, now=now))


def _once_more(call: Call, again: Callable[[], Plan]) -> Plan:
    """What was pressed means nothing: said again, a few times."""
    tries = call.offered.get("tries", 0) + 1
    if tries >= TRIES_MAX:
        return plans.Goodbye("thanks")
    plan = again()
    call.offered["tries"] = tries
    return plan


def _chose_time(call: Call, told: Mapping[str, str], *, now: datetime) -> Plan:
    times = call.offered.get("times", [])
    chosen, keys, owed = _chosen(told, times), _keys(told), _owed(call, now=now)
    if owed and keys in ("", KEEP):
        return _kept(call, owed)
    if chosen is None and keys in ("", "0"):
        return next_for(call, now=now)
    if chosen is None:
        moments = tuple(map(datetime.fromisoformat, times))
        return _once_more(call, lambda: _times(call, moments, wrong=True, now=now))
    held = state.situation(call.adviser_id, now=now, beside=call.pk)
    at = datetime.fromisoformat(chosen)
    try:
        made = links.change(owed, at, channel="voice", now=now) if owed else _promised(call, at, now=now)
    except refusals.TimeTaken:
        decision = decide(held.adviser, held.deputy, held.house, Asked(missed=_all(held)), now=now)
        back = decision.find(ToCallBack) if isinstance(decision, Offers) else None
        return _times(call, back.times, taken=True, now=now) if back else next_for(call, now=now)
    except refusals.LinkOver:  # she was called meanwhile
        return next_for(call, now=now)
    call.outcome = call.outcome or "call_back"
    return plans.Goodbye("call_back", made.starts_at, _name(call))


def _holds(call: Call, told: Mapping[str, str], *, now: datetime) -> Plan:
    """A quarter of a minute later: her turn, or on."""
    decision = next_for(call, now=now, why="gone")
    if isinstance(decision, plans.Menu) and isinstance(decision.offers[0], ToWait):
        return plans.Hold(decision.offers[0].wait, _name(call), aloud=call.step % 4 == 0)
    return decision


def _chooses(call: Call, told: Mapping[str, str], *, now: datetime) -> Plan:
    """A key while she waited: she keeps her place, and hears what else may be done."""
    return next_for(call, now=now)


def _dialled(call: Call, told: Mapping[str, str], *, now: datetime) -> Plan:
    """A line was tried: they talked, or nobody answered, and nothing is lost."""
    if told.get("DialCallStatus") in ("completed", "answered"):
        seconds = int(told["DialCallDuration"][:6]) if told.get("DialCallDuration", "").isdecimal() else None
        if call.state == "ringing" and seconds != 0:
            lines.talk(call, since=now - timedelta(seconds=seconds or 0), now=now)
        lines.put_down(call, now=now)
        return plans.CutOff() if told.get("CallStatus") != "completed" else plans.Goodbye("silence")
    if call.state == "talking":  # the line broke off without a word
        lines.put_down(call, now=now)
        return plans.CutOff()
    if call.rung_id:
        call.missed = [*call.missed, str(call.rung_id)]
    call.state, call.rung_at = "asking", None
    tell(operations.TOPIC)
    return next_for(call, now=now, why="no_answer")


def _cut_off(call: Call, told: Mapping[str, str], *, now: datetime) -> Plan:
    if told.get("Digits") != "1":
        return plans.Goodbye("thanks")
    call.missed = []
    return next_for(call, now=now)


def _recorded(call: Call, told: Mapping[str, str], *, now: datetime) -> Plan:
    address = told.get("RecordingUrl", "")
    if address.startswith("https://") and len(address) <= 500 and address.isascii():
        call.recording = address
        with translation.override(call.language):
            words = _("Her message, to be listened to: %(address)s") % {"address": address}
        operations.leave_message(call, due_at=None, about=words, now=now)
    return plans.Goodbye("message")


HANDLERS: dict[str, Callable[..., Plan]] = {
    "who": _said_who,
    "number": _typed_number,
    "key": _pressed,
    "time": _chose_time,
    "hold": _holds,
    "choose": _chooses,
    "dial": _dialled,
    "again": _cut_off,
    "recorded": _recorded,
}


# --- inside --------------------------------------------------------------------------------------------------------


def _held(sid: str, uuid: UUID | None = None) -> Call:
    """The call, locked: what comes for it at the same moment waits. Raises `NoCall`."""
    rows = Call.objects.select_for_update(of=("self",)).select_related("person", "adviser", "rung")
    found = rows.filter(provider_id=sid[:64], **({"uuid": uuid} if uuid else {})).first()
    if found is None:
        raise refusals.NoCall
    return found


def _once(call: Call, step: str, base: str, work: Callable[[Call], Plan], *, now: datetime) -> str:
    """The answer to a step: made now, or as it was made when the provider first sent it. Raises `Replayed`."""
    before = CallStep.objects.filter(call=call, step=step).first()
    if before is not None:
        if now - before.at > RETRIED:
            raise refusals.Replayed
        return before.answer
    plan = work(call)
    call.step += 1
    call.seen_at = max(call.seen_at, now)
    call.save()
    answer = voice.render(call, plan, base)
    CallStep.objects.create(call=call, step=step, at=now, answer=answer)
    return answer


def _offered(
    call: Call, decision: Ring | Offers, held: state.Situation, *, why: str = "", wrong: bool = False, now: datetime
) -> Plan:
    assert isinstance(decision, Offers)
    offers = decision.offers
    if not (call.number or operations.number_of(call.person)):  # where would she be called?
        offers = tuple(one for one in offers if not isinstance(one, ToCallBack))
    owed = _owed(call, now=now)
    call.offered = {"keys": [SORTS[type(one)] for one in offers], "owed": owed is not None}
    if call.state != "waiting":
        call.state = "asking"
    deputy = held.desks[held.deputy.id].user.name if held.deputy else ""
    return plans.Menu(offers, _name(call), deputy, why, owed=owed.starts_at if owed else None, wrong=wrong)


def _times(call: Call, times: tuple[datetime, ...], *, taken: bool = False, wrong: bool = False, now: datetime) -> Plan:
    owed = _owed(call, now=now)
    call.offered = {"times": [at.isoformat() for at in times], "owed": owed is not None}
    return plans.Times(times, taken, _name(call), owed.starts_at if owed else None, wrong)


def _promised(call: Call, at: datetime, *, now: datetime) -> CallBack:
    return operations.promise_call_back(
        call.person, operations.desk_for(call.adviser, now=now), at, number=call.number, channel="voice",
        key=f"call:{call.uuid}:{call.step}", by=lines.VOICE, now=now,
    )  # fmt: skip


def _owed(call: Call, *, now: datetime) -> CallBack | None:
    return callers.owed(call.person, call.number, call.adviser_id, now=now)


def _kept(call: Call, owed: CallBack) -> Plan:
    call.outcome = call.outcome or "call_back"
    return plans.Goodbye("call_back", owed.starts_at, _name(call))


def _keys(told: Mapping[str, str]) -> str:
    """What was typed, without the hash key that ends it."""
    return told.get("Digits", "")[:32].strip().removesuffix("#")


def _chosen(told: Mapping[str, str], choices: list[Any]) -> Any:
    """What stands behind the key that was pressed; None for any other."""
    key = _keys(told)
    return choices[int(key) - 1] if key.isascii() and key.isdecimal() and 1 <= int(key) <= len(choices) else None


def _all(held: state.Situation) -> frozenset[UUID]:
    return frozenset(one.id for one in (held.adviser, held.deputy) if one)


def _name(call: Call) -> str:
    return call.adviser.name if call.adviser else ""
