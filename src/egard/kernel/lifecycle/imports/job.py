"""One import under way: the file, its map, what was recognised, what was counted."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from egard.base.ahead import ahead
from egard.base.tables import BadFile, BadLine, Piece, Table, open_table
from egard.base.tables.dates import detect_form, moment_reader
from egard.base.tables.numbers import detect_decimal, number_reader
from egard.base.tables.values import Reader
from egard.kernel.access.actors import Actor
from egard.kernel.lifecycle.imports.batches import Batch
from egard.kernel.lifecycle.imports.maps import Map, zone_of
from egard.kernel.lifecycle.imports.rejects import RejectsFile
from egard.kernel.lifecycle.imports.tally import Progress, Tally
from egard.kernel.registry import Importer

BATCH = 10_000
"""Rows of one transaction, unless stated otherwise."""


class Job:
    """What a loader works with. Rows come by `batches()`; `history` says whether reactions take them for the past."""

    def __init__(
        self,
        importer: Importer,
        table: Table,
        map_: Map,
        *,
        by: Actor,
        now: datetime,
        batch: int = BATCH,
        dry_run: bool = False,
        progress: Callable[[Progress], None] = lambda _progress: None,
    ) -> None:
        self.importer, self.table, self.map = importer, table, map_
        self.by, self.now, self.batch, self.dry_run = by, now, batch, dry_run
        self.history = not map_.live
        self.tally = Tally()
        self.rejects = RejectsFile(table.path, table.names, dry_run=dry_run)
        self.unread: Callable[[Sequence[BadLine]], None] = lambda _lines: None
        """Hears of lines that could not be read, for loaders to whom their absence matters."""
        self._late = False
        self._writing = threading.Lock()  # a loader that works ahead reads lines while it settles others
        self._progress = progress
        self._readers: dict[str, Reader[Any]] = {}

    # --- rows -------------------------------------------------------------------------------------------------

    def batches(self, *, whole: bool = False) -> Iterator[Batch]:
        """All rows of the file, at most `batch` at a time; `whole`: as they are read, some ten thousand at a time.

        After the loader is done with a batch its refused rows go to the rejects file.
        """
        for batch in self.unsettled(whole=whole):
            yield batch
            self.settle(batch)

    def settle(self, batch: Batch) -> None:
        """Write the refused rows of a batch to the rejects file."""
        self._reject(batch.piece, batch.bad)

    def unsettled(self, *, whole: bool = False) -> Iterator[Batch]:
        """The same for loaders that work ahead: they say `settle` when a batch is done."""
        with contextlib.closing(ahead(self.table.pieces())) as pieces:
            for piece in pieces:
                self.tally.rows += len(piece) + len(piece.bad)
                if piece.bad:
                    self.unread(piece.bad)
                    with self._writing:
                        self._count([bad.reason for bad in piece.bad])
                        self.rejects.write_lines(piece.bad)
                size = max(1, len(piece)) if whole else self.batch
                for start in range(0, len(piece), size):
                    yield Batch(self, piece if len(piece) <= size else piece.part(start, start + size))
                self.tell("reading", self.table.position, self.table.size)

    def reject_later(self, lines: Sequence[int], reason: str, why: str) -> None:
        """Refuse rows that were read before, by their lines; their cells are fetched at the end."""
        self.reject_selected("select unnest(%s::bigint[])", [list(lines)], reason, why)

    def reject_selected(self, select: str, values: Sequence[Any], reason: str, why: str) -> None:
        """The same for the lines that a query gives. They are kept in a table of this session: they may be many."""
        with connection.cursor() as cursor:
            if not self._late:
                cursor.execute("drop table if exists pg_temp.import_late")
                cursor.execute("create temp table import_late (line bigint primary key, reason text, why text)")
                self._late = True
            cursor.execute(
                f"insert into import_late select line, %s, %s from ({select}) late(line) on conflict do nothing",
                [reason, why, *values],
            )

    def finish(self) -> Path | None:
        """Write what was refused late, by a second look at the file, and close the rejects file; returns its place."""
        if self._late:
            again = open_table(self.table.path, self.map.file, wanted=self.map.columns)
            # A file damaged at its end is so again: what comes before is all that was read the first time too.
            with contextlib.closing(again), contextlib.suppress(BadFile):
                for piece in again.pieces():
                    if len(piece):
                        self._reject(piece, self._late_of(piece))
            with connection.cursor() as cursor:
                cursor.execute("drop table import_late")
        return self.rejects.close()

    def _late_of(self, piece: Piece) -> dict[int, tuple[str, str]]:
        with connection.cursor() as cursor:
            cursor.execute(
                "select line, reason, why from import_late where line between %s and %s",
                [piece.lines[0], piece.lines[-1]],
            )
            late = {line: (reason, why) for line, reason, why in cursor.fetchall()}
        return {place: late[line] for place, line in enumerate(piece.lines) if line in late} if late else {}

    def _reject(self, piece: Piece, bad: Mapping[int, tuple[str, str]]) -> None:
        if not bad:
            return
        places = sorted(bad)
        reasons = [bad[place][0] for place in places]
        refused = piece.take(places)
        columns = [refused.columns.get(name) or [None] * len(refused) for name in self.table.names]
        with self._writing:
            self._count(reasons)
            self.rejects.write(refused.lines, reasons, [bad[place][1] for place in places], columns)

    def _count(self, reasons: Sequence[str]) -> None:
        self.tally.rejected += len(reasons)
        self.tally.reasons.update(reasons)

    def tell(self, stage: str, done: int, total: int) -> None:
        self._progress(Progress(stage, done, total, self.tally.rows, self.tally.rejected))

    # --- reading fields -----------------------------------------------------------------------------------------

    def reader(self, key: str, make: Callable[[], Reader[Any]]) -> Reader[Any]:
        """A reader kept for the whole import."""
        found = self._readers.get(key)
        if found is None:
            found = self._readers[key] = make()
        return found

    def moments(self, name: str) -> Reader[datetime | None]:
        """The reader of a field's dates, its form recognised on the first piece or stated by the map."""
        return self.reader(f"moment:{name}", lambda: Reader(moment_reader(*self._form(name))))

    def numbers(self, name: str) -> Reader[Any]:
        """The reader of a field's numbers."""
        return self.reader(f"number:{name}", lambda: Reader(number_reader(self.decimal(name))))

    def decimal(self, name: str) -> str:
        """The decimal mark of a field, recognised on the first piece or stated by the map."""
        field = self.map.fields[name]
        mark = field.decimal or detect_decimal(self._sample(name), ", ".join(field.columns))
        if field.columns and not field.decimal:
            self.table.detected.setdefault("decimals", {})[", ".join(field.columns)] = mark
        return mark

    def _form(self, name: str) -> tuple[str, Any]:
        field = self.map.fields[name]
        form = field.format or detect_form(self._sample(name), ", ".join(field.columns))
        zone = zone_of(field.zone or self.map.zone, settings.TIME_ZONE)
        self.table.detected.setdefault("dates", {})[", ".join(field.columns)] = form
        self.table.detected["zone"] = zone.key
        return form, zone

    def _sample(self, name: str) -> Sequence[Any]:
        return Batch(self, self.table.first)._cells(self.map.fields[name])
