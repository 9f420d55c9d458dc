"""A place to simulate in: a schema of its own beside the product's tables, which are never touched."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from django.db import connection, connections
from django.db.migrations.loader import MigrationLoader

BORROWED = ("access_change",)
"""Tables of other packages into which the simulated one writes: empty ones of the same form."""


@contextmanager
def schema(name: str, app: str) -> Generator[None]:
    """The tables of a kernel package, empty, in the schema `name`, for every connection that is opened inside."""
    options = connection.settings_dict["OPTIONS"]
    before = options.get("options")
    with connection.cursor() as cursor:
        cursor.execute(f'drop schema if exists "{name}" cascade')
        cursor.execute(f'create schema "{name}"')
    connections.close_all()
    options["options"] = f"{before or ''} -c search_path={name},public -c client_min_messages=warning".strip()
    try:
        _create(app)
        yield
    finally:
        connections.close_all()
        with connection.cursor() as cursor:
            cursor.execute(f'drop schema "{name}" cascade')
        connections.close_all()
        if before is None:
            del options["options"]
        else:
            options["options"] = before


def _create(app: str) -> None:
    """What the package's own migrations make, here."""
    loader = MigrationLoader(connection)
    with connection.cursor() as cursor:
        for table in BORROWED:
            cursor.execute(f"create table {table} (like public.{table} including all)")
    for node in loader.graph.forwards_plan(loader.graph.leaf_nodes(app)[0]):
        if node[0] == app:
            with connection.schema_editor() as editor:
                state = loader.project_state(node, at_end=False)
                loader.graph.nodes[node].apply(state, editor)
