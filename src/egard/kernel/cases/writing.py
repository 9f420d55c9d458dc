"""Reading and writing one case, by hand: one statement reads it, one writes its events and its snapshot.

A case is read without a lock, judged by the rules, and written if its version is still the one that was read.
Where somebody was quicker, all is done again under the lock of its row (`attempt`): nobody meets a lock error.
What follows outside the case (promises, cases within it) needs the lock first (`lock_version`).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import wraps
from typing import Any, ParamSpec, TypeVar
from uuid import UUID

import orjson
from django.db import transaction

from egard.base.copytext import text_array
from egard.base.quickread import Statement, quick_run, quick_run_all
from egard.base.refusal import NotFound
from egard.kernel.access.actors import Actor, Viewer
from egard.kernel.access.live import CHANNEL
from egard.kernel.cases import types
from egard.kernel.cases.refusals import KeyReused
from egard.kernel.cases.rules import engine
from egard.kernel.cases.rules.definition import CaseType
from egard.kernel.cases.rules.state import OPEN, Event, State
from egard.kernel.registry import registry


@dataclass(slots=True)
class Held:
    """A case under its lock, and what happened to it since it was read."""

    id: int
    uuid: UUID
    type_id: int
    type: CaseType
    person_id: int | None
    parent_id: int | None
    parent_step: str
    version: int
    state: State
    owner_id: UUID | None
    team_id: UUID | None
    site_id: UUID | None
    channel: str
    closed_at: datetime | None
    locked: bool = True
    viewer_teams: tuple[str, ...] = ()
    done_before: tuple[str, Event] | None = None
    """What the key of this act named before: its kind and body."""
    events: list[tuple[Event, str, str]] = field(default_factory=list)
    """Not written yet: the event, by whom, its key."""

    @property
    def subject(self) -> str:
        return f"case:{self.uuid}"

    def tell(self, event: Event, *, by: Actor, now: datetime, key: str = "") -> Event:
        """One event happens, with all that follows from it by the rules."""
        self.state, told = engine.evaluate(self.type, self.state, {"at": stamp(now), **event}, now)
        self.events.append((told, str(by), key))
        return told


def stamp(now: datetime) -> str:
    """A moment as events hold it, and as it comes back from their column."""
    return now.astimezone(UTC).isoformat()


P = ParamSpec("P")
R = TypeVar("R")
_FREELY: ContextVar[bool] = ContextVar("_FREELY", default=False)
"""The next case is read without its lock."""


class Raced(Exception):
    """Somebody wrote the case meanwhile: everything is judged anew, under the lock."""


def attempt(act: Callable[P, R]) -> Callable[P, R]:
    """An act on one case: first without a lock, in as few statements as it takes; once more with it if need be."""

    @wraps(act)
    def tried(*args: P.args, **kwargs: P.kwargs) -> R:
        token = _FREELY.set(True)
        try:
            return act(*args, **kwargs)
        except Raced:
            _FREELY.set(False)
            with transaction.atomic():
                return act(*args, **kwargs)
        finally:
            _FREELY.reset(token)

    return tried


_READ = """
select c.id, c.uuid, c.type_id, t.name, t.version, c.person_id, c.parent_id, c.parent_step, c.version, c.snapshot::text,
  c.owner_id, c.team_id, c.site_id, c.channel, c.closed_at, c.asked,
  case when %s::text <> '{}'
    then (select array_agg(a.code::text) from access_team a where a.id = any(%s::text::uuid[])) end,
  (select s.version from cases_case s where s.id = c.id),
  case when %s::text <> '' then (select jsonb_build_array(e.kind, e.body)::text from cases_event e
   where e.case_id = c.id and e.key = %s and e.key <> '') end
from cases_case c join cases_type t on t.id = c.type_id
where c.uuid = %s"""
_READ_FREELY, _READ_LOCKED = _READ.encode(), f"{_READ} for no key update of c".encode()


def hold(viewer: Viewer, uuid: UUID, permission: str, *, key: str = "") -> Held:
    """A case within the viewer's scope, held until the transaction ends (or read freely, see `attempt`). One statement.

    Whoever comes meanwhile waits, reads what was written, and is judged by the rules anew.
    Raises `NotAllowed`, `NotFound`.
    """
    scope, freely = viewer.require(permission), _FREELY.get()
    _FREELY.set(False)
    teams = text_array([str(one) for one in viewer.team_ids])
    rows = quick_run(_READ_FREELY if freely else _READ_LOCKED, [teams, teams, key, key, uuid])
    if not rows:
        raise NotFound
    (pk, public, type_id, name, version, person_id, parent_id, parent_step, number, snapshot, owner_id, team_id,
     site_id, channel, closed_at, asked, codes, seen, before) = rows[0]  # fmt: skip
    if scope != "all" and not _within(viewer, scope, owner_id, team_id, site_id, asked):
        raise NotFound
    if key and seen != number:
        before = _before(pk, key)
    if snapshot is None:
        from egard.kernel.cases.archive import unpack_state

        state = unpack_state(pk)
    else:
        state = orjson.loads(snapshot)
    return Held(
        id=pk, uuid=public, type_id=type_id, type=types.of(name, version, pk=type_id), person_id=person_id,
        parent_id=parent_id, parent_step=parent_step, version=number, state=state, owner_id=owner_id, team_id=team_id,
        site_id=site_id, channel=channel, closed_at=closed_at, locked=not freely, viewer_teams=tuple(codes or ()),
        done_before=tuple(orjson.loads(before)) if before else None,
    )  # fmt: skip


def lock_version(held: Held) -> None:
    """Hold a case that was read freely. Raises `Raced` where somebody wrote it since."""
    rows = quick_run(b"select version from cases_case where id = %s for no key update", [held.id])
    if not rows or rows[0][0] != held.version:
        raise Raced
    held.locked = True


def _before(case_id: int, key: str) -> str | None:
    """The statement that waited for the lock looked for the key too early: another look."""
    rows = quick_run(
        b"select jsonb_build_array(kind, body)::text from cases_event where case_id = %s and key = %s and key <> ''",
        [case_id, key],
    )
    return rows[0][0] if rows else None


def _within(viewer: Viewer, scope: str, owner: UUID | None, team: UUID | None, site: UUID | None, asked: list) -> bool:
    """A case is somebody's by owner, team or place; and theirs whose step it is now."""
    if asked and ({*viewer.team_ids, viewer.user_id} & set(asked)):
        return True
    if scope == "own":
        return owner is not None and owner == viewer.user_id
    return team in viewer.team_ids if scope == "team" else site in viewer.site_ids


def done_before(held: Held, key: str, kind: str, **same: Any) -> bool:
    """Whether this very act was done before under its key. Raises `KeyReused` where the key names another."""
    if held.done_before is None:
        return False
    told_kind, body = held.done_before
    if told_kind != kind or any(body.get(name) != value for name, value in same.items()):
        raise KeyReused(key=key)
    return True


_EVENTS = """
insert into cases_event (case_id, n, at, by, kind, key, body)
select moved.id, e.n, e.at, e.by, e.kind, e.key, e.body from moved,
  json_to_recordset(%s::text::json) e(n int, at timestamptz, by text, kind text, key text, body jsonb)
returning case_id"""
_WRITE = f"""
with moved as (
  update cases_case set type_id = %s, status = %s, version = %s, snapshot = %s::jsonb, owner_id = %s, team_id = %s,
    site_id = %s, asked = %s::text::uuid[], keys = %s::text::text[], closed_at = %s,
    due_at = %s::text::timestamptz, wake_at = %s
  where id = %s and version = %s returning id),
told as (select pg_notify('{CHANNEL}', 'cases'), pg_notify('{CHANNEL}', 'case:' || %s::text) from moved),
written as ({_EVENTS})
select (select count(*) from written), (select count(*) from told)
""".encode()


def write(held: Held, *, now: datetime, beside: Sequence[Statement] = ()) -> None:
    """Write what happened to a case, and tell open pages: one statement, sent with those `beside` it, which answer
    whether they did what they were to do. Raises `Raced` where one did not, or the case was written by another.
    """
    if not held.events:
        return
    state, before, count = held.state, held.version, len(held.events)
    held.closed_at = (held.closed_at or now) if state["status"] == "closed" else None
    values = [
        held.type_id, state["status"], before + count, orjson.dumps(state).decode(), held.owner_id, held.team_id,
        held.site_id, asked_of(held), keys_of(held), held.closed_at, next_due(state),
        engine.next_moment(held.type, state, now), held.id, before, str(held.uuid),
        orjson.dumps(numbered(held.events, before)).decode(),
    ]  # fmt: skip
    with _heard(held, now):
        (wrote, *_one), *others = (rows[0] for rows in quick_run_all([(_WRITE, values), *beside]))
        if wrote != count or not all(did[0] for did in others):
            assert not held.locked, "a case that is held was written by another"
            raise Raced
        held.version = before + count
        held.events.clear()


@contextmanager
def _heard(held: Held, now: datetime) -> Generator[None]:
    """Whoever listens to cases of this type hears what happened once it is written, in the same transaction."""
    listeners = [listener for listener in registry.case_listeners if held.type.case in listener.types]
    told = list(held.events)
    with transaction.atomic() if listeners else nullcontext():
        yield
        for listener in listeners:
            listener.handler(held, told, now)


def numbered(events: list[tuple[Event, str, str]], before: int) -> list[dict[str, Any]]:
    """The rows of some events, those after number `before`."""
    return [
        {"n": n, "at": event["at"], "by": by, "kind": event["kind"], "key": key, "body": _body(event)}
        for n, (event, by, key) in enumerate(events, before + 1)
    ]


def _body(event: Event) -> Event:
    """What has no column of its own."""
    return {name: value for name, value in event.items() if name not in ("kind", "at")}


_INSERT = f"""
with moved as (
  insert into cases_case (uuid, type_id, person_id, parent_id, parent_step, status, version, snapshot, owner_id,
    team_id, site_id, channel, asked, keys, opened_at, closed_at, due_at, wake_at)
  values (%s, %s, %s, %s, %s, %s, %s, %s::jsonb, %s, %s, %s, %s, %s::text::uuid[], %s::text::text[], %s, %s,
    %s::text::timestamptz, %s) returning id),
told as (select pg_notify('{CHANNEL}', 'cases')),
written as ({_EVENTS})
select (select min(case_id) from written), (select count(*) from told)
""".encode()


def insert(held: Held, *, now: datetime, beside: Sequence[Statement] = ()) -> None:
    """Write a case that was just opened; `beside` as for `write`. Raises `Raced`."""
    state, held.version = held.state, len(held.events)
    held.closed_at = now if state["status"] == "closed" else None
    values = [
        held.uuid, held.type_id, held.person_id, held.parent_id, held.parent_step, state["status"], held.version,
        orjson.dumps(state).decode(), held.owner_id, held.team_id, held.site_id, held.channel, asked_of(held),
        keys_of(held), now, held.closed_at, next_due(state), engine.next_moment(held.type, state, now),
        orjson.dumps(numbered(held.events, 0)).decode(),
    ]  # fmt: skip
    with _heard(held, now):
        made, *others = (rows[0] for rows in quick_run_all([(_INSERT, values), *beside]))
        if not all(did[0] for did in others):
            raise Raced
        held.id = made[0]
        held.events.clear()


def next_due(state: State) -> str | None:
    """The next moment that is promised, of the clocks that run."""
    clocks = state["clocks"].values()
    return min((c["due_at"] for c in clocks if c["state"] == "open" and c.get("due_at")), default=None)


def asked_of(held: Held) -> str:
    """The teams and people whose step it is now: they see the case."""
    state = held.state
    if state["status"] != "open":
        return "{}"
    found: set[str] = set()
    for step in state["steps"].values():
        if step["state"] in OPEN:
            found |= {step[name] for name in ("owner", "team") if step.get(name)}
    return text_array(sorted(found))


def keys_of(held: Held) -> str:
    """By what outside events find the case: `field=value` of every field that one is matched on."""
    data = held.state["data"]
    fields = {event.match for event in held.type.events.values()}
    return text_array(sorted(match_key(name, data[name]) for name in fields if data.get(name) not in (None, "")))


def match_key(name: str, value: Any) -> str:
    """`field=value` as it is compared: blanks and case do not count."""
    return f"{name}={''.join(str(value).split()).casefold()}"[:200]
