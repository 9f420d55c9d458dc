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

from egard.kernel.access.actors import Actor, system
from egard.kernel.access.models import Team, User
from egard.kernel.access.queries import system_viewer
from egard.kernel.cases.rules.definition import Clock, Step
from egard.kernel.cases.rules.engine import step_of
from egard.kernel.cases.rules.state import Event
from egard.kernel.cases.rules.text import Text
from egard.kernel.cases.writing import Held, hold, stamp
from egard.kernel.people.models import Person
from egard.kernel.promises import operations as promises
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


def _late(held: Held, one: Event, *, by: Actor, now: datetime) -> list[Event]:
    """Act on one promise. What it went through meanwhile (a breach) comes first."""
    heard: list[tuple[Promise, PromiseEvent]] = []
    token = _OURS.set(heard)
    try:
        promise = _act(held, one, by=by, now=now)
    finally:
        _OURS.reset(token)
    clock = held.state["clocks"][one["clock"]]
    if promise is not None and one["what"] in ("started", "resumed"):
        told = {"promise": str(promise.uuid), "due_at": stamp(promise.due_at)}
        one |= told
        clock |= told
    meanwhile = [
        {"kind": "clock", "clock": one["clock"], "what": event.what, "happened_at": stamp(event.at)}
        for _promise, event in heard
        if event.what not in _ACTS
    ]
    if any(event["what"] == "broken" for event in meanwhile):
        clock["late"] = True
    return meanwhile


def _act(held: Held, one: Event, *, by: Actor, now: datetime) -> Promise | None:
    what, held_clock = one["what"], held.state["clocks"][one["clock"]]
    if what == "started":
        return _promise(held, one["clock"], one["n"], by=by, now=now)
    uuid = UUID(held_clock["promise"])
    if what == "kept":
        return promises.keep(uuid, by=by, now=now, channel=held.channel)
    if what == "released":
        return promises.release(uuid, reason=_RELEASED.said(settings.LANGUAGE_CODE), by=by, now=now)
    if what == "paused":
        return promises.pause(uuid, reason=_PAUSED.said(settings.LANGUAGE_CODE), by=by, now=now)
    return promises.resume(uuid, by=by, now=now)


_RELEASED = Text(fr="Ce n’est plus à faire sur ce dossier.", en="It is no longer to be done on this case.")
_PAUSED = Text(fr="Le dossier attend autre chose.", en="The case waits for something else.")


def _promise(held: Held, key: str, n: int, *, by: Actor, now: datetime) -> Promise:
    clock = _clock_of(held, key)
    step = step_of(held.type, held.state, key)
    owner, team = _whose(held, key)
    person = Person(pk=held.person_id, site_id=held.site_id) if held.person_id else None
    return promises.promise(
        person,
        clock.kind or (STEP_KIND if step else CASE_KIND),
        within=clock.within,
        calendar=clock.calendar or None,
        subject=f"{held.subject}/{key}",
        note=_note(held, key, clock, step),
        owner=owner,
        team=team,
        channel=held.channel,
        key=f"{held.subject}/{key}#{n}",
        by=by,
        now=now,
    )


def _clock_of(held: Held, key: str) -> Clock:
    step = step_of(held.type, held.state, key)
    clock = step.promise if step is not None else held.type.promises.get(key)
    assert clock is not None
    return clock


def _note(held: Held, key: str, clock: Clock, step: Step | None) -> str:
    """What is promised, in the house's language; pages say it in the reader's (see `queries.describe`)."""
    label = clock.label or (step.title if step else held.type.title)
    return label.said(settings.LANGUAGE_CODE)[:500]


def _whose(held: Held, key: str) -> tuple[User | None, Team | None]:
    step = held.state["steps"].get(key, {})
    owner = step.get("owner") or (str(held.owner_id) if held.owner_id else "")
    team = step.get("team") or (str(held.team_id) if held.team_id else "")
    return (User(pk=UUID(owner)) if owner else None, Team(pk=UUID(team)) if team else None)


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
