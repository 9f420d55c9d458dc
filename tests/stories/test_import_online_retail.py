"""A real shop's file: every known client, invoice and cancellation is in, to the penny; a second time changes nothing.

The file is Online Retail (UCI 352, CC BY 4.0), kept beside the repository; what must come of it is counted here from
the file itself by a few lines that share nothing with the product.
"""

from __future__ import annotations

import csv
import gzip
import shutil
from collections import defaultdict
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

import pytest
from django.db import connection

from egard.kernel.lifecycle.imports import import_file

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT.parent / "shared" / "data" / "online-retail-uci352" / "online_retail.csv.gz"
MAP = ROOT / "examples" / "maps" / "online-retail.yaml"

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not FILE.exists(), reason=f"the real file is not beside the repository ({FILE.name})"),
]


def counted():
    """From the file: pence by client and invoice, and how many rows name nobody."""
    sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    nobody = rows = 0
    with gzip.open(FILE, "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            rows += 1
            if row["CustomerID"]:
                sums[row["CustomerID"], row["InvoiceNo"]] += int(row["Quantity"]) * Decimal(row["UnitPrice"])
            else:
                nobody += 1
    pence = {key: int((100 * total).to_integral_value(ROUND_HALF_EVEN)) for key, total in sums.items()}
    return pence, rows, nobody


def stored():
    """From the database, by SQL alone: pence by client and invoice, cancellations below zero; and what panels say."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select i.value, f.data->>'order_number',"
            " (f.data->'total'->>'amount')::bigint * case k.name when 'purchases.cancelled' then -1 else 1 end"
            " from timeline_fact f join timeline_kind k on k.id = f.kind_id"
            " join people_identifier i on i.person_id = f.person_id and i.kind = 'customer_number'"
        )
        facts = {(client, invoice): pence for client, invoice, pence in cursor.fetchall()}
        cursor.execute(
            "select sum(spent_minor - cancelled_minor), sum(orders), sum(cancellations) from purchases_value"
        )
        return facts, tuple(map(int, cursor.fetchone()))


def rows_and_their_writers():
    with connection.cursor() as cursor:
        found = []
        for table in (
            "people_person",
            "people_identifier",
            "people_role",
            "people_search",
            "timeline_fact",
            "purchases_value",
        ):
            cursor.execute(
                f"select count(*), md5(string_agg(xmin::text || ctid::text, ',' order by ctid)) from {table}"
            )
            found.append((table, *cursor.fetchone()))
        return found


def test_every_known_client_invoice_and_cancellation_is_in_and_a_second_time_changes_nothing(tmp_path, me, now):
    path = tmp_path / FILE.name
    shutil.copy(FILE, path)  # the rejects file is written beside it
    pence, rows, nobody = counted()

    told = import_file("purchases", path, map_path=MAP, by=me, now=now).data()
    assert (
        (told["rows"], told["imported"], told["rejected"])
        == (rows, rows - nobody, nobody)
        == (329_710, 194_630, 135_080)
    )
    assert told["reasons"] == {"no_person": nobody}
    assert told["people"] == len({client for client, _invoice in pence}) == 2_187
    assert told["facts"] == len(pence) == 10_531
    assert told["cancellations"] == sum(invoice.startswith("C") for _client, invoice in pence) == 1_708
    assert told["orders"] == 10_531 - 1_708

    facts, (spent, orders, cancellations) = stored()
    assert facts == pence
    assert (spent, orders, cancellations) == (sum(pence.values()), 10_531 - 1_708, 1_708)
    with Path(told["rejects_file"]).open(encoding="utf-8-sig", newline="") as file:
        refused = list(csv.DictReader(file))
    assert len(refused) == nobody
    assert all(row["CustomerID"] == "" and row["reason"] == "no_person" for row in refused)

    before = rows_and_their_writers()
    again = import_file("purchases", path, map_path=MAP, by=me, now=now).data()
    assert (again["imported"], again["unchanged"], again["people"], again["facts"]) == (0, rows - nobody, 0, 0)
    assert rows_and_their_writers() == before
