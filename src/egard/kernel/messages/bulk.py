"""Rows of a model written by the thousand: COPY, column by column, with numbers of the table's own sequence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import orjson
from django.contrib.postgres.fields import ArrayField
from django.db import connection, models

from egard.base.copytext import NULL, copy_block, repeated, text_array, text_column


def number(model: type[models.Model], rows: Sequence[Any]) -> None:
    """Give the rows their numbers, in their order: one statement."""
    with connection.cursor() as cursor:
        table = model._meta.db_table
        cursor.execute(
            "select nextval(pg_get_serial_sequence(%s, 'id')) from generate_series(1, %s)", [table, len(rows)]
        )
        for row, (pk,) in zip(rows, cursor.fetchall(), strict=True):
            row.pk = pk


def copy(model: type[models.Model], rows: Sequence[Any]) -> None:
    """Write rows that have their numbers, in the caller's transaction. Raises `IntegrityError`."""
    fields = [field for field in model._meta.concrete_fields if field.column]
    names = ", ".join(f'"{field.column}"' for field in fields)
    block = copy_block(*(_column(field, [getattr(row, field.attname) for row in rows]) for field in fields))
    with (
        connection.wrap_database_errors,
        connection.cursor() as cursor,
        cursor.copy(f'copy "{model._meta.db_table}" ({names}) from stdin') as out,
    ):
        out.write(block)


def _column(field: models.Field, cells: list[Any]) -> Sequence[str]:
    """A column as COPY takes it; what is the same in every row is written once."""
    write = _WRITTEN.get(type(field), str)
    if all(cell == cells[0] for cell in cells[1:]):
        return repeated(None if cells[0] is None else write(cells[0]), len(cells))
    told = text_column(["" if cell is None else write(cell) for cell in cells])
    return [NULL if cell is None else one for cell, one in zip(cells, told, strict=True)]


_WRITTEN: dict[type, Callable[[Any], str]] = {
    models.JSONField: lambda cell: orjson.dumps(cell).decode(),
    ArrayField: lambda cell: text_array([str(one) for one in cell]),
    models.DateTimeField: lambda cell: cell.isoformat(),
}
