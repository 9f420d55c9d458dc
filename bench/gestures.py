"""Gestures: what may be proposed to a client with a history, a voucher checked by many tills, a gesture granted whole.

A client with two hundred gestures, some about the case at hand; a team with a budget that bore them. `propose` is
asked as the drawer asks it, with the person found anew each time, no HTTP. Vouchers are checked in this process,
one after the other on one connection, then by two processes side by side: the whole question with its access rule, no
HTTP. Goals: a proposal in 20 ms, 1,000 checks a second.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from datetime import timedelta

from bench.report import Section, summary

GIVEN = int(os.environ.get("EGARD_BENCH_GESTURES", "200"))
VOUCHERS = int(os.environ.get("EGARD_BENCH_VOUCHERS", "20000"))
PROPOSALS = int(os.environ.get("EGARD_BENCH_PROPOSALS", "200"))
CHECKS = int(os.environ.get("EGARD_BENCH_CHECKS", "20000"))
GRANTS = int(os.environ.get("EGARD_BENCH_GRANTS", "100"))
WORKERS = 2


def run(section: Section) -> None:
    from bench import town
    from egard.base.clock import utc_now
    from egard.base.money import Money
    from egard.journeys.gestures import budgets, queries
    from egard.journeys.gestures.operations import grant
    from egard.kernel.access.operations import create_user, ensure_team
    from egard.kernel.access.queries import system_viewer, viewer_for
    from egard.kernel.delegations.operations import delegate
    from egard.kernel.people.models import Person
    from egard.kernel.people.queries import person as find

    town.fill_people(1000)
    now = utc_now()
    team = ensure_team("service", "Service", by=town.ME, now=now)
    user = create_user(email="camille@example.org", roles=["adviser"], teams=[team], by=town.ME, now=now)
    delegate("gestures.grant", user=user, per_act=10**9, split_days=1, by=town.ME, now=now - timedelta(days=400))
    budgets.set_budget(system_viewer("bench"), team, f"{now:%Y}", Money(10**9, "EUR"), now=now)
    viewer = viewer_for(user)
    everybody = list(Person.objects.order_by("pk")[: GRANTS + 1])
    whom = find(viewer, everybody[0].uuid)
    for n in range(GIVEN):
        grant(viewer, whom, "credit", 100, key=f"bench {n}", now=now - timedelta(minutes=GIVEN - n))

    about = queries.About(price=4_900)
    times = []
    for _n in range(PROPOSALS):
        begun = time.perf_counter()
        found = queries.proposals(viewer, find(viewer, whom.uuid), about, now=now)
        times.append(time.perf_counter() - begun)
    section.head("what", "p50", "p95", "p99")
    _times(section, f"a proposal for a client with {GIVEN} gestures ({len(found.proposals)} proposed)", times)

    times = []
    for n, one in enumerate(everybody[1:]):
        begun = time.perf_counter()
        grant(viewer, one, "redelivery", 1_390, key=f"grant {n}", now=now)
        times.append(time.perf_counter() - begun)
    _times(section, "granted whole: the same again with a letter, a biscuit and 5 EUR, one budget", times)
    _checks(section, viewer, whom, now)
    section.done()


def _times(section: Section, what: str, times: list[float]) -> None:
    section.row(what, *(f"{one:.1f} ms" for one in summary(times)))


def _checks(section: Section, viewer: object, whom: object, now: object) -> None:
    from django.db import connection

    codes = _fill(viewer, whom, now)
    begun = time.perf_counter()
    _check(codes[: CHECKS // WORKERS])
    took = time.perf_counter() - begun
    section.row("vouchers checked, one connection", f"{len(codes[: CHECKS // WORKERS]) / took:,.0f}/s", "", "")
    connection.close()
    parts = [codes[n::WORKERS][: CHECKS // WORKERS] for n in range(WORKERS)]
    begun = time.perf_counter()
    workers = [multiprocessing.Process(target=_check, args=(part,)) for part in parts]
    [one.start() for one in workers]
    [one.join() for one in workers]
    took = time.perf_counter() - begun
    section.row(f"vouchers checked, {WORKERS} processes", f"{sum(map(len, parts)) / took:,.0f}/s", "", "")


def _fill(viewer: object, whom: object, now: object) -> list[str]:
    """Vouchers with their accounts, as `grant` makes them, in few statements."""
    from egard.base.ids import new_id
    from egard.journeys.gestures import accounts
    from egard.journeys.gestures.models import Voucher
    from egard.journeys.gestures.rules.codes import new_code
    from egard.kernel.ledger.drafts import Draft
    from egard.kernel.ledger.operations import transfers

    end = now + timedelta(days=365)  # type: ignore[operator]
    rows = [
        Voucher(uuid=new_id(), code=new_code(), person=whom, amount=2_000, currency="EUR", channels=["shop"],
                made_at=now, expires_at=end) for _n in range(VOUCHERS)
    ]  # fmt: skip
    Voucher.objects.bulk_create(rows, batch_size=1000)
    cost = accounts.cost("EUR", now=now)  # type: ignore[arg-type]
    for first in range(0, VOUCHERS, 500):
        some = rows[first : first + 500]
        held = [accounts.voucher(row, by=accounts.BY, now=now) for row in some]  # type: ignore[arg-type]
        drafts = [
            Draft(debit=cost, credit=account, amount=2_000, key=f"{row.uuid}:worth", source="gestures")
            for row, account in zip(some, held, strict=True)
        ]
        transfers(drafts, by=accounts.BY, now=now)  # type: ignore[arg-type]
    return [row.code for row in rows]


def _check(codes: list[str]) -> None:
    from egard.base.clock import utc_now
    from egard.journeys.gestures.vouchers import check
    from egard.kernel.access.queries import system_viewer

    viewer, now = system_viewer("bench"), utc_now()
    for code in codes:
        assert check(viewer, code, now=now).left.amount == 2_000
