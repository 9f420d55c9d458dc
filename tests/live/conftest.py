"""Pages on a real server: granian in a process of its own, on this test's database."""

from __future__ import annotations

import contextlib
import http.client
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from psycopg.conninfo import make_conninfo

from egard.kernel.access.models import Presence
from egard.site.processes import wait_until


class Web:
    """One `egard web`, which may be killed and started again on the same address."""

    pool = 12
    """Connections that its pages share."""

    def __init__(self, port: int, environment: dict[str, str]) -> None:
        self.port, self.environment = port, environment
        self.url = f"http://127.0.0.1:{port}"
        nothing = lambda: None  # noqa: E731
        # What pytest-django asks of a live server.
        self._live_server_modified_settings = SimpleNamespace(enable=nothing, disable=nothing)
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-P", "-m", "egard.site.cli", "web", "--port", str(self.port), "--processes", "1"]
        self.process = subprocess.Popen(command, env={**os.environ, **self.environment})
        assert wait_until(self.answers, seconds=60, step=0.05), "the server did not start"

    def answers(self) -> bool:
        assert self.process.poll() is None, "the server ended"
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=2):
                return True
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False

    def cookie(self, client: Client) -> str:
        """The header by which a client of Django's is signed in here too."""
        name = settings.SESSION_COOKIE_NAME
        return f"{name}={client.cookies[name].value}" if name in client.cookies else ""

    def stop(self, signum: int = signal.SIGTERM) -> float:
        """End it; how many seconds that took."""
        began = time.monotonic()
        self.process.send_signal(signum)
        self.process.wait(30)
        return time.monotonic() - began


class Stream:
    """One page's stream, read by hand: `hear("told", 2)` gives the data of the next such event, or None."""

    def __init__(self, web: Web, client: Client, topics: str, **more: str) -> None:
        query = "&".join(f"{name}={value}" for name, value in {"topics": topics, **more}.items())
        self.connection = http.client.HTTPConnection("127.0.0.1", web.port, timeout=60)
        self.connection.request("GET", f"/live?{query}", headers={"Cookie": web.cookie(client)})
        self.socket = self.connection.sock
        self.answer = self.connection.getresponse()
        self.status = self.answer.status
        self.events: queue.Queue[dict[str, str]] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        event: dict[str, str] = {}
        with contextlib.suppress(Exception):  # it is cut in all the ways there are
            for line in self.answer:
                name, colon, value = line.decode().strip().partition(": ")
                if colon:
                    event[name] = value
                elif event:
                    self.events.put(event)
                    event = {}

    def begun(self) -> Stream:
        """Once it listens; what it is told at first is passed over."""
        assert self.status == 200
        assert self.hear("beat", 10) is not None
        while self.hear("told", 0.4) is not None:
            pass
        return self

    def hear(self, event: str, seconds: float) -> str | None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            try:
                self.last = self.events.get(timeout=left)
            except queue.Empty:
                return None
            if self.last["event"] == event:
                return self.last["data"]
        return None

    def hears(self, topic: str, seconds: float) -> bool:
        """Whether this is told in time, whatever else is."""
        end = time.monotonic() + seconds
        while (told := self.hear("told", end - time.monotonic())) not in (topic, None):
            pass
        return told is not None

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.connection.close()


@pytest.fixture(scope="session")
def _web(django_db_setup, django_db_blocker):
    """One for all tests: it takes seconds to start."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    of = connection.settings_dict
    named = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
    parts = {name: of[key] for name, key in named.items() if of[key]}
    web = Web(port, {"DATABASE_URL": make_conninfo(**parts), "EGARD_POOL": str(Web.pool)})
    yield web
    if web.process.poll() is None:
        web.stop(signal.SIGKILL)


@pytest.fixture
def live_server(kinds_numbered_anew, _web):
    """In the place of pytest-django's, which cannot stream. The server knows kinds of facts by their numbers: these are
    the same in each test.
    """
    if _web.process.poll() is not None:
        _web.start()
    yield _web
    # Pages that were closed are still being noted as gone, and what they asked last (a badge of the menu) is still
    # being answered: the tables are emptied after that, not across it.
    wait_until(lambda: not Presence.objects.exists() and not _at_work(), seconds=30)


def _at_work() -> int:
    """Connections that ask something, or did a moment ago: between two questions of one page a connection is idle."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
            " and (state <> 'idle' or state_change > clock_timestamp() - interval '200 ms')"
        )
        return cursor.fetchone()[0]


@pytest.fixture
def listen(live_server):
    """Opens streams for clients: `listen(client, "people")`."""
    streams = []

    def open_one(client: Client, topics: str, **more: str) -> Stream:
        streams.append(Stream(live_server, client, topics, **more))
        return streams[-1]

    yield open_one
    for stream in streams:
        stream.close()


@pytest.fixture
def signed(make_user):
    """Clients of users with these roles: `signed("agent")`; `.user` is who it is."""

    def sign(*roles: str, **more) -> Client:
        client = Client()
        client.user = make_user(*roles, **more)
        client.force_login(client.user)
        return client

    return sign
