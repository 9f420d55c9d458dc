"""The person page and `overview`: server time at growing histories, and the number of queries.

In process (Django's client, whole middleware), one request at a time, a random person each. Each size stands in a
database of its own, filled first; then they are measured in turn, twice, so that all see the same machine. Claims: the
kernel's part takes at most 12 queries and a panel one, whatever the history; p50 at 10 million facts is at most 1.3
times p50 at 100 thousand. Goals: p50 15 ms, p99 50 ms.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time

from bench.report import Section, summary

NEEDS_SERVER = False  # one a size
SIZES = [int(n) for n in os.environ.get("EGARD_BENCH_FACTS", "100000,10000000").split(",")]
PEOPLE = int(os.environ.get("EGARD_BENCH_PEOPLE", "1000000"))
SAMPLES = int(os.environ.get("EGARD_BENCH_SAMPLES", "400"))
ROUNDS = 2
WHAT = {"page": "/people/{}/", "panel": "/people/{}/panels/purchases/", "overview": "/api/v1/people/{}/overview"}


def run(section: Section) -> None:
    kept = os.environ.get("EGARD_BENCH_DATA")
    base = kept or tempfile.mkdtemp(prefix="egard-bench-")
    try:
        for size in SIZES:
            _in_process_of_its_own(base, size, "fill")
        seconds: dict[tuple[int, str], list[float]] = {}
        queries: dict[tuple[int, str], int] = {}
        for _round in range(ROUNDS):
            for size in SIZES:
                answer = json.loads(_in_process_of_its_own(base, size, "measure"))
                section.versions = answer["versions"]
                for what in WHAT:
                    seconds.setdefault((size, what), []).extend(answer[what]["seconds"])
                    queries[size, what] = answer[what]["queries"]
    finally:
        if not kept:
            shutil.rmtree(base, ignore_errors=True)
    section.head("facts", "what", "queries", "p50 ms", "p95 ms", "p99 ms")
    medians = {}
    for (size, what), times in seconds.items():
        p50, p95, p99 = summary(times)
        medians[size, what] = p50
        section.row(f"{size:,}", what, queries[size, what], f"{p50:.1f}", f"{p95:.1f}", f"{p99:.1f}")
    for what in WHAT:
        ratio = medians[SIZES[-1], what] / medians[SIZES[0], what]
        section.say(f"**{what}: p50 at {SIZES[-1]:,} facts is {ratio:.2f} times p50 at {SIZES[0]:,}.**")
    section.say(
        f"{PEOPLE:,} people. Everybody measured has facts. The queries of `page` and `overview` include the session or"
        " the key and the log of the sight; `overview` includes a query for each panel."
    )
    section.done()


def _in_process_of_its_own(base: str, size: int, task: str) -> str:
    print(f"{task} {size:,}", flush=True)
    ran = subprocess.run(
        [sys.executable, "-m", "bench.person_page", task, str(size)],
        env={**os.environ, "EGARD_BENCH_DATA": f"{base}/{size}"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return ran.stdout.strip().splitlines()[-1] if ran.stdout.strip() else ""


def _fill(size: int) -> None:
    from bench import town

    town.fill_people(PEOPLE)
    town.fill_facts(size)


def _measure() -> None:
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from bench import town
    from bench.report import versions
    from egard.base.clock import utc_now
    from egard.journeys.purchases import operations
    from egard.kernel.access.models import User
    from egard.kernel.access.operations import create_api_key, create_user

    user = User.objects.filter(email="bench@example.org").first() or create_user(
        email="bench@example.org", roles=["agent"], by=town.ME, now=town.NOW
    )
    _key, secret = create_api_key(name="bench", scopes=["all"], by=town.ME, now=utc_now())
    clients = {
        "page": Client(SERVER_NAME="127.0.0.1"),
        "overview": Client(SERVER_NAME="127.0.0.1", headers={"authorization": f"Bearer {secret}"}),
    }
    clients["page"].force_login(user)
    clients["panel"] = clients["page"]
    with connection.cursor() as cursor:
        cursor.execute(
            "select distinct p.uuid, p.id from timeline_fact f tablesample system (%s)"
            " join people_person p on p.id = f.person_id limit 5000",
            [5 if _count() <= 1_000_000 else 0.5],
        )
        found = cursor.fetchall()
    everybody = [uuid for uuid, _pk in found]
    # The panel's figures of those who are looked at; for all of them the reaction would take an hour of its own.
    operations._write(operations._summed_up({pk for _uuid, pk in found}, (2**62, 0)))
    answer: dict[str, object] = {"versions": versions()}
    rng = random.Random(1)
    for what, address in WHAT.items():
        client, seconds = clients[what], []
        for n in range(SAMPLES + 20):
            url = address.format(rng.choice(everybody))
            started = time.perf_counter()
            page = client.get(url)
            if n >= 20:  # the first ones load templates and plans
                seconds.append(time.perf_counter() - started)
            assert page.status_code == 200, page.content[:300]
        with CaptureQueriesContext(connection) as queries:
            client.get(address.format(rng.choice(everybody)))
        answer[what] = {"seconds": seconds, "queries": len(queries)}
    print(json.dumps(answer))


def _count() -> int:
    from egard.kernel.timeline.models import Fact

    return Fact.objects.count()


if __name__ == "__main__":
    from bench.server import fresh_server

    with fresh_server():
        if sys.argv[1] == "fill":
            _fill(int(sys.argv[2]))
        else:
            _measure()
