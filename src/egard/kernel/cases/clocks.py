"""The clocks of a case are promises: what the rules say of a clock is done to its promise, and what becomes of a
promise stands in the case's history.

The lock of a case is always taken before those of its promises, also by the sweeper (see `lock`).
"""

from __future__ import annotations

from collections.abc import Collection
from contextvars import ContextVar
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection

from egard.base.quickread import Statement
from egard.kernel.access.actors import Actor, system
from egard.kernel.access.models import Site, Team, User
from egard.kernel.access.queries import system_viewer
from egard.kernel.cases.rules.definition import Clock, Step
from egard.kernel.cases.rules.engine import step_of
from egard.kernel.cases.rules.state import Event
from egard.kernel.cases.rules.text import Text
from egard.kernel.cases.writing import Held, hold, stamp
from egard.kernel.people.models import Person
from egard.kernel.promises import operations as promises
from egard.kernel.promises import quick
from egard.kernel.promises.models import Promise, PromiseEvent

PREFIX = "case:"
STEP_KIND, CASE_KIND = "cases.step", "cases.case"
_OURS: ContextVar[list[tuple[Promise, PromiseEvent]] | None] = ContextVar("_OURS", default=None)
"""While a case itself acts on its promises, what is heard of them is collected here."""
_ACTS = {"kept", "released", "paused", "resumed", "made"}


def carry_out(held: Held, batch: list[Event], *, by: Actor, now: datetime) -> tuple[list[Event], bool]:
    """Do to the promises what some events say of their clocks, and write what comes of it (due moments, that one was
    late) into the events and the state, so that both still say the same. The events with what was heard meanwhile, and
    whether anything was.
    """
    done: list[Event] = []
    for n, one in enumerate(batch):
        # An event of its own (the first) tells of a promise that moved already.
        ours = one["kind"] == "clock" and not (n == 0 and "happened_at" in one)
        done += [*(_late(held, one, by=by, now=now) if ours else ()), one]
    return done, len(done) > len(batch)


def at_once(held: Held, *, by: Actor, now: datetime) -> list[Statement] | None:
    """The statements that do to promises what the events of a case say, where each takes no more than one; None where
    one takes more. What they will bring about is written into the events and the state.
    """
    statements: list[Statement] = []
    for one in (one for event, _by, _key in held.events for one in event.get("then", ())):
        if one["kind"] != "clock":
            continue
        what, clock = one["what"], held.state["clocks"][one["clock"]]
        if what == "started":
            made = quick.make(**_asked(held, one["clock"], one["n"], by=by, now=now))
            if made is None:
                return None
            uuid, due_at, statement = made
            moved = {"promise": str(uuid), "due_at": stamp(due_at)}
            one |= moved
            clock |= moved
        elif what in ("kept", "released") and clock["state"] == what and not clock.get("late"):
            reason = _RELEASED.said(settings.LANGUAGE_CODE) if what == "released" else ""
            channel = held.channel if what == "kept" else ""
            statement = quick.end(UUID(clock["promise"]), what, by=by, now=now, channel=channel, reason=reason)
        else:
            return None
        statements.append(statement)
    return statements


def _asked(held: Held, key: str, n: int, *, by: Actor, now: datetime) -> dict[str, Any]:
    """What is asked for a run of a clock."""
    clock, step = _clock_of(held, key), step_of(held.type, held.state, key)
    owner, team = _whose(held, key)
    return {
        "kind": clock.kind or (STEP_KIND if step else CASE_KIND),
        "within": clock.within,
        "code": clock.calendar,
        "person_id": held.person_id,
        "subject": f"{held.subject}/{key}",
        "note": _note(held, clock, step),
        "owner_id": owner,
        "team_id": team,
        "site_id": held.site_id,
        "channel": held.channel,
        "key": f"{held.subject}/{key}#{n}",
        "by": by,
        "now": now,
    }


def _late(held: Held, one: Event, *, by: Actor, now: datetime) -> list[Event]:
    """Act on one promise. What it went through meanwhile (a breach) comes first."""
    heard: list[tuple[Promise, PromiseEvent]] = []
    token = _OURS.set(heard)
    try:
        told = _act(held, one, by=by, now=now)
    finally:
        _OURS.reset(token)
    clock = held.state["clocks"][one["clock"]]
    if told is not None:
        moved = {"promise": str(told[0]), "due_at": stamp(told[1])}
        one |= moved
        clock |= moved
    meanwhile = [
        {"kind": "clock", "clock": one["clock"], "what": event.what, "happened_at": stamp(event.at)}
        for _promise, event in heard
        if event.what not in _ACTS
    ]
    if any(event["what"] == "broken" for event in meanwhile):
        clock["late"] = True
    return meanwhile


def _act(held: Held, one: Event, *, by: Actor, now: datetime) -> tuple[UUID, datetime] | None:
    """Do it; the promise and its due moment, where that is new."""
    what, held_clock = one["what"], held.state["clocks"][one["clock"]]
    if what == "started":
        return _promise(held, one["clock"], one["n"], by=by, now=now)
    uuid = UUID(held_clock["promise"])
    if what == "kept":
        promises.keep(uuid, by=by, now=now, channel=held.channel)
    elif what == "released":
        promises.release(uuid, reason=_RELEASED.said(settings.LANGUAGE_CODE), by=by, now=now)
    elif what == "paused":
        promises.pause(uuid, reason=_PAUSED.said(settings.LANGUAGE_CODE), by=by, now=now)
    else:
        return uuid, promises.resume(uuid, by=by, now=now).due_at
    return None


_RELEASED = Text(fr="Ce n’est plus à faire sur ce dossier.", en="It is no longer to be done on this case.")
_PAUSED = Text(fr="Le dossier attend autre chose.", en="The case waits for something else.")


def _promise(held: Held, key: str, n: int, *, by: Actor, now: datetime) -> tuple[UUID, datetime]:
    asked = _asked(held, key, n, by=by, now=now)
    person, owner, team, site = (asked.pop(name) for name in ("person_id", "owner_id", "team_id", "site_id"))
    promise = promises.promise(
        Person(pk=person, site_id=site) if person else None,
        asked.pop("kind"),
        calendar=asked.pop("code") or None,
        owner=User(pk=owner) if owner else None,
        team=Team(pk=team) if team else None,
        site=Site(pk=site) if site else None,
        **asked,
    )
    return promise.uuid, promise.due_at


def _clock_of(held: Held, key: str) -> Clock:
    step = step_of(held.type, held.state, key)
    clock = step.promise if step is not None else held.type.promises.get(key)
    assert clock is not None
    return clock


def _note(held: Held, clock: Clock, step: Step | None) -> str:
    """What is promised, in the house's language; pages say it in the reader's (see `queries.describe`)."""
    label = clock.label or (step.title if step else held.type.title)
    return label.said(settings.LANGUAGE_CODE)[:500]


def _whose(held: Held, key: str) -> tuple[UUID | None, UUID | None]:
    step = held.state["steps"].get(key, {})
    owner, team = step.get("owner"), step.get("team")
    return UUID(owner) if owner else held.owner_id, UUID(team) if team else held.team_id


# --- what becomes of them elsewhere -----------------------------------------------------------------------------------


def lock(subjects: Collection[str], wait: bool) -> Collection[str]:
    """Hold the cases that some subjects name, before their promises; those that somebody else holds are left out."""
    by_case: dict[str, list[str]] = {}
    for subject in subjects:
        by_case.setdefault(subject.removeprefix(PREFIX).partition("/")[0], []).append(subject)
    skip = "" if wait else " skip locked"
    with connection.cursor() as cursor:
        cursor.execute(
            f"select uuid::text from cases_case where uuid = any(%s::uuid[]) order by id for no key update{skip}",
            [list(by_case)],
        )
        found = [row[0] for row in cursor.fetchall()]
    return [subject for case in found for subject in by_case[case]]


def hear(promise: Promise, event: PromiseEvent) -> None:
    """A promise of a case was warned of, broken, or changed by somebody: its history says so, and it may move."""
    collecting = _OURS.get()
    if collecting is not None:
        collecting.append((promise, event))
        return
    from egard.kernel.cases.following import finish

    case, _slash, key = promise.subject.removeprefix(PREFIX).partition("/")
    held = hold(system_viewer("promises"), UUID(case), "cases.read")
    if held.state["clocks"].get(key, {}).get("promise") != str(promise.uuid):
        return  # a former run of the step
    kind, _colon, who = event.by.partition(":")
    by: Any = Actor(kind, who) if kind in ("user", "key", "person") else system(who or "promises")
    happened = {"kind": "clock", "clock": key, "what": event.what, "happened_at": stamp(event.at)}
    if event.what in ("extended", "resumed", "reopened", "made"):
        happened["due_at"] = stamp(promise.due_at)
    held.tell(happened, by=by, now=event.recorded_at)
    finish(held, by=by, now=event.recorded_at)
