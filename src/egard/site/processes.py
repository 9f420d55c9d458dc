"""What the supervisor and the embedded server need to know about processes and locks. No Django here."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

PR_SET_PDEATHSIG = 1
PROC = Path("/proc")

# Loaded once, before any fork: a forked child must not import or allocate more than it has to.
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def die_with_parent(signum: int = signal.SIGTERM) -> None:
    """Ask the kernel to send us `signum` when our parent dies, however it dies (Linux; elsewhere nothing)."""
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, int(signum), 0, 0, 0)


def follow(parent: int, signum: int = signal.SIGTERM) -> None:
    """Die with `parent`, which started us; leave at once where it is already gone."""
    die_with_parent(signum)
    if os.getppid() != parent:
        sys.exit(1)


def is_alive(pid: int) -> bool:
    """Whether a process of this id runs; one that ended and waits to be collected does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        stat = (PROC / str(pid) / "stat").read_text()
    except OSError:
        return True
    return stat.rpartition(")")[2].split()[0] not in {"Z", "X"}


def name_of(pid: int) -> str:
    """The program's name, or an empty string where nothing runs under this id."""
    comm = PROC / str(pid) / "comm"
    if comm.parent.parent.joinpath("self").exists():
        try:
            return comm.read_text().strip()
        except OSError:
            return ""
    done = subprocess.run(["ps", "-o", "comm=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return Path(done.stdout.strip()).name


def folder_of(pid: int) -> Path | None:
    """The folder a process works in, where the system lets us see it."""
    try:
        return (PROC / str(pid) / "cwd").readlink()
    except OSError:
        return None


def working_in(folder: Path, name: str) -> list[int]:
    """The processes called `name` that work in `folder` (Linux; an empty list elsewhere)."""
    if not PROC.joinpath("self").exists():
        return []
    pids = [int(entry.name) for entry in PROC.iterdir() if entry.name.isdecimal()]
    return [pid for pid in pids if name_of(pid) == name and folder_of(pid) == folder and is_alive(pid)]


def send(pid: int, signum: int) -> None:
    """Send a signal to a process that may be gone."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signum)


def wait_until(done: Callable[[], bool], *, seconds: float, step: float = 0.02) -> bool:
    """Ask `done` every `step` seconds, for `seconds` at most; whether it came true."""
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            return False
        time.sleep(step)
    return True


class FileLock:
    """An advisory lock on a file, given back by the kernel whatever happens to its holder."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.path = path
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)

    def take(self, *, shared: bool = False, wait: bool = True) -> bool:
        """Take it, or change how it is held; False where `wait` is off and somebody else holds it."""
        how = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        try:
            fcntl.flock(self._descriptor, how | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            return False
        return True

    def write(self, text: str) -> None:
        """Say in the file who holds it."""
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, text.encode(), 0)

    def close(self) -> None:
        """Give it back."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    @property
    def descriptor(self) -> int:
        """To hand on: whoever inherits it holds the lock too, until the last of them closes it."""
        return self._descriptor

    def __enter__(self) -> FileLock:
        self.take()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
