"""Sweeping promises: many open ones, of which some are due, by two workers; and what a sweep costs when nothing is.

The promises are copied in by SQL with their `made` events (made to a tenth as many people, with owners and places); the
due ones have a warning behind them and their moment passed. Two processes sweep until nothing waits: each break is an
event, a fact on the person's timeline, and the row. Beside it stands the least that any program could do for the same
breaks, from one connection: batches of 500 rows taken with SKIP LOCKED, one insert of events, one insert of facts, one
update. The idle cost is a sweep that finds nothing, at a thousand promises and at all of them. Goal: 10,000 due of one
million in 5 s; idle flat.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from datetime import timedelta

from bench.report import Section, summary

OPEN = int(os.environ.get("EGARD_BENCH_PROMISES", "1000000"))
DUE = int(os.environ.get("EGARD_BENCH_DUE", "10000"))
WORKERS = 2
IDLE_ROUNDS = 200
FEW = 1000

_FILL = """
with made as (
    insert into promises_promise (uuid, person_id, kind, subject, key, note, state, made_at, due_at, first_due_at,
        since, last_at, next_at, within, working, owner_id, site_id, channel, kept_channel, warned, escalated, version)
    select gen_random_uuid(), p.id, 'promises.answer', '', 'bench:' || %(tag)s || ':' || n, '', 'open',
        d.due - interval '2 days', d.due, d.due, d.due - interval '2 days', d.due - interval '2 days', d.due, '2 days',
        false, %(owner)s, null, 'email', '', 1, 0, 1
    from generate_series(1, %(count)s) n
    cross join lateral (select case when n <= %(due)s then %(now)s::timestamptz - n * interval '10 ms'
                               else %(now)s::timestamptz + interval '1 day' + n * interval '1 second' end as due) d
    join people_person p on p.id = %(first)s + n %% %(people)s
    returning id, made_at, due_at)
insert into promises_event (promise_id, n, what, at, recorded_at, by, channel, due_at, level, reason)
select id, 1, 'made', made_at, made_at, 'system:bench', 'email', due_at, 0, '' from made
"""
_LEAST = """
with mine as (
    select id, uuid, person_id, kind, due_at, version from promises_promise
    where next_at < %(now)s order by next_at limit 500 for update skip locked),
told as (
    insert into promises_event (promise_id, n, what, at, recorded_at, by, channel, due_at, level, reason)
    select id, version + 1, 'broken', due_at, %(now)s, 'system:bench', '', null, 0, '' from mine),
facts as (
    insert into timeline_fact (uuid, person_id, kind_id, at, recorded_at, channel, key, by, data)
    select gen_random_uuid(), person_id, %(kind)s, due_at, %(now)s, '', 'least:' || id, 'system:bench',
        jsonb_build_object('promise', uuid, 'kind', kind, 'due_at', due_at) from mine)
update promises_promise p set state = 'broken', next_at = null, version = p.version + 1 from mine where p.id = mine.id
"""


def run(section: Section) -> None:
    from django.db import connection

    from bench import town
    from egard.base.clock import utc_now
    from egard.kernel.access.operations import create_user
    from egard.kernel.promises import sweeping
    from egard.kernel.promises.models import Promise, PromiseEvent

    people = max(100, min(OPEN // 10, 100_000))
    town.fill_people(people)
    owner = create_user(email="owner@example.org", by=town.ME, now=utc_now())
    now = utc_now()

    def fill(tag: str, count: int, due: int) -> None:
        with connection.cursor() as cursor:
            cursor.execute("select min(id) from people_person")
            first = cursor.fetchone()[0]
            given = {
                "tag": tag,
                "count": count,
                "due": due,
                "now": now,
                "owner": owner.pk,
                "first": first,
                "people": people,
            }
            cursor.execute(_FILL, given)
            cursor.execute("vacuum analyze promises_promise, promises_event")

    section.head("", "p50", "p95")
    fill("few", FEW, 0)
    section.row(f"a sweep that finds nothing, of {FEW:,} open", *idle(now))
    fill("many", OPEN - FEW - DUE, 0)
    section.row(f"a sweep that finds nothing, of {OPEN - DUE:,} open", *idle(now))

    fill("least", DUE, DUE)
    least = _least(now)
    fill("due", DUE, DUE)
    waiting = sweeping.waiting(now=now)
    took = _by_workers(WORKERS)
    broken = PromiseEvent.objects.filter(what="broken").count()
    assert broken == 2 * DUE, broken
    assert not sweeping.waiting(now=now)
    left = Promise.objects.filter(state="open").count()
    section.head("", "seconds", "promises/s")
    section.row(f"{waiting:,} due of {left + DUE:,}, swept by {WORKERS} processes", f"{took:.2f}", f"{DUE / took:,.0f}")
    section.row("the least: one connection, four statements a batch of 500", f"{least:.2f}", f"{DUE / least:,.0f}")
    section.say(f"**{took:.1f} s** for {DUE:,} breaks with their events, facts and notices; ratio {least / took:.2f}.")
    section.done()


def idle(now: object) -> tuple[str, str]:
    """Milliseconds of a sweep that finds nothing."""
    from egard.kernel.promises import sweeping

    seconds = []
    for _round in range(IDLE_ROUNDS + 20):
        started = time.perf_counter()
        assert sweeping.sweep(now=now - timedelta(days=30)) == 0
        seconds.append(time.perf_counter() - started)
    p50, p95, _p99 = summary(seconds[20:])
    return f"{p50:.2f} ms", f"{p95:.2f} ms"


def _least(now: object) -> float:
    from django.db import connection

    from egard.kernel.promises.facts import PromiseBroken
    from egard.kernel.registry import registry
    from egard.kernel.timeline import kinds

    given = {"now": now, "kind": kinds.number(registry.fact_of[PromiseBroken])}
    started = time.perf_counter()
    with connection.cursor() as cursor:
        while True:
            cursor.execute(_LEAST, given)
            if not cursor.rowcount:
                return time.perf_counter() - started


def _by_workers(count: int) -> float:
    """Processes that are ready begin together; the time until the last has nothing left."""
    from django.db import connections

    connections.close_all()
    spawning = multiprocessing.get_context("spawn")
    gate, ready = spawning.Event(), spawning.Barrier(count + 1)
    workers = [spawning.Process(target=_sweep, args=(gate, ready)) for _n in range(count)]
    for worker in workers:
        worker.start()
    ready.wait(120)
    started = time.perf_counter()
    gate.set()
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
    return time.perf_counter() - started


def _sweep(gate: object, ready: object) -> None:
    import django

    django.setup()
    from django.db import connection

    from egard.base.clock import utc_now
    from egard.kernel.promises import sweeping

    connection.ensure_connection()
    ready.wait(120)
    gate.wait()
    sweeping.sweep(now=utc_now())
