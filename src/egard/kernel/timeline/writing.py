"""Writing many facts at once: the one way in for the API's batches, imports and the tracking protocol.

One batch is one transaction. Persons are found in one query and the new ones made by COPY; keys that are there already
are looked up; the rest goes by COPY straight into the log. Where another transaction writes the same at the same moment
the unique index refuses, and the batch is done again: then it is found.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

import orjson
from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from egard.base.copytext import copy_block, number_array, number_column, repeated, text_array, text_column
from egard.base.ids import new_id
from egard.base.refusal import NotFound, Refusal
from egard.kernel.access.actors import Actor
from egard.kernel.people import bulk as people_bulk
from egard.kernel.people.bulk import NewPerson, Pair, WasErased
from egard.kernel.people.live import tell_persons
from egard.kernel.people.models import Person
from egard.kernel.registry import FactType, registry
from egard.kernel.timeline import kinds
from egard.kernel.timeline.models import Fact
from egard.kernel.timeline.operations import AlreadyCorrected, KeyReused


class UnknownPerson(Refusal):
    """Nobody has this id or identifier, and the caller asked not to make new people."""

    code = "people.unknown"
    message = _("Nobody here has this id or identifier.")


class SeveralPersons(Refusal):
    """The identifier is shared: give the person's id, or another identifier."""

    code = "people.several"
    message = _("Several people share this identifier: give the person’s id or another identifier.")


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
    made: frozenset[Pair] = frozenset()
    """The identifiers by which persons were made."""

    @property
    def people_created(self) -> int:
        return len(self.made)


def record_prepared(
    prepared: Sequence[Prepared],
    *,
    by: Actor,
    now: datetime,
    history: bool,
    create_people: bool,
    newcomers: Mapping[Pair, NewPerson] | None = None,
    dry_run: bool = False,
) -> Batch:
    """Find or make the persons and write the facts, in one transaction; `outcomes` in the order given.

    `newcomers` says more of the persons to be made than their identifier. `dry_run` tells what would become of each
    event and writes nothing.
    """

    def attempt() -> Batch:
        with transaction.atomic():
            return _Writing(prepared, by, now, history, create_people, newcomers or {}, dry_run).run()

    return people_bulk.again_where_raced(attempt)


_KNOWN = """
select w.place, f.uuid, f.kind_id = w.kind_id and f.at = w.at
from unnest(%s::int[], %s::bigint[], %s::text[], %s::int[], %s::timestamptz[]) w(place, person_id, key, kind_id, at)
join timeline_fact f on f.person_id {is_} and f.key = w.key
"""
_SAME_DATA = """
select w.place from unnest(%s::int[], %s::bigint[], %s::text[], %s::text[]) w(place, person_id, key, data)
join timeline_fact f on f.person_id {is_} and f.key = w.key and f.data = w.data::jsonb
"""
_OF_PERSONS, _OF_NOBODY = "= w.person_id", "is null"


class _Writing:
    """One attempt at one batch. Places are positions in `prepared`."""

    def __init__(
        self,
        prepared: Sequence[Prepared],
        by: Actor,
        now: datetime,
        history: bool,
        create_people: bool,
        newcomers: Mapping[Pair, NewPerson],
        dry_run: bool,
    ) -> None:
        self.prepared, self.by, self.now, self.history = prepared, by, now, history
        self.create_people, self.newcomers, self.dry_run = create_people, newcomers, dry_run
        self.found: list[int | None] = [None] * len(prepared)
        self.outcomes: dict[int, Outcome] = {}
        self.made: set[Pair] = set()

    def run(self) -> Batch:
        self._find_persons()
        self._stay_with_what_is_corrected()
        first, twins = self._first_of_each_key()
        fresh = self._that_correct_well(self._without_known(first))
        for place in fresh:
            self.outcomes[place] = Outcome("recorded", None if self.dry_run else new_id())
        if fresh and not self.dry_run:
            self._write(fresh)
        for place, before in twins.items():
            self.outcomes[place] = self._twin(place, before)
        return Batch([self.outcomes[place] for place in range(len(self.prepared))], frozenset(self.made))

    def _refuse(self, place: int, refusal: Refusal) -> None:
        self.outcomes[place] = Outcome("rejected", refusal=refusal)

    # --- persons ----------------------------------------------------------------------------------------------------

    def _find_persons(self) -> None:
        """The person of each event; who cannot be found is made or refused. At most six queries."""
        by_uuid = _by_uuid({one.person_uuid for one in self.prepared if one.person_uuid})
        pairs = dict.fromkeys(one.pair for one in self.prepared if one.pair)
        by_pair = people_bulk.find(pairs)
        missing = [pair for pair in pairs if pair not in by_pair] if self.create_people else []
        if missing and not self.dry_run:
            missing = self._still_missing(missing, by_pair)
        gone = people_bulk.erased(missing)
        if missing:
            by_pair |= self._make([pair for pair in missing if pair not in gone])
        for place, one in enumerate(self.prepared):
            if one.person_uuid:
                self.found[place] = by_uuid.get(one.person_uuid)
                if self.found[place] is None:
                    self._refuse(place, UnknownPerson())
            elif one.pair:
                holders = by_pair.get(one.pair, ())
                if len(holders) == 1:
                    self.found[place] = holders[0]
                else:
                    several = SeveralPersons() if holders else UnknownPerson()
                    self._refuse(place, WasErased() if one.pair in gone else several)
            else:
                self.found[place] = one.person_id

    def _still_missing(self, missing: list[Pair], by_pair: dict[Pair, list[int]]) -> list[Pair]:
        """Who is missing once nobody else makes persons by the same shared identifiers; `by_pair` gets the others."""
        shared = [pair for pair in missing if registry.identifier_kinds[pair[0]].shared]
        if not shared:
            return missing
        people_bulk.lock_shared(shared)
        by_pair |= people_bulk.find(shared)
        return [pair for pair in missing if pair not in by_pair]

    def _make(self, pairs: list[Pair]) -> dict[Pair, list[int]]:
        self.made = set(pairs)
        if self.dry_run:
            # Persons who would be made have no number yet: their place among the new ones stands for it.
            return {pair: [-n] for n, pair in enumerate(pairs, 1)}
        pairs = sorted(pairs)  # two batches that make the same persons wait for each other, never both at once
        persons = [self.newcomers.get(pair) or NewPerson([pair]) for pair in pairs]
        made = people_bulk.create(persons, by=self.by, now=self.now)
        return {pair: [pk] for pair, pk in zip(pairs, made, strict=True)}

    def _stay_with_what_is_corrected(self) -> None:
        """A correction goes to the row of what it corrects, where that row is the same person: two queries."""
        wanted = {place: one.corrects for place, one in enumerate(self.prepared) if one.corrects and self.found[place]}
        if not wanted:
            return
        facts = Fact.objects.filter(uuid__in=wanted.values(), person__isnull=False)
        there = {uuid: (pk, root or pk) for uuid, pk, root in facts.values_list("uuid", "person", "person__root")}
        asked = Person.objects.filter(pk__in={self.found[place] for place in wanted}).values_list("pk", "root")
        persons = {pk: root or pk for pk, root in asked}
        for place, uuid in wanted.items():
            pk, person = there.get(uuid, (None, None))
            if person is not None and person == persons.get(self.found[place] or 0):
                self.found[place] = pk

    def _that_correct_well(self, places: list[int]) -> list[int]:
        """Without those that correct nothing of this person, or what was corrected before; no query for the others."""
        wanted = {place: one.corrects for place in places if (one := self.prepared[place]).corrects}
        if not wanted:
            return places
        there = dict(Fact.objects.filter(uuid__in=wanted.values()).values_list("uuid", "person_id"))
        corrected = set(Fact.objects.filter(corrects__in=wanted.values()).values_list("corrects", flat=True))
        for place, uuid in wanted.items():
            if uuid not in there or there[uuid] != self.found[place]:
                self._refuse(place, NotFound())
            elif uuid in corrected:
                self._refuse(place, AlreadyCorrected())
            else:
                corrected.add(uuid)
        return [place for place in places if place not in self.outcomes]

    # --- keys -------------------------------------------------------------------------------------------------------

    def _first_of_each_key(self) -> tuple[list[int], dict[int, int]]:
        """The places whose key stands first in the batch, and for the others the place of that first one."""
        first: dict[tuple[int | None, str], int] = {}
        twins: dict[int, int] = {}
        for place, one in enumerate(self.prepared):
            if place not in self.outcomes:
                before = first.setdefault((self.found[place], one.key), place)
                if before != place:
                    twins[place] = before
        return list(first.values()), twins

    def _twin(self, place: int, before: int) -> Outcome:
        a, b, outcome = self.prepared[before], self.prepared[place], self.outcomes[before]
        same = a.fact_type is b.fact_type and a.at == b.at and orjson.loads(a.data) == orjson.loads(b.data)
        if not same or outcome.outcome == "rejected":
            return Outcome("rejected", refusal=KeyReused(key=b.key))
        return Outcome("unchanged", outcome.id)

    def _without_known(self, places: list[int]) -> list[int]:
        """The places whose key is nowhere yet; the others are settled: unchanged, or the key is another fact's."""
        known: set[int] = set()
        # Who was made just now has no facts to look through.
        asked = [place for place in places if self.prepared[place].pair not in self.made]
        for some, is_ in (
            ([place for place in asked if self.found[place] is not None], _OF_PERSONS),
            ([place for place in asked if self.found[place] is None], _OF_NOBODY),
        ):
            if some:
                known |= self._settle_known(some, is_)
        return [place for place in places if place not in known]

    def _settle_known(self, places: list[int], is_: str) -> set[int]:
        ones = [self.prepared[place] for place in places]
        persons = [self.found[place] for place in places]
        numbers = _numbers(ones)
        with connection.cursor() as cursor:
            cursor.execute(
                _KNOWN.format(is_=is_),
                [
                    number_array(places),
                    number_array(persons),
                    text_array([one.key for one in ones]),
                    number_array(numbers),
                    text_array([one.at.isoformat() for one in ones]),
                ],
            )
            there = {place: (uuid, same) for place, uuid, same in cursor.fetchall()}
            alike = [place for place, (_uuid, same) in there.items() if same]
            same_data: set[int] = set()
            if alike:
                ones = [self.prepared[place] for place in alike]
                cursor.execute(
                    _SAME_DATA.format(is_=is_),
                    [
                        number_array(alike),
                        number_array(self.found[place] for place in alike),
                        text_array([one.key for one in ones]),
                        text_array([one.data.decode() for one in ones]),
                    ],
                )
                same_data = {row[0] for row in cursor.fetchall()}
        for place, (uuid, _same) in there.items():
            if place in same_data:
                self.outcomes[place] = Outcome("unchanged", uuid)
            else:
                self._refuse(place, KeyReused(key=self.prepared[place].key))
        return set(there)

    # --- writing ----------------------------------------------------------------------------------------------------

    def _write(self, places: list[int]) -> None:
        ones = [self.prepared[place] for place in places]
        persons = [self.found[place] for place in places]
        count = len(ones)
        block = copy_block(
            [str(self.outcomes[place].id) for place in places],
            number_column(persons),
            list(map(str, _numbers(ones))),
            [one.at.isoformat() for one in ones],
            repeated(self.now.isoformat(), count),
            text_column([one.channel for one in ones]),
            text_column([one.key for one in ones]),
            repeated(self.by, count),
            ["\\N" if one.corrects is None else str(one.corrects) for one in ones],
            repeated("t" if self.history else "f", count),
            text_column([one.data.decode() for one in ones]),
        )
        with (
            connection.cursor() as cursor,
            cursor.copy(
                "copy timeline_fact (uuid, person_id, kind_id, at, recorded_at, channel, key, by, corrects,"
                " history, data) from stdin"
            ) as copy,
        ):
            copy.write(block)
        people_bulk.add_identifiers(
            [
                (person_id, kind, value)
                for one, person_id in zip(ones, persons, strict=True)
                if person_id is not None
                for kind, value in one.identifiers
            ],
            by=self.by,
            now=self.now,
        )
        tell_persons(persons, "facts")


def _numbers(ones: Sequence[Prepared]) -> list[int]:
    known: dict[int, int] = {}
    for one in ones:
        if id(one.fact_type) not in known:
            known[id(one.fact_type)] = kinds.number(one.fact_type)
    return [known[id(one.fact_type)] for one in ones]


def _by_uuid(uuids: set[UUID]) -> dict[UUID, int]:
    if not uuids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            "select uuid, id from people_person where uuid = any(%s) and erased_at is null order by id for key share",
            [list(uuids)],
        )
        return dict(cursor.fetchall())
