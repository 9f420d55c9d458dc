"""What follows from the events of a case outside it: whose steps are, cases within it, promises; what time brings."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.db import transaction

from egard.kernel.access.actors import Actor, system
from egard.kernel.access.models import Team
from egard.kernel.access.queries import system_viewer
from egard.kernel.cases.checks import is_open
from egard.kernel.cases.models import Case
from egard.kernel.cases.rules import engine
from egard.kernel.cases.rules.definition import Step
from egard.kernel.cases.rules.state import Event
from egard.kernel.cases.writing import Held, Raced, hold, insert, lock_version, write
from egard.kernel.people.models import Person
from egard.kernel.promises import quick

WORK = "cases.work"


def finish(held: Held, *, by: Actor, now: datetime) -> Held:
    """Carry out what followed from the events of a case, and write it; a case above hears that it closed.

    What stays inside the case is written at once; what does not, under its lock.
    """
    closes = held.state["status"] == "closed" and held.closed_at is None
    if not held.events or not (_reaches_out(held) or (closes and held.parent_id)):
        write(held, now=now)
    elif held.locked or (closes and held.parent_id) or not _at_once(held, write, by=by, now=now):
        with transaction.atomic():
            if not held.locked:
                lock_version(held)
            follow(held, by=by, now=now)
            write(held, now=now)
            if closes and held.parent_id:
                _tell_parent(held, now=now)
    return held


def save_new(held: Held, *, by: Actor, now: datetime) -> None:
    """The same for a case that was just opened."""
    try:
        if _at_once(held, insert, by=by, now=now):
            return
    except Raced:
        pass
    with transaction.atomic():
        follow(held, by=by, now=now)
        insert(held, now=now)


def _at_once(held: Held, put: Callable[..., None], *, by: Actor, now: datetime) -> bool:
    """Write a case together with what it does to its promises, sent as one; False where that takes more.

    Raises `Raced` where a promise was not as the case knew it: then all is judged anew.
    """
    from egard.kernel.cases import clocks

    if any(
        step.case or team_code(held, step) for event, _by, _key in held.events for _one, step in _steps(held, event)
    ):
        return False
    statements = clocks.at_once(held, by=by, now=now)
    if statements is None:
        return False
    try:
        with transaction.atomic():
            put(held, now=now, beside=statements)
    except Raced:
        quick.forget()
        raise
    return True


def _steps(held: Held, event: Event) -> list[tuple[Event, Step]]:
    return begun(held, [event, *event.get("then", ())])


def _reaches_out(held: Held) -> bool:
    """Whether an event has to do with promises, teams, or cases within this one."""
    for event, _by, _key in held.events:
        batch = [event, *event.get("then", ())]
        if any(one["kind"] == "clock" for one in batch):
            return True
        if any(step.case or team_code(held, step) for _one, step in _steps(held, event)):
            return True
    return False


def follow(held: Held, *, by: Actor, now: datetime) -> None:
    """What events bring about outside the case: whose steps are, cases within it, promises. Where a promise turns out
    to be broken already, that has consequences too.
    """
    from egard.kernel.cases import clocks

    for event, _by, _key in held.events:
        batch, done = [event, *event.get("then", ())], []
        while batch:
            _give(held, batch)
            children = _open_children(held, batch, now=now)
            happened, heard = clocks.carry_out(held, batch, by=by, now=now)
            done += [*happened, *children]
            batch = []
            if heard:
                engine.settle(held.type, held.state, event["at"], now, batch)
        if len(done) > 1:
            event["then"] = done[1:]


def begun(held: Held, batch: list[Event]) -> list[tuple[Event, Step]]:
    """The steps that events made available."""
    found = [one for one in batch if one["kind"] in ("available", "again", "redone")]
    return [(one, step) for one in found if (step := engine.step_of(held.type, held.state, one["step"]))]


def _give(held: Held, batch: list[Event]) -> None:
    """A step of a department, or of a role that is a team, is that team's."""
    theirs = [(one, code) for one, step in begun(held, batch) if (code := team_code(held, step))]
    if theirs:
        teams = {team.code: str(team.pk) for team in Team.objects.filter(code__in={code for _one, code in theirs})}
        for one, code in theirs:
            if code in teams:
                held.state["steps"][one["step"]]["team"] = one["team"] = teams[code]


def team_code(held: Held, step: Step) -> str:
    """The code of the team whose step it is; empty where it is nobody's in particular."""
    department = held.type.departments.get(step.ask)
    role = held.type.roles.get(step.role)
    return department.team if department else step.ask or (role.team if role else "")


def _open_children(held: Held, batch: list[Event], *, now: datetime) -> list[Event]:
    """A step that is a case of its own opens it."""
    from egard.kernel.cases.operations import open_case

    opened: list[Event] = []
    for one, step in begun(held, batch):
        key, viewer = one["step"], system_viewer("cases")
        if step.case and held.id and key not in held.state["children"]:
            child = open_case(viewer, step.case, _person(held), channel=held.channel, parent=(held, key), now=now)
            opened.append({"kind": "child", "step": key, "case": str(child.uuid)})
            held.state["children"][key] = str(child.uuid)
    return opened


def _person(held: Held) -> Person | None:
    return Person(pk=held.person_id, site_id=held.site_id) if held.person_id else None


def _tell_parent(held: Held, *, now: datetime) -> None:
    """The case above goes on: its step is done. Locks are taken from the inner case to the outer, never back."""
    above = Case.objects.filter(pk=held.parent_id).values_list("uuid", flat=True).get()
    outer, by = hold(system_viewer("cases"), above, WORK), system("cases")
    if is_open(outer, held.parent_step):
        outer.tell({"kind": "completed", "step": held.parent_step, "child": str(held.uuid)}, by=by, now=now)
        finish(outer, by=by, now=now)


def wake(*, now: datetime, most: int = 200) -> int:
    """Move the cases that time alone may move; how many. Safe beside any other."""
    due = Case.objects.filter(wake_at__lte=now).order_by("wake_at").values_list("uuid", flat=True)[:most]
    by, viewer, count = system("cases"), system_viewer("cases"), 0
    for uuid in due:
        with transaction.atomic():
            held = hold(viewer, uuid, WORK)
            held.tell({"kind": "time"}, by=by, now=now)
            if held.events[0][0].get("then"):
                finish(held, by=by, now=now)
            else:  # it moved meanwhile: nothing happened that history needs
                Case.objects.filter(pk=held.id).update(wake_at=engine.next_moment(held.type, held.state, now))
            count += 1
    return count


def watch(*, now: datetime) -> None:
    """The house's job: until nothing is left that time may move."""
    while wake(now=now):
        pass
