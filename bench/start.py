"""The second `egard serve --empty`: seconds to the first answer of `/healthz`, and memory of everything at rest.

The first start, which makes the database, is not counted. Each start is a new process of the command, asked every 5 ms
from outside until it answers 200. At rest: ten seconds after the last start, all processes of the product together,
PostgreSQL's included; PSS counts memory that processes share once, RSS once for each of them.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import suppress

import psutil

from bench.report import Section, versions

NEEDS_SERVER = False
STARTS = int(os.environ.get("EGARD_BENCH_STARTS", "5"))
REST_SECONDS = float(os.environ.get("EGARD_BENCH_REST", "10"))
PATIENCE_SECONDS = 180


def free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


def start(home: str) -> tuple[subprocess.Popen[bytes], float]:
    """Start the product on these data; its process, and the seconds until it answered."""
    port = free_port()
    environment = {**os.environ, "EGARD_DATA": home}
    environment.pop("DATABASE_URL", None)
    command = [sys.executable, "-P", "-m", "egard.site.cli", "serve", "--empty", "--port", str(port)]
    started = time.perf_counter()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not answers(port):
            if process.poll() is not None or time.perf_counter() - started > PATIENCE_SECONDS:
                raise RuntimeError(f"egard serve did not start (exit code {process.poll()})")
            time.sleep(0.005)
        return process, time.perf_counter() - started
    except BaseException:
        stop(process)
        raise


def answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def at_rest(process: subprocess.Popen[bytes]) -> list[tuple[str, float, float]]:
    """Name, RSS and PSS in MiB of each process of the product (PSS 0 where the system does not tell it)."""
    parent = psutil.Process(process.pid)
    found = []
    for one in [parent, *parent.children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):
            memory = one.memory_full_info()
            kind = "PostgreSQL" if one.name().startswith("postgres") else "Python"
            found.append((kind, memory.rss / 2**20, getattr(memory, "pss", 0) / 2**20))
    return found


def run(section: Section) -> None:
    home = tempfile.mkdtemp(prefix="egard-bench-start-")
    seconds: list[float] = []
    memory: list[tuple[str, float, float]] = []
    try:
        for turn in range(STARTS + 1):
            process, took = start(home)
            try:
                if turn:  # the first one makes the database
                    seconds.append(took)
                if turn == STARTS:
                    time.sleep(REST_SECONDS)
                    memory = at_rest(process)
            finally:
                stop(process)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    seconds.sort()
    section.head("second start", "seconds to the first answer")
    section.row("median", f"{seconds[len(seconds) // 2]:.2f}")
    section.row("quickest, slowest", f"{seconds[0]:.2f}, {seconds[-1]:.2f}")
    section.head("at rest", "processes", "sum of PSS, MiB", "sum of RSS, MiB")
    for kind in ("Python", "PostgreSQL"):
        ones = [one for one in memory if one[0] == kind]
        section.row(kind, len(ones), f"{sum(o[2] for o in ones):.0f}", f"{sum(o[1] for o in ones):.0f}")
    section.say(
        f"**{sum(o[2] for o in memory):.0f} MiB (PSS) at rest in {len(memory)} processes; median of {len(seconds)}"
        f" starts {seconds[len(seconds) // 2]:.2f} s.**"
    )
    section.versions = versions()
    section.done()
