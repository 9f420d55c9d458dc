"""Importing files, beside a raw COPY of the same final rows.

A CSV of events, then one of order lines (five an order), of known people, goes through `import_file`: reading,
checks, persons, facts and order numbers; then a raw COPY of the rows it left, under new names, into the same tables
and indexes. They alternate. What reacts to the facts (the values of buyers) writes other rows: its time stands apart.
Claim: at least 0.25 of the raw COPY, goal 0.35.
"""

from __future__ import annotations

import os
import random
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from bench.report import Section

PEOPLE = int(os.environ.get("EGARD_BENCH_PEOPLE", "100000"))
SMALL = int(os.environ.get("EGARD_BENCH_SMALL", "100000"))
ROUNDS = int(os.environ.get("EGARD_BENCH_ROUNDS", "5"))
LINES_AN_ORDER = 5
MAPS = {
    "events": """kind: events
columns:
  kind: {constant: purchases.made/1}
  key: number
  at: {column: at, format: iso}
  channel: {constant: shop}
  person.customer_number: customer
  data.order_number: number
  data.total.amount: amount
  data.total.currency: {constant: EUR}
  data.site: {constant: paris}
""",
    "purchases": """kind: purchases
columns:
  order_number: number
  at: {column: at, format: iso}
  person.customer_number: customer
  quantity: quantity
  unit_price: {column: price, decimal: "."}
  currency: {constant: EUR}
  sku: sku
  label: label
  channel: {constant: shop}
""",
}
HEADS = {"events": "number,at,customer,amount", "purchases": "number,at,customer,quantity,price,sku,label"}


def write_file(path: Path, kind: str, rows: int, name: str) -> None:
    """A CSV of `rows` rows, written as it is made; `name` sets its order numbers apart from other files'."""
    from bench.town import NOW

    rng = random.Random(name)
    with path.open("w") as file:
        file.write(HEADS[kind] + "\n")
        order = ""
        for n in range(rows):
            if kind == "events" or n % LINES_AN_ORDER == 0:
                at = NOW - timedelta(minutes=rng.randrange(500_000))
                order = f"{name}{n},{at.isoformat()},{10_000_000 + rng.randrange(PEOPLE)}"
            if kind == "events":
                file.write(f"{order},{rng.randrange(20_000)}\n")
            else:
                sku = rng.randrange(4000)
                file.write(f"{order},{rng.randrange(1, 9)},{rng.randrange(100, 9000) / 100:.2f},{sku},Carnet {sku}\n")


def rate(section: Section, folder: Path, kind: str) -> None:
    """Import and raw COPY in turn; the medians of rows a second and their ratio, one line of the table."""
    from bench.rawcopy import last_ids, seconds_of_copy
    from bench.town import ME
    from egard.base.clock import utc_now
    from egard.kernel.lifecycle.imports import import_file, running
    from egard.kernel.timeline.reactions import catch_up

    ours: list[float] = []
    raw: list[float] = []
    reacting: list[float] = []

    def timed(**how: Any) -> int:
        begun = time.perf_counter()
        passed = catch_up(**how)
        reacting.append(time.perf_counter() - begun)
        return passed

    running.catch_up = timed
    for turn in range(ROUNDS + 1):
        path = folder / f"{kind}.csv"
        write_file(path, kind, SMALL, f"R{kind[0]}{turn}-")
        before = last_ids()
        started = time.perf_counter()
        summary = import_file(kind, path, map_path=folder / f"{kind}.yaml", by=ME, now=utc_now())
        seconds = time.perf_counter() - started - reacting[-1]
        assert (summary.tally.rejected, summary.tally.imported) == (0, SMALL), summary.data()
        copied, facts, identifiers = seconds_of_copy(before)
        assert facts == summary.tally.facts, (facts, summary.tally.facts)
        catch_up(now=utc_now())  # what reacts to the copied rows is not the next round's to pay
        if turn:  # the first one warms caches and plans
            ours.append(seconds)
            raw.append(copied)
    middle, limit = sorted(ours)[len(ours) // 2], sorted(raw)[len(raw) // 2]
    section.row(
        kind,
        f"{SMALL:,}",
        f"{facts:,} + {identifiers:,}",
        f"{middle:.2f}",
        f"{SMALL / middle:,.0f}",
        f"{sorted(reacting)[len(reacting) // 2]:.2f}",
        f"{limit:.2f}",
        f"**{limit / middle:.2f}**",
    )


def run(section: Section) -> None:
    from django.db import connection

    from bench import town

    town.fill_people(PEOPLE)
    with connection.cursor() as cursor:
        cursor.execute("vacuum analyze")
    with tempfile.TemporaryDirectory(prefix="egard-bench-files-") as name:
        folder = Path(name)
        for kind, text in MAPS.items():
            (folder / f"{kind}.yaml").write_text(text)
        section.head(
            "file", "rows", "facts + identifiers", "import, s", "rows/s", "reactions, s", "raw COPY, s", "ratio"
        )
        for kind in MAPS:
            rate(section, folder, kind)
    section.say(f"{PEOPLE:,} people; the median of {ROUNDS} rounds.")
    section.done()
