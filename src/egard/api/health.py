"""Is it alive, is it ready: two pages for machines, without words for people and without a key."""

from __future__ import annotations

from functools import lru_cache

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from egard.api.problems import answer
from egard.kernel.timeline import reactions, worker


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """200 while the process answers; asks nobody else."""
    return answer({"status": "alive"})


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """200 when requests can be served and their consequences are being worked off, else 503 with what is missing.

    `{"status", "database", "migrations", "workers", "waiting", "failing"}`: `workers` counts the living ones, `waiting`
    the facts that reactions have not read (at most 100,000 are counted), `failing` names reactions that are being
    tried again; a failing reaction does not make the rest unready.
    """
    state: dict[str, object] = {"status": "ready", "database": "ok", "migrations": "ok"}
    try:
        if not _migrated():
            state |= {"status": "not_ready", "migrations": "missing"}
        else:
            lag = reactions.lag()
            state |= {"workers": worker.alive(), "waiting": lag["waiting"], "failing": sorted(lag["failing"])}
            if not state["workers"]:
                state["status"] = "not_ready"
    except DatabaseError:
        state = {"status": "not_ready", "database": "away"}
    return answer(state, 200 if state["status"] == "ready" else 503)


def _migrated() -> bool:
    return _applied(str(connection.settings_dict["NAME"])) or _clear()


@lru_cache(maxsize=8)
def _applied(_database: str) -> bool:
    """Asked once: migrations are not undone under a running process."""
    executor = MigrationExecutor(connection)
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())


def _clear() -> bool:
    _applied.cache_clear()
    return False
