"""import: bring in a file."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from egard.site.commands import answer, json_option, product

if TYPE_CHECKING:
    from egard.kernel.lifecycle.imports import Progress, Summary

SOME_REJECTED = 3
MAPS = "maps"


@click.command("import")
@click.argument("kind")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--map", "map_path", type=click.Path(path_type=Path), help="YAML that says which column is what.")
@click.option("--dry-run", is_flag=True, help="Check everything, write nothing but the rejects file.")
@click.option("--batch", type=click.IntRange(1, 100_000), default=10_000, show_default=True, help="Rows a transaction.")
@click.option("--live", is_flag=True, help="Let reactions take the rows for news; by default they are the past.")
@json_option
def command(kind: str, file: Path, map_path: Path | None, dry_run: bool, batch: int, live: bool, as_json: bool) -> int:
    """Bring in FILE (CSV, JSON lines or Parquet; plain, gzip or zstd) as KIND: people, events, purchases…

    A second run of the same file changes nothing. Rows that cannot be used go to FILE.rejects.csv with their line and
    the reason; the others are in, and the exit code is 3.
    """
    with product():
        from egard.base.clock import utc_now
        from egard.kernel.access.actors import system
        from egard.kernel.lifecycle.imports import ImportStopped, import_file

        bar = Bar() if sys.stderr.isatty() and not as_json else None
        try:
            summary = import_file(
                kind,
                file,
                map_path=map_path and _shipped(map_path),
                by=system("import"),
                now=utc_now(),
                batch=batch,
                dry_run=dry_run,
                live=live,
                progress=bar.show if bar else lambda _progress: None,
            )
        except ImportStopped as stopped:
            answer(stopped.summary.data(), _words(stopped.summary), as_json=as_json)
            if not as_json:
                click.echo(stopped.detail, err=True)
            return 1
        finally:
            if bar:
                bar.end()
    answer(summary.data(), _words(summary), as_json=as_json)
    return SOME_REJECTED if summary.tally.rejected else 0


def _shipped(path: Path) -> Path:
    """The map itself, or the one of that name that ships with the product (`examples/maps/online-retail.yaml`)."""
    from egard.site.paths import examples_dir

    beside = examples_dir() / MAPS / path.name
    return beside if not path.exists() and beside.exists() else path


class Bar:
    """One line on the terminal: how far, how many rows, how fast. Written at most ten times a second."""

    WIDTH = 30

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._next = 0.0

    def show(self, progress: Progress) -> None:
        passed = time.monotonic() - self._began
        if passed < self._next:
            return
        self._next = passed + 0.1
        part = min(1.0, progress.done / progress.total) if progress.total else 0.0
        filled = round(part * self.WIDTH)
        bar = f"[{'#' * filled}{'.' * (self.WIDTH - filled)}] {part:4.0%} " if progress.total else ""
        stage = {"updating": "updating figures"}.get(progress.stage, progress.stage)
        rate = progress.rows / passed if passed else 0
        click.echo(f"\r\x1b[K{stage:8} {bar}{progress.rows:,} rows, {rate:,.0f}/s", err=True, nl=False)

    def end(self) -> None:
        click.echo("\r\x1b[K", err=True, nl=False)


SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars", ":": "colons"}


def _recognised(detected: Mapping[str, Any]) -> str:
    """What was recognised of the file, in words."""
    parts = [{"csv": "CSV", "jsonl": "JSON lines", "parquet": "Parquet"}.get(detected["format"], detected["format"])]
    if detected.get("compression"):
        parts[0] += f" packed with {detected['compression']}"
    if detected.get("encoding"):
        parts.append(f"encoding {detected['encoding']}")
    if separator := detected.get("separator"):
        parts.append(f"cells set apart by {SEPARATORS.get(separator, separator)}")
        if detected.get("quote") == "'":
            parts.append("quoted by '")
    for column, form in detected.get("dates", {}).items():
        parts.append(f"dates of {column or 'a constant'} as {'ISO 8601' if form == 'iso' else form}")
    if zone := detected.get("zone"):
        parts.append(f"times without a zone are of {zone}")
    for column, mark in detected.get("decimals", {}).items():
        if mark == ",":
            parts.append(f"decimals of {column} after a comma")
    return "; ".join(parts)


def _words(summary: Summary) -> str:
    """The summary as people read it."""
    tally = summary.tally
    lines = [f"Recognised: {_recognised(summary.detected)}."]
    done = "would be imported" if summary.dry_run else "imported"
    lines.append(
        f"{tally.rows:,} rows: {tally.imported:,} {done}, {tally.unchanged:,} known already,"
        f" {tally.rejected:,} rejected."
    )
    made = [f"{tally.people:,} people", f"{tally.facts:,} facts"]
    verb = "Would make" if summary.dry_run else "Made"
    lines.append(f"{verb} {' and '.join(made)}.")
    if tally.more:
        lines.append("In the file: " + ", ".join(f"{count:,} {name}" for name, count in tally.more.items()) + ".")
    for reason, count in tally.reasons.most_common(10):
        lines.append(f"  {count:>9,}  {reason}")
    if summary.rejects:
        lines.append(f"Rejected rows, with line and reason: {summary.rejects}")
    return "\n".join(lines)
