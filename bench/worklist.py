"""The list of cases of an agent, with a million open cases in all: server time and queries.

In process (Django's client, whole middleware), the whole page of fifty rows with their promises, one request at a time,
a random agent each. Cases of the `complaint` type that ships, at its beginning, each with a promise; a thousand agents
in a hundred teams and fifty places, every second case is an agent's own, every tenth asks a team. Two roles: `agent`,
who sees all cases and whose list is her own, and `site_manager`, who sees those of the place. Claim: the
number of queries is the same at a thousand and at a million. Goal: p95 50 ms.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from typing import Any

from bench.report import Section, summary

CASES = int(os.environ.get("EGARD_BENCH_OPEN_CASES", "1000000"))
FEW = 1000
AGENTS, TEAMS, SITES, MEASURED = 1000, 100, 50, 20
SAMPLES = int(os.environ.get("EGARD_BENCH_SAMPLES", "400")) // 2
LISTS = {
    "mine": "/worklist/cases/",
    "my team's": "/worklist/cases/?whose=team",
    "my place's": "/worklist/cases/?whose=site",
    "all, late": "/worklist/cases/?whose=all&status=late",
    "rows alone, after an action": "/worklist/cases/",
}

_FILL = """
with staff as (select id, row_number() over (order by id) - 1 as n from access_user),
teams as (select id, row_number() over (order by code) - 1 as n from access_team where code like 'bench%%'),
places as (select id, row_number() over (order by code) - 1 as n from access_site where code like 'bench%%'),
made as (
  select n, gen_random_uuid() as uuid, gen_random_uuid() as promise,
    date_trunc('second', %(now)s::timestamptz) + (n::bigint * 7919 %% 1000000 - 20000) * interval '1 second' as due_at
  from generate_series(%(first)s::int, %(last)s::int) n),
cases as (
  insert into cases_case (uuid, type_id, person_id, parent_step, status, version, snapshot, owner_id, team_id, site_id,
    channel, asked, keys, opened_at, due_at)
  select made.uuid, c.type_id, %(person)s + made.n %% %(people)s, '', 'open', c.version,
    jsonb_set(jsonb_set(c.snapshot, array['clocks', %(clock)s, 'promise'], to_jsonb(made.promise::text)),
      array['clocks', %(clock)s, 'due_at'], to_jsonb(made.due_at)),
    case when made.n %% 2 = 0 then staff.id end, teams.id, places.id, 'web',
    case when made.n %% 10 = 0 then array[teams.id] else '{}' end, '{}', c.opened_at, made.due_at
  from made join staff on staff.n = made.n / 2 %% %(agents)s join teams on teams.n = made.n %% %(teams)s
    join places on places.n = made.n %% %(sites)s, cases_case c where c.id = %(like)s)
insert into promises_promise (uuid, person_id, kind, subject, key, note, state, made_at, due_at, first_due_at, since,
  last_at, next_at, within, working, channel, kept_channel, warned, escalated, version)
select made.promise, %(person)s + made.n %% %(people)s, p.kind, 'case:' || made.uuid || '/' || %(clock)s,
  'bench:' || made.uuid, '', 'open', p.made_at, made.due_at, made.due_at, p.since, p.last_at,
  greatest(made.due_at, p.made_at + interval '30 days'), p.within, p.working, 'web', '', 0, 0, 1
from made, promises_promise p where p.uuid = %(promise)s
"""


def run(section: Section) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    clients, fill = _town()
    rng = random.Random(5)

    def asked(what: str, role: int, n: int) -> float:
        """Seconds of one page; `role` 1 is an agent, 0 the manager of a place."""
        client = clients[2 * (n % (MEASURED // 2)) + role]
        headers = {"hx-request": "true", "hx-target": "rows"} if what.startswith("rows") else {}
        started = time.perf_counter()
        page = client.get(LISTS[what], headers=headers)
        took = time.perf_counter() - started
        assert page.status_code == 200, (page.status_code, page.content[:300])
        return took

    def measured(what: str, role: int) -> tuple[int, list[float]]:
        most = 0
        for n in range(MEASURED // 2):  # one who has nothing asks less
            asked(what, role, n)
            with CaptureQueriesContext(connection) as queries:
                asked(what, role, n)
            most = max(most, len(queries))
        return most, [asked(what, role, rng.randrange(MEASURED)) for _n in range(SAMPLES)]

    fill(0, FEW)
    before = {(what, role): measured(what, role)[0] for what in LISTS for role in (1, 0)}
    fill(FEW, CASES)
    section.head("list", "role", f"queries at {FEW:,}", f"at {CASES:,}", "p50 ms", "p95 ms", "p99 ms")
    worst = 0.0
    for what in LISTS:
        for role, name in ((1, "agent"), (0, "site manager")):
            queries, seconds = measured(what, role)
            p50, p95, p99 = summary(seconds)
            worst = max(worst, p95)
            section.row(what, name, before[what, role], queries, f"{p50:.1f}", f"{p95:.1f}", f"{p99:.1f}")
            assert queries == before[what, role], (what, name, before[what, role], queries)
    section.say(f"**p95 of the slowest list: {worst:.0f} ms.** {CASES:,} open cases, each with an open promise.")
    section.done()


def _town() -> tuple[list[Any], Callable[[int, int], None]]:
    """The signed-in staff who are measured, and what fills the town up to some number of cases."""
    from django.db import connection
    from django.test import Client

    from bench import town
    from egard.base.clock import utc_now
    from egard.kernel.access.models import Site, Team, User
    from egard.kernel.access.operations import create_user
    from egard.kernel.access.queries import system_viewer
    from egard.kernel.cases import operations
    from egard.kernel.people.models import Person

    now, people = utc_now(), max(1000, CASES // 10)
    town.fill_people(people)
    teams = Team.objects.bulk_create(Team(code=f"bench-{n:03}", name=f"Team {n}") for n in range(TEAMS))
    sites = Site.objects.bulk_create(Site(code=f"bench-{n:03}", name=f"Place {n}") for n in range(SITES))
    clients = []
    for n in range(MEASURED):
        role, team, site = "agent" if n % 2 else "site_manager", teams[n % TEAMS], sites[n % SITES]
        agent = create_user(
            email=f"agent{n}@example.org", roles=[role], teams=[team], sites=[site], by=town.ME, now=now
        )
        clients.append(client := Client(SERVER_NAME="127.0.0.1"))
        client.force_login(agent)
    User.objects.bulk_create(
        User(email=f"other{n}@example.org", name=f"Other {n}", created_at=now) for n in range(AGENTS - MEASURED)
    )
    person = Person.objects.order_by("pk").first()
    one = operations.open_case(system_viewer("bench"), "complaint", person, data={}, now=now)
    clock, promise = next((key, held["promise"]) for key, held in one.state["clocks"].items() if held.get("promise"))
    given = {
        "now": now, "like": one.id, "promise": promise, "clock": clock, "person": person.pk, "people": people,
        "agents": User.objects.count(), "teams": TEAMS, "sites": SITES,
    }  # fmt: skip

    def fill(first: int, last: int) -> None:
        step = 50_000
        with connection.cursor() as cursor:
            for at in range(first, last, step):
                cursor.execute(_FILL, {**given, "first": at, "last": min(last, at + step) - 1})
                print(f"\r{min(last, at + step):,} cases", end="", flush=True)
            cursor.execute("vacuum analyze cases_case, cases_ask, promises_promise")
        print()

    return clients, fill
