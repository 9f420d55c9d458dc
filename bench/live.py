"""How soon an open page hears of a fact, and what telling costs those who write.

Hearing: our server over HTTP with one process; some pages are open on a person each (SSE), facts come in one by one
through `POST /api/v1/events`, and what counts is the time from sending one to the word on the page of its person.
Claim: within a second.

Telling: batches of 1,000 events with and without it, in turn. The same batches go through `record_events` (persons,
facts, order numbers) with telling as it is, and with the call that tells taken out; the turns alternate, so that both
see the same machine. Once the facts are of a thousand people (one word is told for all) and once of eighty (each is
told by name). Claim: at most 3 % of a batch.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import sys
import time
from datetime import UTC, datetime
from unittest import mock
from uuid import UUID

from bench.report import Section, summary

PEOPLE = int(os.environ.get("EGARD_BENCH_PEOPLE", "100000"))
ROUNDS = int(os.environ.get("EGARD_BENCH_ROUNDS", "40"))
BATCH = 1000
FEW = 80


OPEN = (1, int(os.environ.get("EGARD_BENCH_OPEN", "200")))
"""Pages open at once."""
TOLD = int(os.environ.get("EGARD_BENCH_TOLD", "100"))


def run(section: Section) -> None:
    hearing(section)
    telling(section)
    section.done()


def hearing(section: Section) -> None:
    from django.test import Client

    from bench.peers import answers, free_port
    from bench.town import ME, NOW
    from egard.base.clock import utc_now
    from egard.kernel.access.operations import create_api_key, create_user
    from egard.kernel.people.operations import create_person

    user = create_user(email="bench@example.org", roles=["agent"], by=ME, now=NOW)
    people = [create_person(identifiers=[("customer_number", f"L{n}")], by=ME, now=NOW).uuid for n in range(max(OPEN))]
    _key, secret = create_api_key(name="bench", scopes=["all"], by=ME, now=utc_now())
    client = Client()
    client.force_login(user)
    cookie = "; ".join(f"{name}={held.value}" for name, held in client.cookies.items())
    port = free_port()
    command = [sys.executable, "-m", "egard.site.cli", "web", "--port", str(port), "--processes", "1"]
    process = subprocess.Popen(command)
    try:
        answers(port, process)
        section.head("pages open", "facts", "p50 ms", "p95 ms", "p99 ms", "slowest, ms")
        for count in OPEN:
            times = asyncio.run(_heard(port, cookie, secret, people[:count], first=TOLD * OPEN.index(count)))
            p50, p95, p99 = summary(times)
            section.row(count, len(times), f"{p50:.0f}", f"{p95:.0f}", f"{p99:.0f}", f"{1000 * max(times):.0f}")
            assert max(times) < 1, "a page heard later than in a second"
    finally:
        process.terminate()
        process.wait(20)


async def _heard(port: int, cookie: str, secret: str, people: list[UUID], *, first: int) -> list[float]:
    """Seconds from sending a fact of somebody to the word on her open page."""
    pages = []
    for person in people:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        asked = f"GET /live?topics=person:{person} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookie}\r\n\r\n"
        writer.write(asked.encode())
        await asyncio.wait_for(reader.readuntil(b"event: beat"), 20)
        pages.append((reader, writer))
    times = []
    for n in range(first, first + TOLD):
        place = n % len(people)
        body = json.dumps(
            {
                "kind": "purchases.made/1",
                "key": f"live{n}",
                "at": datetime.now(UTC).isoformat(),
                "channel": "shop",
                "person": {"id": str(people[place])},
                "data": {"order_number": f"live{n}", "total": {"amount": 100, "currency": "EUR"}},
            }
        ).encode()
        head = f"POST /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {secret}\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        answer, sender = await asyncio.open_connection("127.0.0.1", port)
        began = time.perf_counter()
        sender.write(head.encode() + body)
        await asyncio.wait_for(pages[place][0].readuntil(f"data: person:{people[place]}/facts".encode()), 5)
        times.append(time.perf_counter() - began)
        told = await answer.read()
        assert b" 201 " in told.split(b"\r\n")[0], told[:300]
        sender.close()
        await asyncio.sleep(0.2)  # what is told at one time goes out together: one at a time is what is asked here
    for _reader, writer in pages:
        writer.close()
    return times


def telling(section: Section) -> None:
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
