"""One import under way: the file, its map, what was recognised, what was counted."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings

from egard.base.ahead import ahead
from egard.base.tables import BadFile, Piece, Table, open_table
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
        self.rejects = RejectsFile(table.path, table.names)
        self.late: dict[int, tuple[str, str]] = {}
        """Rows refused after they were read (an order's lines): written by a second look at the file."""
        self._progress = progress
        self._readers: dict[str, Reader[Any]] = {}

    # --- rows -------------------------------------------------------------------------------------------------

    def batches(self) -> Iterator[Batch]:
        """All rows of the file, at most `batch` at a time. After the loader is done with a batch its refused rows go to
        the rejects file."""
        for piece in ahead(self.table.pieces()):
            self.tally.rows += len(piece) + len(piece.bad)
            if piece.bad:
                self._reject((bad.line, bad.reason, bad.why, bad.cells) for bad in piece.bad)
            for start in range(0, len(piece), self.batch):
                part = piece if len(piece) <= self.batch else piece.part(start, start + self.batch)
                batch = Batch(self, part)
                yield batch
                if batch.bad:
                    self._reject(batch.rejects())
            self.tell("reading", self.table.position, self.table.size)

    def reject_later(self, lines: Sequence[int], reason: str, why: str) -> None:
        """Refuse rows that were read before, by their lines; their cells are fetched at the end."""
        for line in lines:
            self.late[line] = (reason, why)

    def finish(self) -> Path | None:
        """Write what was refused late and close the rejects file; returns where it is."""
        if self.late:
            again = open_table(self.table.path, self.map.file, wanted=self.map.columns)
            # A file damaged at its end is so again: what comes before is all that was read the first time too.
            with contextlib.closing(again), contextlib.suppress(BadFile):
                for piece in again.pieces():
                    places = [place for place, line in enumerate(piece.lines) if line in self.late]
                    part = piece.take(places)
                    cells = zip(*self.file_columns(part), strict=True)
                    self._reject((n, *self.late[n], row) for n, row in zip(part.lines, cells, strict=True))
        return self.rejects.close()

    def file_columns(self, piece: Piece) -> list[Sequence[Any]]:
        """The columns of some rows in the order of the rejects file."""
        return [piece.columns.get(name) or [None] * len(piece) for name in self.table.names]

    def _reject(self, rows: Any) -> None:
        listed = list(rows)
        self.tally.rejected += len(listed)
        self.tally.reasons.update(reason for _line, reason, _why, _cells in listed)
        self.rejects.write(listed)

    def tell(self, stage: str, done: int, total: int) -> None:
        self._progress(Progress(stage, done, total, self.tally.rows))

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
