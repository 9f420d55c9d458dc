"""Reaching one's own adviser with a town of people: who calls, whose line rings or what is offered; and friction.

The decision: the number is looked up among all, the caller's adviser found, her desk, hours, absences, queue, deputy
and the lengths of her last calls read, and the rules say what to do. Goal: p95 20 ms with 1 million people. The whole
request of the phone provider (`calls.receive`, no HTTP) also writes the call, its fact and the answer, takes the line
and commits durably. Half of the advisers are busy, so that half of the calls hear offers, with free times and the
expected wait. Calls are hung up outside of the clock; the check of a signature is measured apart. Friction: a year of
contacts of every fourth person (ten each), one person's index, and a whole night's figures.
"""

from __future__ import annotations

import os
import random
import time
from datetime import timedelta

from bench.report import Section, summary

PEOPLE = int(os.environ.get("EGARD_BENCH_PEOPLE", "1000000"))
CALLS = int(os.environ.get("EGARD_BENCH_CALLS", "500"))
ADVISERS = int(os.environ.get("EGARD_BENCH_ADVISERS", "200"))
LONG_AGO = 60
"""Calls that each adviser had lately: from these the wait is told."""
MARKS = 10


def run(section: Section) -> None:
    from bench import town

    town.fill_people(PEOPLE)
    _branch(town)
    section.head("what", "p50", "p95", "p99")
    _row(section, f"the decision ({PEOPLE:,} people)", _decisions(town))
    rings, offers = _calls(town)
    _row(section, "the request, whole: her adviser is free, the line rings", rings)
    _row(section, "the request, whole: her adviser is busy, what is offered", offers)
    _row(section, "the provider's signature of a request", _signatures())
    _friction(section, town)
    section.say(f"{CALLS:,} calls, {ADVISERS} advisers with {LONG_AGO} calls each lately.")
    section.done()


def _row(section: Section, what: str, times: list[float]) -> None:
    section.row(what, *(f"{one:.1f} ms" for one in summary(times)))


def _branch(town) -> None:
    """Advisers with desks, deputies and calls behind them; everybody is somebody's client."""
    from django.db import connection

    from egard.journeys.reach.models import Call
    from egard.journeys.reach.operations import set_desk, set_presence
    from egard.kernel.access.operations import create_user

    staff = [
        create_user(email=f"adviser{n}@example.org", name=f"Adviser {n}", roles=["adviser"], by=town.ME, now=town.NOW)
        for n in range(ADVISERS)
    ]
    for n, user in enumerate(staff):
        set_desk(user, line=f"+3314{n:07d}", deputy=staff[n - 1], by=town.ME, now=town.NOW)
        if n % 2:
            set_presence(user, "busy", by=town.ME, now=town.NOW)
    rows = []
    for n, user in enumerate(staff):
        for k in range(LONG_AGO):
            at = town.NOW - timedelta(days=1 + k % 50, minutes=k)
            rows.append(
                Call(provider_id=f"before{n}x{k}", adviser=user, rung=user, language="fr", asked_at=at, seen_at=at,
                     answered_at=at, ended_at=at + timedelta(minutes=4), talked=120 + 7 * k, waited=20, state="ended",
                     outcome="own")
            )  # fmt: skip
    Call.objects.bulk_create(rows, batch_size=2000)
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into people_relationship (person_id, kind, staff_id, since)"
            " select id, 'adviser', (%s::uuid[])[1 + id %% %s], %s from people_person",
            [[user.pk for user in staff], ADVISERS, town.NOW],
        )
        cursor.execute("analyze people_relationship")
        cursor.execute("analyze reach_call")


def _number(rng: random.Random) -> str:
    return f"+336{(rng.randrange(PEOPLE) * 7919) % 100_000_000:08d}"


def _decisions(town) -> list[float]:
    from egard.journeys.reach import callers, state
    from egard.journeys.reach.rules.routing import Asked, decide

    rng, times = random.Random(5), []
    for _n in range(CALLS):
        number = _number(rng)
        begun = time.perf_counter()
        [person] = callers.persons(number)
        adviser = callers.adviser_of(person)
        held = state.situation(adviser.pk, now=town.NOW)
        decide(held.adviser, held.deputy, held.house, Asked(), now=town.NOW)
        times.append(time.perf_counter() - begun)
    return times


def _calls(town) -> tuple[list[float], list[float]]:
    from egard.journeys.reach import calls
    from egard.journeys.reach.models import Call

    rng, rings, offers = random.Random(6), [], []
    for n in range(CALLS):
        number = _number(rng)
        begun = time.perf_counter()
        calls.receive(f"CA{n}", number, "https://example.org/api/v1/calls", now=town.NOW)
        took = time.perf_counter() - begun
        rung = Call.objects.values_list("state", flat=True).get(provider_id=f"CA{n}") == "ringing"
        (rings if rung else offers).append(took)
        calls.hung_up(f"CA{n}", now=town.NOW)
    assert rings, "no line rang"
    assert offers, "nothing was offered"
    return rings, offers


def _signatures() -> list[float]:
    from django.http import QueryDict
    from twilio.request_validator import RequestValidator

    from egard.journeys.reach.voice import SHARED_WITH_PROVIDER, require_signature

    os.environ[SHARED_WITH_PROVIDER] = "shared"
    url, told = "https://example.org/api/v1/calls", QueryDict("CallSid=CA1&From=%2B33612345678&To=%2B33140000000")
    signature = RequestValidator("shared").compute_signature(url, told)
    times = []
    for _n in range(CALLS):
        begun = time.perf_counter()
        require_signature(url, told, signature)
        times.append(time.perf_counter() - begun)
    return times


def _friction(section: Section, town) -> None:
    from django.db import connection

    from egard.journeys.friction import evaluating, queries
    from egard.kernel.access.queries import system_viewer
    from egard.kernel.people.models import Person

    with connection.cursor() as cursor:
        cursor.execute(
            "insert into friction_mark (person_id, kind, process, measure, at, fact, key)"
            " select p.id, case when k %% 5 = 0 then 'transfer' else 'wait' end, 'reach',"
            "  abs(hashint8(p.id * 31 + k)) %% 12, %s - abs(hashint8(p.id + k)) %% 365 * interval '1 day',"
            "  gen_random_uuid(), p.id || ':' || k"
            " from people_person p, generate_series(1, %s) k where p.id %% 4 = 0",
            [town.NOW, MARKS],
        )
        cursor.execute(
            "insert into friction_leaving (person_id, at, reason, fact)"
            " select p.id, %s - abs(hashint8(p.id)) %% 300 * interval '1 day', 'unhappy', gen_random_uuid()"
            " from people_person p where p.id %% 4 = 0 and abs(hashint8(p.id + 5)) %% 50 = 0",
            [town.NOW],
        )
        cursor.execute("analyze friction_mark")
        cursor.execute("select count(*) from friction_mark")
        marks = cursor.fetchone()[0]
    viewer, times = system_viewer("bench"), []
    for person in Person.objects.filter(pk__in=[4 * n for n in range(1, CALLS)]).order_by("pk"):
        person.absorbed = []
        begun = time.perf_counter()
        queries.of_person(viewer, person, now=town.NOW)
        times.append(time.perf_counter() - begun)
    _row(section, "one person's friction index with its reasons", times)
    begun = time.perf_counter()
    evaluating.evaluate(now=town.NOW)
    took = time.perf_counter() - begun
    relation = queries.latest(viewer).figures["relation"]
    told = f"{relation['rows']:,} rows, {relation['leavings']:,} leavings" if relation["told"] else "too few"
    section.say(f"A night's figures of {marks:,} frictions ({told}): {took:.1f} s.")
