"""Many people at once: finding them by identifiers, and making the new ones. Measured in bench/."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

import psycopg
from django.db import DatabaseError, connection, transaction
from django.utils.translation import gettext_lazy as _
from psycopg.errors import DeadlockDetected, UniqueViolation

from egard.base.copytext import NULL, copy_block, number_array, number_column, repeated, text_array, text_column
from egard.base.ids import new_id
from egard.base.text import sort_key, words
from egard.kernel.access.actors import Actor
from egard.kernel.access.models import User
from egard.kernel.access.operations import log_changes
from egard.kernel.people import rules
from egard.kernel.people.live import tell_people, tell_persons
from egard.kernel.people.models import ErasedIdentifier, Person, Relationship
from egard.kernel.people.operations import Erased, erased_digest, search_terms
from egard.kernel.registry import registry

T = TypeVar("T")
Pair = tuple[str, str]
"""An identifier in its stored form: (kind, value)."""


class Word(NamedTuple):
    """A yes or no to a purpose on a channel. `at` None: nobody knows when it was said."""

    purpose: str
    channel: str
    given: bool
    at: datetime | None = None


@dataclass(slots=True)
class NewPerson:
    """What is known of a person to be made. Everything is clean already: stored forms, lengths checked."""

    identifiers: list[Pair]
    given_name: str = ""
    family_name: str = ""
    language: str = ""
    address: str = ""
    country: str = ""
    site_id: object | None = None
    roles: list[tuple[str, datetime]] = field(default_factory=list)
    consents: list[Word] = field(default_factory=list)


class WasErased(Erased):
    """The identifier belonged to a person who was erased; making her again would undo that."""

    message = _("This identifier belonged to a person who was erased.")


ATTEMPTS = 5
"""How often a batch is done again after another transaction wrote the same; each time more of it is found."""


def again_where_raced(attempt: Callable[[], T]) -> T:
    """Run a transaction; where another wrote the same at the same moment, run it again: then it is found."""
    for n in range(1, ATTEMPTS + 1):
        try:
            return attempt()
        except (DatabaseError, psycopg.Error) as error:
            # What goes wrong inside COPY comes as psycopg's own error, past Django's.
            cause = error if isinstance(error, psycopg.Error) else error.__cause__
            if n == ATTEMPTS or not isinstance(cause, UniqueViolation | DeadlockDetected):
                raise
    raise AssertionError("unreachable")


def find(pairs: Iterable[Pair], *, to_change: bool = False) -> dict[Pair, list[int]]:
    """The living persons behind identifiers: one query; several only where an identifier is shared.

    Each is the row that has the identifier, so that what is recorded by it goes with that row where a merge is undone;
    of two rows that were merged into one person, the survivor's or the older one.

    Their rows are locked until the transaction ends, in the order of their ids: against erasure, so that what is
    recorded next is on the living; with `to_change` also against other changes, so that what is read next stays true.
    """
    wanted = list(pairs)
    if not wanted:
        return {}
    found: dict[Pair, list[int]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "select i.kind, i.value, p.id, coalesce(p.root_id, p.id) from unnest(%s::text[], %s::text[]) w(kind, value)"
            " join people_identifier i on i.value = w.value and i.kind = w.kind"
            " join people_person p on p.id = i.person_id and p.erased_at is null"
            f" order by p.id for {'no key update' if to_change else 'key share'} of p",
            [text_array([kind for kind, _v in wanted]), text_array([value for _k, value in wanted])],
        )
        rows = cursor.fetchall()
    persons: dict[tuple[Pair, int], int] = {}
    for kind, value, pk, root in rows:
        held = persons.setdefault(((kind, value), root), pk)
        if pk == root != held:
            persons[(kind, value), root] = pk
    for (pair, _root), pk in persons.items():
        found.setdefault(pair, []).append(pk)
    return found


_SLOTS = 128
"""Locks of newcomers: few, so that a batch of ten thousand fits into the server's table of locks."""


def lock_shared(pairs: Iterable[Pair]) -> None:
    """Wait until nobody else makes persons by these identifiers, then keep others from it until the transaction ends.

    Only shared kinds (a phone, a device) need it: no unique index stands between two transactions that both see nobody
    and both make somebody. Find again after it. Identifiers share a bounded number of locks, taken in one order.
    """
    slots = {
        zlib.crc32(f"{kind}\x1f{value}".encode()) % _SLOTS
        for kind, value in pairs
        if registry.identifier_kinds[kind].shared
    }
    if slots:
        with connection.cursor() as cursor:
            cursor.execute(
                "select pg_advisory_xact_lock(hashtext('egard.newcomers'), slot) from unnest(%s::int[]) slot",
                [number_array(sorted(slots))],
            )


def erased(pairs: Iterable[Pair]) -> set[Pair]:
    """Which of these identifiers belonged to an erased person: they must not bring her back."""
    pairs = list(pairs)
    if not pairs or not ErasedIdentifier.objects.exists():
        return set()
    digests = {erased_digest(kind, value): (kind, value) for kind, value in pairs}
    known = ErasedIdentifier.objects.filter(digest__in=list(digests)).values_list("digest", flat=True)
    return {digests[bytes(digest)] for digest in known}


def create(persons: Sequence[NewPerson], *, by: Actor, now: datetime) -> list[int]:
    """Make persons by COPY; returns their ids in order.

    All or nothing: where one of their identifiers was taken meanwhile the unique index refuses (`IntegrityError`), and
    the caller finds again. Who finds by shared identifiers and makes where nobody is found says `lock_shared` before.
    """
    if not persons:
        return []
    # COPY goes past Django's cursor: its errors are made Django's here.
    with transaction.atomic(), connection.wrap_database_errors, connection.cursor() as cursor:
        cursor.execute(
            "select nextval(pg_get_serial_sequence('people_person', 'id')) from generate_series(1, %s)",
            [len(persons)],
        )
        ids = [row[0] for row in cursor.fetchall()]
        _copy_persons(cursor, ids, persons, now)
        identifiers = [(pk, kind, value) for pk, p in zip(ids, persons, strict=True) for kind, value in p.identifiers]
        copy_identifiers(cursor, identifiers, str(by), now)
        copy_roles_and_consents(cursor, ids, persons, str(by), now)
        _copy_search(cursor, ids, persons)
        tell_people()
    return ids


def add_identifiers(added: Sequence[tuple[int, str, str]], *, by: Actor, now: datetime) -> int:
    """Give identifiers (person id, kind, value) of kinds found by their ends; returns how many are new.

    One statement. Kinds that are searched inside go through `operations.add_identifier`, which rewrites the search row.
    """
    if not added:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into people_identifier (person_id, kind, value, exclusive, added_at, added_by)"
            " select person_id, kind, value, exclusive, %s, %s"
            " from unnest(%s::bigint[], %s::text[], %s::text[], %s::bool[]) a(person_id, kind, value, exclusive)"
            " on conflict do nothing",
            [
                now,
                str(by),
                number_array(row[0] for row in added),
                text_array([row[1] for row in added]),
                text_array([row[2] for row in added]),
                [not registry.identifier_kinds[row[1]].shared for row in added],
            ],
        )
        return cursor.rowcount


def _copy(cursor: Any, table: str, *columns: Iterable[str]) -> None:
    if block := copy_block(*columns):
        with cursor.copy(f"copy {table} from stdin") as copy:
            copy.write(block)


def _copy_persons(cursor: Any, ids: Sequence[int], persons: Sequence[NewPerson], now: datetime) -> None:
    _copy(
        cursor,
        "people_person (id, uuid, given_name, family_name, language, address, country, site_id, sort_key, created_at)",
        number_column(ids),
        [str(new_id()) for _id in ids],
        text_column([p.given_name for p in persons]),
        text_column([p.family_name for p in persons]),
        text_column([p.language for p in persons]),
        text_column([p.address for p in persons]),
        text_column([p.country for p in persons]),
        [NULL if p.site_id is None else str(p.site_id) for p in persons],
        text_column([sort_key(p.family_name, p.given_name) for p in persons]),
        repeated(now.isoformat(), len(ids)),
    )


def copy_identifiers(cursor: Any, rows: Sequence[tuple[int, str, str]], actor: str, now: datetime) -> None:
    """Write identifiers (person id, kind, value) by COPY; the unique index refuses what somebody else has."""
    exclusive = {kind: "f" if registry.identifier_kinds[kind].shared else "t" for _pk, kind, _value in rows}
    _copy(
        cursor,
        "people_identifier (person_id, kind, value, exclusive, added_at, added_by)",
        number_column(row[0] for row in rows),
        text_column([row[1] for row in rows]),
        text_column([row[2] for row in rows]),
        [exclusive[row[1]] for row in rows],
        repeated(now.isoformat(), len(rows)),
        repeated(actor, len(rows)),
    )


def copy_roles_and_consents(
    cursor: Any, ids: Sequence[int], persons: Sequence[NewPerson], actor: str, now: datetime
) -> None:
    roles = [(pk, role, since) for pk, p in zip(ids, persons, strict=True) for role, since in p.roles]
    _copy(
        cursor,
        "people_role (person_id, role, since)",
        number_column(row[0] for row in roles),
        text_column([row[1] for row in roles]),
        [row[2].isoformat() for row in roles],
    )
    words = [(pk, *word) for pk, p in zip(ids, persons, strict=True) for word in p.consents]
    _copy(
        cursor,
        "people_consent (person_id, purpose, channel, given, at, recorded_at, by, proof)",
        number_column(row[0] for row in words),
        text_column([row[1] for row in words]),
        text_column([row[2] for row in words]),
        ["t" if row[3] else "f" for row in words],
        [(row[4] or now).isoformat() for row in words],
        repeated(now.isoformat(), len(words)),
        repeated(actor, len(words)),
        repeated("", len(words)),
    )


def _copy_search(cursor: Any, ids: Sequence[int], persons: Sequence[NewPerson]) -> None:
    texts = [search_text_of(p.family_name, p.given_name, p.identifiers) for p in persons]
    _copy(
        cursor,
        "people_search (person_id, text, grams)",
        number_column(ids),
        text_column(texts),
        text_column([text_array(rules.grams_of(text)) for text in texts]),
    )


def search_text_of(family_name: str, given_name: str, identifiers: Iterable[Pair]) -> str:
    """What a search looks through for somebody of this name who has these identifiers."""
    terms = [term for kind, value in identifiers for term in search_terms(kind, value)]
    return rules.search_text(words(f"{family_name} {given_name}"), terms)


Ties = dict[int, tuple[int | None, list[int]]]
"""By person, the tie to an adviser that began and those that ended (`Relationship.pk`)."""


@transaction.atomic
def name_adviser(persons: Iterable[int], staff: User | None, *, by: Actor, now: datetime) -> Ties:
    """One adviser for many persons (`Person.pk`), or none; answers those who had another. The erased are left out."""
    rows = _rows_of(persons)
    open_ties: dict[int, list[Relationship]] = {}
    of_all = Relationship.objects.filter(person__in=rows, kind="adviser", until__isnull=True, since__lte=now)
    for tie in of_all.order_by("pk"):
        # The survivor's own holds before those of rows merged into hers; without any, nobody's must be left to show.
        if staff is None or tie.person_id == rows[tie.person_id]:
            open_ties.setdefault(rows[tie.person_id], []).append(tie)
    wanted = [staff.pk] if staff else []
    changing = [pk for pk in dict.fromkeys(rows.values()) if [t.staff_id for t in open_ties.get(pk, [])] != wanted]
    ended = {pk: [tie.pk for tie in open_ties.get(pk, [])] for pk in changing}
    Relationship.objects.filter(pk__in=[tie for ties in ended.values() for tie in ties]).update(until=now)
    begun: dict[int, int] = {}
    if staff is not None:
        made = Relationship.objects.bulk_create(Relationship(person_id=pk, staff=staff, since=now) for pk in changing)
        begun = {tie.person_id: tie.pk for tie in made}
    said = {"adviser": staff.name} if staff else {}
    _tell_advisers("people.adviser_named" if staff else "people.adviser_removed", changing, by=by, now=now, **said)
    return {pk: (begun.get(pk), ended[pk]) for pk in changing}


@transaction.atomic
def take_back_adviser(ties: Ties, *, by: Actor, now: datetime) -> set[int]:
    """Undo `name_adviser`: the tie that began never was, those that ended go on. Answers the persons restored; whose
    adviser was changed since, or who was erased or merged, stays as she is.
    """
    rows = _rows_of(ties)
    last: dict[int, Relationship] = {}
    for tie in Relationship.objects.filter(person__in=rows, kind="adviser").order_by("pk"):
        last[rows[tie.person_id]] = tie
    restored = {
        pk
        for pk, (begun, ended) in ties.items()
        if pk in last
        and last[pk].pk == (begun or max(ended, default=0))
        and (last[pk].until is None) == (begun is not None)
    }
    Relationship.objects.filter(pk__in=[begun for pk in restored if (begun := ties[pk][0])]).delete()
    Relationship.objects.filter(pk__in=[tie for pk in restored for tie in ties[pk][1]]).update(until=None)
    _tell_advisers("people.adviser_put_back", restored, by=by, now=now)
    return restored


def _tell_advisers(what: str, persons: Collection[int], *, by: Actor, now: datetime, **said: str) -> None:
    """To the log of changes, and to open pages."""
    if persons:
        uuids = Person.objects.filter(pk__in=persons).order_by("pk").values_list("uuid", flat=True)
        log_changes(what, map(str, uuids), by=by, now=now, **said)
        tell_persons(persons, "who")
        tell_people()


def _rows_of(persons: Iterable[int]) -> dict[int, int]:
    """The rows of some living persons, held for this transaction, each with the person whom it is."""
    alive = Person.objects.select_for_update().filter(pk__in=list(persons), erased_at__isnull=True, root__isnull=True)
    found = list(alive.order_by("pk").values_list("pk", flat=True))
    return {pk: pk for pk in found} | dict(Person.objects.filter(root__in=found).values_list("pk", "root"))
