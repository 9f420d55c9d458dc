"""Many facts at once as programs send them: parsed and checked in bulk, then written by `writing`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _
from pydantic import ConfigDict, StringConstraints, TypeAdapter, ValidationError, with_config
from typing_extensions import TypedDict

from egard.base.moments import Moment
from egard.base.refusal import Refusal
from egard.kernel.access.actors import Actor
from egard.kernel.people.operations import normalise
from egard.kernel.registry import FactType
from egard.kernel.timeline import kinds
from egard.kernel.timeline.documents import documents
from egard.kernel.timeline.operations import CLOCK_SKEW, BadFact, FromTheFuture, describe, identifiers_of
from egard.kernel.timeline.writing import (
    Batch,
    Outcome,
    Prepared,
    SeveralPersons,
    UnknownPerson,
    WasErased,
    record_prepared,
)

__all__ = [
    "BATCH_MAX",
    "Batch",
    "NoPerson",
    "Outcome",
    "Prepared",
    "SeveralPersons",
    "UnknownPerson",
    "WasErased",
    "record_events",
    "record_prepared",
]

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
    events = list(_parsed(raw))
    stored = _documents(events)
    for n, event in enumerate(events):
        try:
            if isinstance(event, Refusal):
                raise event
            prepared.append(_prepare(n, event, stored[n], now=now, anonymous=anonymous, channel=channel))
        except Refusal as refusal:
            outcomes[n] = Outcome("rejected", refusal=refusal)
    result = record_prepared(prepared, by=by, now=now, history=history, create_people=create_people)
    for one, outcome in zip(prepared, result.outcomes, strict=True):
        outcomes[one.n] = outcome
    return Batch([o for o in outcomes if o is not None], result.made)


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


def _documents(events: Sequence[Event | Refusal]) -> dict[int, tuple[FactType, bytes] | Refusal]:
    """The declared type and the stored data of each event, by its place; all events of a kind are checked together."""
    found: dict[int, tuple[FactType, bytes] | Refusal] = {}
    places: dict[str, list[int]] = {}
    for n, event in enumerate(events):
        if not isinstance(event, Refusal):
            places.setdefault(event["kind"], []).append(n)
    for kind, some in places.items():
        try:
            fact_type = kinds.declared(kind)
        except Refusal as refusal:
            found |= dict.fromkeys(some, refusal)
            continue
        stored = documents(fact_type, [events[n]["data"] for n in some])  # ty: ignore[not-subscriptable]  (`some` are no refusals)
        found |= {n: (fact_type, d) if isinstance(d, bytes) else d for n, d in zip(some, stored, strict=True)}
    return found


def _prepare(
    n: int,
    event: Event,
    stored: tuple[FactType, bytes] | Refusal,
    *,
    now: datetime,
    anonymous: bool,
    channel: str,
) -> Prepared:
    if isinstance(stored, Refusal):
        raise stored
    fact_type, data = stored
    if event["at"] > now + CLOCK_SKEW:
        raise FromTheFuture(at=event["at"].isoformat())
    if "\x00" in event["key"]:
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
