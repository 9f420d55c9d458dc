"""An order is in as a whole or comes back as a whole: a total that lacks a line could never be put right."""

from __future__ import annotations

import csv

import pytest

from egard.journeys.purchases import import_lines
from egard.kernel.lifecycle.imports import import_file
from egard.kernel.timeline.models import Fact

pytestmark = pytest.mark.django_db

MAP = """zone: UTC
columns:
  order_number: order
  at: at
  person.customer_number: client
  sku: sku
  quantity: pieces
  unit_price: price
  cancelled: {column: state, equals: [void]}
"""
HEAD = "order,at,client,sku,pieces,price,state\n"
GOOD = "2,2026-01-05,17,A,1,1.00,\n"


@pytest.fixture
def bring(tmp_path, me, now):
    def run(text, map_text=MAP, **more):
        path, mapped = tmp_path / "orders.csv", tmp_path / "map.yaml"
        path.write_text(text)
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


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("1,2026-01-05,17,B,two,3.00,\n", "bad_number"),
        ("1,2026-02-30,17,B,2,3.00,\n", "no_such_date"),
        ("1,2026-01-05,17,B,2,,\n", "import.empty"),
        ("1,2026-01-05,,B,2,3.00,\n", "no_person"),
        ("1,2026-01-05,17,B,2,3,00,\n", "wrong_columns"),
        ("1,2026-01-05,17\n", "wrong_columns"),
        ('1,2026-01-05,17,"B,2,3.00,\n', "broken_quotes"),
    ],
)
def test_an_order_with_a_refused_line_comes_back_whole_and_can_be_put_right(bring, line, reason):
    other = "1,2026-01-05,17,A,1,4.00,\n"
    summary = bring(HEAD + other + GOOD + line + other)
    assert rejected(summary) == [
        (2, "purchases.order_incomplete"),
        (4, reason),
        (5, "purchases.order_incomplete"),
    ]
    assert amounts() == {"made:2": 100}
    tally = summary.tally
    assert (tally.rows, tally.imported, tally.rejected) == (4, 1, 3)
    bring(HEAD + other + "1,2026-01-05,17,B,2,3.00,\n" + other)
    assert amounts() == {"made:1": 1400, "made:2": 100}


def test_a_cancellation_under_the_same_number_is_another_order(bring):
    summary = bring(HEAD + "1,2026-01-05,17,A,1,4.00,\n1,2026-01-06,17,A,1,4.00,void\n1,2026-01-05,17,B,two,4.00,\n")
    assert rejected(summary) == [(2, "purchases.order_incomplete"), (4, "bad_number")]
    assert amounts() == {"cancelled:1": 400}


def test_a_line_that_names_no_order_takes_no_other_along(bring):
    summary = bring(HEAD + ",2026-01-05,17,A,1,4.00,\n" + GOOD)
    assert rejected(summary) == [(2, "import.empty")]
    assert amounts() == {"made:2": 100}


def test_a_line_at_the_other_end_of_a_long_file_is_remembered(bring, monkeypatch):
    monkeypatch.setattr(import_lines, "STAGED_BATCHES", 1)
    many = "".join(f"X{n},2026-01-05,17,A,1,1.00,\n" for n in range(60_000))
    first, last = "1,2026-01-05,17,A,1,4.00,\n", "1,2026-01-05,17,A,nine,4.00,\n"
    for text in (HEAD + first + many + last, HEAD + last + many + first):
        summary = bring(text, dry_run=True)
        assert dict(summary.tally.reasons) == {"purchases.order_incomplete": 1, "bad_number": 1}
        assert summary.tally.imported == 60_000
