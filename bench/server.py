"""A fresh embedded server for a benchmark, durable as in life (fsync on), thrown away at the end."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def fresh_server() -> Generator[None]:
    """Django is set up on an empty, migrated database. `EGARD_BENCH_DATA` keeps the data for the next run."""
    kept = os.environ.get("EGARD_BENCH_DATA")
    home = kept or tempfile.mkdtemp(prefix="egard-bench-")
    os.environ["EGARD_DATA"] = home
    os.environ.pop("DATABASE_URL", None)
    from egard.site import postgres

    server = postgres.Server()
    server.begin()
    server.ready()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "egard.site.settings")
    try:
        import django

        django.setup()
        from django.core.management import call_command

        from egard.kernel.lifecycle.setup import after_migrate

        call_command("migrate", verbosity=0, interactive=False)
        after_migrate()
        yield
    finally:
        from django.db import connections

        connections.close_all()
        server.end(force=True)
        if not kept:
            shutil.rmtree(home, ignore_errors=True)
