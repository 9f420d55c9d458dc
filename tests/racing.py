"""Doing several things at the same moment, each over a connection of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from django.db import connections

from egard.base.refusal import Refusal


def at_once(works: Sequence[Callable[[], Any]]) -> list[Any]:
    """What each gave, or the code of its refusal; any other error is raised."""
    gate = Barrier(len(works))

    def run(work: Callable[[], Any]) -> Any:
        try:
            gate.wait(30)
            return work()
        except Refusal as refusal:
            return refusal.code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))
