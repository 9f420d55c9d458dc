"""Reading files as people have them: any dialect comes back whole, and what is broken is set aside line by line."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import tracemalloc
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from egard.base.tables import BadFile, FileOptions, open_table, sources
from egard.base.tables.dates import moment_reader
from egard.base.tables.refusals import (
    BadHeader,
    Bomb,
    Damaged,
    EmptyFile,
    MissingColumns,
    NoFile,
    NotATable,
    UnknownEncoding,
)

PARIS = ZoneInfo("Europe/Paris")


def read(path, options=None, **more):
    """All rows of a file, its bad lines, and the open table."""
    table = open_table(path, options, **more)
    rows, lines, bad = [], [], []
    for piece in table.pieces():
        rows += list(zip(*piece.columns.values(), strict=True))
        lines += list(piece.lines)
        bad += piece.bad
    table.close()
    assert len(rows) == len(lines)
    return rows, lines, bad, table


@pytest.fixture
def write(tmp_path):
    def make(data, name="clients.csv"):
        path = tmp_path / name
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return path

    return make


# --- CSV comes back whole ---------------------------------------

CELLS = st.text(
    st.sampled_from("abéœ€ 0123,;|\t'\"\n-=@.")
    | st.characters(codec="utf-8", exclude_characters="\0\r", exclude_categories=("Cs",)),
    max_size=12,
)


@given(
    rows=st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=30),
    separator=st.sampled_from([",", ";", "\t", "|"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252", "latin-1"]),
    ending=st.sampled_from(["\n", "\r\n"]),
    packed=st.sampled_from(["", "gzip", "zstd"]),
)
@example(rows=[("", "", "\n\\")], separator=",", encoding="utf-8", ending="\n", packed="")
@example(rows=[("x", '"', "\n")], separator=",", encoding="utf-8", ending="\r\n", packed="")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_any_spreadsheet_writes_is_read_back_cell_by_cell(tmp_path, rows, separator, encoding, ending, packed):
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=separator, lineterminator=ending)
    writer.writerow(["one", "two", "three"])
    writer.writerows([cell.encode(encoding, "ignore").decode(encoding) for cell in row] for row in rows)
    data = text.getvalue().encode(encoding)
    pack = {"": bytes, "gzip": gzip.compress, "zstd": zstandard.compress}[packed]
    path = tmp_path / "file"
    path.write_bytes(pack(data))
    stated = FileOptions(separator=separator, encoding=encoding)
    found, _lines, bad, table = read(path, stated)
    wanted = list(csv.reader(io.StringIO(text.getvalue(), newline=""), delimiter=separator))[1:]
    assert not bad
    assert found == [tuple(row) for row in wanted if row]
    assert table.names == ["one", "two", "three"]
    assert table.detected["compression"] == packed


FRENCH = ["Élodie;Lebœuf;12,50 €", "François;Müller;8,00 €", "Zoë;d’Ormesson;1 234,50 €", "Chloé;Gâtine;7,10 €"] * 20


@pytest.mark.parametrize(
    ("encoding", "said"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8"),
        ("cp1252", "cp1252"),
        ("utf-16", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
    ],
)
def test_the_encoding_and_the_separator_are_recognised_and_said(write, encoding, said):
    path = write("\n".join(["prénom;nom;montant", *FRENCH]).encode(encoding))
    rows, _lines, bad, table = read(path)
    assert table.detected == {
        "format": "csv", "compression": "", "encoding": said, "separator": ";", "quote": '"',
    }  # fmt: skip
    assert not bad
    assert rows[0] == ("Élodie", "Lebœuf", "12,50 €")


def test_latin_1_is_told_from_cp1252_only_where_it_matters(write):
    rows, _lines, _bad, table = read(write("nom;ville\nLéa;Orléans\n".encode("latin-1")))
    assert rows == [("Léa", "Orléans")]
    assert table.detected["encoding"] in ("cp1252", "latin-1")


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_commas_inside_quotes_do_not_decide_the_separator(write, separator):
    path = write(f"name{separator}address\n" + f'Anne{separator}"1, rue X; Paris|2\tB"\n' * 5)
    rows, _lines, _bad, table = read(path)
    assert table.detected["separator"] == separator
    assert rows[0] == ("Anne", "1, rue X; Paris|2\tB")


def test_single_quotes_and_backslashes_are_recognised(write):
    rows, *_ = read(write("a,b\n'x,y','z'\n'u','v,w'\n'u','v'\n"))
    assert rows[0] == ("x,y", "z")
    rows, *_ = read(write('a,b\n"say \\"hi\\"",1\n"x",2\n'))
    assert rows[0] == ('say "hi"', "1")


def test_a_file_of_an_old_mac_ends_its_lines_by_returns(write):
    rows, lines, *_ = read(write("a,b\r1,2\r3,4\r"))
    assert rows == [("1", "2"), ("3", "4")]
    assert lines == [2, 3]


def test_a_file_without_header_numbers_its_columns(write):
    rows, lines, _bad, table = read(write("1,2\n3,4\n"), FileOptions(header=False))
    assert table.names == ["1", "2"]
    assert (rows, lines) == ([("1", "2"), ("3", "4")], [1, 2])


# --- broken lines are set aside, good ones are in ---------------


def test_an_unclosed_quote_costs_its_own_line_and_no_other(write):
    rows, lines, bad, _table = read(write('a,b\n1,x\n2,"open\n3,y\n4,"fine"\n5,"two\nlines"\n6,z\n'))
    assert [(b.line, b.reason) for b in bad] == [(3, "broken_quotes")]
    assert rows == [("1", "x"), ("3", "y"), ("4", "fine"), ("5", "two\nlines"), ("6", "z")]
    assert lines == [2, 4, 5, 6, 8]


def test_an_unclosed_quote_on_the_last_line_does_not_take_the_end_with_it(write):
    rows, _lines, bad, _table = read(write('a,b\n1,x\n2,"open\n3,y\n'))
    assert [b.line for b in bad] == [3]
    assert rows == [("1", "x"), ("3", "y")]


def test_unclosed_quotes_far_apart_do_not_swallow_megabytes(write):
    filler = "".join(f"{n},value\n" for n in range(150_000))
    path = write(f'a,b\n1,"open\n{filler}2,"open again\n{filler}')
    rows, _lines, bad, _table = read(path)
    assert [(b.line, b.reason) for b in bad] == [(2, "broken_quotes"), (150_003, "broken_quotes")]
    assert len(rows) == 300_000


def test_a_quote_closed_in_the_middle_of_a_cell_is_refused_rather_than_mended(write):
    rows, _lines, bad, _table = read(write('a,b\n1,"a 5" pipe"\n2,ok\n'))
    assert [(b.line, b.reason) for b in bad] == [(2, "broken_quotes")]
    assert rows == [("2", "ok")]


def test_rows_of_another_width_say_how_many_cells_they_have(write):
    rows, _lines, bad, _table = read(write("a,b,c\n1,2,3\n1,2\n1,2,3,4\n\n,,\n4,5,6\n"))
    assert [(b.line, b.reason) for b in bad] == [(3, "wrong_columns"), (4, "wrong_columns")]
    assert "2" in bad[0].why
    assert "3" in bad[0].why
    assert bad[1].cells == ("1", "2", "3", "4")
    assert rows == [("1", "2", "3"), ("", "", ""), ("4", "5", "6")]


def test_nul_bytes_and_bytes_of_another_encoding_cost_their_line(write):
    path = write("a,b\nÉ,1\n".encode() + b"x\0,2\n" + "É,3\n".encode("latin-1") + b"ok,4\n")
    rows, lines, bad, _table = read(path, FileOptions(encoding="utf-8"))
    assert [(b.line, b.reason) for b in bad] == [(3, "nul_byte"), (4, "bad_encoding")]
    assert "utf-8" in bad[1].why
    assert (rows, lines) == ([("É", "1"), ("ok", "4")], [2, 5])


def test_a_byte_that_does_not_fit_far_into_the_file_costs_its_line(write):
    good = "".join(f"{n},déjà\n" for n in range(120_000)).encode()
    rows, _lines, bad, table = read(write(b"a,b\n" + good + b"x,\xe9\n" + good))
    assert table.detected["encoding"] == "utf-8"
    assert [(b.line, b.reason) for b in bad] == [(120_002, "bad_encoding")]
    assert len(rows) == 240_000


def test_a_line_beyond_10_megabytes_is_refused_in_constant_memory(write):
    path = write(b"a,b\n1,2\n" + b"x" * (40 << 20) + b",1\n3,4\n")
    tracemalloc.start()
    rows, lines, bad, _table = read(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [(b.line, b.reason) for b in bad] == [(3, "line_too_long")]
    assert (rows, lines) == ([("1", "2"), ("3", "4")], [2, 4])
    assert peak < 40 << 20


def test_half_a_character_at_the_end_of_utf_16_costs_the_last_line(write):
    rows, _lines, bad, _table = read(write("a,b\n1,2\n3,4\n5,x".encode("utf-16")[:-1]))
    assert rows == [("1", "2"), ("3", "4")]
    assert [(b.line, b.reason) for b in bad] == [(4, "bad_encoding")]


# --- what is no table -------------------------------------------


@pytest.mark.parametrize(
    ("data", "refusal"),
    [
        (b"", EmptyFile),
        (gzip.compress(b"", mtime=0), EmptyFile),
        (b"PK\x03\x04rest of an archive", NotATable),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", NotATable),
        (b"%PDF-1.7", NotATable),
        (gzip.compress(b"PK\x03\x04rest of an archive", mtime=0), NotATable),
        (b"a,b,a\n1,2,3\n", BadHeader),
        (b"\n\n\n", BadHeader),
        (b",,\n1,2,3\n", BadHeader),
        (gzip.compress(os.urandom(50_000))[:20_000], Damaged),
        (b"PAR1 and nothing more", Damaged),
    ],
)
def test_what_is_no_table_is_refused_with_words(write, data, refusal):
    with pytest.raises(refusal) as refused:
        read(write(data, "données.bin"))
    assert isinstance(refused.value, BadFile)
    assert len(refused.value.detail) > 20


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(NoFile):
        open_table(tmp_path / "absent.csv")
    with pytest.raises(NoFile):
        open_table(tmp_path)


def test_an_unknown_encoding_is_refused(write):
    for name in ("klingon", "base64"):
        with pytest.raises(UnknownEncoding):
            open_table(write("a,b\n1,2\n"), FileOptions(encoding=name))


def test_missing_columns_are_named_with_those_there_are(write):
    table = open_table(write("a,b\n1,2\n"))
    with pytest.raises(MissingColumns) as refused:
        table.require(["a", "courriel", "nom"])
    assert "courriel" in refused.value.detail
    assert "nom" in refused.value.detail
    assert "a, b" in refused.value.detail


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_a_bomb_is_refused_before_it_has_unpacked(write, monkeypatch, pack):
    monkeypatch.setattr(sources, "BOMB_FLOOR_BYTES", 8 << 20)
    path = write(pack(b"a,b\n" + (b"0," + b"0" * 1021 + b"\n") * (64 << 10)))
    with pytest.raises(Bomb):
        read(path)


def test_what_came_before_the_damage_is_read(write):
    packed = gzip.compress(b"a,b\n" + b"".join(b"%d,%d\n" % (n, n * 7919) for n in range(400_000)))
    table = open_table(write(packed[: len(packed) // 2]))
    pieces = table.pieces()
    count = 0
    for piece in pieces:
        count += len(piece)
        if count > 100_000:
            break
    with pytest.raises(Damaged):
        list(pieces)


# --- JSON lines and Parquet -------------------------------------


def test_json_lines_open_objects_to_paths(write):
    lines = [{"id": 1, "who": {"email": "a@b.fr"}}, {"id": 2, "extra": [1, 2]}]
    rows, numbers, bad, table = read(write("\n".join(map(json.dumps, lines)), "x.jsonl"), wanted=["id", "late"])
    assert table.detected["format"] == "jsonl"
    assert table.first.columns["who.email"] == ["a@b.fr", None]
    assert table.first.columns["late"] == [None, None]
    assert numbers == [1, 2]
    assert not bad
    assert len(rows) == 2


def test_json_of_the_wrong_shape_or_depth_costs_its_line(write):
    deep = '{"a":' * 40 + "1" + "}" * 40
    deeper = '{"a":' * 100_000 + "1" + "}" * 100_000
    text = "\n".join(['{"a": 1}', "[1, 2]", '{"a": ', deep, deeper, '"x"', '{"a": NaN}', "", '{"a": 2}'])
    rows, numbers, bad, _table = read(write(text, "x.jsonl"))
    assert [b.line for b in bad] == [2, 3, 4, 5, 6, 7]
    assert {b.reason for b in bad} == {"bad_json"}
    assert numbers == [1, 9]
    assert [row[0] for row in rows] == [1, 2]


def test_parquet_keeps_its_types(tmp_path):
    path = tmp_path / "x.parquet"
    pq.write_table(
        pa.table(
            {
                "at": pa.array([datetime(2026, 1, 1, 12, tzinfo=UTC), None], pa.timestamp("us", "UTC")),
                "day": pa.array([date(2026, 1, 1), None]),
                "price": pa.array([Decimal("2.55"), None], pa.decimal128(10, 2)),
                "who": ["Élodie", None],
            }
        ),
        path,
    )
    rows, numbers, _bad, table = read(path)
    assert table.detected["format"] == "parquet"
    assert numbers == [1, 2]
    assert rows[0][1:] == (date(2026, 1, 1), Decimal("2.55"), "Élodie")
    assert rows[1] == (None, None, None, None)
    assert moment_reader("iso", PARIS)(rows[0][0]) == datetime(2026, 1, 1, 12, tzinfo=UTC)
