"""Lines of orders become purchases: grouped, summed and dated as the file says, whatever odd rows it holds."""

from __future__ import annotations

import csv
import os
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from egard.journeys.purchases import imports
from egard.journeys.purchases.facts import PurchaseMade
from egard.journeys.purchases.models import Value
from egard.kernel.lifecycle.imports import ImportStopped, import_file
from egard.kernel.people.models import Identifier, Person, Role
from egard.kernel.timeline.models import Fact

pytestmark = pytest.mark.django_db
DEEP = os.environ.get("EGARD_DEEP") == "1"

MAP = """columns:
  order_number: order
  at: {column: at, zone: Europe/Paris}
  person.customer_number: client
  sku: sku
  label: label
  quantity: pieces
  unit_price: price
  currency: {constant: EUR}
  channel: {constant: web}
  cancelled: {column: order, prefix: C}
"""
HEAD = "order,at,client,sku,label,pieces,price\n"


@pytest.fixture
def bring(tmp_path, me, now):
    def run(text, map_text=MAP, name="orders.csv", **more):
        path, mapped = tmp_path / name, tmp_path / "map.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        mapped.write_text(map_text)
        return import_file("purchases", path, map_path=mapped, by=me, now=now, **more)

    return run


def rejected(summary):
    if summary.rejects is None:
        return []
    with summary.rejects.open(encoding="utf-8-sig", newline="") as file:
        return sorted((int(row["line"]), row["reason"]) for row in csv.DictReader(file))


def amounts():
    return {f.key: f.data["total"]["amount"] for f in Fact.objects.all()}


def test_lines_anywhere_in_the_file_are_one_order_dated_by_the_earliest(bring):
    summary = bring(
        HEAD
        + "1001,2026-01-05 10:31,17,A,Mug,2,4.55\n"
        + "1002,2026-01-05 11:00,17,B,Plate,1,0.001\n"
        + '1001,2026-01-05 10:30,17,C,"Bowl, blue ""big""",1,12.00\n'
    )
    assert summary.data() | {"detected": None} == {
        "rows": 3, "imported": 3, "unchanged": 0, "rejected": 0, "people": 1, "facts": 2, "orders": 2,
        "cancellations": 0, "reasons": {}, "detected": None, "rejects_file": None, "dry_run": False,
    }  # fmt: skip
    fact = Fact.objects.get(key="made:1001")
    assert fact.at == datetime(2026, 1, 5, 9, 30, tzinfo=UTC)
    assert fact.history
    assert fact.data == {
        "order_number": "1001",
        "total": {"amount": 2110, "currency": "EUR"},
        "lines": [
            {"sku": "A", "label": "Mug", "quantity": 2, "unit": 455.0},
            {"sku": "C", "label": 'Bowl, blue "big"', "quantity": 1, "unit": 1200.0},
        ],
        "site": "",
        "note": "",
    }
    person = Person.objects.get()
    assert set(person.identifiers.values_list("kind", "value")) == {
        ("customer_number", "17"), ("order_number", "1001"), ("order_number", "1002"),
    }  # fmt: skip
    assert Role.objects.get().since == datetime(2026, 1, 5, 9, 30, tzinfo=UTC)


def test_the_same_order_by_the_api_is_the_same_fact(bring, me, now):
    from egard.kernel.timeline.bulk import record_events

    bring(HEAD + "1001,2026-01-05 10:30,17,A,Mug,2,4.55\n")
    line = {"sku": "A", "label": "Mug", "quantity": 2, "unit": 455}
    event = {
        "kind": "purchases.made/1", "key": "made:1001", "at": "2026-01-05T09:30:00Z",
        "person": {"kind": "customer_number", "value": "17"},
        "data": {"order_number": "1001", "total": {"amount": 910, "currency": "EUR"}, "lines": [line]},
    }  # fmt: skip
    assert [o.outcome for o in record_events([event], by=me, now=now).outcomes] == ["unchanged"]


@pytest.mark.django_db(transaction=True)  # what a transaction wrote is read by reactions once it is committed
def test_odd_rows_keep_the_sums_of_the_file(bring):
    summary = bring(
        HEAD
        + "1,2026-01-05,17,A,Mug,2,10.00\n1,2026-01-05,17,A,Returned at once,-1,10.00\n"  # taken back within the order
        + "2,2026-01-05,17,A,Gift,1,0\n"  # nothing to pay
        + "3,2026-01-05,17,A,Adjust bad debt,1,-50.00\n"  # an adjustment in her favour
        + "C4,2026-01-06,17,A,Mug,-1,10.00\n"  # as most files write a cancellation
        + "C5,2026-01-06,17,A,Mug,1,10.00\n"  # as others do
        + "6,2026-01-05,17,A,Hers,1,1.00\n6,2026-01-05,18,A,His,1,2.00\n"  # one number, two buyers
        + "7,2026-01-05,17,A,Half a cent,1,0.005\n8,2026-01-05,17,A,One and a half,1,0.015\n"
    )
    assert rejected(summary) == []
    assert (summary.tally.more["orders"], summary.tally.more["cancellations"]) == (7, 2)
    totals = {
        (f.key, f.person.identifiers.get(kind="customer_number").value): f.data["total"]["amount"]
        for f in Fact.objects.all()
    }
    assert totals == {
        ("made:1", "17"): 1000, ("made:2", "17"): 0, ("made:3", "17"): -5000, ("cancelled:C4", "17"): 1000,
        ("cancelled:C5", "17"): 1000, ("made:6", "17"): 100, ("made:6", "18"): 200, ("made:7", "17"): 0,
        ("made:8", "17"): 2,
    }  # fmt: skip
    value = Value.objects.get(person__identifiers__value="17")
    assert value.spent_minor - value.cancelled_minor == 1000 - 5000 - 2000 + 100 + 2
    assert Identifier.objects.filter(kind="order_number", value="6").count() == 2


def test_a_cancellation_may_name_its_order(bring):
    text = "order,at,client,total,state,of\n"
    text += "1,2026-01-05,17,20.00,ok,\n2,2026-01-06,17,20.00,void,1\n3,2026-01-06,17,5.00,void,\n"
    bring(
        text,
        """columns:
  order_number: order
  at: at
  person.customer_number: client
  total: total
  cancelled: {column: state, equals: [void, refunded]}
  original: of
""",
    )
    back = {f.data["order_number"]: f.data for f in Fact.objects.filter(kind__name="purchases.cancelled")}
    assert back["2"]["original"] == "1"
    assert back["3"]["original"] is None
    assert back["2"]["total"] == {"amount": 2000, "currency": "EUR"}
    assert back["2"]["lines"] == []


def test_each_bad_line_says_why_and_a_bad_order_gives_all_its_lines_back(bring):
    summary = bring(
        HEAD.replace("\n", ",eur\n")
        + "1,2026-01-05,,A,Mug,2,10.00,EUR\n"
        + "2,2026-02-30,17,A,Mug,2,10.00,EUR\n"
        + "3,2126-01-05,17,A,Mug,2,10.00,EUR\n"
        + ",2026-01-05,17,A,Mug,2,10.00,EUR\n"
        + "4,2026-01-05,17,A,Mug,2.5,10.00,EUR\n"
        + "5,2026-01-05,17,A,Mug,two,10.00,EUR\n"
        + "6,2026-01-05,17,A,Mug,2,,EUR\n"
        + f"7,2026-01-05,17,A,{'x' * 201},2,1,EUR\n"
        + f"{'8' * 101},2026-01-05,17,A,Mug,2,1,EUR\n"
        + "9,2026-01-05,17,A,Mug,2,10.00,EURO\n"
        + "10,2026-01-05,17,A,Mug,2,10.00,EUR\n"
        + "11,2026-01-05,17,A,Mug,2,10.00,EUR\n"
        + "10,2026-01-05,17,A,Mug,2,10.00,USD\n"
        + "A\x01B,2026-01-05,17,A,Mug,2,10.00,EUR\n",
        MAP.replace("{constant: EUR}", "eur"),
    )
    assert rejected(summary) == [
        (2, "no_person"),
        (3, "no_such_date"),
        (4, "timeline.from_the_future"),
        (5, "import.empty"),
        (6, "purchases.bad_quantity"),
        (7, "bad_number"),
        (8, "import.empty"),
        (9, "purchases.too_long"),
        (10, "purchases.too_long"),
        (11, "purchases.bad_currency"),
        (12, "purchases.unclear_order"),
        (14, "purchases.unclear_order"),
        (15, "people.bad_identifier"),
    ]
    assert amounts() == {"made:11": 2000}
    tally = summary.tally
    assert tally.rows == tally.imported + tally.rejected == 14


def test_more_lines_of_a_known_order_are_refused_and_the_order_stays(bring):
    bring(HEAD + "1,2026-01-05,17,A,Mug,2,10.00\n")
    summary = bring(
        HEAD + "1,2026-01-05,17,A,Mug,2,10.00\n1,2026-01-05,17,B,Plate,1,1.00\n2,2026-01-05,17,B,Plate,1,1.00\n"
    )
    assert rejected(summary) == [(2, "timeline.key_reused"), (3, "timeline.key_reused")]
    assert amounts() == {"made:1": 2000, "made:2": 100}


def test_a_column_that_is_no_order_number_is_noticed(bring, monkeypatch):
    monkeypatch.setattr(imports, "LINES_MAX", 20)
    text = HEAD + "".join(f"X,2026-01-05,17,A,Mug,1,{n}.00\n" for n in range(21)) + "1,2026-01-05,17,A,Mug,1,1\n"
    summary = bring(text)
    assert dict(summary.tally.reasons) == {"purchases.too_many_lines": 21}
    assert amounts() == {"made:1": 100}


def test_a_map_without_any_price_is_refused(bring):
    with pytest.raises(imports.NoAmount):
        bring(HEAD + "1,2026-01-05,17,A,Mug,1,1\n", MAP.replace("  unit_price: price\n", ""))


def test_a_file_that_ends_too_early_leaves_nothing_half_written(bring):
    import gzip

    text = HEAD + "".join(
        f"{n // 9},2026-01-05,{n // 9 % 97},A,Mug {n * 7919 % 10007},1,{n % 83}.00\n" for n in range(80_000)
    )
    packed = gzip.compress(text.encode())
    with pytest.raises(ImportStopped):
        bring(packed[: len(packed) * 2 // 3])
    assert not Fact.objects.exists()
    assert not Person.objects.exists()
    assert bring(packed).tally.imported == 80_000


def test_sales_to_nobody_known_are_kept_when_the_map_says_so(bring):
    text = HEAD + "1,2026-01-05,,A,Mug,2,10.00\n1,2026-01-05,,B,Plate,1,1.00\n"
    for facts in (1, 0):
        summary = bring(text, MAP + "anonymous: keep\n")
        assert (summary.tally.facts, rejected(summary)) == (facts, [])
    fact = Fact.objects.get()
    assert (fact.person, fact.data["total"]["amount"]) == (None, 2100)
    assert not Value.objects.exists()


LINES = st.lists(
    st.tuples(
        st.integers(1, 5),  # order
        st.sampled_from(["", "C"]),
        st.integers(1, 3),  # client
        st.integers(-3, 20),
        st.decimals(-5, 50, places=3),
    ),
    min_size=1,
    max_size=25,
)


@given(LINES)
@settings(max_examples=200 if DEEP else 15, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_sums_are_those_of_the_file_to_the_cent(tmp_path, me, now, lines):
    """Against a plain sum with one rounding for each order of each client."""
    run = uuid4().hex[:8]  # each example has clients of its own
    path, mapped = tmp_path / "orders.csv", tmp_path / "map.yaml"
    path.write_text(HEAD + "".join(f"{c}{o},2026-01-05,{run}-{k},A,x,{q},{p}\n" for o, c, k, q, p in lines))
    mapped.write_text(MAP)
    import_file("purchases", path, map_path=mapped, by=me, now=now)
    wanted: dict[tuple[str, str], Decimal] = {}
    for o, c, k, q, p in lines:
        key = (f"{c}{o}", f"{run}-{k}")
        wanted[key] = wanted.get(key, Decimal(0)) + q * p
    found = {
        (f.data["order_number"], f.person.identifiers.get(kind="customer_number").value): f.data["total"]["amount"]
        for f in Fact.objects.filter(person__identifiers__value__startswith=f"{run}-")
    }
    cents = {key: int((100 * total).to_integral_value(ROUND_HALF_EVEN)) for key, total in wanted.items()}
    assert found == {key: abs(total) if key[0].startswith("C") else total for key, total in cents.items()}


def test_lines_are_held_to_what_the_fact_declares(bring):
    """They are checked part by part; together they must be what the declared type takes, at its very limits too."""
    from egard.kernel.timeline.schemas import adapter

    label = "é" * 200
    bring(
        HEAD
        + f"1,2026-01-05,17,{label},{label},1000000000,0.001\n"
        + '2,2026-01-05,17,,"a ""quoted"" \\ tab\tend",-1000000000,-1\n'
        + "3,2026-01-05,17,,,,99999999\n"
    )
    stored = list(Fact.objects.order_by("key"))
    assert [f.data["total"]["amount"] for f in stored] == [100_000_000, 100_000_000_000, 9_999_999_900]
    assert stored[1].data["lines"][0]["label"] == 'a "quoted" \\ tab\tend'
    for fact in stored:
        checked = adapter(PurchaseMade).validate_python(fact.data)
        assert adapter(PurchaseMade).dump_python(checked) == fact.data


def test_the_shipped_map_is_read():
    from egard.kernel.lifecycle.imports.maps import read_map
    from egard.kernel.registry import registry

    folder = Path(__file__).resolve().parents[5] / "examples" / "maps"
    for name, kind in (("online-retail", "purchases"), ("people", "people"), ("events", "events")):
        assert read_map(folder / f"{name}.yaml", registry.importers[kind]).fields
