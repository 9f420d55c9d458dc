"""How to open a connection of one's own beside Django's, to LISTEN on."""

from __future__ import annotations

from typing import Any

from django.db import connection


def connection_parameters(application_name: str) -> dict[str, Any]:
    """What psycopg needs for one plain connection to the same database, out of any pool.

    By its name PostgreSQL shows who listens (`pg_stat_activity`).
    """
    parameters = connection.get_connection_params()
    for name in ("pool", "cursor_factory", "context", "prepare_threshold"):
        parameters.pop(name, None)
    return parameters | {"application_name": application_name}
