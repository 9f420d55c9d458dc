"""Work for later: asked in a transaction, carried out once, tried again, and taken again from the dead."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from datetime import timedelta

import psycopg
import pytest
from django.db import connection, transaction
from tests.racing import at_once

from egard.base.clock import utc_now
from egard.kernel.access.models import Site
from egard.kernel.jobs.operations import KEPT_HOURS, TryAgain, defer, in_hand, tidy
from egard.kernel.jobs.worker import APPLICATION_NAME, run_jobs
from egard.kernel.registry import Job, registry


@pytest.fixture
def declare(monkeypatch):
    """Declares a job for one test: `declare("toys.ring", function, waits=(1,))`."""

    def add(name, run, **more):
        monkeypatch.setitem(registry.jobs, name, Job(name, run, **more))

    return add


def queued() -> list[str]:
    """The states of this file's own jobs; what goes by the clock may come at any moment."""
    with connection.cursor() as cursor:
        cursor.execute("select status::text from procrastinate_jobs where task_name like 'toys.%%' order by id", [])
        return [row[0] for row in cursor.fetchall()]


@pytest.fixture
def worker():
    """A worker of this process: `worker()` starts it; it is stopped at the end."""
    stop, threads = threading.Event(), []

    def start():
        threads.append(threading.Thread(target=run_jobs, args=(stop,)))
        threads[-1].start()

    yield start
    stop.set()
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive()


def eventually(true, seconds: float = 25.0):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.05)


@pytest.mark.django_db
def test_a_job_is_asked_for_with_what_it_follows_from_or_not_at_all(declare, carry_out):
    rung = []
    declare("toys.ring", lambda now, times: rung.append(times))
    with transaction.atomic():
        defer("toys.ring", times=1)
        transaction.set_rollback(True)
    defer("toys.ring", times=2)
    assert carry_out() == 1
    assert rung == [2]
    assert queued() == []


@pytest.mark.django_db
def test_nobody_asks_for_a_job_that_nobody_declares():
    with pytest.raises(KeyError):
        defer("toys.unknown")


@pytest.mark.django_db
def test_what_failed_long_ago_is_forgotten(declare, now):
    declare("toys.ring", lambda now: None)
    for _ in range(2):
        defer("toys.ring")
    with connection.cursor() as cursor:
        cursor.execute("update procrastinate_jobs set status = 'doing'")
        cursor.execute("select procrastinate_finish_job_v1(id, 'failed', false) from procrastinate_jobs")
        cursor.execute("select max(at) from procrastinate_events")
        failed_at = cursor.fetchone()[0]
    tidy(now=failed_at + timedelta(hours=KEPT_HOURS - 1))
    assert queued() == ["failed", "failed"]
    tidy(now=failed_at + timedelta(hours=KEPT_HOURS + 1))
    assert queued() == []


@pytest.mark.django_db(transaction=True)
def test_a_worker_carries_out_tries_again_and_gives_up(declare, worker):
    tries = {"well": 0, "late": 0, "badly": 0}

    def ring(now, how):
        tries[how] += 1
        if how == "late" and tries[how] < 3:
            raise TryAgain(at=now)
        if how == "badly":
            raise OSError("nobody answers")

    declare("toys.ring", ring, waits=(0,))
    worker()
    for how in tries:
        defer("toys.ring", how=how)
    eventually(lambda: queued() == ["failed"])
    assert tries == {"well": 1, "late": 3, "badly": 2}


@pytest.mark.django_db(transaction=True)
def test_a_worker_outlives_a_restart_of_its_database(declare, worker):
    rung = threading.Event()
    declare("toys.ring", lambda now: rung.set())
    worker()

    def ours(cursor):
        cursor.execute("select pid from pg_stat_activity where application_name = %s", [APPLICATION_NAME])
        return cursor.fetchall()

    with connection.cursor() as cursor:
        eventually(lambda: len(ours(cursor)) >= 2)
        for (pid,) in ours(cursor):  # as a restart does to those who are connected
            cursor.execute("select pg_terminate_backend(%s)", [pid])
    defer("toys.ring")
    assert rung.wait(30)


SLEEPER = """
import sys, threading, time
import django
django.setup()
from egard.kernel.access.models import Site
from egard.kernel.jobs.worker import run_jobs
from egard.kernel.registry import Job, registry

def begin(now, code):
    Site.objects.create(code=code, name="begun")
    time.sleep(60)

registry.jobs["toys.begin"] = Job("toys.begin", begin)
run_jobs(threading.Event())
"""


@pytest.mark.fault
@pytest.mark.django_db(transaction=True)
def test_the_job_of_a_killed_worker_is_taken_again(declare, worker):
    done = threading.Event()
    declare("toys.begin", lambda now, code: done.set())
    url = psycopg.conninfo.make_conninfo(
        **{
            k: v
            for k, v in connection.get_connection_params().items()
            if k in ("host", "port", "user", "password", "dbname")
        }
    )
    dying = subprocess.Popen([sys.executable, "-c", SLEEPER], env={**os.environ, "DATABASE_URL": url})
    try:
        defer("toys.begin", code="shop")
        eventually(lambda: Site.objects.filter(name="begun").exists())
    finally:
        dying.send_signal(signal.SIGKILL)
        dying.wait()
    assert queued() == ["doing"]
    with connection.cursor() as cursor:  # its last breath was long ago: the test does not wait for that
        cursor.execute("update procrastinate_workers set last_heartbeat = now() - interval '1 minute'")
    worker()
    assert done.wait(20)
    eventually(lambda: queued() == [])


@pytest.mark.django_db(transaction=True)
def test_what_is_in_hand_is_taken_by_nobody_else_until_it_is_put_down_even_by_a_fault():
    now, beside = utc_now(), timedelta(seconds=5)

    def take():
        with in_hand("toys.1", beside=beside, now=now):
            return "taken"

    def fall():
        with in_hand("toys.1", beside=beside, now=now):
            assert at_once([lambda: _moment_of(take)]) == [now + beside]
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fall()
    assert at_once([take]) == ["taken"]


def _moment_of(take):
    with pytest.raises(TryAgain) as later:
        take()
    return later.value.at
