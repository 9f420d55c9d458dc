"""Searching a million people by pieces of names, mails, phones and order numbers.

In process, the query function with its rows as the list shows them. Claim: constant queries. Goal: p95 50 ms.
"""

from __future__ import annotations

import os
import random
import time

from bench.report import Section, summary

PEOPLE = int(os.environ.get("EGARD_BENCH_PEOPLE", "1000000"))
FACTS = int(os.environ.get("EGARD_BENCH_SEARCH_FACTS", "1000000"))
SAMPLES = int(os.environ.get("EGARD_BENCH_SAMPLES", "400")) // 2


def run(section: Section) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from bench import town
    from egard.kernel.access.queries import system_viewer
    from egard.kernel.people.search import search

    town.fill_people(PEOPLE)
    town.fill_facts(FACTS)
    viewer = system_viewer("bench")
    rng = random.Random(3)

    def piece(text: str, size: int) -> str:
        start = rng.randrange(max(1, len(text) - size))
        return text[start : start + size]

    def somebody() -> object:
        return town.people(rng.randrange(PEOPLE), 1)[0]

    kinds = {
        "three letters, start of a family name": lambda p: p.family_name[:3],
        "three letters inside a family name": lambda p: piece(p.family_name, 3),
        "given and family name": lambda p: f"{p.given_name} {p.family_name[:4]}",
        "piece of a mail (7)": lambda p: piece(p.identifiers[1][1].split("@")[0], 7),
        "mail provider (gmail)": lambda p: "gmail",
        "whole mail": lambda p: p.identifiers[1][1],
        "four digits of a phone": lambda p: p.identifiers[2][1][-4:],
        "phone as dialled": lambda p: "0" + p.identifiers[2][1][3:],
        "customer number": lambda p: p.identifiers[0][1],
        "order number": lambda p: str(rng.randrange(1, max(2, FACTS // 20)) * 20),
        "end of an order number": lambda p: f"{rng.randrange(1, max(2, FACTS // 20)) * 20:07d}"[-5:],
        "nothing that exists": lambda p: "zzyzx" + p.family_name[:2],
    }
    section.head("what is typed", "queries", "p50 ms", "p95 ms", "p99 ms")
    for what, typed in kinds.items():
        seconds, most = [], 0
        for n in range(SAMPLES + 5):
            q = typed(somebody())
            started = time.perf_counter()
            search(viewer, q, limit=20)
            if n >= 5:
                seconds.append(time.perf_counter() - started)
        for _ in range(5):
            with CaptureQueriesContext(connection) as queries:
                search(viewer, typed(somebody()), limit=20)
            most = max(most, len(queries))
        p50, p95, p99 = summary(seconds)
        section.row(what, most, f"{p50:.1f}", f"{p95:.1f}", f"{p99:.1f}")
    section.say(f"{PEOPLE:,} people, {FACTS:,} facts.")
    section.done()
