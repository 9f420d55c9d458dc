"""What stops an import before it begins, what is given back, and imports side by side."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections
from importing import EVENTS, HEAD, PEOPLE, TICKETS

from egard.base.tables.refusals import AmbiguousDates, BadFile, MissingColumns
from egard.kernel.lifecycle.imports import ImportStopped, UnknownImporter, import_file
from egard.kernel.lifecycle.imports.maps import BadMap
from egard.kernel.lifecycle.imports.rejects import safe_cell
from egard.kernel.lifecycle.imports.running import MissingFields, NoFields
from egard.kernel.people.models import Person, Role
from egard.kernel.timeline.models import Fact

pytestmark = pytest.mark.django_db


def test_columns_that_are_not_there_are_named_with_those_that_are(bring):
    with pytest.raises(MissingColumns) as refused:
        bring("events", "ticket,date\nT1,03/02/2026\n", EVENTS)
    assert "“carte”, “mail”, “centimes”" in refused.value.detail
    assert "ticket, date" in refused.value.detail


def test_without_a_map_the_columns_must_say_what_they_are(bring):
    assert bring("people", "identifiers.email,given_name,x\na@example.org,Anne,1\n").tally.people == 1
    with pytest.raises(NoFields):
        bring("people", "a,b\n1,2\n")
    with pytest.raises(MissingFields) as refused:
        bring("events", "kind,key\nx,y\n")
    assert "at" in refused.value.detail
    with pytest.raises(UnknownImporter) as refused:
        bring("unicorns", "a\n1\n")
    assert "purchases" in refused.value.detail


def test_dates_that_may_be_either_stop_the_import_before_anything_is_written(bring):
    with pytest.raises(AmbiguousDates):
        bring("events", TICKETS + "T1,03/02/2026,C1,,5\n", EVENTS.replace(", format: d/m/Y", ""))
    assert not Person.objects.exists()


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("columns: [a, b]", "columns:"),
        ("- 1", "columns:"),
        ("columns: {kind: a", "line 1"),
        (EVENTS + "colour: red", "colour"),
        (EVENTS.replace("key: ticket", "clef: ticket"), "clef"),
        (EVENTS.replace("key: ticket", ""), "“key”"),
        (EVENTS.replace("d/m/Y", "jj/mm/aaaa"), "jj/mm/aaaa"),
        (EVENTS.replace("Europe/Paris", "Europe/Paname"), "Europe/Paname"),
        (EVENTS + "anonymous: maybe", "anonymous"),
        (EVENTS + "kind: people", "people"),
        (EVENTS + "live: perhaps", "live"),
        (EVENTS + "file: {separator: abc}", "separator"),
        (EVENTS.replace("{constant: shop}", "{constant: shop, colour: red}"), "colour"),
        (EVENTS.replace("{constant: shop}", "{}"), "constant"),
        ("&a [*a]", "columns:"),
        ("columns: !!python/object/apply:os.system ['true']", "python"),
    ],
)
def test_a_map_that_is_wrong_says_what(bring, text, word):
    with pytest.raises(BadMap) as refused:
        bring("events", TICKETS, text)
    assert word in refused.value.detail


def test_an_identifier_kind_that_nobody_declares_stops_the_import(bring):
    from egard.kernel.people.operations import UnknownKind

    with pytest.raises(UnknownKind):
        bring("events", TICKETS + "T1,03/02/2026,C1,,5\n", EVENTS.replace("person.email", "person.badge"))


def test_a_damaged_file_says_what_is_in(bring):
    import gzip

    text = TICKETS + "".join(f"T{n},03/02/2026,C{n % 50},,{n * 7919 % 10007}\n" for n in range(120_000))
    packed = gzip.compress(text.encode())
    with pytest.raises(ImportStopped) as stopped:
        bring("events", packed[: len(packed) * 2 // 3], EVENTS)
    tally = stopped.value.summary.tally
    assert 0 < tally.facts < 120_000
    assert Fact.objects.count() == tally.facts
    assert str(tally.rows) in stopped.value.detail


def test_files_that_are_no_tables_are_refused_before_anything_is_written(bring):
    for data in (b"", b"PK\x03\x04", b"%PDF"):
        with pytest.raises(BadFile):
            bring("events", data, EVENTS)


# --- rejects ------------------------------------------------------------------------------


def test_the_rejects_file_can_be_put_right_and_imported(bring):
    summary = bring("events", TICKETS + "T1,03/02/2026,,,5\nT2,03/02/2026,C1,,-5\n", EVENTS)
    text = summary.rejects.read_text(encoding="utf-8-sig").replace('"03/02/2026",""', '"03/02/2026","C7"')
    assert bring("events", text, EVENTS).tally.facts == 1
    assert Fact.objects.count() == 2


def test_an_import_without_rejects_takes_the_old_file_away(bring):
    old = bring("events", TICKETS + "T1,03/02/2026,,,5\n", EVENTS).rejects
    assert old.exists()
    assert bring("events", TICKETS + "T1,03/02/2026,C1,,5\n", EVENTS).rejects is None
    assert not old.exists()


def test_nobody_else_may_read_the_rejects_and_no_link_is_followed(bring, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("kept")
    (tmp_path / "file.csv.rejects.csv").symlink_to(elsewhere)
    before = os.umask(0)
    try:
        rejects = bring("events", TICKETS + "T1,03/02/2026,,,5\n", EVENTS).rejects
    finally:
        os.umask(before)
    assert elsewhere.read_text() == "kept"
    assert not rejects.is_symlink()
    assert rejects.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_dry_run_leaves_the_rejects_of_the_import_alone(bring):
    real = bring("events", TICKETS + "T1,03/02/2026,,,5\n", EVENTS).rejects
    text = real.read_bytes()
    tried = bring("events", TICKETS + "T1,03/02/2026,,,5\nT2,99/99/2026,C1,,5\n", EVENTS, dry_run=True).rejects
    assert tried.name == "file.csv.dry-run.rejects.csv"
    assert real.read_bytes() == text
    assert bring("events", TICKETS + "T1,03/02/2026,C1,,5\n", EVENTS, dry_run=True).rejects is None
    assert not tried.exists()
    assert real.read_bytes() == text


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("-2+3", "'-2+3"),
        ("\t=1", "'\t=1"),
        ("-5", "-5"),
        ("+33 6 12 34 56 78", "+33 6 12 34 56 78"),
        ("plain", "plain"),
        (None, ""),
        (12, "12"),
    ],
)
def test_a_spreadsheet_does_not_run_what_a_rejects_file_holds(cell, shown):
    assert safe_cell(cell) == shown


def test_formulas_are_data(bring):
    bring("people", HEAD + "C1,=1+1,@SUM(A1:A9),,,,\n", PEOPLE)
    assert Person.objects.get().name == "=1+1 @SUM(A1:A9)"


# --- side by side ----------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_two_imports_of_one_file_at_once_are_one_import(tmp_path, me, now):
    path, mapped = tmp_path / "tickets.csv", tmp_path / "map.yaml"
    path.write_text(TICKETS + "".join(f"T{n},03/02/2026,C{n % 211},,{n}\n" for n in range(3000)))
    mapped.write_text(EVENTS)

    def run(batch):
        try:
            return import_file("events", path, map_path=mapped, by=me, now=now, batch=batch).tally
        finally:
            connections.close_all()

    with ThreadPoolExecutor(3) as pool:
        tallies = list(pool.map(run, [200, 200, 333]))
    assert [t.rows for t in tallies] == [3000] * 3
    assert sum(t.facts for t in tallies) == Fact.objects.count() == 3000
    assert sum(t.people for t in tallies) == Person.objects.count() == 211
    assert sum(t.unchanged for t in tallies) == 6000
    assert not any(t.rejected for t in tallies)
    assert Role.objects.count() == 0
