"""simulate …: the product under many clients that are killed, from a seed."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager

import click

from egard.site.commands import answer, json_option, product


@click.group()
def simulate() -> None:
    """Run the product under clients that are killed, from a seed, and say what does not hold afterwards."""


@contextmanager
def somewhere() -> Generator[None]:
    """The installation that is there, whose tables are left alone; else one for the moment."""
    from egard.site import paths

    if os.environ.get("DATABASE_URL") or paths.cluster_dir().is_dir():
        with product():
            yield
        return
    with tempfile.TemporaryDirectory(prefix="egard-simulate-") as folder:
        os.environ["EGARD_DATA"] = folder
        os.environ.setdefault("EGARD_POSTGRES_FSYNC", "off")
        with product(begins=True):
            yield


@simulate.command()
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="The first seed.")
@click.option("--seeds", "count", type=click.IntRange(1, 100_000), default=1, help="How many, one after another.")
@json_option
def ledger(seed: int, count: int, as_json: bool) -> int:
    """Transfers of every sort by processes that are killed with SIGKILL; then every invariant of the books is checked,
    and that what was acknowledged is there once. Works in tables of its own. Exit code 1 where something does not hold.
    """
    with somewhere():
        from egard.site.simulation.ledger import simulate as run

        shown = sys.stderr.isatty() and not as_json
        told = run(
            range(seed, seed + count),
            progress=lambda done: click.echo(f"\rseed {done}", nl=False, err=True) if shown else None,
        )
    result = {
        "ok": not told.violations,
        "operations": told.operations,
        "kills": told.kills,
        "violations": told.violations,
        "seeds": count,
    }
    words = [
        *told.violations,
        f"{told.operations:,} operations, {told.kills:,} kills, {len(told.violations)} violations.",
    ]
    answer(result, "\n".join(words), as_json=as_json)
    return 0 if result["ok"] else 1
