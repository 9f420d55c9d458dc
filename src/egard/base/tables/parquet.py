"""Parquet, row group by row group, a bounded number of rows at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from egard.base.tables.pieces import LINE_MAX_CHARS, Piece, bad_line
from egard.base.tables.refusals import Bomb, Damaged
from egard.base.tables.sources import BOMB_RATIO

ROWS = 8192
_GROUP_BYTES_FLOOR = 1 << 30


class ParquetRows:
    """The rows of a Parquet file; the number of a row stands for its line."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._file = pq.ParquetFile(path, memory_map=False, buffer_size=1 << 20)
        except (pa.ArrowInvalid, OSError) as error:
            raise Damaged(path=path.name, why=str(error)) from error
        self.names = list(self._file.schema_arrow.names)
        meta = self._file.metadata
        for n in range(meta.num_row_groups):
            unpacked = meta.row_group(n).total_byte_size
            if unpacked > _GROUP_BYTES_FLOOR and unpacked > BOMB_RATIO * path.stat().st_size:
                raise Bomb(path=path.name, ratio=BOMB_RATIO)

    @property
    def rows(self) -> int:
        return self._file.metadata.num_rows

    def pieces(self) -> Iterator[Piece]:
        number = 1
        try:
            # Text stays a dictionary until it is asked for: repeated long cells take the room of one.
            for batch in self._file.iter_batches(batch_size=ROWS, use_threads=False):
                yield _piece(batch, number)
                number += len(batch)
        except (pa.ArrowInvalid, pa.ArrowException, OSError) as error:
            raise Damaged(path=self.path.name, why=str(error)) from error


def _piece(batch: pa.RecordBatch, number: int) -> Piece:
    numbers = range(number, number + len(batch))
    columns = {name: column.to_pylist() for name, column in zip(batch.schema.names, batch.columns, strict=True)}
    long = {
        place
        for name, cells in columns.items()
        if pa.types.is_large_string(batch.schema.field(name).type) or batch.schema.field(name).type in _TEXTS
        for place, cell in enumerate(cells)
        if cell is not None and len(cell) > LINE_MAX_CHARS
    }
    if not long:
        return Piece(numbers, columns)
    kept = [place for place in range(len(batch)) if place not in long]
    return Piece(
        [numbers[place] for place in kept],
        {name: [cells[place] for place in kept] for name, cells in columns.items()},
        [bad_line(numbers[place], "cell_too_long") for place in sorted(long)],
    )


_TEXTS = (pa.string(), pa.binary(), pa.large_string(), pa.large_binary())
