"""The demo: a French brand with shops, its staff, and clients who really bought (see examples/data/ATTRIBUTION.md).

Loaded once, by the same imports as users' files. Everything it does can be done again: a load that was interrupted is
finished by the next one, with the first one's clock.
"""

from __future__ import annotations

import csv
import gzip
import tempfile
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypedDict
from zoneinfo import ZoneInfo

from django.db import connection
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from egard.base.clock import utc_now
from egard.base.refusal import Conflict
from egard.kernel.access.live import silently
from egard.kernel.access.models import Change
from egard.kernel.access.operations import log_change
from egard.kernel.lifecycle.imports import Tally, import_file
from egard.kernel.people.duplicates import look_at_all
from egard.kernel.people.models import Person
from egard.kernel.registry import registry
from egard.kernel.timeline.models import Fact
from egard.kernel.timeline.reactions import catch_up
from egard.site import (
    demo_cases,
    demo_control,
    demo_friction,
    demo_gestures,
    demo_life,
    demo_messages,
    demo_payments,
    demo_promises,
    demo_reach,
    demo_staff,
    paths,
)
from egard.site.demo_accounts import ACTOR, demo_users, is_at_this_machine

BRAND = "Maison Hirondelle"
ZONE = ZoneInfo("Europe/Paris")
"""The shops' own clock: an hour of the file is an hour on their wall."""
NEWEST_AGE = timedelta(days=2)
"""How old the newest purchase is at least when the demo is loaded; at most a week more."""
EVENING = 20
"""The hour at which the shops close, and the day's new clients are known."""
LOCK_KEY = 0x45676465
"""Advisory lock of the database: one process loads, the others wait."""
REMEMBERED_SECONDS = 30.0
_TIMES = {
    "people": ("since", "adviser_since", "other_since", "other_until", "withdrew_at"),
    "purchases": ("bought_at",),
}


class NotAlone(Conflict):
    """The database holds people who are not the demo's; load the demo into another one (`--data DIR`)."""

    code = "demo.not_alone"
    message = _("This installation holds people already; the demo would mix with them. Use another folder: --data DIR.")


class Login(TypedDict):
    """Somebody to sign in as. `role` is in the reader's language."""

    email: str
    password: str
    name: str
    role: str


@dataclass(frozen=True, slots=True)
class Loaded:
    """What the page on the demo tells: by how many weeks dates were shifted, and how much there is."""

    at: datetime
    weeks: int
    people: int
    facts: int


def ensure_demo(*, loopback: bool | None, now: datetime | None = None) -> bool:
    """Load the demo where nobody is known yet; whether the demo is there afterwards.

    `loopback`: the server listens on this machine only; elsewhere the demo's logins are suspended. None: nobody says,
    and they stay as they are. A database that holds people who are not the demo's is left alone.
    """
    with _alone():
        started = _first("demo.started")
        if started is None and Person.objects.exists():
            return False
        if _first("demo.loaded") is None:
            load_demo(now or utc_now())
        if loopback is not None:
            demo_staff.open_or_close(loopback=loopback, now=now or utc_now())
        forget()
        return True


def load_demo(now: datetime) -> None:
    """Load everything; what an interrupted load left is finished with its own clock. Not for two at once."""
    started = _first("demo.started")
    if started is None:
        log_change("demo.started", by=ACTOR, now=now)
    else:
        now = started.at
    weeks = weeks_to(now)
    with _quickly():
        _load(weeks, now=now)
    log_change(
        "demo.loaded",
        by=ACTOR,
        now=now,
        weeks=weeks,
        people=Person.objects.count(),
        facts=Fact.objects.filter(kind__name__startswith="purchases.", corrects__isnull=True).count(),
    )


def is_loaded() -> bool:
    """Whether this database holds the demo. Every page asks: the answer is remembered for half a minute."""
    name = str(connection.settings_dict["NAME"])
    held = _remembered.get(name)
    if held is None or held[1] < time.monotonic():
        held = _remembered[name] = (_first("demo.loaded") is not None, time.monotonic() + REMEMBERED_SECONDS)
    return held[0]


def brand() -> str:
    """In whose name the demo speaks; empty where there is none."""
    return BRAND if is_loaded() else ""


_remembered: dict[str, tuple[bool, float]] = {}


def forget() -> None:
    """Ask the database again."""
    _remembered.clear()


def loaded() -> Loaded | None:
    """What was loaded, and when; None where there is no demo."""
    row = _first("demo.loaded")
    return Loaded(row.at, row.detail["weeks"], row.detail["people"], row.detail["facts"]) if row else None


def logins() -> list[Login]:
    """Whom one can sign in as, in the order of the shop's door; nobody while the logins are suspended."""
    open_now = {user.email for user in demo_users() if user.is_active}
    password = paths.demo_password() if open_now else ""
    return [
        Login(
            email=member.email,
            password=password,
            name=member.name,
            role=str(registry.roles[member.role].label),
        )
        for member in demo_staff.STAFF
        if member.signs_in and member.email in open_now
    ]


def logins_for(request: HttpRequest) -> list[Login]:
    """The logins that the sign-in page shows: those of `logins` at this very machine, none elsewhere."""
    return logins() if is_at_this_machine(request) else []


# --- inside -------------------------------------------------------------------------------------------------------


def _load(weeks: int, *, now: datetime) -> None:
    staff = demo_staff.hire(now=now)
    with tempfile.TemporaryDirectory() as folder:
        people = _shifted("people", weeks, Path(folder))
        purchases = _shifted("purchases", weeks, Path(folder))
        for some, known_at in _by_month(people):
            _import("people", some, now=min(known_at, now))
        _import("purchases", purchases, now=now)
        demo_life.live(people, staff, now=now, zone=ZONE)
    demo_promises.promise(staff, now=now)
    demo_cases.complain(staff, now=now)
    demo_gestures.give(staff, now=now)
    demo_payments.pay(now=now)
    demo_control.control(staff, now=now)
    demo_reach.answer(staff, now=now)
    demo_messages.converse(staff, now=now)
    demo_friction.live(now=now)
    catch_up(now=now)
    demo_friction.reckon(now=now)
    look_at_all(now=now)


@contextmanager
def _quickly() -> Generator[None]:
    """No page is told of each row, and no commit waits for the disk: what a crash loses is loaded again."""
    with silently(), connection.cursor() as cursor:
        cursor.execute("set synchronous_commit to off")
        try:
            yield
        finally:
            cursor.execute("reset synchronous_commit")


@contextmanager
def _alone() -> Generator[None]:
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_lock(%s)", [LOCK_KEY])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("select pg_advisory_unlock(%s)", [LOCK_KEY])


def _first(what: str) -> Change | None:
    return Change.objects.filter(actor=str(ACTOR), what=what).order_by("id").first()


def source(kind: str) -> Path:
    return paths.examples_dir() / "data" / f"demo-{kind}.csv.gz"


def rows(path: Path) -> Iterator[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def weeks_to(now: datetime) -> int:
    """By how many whole weeks dates move: weekdays and hours stay as they were."""
    newest = max(datetime.fromisoformat(row["bought_at"]) for row in rows(source("purchases")))
    return (now.astimezone(ZONE).replace(tzinfo=None) - newest - NEWEST_AGE) // timedelta(weeks=1)


def _shifted(kind: str, weeks: int, folder: Path) -> Path:
    """The file with its dates moved forward, in `folder`."""
    path = folder / source(kind).name
    by = timedelta(weeks=weeks)
    moved: dict[str, str] = {}
    with gzip.open(path, "wt", compresslevel=1, encoding="utf-8", newline="") as file:
        writer: csv.DictWriter[str] | None = None
        for row in rows(source(kind)):
            if writer is None:
                writer = csv.DictWriter(file, fieldnames=list(row))
                writer.writeheader()
            for name in _TIMES[kind]:
                if text := row[name]:
                    row[name] = moved.get(text) or moved.setdefault(text, _moved(text, by))
            writer.writerow(row)
    return path


def _by_month(people: Path) -> Iterator[tuple[Path, datetime]]:
    """The people in one file per month of their first purchase, and the evening on which such a file came in.

    A brand learns of its clients as they come: what they said on consents has the date on which it was learned.
    """
    months: dict[str, list[dict[str, str]]] = {}
    for row in rows(people):
        months.setdefault(row["since"][:7], []).append(row)
    for month, some in sorted(months.items()):
        path = people.with_name(f"demo-people-{month}.csv.gz")
        with gzip.open(path, "wt", compresslevel=1, encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, fieldnames=list(some[0]))
            writer.writeheader()
            writer.writerows(some)
        latest = datetime.fromisoformat(max(row["since"] for row in some))
        yield path, latest.replace(hour=EVENING, tzinfo=ZONE)


def _moved(text: str, by: timedelta) -> str:
    at = datetime.fromisoformat(text) + by
    return f"{at:%Y-%m-%d}" if len(text) == 10 else f"{at:%Y-%m-%d %H:%M:%S}"


def _import(kind: str, path: Path, *, now: datetime) -> Tally:
    """As `egard import` does; a row that is refused is a mistake of ours."""
    map_path = paths.examples_dir() / "maps" / f"demo-{kind}.yaml"
    summary = import_file(kind, path, map_path=map_path, by=ACTOR, now=now)
    if summary.tally.rejected:
        raise RuntimeError(f"{summary.tally.rejected} rows of the demo were refused: {summary.tally.reasons}")
    return summary.tally
