"""A case of five steps and one gateway, beside SpiffWorkflow 3.2: processor time a case, application and database.

Ours: opened for a person, each step completed by an agent whose role is asked, on a case that is read, judged by its
rules and written with its history at each step; an answer is promised when it is opened and kept when it is closed (a
promise that stands on the case, not on her timeline). SpiffWorkflow: the same five user tasks and the gateway, loaded
from the same PostgreSQL, run and saved there as JSON at each step; no history, no promise, no access. Both in one
process and one connection, in turns, fsync on. Claim: at least 1.5 times the cases per second of processor, goal 3.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.peers import TICK, DoesNotInstall, environment, libpq, ticks_of_tree
from bench.report import Section

CASES = int(os.environ.get("EGARD_BENCH_CASES", "1000"))
ROUNDS = 3
SPIFF = ("SpiffWorkflow==3.2.*", "psycopg[binary]")
KIT = Path(__file__).parent / "peer"
TYPE = """
case: bench
title: {fr: Banc, en: Bench}
roles: {agent: {label: {fr: Conseiller, en: Agent}, permission: cases.work}}
data: {amount: {type: whole, label: {fr: Montant, en: Amount}}}
promises: {answer: {within: 10 business days, kind: cases.step}}
stages:
  one:
    title: {fr: Un, en: One}
    steps:
      a: {title: A, role: agent, evidence: amount}
      b: {title: B, role: agent, after: a, if: data.amount > 10}
      c: {title: C, role: agent, after: a, if: data.amount <= 10}
      d: {title: D, role: agent, after: [b, c]}
      e: {title: E, role: agent, after: d}
      f: {title: F, role: agent, after: e}
closing: {auto: true}
"""


class Ours:
    """An agent, a person, and cases of hers."""

    def __init__(self) -> None:
        from bench.town import ME, NOW
        from egard.kernel.access.operations import create_user
        from egard.kernel.access.queries import viewer_for
        from egard.kernel.cases import types
        from egard.kernel.people.operations import create_person

        types.publish(TYPE, by=ME, now=NOW)
        agent = create_user(email="bench@example.org", roles=["agent"], by=ME, now=NOW)
        self.viewer = viewer_for(agent)
        self.people = [create_person(given_name=f"P{n}", by=ME, now=NOW) for n in range(100)]

    def one(self, n: int) -> Any:
        from egard.base.clock import utc_now
        from egard.kernel.cases import operations

        held = operations.open_case(self.viewer, "bench", self.people[n % len(self.people)], now=utc_now())
        for step in "abdef":
            given = {"amount": 50} if step == "a" else {}
            held = operations.complete_step(self.viewer, held.uuid, step, given, now=utc_now())
        assert held.state["status"] == "closed"
        return held

    def run(self, count: int) -> float:
        """Processor seconds of this process for so many cases."""
        before = resource.getrusage(resource.RUSAGE_SELF)
        for n in range(count):
            self.one(n)
        after = resource.getrusage(resource.RUSAGE_SELF)
        return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


class Spiff:
    def __init__(self, folder: Path) -> None:
        home = environment(folder, "spiff", SPIFF)
        self.python = home / "bin" / "python"
        self.env = {"PATH": os.environ["PATH"], **libpq(), "PGDATABASE": "spiff"}

    def run(self, count: int) -> tuple[float, int]:
        """Processor seconds of its process for so many cases, and the bytes of a stored case."""
        command = [self.python, "spiff_cases.py", str(count)]
        with subprocess.Popen(
            command, cwd=KIT, env=self.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            if process.stdout.readline() != "ready\n":
                raise DoesNotInstall("SpiffWorkflow did not start")
            self.began = time.perf_counter()
            self.database = _database_ticks()
            process.stdin.write("go\n")
            process.stdin.flush()
            told = json.loads(process.stdout.readline())
        return told["cpu_s"], told["bytes"]


def _postgres() -> int:
    return int(next(Path(os.environ["EGARD_DATA"]).rglob("postmaster.pid")).read_text().split()[0])


def _database_ticks() -> int:
    return ticks_of_tree(_postgres())


def _rebuilt(count: int) -> None:
    """The cases of the last turn are what their events say, and their promises were kept."""
    from egard.kernel.cases.history import rebuilt
    from egard.kernel.cases.models import Case
    from egard.kernel.promises.models import Promise

    for case in Case.objects.order_by("-pk")[:20]:
        assert rebuilt(case.pk) == case.snapshot
        assert Promise.objects.get(subject=f"case:{case.uuid}/answer").state == "kept"


def run(section: Section) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("create database spiff")
    ours = Ours()
    ours.run(20)
    spent: dict[str, list[tuple[float, float, float]]] = {"Egard": [], "SpiffWorkflow 3.2": []}
    size = 0
    with tempfile.TemporaryDirectory(prefix="egard-spiff-") as name:
        spiff = None
        try:
            spiff = Spiff(Path(name))
        except DoesNotInstall as why:
            section.say(f"Left out: {why}.")
        for _round in range(ROUNDS):
            database, began = _database_ticks(), time.perf_counter()
            app = ours.run(CASES)
            wall = time.perf_counter() - began
            spent["Egard"].append((app, (_database_ticks() - database) / TICK, wall))
            if spiff is not None:
                app, size = spiff.run(CASES)
                wall = time.perf_counter() - spiff.began
                spent["SpiffWorkflow 3.2"].append((app, (_database_ticks() - spiff.database) / TICK, wall))
    _rebuilt(CASES)
    section.head(
        "", "CPU ms a case, application", "database", "together", "cases per CPU second", "cases/s by the clock"
    )
    rate: dict[str, float] = {}
    for name, turns in spent.items():
        if turns:
            app, database, wall = min(turns, key=lambda one: one[0] + one[1])
            together = 1000 * (app + database) / CASES
            rate[name] = 1000 / together
            cells = (f"{1000 * app / CASES:.2f}", f"{1000 * database / CASES:.2f}", f"{together:.2f}")
            section.row(name, *cells, f"{rate[name]:.0f}", f"{CASES / wall:.0f}")
    if len(rate) == 2:
        ratio = rate["Egard"] / rate["SpiffWorkflow 3.2"]
        section.say(
            f"**{ratio:.2f} times the cases per CPU second of SpiffWorkflow 3.2**, whose case takes {size:,} bytes."
        )
    section.say(f"{CASES} cases in each of {ROUNDS} turns, the cheapest turn of each.")
    section.done()
