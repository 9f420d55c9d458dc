"""Sweepers on real connections: however many, however late, however often killed, the record is the same."""

from __future__ import annotations

import os
import random
import threading
import time
from datetime import timedelta

import pytest
from django.db import connection
from tests.killing import Workers
from tests.racing import at_once

from egard.base.clock import utc_now
from egard.kernel.lifecycle.operations import erase_person
from egard.kernel.promises import sweeping
from egard.kernel.promises.bulk import change_all
from egard.kernel.promises.calendars import terms_of
from egard.kernel.promises.models import Promise, PromiseEvent
from egard.kernel.promises.operations import keep, promise
from egard.kernel.promises.rules import Happened, begin, overdue
from egard.kernel.promises.worker import Clock, run_sweeper
from egard.kernel.registry import Escalation
from egard.kernel.timeline.models import Fact

pytestmark = pytest.mark.django_db(transaction=True)
DEEP = os.environ.get("EGARD_DEEP") == "1"
ANSWER = "promises.answer"
STEPS = [Escalation("10 min", ("role:supervisor",)), Escalation("1 h", ("owner",))]


@pytest.fixture
def many(make_person, me):
    """Makes promises that fall due one after the other from a moment on."""

    def make(count: int, *, first, step=timedelta(seconds=30), tag=""):
        person = make_person("Anne")
        return [
            promise(
                person,
                ANSWER,
                due_at=first + n * step,
                warnings=["20 min", "5 min"],
                escalation=STEPS,
                key=f"{tag}{n}",
                by=me,
                now=first - timedelta(hours=1),
            )
            for n in range(count)
        ]

    return make


def record() -> dict[int, list[tuple]]:
    """What is written of each promise."""
    found: dict[int, list[tuple]] = {}
    for pk, *event in PromiseEvent.objects.order_by("promise", "n").values_list("promise", "what", "at", "level"):
        found.setdefault(pk, []).append(tuple(event))
    return found


def expected(rows, now) -> dict[int, list[tuple]]:
    """What one quiet sweeper would have written, reckoned without a database."""
    return {
        row.pk: [
            ("made", row.made_at, 0),
            *(
                (event.what, event.at, event.level)
                for event in overdue(begin(Happened("made", row.made_at, row.first_due_at)), terms_of(row), now)[1]
            ),
        ]
        for row in rows
    }


def test_ten_sweepers_at_once_write_what_one_would(many, now):
    rows = many(120, first=now)
    end = now + timedelta(hours=3)
    failed = []

    def work(seed):
        rng = random.Random(seed)
        try:
            for _ in range(12):  # each at its own idea of the time, the last one at the end
                sweeping.sweep_once(now=now + timedelta(minutes=rng.randrange(-30, 150)), most=rng.randrange(1, 40))
            sweeping.sweep(now=end)
        except Exception as error:  # pragma: no cover
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(n,)) for n in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert record() == expected(rows, end)
    assert Fact.objects.filter(kind__name="promises.broken").count() == 120
    assert sweeping.waiting(now=end) == 0


def test_a_worker_that_was_down_for_two_days_writes_what_one_that_was_there_would(many, now):
    rows = many(30, first=now)
    end = now + timedelta(days=2)
    sweeping.sweep(now=now + timedelta(minutes=4))
    assert sweeping.waiting(now=end) > 0
    assert sweeping.next_moment() < end
    sweeping.sweep(now=end)
    assert record() == expected(rows, end)
    assert {e.recorded_at for e in PromiseEvent.objects.filter(what="broken", at__gt=now + timedelta(minutes=5))} == {
        end
    }


def test_whoever_keeps_while_the_sweep_runs_is_in_time_or_late_and_never_both(many, me, now):
    rows = many(60, first=now)

    clock, over = [now], threading.Event()

    def work():
        try:
            while not over.is_set():
                sweeping.sweep(now=clock[0])
        finally:
            connection.close()

    sweeper = threading.Thread(target=work)
    sweeper.start()
    for n, row in enumerate(rows):
        clock[0] = row.due_at + timedelta(seconds=10 * (n % 3 - 1))
        keep(row, by=me, now=clock[0])
    over.set()
    sweeper.join()
    for n, row in enumerate(Promise.objects.order_by("pk")):
        events = [what for what, _at, _level in record()[row.pk]]
        late = row.kept_at > row.due_at
        assert row.state == ("broken" if late else "kept"), n
        assert events.count("broken") == int(late)
        assert events.count("kept") == 1


def test_sweeping_keeping_and_erasing_at_once_never_wait_for_each_other(make_person, me, now):
    people = [make_person(f"P{n}") for n in range(8)]
    rows = [promise(person, ANSWER, within="1 h", key=str(n), by=me, now=now) for person in people for n in range(6)]

    late = now + timedelta(hours=2)
    at_once(
        [
            lambda: [erase_person(person, by=me, now=late) for person in people],
            lambda: [erase_person(person, by=me, now=late) for person in reversed(people)],
            lambda: [sweeping.sweep_once(now=late, most=5) for _ in range(30)],
            lambda: [keep(row, by=me, now=late) for row in reversed(rows) if still_owed(row)],
            lambda: change_all(rows, "kept", by=me, now=late),
        ]
    )
    sweeping.sweep(now=late)
    assert set(Promise.objects.values_list("state", flat=True)) == {"broken"}
    assert not Promise.objects.filter(ended_at=None).exists()


def still_owed(row) -> bool:
    return Promise.objects.filter(pk=row.pk, ended_at=None).exists()


def test_one_key_asked_by_many_at_once_is_one_promise(make_person, me, now):
    person, made = make_person("Anne"), []

    def ask():
        made.append(promise(person, ANSWER, within="1 h", key="one", by=me, now=now).pk)
        connection.close()

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 8
    assert len(set(made)) == Promise.objects.count() == PromiseEvent.objects.count() == 1


def test_idle_it_reads_the_head_of_one_index(many, now, django_assert_num_queries):
    many(50, first=now)
    with django_assert_num_queries(3):  # savepoint, one select, release
        assert sweeping.sweep_once(now=now - timedelta(minutes=59)) == 0
    with connection.cursor() as cursor:
        cursor.execute("set enable_seqscan = off")
        cursor.execute("explain select * from promises_promise where next_at < now() order by next_at limit 500")
        assert "promises_next" in "".join(line for (line,) in cursor.fetchall())


def test_a_clock_that_leaps_is_believed_when_it_says_so_twice(now):
    assert abs(Clock().read() - utc_now()) < timedelta(seconds=30)
    clock = Clock()
    assert clock.believed(now, 0.0) == now
    assert clock.believed(now + timedelta(seconds=1), 1.0) is not None
    assert clock.believed(now + timedelta(hours=5), 2.0) is None  # forward at once: wait for its next word
    assert clock.believed(now + timedelta(seconds=3), 3.0) is not None  # it was a slip
    assert clock.believed(now + timedelta(days=2), 4.0) is None
    assert clock.believed(now + timedelta(days=2, seconds=1), 5.0) is not None


WORK = """
import threading
from egard.kernel.lifecycle.operations import erase_person
from egard.kernel.promises import sweeping
from egard.kernel.promises.worker import run_sweeper
sweeping.BATCH = 3
sweeping.sweep_once.__kwdefaults__["most"] = 3

def run(word):
    run_sweeper(threading.Event())
"""


@pytest.mark.fault
def test_workers_killed_at_random_break_each_promise_once_and_miss_none(many):
    kills = 200 if DEEP else 3
    seed = int(os.environ.get("EGARD_SEED", random.randrange(10**6)))
    print(f"seed {seed}")
    rng, rows, workers = random.Random(seed), [], Workers(WORK)
    try:
        working = workers.begin("first")
        for n in range(kills):
            rows += many(30, first=utc_now() - timedelta(hours=3), tag=f"{n}:")
            time.sleep(rng.uniform(0.0, 0.2))
            workers.kill(working)
            working = workers.begin(str(n))
        deadline = time.monotonic() + 60
        while sweeping.waiting(now=utc_now()) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert record() == expected(rows, utc_now())
        assert Fact.objects.filter(kind__name="promises.broken").count() == len(rows)
    finally:
        workers.close()


def test_the_worker_sweeps_until_it_is_told_to_stop(many):
    rows = many(5, first=utc_now() - timedelta(hours=3))
    stop = threading.Event()
    thread = threading.Thread(target=run_sweeper, args=(stop,))
    thread.start()
    deadline = time.monotonic() + 20
    while sweeping.waiting(now=utc_now()) and time.monotonic() < deadline:
        time.sleep(0.05)
    stop.set()
    thread.join(10)
    assert not thread.is_alive()
    assert record() == expected(rows, utc_now())
