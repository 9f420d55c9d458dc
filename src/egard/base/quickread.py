"""Statements on a hot path, past Django's cursor: many rows in PostgreSQL's binary format; one prepared once.

Django reads every moment by Python code on its own connections; here psycopg's compiled readers do.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import Cursor


def quick_rows(query: str, parameters: Any = None) -> list[tuple[Any, ...]]:
    """The rows of a query on Django's connection and in its transaction.

    Moments come in UTC. Select JSON as text (`data::text`) and parse it with orjson.
    """
    ours = _connection()
    with _counted(ours, query), Cursor(ours.connection) as cursor:
        cursor.execute(query.encode(), parameters, binary=True)
        return cursor.fetchall()


def _connection() -> BaseDatabaseWrapper:
    """Django's connection of this thread itself: each look through its proxy costs a look-up of its own."""
    ours = connections[DEFAULT_DB_ALIAS]
    ours.ensure_connection()
    ours.validate_no_broken_transaction()
    return ours


@contextmanager
def _counted(ours: BaseDatabaseWrapper, *queries: str | bytes) -> Generator[None]:
    """Errors are Django's, and who counts queries counts these too."""
    began = time.perf_counter()
    with ours.wrap_database_errors:
        yield
    if ours.queries_logged:
        took = f"{time.perf_counter() - began:.3f}"
        for query in queries:
            ours.queries_log.append({"sql": query if isinstance(query, str) else query.decode(), "time": took})


Statement = tuple[bytes, Sequence[Any] | Mapping[str, Any]]


def quick_run(query: bytes, parameters: Sequence[Any] | Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """The rows of a statement, on Django's connection and in its transaction, if there is one.

    It is prepared on its second use: what is planned once costs half. Errors are Django's. `%s` or `%(name)s`, as in
    psycopg.
    """
    ours = _connection()
    with _counted(ours, query), Cursor(_preparing(ours)) as cursor:
        cursor.execute(query, parameters)
        return cursor.fetchall()


def quick_run_all(statements: Sequence[Statement]) -> list[list[tuple[Any, ...]]]:
    """The rows of several statements that do not wait for one another's answers: sent together, answered together.

    Outside a transaction they are one of their own: all of them, or none where one fails.
    """
    if len(statements) == 1:
        return [quick_run(*statements[0])]
    ours = _connection()
    raw = _preparing(ours)
    with _counted(ours, *(query for query, _parameters in statements)), raw.pipeline():
        cursors = [Cursor(raw).execute(*statement) for statement in statements]
        return [cursor.fetchall() for cursor in cursors]


def _preparing(ours: BaseDatabaseWrapper) -> Any:
    raw = ours.connection
    if raw.prepare_threshold is None:
        raw.prepare_threshold = 1
    return raw
