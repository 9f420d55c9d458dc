"""What telling open pages costs those who write: batches of 1,000 events with and without it, in turn.

The same batches go through `record_events` (persons, facts, order numbers) with telling as it is, and with the call
that tells taken out; the turns alternate, so that both see the same machine. Once the facts are of a thousand people
(one word is told for all) and once of eighty (each is told by name). Claim: at most 3 % of a batch.
"""

from __future__ import annotations

import os
import random
import time
from unittest import mock

from bench.report import Section

PEOPLE = int(os.environ.get("EGARD_BENCH_PEOPLE", "100000"))
ROUNDS = int(os.environ.get("EGARD_BENCH_ROUNDS", "40"))
BATCH = 1000
FEW = 80


def run(section: Section) -> None:
    from django.db import connection

    from bench import town
    from bench.events import event
    from egard.base.clock import utc_now
    from egard.kernel.timeline.bulk import record_events

    town.fill_people(PEOPLE)
    with connection.cursor() as cursor:
        cursor.execute("vacuum analyze")
    rng, numbers = random.Random(11), iter(range(10**9))

    def seconds(people: int, *, silent: bool) -> float:
        batch = [event(next(numbers), rng) for _ in range(BATCH)]
        for one in batch:
            one["person"] = {"kind": "customer_number", "value": str(10_000_000 + rng.randrange(people))}
        quiet = mock.patch("egard.kernel.timeline.writing.tell_persons")
        if silent:
            quiet.start()
        try:
            started = time.perf_counter()
            record_events(batch, by=town.ME, now=utc_now())
            return time.perf_counter() - started
        finally:
            if silent:
                quiet.stop()

    section.head("facts of", "ms a batch, telling", "ms a batch, silent", "telling costs")
    for people, words in ((PEOPLE, f"{PEOPLE:,} people (one word)"), (FEW, f"{FEW} people (by name)")):
        turns: dict[bool, list[float]] = {False: [], True: []}
        for turn in range(2 * ROUNDS + 8):
            quiet = turn % 4 in (1, 2)  # neither always comes first
            took = seconds(people, silent=quiet)
            if turn >= 8:  # the first ones warm caches and plans
                turns[quiet].append(took)
        told, silent = (sorted(turns[quiet])[ROUNDS // 2] for quiet in (False, True))
        section.row(words, f"{1000 * told:.1f}", f"{1000 * silent:.1f}", f"{100 * (told / silent - 1):+.1f} %")
    section.done()
