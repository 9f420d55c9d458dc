"""Many facts at once, from any source: the API's batches, imports, the tracking protocol. Measured in bench/.

One batch is one transaction: resolve persons in one query, make the new ones by COPY, COPY the facts into a staging
table and move them by one statement that leaves out what is there already.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Annotated, Any, Literal
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext_lazy as _
from pydantic import ConfigDict, StringConstraints, TypeAdapter, ValidationError, with_config
from typing_extensions import TypedDict

from egard.base.ids import new_id
from egard.base.moments import Moment
from egard.base.refusal import Refusal
from egard.kernel.access.actors import Actor
from egard.kernel.people import bulk as people_bulk
from egard.kernel.people.bulk import NewPerson, Pair
from egard.kernel.people.operations import normalise
from egard.kernel.registry import FactType, IdentifierKind, registry
from egard.kernel.timeline import kinds, schemas
from egard.kernel.timeline.operations import CLOCK_SKEW, BadFact, FromTheFuture, KeyReused, describe

BATCH_MAX = 1000
"""Events of one call of the API at most."""

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Channel = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, to_lower=True, min_length=1, max_length=32, pattern=r"^[a-zA-Z][a-zA-Z0-9_-]*$"
    ),
]


class NoPerson(Refusal):
    """The event names nobody; give an id or an identifier, or say that it is anonymous."""

    code = "no_person"
    message = _("This names no person: give an identifier, or say that anonymous facts are kept.")


class UnknownPerson(Refusal):
    """Nobody has this id or identifier, and the caller asked not to make new people."""

    code = "people.unknown"
    message = _("Nobody here has this id or identifier.")


class SeveralPersons(Refusal):
    """The identifier is shared: give the person's id, or another identifier."""

    code = "people.several"
    message = _("Several people share this identifier: give the person’s id or another identifier.")


class WasErased(Refusal):
    """The identifier belonged to a person who was erased; recording it again would bring her back."""

    code = "people.erased"
    message = _("This identifier belonged to a person who was erased.")


_strict = with_config(ConfigDict(extra="forbid"))


@_strict
class PersonRef(TypedDict, total=False):
    """Whom an event is about: an id, or an identifier (its person is made when she is new)."""

    id: UUID
    kind: Text
    value: Text


class _EventRequired(TypedDict):
    kind: Text
    key: Text
    at: Moment
    data: dict[str, Any]


@_strict
class Event(_EventRequired, total=False):
    """One event as programs send it: kind (`purchases.made/1`), key (its name for ever), at, data; person, channel."""

    person: PersonRef | None
    channel: Channel
    corrects: UUID


_events = TypeAdapter(list[Event])
_event = TypeAdapter(Event)


@dataclass(slots=True)
class Outcome:
    """What became of one event."""

    outcome: Literal["recorded", "unchanged", "rejected"]
    id: UUID | None = None
    refusal: Refusal | None = None


@dataclass(slots=True)
class Prepared:
    """An event that is valid by itself: what is left to find is its person."""

    n: int
    fact_type: FactType
    at: datetime
    channel: str
    key: str
    data: bytes
    person_id: int | None = None
    person_uuid: UUID | None = None
    pair: Pair | None = None
    corrects: UUID | None = None
    identifiers: Sequence[Pair] = ()
    """More identifiers that this fact gives its person (the order's number)."""


@dataclass(slots=True)
class Batch:
    """The outcome of a batch, in the order of its events."""

    outcomes: list[Outcome] = field(default_factory=list)
    people_created: int = 0


def record_events(
    raw: Sequence[Any],
    *,
    by: Actor,
    now: datetime,
    history: bool = False,
    create_people: bool = True,
    anonymous: bool = False,
    channel: str = "api",
) -> Batch:
    """Record events as programs send them (see `Event`); each that cannot be recorded is rejected with its refusal.

    `create_people`: an identifier that nobody has makes a person. `anonymous`: an event without a person is kept.
    Everything that is not rejected is written when this returns, or nothing is.
    """
    outcomes: list[Outcome | None] = [None] * len(raw)
    prepared: list[Prepared] = []
    for n, event in enumerate(_parsed(raw)):
        try:
            if isinstance(event, Refusal):
                raise event
            prepared.append(_prepare(n, event, now=now, anonymous=anonymous, channel=channel))
        except Refusal as refusal:
            outcomes[n] = Outcome("rejected", refusal=refusal)
    result = record_prepared(prepared, by=by, now=now, history=history, create_people=create_people)
    for one, outcome in zip(prepared, result.outcomes, strict=True):
        outcomes[one.n] = outcome
    return Batch([o for o in outcomes if o is not None], result.people_created)


def _parsed(raw: Sequence[Any]) -> Iterable[Event | Refusal]:
    """All events at once when all are well formed (the usual case), else one by one."""
    try:
        return _events.validate_python(raw)
    except ValidationError:
        return [_parsed_one(event) for event in raw]


def _parsed_one(event: Any) -> Event | Refusal:
    try:
        return _event.validate_python(event)
    except ValidationError as error:
        why, fields = describe(error)
        kind = event.get("kind", "event") if isinstance(event, dict) else "event"
        return BadFact(kind=str(kind)[:120], why=why, fields=fields)


@lru_cache(maxsize=1024)
def _makes_identifiers(fact_type: FactType) -> tuple[IdentifierKind, ...]:
    """Identifier kinds that this fact's fields give its person: fields named as a kind that is found by its ends."""
    names = schemas.json_schema(fact_type).get("properties", {})
    return tuple(kind for kind in registry.identifier_kinds.values() if kind.search == "ends" and kind.name in names)


def identifiers_of(fact_type: FactType, data: dict[str, Any]) -> list[Pair]:
    """The identifiers inside a fact's data: an order's number points to its buyer from then on."""
    return [
        (kind.name, normalise(kind.name, str(data[kind.name])))
        for kind in _makes_identifiers(fact_type)
        if data.get(kind.name)
    ]


def _prepare(n: int, event: Event, *, now: datetime, anonymous: bool, channel: str) -> Prepared:
    fact_type = kinds.declared(event["kind"])
    if event["at"] > now + CLOCK_SKEW:
        raise FromTheFuture(at=event["at"].isoformat())
    adapter = schemas.adapter(fact_type.type)
    try:
        data = adapter.dump_json(adapter.validate_python(event["data"]))
    except ValidationError as error:
        why, fields = describe(error)
        raise BadFact(kind=fact_type.kind, why=why, fields=fields) from error
    if len(data) > schemas.DATA_MAX_BYTES:
        raise BadFact(kind=fact_type.kind, why=f"{len(data)} bytes, at most {schemas.DATA_MAX_BYTES}")
    if b"\\u0000" in data or "\x00" in event["key"]:
        raise BadFact(kind=fact_type.kind, why="the character NUL cannot be stored")
    one = Prepared(
        n,
        fact_type,
        event["at"],
        event.get("channel", channel),
        event["key"],
        data,
        corrects=event.get("corrects"),
        identifiers=identifiers_of(fact_type, event["data"]),
    )
    person = event.get("person")
    if person and "id" in person:
        one.person_uuid = person["id"]
    elif person and "kind" in person and "value" in person:
        one.pair = (person["kind"], normalise(person["kind"], person["value"]))
    elif person or not anonymous:
        raise NoPerson
    return one


def record_prepared(
    prepared: Sequence[Prepared],
    *,
    by: Actor,
    now: datetime,
    history: bool,
    create_people: bool,
    newcomers: dict[Pair, NewPerson] | None = None,
) -> Batch:
    """Find or make the persons and write the facts, in one transaction; `outcomes` in the order given.

    `newcomers` says more of the persons to be made than their identifier. Where somebody else makes the same person at
    the same moment, the unique index refuses and the batch is done again: then she is found.
    """
    for attempt in range(5):
        try:
            with transaction.atomic():
                return _record_once(prepared, by, now, history, create_people, newcomers or {})
        except IntegrityError:
            if attempt == 4:
                raise
    raise AssertionError("unreachable")


def _record_once(
    prepared: Sequence[Prepared],
    by: Actor,
    now: datetime,
    history: bool,
    create_people: bool,
    newcomers: dict[Pair, NewPerson],
) -> Batch:
    refused: dict[int, Refusal] = {}
    persons = _persons(prepared, by, now, create_people, newcomers, refused)
    rows: list[tuple[Any, ...]] = []
    written_by = str(by)
    ids: dict[UUID, int] = {}
    for place, one in enumerate(prepared):
        if place in refused:
            continue
        uuid = new_id()
        ids[uuid] = place
        person_id = persons.found[place]
        number = kinds.number(one.fact_type)
        rows.append(
            (
                uuid,
                person_id,
                number,
                one.at,
                now,
                one.channel,
                one.key,
                written_by,
                one.corrects,
                history,
                one.data.decode(),
            )
        )
    written = _insert(rows)
    outcomes = [
        Outcome("rejected", refusal=refused[place]) if place in refused else Outcome("recorded")
        for place in range(len(prepared))
    ]
    for uuid, place in ids.items():
        outcomes[place].id = uuid
    kept = [row for row in rows if row[0] not in written]
    if kept:
        for row, (first, same) in zip(kept, _compare(kept), strict=True):
            place = ids[row[0]]
            outcomes[place] = (
                Outcome("unchanged", id=first) if same else Outcome("rejected", refusal=KeyReused(key=row[6]))
            )
    new_identifiers = [
        (person_id, kind, value)
        for uuid, place in ids.items()
        if uuid in written and (one := prepared[place]).identifiers
        if (person_id := persons.found[place]) is not None
        for kind, value in one.identifiers
    ]
    people_bulk.add_identifiers(new_identifiers, by=by, now=now)
    return Batch(outcomes, persons.created)


@dataclass(slots=True)
class _Persons:
    found: list[int | None]
    created: int = 0


def _persons(
    prepared: Sequence[Prepared],
    by: Actor,
    now: datetime,
    create_people: bool,
    newcomers: dict[Pair, NewPerson],
    refused: dict[int, Refusal],
) -> _Persons:
    """The person of each event, by place; what cannot be found is refused. At most four queries."""
    by_uuid = _by_uuid({one.person_uuid for one in prepared if one.person_uuid})
    by_pair = people_bulk.find({one.pair for one in prepared if one.pair})
    created = 0
    missing = list(dict.fromkeys(one.pair for one in prepared if one.pair and one.pair not in by_pair))
    if missing and create_people:
        gone = people_bulk.erased(missing)
        fresh = [pair for pair in missing if pair not in gone]
        made = people_bulk.create([newcomers.get(pair) or NewPerson([pair]) for pair in fresh], by=by, now=now)
        by_pair |= {pair: [pk] for pair, pk in zip(fresh, made, strict=True)}
        created = len(made)
        for place, one in enumerate(prepared):
            if one.pair in gone:
                refused[place] = WasErased()
    found: list[int | None] = []
    for place, one in enumerate(prepared):
        person_id = one.person_id
        if one.person_uuid:
            person_id = by_uuid.get(one.person_uuid)
            if person_id is None:
                refused[place] = UnknownPerson()
        elif one.pair and place not in refused:
            holders = by_pair.get(one.pair, ())
            if len(holders) == 1:
                person_id = holders[0]
            else:
                refused[place] = SeveralPersons() if holders else UnknownPerson()
        found.append(person_id)
    return _Persons(found, created)


def _by_uuid(uuids: set[UUID]) -> dict[UUID, int]:
    if not uuids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            "select uuid, id from people_person where uuid = any(%s) and erased_at is null order by id for key share",
            [list(uuids)],
        )
        return dict(cursor.fetchall())


_COLUMNS = "uuid, person_id, kind_id, at, recorded_at, channel, key, by, corrects, history, data"


def _insert(rows: Sequence[tuple[Any, ...]]) -> set[UUID]:
    """COPY into a staging table, then one statement; returns the ids that are new."""
    if not rows:
        return set()
    with connection.wrap_database_errors, connection.cursor() as cursor:
        cursor.execute(
            "create temp table if not exists staged_fact (n int generated always as identity, uuid uuid,"
            " person_id bigint,"
            ' kind_id int, at timestamptz, recorded_at timestamptz, channel text, key text collate "C", by text,'
            " corrects uuid, history bool, data jsonb) on commit delete rows"
        )
        with cursor.copy(f"copy staged_fact ({_COLUMNS}) from stdin") as copy:
            for row in rows:
                copy.write_row(row)
        cursor.execute(
            f"insert into timeline_fact ({_COLUMNS}) select {_COLUMNS} from staged_fact order by n"
            " on conflict (person_id, key) do nothing returning uuid"
        )
        written = {row[0] for row in cursor.fetchall()}
        if len(written) == len(rows):
            cursor.execute("truncate staged_fact")
        return written


def _compare(kept: Sequence[tuple[Any, ...]]) -> list[tuple[UUID, bool]]:
    """For rows whose key was there: the fact that has it, and whether it says the same. Reads the staging table."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select s.uuid, f.uuid, f.kind_id = s.kind_id and f.at = s.at and f.data = s.data"
            " from staged_fact s join timeline_fact f on f.key = s.key"
            " and (f.person_id = s.person_id or (f.person_id is null and s.person_id is null))"
            " where s.uuid = any(%s)",
            [[row[0] for row in kept]],
        )
        found = {mine: (first, same) for mine, first, same in cursor.fetchall()}
        cursor.execute("truncate staged_fact")
    return [found[row[0]] for row in kept]
