"""A pytest plugin: an embedded server of its own for each test session, started when a test first needs it.

Loaded by `-p egard.site.testing`, ours and that of journeys kept elsewhere. The controller of a parallel run makes the
data directory and removes it; whichever process first needs the database starts the server and migrates the
template; each process clones that. With DATABASE_URL set, that server is used and nothing is started.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

HOME = "EGARD_TEST_HOME"
"""The environment variable by which parallel processes learn where their session's server is."""


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Iterator[None]:
    """Before Django's settings are read: point them at this session's own place."""
    if HOME not in os.environ:
        home = tempfile.mkdtemp(prefix="egard-test-")
        early_config.add_cleanup(lambda: _clear(Path(home)))
        os.environ[HOME] = home
        os.environ["EGARD_DATA"] = f"{home}/data"
        os.environ["EGARD_POSTGRES_FSYNC"] = "off"
        if "DATABASE_URL" not in os.environ:
            os.environ["EGARD_TEST_TEMPLATE"] = "egard"
    return (yield)


def _clear(home: Path) -> None:
    from egard.site.postgres import Server

    os.environ["EGARD_DATA"] = f"{home}/data"
    Server().stop()
    shutil.rmtree(home, ignore_errors=True)
    for name in (HOME, "EGARD_DATA", "EGARD_POSTGRES_FSYNC", "EGARD_TEST_TEMPLATE"):
        os.environ.pop(name, None)


def ensure_database() -> None:
    """The server is up and its template has every migration; called with access to the database allowed."""
    if os.environ.get("DATABASE_URL"):
        return
    from django.core.management import call_command
    from django.db import connections

    from egard.kernel.lifecycle.setup import after_migrate
    from egard.site import postgres, processes

    home = Path(os.environ[HOME])
    migrated = home / "migrated"
    with processes.FileLock(home / "start.lock"):
        if migrated.exists():
            return
        server = postgres.Server(say=lambda words: None)
        server.begin()
        server.ready()
        call_command("migrate", interactive=False, verbosity=0)
        after_migrate()
        connections.close_all()  # a template is copied only while nobody uses it
        migrated.touch()
