"""The limit that writing is held against: a raw COPY of the rows that the product itself left, under new names.

The rows are taken out as COPY's own text before any clock starts; what is timed is COPY and its commit, nothing else.
"""

from __future__ import annotations

import time

from django.db import connection, transaction

FACT = "uuid, person_id, kind_id, at, recorded_at, channel, key, by, corrects, history, data, txid"
IDENTIFIER = "person_id, kind, value, exclusive, added_at, added_by"
# New names, so that nothing has to be deleted between the two; the ids stay in the order of time, as the product's are.
NEW_FACT = FACT.replace("uuid", "overlay(uuid::text placing 'ffff' from 31 for 4)::uuid").replace("key", "'x' || key")
NEW_IDENTIFIER = IDENTIFIER.replace("value", "'X' || value")


def last_ids() -> tuple[int, int]:
    """The last ids of facts and identifiers: what comes after them is what the product is about to write."""
    with connection.cursor() as cursor:
        cursor.execute("select coalesce(max(id), 0) from timeline_fact")
        facts = cursor.fetchone()[0]
        cursor.execute("select coalesce(max(id), 0) from people_identifier")
        return facts, cursor.fetchone()[0]


def seconds_of_copy(after: tuple[int, int]) -> tuple[float, int, int]:
    """Copy what was written after these ids once more; seconds, and how many facts and identifiers that was."""
    blocks = [
        ("timeline_fact", FACT, _text("timeline_fact", NEW_FACT, after[0])),
        ("people_identifier", IDENTIFIER, _text("people_identifier", NEW_IDENTIFIER, after[1])),
    ]
    counts = []
    started = time.perf_counter()
    with transaction.atomic(), connection.cursor() as cursor:
        for table, columns, block in blocks:
            with cursor.copy(f"copy {table} ({columns}) from stdin") as copy:
                copy.write(block)
            counts.append(cursor.rowcount)
    seconds = time.perf_counter() - started
    return seconds, counts[0], counts[1]


def _text(table: str, columns: str, after: int) -> bytes:
    with connection.cursor() as cursor:
        query = f"copy (select {columns} from {table} where id > {after} order by id) to stdout"
        with cursor.copy(query) as copy:
            return b"".join(bytes(part) for part in copy)
