"""One web server: granian's own process, and one or more that hold Django."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from functools import partial
from typing import Any

from egard.base.refusal import Refusal
from egard.site.commands import load_django
from egard.site.commands.serve import supervised
from egard.site.paths import LOOPBACK
from egard.site.processes import follow

BACKLOG = 1024
OPEN_MAX = 4096
"""Requests that one process answers at once: open pages are such, and wait for most of their time."""
STOP_SECONDS = 5
"""How long a request may still run once told to stop."""


def run(*, host: str, port: int, count: int, gate: int | None = None) -> None:
    """Serve until told to stop. Where a `gate` is given, load first, and serve once its other end is closed."""
    from granian.constants import HTTPModes, Interfaces
    from granian.log import LogLevels
    from granian.server.mp import MPServer

    supervised()
    os.environ["EGARD_PROCESS"] = "web"
    method = "fork" if sys.platform == "linux" else "spawn"
    multiprocessing.set_start_method(method)
    if gate is not None and method == "spawn":  # a spawned process does not inherit it: hold it here
        os.read(gate, 1)
        gate = None
    server = MPServer(
        "egard.site.asgi:application",
        address=host,
        port=port,
        interface=Interfaces.ASGINL,
        workers=count,
        http=HTTPModes.auto,
        websockets=False,
        backlog=BACKLOG,
        backpressure=OPEN_MAX,
        log_access=False,
        log_level=LogLevels.warning,
        workers_kill_timeout=STOP_SECONDS,
    )
    server.serve(target_loader=partial(_load, os.getpid(), gate, host), wrap_loader=False)


def _load(parent: int, gate: int | None, host: str) -> Any:
    """In a process that answers: the application, once the database is ready for it."""
    follow(parent, signal.SIGKILL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # until the server listens to it: no request is under way
    load_django()
    from django.urls import get_resolver

    _ = get_resolver().url_patterns  # every page and the API: most of what there is to load
    if gate is not None:
        os.read(gate, 1)  # returns at the end of file
    elif "EGARD_SUPERVISOR" not in os.environ:
        from egard.site.prepare import ensure_static, require_migrated, suspend_demo

        try:
            require_migrated()
            ensure_static()
            if host not in LOOPBACK:
                suspend_demo()
        except Refusal as refusal:
            print(refusal.detail, file=sys.stderr)
            sys.exit(1)
    from egard.site.asgi import application

    return application
