"""`egard serve` starts everything, says what stands in its way, and leaves nothing behind, however it ends."""

from __future__ import annotations

import json
import os
import queue
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg
import pytest

from egard.site import paths, postgres, processes

pytestmark = pytest.mark.fault

START_SECONDS = 60
"""Generous: other tests run beside this one. How quick a start is, bench/ measures."""


class Serve:
    """One `egard serve --empty` and what it says."""

    def __init__(self, *options: str, **environment: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "egard.site.cli", "serve", "--empty", *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            env={**os.environ, **environment},
        )
        self.said = ""
        self.lines: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self.process.stdout:
            self.lines.put(line)
        self.lines.put(None)

    def hear(self, words: str, seconds: float = START_SECONDS) -> str:
        """Wait until it says `words`; the line."""
        end = time.monotonic() + seconds
        while True:
            line = self.lines.get(timeout=max(0.1, end - time.monotonic()))
            assert line is not None, f"it ended without saying {words!r}:\n{self.said}"
            self.said += line
            if words in line:
                return line

    def up(self) -> str:
        """Wait until it serves; its address."""
        return re.search(r"http://\S+", self.hear("Egard is at"))[0]

    def family(self) -> dict[str, psutil.Process]:
        """Its child processes by what they do."""
        children = psutil.Process(self.process.pid).children()
        named = {"postgres": next(c for c in children if c.name() == "postgres")}
        for child in children:
            for name in ("web", "worker"):
                if name in child.cmdline():
                    named[name] = child
        return named

    def ends(self, seconds: float = 20) -> int:
        return self.process.wait(seconds)


@pytest.fixture(scope="module")
def migrated(tmp_path_factory):
    """A data directory as a first start leaves it, to copy: made once."""
    folder = tmp_path_factory.mktemp("migrated") / "var"
    environment = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "EGARD_TEST_TEMPLATE")}
    command = [sys.executable, "-P", "-m", "egard.site.cli", "migrate"]
    subprocess.run(command, env={**environment, "EGARD_DATA": str(folder)}, check=True, capture_output=True)
    return folder


@pytest.fixture
def empty(monkeypatch):
    """A place for data, and nothing left running on it afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="egard serve "))
    monkeypatch.setenv("EGARD_DATA", str(folder / "var"))
    monkeypatch.setenv("EGARD_LANGUAGE", "en")
    monkeypatch.setenv("EGARD_POSTGRES_FSYNC", "off")  # only a loss of power would tell
    for name in ("DATABASE_URL", "EGARD_TEST_TEMPLATE"):
        monkeypatch.delenv(name, raising=False)
    yield folder / "var"
    for process in psutil.process_iter(["cmdline", "environ"]):
        if (process.info["environ"] or {}).get("EGARD_DATA") == str(folder / "var") and process.pid != os.getpid():
            process.kill()
    postgres.Server().stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return str(free.getsockname()[1])


@pytest.fixture
def data(empty, migrated):
    subprocess.run(["cp", "-a", str(migrated), str(empty)], check=True)
    return empty


def answers(address):
    try:
        with urllib.request.urlopen(f"{address}/healthz", timeout=5):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def connect():
    return psycopg.connect(
        host=str(paths.socket_dir()),
        dbname="egard",
        user="egard",
        password=paths.password_file().read_text(),
        autocommit=True,
    )


def gone(*members):
    return processes.wait_until(lambda: not any(processes.is_alive(m.pid) for m in members), seconds=15)


def test_it_serves_answers_and_ctrl_c_ends_everything(data, port):
    serve = Serve("--port", port)
    address = serve.up()
    assert processes.wait_until(lambda: set(serve.family()) == {"postgres", "web", "worker"}, seconds=20)
    assert answers(address)
    everyone = psutil.Process(serve.process.pid).children(recursive=True)
    began = time.monotonic()
    os.killpg(serve.process.pid, signal.SIGINT)  # as a terminal does, to the whole group
    assert serve.ends() == 0
    assert time.monotonic() - began < 10
    assert gone(*everyone)
    assert postgres.Server().running() is None


def test_a_second_one_on_the_same_data_says_so_and_leaves_the_first_alone(data, port):
    first = Serve("--port", port)
    address = first.up()
    second = Serve("--port", port)
    assert second.ends() == 1
    words = second.hear("already serves")
    assert address in words
    assert str(first.process.pid) in words
    assert answers(address)
    first.process.terminate()
    assert first.ends() == 0


def test_a_port_that_is_taken_is_said_before_anything_is_started(empty):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        serve = Serve("--port", str(taken))
        assert serve.ends() == 1
    words = serve.hear("already listens")
    assert str(taken) in words
    assert f"--port {taken + 1}" in words
    assert not paths.cluster_dir().exists()


def test_a_kill_of_everything_is_recovered_from_with_what_was_acknowledged(data, port):
    serve = Serve("--port", port)
    serve.up()
    with connect() as connection:
        connection.execute("CREATE TABLE kept AS SELECT generate_series(1, 1000) n")
    everyone = psutil.Process(serve.process.pid).children(recursive=True)
    for pid in (serve.process.pid, *(p.pid for p in everyone)):
        with suppress(ProcessLookupError):  # the others fall with the first
            os.kill(pid, signal.SIGKILL)
    serve.process.wait()
    assert gone(*everyone)
    again = Serve("--port", port)
    assert answers(again.up())
    with connect() as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (1000,)
    again.process.terminate()
    assert again.ends() == 0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent died")
def test_a_kill_of_the_first_process_alone_takes_the_others_with_it(data, port):
    serve = Serve("--port", port)
    serve.up()
    everyone = psutil.Process(serve.process.pid).children(recursive=True)
    serve.process.kill()
    assert gone(*everyone)
    again = Serve("--port", port)
    assert answers(again.up())
    again.process.terminate()
    assert again.ends() == 0


def test_what_ends_by_itself_is_started_again_and_it_says_so(data, port):
    serve = Serve("--port", port)
    address = serve.up()
    family = serve.family()
    family["worker"].kill()
    serve.hear("worker process ended")
    family["web"].kill()
    serve.hear("web process ended")
    assert processes.wait_until(lambda: {"web", "worker"} <= set(serve.family()), seconds=20)
    assert processes.wait_until(lambda: answers(address), seconds=START_SECONDS, step=0.2)
    family["postgres"].kill()
    serve.hear("database ended")
    serve.hear("database is back")
    with connect() as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    serve.process.terminate()
    assert serve.ends() == 0


def test_a_command_uses_the_database_that_is_served_and_leaves_it_up(data, port):
    serve = Serve("--port", port)
    address = serve.up()
    command = [sys.executable, "-P", "-m", "egard.site.cli", "apikey", "create", "--name", "t", "--scopes", "all"]
    done = subprocess.run([*command, "--json"], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["key"].startswith("egard_")
    assert answers(address)
    serve.process.terminate()
    assert serve.ends() == 0


def test_the_first_start_makes_the_administrator_that_the_environment_names(empty, port):
    serve = Serve("--port", port, EGARD_ADMIN_EMAIL="claire@example.org", EGARD_ADMIN_PASSWORD="un bon mot de passe")
    serve.hear("claire@example.org")
    serve.up()
    with connect() as connection:
        assert connection.execute("SELECT email FROM access_user").fetchall() == [("claire@example.org",)]
    serve.process.terminate()
    assert serve.ends() == 0


def test_a_bad_first_administrator_stops_the_start_in_words(data, port):
    serve = Serve("--port", port, EGARD_ADMIN_EMAIL="claire@example.org", EGARD_ADMIN_PASSWORD="court")
    assert serve.ends(START_SECONDS) == 1
    serve.hear("cannot be created")
    assert "Traceback" not in serve.said
    assert "Killing" not in serve.said
    assert postgres.Server().running() is None
