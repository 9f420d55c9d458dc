"""Parquet files: a few bytes may stand for gigabytes, and what is read of them stays bounded."""

from __future__ import annotations

import tracemalloc

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from egard.base.tables import open_table
from egard.base.tables.parquet import PIECE_MAX_BYTES
from egard.base.tables.pieces import LINE_MAX_CHARS
from egard.base.tables.refusals import Bomb
from egard.kernel.people.models import Person

LINES = pa.list_(pa.struct([("sku", pa.string()), ("pieces", pa.int64())]))


@pytest.fixture
def pieces(tmp_path):
    """Writes columns as a Parquet file and returns the pieces read of it."""

    def run(columns, **options):
        path = tmp_path / "x.parquet"
        pq.write_table(pa.table(columns), path, compression="zstd", **options)
        table = open_table(path)
        yield from table.pieces()
        table.close()

    return run


def cells(found, name):
    return [cell for piece in found for cell in piece.columns[name]]


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.binary()])
def test_a_long_text_said_once_for_many_rows_takes_the_room_of_one(pieces, tmp_path, kind):
    count = 0
    columns = {"a": pa.array(["x" * 20_000] * 8192, kind), "n": list(range(8192))}
    tracemalloc.start()
    for piece in pieces(columns):
        count += len(piece)
        assert len(piece) * 20_000 <= PIECE_MAX_BYTES  # also once it is written out
        assert len(piece.columns["a"].values) == 1
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (tmp_path / "x.parquet").stat().st_size < 30_000
    assert count == 8192
    assert peak < 10 << 20


def test_long_texts_inside_lists_come_a_bounded_piece_at_a_time(pieces):
    rows = [[{"sku": "x" * 20_000, "pieces": n}, {"sku": None, "pieces": None}] for n in range(4096)]
    found = list(pieces({"lines": pa.array([*rows, None, []], LINES)}))
    assert len(found) >= 8
    assert all(len(piece) * 20_000 <= PIECE_MAX_BYTES for piece in found)
    assert cells(found, "lines") == [*rows, None, []]
    assert [line for piece in found for line in piece.lines] == list(range(1, 4099))


def test_cells_and_rows_beyond_10_megabytes_cost_their_row(pieces):
    long = "x" * (LINE_MAX_CHARS + 1)
    half = "x" * (LINE_MAX_CHARS // 2 + 1)
    lists = pa.array([None, None, None, [{"sku": half, "pieces": 1}] * 2], LINES)
    found = list(pieces({"a": [long, half, "fine", None], "b": ["1", half, None, "4"], "lines": lists}))
    assert [(bad.line, bad.reason) for piece in found for bad in piece.bad] == [
        (1, "cell_too_long"),
        (2, "line_too_long"),
        (4, "cell_too_long"),
    ]
    assert [(piece.lines, cells([piece], "a"), cells([piece], "b")) for piece in found] == [([3], ["fine"], [None])]


def test_a_file_of_bad_rows_alone_names_them(pieces):
    long = "x" * (LINE_MAX_CHARS + 1)
    [piece] = pieces({"a": [long, long]})
    assert [bad.line for bad in piece.bad] == [1, 2]


def test_kinds_of_cells_come_back_as_they_were(pieces):
    columns = {
        "coded": pa.array(["b", None, "a", "b"]).dictionary_encode(),
        "nothing": pa.nulls(4, pa.string()),
        "flag": [True, None, False, True],
        "map": pa.array([[("k", "v")], None, [], [("k", None)]], pa.map_(pa.string(), pa.string())),
        "names": pa.array([["x", None], [], None, ["y"]], pa.list_(pa.string())),
    }
    found = list(pieces(columns, row_group_size=3))
    for name, column in columns.items():
        wanted = column.to_pylist() if isinstance(column, pa.Array) else column
        assert cells(found, name) == wanted


def test_a_parquet_bomb_is_refused_before_it_is_read(pieces, monkeypatch):
    monkeypatch.setattr("egard.base.tables.parquet.BOMB_FLOOR_BYTES", 8 << 20)
    with pytest.raises(Bomb):
        list(pieces({"a": ["x" * 20_000] * 1024}, use_dictionary=False))


def test_texts_that_are_nearly_all_different_are_read_whole(pieces):
    texts = [f"{n} {'y' * 40}" if n % 97 else None for n in range(120_000)]
    assert cells(list(pieces({"a": texts}, row_group_size=50_000)), "a") == texts


@pytest.mark.django_db
def test_people_come_in_from_a_parquet_file_with_empty_cells(bring, tmp_path):
    path = tmp_path / "people.parquet"
    table = {"identifiers.email": ["a@example.org", "b@example.org", None], "family_name": ["Roy", None, "Roy"]}
    pq.write_table(pa.table(table), path)
    tally = bring("people", path.read_bytes(), name="people.parquet").tally
    assert (tally.people, tally.rejected) == (2, 1)
    assert set(Person.objects.values_list("family_name", flat=True)) == {"Roy", ""}
