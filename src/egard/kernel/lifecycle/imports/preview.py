"""The first rows of a file as they would be understood: by the loader itself, as a dry run, on these rows only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import connection, transaction

from egard.base.refusal import Refusal
from egard.base.tables import BadFile, FileOptions, Piece, Table, open_table
from egard.base.tables.values import BadCell
from egard.kernel.access.actors import Actor
from egard.kernel.lifecycle.imports.batches import Batch
from egard.kernel.lifecycle.imports.guesses import guessed
from egard.kernel.lifecycle.imports.job import Job
from egard.kernel.lifecycle.imports.maps import Map, file_options, map_of
from egard.kernel.lifecycle.imports.recording import forget_would_be
from egard.kernel.lifecycle.imports.running import checked, importer_of, loader

ROWS = 20
SAMPLES = 3
SAMPLE_MAX = 60
"""Characters of a sample shown."""


@dataclass(frozen=True, slots=True)
class Understood:
    """One cell: the value it was taken for, or why it cannot be one."""

    value: Any
    why: str = ""


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """A row: its line in the file, its fields, and why it would be refused (empty: it would be in)."""

    line: int
    cells: tuple[Understood, ...]
    reason: str = ""
    why: str = ""


@dataclass(slots=True)
class Preview:
    """What a file holds and how a map takes it. `refusal`: what would stop the import before it begins."""

    stated: dict[str, Any]
    columns: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    """Each column with a few of its cells."""
    detected: Mapping[str, Any] = field(default_factory=dict)
    fields: tuple[str, ...] = ()
    rows: list[PreviewRow] = field(default_factory=list)
    refusal: Refusal | None = None
    unreadable: bool = False
    """The file itself is at fault, whatever the map says."""

    @property
    def refused(self) -> int:
        return sum(bool(row.reason) for row in self.rows)


def preview(kind: str, path: Path, stated: dict[str, Any] | None, *, by: Actor, now: datetime) -> Preview:
    """The first `ROWS` rows under a map as plain data; without one, under the one that the columns' names suggest.

    Writes nothing. Raises `UnknownImporter`; every other refusal is part of the answer.
    """
    importer = importer_of(kind)
    found = Preview(stated or {"kind": kind, "columns": {}})
    table: Table | None = None
    try:
        table = open_table(path, _options(stated))
        found.columns = [(name, _samples(table.first.columns[name])) for name in table.names]
        found.detected = table.detected
        found.stated = stated or guessed(importer, table.names)
        map_ = checked(map_of(found.stated, importer, name=path.name), table, importer)
        job = HeadJob(importer, table, map_, by=by, now=now, dry_run=True)
        with transaction.atomic():
            forget_would_be()
            loader(importer)(job)
            job.finish()
            transaction.set_rollback(True)
        found.fields, found.rows = tuple(map_.fields), list(job.rows())
    except BadFile as refusal:
        found.refusal, found.unreadable = refusal, not found.columns
    except Refusal as refusal:
        found.refusal = refusal
    finally:
        if table is not None:
            table.close()
    return found


def _options(stated: dict[str, Any] | None) -> FileOptions:
    """What a map says of the file itself; a map that is wrong is told of later."""
    return file_options((stated or {}).get("file") or {}, [])


def _samples(cells: Sequence[Any]) -> tuple[str, ...]:
    """The first few different cells that are not empty."""
    found: dict[str, None] = {}
    for cell in cells:
        if cell not in (None, ""):
            found[str(cell).strip()[:SAMPLE_MAX]] = None
        if len(found) == SAMPLES:
            break
    return tuple(found)


class HeadJob(Job):
    """A dry run over the first rows. The whole first piece still decides what dates and numbers look like."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        first = self.table.first
        self.head = Piece(first.lines[:ROWS], first.part(0, min(ROWS, len(first))).columns)
        last = self.head.lines[-1] if len(self.head) else 0
        self.head.bad = [bad for bad in first.bad if bad.line <= last or not last][:ROWS]
        self.refused: dict[int, tuple[str, str]] = {bad.line: (bad.reason, bad.why) for bad in self.head.bad}

    def unsettled(self, *, whole: bool = False) -> Iterator[Batch]:
        self.tally.rows = len(self.head) + len(self.head.bad)
        if self.head.bad:
            self.unread(self.head.bad)
        yield Batch(self, self.head)

    def _reject(self, piece: Piece, bad: Mapping[int, tuple[str, str]]) -> None:
        for place, (reason, why) in bad.items():
            self.refused.setdefault(piece.lines[place], (reason, why))

    def finish(self) -> None:
        if self._late:
            with connection.cursor() as cursor:
                cursor.execute("select line, reason, why from import_late")
                for line, reason, why in cursor.fetchall():
                    self.refused.setdefault(line, (reason, why))

    def rows(self) -> Iterator[PreviewRow]:
        """The head's rows in the order of the file, each field as the loader's own reader takes it."""
        batch = Batch(self, self.head)
        columns = [self._understood(batch, self.map, name) for name in self.map.fields]
        made = {
            line: PreviewRow(line, tuple(column[place] for column in columns), *self.refused.get(line, ("", "")))
            for place, line in enumerate(self.head.lines)
        }
        for bad in self.head.bad:
            made[bad.line] = PreviewRow(bad.line, (), bad.reason, bad.why)
        yield from (made[line] for line in sorted(made))

    def _understood(self, batch: Batch, map_: Map, name: str) -> list[Understood]:
        cells = batch.raw(name)
        reader = next((r for key in _keys(name) if (r := self._readers.get(key)) is not None), None)
        values = reader.column(cells) if reader is not None else list(cells)
        return [
            Understood(str(cell), value.why) if isinstance(value, BadCell) else Understood(value)
            for cell, value in zip(cells, values, strict=True)
        ]


def _keys(name: str) -> tuple[str, ...]:
    """The names under which loaders keep a field's reader."""
    return (name, f"moment:{name}", f"number:{name}", f"identifier:{name}", f"rule:{name}", f"text:{name}")
