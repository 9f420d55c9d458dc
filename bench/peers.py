"""Beside peers: reading and making a person here, in Tryton and in django-helpdesk; CPU of application and database.

Each application serves over HTTP on this machine with one process (Tryton and django-helpdesk by gunicorn with two
threads, ours by its own server) from a database of its own on one PostgreSQL; one client asks one thing at a time, in
turns. What is counted is processor time, of the application's processes and of PostgreSQL's.

A read of a person: our page with 200 facts (and, apart, with the panel that follows the first paint) and `overview`
with 50 of them and all sums; in Tryton a party with its addresses and ways to reach it, 100 complaints and 100 notes;
in django-helpdesk the page of a ticket with 100 follow-ups. Claims: our page takes at least 10 times less than
django-helpdesk's and 5 times less than Tryton's read; `overview` at least 8 times less than Tryton's read; making a
person with mail, phone and address at least 5 times less. Goal: 10 for all.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.report import Section, quantile

KIT = Path(__file__).parent / "peer"
OPERATIONS = int(os.environ.get("EGARD_BENCH_OPERATIONS", "100"))
ROUNDS = 3
FACTS = 200
TRYTON = (
    "trytond==8.2.*",
    "trytond_sale_complaint==8.2.*",
    "psycopg[binary,pool]",
    "gunicorn",
    "packaging",
    "setuptools",
)
HELPDESK = (
    "django-helpdesk==2.6.1",
    "django-bootstrap4-form",
    "psycopg[binary,pool]",
    "gunicorn",
    "packaging",
    "setuptools",
)
TICK = os.sysconf("SC_CLK_TCK")


class DoesNotInstall(Exception):
    """A peer cannot be had on this machine; the words say why."""


@dataclass(slots=True)
class Served:
    """An application that answers, and what it is asked."""

    name: str
    process: subprocess.Popen[bytes]
    port: int
    work: dict[str, Callable[[http.client.HTTPConnection, int], None]] = field(default_factory=dict)


# --- processor time ---------------------------------------------------------------------------------------------------


def ticks_of_tree(root: int) -> int:
    """Processor time of a process, of all below it, and of those below that ended."""
    parents: dict[int, list[int]] = {}
    ticks: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            cells = stat.read_text().rpartition(")")[2].split()
            pid = int(stat.parent.name)
            parents.setdefault(int(cells[1]), []).append(pid)
            ticks[pid] = sum(int(cell) for cell in cells[11:15])  # utime, stime, and both of ended children
    total, waiting = 0, [root]
    while waiting:
        pid = waiting.pop()
        total += ticks.get(pid, 0)
        waiting += parents.get(pid, [])
    return total


# --- the three --------------------------------------------------------------------------------------------------------


def environment(folder: Path, name: str, packages: tuple[str, ...]) -> Path:
    """A Python environment with these packages; kept between runs where EGARD_BENCH_PEERS names a folder."""
    home = Path(os.environ.get("EGARD_BENCH_PEERS") or folder) / name
    python = home / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
    done = subprocess.run(
        [python, "-m", "pip", "install", "-q", *packages], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise DoesNotInstall(f"{name}: {done.stderr.strip().splitlines()[-1][:200]}")
    return home


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def answers(port: int, process: subprocess.Popen[bytes]) -> None:
    for _try in range(600):
        if process.poll() is not None:
            raise DoesNotInstall(f"it ended at once with code {process.returncode}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    raise DoesNotInstall("it does not answer")


def asked(connection: http.client.HTTPConnection, method: str, path: str, body: Any = None, **headers: str) -> bytes:
    """One request; the answer must be a success."""
    sent = None if body is None else json.dumps(body)
    if sent is not None:
        headers |= {"Content-Type": "application/json"}
    connection.request(method, path, sent, headers)
    answer = connection.getresponse()
    told = answer.read()
    if answer.status >= 300:
        raise RuntimeError(f"{method} {path}: {answer.status} {told[:2000]!r}")
    return told


def libpq() -> dict[str, str]:
    """How programs of libpq reach the server of this run."""
    from django.conf import settings

    held = settings.DATABASES["default"]
    return {"PGHOST": held["HOST"], "PGPORT": held["PORT"], "PGUSER": held["USER"], "PGPASSWORD": held["PASSWORD"]}


def ours(folder: Path) -> Served:
    from django.test import Client

    from bench.town import ME, NOW
    from egard.base.clock import utc_now
    from egard.journeys.purchases.facts import Amount, Line, PurchaseMade
    from egard.journeys.purchases.operations import record_purchase
    from egard.kernel.access.operations import create_api_key, create_user
    from egard.kernel.people.operations import create_person
    from egard.kernel.timeline.reactions import catch_up

    user = create_user(email="bench@example.org", roles=["agent"], by=ME, now=NOW)
    person = create_person(
        given_name="Camille",
        family_name="Lefèvre",
        identifiers=[("email", "c@example.org"), ("phone", "+33612345678"), ("customer_number", "4711")],
        roles=["customer"],
        address="1 rue de la Paix, 75002 Paris",
        by=ME,
        now=NOW,
    )
    for n in range(FACTS):
        made = PurchaseMade(f"A{n}", Amount(1990 + n, "EUR"), [Line("7", "Carnet", 2, 995.0)], "paris")
        record_purchase(person, made, at=NOW, channel="shop", by=ME, now=NOW)
    catch_up(now=NOW)
    _key, secret = create_api_key(name="bench", scopes=["all"], by=ME, now=utc_now())
    client = Client()
    client.force_login(user)
    cookie = "; ".join(f"{name}={held.value}" for name, held in client.cookies.items())
    port = free_port()
    command = [sys.executable, "-m", "egard.site.cli", "web", "--port", str(port), "--processes", "1"]
    process = subprocess.Popen(command, cwd=folder)
    answers(port, process)
    key = {"Authorization": f"Bearer {secret}"}
    page = f"/people/{person.uuid}/"

    def both(connection: http.client.HTTPConnection, _n: int) -> None:
        asked(connection, "GET", page, Cookie=cookie)
        asked(connection, "GET", f"{page}panels/purchases/", Cookie=cookie)

    def create(connection: http.client.HTTPConnection, n: int) -> None:
        body = {
            "given_name": "Zoé",
            "family_name": f"Martin {n}",
            "address": "1 rue de la Paix, 75002 Paris",
            "identifiers": [
                {"kind": "email", "value": f"zoe{n}@example.org"},
                {"kind": "phone", "value": f"+3361{n:07}"},
            ],
        }
        asked(connection, "POST", "/api/v1/people", body, **key)

    work = {
        "page": lambda connection, _n: asked(connection, "GET", page, Cookie=cookie),
        "page and panel": both,
        "overview": lambda connection, _n: asked(connection, "GET", f"/api/v1/people/{person.uuid}/overview", **key),
        "create": create,
    }
    return Served("Egard", process, port, work)  # ty: ignore[invalid-argument-type]  (what they return is not used)


def helpdesk(folder: Path) -> Served:
    home = environment(folder, "helpdesk", HELPDESK)
    made = subprocess.run(
        [home / "bin" / "python", "fill_helpdesk.py"],
        cwd=KIT,
        capture_output=True,
        text=True,
        check=False,
        env=_plain(),
    )
    if made.returncode:
        raise DoesNotInstall(f"django-helpdesk: {made.stderr.strip().splitlines()[-1][:300]}")
    told = json.loads(made.stdout.splitlines()[-1])
    port = free_port()
    command = [
        *(home / "bin" / "gunicorn", "-w", "1", "--threads", "2", "-b", f"127.0.0.1:{port}", "--keep-alive", "60"),
        "django.core.wsgi:get_wsgi_application()",
    ]
    settings = {"DJANGO_SETTINGS_MODULE": "helpdesk_settings"}
    process = subprocess.Popen(command, cwd=KIT, env=_plain() | settings, stderr=_log(folder))
    answers(port, process)
    cookie = f"sessionid={told['session']}"

    def page(connection: http.client.HTTPConnection, _n: int) -> None:
        told_page = asked(connection, "GET", f"/tickets/{told['ticket']}/", Cookie=cookie)
        assert b"note 99" in told_page, told_page[:300]

    return Served("django-helpdesk 2.6.1", process, port, {"page": page})


def tryton(folder: Path) -> Served:
    home = environment(folder, "tryton", TRYTON)
    conf, password = folder / "trytond.conf", folder / "password"
    conf.write_text(f"[database]\nuri = postgresql://\npath = {folder}\n[session]\nmax_attempt = 1000\n")
    password.write_text("a-warm-welcome")
    env = _plain() | {"TRYTONPASSFILE": str(password), "TRYTOND_CONFIG": str(conf), "TRYTOND_DATABASE_NAMES": "tryton"}
    modules = ["-u", "sale_complaint", "--activate-dependencies"]
    admin = [home / "bin" / "trytond-admin", "-c", conf, "-d", "tryton", *modules, "--email", "admin@example.org"]
    for command in (admin, [home / "bin" / "python", KIT / "fill_tryton.py", conf]):
        made = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=env)
        if made.returncode:
            raise DoesNotInstall(f"Tryton: {made.stderr.strip().splitlines()[-1][:300]}")
    told = json.loads(made.stdout.splitlines()[-1])
    port = free_port()
    command = [
        *(home / "bin" / "gunicorn", "-w", "1", "--threads", "2", "-b", f"127.0.0.1:{port}", "--keep-alive", "60"),
        "trytond.application:app",
    ]
    process = subprocess.Popen(command, cwd=folder, env=env, stderr=_log(folder))
    answers(port, process)
    return Served("Tryton 8.2", process, port, _tryton_work(port, told))


def _tryton_work(port: int, told: dict[str, int]) -> dict[str, Callable[[http.client.HTTPConnection, int], None]]:
    """What its own client asks for: a party with what hangs on it; and a new one."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    login = {"id": 0, "method": "common.db.login", "params": ["admin", {"password": "a-warm-welcome"}, "en"]}
    session = json.loads(asked(connection, "POST", "/tryton/rpc/", login))
    session = session["result"] if isinstance(session, dict) else session
    sign = base64.b64encode(f"admin:{session[0]}:{session[1]}".encode()).decode()
    context = {"company": told["company"], "language": "en"}

    def call(connection: http.client.HTTPConnection, method: str, *params: Any) -> Any:
        body = {"id": 1, "method": method, "params": [*params, context]}
        answer = json.loads(asked(connection, "POST", "/tryton/rpc/", body, Authorization=f"Session {sign}"))
        if isinstance(answer, dict):
            if answer.get("error"):
                raise RuntimeError(f"{method}: {answer['error']}")
            answer = answer["result"]
        return answer

    def read(connection: http.client.HTTPConnection, _n: int) -> None:
        names = ["name", "code", "lang", "full_name", "addresses", "contact_mechanisms", "categories"]
        (party,) = call(connection, "model.party.party.read", [told["party"]], names)
        call(connection, "model.party.address.read", party["addresses"], ["street", "city", "postal_code", "rec_name"])
        ways = ["type", "value", "comment", "rec_name"]
        call(connection, "model.party.contact_mechanism.read", party["contact_mechanisms"], ways)
        named = [
            "number",
            "reference",
            "date",
            "customer",
            "customer.rec_name",
            "type.rec_name",
            "description",
            "state",
        ]
        of = [["customer", "=", told["party"]]]
        complaints = call(connection, "model.sale.complaint.search_read", of, 0, 100, None, named)
        of = [["resource", "=", f"party.party,{told['party']}"]]
        notes = call(
            connection, "model.ir.note.search_read", of, 0, 100, None, ["message", "create_date", "create_uid"]
        )
        assert (len(complaints), len(notes)) == (100, 100), (len(complaints), len(notes))

    def create(connection: http.client.HTTPConnection, n: int) -> None:
        party = {
            "name": f"Zoé Martin {n}",
            "addresses": [["create", [{"street": "1 rue de la Paix", "city": "Paris", "postal_code": "75002"}]]],
            "contact_mechanisms": [
                [
                    "create",
                    [{"type": "email", "value": f"z{n}@example.org"}, {"type": "phone", "value": f"+3361{n:07}"}],
                ]
            ],
        }
        call(connection, "model.party.party.create", [party])

    return {"read": read, "create": create}


def _log(folder: Path) -> Any:
    return (folder / "peer.log").open("ab")


def _plain() -> dict[str, str]:
    """This process's environment without what is ours, with the way to the server."""
    ours = ("EGARD_", "DJANGO_", "PYTHON")
    return {name: held for name, held in os.environ.items() if not name.startswith(ours)} | libpq()


# --- measuring --------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def all_served(section: Section, folder: Path) -> Generator[list[Served]]:
    served: list[Served] = []
    try:
        for start in (ours, helpdesk, tryton):
            try:
                served.append(start(folder))
            except DoesNotInstall as why:
                section.say(f"Left out: {why}.")
        yield served
    finally:
        for one in served:
            one.process.terminate()
        for one in served:
            one.process.wait(20)


def measured(one: Served, what: str, postgres: int, first: int) -> tuple[float, float, list[float]]:
    """Milliseconds of processor per operation (application, database), and the times of the answers."""
    connection = http.client.HTTPConnection("127.0.0.1", one.port)
    work = one.work[what]
    for n in range(first, first + 5):
        work(connection, n)
    app, server, times = ticks_of_tree(one.process.pid), ticks_of_tree(postgres), []
    for n in range(first + 5, first + 5 + OPERATIONS):
        began = time.perf_counter()
        work(connection, n)
        times.append(1000 * (time.perf_counter() - began))
    spent = (ticks_of_tree(one.process.pid) - app, ticks_of_tree(postgres) - server)
    return 1000 * spent[0] / TICK / OPERATIONS, 1000 * spent[1] / TICK / OPERATIONS, times


def run(section: Section) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("create database helpdesk")
        cursor.execute("create database tryton")
    data = Path(os.environ["EGARD_DATA"])
    postgres = int(next(data.rglob("postmaster.pid")).read_text().split()[0])
    spent: dict[tuple[str, str], tuple[float, float, list[float]]] = {}
    with tempfile.TemporaryDirectory(prefix="egard-peers-") as name, all_served(section, Path(name)) as served:
        for turn in range(ROUNDS):
            for one in served:
                for what in one.work:
                    got = measured(one, what, postgres, turn * (OPERATIONS + 5))
                    key = (one.name, what)
                    spent[key] = min(spent.get(key, got), got, key=lambda cost: cost[0] + cost[1])
        names = [one.name for one in served]
    section.head("application", "operation", "CPU ms, application", "CPU ms, database", "together", "p50 ms", "p99 ms")
    for (name, what), (app, server, times) in spent.items():
        p50, p99 = quantile(sorted(times), 0.5), quantile(sorted(times), 0.99)
        section.row(name, what, f"{app:.1f}", f"{server:.1f}", f"**{app + server:.1f}**", f"{p50:.0f}", f"{p99:.0f}")
    cost = {key: app + server for key, (app, server, _times) in spent.items()}
    for peer, their, mine in (
        ("django-helpdesk 2.6.1", "page", "page"),
        ("django-helpdesk 2.6.1", "page", "page and panel"),
        ("Tryton 8.2", "read", "page"),
        ("Tryton 8.2", "read", "page and panel"),
        ("Tryton 8.2", "read", "overview"),
        ("Tryton 8.2", "create", "create"),
    ):
        if peer in names:
            times = cost[peer, their] / cost["Egard", mine]
            section.say(f"**Our {mine} takes {times:.1f} times less than the {their} of {peer}.**")
    section.say(f"{OPERATIONS} operations of each kind in each of {ROUNDS} turns; the cheapest turn of each.")
    section.done()
