"""The person page and `overview`: server time at growing histories, and the number of queries.

In process (Django's client, whole middleware), one request at a time, a random person each. Claims: the kernel's part
takes at most 12 queries and a panel one, whatever the history; p50 at 10 million facts is at most 1.3 times p50 at
100 thousand. Goals: p50 15 ms, p99 50 ms.
"""

from __future__ import annotations

import os
import random
import time

from bench.report import Section, summary

SIZES = [int(n) for n in os.environ.get("EGARD_BENCH_FACTS", "100000,1000000,10000000").split(",")]
PEOPLE = int(os.environ.get("EGARD_BENCH_PEOPLE", "1000000"))
SAMPLES = int(os.environ.get("EGARD_BENCH_SAMPLES", "400"))


def run(section: Section) -> None:
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from bench import town
    from egard.base.clock import utc_now
    from egard.kernel.access.models import User
    from egard.kernel.access.operations import create_api_key, create_user

    town.fill_people(PEOPLE)
    user = User.objects.filter(email="bench@example.org").first() or create_user(
        email="bench@example.org", roles=["agent"], by=town.ME, now=town.NOW
    )
    _key, secret = create_api_key(name="bench", scopes=["all"], by=town.ME, now=utc_now())
    page = Client(SERVER_NAME="127.0.0.1")
    api = Client(SERVER_NAME="127.0.0.1", headers={"authorization": f"Bearer {secret}"})
    page.force_login(user)
    section.head("facts", "what", "queries", "p50 ms", "p95 ms", "p99 ms")
    medians: dict[tuple[str, int], float] = {}
    for size in SIZES:
        town.fill_facts(size)
        with connection.cursor() as cursor:
            # People who have a history: the same number of facts each, on average, is not the point here.
            cursor.execute("select uuid from people_person tablesample system (1) limit 5000")
            everybody = [row[0] for row in cursor.fetchall()]
        rng = random.Random(size)
        for what, client, address in (
            ("page", page, "/people/{}"),
            ("overview", api, "/api/v1/people/{}/overview"),
        ):
            seconds = []
            for n in range(SAMPLES + 20):
                url = address.format(rng.choice(everybody))
                started = time.perf_counter()
                answer = client.get(url)
                if n >= 20:
                    seconds.append(time.perf_counter() - started)
                assert answer.status_code == 200, answer.content[:300]
            with CaptureQueriesContext(connection) as queries:
                client.get(address.format(rng.choice(everybody)))
            p50, p95, p99 = summary(seconds)
            medians[what, size] = p50
            section.row(f"{size:,}", what, len(queries), f"{p50:.1f}", f"{p95:.1f}", f"{p99:.1f}")
    for what in ("page", "overview"):
        ratio = medians[what, SIZES[-1]] / medians[what, SIZES[0]]
        section.say(
            f"**{what}: p50 at {SIZES[-1]:,} facts is {ratio:.2f} times p50 at {SIZES[0]:,}**, {PEOPLE:,} people."
        )
    section.done()
