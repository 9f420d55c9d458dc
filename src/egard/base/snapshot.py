"""Several questions that are answered from one moment."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from django.db import connection, transaction


@contextmanager
def one_snapshot() -> Generator[None]:
    """Read within it as if nobody wrote meanwhile: one repeatable-read transaction that writes nothing. Inside another
    transaction that one's rules hold.
    """
    outermost = not connection.in_atomic_block
    with transaction.atomic():
        if outermost:
            with connection.cursor() as cursor:
                cursor.execute("set transaction isolation level repeatable read, read only")
        yield
