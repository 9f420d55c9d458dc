"""Parquet, row group by row group, a bounded number of rows and bytes at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq

from egard.base.tables.coded import Coded
from egard.base.tables.pieces import LINE_MAX_CHARS, Piece, bad_line
from egard.base.tables.refusals import Bomb, Damaged
from egard.base.tables.sources import BOMB_FLOOR_BYTES, BOMB_RATIO

pc: Any = pyarrow.compute  # its functions are made when it is loaded: no checker sees them

ROWS = 8192
NESTED_ROWS = 512
PIECE_MAX_BYTES = 64 << 20
"""What the cells of one piece come to at most when they are written out: a file says a long text once for many rows."""
_CELL_BYTES = 8


class ParquetRows:
    """The rows of a Parquet file; the number of a row stands for its line."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            meta = pq.read_metadata(path)
            # Text stays a dictionary until it is asked for: repeated long cells take the room of one.
            leaves = [meta.schema.column(n) for n in range(len(meta.schema))]
            text = [leaf for leaf in leaves if leaf.physical_type == "BYTE_ARRAY"]
            texts = [leaf.path for leaf in text if leaf.path == leaf.name and not leaf.max_repetition_level]
            # Inside lists and objects Arrow cannot do so: fewer rows at a time are written out.
            self._rows = ROWS if len(texts) == len(text) else NESTED_ROWS
            self._file = pq.ParquetFile(
                path, metadata=meta, memory_map=False, buffer_size=1 << 20, read_dictionary=texts
            )
        except (pa.ArrowInvalid, OSError) as error:
            raise Damaged(path=path.name, why=str(error)) from error
        self.names = list(self._file.schema_arrow.names)
        unpacked = sum(meta.row_group(n).total_byte_size for n in range(meta.num_row_groups))
        if unpacked > BOMB_FLOOR_BYTES and unpacked > BOMB_RATIO * path.stat().st_size:
            raise Bomb(path=path.name, ratio=BOMB_RATIO)

    @property
    def rows(self) -> int:
        return self._file.metadata.num_rows

    def pieces(self) -> Iterator[Piece]:
        number = 1
        try:
            for batch in self._file.iter_batches(batch_size=self._rows, use_threads=False):
                yield from _pieces(batch, number)
                number += len(batch)
        except (pa.ArrowInvalid, pa.ArrowException, OSError) as error:
            raise Damaged(path=self.path.name, why=str(error)) from error


def _pieces(batch: pa.RecordBatch, number: int) -> Iterator[Piece]:
    """A batch cut where its cells, written out, would come to more than a piece may hold; `number` is its first row."""
    if not batch.num_columns:
        return
    columns = [_weights(column) for column in batch.columns]
    rows = columns[0]
    for column in columns[1:]:
        rows = pc.add(rows, column)
    longest = pc.max_element_wise(*columns).to_pylist()
    weights = rows.to_pylist()
    start = held = 0
    for place, weight in enumerate(weights):
        taken = weight if weight <= LINE_MAX_CHARS else 0
        if held + taken > PIECE_MAX_BYTES:
            yield _piece(batch, range(start, place), number, weights, longest)
            start, held = place, 0
        held += taken
    yield _piece(batch, range(start, len(batch)), number, weights, longest)


def _piece(batch: pa.RecordBatch, places: range, number: int, weights: Sequence[int], longest: Sequence[int]) -> Piece:
    """Some rows of a batch; those that are too long are named, and their cells are never written out."""
    long = [place for place in places if weights[place] > LINE_MAX_CHARS]
    bad = [
        bad_line(number + place, "cell_too_long" if longest[place] > LINE_MAX_CHARS else "line_too_long")
        for place in long
    ]
    lines: Sequence[int] = range(number + places.start, number + places.stop)
    part = batch.slice(places.start, len(places))
    if long:
        refused = set(long)
        kept = [place - places.start for place in places if place not in refused]
        lines = [lines[place] for place in kept]
        part = part.take(pa.array(kept, pa.int64()))
    return Piece(lines, {name: _cells(c) for name, c in zip(part.schema.names, part.columns, strict=True)}, bad)


def _weights(column: pa.Array) -> pa.Int64Array:
    """The bytes that each cell comes to when it is written out, without doing so."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _no_nulls(_weights(column.dictionary).take(column.indices))
    if pa.types.is_struct(kind):
        total = _same(_CELL_BYTES, len(column))
        for inner in column.flatten():
            total = pc.add(total, _weights(inner))
        return total
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_map(kind):
        return _list_weights(column)
    if (
        pa.types.is_string(kind)
        or pa.types.is_binary(kind)
        or pa.types.is_large_string(kind)
        or (pa.types.is_large_binary(kind))
    ):
        return pc.add(_no_nulls(pc.cast(pc.binary_length(column), pa.int64())), _CELL_BYTES)
    return _same(_CELL_BYTES, len(column))


def _list_weights(column: pa.Array) -> pa.Int64Array:
    """Of lists: the sum over their elements."""
    if pa.types.is_map(column.type):
        column = column.cast(pa.list_(pa.struct([column.type.key_field, column.type.item_field])))
    zero = pa.array([0], pa.int64())
    sums = pa.concat_arrays([zero, pc.cumulative_sum(_weights(column.flatten()))])
    lengths = _no_nulls(pc.cast(pc.list_value_length(column), pa.int64()))
    ends = pc.cumulative_sum(lengths)
    inner = pc.subtract(sums.take(ends), sums.take(pc.subtract(ends, lengths)))
    return pc.add(inner, _CELL_BYTES)


def _no_nulls(column: pa.Array) -> pa.Int64Array:
    return pc.fill_null(column, 0)


def _same(weight: int, count: int) -> pa.Int64Array:
    return pa.repeat(pa.scalar(weight, pa.int64()), count)


def _cells(column: pa.Array) -> Sequence[Any]:
    """The cells as plain values; those of a dictionary once each, and only those that these rows have."""
    if not pa.types.is_dictionary(column.type):
        return column.to_pylist()
    used = pc.unique(column.indices.drop_null())
    values = column.dictionary.take(used).to_pylist()
    codes = pc.index_in(column.indices, used)
    if codes.null_count:
        codes = pc.fill_null(codes, pa.scalar(len(values), pa.int32()))
        values.append(None)
    return Coded(values, codes)
