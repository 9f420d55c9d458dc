"""Cases as they went in another system: played by the rules of all others, each event at its own moment, and written in
bulk as the past. Their clocks are promises reckoned as of those moments; nobody is told.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.db import connection

from egard.kernel.access.actors import Actor, system
from egard.kernel.access.live import tell
from egard.kernel.cases import clocks, types, writing
from egard.kernel.cases.following import _give
from egard.kernel.cases.models import CaseType
from egard.kernel.cases.rules import advice, engine
from egard.kernel.cases.rules import past as rules
from egard.kernel.cases.rules.engine import Known, next_moment
from egard.kernel.cases.rules.past import Row
from egard.kernel.cases.rules.state import Event, new_state
from egard.kernel.cases.writing import Held, stamp
from egard.kernel.promises.past import PastPromise, PastTerms, write_past

KEY = "import:"
"""Of the first event of an imported case: what it was made from, so that a second import knows it."""


@dataclass(slots=True)
class PastCase:
    """One case to be played: `number` names it in the system it comes from (`source`)."""

    source: str
    number: str
    opened_at: datetime
    rows: Sequence[Row] = ()
    events: Sequence[tuple[datetime, Event]] = ()
    """In the place of rows: events of the case itself, for who knows its type."""
    channel: str = ""
    person_id: int | None = None
    site_id: UUID | None = None
    opening: Mapping[str, Any] = field(default_factory=dict)
    """What was known when it was opened, beside its first row."""

    @property
    def uuid(self) -> UUID:
        """Made from its number, so that the same case is always found again (a UUID of version 8)."""
        digest = bytearray(hashlib.sha256(f"egard.case:{self.source}:{self.number}".encode()).digest()[:16])
        digest[6], digest[8] = digest[6] & 0x0F | 0x80, digest[8] & 0x3F | 0x80
        return UUID(bytes=bytes(digest))

    @property
    def key(self) -> str:
        told = [[row.at.isoformat(), row.status, row.group, dict(row.data)] for row in self.rows]
        told += [[at.isoformat(), event] for at, event in self.events]
        written = orjson.dumps([self.opened_at.isoformat(), dict(self.opening), told], option=orjson.OPT_SORT_KEYS)
        return KEY + hashlib.sha256(written).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which clock is replayed by which terms, in the place of what the type says."""

    clock: str = ""
    kind: str = ""
    within: str = ""
    calendar: str = ""


@dataclass(slots=True)
class Player:
    """Plays cases of one version of a type. `end` is up to when: what was not done by then is overdue, or open."""

    row: CaseType
    chosen: Chosen
    by: Actor
    end: datetime
    _terms: dict[tuple[str, str, str], PastTerms] = field(default_factory=dict)

    def play(self, case: PastCase) -> tuple[Held, list[PastPromise]]:
        """The case and its promises after all that happened. Raises refusals of promises."""
        case_type = types.defined(self.row)
        held = Held(
            id=0, uuid=case.uuid, type_id=self.row.pk, type=case_type, person_id=case.person_id, parent_id=None,
            parent_step="", version=0, state=new_state(), owner_id=None, team_id=None, site_id=case.site_id,
            channel=case.channel, closed_at=None,
        )  # fmt: skip
        one = _Played(self, held)
        opening = {name: value for name, value in case.opening.items() if name in case_type.data}
        one.tell(
            {"kind": "opened", "type": case_type.case, "version": case_type.version, "data": opening},
            at=case.opened_at, key=case.key,
        )  # fmt: skip
        for at, row, new, was in rules.changes(case_type, case.rows):
            one.wait(until=at)
            for event in rules.acts(case_type, held.state, row, new, was):
                one.act(event, at=at)
        for at, event in case.events:
            one.wait(until=at)
            one.act(dict(event), at=at)
        one.wait(until=self.end)
        return held, one.promises

    def terms_for(self, key: str, clock: Any, *, of_step: bool) -> PastTerms:
        chosen = self.chosen if key == self.chosen.clock else Chosen()
        kind = chosen.kind or clock.kind or (clocks.STEP_KIND if of_step else clocks.CASE_KIND)
        asked = (kind, str(chosen.within or clock.within), chosen.calendar or clock.calendar)
        if asked not in self._terms:
            self._terms[asked] = PastTerms.of(*asked)
        return self._terms[asked]


@dataclass(slots=True)
class _Played:
    """One case being played."""

    player: Player
    held: Held
    running: dict[str, PastPromise] = field(default_factory=dict)
    promises: list[PastPromise] = field(default_factory=list)
    told_at: datetime | None = None

    def act(self, event: Event, *, at: datetime) -> None:
        if event["kind"] == "fact":
            event["happened_at"] = stamp(at)
        if event["kind"] == "closed":
            lacks = advice.closing_lacks(Known(self.held.type, self.held.state, at))
            if lacks:  # it was closed all the same
                event |= {"override": rules.REOPENED, "lacked": [one.text.model_dump() for one in lacks]}
        if event["kind"] in ("fact", "redone") and "step" in event:
            event["by"] = str(self.player.by)
        self.tell(event, at=at)

    def tell(self, event: Event, *, at: datetime, key: str = "") -> None:
        held, self.told_at = self.held, at
        told = held.tell(event, by=self.player.by, now=at, key=key)
        _give(held, [told, *told.get("then", ())])
        for one in told.get("then", ()):
            if one["kind"] == "clock":
                self._clock(one, at)

    def wait(self, *, until: datetime) -> None:
        """What came by itself before a moment, each thing at its own: promises broke, time passed."""
        held, told_at = self.held, self.told_at
        assert told_at is not None
        while True:
            broken = [(event.at, key) for key, one in self.running.items() if (event := one.next_by_itself())]
            at, key = min((one for one in broken if one[0] < until), default=(until, ""))
            woken = next_moment(held.type, held.state, max(told_at, self.told_at or told_at))
            if woken is not None and told_at < woken < at:
                told_at = woken
                self.tell({"kind": "time"}, at=woken)
            elif key:
                self.running[key].happened("broken", at, by=system("promises"))
                self.tell({"kind": "clock", "clock": key, "what": "broken", "happened_at": stamp(at)}, at=at)
            else:
                return

    def _clock(self, event: Event, at: datetime) -> None:
        """What the rules say of a clock is done to its promise."""
        key, what, by = event["clock"], event["what"], self.player.by
        if what == "started":
            promise = self._made(key, event["n"], at)
            self.running[key] = promise
            self.promises.append(promise)
        else:
            promise = self.running[key]
            promise.happened(what, at, by=by, channel=self.held.channel if what == "kept" else "")
        if what in ("started", "resumed"):
            told = {"promise": str(promise.row.uuid), "due_at": stamp(promise.clock.due_at)}
            event |= told
            self.held.state["clocks"][key] |= told

    def _made(self, key: str, n: int, at: datetime) -> PastPromise:
        held = self.held
        clock, step = clocks._clock_of(held, key), engine.step_of(held.type, held.state, key)
        return PastPromise.made(
            self.player.terms_for(key, clock, of_step=step is not None),
            person_id=held.person_id,
            site_id=held.site_id,
            subject=f"{held.subject}/{key}",
            note=clocks._note(held, clock, step),
            channel=held.channel,
            key=f"{held.subject}/{key}#{n}",
            at=at,
            by=self.player.by,
        )


# --- writing ----------------------------------------------------------------------------------------------------------


def known(cases: Sequence[PastCase]) -> dict[UUID, str]:
    """Of some cases those that are here, with the key of what they were made from (empty where it is packed)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select c.uuid, coalesce(e.key, '') from cases_case c"
            " left join cases_event e on e.case_id = c.id and e.n = 1 where c.uuid = any(%s::uuid[])",
            [[case.uuid for case in cases]],
        )
        return dict(cursor.fetchall())


_CASE_COLUMNS = (
    "id, uuid, type_id, person_id, parent_step, status, version, snapshot, owner_id, team_id, site_id, channel, asked,"
    " keys, opened_at, closed_at, due_at, wake_at"
)


def write(played: Sequence[tuple[Held, list[PastPromise]]], *, now: datetime) -> None:
    """Write cases with their events and promises, by COPY, in the caller's transaction."""
    if not played:
        return
    with connection.wrap_database_errors, connection.cursor() as cursor:
        cursor.execute(
            "select nextval(pg_get_serial_sequence('cases_case', 'id')) from generate_series(1, %s)", [len(played)]
        )
        ids = [row[0] for row in cursor.fetchall()]
        with cursor.copy(f"copy cases_case ({_CASE_COLUMNS}) from stdin") as copy:
            for pk, (held, _promises) in zip(ids, played, strict=True):
                held.id = pk
                copy.write_row(_case_row(pk, held, now))
        with cursor.copy("copy cases_event (case_id, n, at, by, kind, key, body) from stdin") as copy:
            for pk, (held, _promises) in zip(ids, played, strict=True):
                for one in writing.numbered(held.events, 0):
                    body = orjson.dumps(one["body"]).decode()
                    copy.write_row((pk, one["n"], one["at"], one["by"], one["kind"], one["key"], body))
    write_past([promise for _held, promises in played for promise in promises], now=now)
    tell("cases")


def _case_row(pk: int, held: Held, now: datetime) -> tuple[Any, ...]:
    state = held.state
    return (
        pk, held.uuid, held.type_id, held.person_id, "", state["status"], len(held.events),
        orjson.dumps(state).decode(), held.owner_id, held.team_id, held.site_id, held.channel, writing.asked_of(held),
        writing.keys_of(held), state["opened_at"], state.get("closed_at"), writing.next_due(state),
        next_moment(held.type, state, now),
    )  # fmt: skip
