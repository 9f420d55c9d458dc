"""Recording events in batches of 1,000, beside a raw COPY of the same final rows into the same tables and indexes.

Each round sends one batch through `POST /api/v1/events` (in process, whole stack: authentication, parsing, checks,
persons, facts, order numbers, answer), then copies the rows that the batch left, under new names, straight into the
tables: their COPY text is there before the clock starts, so only the COPY and its commit count. The rounds alternate,
so that both see the same machine. Claim: at least 0.25 of the raw COPY, goal 0.35.
"""

from __future__ import annotations

import os
import random
import time
from datetime import timedelta

import orjson

from bench.report import Section

PEOPLE = int(os.environ.get("EGARD_BENCH_PEOPLE", "100000"))
ROUNDS = int(os.environ.get("EGARD_BENCH_ROUNDS", "40"))
BATCH = 1000


def event(n: int, rng: random.Random) -> dict[str, object]:
    from bench.town import NOW

    return {
        "kind": "purchases.made/1",
        "key": f"made:{n}",
        "at": (NOW - timedelta(minutes=rng.randrange(500_000))).isoformat(),
        "channel": rng.choice(("shop", "web")),
        "person": {"kind": "customer_number", "value": str(10_000_000 + rng.randrange(PEOPLE))},
        "data": {
            "order_number": f"N{n}",
            "total": {"amount": rng.randrange(20_000), "currency": "EUR"},
            "lines": [
                {"sku": "85123A", "label": "Bougie parfumée", "quantity": 2, "unit": 450},
                {"sku": "71053", "label": "Carnet", "quantity": 1, "unit": 700},
            ],
            "site": "paris",
        },
    }


def run(section: Section) -> None:
    from django.db import connection
    from django.test import Client

    from bench import town
    from bench.rawcopy import last_ids, seconds_of_copy
    from egard.base.clock import utc_now
    from egard.kernel.access.operations import create_api_key

    town.fill_people(PEOPLE)
    with connection.cursor() as cursor:
        cursor.execute("vacuum analyze")
    _key, secret = create_api_key(name="bench", scopes=["all"], by=town.ME, now=utc_now())
    client = Client(SERVER_NAME="127.0.0.1", headers={"authorization": f"Bearer {secret}"})
    rng = random.Random(7)
    ours: list[float] = []
    raw: list[float] = []
    numbers = iter(range(10**9))
    for turn in range(ROUNDS + 4):
        body = orjson.dumps({"events": [event(next(numbers), rng) for _ in range(BATCH)]})
        before = last_ids()
        started = time.perf_counter()
        answer = client.post("/api/v1/events", body, content_type="application/json")
        seconds = time.perf_counter() - started
        assert answer.status_code < 300, answer.content[:500]
        copied, facts, _identifiers = seconds_of_copy(before)
        assert facts == BATCH, facts
        if turn >= 4:  # the first ones warm caches and plans
            ours.append(seconds)
            raw.append(copied)
    ours.sort()
    raw.sort()
    middle, limit = ours[len(ours) // 2], raw[len(raw) // 2]
    section.head("", "rows/s (median of batches)", "ms a batch")
    section.row("POST /api/v1/events, 1,000 a batch", f"{BATCH / middle:,.0f}", f"{1000 * middle:.1f}")
    section.row("raw COPY of the same rows", f"{BATCH / limit:,.0f}", f"{1000 * limit:.1f}")
    section.say(f"**Ratio {limit / middle:.2f}** over {len(ours)} batches, {PEOPLE:,} people.")
    section.done()
