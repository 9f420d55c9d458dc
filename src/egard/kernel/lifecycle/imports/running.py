"""Running an import from end to end: open, check the map against the file, load, refresh what leans on it."""

from __future__ import annotations

import gc
import re
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from django.utils.translation import gettext_lazy as _

from egard.base.refusal import Refusal
from egard.base.tables import FileOptions, Table, open_table
from egard.base.tables.refusals import BadFile, Bomb, Damaged
from egard.kernel.access.actors import Actor
from egard.kernel.access.operations import log_change
from egard.kernel.lifecycle.imports.job import BATCH, Job
from egard.kernel.lifecycle.imports.maps import Map, identity_map, map_of, read_map
from egard.kernel.lifecycle.imports.recording import forget_would_be
from egard.kernel.lifecycle.imports.tally import Progress, Tally
from egard.kernel.registry import Importer, registry
from egard.kernel.timeline.reactions import catch_up


class UnknownImporter(Refusal):
    """No part of the product imports this kind."""

    code = "import.unknown_kind"
    message = _("“{kind}” cannot be imported here. Kinds are: {known}.")


class NoFields(Refusal):
    """Without a map the columns must be named as fields."""

    code = "import.no_fields"
    message = _("No column of “{path}” is named as a field of {kind} ({known}). Say which is what in a map: `--map`.")


class MissingFields(Refusal):
    """A mandatory field is named by no column."""

    code = "import.missing_fields"
    message = _("“{path}” has no column for {missing}. Its columns are: {found}. Say which is what in a map: `--map`.")


class ImportStopped(Refusal):
    """The file could not be read to its end; what was read before is in."""

    code = "import.stopped"
    message = _("{why} Rows read before: {rows}; imported: {imported}.")

    def __init__(self, why: Refusal, summary: Summary) -> None:
        self.summary, self.why = summary, why
        super().__init__(why=why.detail, rows=summary.tally.rows, imported=summary.tally.imported)


@dataclass(frozen=True, slots=True)
class Summary:
    """What an import did. `rejects` is the file of refused rows, None when there are none."""

    tally: Tally
    detected: dict[str, Any]
    rejects: Path | None
    dry_run: bool = False

    def data(self) -> dict[str, Any]:
        """As programs read it (`--json`)."""
        t = self.tally
        return {
            "rows": t.rows,
            "imported": t.imported,
            "unchanged": t.unchanged,
            "rejected": t.rejected,
            "people": t.people,
            "facts": t.facts,
            **t.more,
            "reasons": dict(t.reasons.most_common()),
            "detected": self.detected,
            "rejects_file": str(self.rejects) if self.rejects else None,
            "dry_run": self.dry_run,
        }


def importer_of(kind: str) -> Importer:
    """Raises `UnknownImporter`."""
    importer = registry.importers.get(kind)
    if importer is None:
        raise UnknownImporter(kind=kind, known=", ".join(sorted(registry.importers)))
    return importer


def import_file(
    kind: str,
    path: Path,
    *,
    map_path: Path | None = None,
    stated: Mapping[str, Any] | None = None,
    by: Actor,
    now: datetime,
    batch: int = BATCH,
    dry_run: bool = False,
    live: bool = False,
    progress: Callable[[Progress], None] = lambda _progress: None,
) -> Summary:
    """Import a file; a second import of the same file changes nothing. Its map is a file, or plain data (`stated`).

    Rows that cannot be used are refused one by one (see `Summary.rejects`), the others are in. Raises
    `UnknownImporter`, `BadMap`, `BadFile`, and `ImportStopped` where the file turns out to be damaged on the way.
    """
    importer = importer_of(kind)
    map_ = read_map(map_path, importer) if map_path else map_of(stated, importer, name=kind) if stated else None
    table = open_table(path, map_.file if map_ else FileOptions(), wanted=map_.columns if map_ else ())
    try:
        map_ = checked(map_, table, importer)
        job = Job(importer, table, map_, by=by, now=now, batch=batch, dry_run=dry_run, progress=progress)
        job.history = not (live or map_.live)
        with _what_is_new_alone():
            return _run(job)
    finally:
        table.close()


@contextmanager
def _what_is_new_alone() -> Generator[None]:
    """The collector of garbage looks through what the import makes, not through the whole product again and again: a
    third less processor time.
    """
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def checked(map_: Map | None, table: Table, importer: Importer) -> Map:
    """The map, each of its columns found in the file."""
    if map_ is not None:
        if not table.open_columns:
            table.require(map_.columns)
        else:
            # Later lines may hold more: only what every row needs must be there from the start.
            held = {name for name, cells in table.first.columns.items() if any(cell is not None for cell in cells)}
            table.names = [name for name in table.names if name in held] or table.names
            table.require([c for name in importer.required for c in map_.fields[name].columns])
        return map_
    found = identity_map(table.names, importer)
    if not found.fields:
        raise NoFields(path=table.path.name, kind=importer.kind, known=", ".join(importer.fields))
    missing = [name for name in importer.required if name not in found.fields]
    if missing:
        raise MissingFields(path=table.path.name, missing=", ".join(missing), found=", ".join(table.names[:100]))
    return found


def _run(job: Job) -> Summary:
    if job.dry_run:
        forget_would_be()
    stopped: BadFile | None = None
    try:
        loader(job.importer)(job)
    except (Damaged, Bomb) as refusal:
        stopped = refusal
    except BaseException:
        job.rejects.abandon()
        raise
    summary = Summary(job.tally, job.table.detected, job.finish(), job.dry_run)
    if not job.dry_run and job.tally.imported:
        log_change(
            "import.done",
            by=job.by,
            now=job.now,
            subject=job.importer.kind,
            file=re.sub(r"[\x00-\x1f]", " ", job.table.path.name)[:200],
            facts=job.tally.facts,
            people=job.tally.people,
            rejected=job.tally.rejected,
        )
    if not job.dry_run and job.tally.facts:
        job.tell("updating", 0, 0)
        catch_up(now=job.now)
    if stopped is not None:
        raise ImportStopped(stopped, summary)
    return summary


def loader(importer: Importer) -> Callable[[Job], None]:
    module, _colon, name = importer.load.partition(":")
    return getattr(import_module(module), name)
