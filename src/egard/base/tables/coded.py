"""A column as its distinct cells and which of them each row has: what repeats is understood once, joined in bulk."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, overload

import pyarrow as pa
import pyarrow.compute

pc: Any = pyarrow.compute  # its functions are made when it is loaded: no checker sees them


class Coded(Sequence[Any]):
    """A read-only column. `values` are distinct cells (any objects), `codes` (int32) the place in them of each row."""

    __slots__ = ("_listed", "codes", "values")

    def __init__(self, values: list[Any], codes: pa.Int32Array) -> None:
        self.values, self.codes = values, codes
        self._listed: list[Any] | None = None

    @classmethod
    def of_text(cls, column: pa.Array) -> Coded:
        """From an Arrow array of text without nulls."""
        encoded = column.dictionary_encode()
        return cls(encoded.dictionary.to_pylist(), encoded.indices)

    @classmethod
    def of(cls, cells: Sequence[Any]) -> Coded:
        """From any column; cells must be hashable."""
        if isinstance(cells, Coded):
            return cells
        places: dict[Any, int] = {}
        codes = [places.setdefault(cell, len(places)) for cell in cells]
        return cls(list(places), pa.array(codes, pa.int32()))

    @classmethod
    def repeated(cls, value: Any, count: int) -> Coded:
        return cls([value], pa.array([0], pa.int32()).take(pa.repeat(0, count)))

    def __len__(self) -> int:
        return len(self.codes)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.listed())

    @overload
    def __getitem__(self, place: int) -> Any: ...
    @overload
    def __getitem__(self, place: slice) -> Coded: ...
    def __getitem__(self, place: int | slice) -> Any:
        if isinstance(place, slice):
            start, stop, _step = place.indices(len(self))
            return Coded(self.values, self.codes.slice(start, max(0, stop - start)))
        return self.values[self.codes[place].as_py()]

    def listed(self) -> list[Any]:
        """All cells, one per row."""
        if self._listed is None:
            values = self.values
            self._listed = [values[code] for code in self.codes.to_pylist()]
        return self._listed

    def take(self, places: Sequence[int] | pa.Array) -> Coded:
        """Some rows, in the order given."""
        wanted = places if isinstance(places, pa.Array) else pa.array(places, pa.int64())
        return Coded(self.values, self.codes.take(wanted))

    def map(self, function: Callable[[Any], Any]) -> Coded:
        """The column of what a function makes of each cell."""
        return Coded([function(value) for value in self.values], self.codes)

    def where(self, test: Callable[[Any], bool]) -> list[int]:
        """The places of rows whose cell passes a test."""
        hits = [code for code, value in enumerate(self.values) if test(value)]
        if not hits:
            return []
        return pc.indices_nonzero(pc.is_in(self.codes, pa.array(hits, pa.int32()))).to_pylist()

    def text(self) -> pa.Array:
        """Its cells as an Arrow array; they must be text."""
        return pa.array(self.values, pa.string()).take(self.codes)


def joined(columns: Sequence[Coded | pa.Array], separator: str) -> pa.Array:
    """For each row its cells, one after the other."""
    arrays = [column.text() if isinstance(column, Coded) else column for column in columns]
    return pc.binary_join_element_wise(*arrays, separator)


def block(rows: pa.Array) -> memoryview:
    """All rows one after the other, as bytes (UTF-8), without a copy."""
    if not len(rows):
        return memoryview(b"")
    data = memoryview(rows.buffers()[2])
    offsets = memoryview(rows.buffers()[1]).cast("i")
    return data[offsets[rows.offset] : offsets[rows.offset + len(rows)]]
