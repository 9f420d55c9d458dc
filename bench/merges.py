"""Merging two people and undoing it: a link that can be cut, beside rows that move; and what reading costs afterwards.

`link` is the product's operation, with hooks, search row and facts. `rows that move` is the least the alternative must
do, in hand-written SQL: give the absorbed person's facts, identifiers, consents and roles to the survivor, remember
which were whose, and give them back. WAL is what the server wrote durably for it. Both persons have as many facts.
Pages are whole requests through all middleware, in process, of a person with 200 facts in each of her records.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable

from bench.report import Section, summary

SIZES = [int(n) for n in os.environ.get("EGARD_BENCH_MERGED_FACTS", "200,100000").split(",")]
TIMES = int(os.environ.get("EGARD_BENCH_MERGES", "10"))
SAMPLES = int(os.environ.get("EGARD_BENCH_SAMPLES", "300"))
TABLES = ("timeline_fact", "people_identifier", "people_consent", "people_role")
PAGE_FACTS = 200


def run(section: Section) -> None:
    from bench import town

    section.head("facts each", "way", "merge p50 ms", "undo p50 ms", "WAL of both, KiB")
    for size in SIZES:
        for way, merge, undo in (("link", _link, _cut), ("rows that move", _move, _move_back)):
            survivor, absorbed = _person(size), _person(size)
            merges, undos, wal = [], [], []
            for _time in range(TIMES):
                before = _wal()
                merges.append(_seconds(merge, survivor, absorbed))
                undos.append(_seconds(undo, survivor, absorbed))
                wal.append(_wal() - before)
            p50s = (f"{summary(taken)[0]:.1f}" for taken in (merges, undos))
            section.row(f"{size:,}", way, *p50s, f"{sorted(wal)[len(wal) // 2] / 1024:,.0f}")
    section.say(
        "A fact that moves keeps its key, and a key is unique per person: where both records hold the same order,"
        " rows that move are refused or lose one. The measure leaves that out."
    )
    _pages(section)
    _probe(section)
    section.say(f"Seeds fixed; {town.NOW:%Y}; {TIMES} merges a size, {SAMPLES} requests a page.")
    section.done()


def _person(facts: int):
    from bench import town
    from egard.kernel.people import bulk
    from egard.kernel.people.models import Person
    from egard.kernel.timeline.bulk import record_events

    number = f"M{random.Random(time.perf_counter_ns()).getrandbits(48):x}"
    new = bulk.NewPerson([("customer_number", number)], given_name="Anne", family_name=f"Nom {number}")
    [pk] = bulk.create([new], by=town.ME, now=town.NOW)
    for start in range(0, facts, 1000):
        events = [
            {
                "kind": "purchases.made/1",
                "key": f"made:{number}-{n}",
                "at": f"20{10 + n % 15:02d}-03-{1 + n % 28:02d}T10:00:00Z",
                "person": {"kind": "customer_number", "value": number},
                "data": {"order_number": f"{number}-{n}", "total": {"amount": 1000 + n, "currency": "EUR"}},
            }
            for n in range(start, min(facts, start + 1000))
        ]
        record_events(events, by=town.ME, now=town.NOW, history=True)
    return Person.objects.get(pk=pk)


def _link(survivor, absorbed) -> None:
    from bench import town
    from egard.kernel.lifecycle.operations import merge_persons

    merge_persons(survivor, absorbed, by=town.ME, now=town.NOW)


def _cut(survivor, absorbed) -> None:
    from bench import town
    from egard.kernel.lifecycle.operations import undo_merge
    from egard.kernel.people.models import Merge

    undo_merge(Merge.objects.get(absorbed=absorbed, undone_at=None), by=town.ME, now=town.NOW)


def _move(survivor, absorbed) -> None:
    from django.db import connection

    from egard.kernel.access.operations import redacting

    with redacting(), connection.cursor() as cursor:
        cursor.execute("create table if not exists bench_moved (of text, id bigint, person_id bigint)")
        for table in TABLES:
            cursor.execute(
                f"with moved as (update {table} set person_id = %s where person_id = %s returning id)"
                " insert into bench_moved select %s, id, %s from moved",
                [survivor.pk, absorbed.pk, table, absorbed.pk],
            )


def _move_back(survivor, absorbed) -> None:
    from django.db import connection

    from egard.kernel.access.operations import redacting

    with redacting(), connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(
                f"update {table} t set person_id = m.person_id from bench_moved m where m.of = %s and t.id = m.id",
                [table],
            )
        cursor.execute("truncate bench_moved")


def _seconds(work: Callable[..., object], *arguments: object) -> float:
    started = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - started


def _wal() -> int:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("select pg_current_wal_insert_lsn() - '0/0'")
        return int(cursor.fetchone()[0])


def _pages(section: Section) -> None:
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from bench import town
    from egard.base.clock import utc_now
    from egard.kernel.access.operations import create_api_key, create_user

    user = create_user(email="bench@example.org", roles=["agent"], by=town.ME, now=town.NOW)
    _key, secret = create_api_key(name="bench", scopes=["all"], by=town.ME, now=utc_now())
    page = Client(SERVER_NAME="127.0.0.1")
    page.force_login(user)
    api = Client(SERVER_NAME="127.0.0.1", headers={"authorization": f"Bearer {secret}"})
    people = {}
    for members in (0, 1, 3):
        people[f"{members} merged"] = survivor = _person(PAGE_FACTS)
        for _n in range(members):
            _link(survivor, _person(PAGE_FACTS))
    people["none, all 800 facts her own"] = _person(4 * PAGE_FACTS)
    section.head("records merged into hers", "what", "queries", "p50 ms", "p95 ms")
    told: dict[tuple[str, str], list[float]] = {}
    asked = {"page": (page, "/people/{}/"), "overview": (api, "/api/v1/people/{}/overview")}
    for n in range(SAMPLES + 10):
        for who, person in people.items():  # in turn, so that all see the same machine
            for what, (client, address) in asked.items():
                taken = _seconds(client.get, address.format(person.uuid))
                if n >= 10:
                    told.setdefault((who, what), []).append(taken)
    for (who, what), taken in sorted(told.items(), key=lambda one: one[0][1]):
        client, address = asked[what]
        with CaptureQueriesContext(connection) as made:
            assert client.get(address.format(people[who].uuid)).status_code == 200
        p50, p95, _p99 = summary(taken)
        section.row(who, what, len(made), f"{p50:.1f}", f"{p95:.1f}")


def _probe(section: Section) -> None:
    """What the look for merged records costs somebody who has none."""
    from egard.kernel.access.queries import system_viewer
    from egard.kernel.people import queries
    from egard.kernel.people.members import with_members

    viewer, person = system_viewer("bench"), _person(1)
    plain = queries.visible(viewer).select_related("site").filter(uuid=person.uuid)
    ways = {
        "as it was: by her id": lambda: plain.first(),
        "with the records merged into hers": lambda: with_members(plain).first(),
        "and from the id of any of them (the product)": lambda: queries.person(viewer, person.uuid),
    }
    told: dict[str, list[float]] = {name: [] for name in ways}
    for _n in range(5 * SAMPLES):
        for name, ask in ways.items():
            told[name].append(_seconds(ask))
    section.head("loading a person who was never merged", "p50 ms", "p95 ms")
    for name, taken in told.items():
        p50, p95, _p99 = summary(taken)
        section.row(name, f"{p50:.2f}", f"{p95:.2f}")
