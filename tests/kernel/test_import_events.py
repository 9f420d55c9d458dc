"""Events from files are facts: good rows are in, bad ones come back with a reason, a second time changes nothing."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from importing import EVENTS, HEAD, PEOPLE, TICKETS, database, rejected

from egard.kernel.people.models import Identifier, Person
from egard.kernel.timeline.models import Fact

pytestmark = pytest.mark.django_db


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
    assert told.pop("rejects_file") == done.pop("rejects_file").replace(".rejects", ".dry-run.rejects")
    assert {**told, "dry_run": False} == done
    assert (told["facts"], told["people"], told["unchanged"], told["rejected"]) == (3, 1, 1, 1)
    told = bring("people", HEAD + "C1,A,B,,,,\nC9,A,B,,,,\n", PEOPLE, dry_run=True)
    assert (told.tally.people, Person.objects.count()) == (1, 2)


def test_a_number_that_cannot_point_to_anybody_costs_its_own_row(bring):
    summary = bring(
        "events",
        "kind,key,at,n,total,who\n"
        'purchases.made/1,K1,2026-02-03T10:00:00Z,"A\x01B",5,C1\n'
        'purchases.made/1,K2,2026-02-03T10:00:00Z,"\u00a0\u2003",5,C1\n'
        "purchases.made/1,K3,2026-02-03T10:00:00Z,A3,5,C1\n",
        "columns: {kind: kind, key: key, at: at, person.customer_number: who, data.order_number: n,"
        " data.total.amount: total, data.total.currency: {constant: EUR}}\n",
    )
    assert rejected(summary) == [(2, "people.bad_identifier"), (3, "people.bad_identifier")]
    assert Fact.objects.get().key == "K3"
