"""Statements on a hot path, past Django's cursor: many rows in PostgreSQL's binary format; one prepared once.

Django reads every moment by Python code on its own connections; here psycopg's compiled readers do.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import connection
from psycopg import Cursor


def quick_rows(query: str, parameters: Any = None) -> list[tuple[Any, ...]]:
    """The rows of a query on Django's connection and in its transaction.

    Moments come in UTC. Select JSON as text (`data::text`) and parse it with orjson.
    """
    with _counted(query), Cursor(connection.connection) as cursor:
        cursor.execute(query.encode(), parameters, binary=True)
        return cursor.fetchall()


@contextmanager
def _counted(*queries: str | bytes) -> Generator[None]:
    """Errors are Django's, and who counts queries counts these too."""
    connection.ensure_connection()
    connection.validate_no_broken_transaction()
    began = time.perf_counter()
    with connection.wrap_database_errors:
        yield
    if connection.queries_logged:
        took = f"{time.perf_counter() - began:.3f}"
        for query in queries:
            connection.queries_log.append({"sql": query if isinstance(query, str) else query.decode(), "time": took})


Statement = tuple[bytes, Sequence[Any] | Mapping[str, Any]]


def quick_run(query: bytes, parameters: Sequence[Any] | Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """The rows of a statement, on Django's connection and in its transaction, if there is one.

    It is prepared on its second use: what is planned once costs half. Errors are Django's. `%s` or `%(name)s`, as in psycopg.
    """
    return quick_run_all([(query, parameters)])[0]


def quick_run_all(statements: Sequence[Statement]) -> list[list[tuple[Any, ...]]]:
    """The rows of several statements that do not wait for one another's answers: sent together, answered together."""
    connection.ensure_connection()
    raw = connection.connection
    if raw.prepare_threshold is None:
        raw.prepare_threshold = 1
    with _counted(*(query for query, _parameters in statements)):
        if len(statements) == 1:
            with Cursor(raw) as cursor:
                cursor.execute(*statements[0])
                return [cursor.fetchall()]
        with raw.pipeline():
            cursors = [Cursor(raw).execute(*statement) for statement in statements]
            return [cursor.fetchall() for cursor in cursors]
