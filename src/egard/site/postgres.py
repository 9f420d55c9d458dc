"""PostgreSQL in the box: one server per data directory, on a Unix socket that nobody else can reach.

Every process that needs it holds `database.users` shared; starting and stopping happen under `database.mutex`;
whoever leaves last stops the server. No Django here: the supervisor reads this before Django is loaded.
"""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from egard.site import paths, processes
from egard.site.binaries import NEWEST, OLDEST, Binaries, DatabaseRefused, find_binaries
from egard.site.postgres_settings import command_line, initdb_options
from egard.site.unprivileged import Account, give, open_programs, open_way, server_account

USER = DATABASE = "egard"
PORT = "5432"
"""Only a part of the socket's name: nothing listens on the network."""
LOG_MAX_BYTES = 10_000_000
START_SECONDS = 600
"""Recovery after a crash replays at most `max_wal_size`; longer than this and a person must look."""
STOP_SECONDS = 30
HELD_SECONDS = 10
"""How long the last processes of a server that was killed may take to go."""
HBA = (
    "# Written by Egard at each start: the socket, with the password of the data directory.\n"
    "local all all scram-sha-256\n"
)


def say_on_stderr(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


class Server:
    """The embedded server of one data directory."""

    def __init__(self, *, say: Callable[[str], None] = say_on_stderr) -> None:
        self.say = say
        self.data = paths.data_dir()
        self.cluster = paths.cluster_dir()
        self.sockets = paths.socket_dir()
        self.log = self.data / "postgres.log"
        self.pid_file = self.cluster / "postmaster.pid"
        self.durable = os.environ.get("EGARD_POSTGRES_FSYNC") != "off"  # off only for tests: a crash loses data
        self.own = False
        self.account: Account | None = None
        self._users: processes.FileLock | None = None
        self._child: subprocess.Popen[Any] | None = None
        self._log_start = self.log.stat().st_size if self.log.exists() else 0

    # --- using it -------------------------------------------------------------------------------------------
    def begin(self, *, own: bool = False) -> None:
        """Count us among its users, and have it on its way up; `ready` waits for it.

        `own` ties a server that we start to our life: it stops in order when we die, however we die.
        """
        self.own = own
        users = processes.FileLock(self.data / "database.users")
        try:
            with processes.FileLock(self.data / "database.mutex"):
                users.take(shared=True)
                if self.running() is None:
                    self._start()
        except BaseException:
            users.close()
            raise
        self._users = users

    def ready(self) -> None:
        """Wait until it answers; tries again by itself where leftovers of a crash are in the way."""
        for _ in range(5):
            if self._wait():
                return
            trouble = self._last_words()
            if self._child and not ("shared memory block" in trouble or "lock file" in trouble):
                break
            self._start_unless_running()
        raise DatabaseRefused(why=f"PostgreSQL did not start. It said, in {self.log}:\n{self._last_words()}")

    def restart(self) -> None:
        """Have it back after it ended by itself."""
        self._start_unless_running()
        self.ready()

    def _start_unless_running(self) -> None:
        with processes.FileLock(self.data / "database.mutex"):
            if self.running() is None:
                self._start()

    def end(self, *, force: bool = False, grace_seconds: float = 0) -> None:
        """Leave; the last user stops the server. `force` stops it under the others, after `grace_seconds`."""
        if self._users is None:
            return
        limit = time.monotonic() + grace_seconds
        while True:
            with processes.FileLock(self.data / "database.mutex"):
                last = self._is_last()
                if last or (force and time.monotonic() >= limit):
                    self.stop()
                    last = True
                if last or not force:
                    self._users.close()
                    self._users = None
                    return
            time.sleep(0.05)  # the others leave by the same mutex

    def _is_last(self) -> bool:
        assert self._users is not None
        if self._users.take(wait=False):
            return True
        self._users.take(shared=True)  # a change that fails may have given the lock back
        return False

    # --- what runs ------------------------------------------------------------------------------------------
    def running(self) -> int | None:
        """The id of the server's first process, whoever started it; None where none runs.

        One that is on its way down counts as none: this waits for its end.
        """
        pid, status = self._pid_and_status()
        if pid is None or not self._is_ours(pid):
            return None
        if status == "stopping":
            if not processes.wait_until(lambda: not self._is_ours(pid), seconds=STOP_SECONDS):
                self._kill(pid)
            return None
        return pid

    def _pid_and_status(self) -> tuple[int | None, str]:
        """What postmaster.pid says: line 1 the process, line 8 how far it is (absent in its first moments)."""
        try:
            lines = self.pid_file.read_text().splitlines()
            return abs(int(lines[0])), lines[7].strip() if len(lines) > 7 else "starting"
        except (OSError, ValueError, IndexError):
            return None, ""

    def _is_ours(self, pid: int) -> bool:
        """Ids are used again, soon after a restart of a container: look at what runs under this one."""
        if self._child and self._child.pid == pid and self._child.poll() is not None:
            return False
        if not processes.is_alive(pid) or processes.name_of(pid) != "postgres":
            return False
        folder = processes.folder_of(pid)
        return folder is None or folder == self.cluster

    def _wait(self) -> bool:
        """Whether it is up; False once it has ended instead."""
        told = False
        began = time.monotonic()
        while True:
            pid, status = self._pid_and_status()
            gone = self._child.poll() is not None if self._child else pid is None or not self._is_ours(pid)
            if gone:
                return False
            if status == "ready" and (self._child.pid == pid if self._child else self._answers()):
                return True
            waited = time.monotonic() - began
            if waited > 5 and not told:
                told = True
                self.say("PostgreSQL is recovering what was in flight when it was stopped; this can take minutes.")
            if waited > START_SECONDS:
                raise DatabaseRefused(why=f"PostgreSQL is still not ready after {START_SECONDS} s; see {self.log}.")
            time.sleep(0.01)

    def _answers(self) -> bool:
        """Whether a server that we did not start takes connections: it may be dying at this very moment."""
        from psycopg.pq import PGconn, Ping

        host = str(self.sockets).replace("\\", "\\\\").replace("'", "\\'")
        return PGconn.ping(f"host='{host}' port={PORT} user={USER} dbname={DATABASE}".encode()) == Ping.OK

    # --- starting and stopping ------------------------------------------------------------------------------
    def _start(self) -> None:
        self.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.account = server_account(self.cluster)
        binaries = find_binaries(self._major())
        open_programs(binaries.folder, self.account, ours=self.data, say=self.say)
        open_way(self.cluster, self.account, ours=self.data, say=self.say)
        if not self.cluster.exists():
            self._create(binaries)
        self._make_socket_dir()
        with self._claim() as held:
            self._clear_leftovers()
            self._write_hba()
            if self.log.exists() and self.log.stat().st_size > LOG_MAX_BYTES:
                self.log.replace(self.log.with_suffix(".log.1"))
            arguments = command_line(binaries.major, sockets=self.sockets, durable=self.durable)
            descriptor = os.open(self.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            with os.fdopen(descriptor, "ab") as log:
                self._log_start = os.fstat(descriptor).st_size
                self._child = subprocess.Popen(
                    [binaries["postgres"], "-D", str(self.cluster), *arguments],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    pass_fds=(held.descriptor,),
                    start_new_session=True,  # Ctrl-C on the terminal is the supervisor's to hand on, in order
                    preexec_fn=(lambda: processes.die_with_parent(signal.SIGINT)) if self.own else None,
                    **self._as_account(),
                )

    def _as_account(self) -> dict[str, Any]:
        """How to run a program as the server's account, with nothing of our environment that it could take amiss."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("PG", "LC_", "LANG"))}
        common: dict[str, Any] = {"env": {**kept, "LC_ALL": "C", "TZ": "UTC"}, "cwd": "/"}
        if self.account:
            common |= {"user": self.account.uid, "group": self.account.gid, "extra_groups": []}
        return common

    def _major(self) -> int | None:
        """The major version that the data are of; None before there are data."""
        try:
            return int((self.cluster / "PG_VERSION").read_text())
        except FileNotFoundError:
            if self.cluster.exists():
                raise DatabaseRefused(
                    why=f"{self.cluster} is not a PostgreSQL data directory: move it away, or choose another --data."
                ) from None
            return None

    def _create(self, binaries: Binaries) -> None:
        """Make the data directory beside its place and move it there whole: a kill leaves nothing half-made."""
        building = self.data / "postgres.new"
        if building.exists():
            self._end_orphans(building / "cluster")
            shutil.rmtree(building)
        building.mkdir(mode=0o700)
        password, cluster = building / "password", building / "cluster"
        password.write_text(paths.secret_file(paths.password_file()))
        give(building, self.account)
        sync = [] if self.durable else ["--no-sync"]
        options = initdb_options(binaries.major)
        self._run([binaries["initdb"], "-D", str(cluster), "-U", USER, f"--pwfile={password}", *options, *sync])
        password.unlink()
        single = [
            binaries["postgres"],
            "--single",
            "-D",
            str(cluster),
            *([] if self.durable else ["-F"]),
            "postgres",
        ]
        self._run(single, f"CREATE DATABASE {DATABASE}\n")
        cluster.rename(self.cluster)
        building.rmdir()
        if self.durable:
            folder = os.open(self.data, os.O_RDONLY)
            os.fsync(folder)
            os.close(folder)

    def _run(self, command: list[str], text: str = "") -> None:
        done = subprocess.run(
            command,
            input=text,
            capture_output=True,
            text=True,
            check=False,
            preexec_fn=lambda: processes.die_with_parent(signal.SIGKILL),
            **self._as_account(),
        )
        if done.returncode or "ERROR:" in done.stderr or "FATAL:" in done.stderr:
            program = Path(command[0]).name
            raise DatabaseRefused(why=f"PostgreSQL's {program} failed:\n{done.stderr.strip()[-2000:]}")

    def _make_socket_dir(self) -> None:
        """The socket's folder is ours alone; one that somebody else put there first is refused."""
        with suppress(FileExistsError):
            self.sockets.mkdir(mode=0o700)
        found = self.sockets.lstat()
        allowed = {os.geteuid(), self.account.uid} if self.account else {os.geteuid()}
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in allowed:
            raise DatabaseRefused(why=f"{self.sockets} belongs to somebody else: remove it, or choose another --data.")
        self.sockets.chmod(0o700)
        give(self.sockets, self.account)

    def _claim(self) -> processes.FileLock:
        """The right to run a server on these data; it is handed on to the server, whose every process keeps it.

        So a server that we cannot see, in another container on the same volume, is not taken for a leftover.
        """
        self._end_orphans(self.cluster)
        lock = processes.FileLock(self.data / "postgres.running")
        if not processes.wait_until(lambda: lock.take(wait=False), seconds=HELD_SECONDS):
            lock.close()
            raise DatabaseRefused(
                why=f"Another PostgreSQL works on {self.cluster} and cannot be seen from here: in another container, "
                "perhaps. Stop that one, or choose another --data."
            )
        return lock

    def _clear_leftovers(self) -> None:
        """After a kill: the files that name processes which are no more."""
        pid, _ = self._pid_and_status()
        if pid is not None and not self._is_ours(pid):
            self.pid_file.unlink(missing_ok=True)
        elif self.pid_file.exists() and pid is None:
            self.pid_file.unlink()  # cut short by a full disk or a loss of power
        for leftover in self.sockets.glob(f".s.PGSQL.{PORT}*"):
            leftover.unlink(missing_ok=True)

    @staticmethod
    def _end_orphans(cluster: Path) -> None:
        """Server processes that outlived their first one keep its shared memory, and so the next one, waiting."""
        for signum, seconds in ((signal.SIGQUIT, 2.0), (signal.SIGKILL, 5.0)):
            for pid in processes.working_in(cluster, "postgres"):
                processes.send(pid, signum)
            if processes.wait_until(lambda: not processes.working_in(cluster, "postgres"), seconds=seconds):
                return

    def _write_hba(self) -> None:
        hba = self.cluster / "pg_hba.conf"
        if hba.read_text() != HBA:
            hba.write_text(HBA)

    def _last_words(self) -> str:
        """What the server logged since we started it, the end of it."""
        try:
            with self.log.open("rb") as log:
                log.seek(self._log_start)
                return log.read().decode(errors="replace").strip()[-2000:]
        except FileNotFoundError:
            return "(nothing)"

    def poll(self) -> bool:
        """Whether it still runs."""
        return self.running() is not None

    def stop(self) -> None:
        """Stop it now, in order; by force where that takes too long."""
        pid, _ = self._pid_and_status()
        if pid is None or not self._is_ours(pid):
            return
        processes.send(pid, signal.SIGINT)
        if not processes.wait_until(lambda: not self._is_ours(pid), seconds=STOP_SECONDS, step=0.01):
            self._kill(pid)

    def _kill(self, pid: int) -> None:
        self.say("PostgreSQL does not stop: ending it by force; the next start recovers.")
        processes.send(pid, signal.SIGQUIT)
        if not processes.wait_until(lambda: not self._is_ours(pid), seconds=5):
            processes.send(pid, signal.SIGKILL)
            processes.wait_until(lambda: not self._is_ours(pid), seconds=5)


@contextmanager
def embedded() -> Generator[None]:
    """A database to work with: the one that runs, else the embedded one for as long as somebody needs it.

    Where DATABASE_URL names another server nothing is started. Raises DatabaseRefused, NoPostgres.
    """
    if url := os.environ.get("DATABASE_URL"):
        check_server(url)
        yield
        return
    server = Server()
    server.begin()
    try:
        server.ready()
        yield
    finally:
        server.end()


def check_server(url: str) -> None:
    """Refuse a server that cannot be reached, or that is older or newer than what the product is tested on."""
    import psycopg

    try:
        with psycopg.connect(url, connect_timeout=10) as connection:
            major = connection.info.server_version // 10000
    except psycopg.OperationalError as error:
        raise DatabaseRefused(why=f"The server of DATABASE_URL does not answer: {str(error).strip()}") from None
    except psycopg.ProgrammingError as error:
        raise DatabaseRefused(why=f"DATABASE_URL cannot be read: {str(error).strip()}") from None
    check_major(major)


def check_major(major: int) -> None:
    """Refuse a major version of PostgreSQL outside OLDEST to NEWEST."""
    if not OLDEST <= major <= NEWEST:
        raise DatabaseRefused(
            why=f"The server of DATABASE_URL is PostgreSQL {major}; Egard works with {OLDEST} to {NEWEST}. "
            + ("Upgrade that server." if major < OLDEST else "Use an older server, or a newer Egard.")
        )
