"""Importing people and events: good rows are in, bad ones come back with a reason, a second time changes nothing."""

from __future__ import annotations

import csv
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.db import connection, connections

from egard.base.tables.refusals import AmbiguousDates, BadFile, MissingColumns
from egard.kernel.access.models import Site
from egard.kernel.lifecycle.imports import ImportStopped, UnknownImporter, import_file
from egard.kernel.lifecycle.imports.maps import BadMap
from egard.kernel.lifecycle.imports.rejects import safe_cell
from egard.kernel.lifecycle.imports.running import MissingFields, NoFields
from egard.kernel.lifecycle.operations import erase_person
from egard.kernel.people.models import Consent, Identifier, Person, Role
from egard.kernel.timeline.models import Fact

pytestmark = pytest.mark.django_db

PEOPLE = """columns:
  given_name: prenom
  family_name: nom
  role: {constant: customer}
  since: {column: depuis, format: d/m/Y}
  identifiers.customer_number: numero
  identifiers.email: mail
  identifiers.phone: tel
  consents.news.email: news
"""
HEAD = "numero,prenom,nom,mail,tel,depuis,news\n"
EVENTS = """columns:
  kind: {constant: purchases.made/1}
  key: ticket
  at: {column: date, format: d/m/Y}
  channel: {constant: shop}
  person.customer_number: carte
  person.email: mail
  data.order_number: ticket
  data.total.amount: centimes
  data.total.currency: {constant: EUR}
zone: Europe/Paris
"""
TICKETS = "ticket,date,carte,mail,centimes\n"


@pytest.fixture
def bring(tmp_path, me, now):
    """Imports text (or bytes) as a file: `bring("people", "a,b\\n1,2\\n", map)`."""

    def run(kind, text, map_text="", name="file.csv", **more):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        if map_text:
            more["map_path"] = tmp_path / "map.yaml"
            more["map_path"].write_text(map_text)
        return import_file(kind, path, by=me, now=now, **more)

    return run


def rejected(summary):
    """The rejects file as (line, reason) pairs."""
    if summary.rejects is None:
        return []
    with summary.rejects.open(encoding="utf-8-sig", newline="") as file:
        return [(int(row["line"]), row["reason"]) for row in csv.DictReader(file)]


def database():
    """Every row of what an import may touch, with the number of the transaction that wrote it: what moves shows."""
    held = {}
    with connection.cursor() as cursor:
        for table in (
            "people_person",
            "people_identifier",
            "people_role",
            "people_consent",
            "people_search",
            "timeline_fact",
            "purchases_value",
        ):
            cursor.execute(f"select array_agg(xmin::text || ctid::text order by ctid) from {table}")
            held[table] = cursor.fetchone()[0]
    return held


# --- people ---------------------------------------------------------------------


def test_a_list_of_people_is_in(bring):
    summary = bring(
        "people",
        HEAD + "C1,Élodie,Lebœuf,Elodie@Example.org,06 12 34 56 78,03/02/2011,oui\nC2,Paul,Roy,,,31/12/2020,\n",
        PEOPLE,
    )
    assert summary.data()["imported"] == summary.data()["people"] == 2
    assert rejected(summary) == []
    elodie = Person.objects.get(family_name="Lebœuf")
    assert set(elodie.identifiers.values_list("kind", "value")) == {
        ("customer_number", "C1"),
        ("email", "elodie@example.org"),
        ("phone", "+33612345678"),
    }
    assert elodie.roles.get().since == datetime(2011, 2, 2, 23, tzinfo=UTC)
    assert elodie.consents.get().given is True
    assert elodie.search_row.text == " leboeuf elodie c1 elodie@example.org 33612345678 0612345678"


def test_a_second_import_changes_nothing(bring):
    text = HEAD + "C1,Élodie,Lebœuf,e@example.org,06 12 34 56 78,03/02/2011,oui\nC2,Paul,Roy,,,31/12/2020,non\n"
    bring("people", text, PEOPLE)
    before = database()
    again = bring("people", text, PEOPLE)
    assert (again.tally.unchanged, again.tally.imported, again.tally.people) == (2, 0, 0)
    assert database() == before


def test_what_a_list_knows_more_completes_the_person(bring):
    bring("people", HEAD + "C1,Élodie,,,,,\n", PEOPLE)
    summary = bring("people", HEAD + "C1,Élodie,Lebœuf,e@example.org,,03/02/2011,non\n", PEOPLE)
    assert (summary.tally.imported, summary.tally.people) == (1, 0)
    person = Person.objects.get()
    assert person.family_name == "Lebœuf"
    assert person.sort_key == "leboeuf\x1felodie"
    assert person.identifiers.count() == 2
    assert "leboeuf" in person.search_row.text
    assert Consent.objects.get().given is False
    bring("people", HEAD + "C1,,,,,,oui\n", PEOPLE)
    assert Person.objects.get().family_name == "Lebœuf"
    assert list(Consent.objects.order_by("id").values_list("given", flat=True)) == [False, True]


def test_two_people_with_one_email_are_not_mixed_up(bring):
    summary = bring(
        "people",
        HEAD
        + "C1,Anne,Martin,famille@example.org,,,\n"
        + "C2,Paul,Durand,famille@example.org,,,\n"  # another number: another person
        + ",Luc,Petit,famille@example.org,,,\n"  # another name, and nothing else to know him by
        + ",Anne,Martin,famille@example.org,,,\n",  # herself
        PEOPLE,
    )
    assert rejected(summary) == [(3, "people.identifier_taken"), (4, "people.another_name")]
    assert Person.objects.get().name == "Anne Martin"
    assert (summary.tally.imported, summary.tally.unchanged, summary.tally.rejected) == (1, 1, 2)


def test_a_family_phone_is_shared(bring):
    text = HEAD + "C1,Anne,Martin,,06 12 34 56 78,,\nC2,Paul,Martin,,06 12 34 56 78,,\n"
    assert bring("people", text, PEOPLE).tally.people == 2
    text = HEAD + ",Anne,Martin,,06 12 34 56 78,03/02/2011,\n"
    assert bring("people", text, PEOPLE).tally.people == 0


def test_what_cannot_be_an_identifier_is_refused_with_words(bring):
    summary = bring(
        "people",
        HEAD
        + "C1,Anne,A,not an address,,,\n"
        + "C2,Bea,B,,12 34,,\n"
        + "C3,Cleo,C,,0612345678,30/02/2020,\n"
        + "C4,Dan,D,,+1 202 555 0143,,peut-être\n"
        + ",Eve,E,,,,\n"
        + f"C6,{'x' * 300},F,,,,\n"
        + "C7,Gus,G,g@example.org,,,\n",
        PEOPLE,
    )
    assert rejected(summary) == [
        (2, "people.bad_identifier"),
        (3, "people.bad_identifier"),
        (4, "no_such_date"),
        (5, "bad_flag"),
        (6, "people.no_identifier"),
        (7, "people.bad_value"),
    ]
    why = {row["line"]: row["why"] for row in csv.DictReader(summary.rejects.open(encoding="utf-8-sig"))}
    assert "mail: " in why["2"]
    assert "not an address" in why["2"]
    assert "30/02/2020" in why["4"]
    assert Person.objects.get().given_name == "Gus"


def test_an_unknown_site_is_refused_and_a_known_one_is_home(bring):
    site = Site.objects.create(code="paris", name="Paris")
    mapped = "columns: {identifiers.customer_number: n, site: s, given_name: g}\n"
    summary = bring("people", "n,s,g\n1,paris,Anne\n2,rome,Bea\n", mapped)
    assert rejected(summary) == [(3, "access.unknown_site")]
    assert Person.objects.get().site == site


def test_an_erased_person_does_not_come_back_by_an_old_file(bring, me, now):
    text = HEAD + "C1,Anne,Martin,anne@example.org,,,\n"
    bring("people", text, PEOPLE)
    erase_person(Person.objects.get(), by=me, now=now)
    summary = bring("people", text, PEOPLE)
    assert rejected(summary) == [(2, "people.was_erased")]
    assert Person.objects.get().name == ""
    tickets = bring("events", TICKETS + "T1,03/02/2026,C1,,100\n", EVENTS)
    assert rejected(tickets) == [(2, "people.erased")]


# --- events -----------------------------------------------------------------------


def test_events_are_facts_of_people_found_or_made(bring, make_person, now):
    anne = make_person("Anne", "Martin", customer_number="C1")
    summary = bring(
        "events",
        TICKETS
        + "T1,03/02/2026 10:30,C1,,1250\nT2,04/02/2026,,Bea@Example.org,99\nT3,05/02/2026,C1,other@example.org,1\n",
        EVENTS,
    )
    assert (summary.tally.imported, summary.tally.facts, summary.tally.people) == (3, 3, 1)
    fact = Fact.objects.get(key="T1")
    assert (fact.person, fact.channel, fact.history) == (anne, "shop", True)
    assert fact.at == datetime(2026, 2, 3, 9, 30, tzinfo=UTC)
    assert fact.data["total"] == {"amount": 1250, "currency": "EUR"}
    assert Fact.objects.get(key="T3").person == anne
    assert anne.identifiers.filter(kind="order_number").count() == 2
    assert summary.detected["dates"] == {"date": "d/m/Y"}
    assert summary.detected["zone"] == "Europe/Paris"


def test_events_a_second_time_change_nothing_and_others_under_their_key_are_refused(bring):
    text = TICKETS + "".join(f"T{n},03/02/2026,C{n % 7},,{n}\n" for n in range(1, 50))
    bring("events", text, EVENTS, batch=10)
    before = database()
    again = bring("events", text, EVENTS, batch=7)
    assert (again.tally.unchanged, again.tally.facts, again.tally.people) == (49, 0, 0)
    assert database() == before
    other = bring("events", TICKETS + "T1,03/02/2026,C1,,999\nT1,03/02/2026,C1,,1\n", EVENTS)
    assert rejected(other) == [(2, "timeline.key_reused"), (3, "timeline.key_reused")]
    assert database() == before


def test_one_fact_twice_in_a_file_is_one_fact(bring):
    text = TICKETS + "T1,03/02/2026,C1,,5\nT1,03/02/2026,C1,,5\nT1,03/02/2026,C1,,6\nT1,03/02/2026,C2,,6\n"
    summary = bring("events", text, EVENTS)
    assert (summary.tally.facts, summary.tally.unchanged) == (2, 1)
    assert rejected(summary) == [(4, "timeline.key_reused")]


def test_each_bad_event_says_why_and_the_good_ones_are_in(bring):
    summary = bring(
        "events",
        TICKETS
        + "T1,30/02/2026,C1,,100\n"
        + "T2,03/02/2126,C1,,100\n"
        + "T3,,C1,,100\n"
        + ",03/02/2026,C1,,100\n"
        + "T5,03/02/2026,,,100\n"
        + "T6,03/02/2026,C1,,=1+1\n"
        + "T7,03/02/2026,C1,,\n"
        + 'T8,03/02/2026,C1,,"open\n'
        + "T9,03/02/2026,C1\n"
        + "T10,03/02/2026,,no address,100\n"
        + "T11,29/03/2026 02:30,C1,,100\n"
        + "T12,03/02/2026,C1,,100\n",
        EVENTS,
        batch=5,
    )
    assert sorted(rejected(summary)) == [
        (2, "no_such_date"),
        (3, "timeline.from_the_future"),
        (4, "import.empty"),
        (5, "timeline.bad_fact"),
        (6, "no_person"),
        (7, "timeline.bad_fact"),
        (8, "timeline.bad_fact"),
        (9, "broken_quotes"),
        (10, "wrong_columns"),
        (11, "people.bad_identifier"),
        (12, "no_such_time"),
    ]
    assert summary.tally.rows == 12
    assert list(Fact.objects.values_list("key", flat=True)) == ["T12"]
    assert Counter(dict(summary.tally.reasons)) == Counter(reason for _line, reason in rejected(summary))


def test_anonymous_events_are_kept_when_the_map_says_so(bring):
    text = TICKETS + "T1,03/02/2026,,,100\n"
    assert rejected(bring("events", text, EVENTS)) == [(2, "no_person")]
    for facts, unchanged in ((1, 0), (0, 1)):
        summary = bring("events", text, EVENTS + "anonymous: keep\n")
        assert (summary.tally.facts, summary.tally.unchanged, rejected(summary)) == (facts, unchanged, [])
    assert Fact.objects.get().person is None


def test_events_of_strangers_are_refused_where_nobody_may_be_made(bring):
    summary = bring("events", TICKETS + "T1,03/02/2026,C1,,100\n", EVENTS + "create_people: false\n")
    assert rejected(summary) == [(2, "people.unknown")]
    assert not Person.objects.exists()


def test_json_lines_as_programs_write_events_need_no_map(bring):
    def event(n):
        total = {"amount": n, "currency": "EUR"}
        data = {"order_number": f"K{n}", "total": total, "lines": [{"sku": "a", "quantity": 2}]}
        person = {"kind": "email", "value": f"p{n}@example.org"}
        return {
            "kind": "purchases.made/1",
            "key": f"K{n}",
            "at": "2026-02-03T10:00:00Z",
            "person": person,
            "data": data,
        }

    rows = [event(n) for n in range(3)]
    rows.append({**rows[0], "key": "K9", "data": {"order_number": "K9", "total": 12}})
    rows.append({**rows[0], "key": "K10", "data": {**rows[0]["data"], "colour": "red"}})
    summary = bring("events", b"\n".join(map(orjson.dumps, rows)), name="events.jsonl")
    assert rejected(summary) == [(4, "timeline.bad_fact"), (5, "timeline.bad_fact")]
    assert Fact.objects.get(key="K1").data["lines"][0]["quantity"] == 2
    assert Person.objects.count() == 3


def test_parquet_events(bring, tmp_path):
    table = pa.table(
        {
            "ticket": ["T1", "T2"],
            "date": pa.array([datetime(2026, 2, 3, tzinfo=UTC), None], pa.timestamp("us", "UTC")),
            "carte": [17850.0, 2.0],
            "mail": [None, None],
            "centimes": [1250, 99],
        }
    )
    path = tmp_path / "x.parquet"
    pq.write_table(table, path)
    summary = bring("events", path.read_bytes(), EVENTS, name="file.parquet")
    assert rejected(summary) == [(2, "import.empty")]
    assert Identifier.objects.get(kind="customer_number").value == "17850"


def test_a_dry_run_tells_all_and_writes_nothing(bring):
    bring("events", TICKETS + "T1,03/02/2026,C1,,5\n", EVENTS)
    before = database()
    text = TICKETS + "T1,03/02/2026,C1,,5\nT2,03/02/2026,C1,,5\nT3,03/02/2026,C2,,5\nT4,03/02/2026,C2,,5\nT5,,C2,,5\n"
    told = bring("events", text, EVENTS, dry_run=True, batch=2).data()
    assert database() == before
    done = bring("events", text, EVENTS).data()
    assert {**told, "dry_run": False} == done
    assert (told["facts"], told["people"], told["unchanged"], told["rejected"]) == (3, 1, 1, 1)
    told = bring("people", HEAD + "C1,A,B,,,,\nC9,A,B,,,,\n", PEOPLE, dry_run=True)
    assert (told.tally.people, Person.objects.count()) == (1, 2)


# --- what stops an import before it begins -------------------------------------------


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
    text = summary.rejects.read_text(encoding="utf-8-sig").replace("T1,03/02/2026,,", "T1,03/02/2026,C7,")
    assert bring("events", text, EVENTS).tally.facts == 1
    assert Fact.objects.count() == 2


def test_an_import_without_rejects_takes_the_old_file_away(bring):
    old = bring("events", TICKETS + "T1,03/02/2026,,,5\n", EVENTS).rejects
    assert old.exists()
    assert bring("events", TICKETS + "T1,03/02/2026,C1,,5\n", EVENTS).rejects is None
    assert not old.exists()


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
