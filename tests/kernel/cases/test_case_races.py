"""Many at one case, on real connections, and processes that die: nothing is lost, nobody meets a lock error."""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from datetime import timedelta

import pytest
from moving import stage
from tests.killing import Workers
from tests.racing import at_once

from egard.kernel.access.queries import system_viewer
from egard.kernel.cases import operations, queries
from egard.kernel.cases.history import rebuilt
from egard.kernel.cases.models import Case
from egard.kernel.promises.models import Promise, PromiseEvent
from egard.kernel.promises.sweeping import sweep

pytestmark = pytest.mark.django_db(transaction=True)
DEEP = os.environ.get("EGARD_DEEP") == "1"


def test_fifty_people_at_one_case_are_all_served_or_refused_for_a_business_reason(publish, open_case, everything, now):
    fields = ", ".join(f"f{n}: {{label: F, type: whole}}" for n in range(10))
    steps = [f"s{n}: {{title: S, promise: 2 h, evidence: f{n}}}" for n in range(10)]
    publish(f"data: {{{fields}}}\n" + stage(*steps, "last: {title: L, after: [s0, s1]}"))
    case = open_case("toy")

    def complete(n: int, who: int):
        return lambda: operations.complete_step(everything, case.uuid, f"s{n}", {f"f{n}": who}, now=now)

    def edit(n: int):
        return lambda: operations.edit_data(everything, case.uuid, {f"f{n}": n}, now=now)

    works = [complete(n, who) for n in range(8) for who in range(5)] + [edit(9) for _n in range(5)]
    works += [lambda: operations.write_note(everything, case.uuid, "hello", now=now) for _n in range(5)]
    random.Random(4).shuffle(works)
    told = Counter(one if isinstance(one, str) else "applied" for one in at_once(works))
    assert told == {"applied": 18, "cases.already_settled": 32}
    assert case.open == {"s8", "s9", "last"}
    assert case.events.count("completed") == 8
    assert case.events.count("noted") == 5
    assert Promise.objects.filter(state="kept").count() == 8
    assert case.is_whole()


def test_the_same_key_from_many_at_once_is_one_act(publish, open_case, everything, now):
    publish(stage("a: {title: A, promise: 2 h}", "b: {title: B, after: a}"))
    case = open_case("toy")
    told = at_once([lambda: operations.complete_step(everything, case.uuid, "a", key="k", now=now)] * 10)
    assert not any(isinstance(one, str) for one in told)
    assert case.events == ["opened", "completed"]


def test_a_sweeper_and_people_on_the_same_cases_never_wait_for_one_another_in_a_circle(
    publish, open_case, everything, now
):
    publish(stage("a: {title: A, promise: 2 h}", 'late: {title: Late, when: promises.a == "broken", promise: 2 h}'))
    cases = [open_case("toy") for _n in range(12)]
    later = now + timedelta(hours=3)
    works = [lambda case=case: operations.complete_step(everything, case.uuid, "a", now=later) for case in cases]
    told = at_once([*works, *[lambda: sweep(now=later)] * 4])
    assert not any(isinstance(one, str) for one in told), told
    sweep(now=later)
    assert PromiseEvent.objects.filter(what="broken").count() == 12
    for case in cases:
        assert case.open == {"late"}
        assert case.row.snapshot["clocks"]["a"]["late"] is True
        assert case.is_whole()


def test_the_last_of_two_inner_cases_closed_at_once_moves_the_outer_one(publish, open_case, everything, now):
    publish(stage("look: {title: Look}") + "closing: {auto: true}", head="case: inner\ntitle: Inner\n")
    publish(
        stage(
            "x: {title: X}",
            "a: {title: A, after: x, case: inner}",
            "b: {title: B, after: x, case: inner}",
            "c: {title: C, after: [a, b]}",
        )
    )
    outer = open_case("toy").done("x")
    inner = list(Case.objects.filter(parent__uuid=outer.uuid).values_list("uuid", flat=True))
    at_once([lambda uuid=uuid: operations.complete_step(everything, uuid, "look", now=now) for uuid in inner])
    assert outer.open == {"c"}
    assert outer.is_whole()


WORK = """
import random
from egard.base.clock import utc_now
from egard.base.refusal import Refusal
from egard.kernel.access.queries import system_viewer
from egard.kernel.cases import operations
from egard.kernel.cases.models import Case
from egard.kernel.promises.sweeping import sweep

def run(seed):
    viewer, rng, turn = system_viewer("worker"), random.Random(int(seed)), 0
    while True:
        turn += 1
        uuids = list(Case.objects.filter(status="open").values_list("uuid", flat=True))
        act = rng.random()
        try:
            if not uuids or act < 0.3 and len(uuids) < 40:
                operations.open_case(viewer, "toy", now=utc_now())
            elif act < 0.4:
                sweep(now=utc_now())
            else:
                case, step = rng.choice(uuids), rng.choice("abcd")
                operations.complete_step(viewer, case, step, key=f"{seed}-{turn}", now=utc_now())
        except Refusal:
            pass
"""


@pytest.mark.fault
def test_processes_killed_at_any_moment_leave_every_case_as_its_events_say(publish, now):
    publish(
        stage(
            "a: {title: A, promise: 1 min}",
            "b: {title: B, after: a, promise: 2 h}",
            'c: {title: C, after: a, if: steps.b == "done"}',
            "d: {title: D, after: [b, c]}",
        )
        + "closing: {auto: true}"
    )
    rng, kills = random.Random(7), 200 if DEEP else 6
    workers = Workers(WORK)
    try:
        running = [workers.begin(str(seed)) for seed in range(3)]
        for kill in range(kills):
            time.sleep(0.05 + rng.random() * 0.4)
            workers.kill(running.pop(rng.randrange(len(running))))
            running.append(workers.begin(str(100 + kill)))
        time.sleep(0.5)
    finally:
        workers.close()
    cases = list(Case.objects.all())
    assert len(cases) > kills, f"seed 7: {len(cases)} cases"
    for case in cases:
        assert rebuilt(case.pk) == case.snapshot
        view = queries.case_view(system_viewer("test"), case.uuid)
        for key, clock in view.state["clocks"].items():
            promise = Promise.objects.get(uuid=clock["promise"])
            assert (clock["state"] in ("open", "paused")) == (promise.state == "open"), (key, clock, promise.state)
        assert PromiseEvent.objects.filter(promise__subject__startswith=f"case:{case.uuid}", what="broken").count() <= 4
