from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from datetime import timedelta

import psycopg
import pytest
from django.db import connection

from egard.journeys.purchases.facts import Amount, PurchaseMade
from egard.kernel.registry import Reaction, registry
from egard.kernel.timeline import reactions
from egard.kernel.timeline.models import Cursor, Fact
from egard.kernel.timeline.operations import record

pytestmark = pytest.mark.django_db(transaction=True)
DEEP = os.environ.get("EGARD_DEEP") == "1"


@pytest.fixture
def react(monkeypatch):
    """Declares a reaction for one test; its cursors are made as `migrate` makes them."""

    def declare(handle, *, history="apply", **more):
        reaction = Reaction("purchases.test", ("purchases.made/1",), handle, history, **more)
        monkeypatch.setitem(registry.reactions, reaction.name, reaction)
        reactions.ensure_cursors()
        return reaction

    return declare


@pytest.fixture
def buy(me, now):
    def write(person, number, **more):
        fact = PurchaseMade(order_number=str(number), total=Amount(100, "EUR"))
        return record(person, fact, at=now, by=me, channel="shop", key=f"made:{number}", now=now, **more)

    return write


def drain(reaction, now):
    """Until nothing is left for this reaction. Tests beside this one may hold the log's horizon back for a moment."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        while sum((reactions.react_once(reaction, shard, now=now) or 0) for shard in range(reaction.shards)):
            pass
        places = Cursor.objects.filter(reaction=reaction.name)
        newest = Fact.objects.order_by("-txid", "-id").values_list("txid", "id").first()
        if newest is None or all((c.txid, c.fact_id) == newest or c.failures for c in places):
            return
        time.sleep(0.02)


def test_each_fact_is_handled_once_in_the_order_of_the_log(react, buy, make_person, now):
    seen = []
    reaction = react(lambda facts: seen.extend(f.key for f in facts), batch=3)
    person = make_person()
    for n in range(10):
        buy(person, n)
    drain(reaction, now)
    drain(reaction, now)
    assert seen == [f"made:{n}" for n in range(10)]


def test_history_is_skipped_by_those_who_say_so_and_applied_by_the_others(react, buy, make_person, now):
    seen = []
    person = make_person()
    reaction = react(lambda facts: seen.extend(f.key for f in facts), history="skip")
    buy(person, "past", history=True)
    buy(person, "live")
    drain(reaction, now)
    assert seen == ["made:live"]


def test_a_reaction_added_later_takes_the_log_so_far_for_history(react, buy, make_person, now):
    person = make_person()
    buy(person, "before")
    skipped, applied = [], []
    late = react(lambda facts: skipped.extend(f.key for f in facts), history="skip")
    buy(person, "after")
    drain(late, now)
    assert skipped == ["made:after"]
    Cursor.objects.filter(reaction="purchases.test").delete()
    drain(react(lambda facts: applied.extend(f.key for f in facts)), now)
    assert applied == ["made:before", "made:after"]


def test_the_cursor_never_passes_a_transaction_still_open(react, buy, make_person, now):
    seen = []
    reaction = react(lambda facts: seen.extend(f.key for f in facts))
    person = make_person()
    buy(person, 0)
    drain(reaction, now)
    parameters = {
        k: v
        for k, v in connection.get_connection_params().items()
        if k in ("dbname", "host", "port", "user", "password")
    }
    slow = psycopg.connect(**parameters)
    slow.execute(
        "insert into timeline_fact (uuid, person_id, kind_id, at, recorded_at, channel, key, by, data)"
        " select gen_random_uuid(), person_id, kind_id, at, recorded_at, channel, 'made:slow', by, data"
        " from timeline_fact"
    )
    buy(person, 1)
    for _ in range(20):
        reactions.react_once(reaction, 0, now=now)
        assert "made:1" not in seen
    slow.commit()
    drain(reaction, now)
    assert seen == ["made:0", "made:slow", "made:1"]
    slow.close()


def test_a_failing_handler_loses_nothing_and_is_tried_again_later(react, buy, make_person, now):
    seen, broken = [], [True]

    def handle(facts):
        if broken[0] and any(f.key == "made:3" for f in facts):
            raise ValueError("the third one hurts")
        seen.extend(f.key for f in facts)

    reaction = react(handle)
    person = make_person()
    for n in range(5):
        buy(person, n)
    # Until it hurts: tests beside this one may hold the log's horizon back for a moment.
    later, deadline = now, time.monotonic() + 30
    while time.monotonic() < deadline:
        later += timedelta(minutes=20)
        reactions.react_once(reaction, 0, now=later)
        if len(seen) == 3 and Cursor.objects.get(reaction="purchases.test").failures:
            break
        time.sleep(0.01)
    place = Cursor.objects.get(reaction="purchases.test")
    assert "the third one hurts" in place.error
    assert seen == ["made:0", "made:1", "made:2"]
    assert reactions.lag()["failing"] == {"purchases.test/0": place.error}
    assert reactions.react_once(reaction, 0, now=place.retry_at - timedelta(seconds=1)) is None
    broken[0] = False
    drain(reaction, later + timedelta(days=1))
    assert seen == [f"made:{n}" for n in range(5)]
    assert reactions.lag()["failing"] == {}


def test_shards_split_people_and_miss_nobody(react, buy, make_person, now):
    seen = {}
    lock = threading.Lock()

    def handle(facts):
        with lock:
            for f in facts:
                seen.setdefault(f.person_id, []).append(f.key)

    reaction = react(handle, shards=3)
    people = [make_person() for _ in range(7)]
    for n in range(21):
        buy(people[n % 7], n)
    buy(None, "nobody")
    drain(reaction, now)
    assert sum(len(keys) for keys in seen.values()) == 22
    assert set(seen) == {p.pk for p in people} | {None}


def test_two_workers_never_hold_one_shard(react, buy, make_person, now):
    inside, most = [0], [0]
    lock = threading.Lock()

    def handle(facts):
        with lock:
            inside[0] += 1
            most[0] = max(most[0], inside[0])
        time.sleep(0.02)
        with lock:
            inside[0] -= 1

    reaction = react(handle, batch=1)
    person = make_person()
    for n in range(10):
        buy(person, n)

    def work():
        try:
            for _ in range(40):
                reactions.react_once(reaction, 0, now=now)
                time.sleep(0.005)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    drain(reaction, now)
    assert most == [1]
    assert Cursor.objects.get(reaction="purchases.test").handled == 10


def test_the_number_of_shards_changes_only_when_all_stand_at_one_point(react, buy, make_person, now, monkeypatch):
    reaction = react(lambda facts: None, shards=2)
    person = make_person()
    for n in range(3):
        buy(person, n)
    while not reactions.react_once(reaction, 0, now=now):
        time.sleep(0.02)
    with pytest.raises(reactions.ShardsApart, match="catch up"):
        react(lambda facts: None, shards=4)
    drain(reaction, now)
    react(lambda facts: None, shards=4)
    assert Cursor.objects.filter(reaction="purchases.test").count() == 4


def test_catching_up_runs_every_declared_reaction(buy, make_person, settle):
    from egard.journeys.purchases.models import Value

    buy(make_person(), 1)
    settle()
    assert Value.objects.get().orders == 1


WORKER = """
import os, sys, threading
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "egard.site.settings")
from django.conf import settings
settings.DATABASES["default"]["NAME"] = sys.argv[1]
import django
django.setup()
from egard.kernel.timeline.worker import run_worker
print("ready", flush=True)
run_worker(threading.Event())
"""


@pytest.mark.fault
def test_workers_killed_at_random_handle_every_fact_exactly_once(make_person, buy):
    """The value of a buyer is kept by a reaction: after any number of kills it equals the sum of her facts."""
    from egard.journeys.purchases.models import Value

    kills = 60 if DEEP else 5
    seed = int(os.environ.get("EGARD_SEED", random.randrange(10**6)))
    print(f"seed {seed}")
    rng = random.Random(seed)
    people = [make_person(f"P{n}") for n in range(9)]
    name = connection.settings_dict["NAME"]
    number, worker = 0, None

    def start():
        return subprocess.Popen([sys.executable, "-c", WORKER, name], stdout=subprocess.PIPE, env=os.environ.copy())

    try:
        for _ in range(kills):
            worker = start()
            worker.stdout.readline()
            until = time.monotonic() + rng.uniform(0.0, 0.4)
            while time.monotonic() < until:
                for _n in range(rng.randrange(1, 12)):
                    number += 1
                    buy(people[number % 9], number)
            worker.send_signal(signal.SIGKILL)
            worker.wait()
        worker = start()
        deadline = time.monotonic() + 60
        newest = Fact.objects.order_by("-txid", "-id").values_list("txid", "id")[0]
        place = Cursor.objects.filter(reaction="purchases.value").values_list("txid", "fact_id")
        while place[0] != newest and time.monotonic() < deadline:
            time.sleep(0.1)
            place = place.all()
    finally:
        if worker and worker.poll() is None:
            worker.kill()
            worker.wait()
    assert number == Fact.objects.count()
    assert sum(Value.objects.values_list("orders", flat=True)) == number
    for person in people:
        assert Value.objects.get(person=person).orders == Fact.objects.filter(person=person).count()
