"""Visits: what is offered in a town of shops with years of bookings behind them, and how quickly visits are booked.

Slots of one site for 14 days (goal: p95 30 ms), among 1,000 sites with 10 advisers each; the same before and after five
years of bookings, every adviser six a day (goal: at most 1.3 times as long, for the cost grows with the days asked).
The nearest 20 sites with a time, for 14 days (goal: p95 150 ms). Bookings by two processes at once, each with its
promise, its fact and its message, each its own durable commit, with the exclusion constraint on (goal: 200 a second).
"""

from __future__ import annotations

import multiprocessing
import os
import random
import time
from datetime import date, timedelta

from bench.report import Section, summary

BUSY = 20
"""So many of the sites have years of bookings behind them, and these are asked."""
SITES = int(os.environ.get("EGARD_BENCH_SITES", "1000"))
ADVISERS = 10
QUESTIONS = int(os.environ.get("EGARD_BENCH_QUESTIONS", "200"))
BOOKINGS = int(os.environ.get("EGARD_BENCH_BOOKINGS", "2000"))
YEARS = 5
DAYS = 14


def run(section: Section) -> None:
    from bench import town

    reason = _shops(town)
    section.head("what", "p50", "p95", "p99")
    before = _slots(town, reason)
    _row(section, f"slots of one site, {DAYS} days, no bookings", before)
    rows = _history(town)
    after = _slots(town, reason)
    _row(section, f"slots of one site, {DAYS} days, {rows:,} bookings of {YEARS} years behind", after)
    _row(section, f"the nearest 20 of {SITES:,} sites, {DAYS} days, {SITES * ADVISERS:,} advisers", _near(town, reason))
    ratio = summary(after)[0] / summary(before)[0]
    section.say(f"With {YEARS} years of bookings behind: {ratio:.2f} times as long (p50; goal at most 1.3).")
    for processes in (1, 2):
        done, seconds = _bookings(processes)
        section.say(f"{done:,} bookings by {processes} processes: {done / seconds:.0f} a second.")
    section.done()


def _row(section: Section, what: str, times: list[float]) -> None:
    section.row(what, *(f"{one:.1f} ms" for one in summary(times)))


def _shops(town):
    """Sites over France, each with ten advisers who take one reason."""
    from django.db import connection

    from egard.journeys.visits import shops
    from egard.journeys.visits.models import Resource, Rota, Shop, Skill
    from egard.kernel.access.models import Site, User

    rng = random.Random(3)
    told = {"name": "Discovery", "minutes": 45, "step_minutes": 15, "after": 15}
    reason = shops.set_reason("discovery", told, by=town.ME, now=town.NOW)
    sites = Site.objects.bulk_create([Site(code=f"s{n}", name=f"Shop {n}", zone="Europe/Paris") for n in range(SITES)])
    hours = shops.checked_hours(sites[0], {"week": {"mon-sat": ["10:00-19:00"]}, "holidays": "FR"})
    Shop.objects.bulk_create(
        Shop(site=site, hours=hours, latitude=rng.uniform(43, 50), longitude=rng.uniform(-1, 7)) for site in sites
    )
    users = User.objects.bulk_create(
        User(email=f"u{n}@example.org", name=f"U {n}", created_at=town.NOW) for n in range(SITES * ADVISERS)
    )
    who = Resource.objects.bulk_create(Resource(user=user) for user in users)
    own = shops.checked_hours(sites[0], {"week": {"mon-fri": ["10:00-13:00", "14:00-18:30"]}})
    rotas = Rota.objects.bulk_create(
        Rota(resource=one, site=sites[n // ADVISERS], hours=own if n % 2 else None) for n, one in enumerate(who)
    )
    Skill.objects.bulk_create(Skill(rota=rota, reason=reason) for rota in rotas)
    with connection.cursor() as cursor:
        cursor.execute("analyze")
    return reason


def _history(town) -> int:
    """Six visits a day of each adviser of the first sites, on the working days of five years and a month ahead."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "create temp table made as select row_number() over () as id, r.resource_id, r.site_id, s.reason_id,"
            "  d + (9 + k) * interval '1 hour' as starts"
            " from (select * from visits_rota order by id limit %(hosts)s) r join visits_skill s on s.rota_id = r.id,"
            "  generate_series(%(first)s, %(last)s, '1 day') d, generate_series(1, 6) k"
            " where extract(isodow from d) < 6 and not (d >= %(today)s and k %% 3 = 0)",
            {
                "hosts": BUSY * ADVISERS,
                "first": town.NOW.replace(hour=0, minute=0) - timedelta(days=365 * YEARS),
                "last": town.NOW + timedelta(days=30),
                "today": town.NOW,
            },
        )
        cursor.execute(
            "insert into visits_sitting (id, site_id, reason_id, starts_at, ends_at, before, after, capacity, taken)"
            " select id, site_id, reason_id, starts, starts + interval '45 min', 0, 15, 1, 1 from made"
        )
        cursor.execute(
            "insert into visits_occupied (resource_id, sitting_id, since, until)"
            " select resource_id, id, starts, starts + interval '1 hour' from made"
        )
        rows = cursor.rowcount
        cursor.execute("select setval(pg_get_serial_sequence('visits_sitting', 'id'), (select max(id) from made))")
        cursor.execute("analyze visits_sitting")
        cursor.execute("analyze visits_occupied")
    return rows


def _slots(town, reason) -> list[float]:
    from egard.journeys.visits.models import Shop
    from egard.journeys.visits.offering import offers

    rng, times = random.Random(5), []
    shops = list(Shop.objects.select_related("site").order_by("pk")[:BUSY])
    for _n in range(QUESTIONS):
        shop, first = rng.choice(shops), date(2026, 3, 11) + timedelta(days=rng.randrange(10))
        begun = time.perf_counter()
        [offer] = offers([shop], reason, first, first + timedelta(days=DAYS - 1), now=town.NOW)
        times.append(time.perf_counter() - begun)
        assert offer.at
    return times


def _near(town, reason) -> list[float]:
    from egard.journeys.visits.models import Shop
    from egard.journeys.visits.nearby import nearest

    rng, times = random.Random(6), []
    shops = Shop.objects.filter(is_public=True).select_related("site")
    for _n in range(QUESTIONS // 2):
        place = (rng.uniform(44, 49), rng.uniform(0, 6))
        first = date(2026, 3, 11) + timedelta(days=rng.randrange(10))
        begun = time.perf_counter()
        found = nearest(shops, reason, place, first, first + timedelta(days=DAYS - 1), now=town.NOW)
        times.append(time.perf_counter() - begun)
        assert len(found) == min(20, SITES), len(found)
    return times


def _bookings(processes: int) -> tuple[int, float]:
    """So many at once, of new people, at random sites and times; how many were booked, and in how many seconds."""
    forking = multiprocessing.get_context("fork")
    from django.db import connections

    connections.close_all()
    gate, told = forking.Barrier(processes + 1), forking.Queue()
    workers = [
        forking.Process(target=_book, args=(processes * 10 + n, BOOKINGS // processes, gate, told))
        for n in range(processes)
    ]
    for worker in workers:
        worker.start()
    gate.wait(600)
    begun = time.perf_counter()
    done = sum(told.get(timeout=600) for _worker in workers)
    seconds = time.perf_counter() - begun
    for worker in workers:
        worker.join(60)
    return done, seconds


def _book(seed: int, count: int, gate, told) -> None:
    from bench import town
    from egard.base.refusal import Refusal
    from egard.journeys.visits import booking
    from egard.journeys.visits.models import Reason, Shop
    from egard.journeys.visits.offering import offers
    from egard.journeys.visits.placing import Wish
    from egard.kernel.people.operations import create_person

    rng = random.Random(seed)
    reason = Reason.objects.get()
    shops = list(Shop.objects.select_related("site").order_by("pk"))
    work = []
    for n in range(count):
        shop, day = rng.choice(shops), date(2026, 3, 11) + timedelta(days=rng.randrange(28))
        free = list(offers([shop], reason, day, day, now=town.NOW)[0].at)
        if free:
            person = create_person(
                given_name="B", family_name=f"{seed}-{n}", identifiers=[("email", f"b{seed}.{n}@example.org")],
                by=town.ME, now=town.NOW,
            )  # fmt: skip
            work.append((shop, person, rng.choice(free)))
    gate.wait(600)
    done = 0
    for n, (shop, person, at) in enumerate(work):
        asked = booking.Told(told_by="email")
        try:
            booking.book(shop, reason, person, Wish(at), told=asked, key=f"{seed}:{n}", by=town.ME, now=town.NOW)
            done += 1
        except Refusal:  # somebody else was faster
            pass
    told.put(done)
