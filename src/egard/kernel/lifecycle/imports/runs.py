"""A file brought in through the pages: taken slice by slice, mapped, asked for, cancelled, forgotten.

The command line needs none of this: it has the file. Both end in `import_file`.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from egard.base.paging import Page, bounded, decode_cursor, encode_cursor, micros, moment_of
from egard.base.refusal import Conflict, NotFound, Refusal
from egard.base.tables.refusals import EmptyFile
from egard.base.text import fold
from egard.kernel.access.actors import Viewer
from egard.kernel.jobs.operations import defer
from egard.kernel.lifecycle.imports.maps import map_of
from egard.kernel.lifecycle.imports.running import importer_of
from egard.kernel.lifecycle.models import ImportMap, ImportRun
from egard.kernel.people.models import Person
from egard.kernel.people.operations import search_terms
from egard.kernel.registry import registry

SLICE_BYTES = 4 << 20
"""One slice of an upload at most; one request may carry 8 MB."""
ROOM_BYTES = 256 << 20
"""What must stay free beside a file that is taken."""
JOB = "lifecycle.import_run"
NAME_MAX = 150


class TooLargeFile(Refusal):
    """A file of this size goes by the command line, on the server itself."""

    code = "import.too_large"
    status = 413
    message = _("“{path}” has {size} MB; this page takes {limit}. On the server `egard import` takes any size.")


class NoRoom(Refusal):
    """The disk of the server is nearly full."""

    code = "import.no_room"
    status = 507
    message = _("The server has no room for “{path}”. Ask whoever looks after it to make some.")


class WrongPlace(Conflict):
    """The slice does not follow what is there already: go on from `received`."""

    code = "import.wrong_place"
    message = _("The file goes on at byte {received}: another window may be sending it too.")


class NotNow(Conflict):
    """The import has gone on since: look at it again."""

    code = "import.not_now"
    message = _("This import has gone on since. Look at it again.")


def begin(viewer: Viewer, kind: str, name: str, size: int, *, mark: str = "", now: datetime) -> ImportRun:
    """A file is announced. One that was cut off before (same name, size and `mark`) goes on where it stopped.

    Raises `NotAllowed`, `UnknownImporter`, `EmptyFile`, `TooLargeFile`, `NoRoom`.
    """
    viewer.require_everywhere(importer_of(kind).permission)
    name = safe_name(name)
    if size <= 0:
        raise EmptyFile(path=name)
    if size > settings.IMPORT_MAX_BYTES:
        limit = f"{settings.IMPORT_MAX_BYTES >> 20:,}"
        raise TooLargeFile(path=name, size=f"{size >> 20:,}", limit=limit)
    known = ImportRun.objects.filter(
        by=str(viewer.actor), kind=kind, name=name, size=size, mark=mark[:64], received__lt=size, started_at=None
    )
    if (found := known.order_by("-created_at").first()) and folder_of(found).is_dir():
        return found
    _folder().mkdir(parents=True, exist_ok=True, mode=0o700)
    if shutil.disk_usage(_folder()).free < size + ROOM_BYTES:
        raise NoRoom(path=name)
    run = ImportRun.objects.create(
        kind=kind, name=name, size=size, mark=mark[:64], by=str(viewer.actor), created_at=now
    )
    folder_of(run).mkdir(mode=0o700)
    return run


@transaction.atomic
def add_slice(viewer: Viewer, uuid: UUID, at: int, content: bytes) -> ImportRun:
    """The next piece of a file, at byte `at`. A slice that came already changes nothing. Raises `NotFound`, `NotNow`,
    `WrongPlace`."""
    run = own(viewer, uuid, lock=True)
    if run.started_at or run.ended_at or not folder_of(run).is_dir():
        raise NotNow
    if at + len(content) <= run.received:
        return run
    if at != run.received or not content or at + len(content) > run.size:
        raise WrongPlace(received=run.received)
    descriptor = os.open(path_of(run), os.O_WRONLY | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.seek(at)  # what a cut request left behind is written over
        file.truncate()
        file.write(content)
    run.received = at + len(content)
    run.save(update_fields=["received"])
    return run


@transaction.atomic
def set_map(viewer: Viewer, uuid: UUID, stated: Mapping[str, Any]) -> ImportRun:
    """Which column is what, as plain data; one that is wrong is kept too, and said to be wrong when it is looked at."""
    run = own(viewer, uuid, lock=True)
    if run.started_at:
        raise NotNow
    run.stated = dict(stated)
    run.save(update_fields=["stated"])
    return run


@transaction.atomic
def start(viewer: Viewer, uuid: UUID, stated: Mapping[str, Any], *, now: datetime) -> ImportRun:
    """Ask a worker to bring the file in under a map. Starting twice changes nothing. Raises `BadMap`, `NotNow`."""
    run = own(viewer, uuid, lock=True)
    if run.started_at:
        return run
    if run.received != run.size or run.ended_at:
        raise NotNow
    map_of(stated, importer_of(run.kind), name=run.name)
    run.stated, run.started_at, run.language = dict(stated), now, get_language() or ""
    run.save(update_fields=["stated", "started_at", "language"])
    defer(JOB, run_id=str(run.pk))
    return run


@transaction.atomic
def cancel(viewer: Viewer, uuid: UUID, *, now: datetime) -> ImportRun:
    """Stop it; rows that are in stay. One that no worker took up yet ends at once, one that never started is gone."""
    run = own(viewer, uuid, lock=True)
    if run.ended_at or run.cancelled_at:
        return run
    if run.started_at is None:
        forget_files(run)
        run.delete()
        return run
    run.cancelled_at = now
    if run.begun_at is None:
        run.ended_at = now
        forget_files(run)
    run.save(update_fields=["cancelled_at", "ended_at"])
    return run


def keep_map(viewer: Viewer, kind: str, name: str, stated: Mapping[str, Any], *, now: datetime) -> ImportMap:
    """Keep a map under a name; one of the same name and kind is replaced. Raises `BadMap`."""
    importer = importer_of(kind)
    viewer.require_everywhere(importer.permission)
    map_of(stated, importer, name=name)
    kept, _created = ImportMap.objects.update_or_create(
        kind=kind, name=name.strip()[:100] or kind, defaults={"stated": stated, "by": str(viewer.actor), "at": now}
    )
    return kept


def forget_old(*, now: datetime) -> None:
    """A job of the house: files never brought in, and refused rows, are kept for some days only."""
    before = now - timedelta(days=settings.IMPORT_KEPT_DAYS)
    for run in ImportRun.objects.filter(started_at=None, created_at__lt=before):
        forget_files(run)
        run.delete()
    for run in ImportRun.objects.filter(ended_at__lt=before, forgotten_at=None):
        _forget_rows(run, now=now)


def erase(person: Person, *, now: datetime) -> None:
    """Refused rows that hold an erased person are not kept, nor the words on them; the figures are."""
    named = [f"{person.given_name} {person.family_name}", f"{person.family_name} {person.given_name}"]
    pairs = person.identifiers.values_list("kind", "value")
    found = [
        *(named if person.given_name and person.family_name else ()),
        *(t for p in pairs for t in search_terms(*p)),
    ]
    terms = {term for term in map(_compact, found) if len(term) >= TERM_MIN}
    for run in ImportRun.objects.exclude(ended_at=None).filter(forgotten_at=None):
        if terms and (_holds(rejects_of(run), terms) or any(term in _compact(str(run.told)) for term in terms)):
            _forget_rows(run, now=now)


TERM_MIN = 4
"""Characters of a name or number that may point to one person."""


def _compact(text: str) -> str:
    return re.sub(r"[^a-z0-9@]", "", fold(text))


def _holds(path: Path | None, terms: set[str]) -> bool:
    if path is None:
        return False
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        return any(term in line for line in map(_compact, file) for term in terms)


def _forget_rows(run: ImportRun, *, now: datetime) -> None:
    forget_files(run)
    reasons = [{**reason, "words": ""} for reason in run.told.get("reasons", ())]
    ImportRun.objects.filter(pk=run.pk).update(forgotten_at=now, told={**run.told, "reasons": reasons})


# --- questions ------------------------------------------------------------------------------------------------------


def kinds(viewer: Viewer) -> list[Any]:
    """What the viewer may bring in: importers, by name."""
    return [one for one in registry.importers.values() if viewer.scope(one.permission) == "all"]


def runs(viewer: Viewer, *, limit: int = 20, cursor: str | None = None) -> Page[ImportRun]:
    """Imports of the kinds that the viewer may bring in, the latest first; unfinished ones of others are not hers."""
    found = ImportRun.objects.filter(kind__in=[one.kind for one in kinds(viewer)])
    found = found.exclude(started_at=None) | found.filter(by=str(viewer.actor))
    if cursor:
        found = found.filter(created_at__lt=moment_of(decode_cursor(cursor, "imports", int)[0]))
    limit = bounded(limit)
    rows = list(found.order_by("-created_at")[: limit + 1])
    following = encode_cursor("imports", micros(rows[limit - 1].created_at)) if len(rows) > limit else None
    return Page(rows[:limit], following)


def run(viewer: Viewer, uuid: UUID) -> ImportRun:
    """One import, of a kind that the viewer may bring in. Raises `NotFound`."""
    found = ImportRun.objects.filter(pk=uuid, kind__in=[one.kind for one in kinds(viewer)]).first()
    if found is None or (found.started_at is None and found.by != str(viewer.actor)):
        raise NotFound
    return found


def own(viewer: Viewer, uuid: UUID, *, lock: bool = False) -> ImportRun:
    """One that the viewer brings in herself. Raises `NotFound`, also for another's."""
    rows = ImportRun.objects.select_for_update() if lock else ImportRun.objects.all()
    found = rows.filter(pk=uuid, by=str(viewer.actor), kind__in=[one.kind for one in kinds(viewer)]).first()
    if found is None:
        raise NotFound
    return found


def maps_for(viewer: Viewer, kind: str) -> list[ImportMap]:
    """The maps kept for a kind, by name."""
    viewer.require_everywhere(importer_of(kind).permission)
    return list(ImportMap.objects.filter(kind=kind).order_by("name"))


# --- files ----------------------------------------------------------------------------------------------------------


def _folder() -> Path:
    return Path(settings.MEDIA_ROOT) / "imports"


def folder_of(run: ImportRun) -> Path:
    return _folder() / str(run.pk)


def path_of(run: ImportRun) -> Path:
    """The file itself, under the name that it came with: messages name it."""
    return folder_of(run) / run.name


def rejects_of(run: ImportRun) -> Path | None:
    """The file of refused rows; None where there are none, or no more."""
    path = folder_of(run) / f"{run.name}.rejects.csv"
    return path if path.is_file() else None


def forget_files(run: ImportRun) -> None:
    shutil.rmtree(folder_of(run), ignore_errors=True)


def safe_name(name: str) -> str:
    """A file's name without folders, control characters, or a leading dot; its end is kept, as it may say the form."""
    plain = re.sub(r"[\x00-\x1f\x7f]", " ", re.split(r"[/\\]", name)[-1]).strip().lstrip(".")
    while len(plain.encode()) > NAME_MAX:
        plain = plain[1:]
    return plain or "file"
