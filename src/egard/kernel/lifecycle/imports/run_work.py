"""What a worker does with a file that was asked for. Killed in the middle, it is taken up again with the same figures:
rows that are in already are known, and what a run made is counted by its own moment.
"""

from __future__ import annotations

import csv
import logging
import threading
from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, connections, transaction
from django.db.models import Max
from django.utils import translation
from django.utils.translation import gettext as _

from egard.base.clock import utc_now
from egard.base.refusal import Refusal
from egard.kernel.access.actors import Actor
from egard.kernel.jobs.operations import TryAgain
from egard.kernel.lifecycle.imports.running import ImportStopped, Summary, import_file
from egard.kernel.lifecycle.imports.runs import folder_of, path_of, rejects_of
from egard.kernel.lifecycle.imports.tally import Progress
from egard.kernel.lifecycle.models import ImportRun
from egard.kernel.people.models import Person
from egard.kernel.timeline.models import Fact

log = logging.getLogger("egard.import")
TELL_SECONDS = 0.4
BUSY_SECONDS = 5
ATTEMPTS_MAX = 5
"""Times that a run is taken up; one that kills its worker each time ends with a word instead."""
EXAMPLES_READ = 5_000
"""Refused rows looked at for an example of each reason."""


class Cancelled(Exception):
    """Somebody asked for the end while rows were read."""


def run_import(run_id: str, *, now: datetime) -> None:
    """Bring in the file of a run, from its beginning; a run that has ended is left alone. Raises `TryAgain` where
    another worker has it in hand.
    """
    with _alone(run_id) as mine:
        if not mine:
            raise TryAgain(now + timedelta(seconds=BUSY_SECONDS), "another worker has it in hand")
        run = _take_up(run_id, now=now)
        if run.ended_at:
            return
        with translation.override(run.language or settings.LANGUAGE_CODE):
            if run.attempts > ATTEMPTS_MAX:
                _end(
                    run,
                    refusal=_("It was begun several times and never came to its end. Ask an administrator to look."),
                )
            elif run.cancelled_at:
                _end(run)
            else:
                _bring_in(run)


@transaction.atomic
def _take_up(run_id: str, *, now: datetime) -> ImportRun:
    run = ImportRun.objects.select_for_update().get(pk=run_id)
    if run.ended_at:
        return run
    if run.begun_at is None:
        run.begun_at = now
        run.after_person = Person.objects.aggregate(last=Max("id"))["last"] or 0
        run.after_fact = Fact.objects.aggregate(last=Max("id"))["last"] or 0
    run.attempts += 1
    run.save(update_fields=["begun_at", "after_person", "after_fact", "attempts"])
    return run


def _bring_in(run: ImportRun) -> None:
    kind, _colon, name = run.by.partition(":")
    by = Actor(kind, name)
    summary: Summary | None = None
    refusal = ""
    with Teller(run) as teller:
        try:
            summary = import_file(
                run.kind, path_of(run), stated=run.stated, by=by, now=run.begun_at, progress=teller.hear
            )
        except Cancelled:
            pass
        except ImportStopped as stopped:
            summary, refusal = stopped.summary, stopped.why.detail
        except Refusal as error:
            refusal = error.detail
    if teller.heard is not None:
        run.rows, run.rejected = teller.heard.rows, teller.heard.rejected
    # Asked to stop after the last row, it is done all the same.
    asked = ImportRun.objects.values_list("cancelled_at", flat=True).get(pk=run.pk)
    run.cancelled_at = asked if summary is None and not refusal else None
    _end(run, summary=summary, refusal=refusal)


def _end(run: ImportRun, *, summary: Summary | None = None, refusal: str = "") -> None:
    """Write the figures; the file itself is not kept, its refused rows are."""
    if summary is not None:
        tally = summary.tally
        run.rows, run.rejected, run.people, run.facts = tally.rows, tally.rejected, tally.people, tally.facts
        run.told = {
            "detected": summary.detected,
            "known": tally.unchanged if run.attempts == 1 else None,
            "more": tally.more,
            "reasons": _reasons(run, summary),
        }
    if (summary is None or run.attempts > 1) and run.begun_at:
        made = {"created_at": run.begun_at, "id__gt": run.after_person}
        run.people = Person.objects.filter(**made).count()
        run.facts = Fact.objects.filter(id__gt=run.after_fact, recorded_at=run.begun_at, by=run.by).count()
    run.refusal, run.ended_at, run.working = refusal, utc_now(), ""
    run.save()
    path_of(run).unlink(missing_ok=True)
    for left in folder_of(run).glob(".egard-*.rejects"):
        left.unlink(missing_ok=True)


def _reasons(run: ImportRun, summary: Summary) -> list[dict[str, Any]]:
    """Each reason of refusal, the most frequent first: how often, and its words on one row."""
    words: dict[str, str] = {}
    if path := rejects_of(run):
        with path.open(encoding="utf-8-sig", newline="") as file:
            for row, _number in zip(csv.reader(file), range(EXAMPLES_READ), strict=False):
                words.setdefault(row[1], row[2])
    return [
        {"code": code, "count": count, "words": words.get(code, "")}
        for code, count in summary.tally.reasons.most_common(20)
    ]


@contextmanager
def _alone(run_id: str) -> Generator[bool]:
    """Whether this worker alone has the run in hand: a lock of the session, gone with a worker that dies."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_try_advisory_lock(hashtextextended(%s, 7))", [f"import {run_id}"])
        mine = cursor.fetchone()[0]
    try:
        yield mine
    finally:
        if mine and connection.is_usable():
            with connection.cursor() as cursor:
                cursor.execute("select pg_advisory_unlock(hashtextextended(%s, 7))", [f"import {run_id}"])


class Teller:
    """Writes how far a run is, and hears whether it is to stop: in a thread, with a connection of its own, so that
    progress is seen whatever transaction the loader is in.
    """

    def __init__(self, run: ImportRun) -> None:
        self.run_id = run.pk
        self.heard: Progress | None = None
        self._cancelled = threading.Event()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._tell, name="egard-import-teller", daemon=True)

    def hear(self, progress: Progress) -> None:
        self.heard = progress
        if self._cancelled.is_set():
            raise Cancelled

    def _tell(self) -> None:
        told: Progress | None = None
        try:
            while not self._over.wait(TELL_SECONDS):
                run = ImportRun.objects.filter(pk=self.run_id)
                if self.heard is not None and self.heard is not told:
                    told = self.heard
                    run.update(
                        working=told.stage, done=told.done, total=told.total, rows=told.rows, rejected=told.rejected
                    )
                if run.values_list("cancelled_at", flat=True).get() is not None:
                    self._cancelled.set()
        except Exception:
            log.exception("how far the import %s is cannot be told", self.run_id)
        finally:
            connections.close_all()

    def __enter__(self) -> Teller:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
