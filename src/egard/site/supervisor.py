"""`egard serve`: the database, the pages and the worker of one place, in one process group, under one parent.

The parent loads no Django: it starts the others, watches them, and ends them in order.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import Any

from egard.base.refusal import Conflict, Refusal
from egard.site import paths, processes
from egard.site.paths import LOOPBACK
from egard.site.postgres import Server, check_server

BACKOFF_SECONDS = (0.5, 1, 2, 5, 10, 30)
STEADY_SECONDS = 60
"""A child that ran this long before it ended starts again without a longer wait."""
STOP_SECONDS = 10
OTHERS_SECONDS = 3
"""How long commands that use the embedded database may finish after Ctrl-C."""


class AlreadyServed(Conflict):
    """Another `egard serve` runs on these data: use it, stop it, or name other data with --data."""

    code = "site.already_served"
    message = (
        "Egard already serves {data}{where} (process {pid}). Open that address, stop that process, or choose "
        "other data with --data."
    )


class PortTaken(Conflict):
    """Another program listens on this address: choose another port."""

    code = "site.port_taken"
    message = "Another program already listens on {host}, port {port}. Choose another one: --port {other}."


class BadHost(Refusal):
    """The address to listen on is not one of this machine."""

    code = "site.bad_host"
    message = "This machine cannot listen on {host}, port {port}: {why}."


class NotPrepared(Refusal):
    """The database could not be brought up to date; what was printed before says why."""

    code = "site.not_prepared"
    message = "Egard could not be made ready (see above); nothing was left running."


@dataclass
class Child:
    """A process that should run, and how its restarts went."""

    name: str
    arguments: list[str]
    environment: dict[str, str]
    descriptors: tuple[int, ...] = ()
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0
    failures: int = 0
    start_again_at: float = field(default=0)

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "egard.site.cli", *self.arguments],
            stdin=subprocess.DEVNULL,
            env={**os.environ, "EGARD_SUPERVISOR": str(os.getpid()), **self.environment},
            pass_fds=self.descriptors,
        )
        self.started_at = time.monotonic()

    def ended(self) -> int | None:
        """Its exit code once it has ended by itself."""
        return self.process.poll() if self.process else None

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.terminate()

    def await_end(self, seconds: float) -> None:
        if self.process is None:
            return
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Supervisor:
    """One `egard serve`."""

    def __init__(self, *, host: str, port: int, demo: bool) -> None:
        self.host, self.port, self.demo = host, port, demo
        self.began = time.monotonic()
        self.stopping = False
        self.children: list[Child] = []
        self.server: Server | None = None
        self._wake = os.pipe()
        for end in self._wake:
            os.set_blocking(end, False)

    @property
    def address(self) -> str:
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.host, self.host)  # noqa: S104
        return f"http://{f'[{host}]' if ':' in host and not host.startswith('[') else host}:{self.port}"

    def run(self) -> int:
        """Serve until told to stop; 0. Raises a Refusal where it cannot start."""
        with _claim(self.address) as claim:
            _check_port(self.host, self.port)
            claim.write(json.dumps({"pid": os.getpid(), "address": self.address}))
            self._listen_to_signals()
            try:
                self._start()
                while not self.stopping:
                    self._sleep(1)
                    self._watch()
            finally:
                self._stop()
                claim.write("")
        return 0

    # --- starting -------------------------------------------------------------------------------------------
    def _start(self) -> None:
        gate_read, gate_write = os.pipe()
        if url := os.environ.get("DATABASE_URL"):
            check_server(url)
        else:
            self.server = Server(say=_say)
            self.server.begin(own=True)
        # The pages' process loads while the database starts and is brought up to date; the gate holds it there.
        options = ["--host", self.host, "--port", str(self.port)]
        web = Child("web", ["web", *options, "--gate", str(gate_read)], self._environment("web"), (gate_read,))
        web.start()
        os.close(gate_read)
        self.children.append(web)
        if self.server:
            self.server.ready()
        told = self._prepare(web)
        os.close(gate_write)
        if self.stopping:
            return
        web.arguments, web.descriptors = ["web", *options], ()
        while not self.stopping and not self._answers():
            self._sleep(0.02)
            self._must_live(web)
        worker = Child("worker", ["worker"], self._environment("worker"))  # after the pages, which people wait for
        self.children.append(worker)
        if not self.stopping:
            worker.start()
            self._announce(told)

    def _must_live(self, child: Child) -> None:
        """While starting, a child that ends is a fault to look at, not one to start again for ever."""
        if (code := child.ended()) is not None and not self.stopping:
            _say(f"The {child.name} process ended with {code} while starting.")
            raise NotPrepared

    def _environment(self, process: str) -> dict[str, str]:
        named = {} if self.host in {*LOOPBACK, "0.0.0.0", "::"} else {"EGARD_HOSTS": self._hosts()}  # noqa: S104
        return {"EGARD_PROCESS": process, **named}

    def _hosts(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return ",".join([os.environ.get("EGARD_HOSTS") or "127.0.0.1,localhost,[::1]", host])

    def _prepare(self, web: Child) -> dict[str, Any]:
        """Bring the database and the static files up to date, in a process of its own; what it has to tell."""
        read, write = os.pipe()
        here = self.host in LOOPBACK
        wishes = (["--demo"] if self.demo else []) if here else ["--public"]
        arguments = ["prepare", "--tell", str(write), *wishes]
        prepare = Child("prepare", arguments, {}, (write,))
        prepare.start()
        self.children.append(prepare)
        os.close(write)
        with os.fdopen(read) as told:
            while prepare.ended() is None and not self.stopping:
                self._sleep(1)
                self._must_live(web)
            if self.stopping:
                return {}
            self.children.remove(prepare)
            if prepare.ended() != 0:
                raise NotPrepared
            return json.load(told)

    def _answers(self) -> bool:
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104
        try:
            with socket.create_connection((host, self.port), timeout=5) as connection:
                connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                return connection.recv(12).startswith(b"HTTP/1.1 ")
        except OSError:
            return False

    def _announce(self, told: dict[str, Any]) -> None:
        seconds = time.monotonic() - self.began
        print(f"\nEgard is at {self.address}  (started in {seconds:.1f} s; Ctrl-C stops everything)")
        if told.get("logins"):
            print("Demo logins, on this machine only:")
            for login in told["logins"]:
                print("  " + "  ".join(str(value) for value in login.values()))
        elif self.demo and self.host not in LOOPBACK:
            print("No demo here: its logins, an administrator among them, work on a loopback address only.")
        elif told.get("public_url"):
            print("The demo's logins are refused: they work only where EGARD_URL is not set, or set to this machine.")
        if self.host not in LOOPBACK and not os.environ.get("EGARD_URL"):
            print("Set EGARD_URL to the public address (or EGARD_HOSTS to the names) under which people reach it.")
        sys.stdout.flush()

    # --- watching -------------------------------------------------------------------------------------------
    def _listen_to_signals(self) -> None:
        def stop(signum: int, frame: object) -> None:
            self.stopping = True

        for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(signum, stop)
        signal.signal(signal.SIGCHLD, lambda signum, frame: None)  # only to wake us
        signal.set_wakeup_fd(self._wake[1], warn_on_full_buffer=False)

    def _sleep(self, seconds: float) -> None:
        """Sleep, until a signal comes at the latest."""
        if select.select([self._wake[0]], [], [], seconds)[0]:
            os.read(self._wake[0], 4096)

    def _watch(self) -> None:
        """Start again what ended by itself, with growing waits, and say so."""
        if self.stopping:
            return
        now = time.monotonic()
        if self.server and not self.server.poll():
            _say("The database ended by itself; starting it again.")
            self.server.restart()
            _say("The database is back.")
        for child in self.children:
            if child.process is None:
                if now >= child.start_again_at:
                    child.start()
            elif (code := child.ended()) is not None:
                child.failures = 0 if now - child.started_at > STEADY_SECONDS else child.failures + 1
                wait = BACKOFF_SECONDS[min(child.failures, len(BACKOFF_SECONDS)) - 1] if child.failures else 0
                _say(f"The {child.name} process ended with {code}; starting it again in {wait:g} s.")
                child.process, child.start_again_at = None, now + wait

    # --- stopping -------------------------------------------------------------------------------------------
    def _stop(self) -> None:
        """The pages first, then the worker, then the database."""
        for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(signum, signal.SIG_IGN)  # it is under way
        end = time.monotonic() + STOP_SECONDS
        for child in self.children:
            child.stop()
            child.await_end(max(0.5, end - time.monotonic()))
        if self.server:
            self.server.end(force=True, grace_seconds=OTHERS_SECONDS)


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def _claim(address: str) -> processes.FileLock:
    """The right to serve these data, ours until we end, however we end. Raises AlreadyServed."""
    lock = processes.FileLock(paths.data_dir() / "serve.lock")
    if not lock.take(wait=False):
        try:
            holder = json.loads(lock.path.read_text())
        except ValueError:  # it starts or stops just now
            holder = {}
        lock.close()
        where = f" at {holder['address']}" if "address" in holder else ""
        raise AlreadyServed(data=paths.data_dir(), where=where, pid=holder.get("pid", "unknown"))
    return lock


def _check_port(host: str, port: int) -> None:
    """Whether we may listen there; asked before anything is started."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[
            0
        ]
        with socket.socket(family, kind) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(address)
            trial.listen(1)
    except OSError as error:
        if error.errno in {98, 48}:  # EADDRINUSE of Linux and of macOS
            raise PortTaken(host=host, port=port, other=port + 1 if port < 65535 else 8000) from None
        raise BadHost(host=host, port=port, why=(error.strerror or str(error)).lower()) from None
