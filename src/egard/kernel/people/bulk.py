"""Many people at once: finding them by identifiers, and making the new ones. Measured in bench/."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection, transaction

from egard.base.ids import new_id
from egard.base.text import sort_key, words
from egard.kernel.access.actors import Actor
from egard.kernel.people import rules
from egard.kernel.people.models import ErasedIdentifier
from egard.kernel.people.operations import erased_digest, search_terms
from egard.kernel.registry import registry

Pair = tuple[str, str]
"""An identifier in its stored form: (kind, value)."""


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
    consents: list[tuple[str, str, bool]] = field(default_factory=list)


def find(pairs: Iterable[Pair]) -> dict[Pair, list[int]]:
    """The living persons behind identifiers: one query; several only where an identifier is shared.

    Their rows are locked against erasure until the transaction ends, so that what is recorded next is on the living.
    """
    wanted = list(pairs)
    if not wanted:
        return {}
    found: dict[Pair, list[int]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "select i.kind, i.value, p.id from unnest(%s::text[], %s::text[]) w(kind, value)"
            " join people_identifier i on i.value = w.value and i.kind = w.kind"
            " join people_person p on p.id = i.person_id and p.erased_at is null"
            " order by p.id for key share of p",
            [[kind for kind, _v in wanted], [value for _k, value in wanted]],
        )
        for kind, value, pk in cursor.fetchall():
            found.setdefault((kind, value), []).append(pk)
    return found


def erased(pairs: Iterable[Pair]) -> set[Pair]:
    """Which of these identifiers belonged to an erased person: they must not bring her back."""
    if not ErasedIdentifier.objects.exists():
        return set()
    digests = {erased_digest(kind, value): (kind, value) for kind, value in pairs}
    known = ErasedIdentifier.objects.filter(digest__in=list(digests)).values_list("digest", flat=True)
    return {digests[bytes(digest)] for digest in known}


def create(persons: Sequence[NewPerson], *, by: Actor, now: datetime) -> list[int]:
    """Make persons by COPY; returns their ids in order.

    All or nothing: where one of their identifiers was taken meanwhile the unique index refuses (`IntegrityError`), and
    the caller finds again.
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
        numbered = list(zip(ids, persons, strict=True))
        with cursor.copy(
            "copy people_person (id, uuid, given_name, family_name, language, address, country, site_id, sort_key,"
            " created_at) from stdin"
        ) as copy:
            for pk, p in numbered:
                key = sort_key(p.family_name, p.given_name)
                copy.write_row(
                    (
                        pk,
                        new_id(),
                        p.given_name,
                        p.family_name,
                        p.language,
                        p.address,
                        p.country,
                        p.site_id,
                        key,
                        now,
                    )
                )
        actor = str(by)
        with cursor.copy(
            "copy people_identifier (person_id, kind, value, exclusive, added_at, added_by) from stdin"
        ) as copy:
            for pk, p in numbered:
                for kind, value in p.identifiers:
                    copy.write_row((pk, kind, value, not registry.identifier_kinds[kind].shared, now, actor))
        if any(p.roles for p in persons):
            with cursor.copy("copy people_role (person_id, role, since) from stdin") as copy:
                for pk, p in numbered:
                    for role, since in p.roles:
                        copy.write_row((pk, role, since))
        if any(p.consents for p in persons):
            with cursor.copy(
                "copy people_consent (person_id, purpose, channel, given, at, recorded_at, by, proof) from stdin"
            ) as copy:
                for pk, p in numbered:
                    for purpose, channel, given in p.consents:
                        copy.write_row((pk, purpose, channel, given, now, now, actor, ""))
        with cursor.copy("copy people_search (person_id, text, grams) from stdin") as copy:
            for pk, p in numbered:
                terms = [term for kind, value in p.identifiers for term in search_terms(kind, value)]
                text = rules.search_text(words(f"{p.family_name} {p.given_name}"), terms)
                copy.write_row((pk, text, rules.grams_of(text)))
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
                [row[0] for row in added],
                [row[1] for row in added],
                [row[2] for row in added],
                [not registry.identifier_kinds[row[1]].shared for row in added],
            ],
        )
        return cursor.rowcount
