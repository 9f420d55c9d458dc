"""Cases from the log of another system: many rows, in the file's order, are the past of one case.

Rows are copied to a table of this session and taken from there case by case, so that memory stays flat. A case of which
a row is refused comes back as a whole: without it the case would have gone another way.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby, pairwise
from typing import Any, NamedTuple, cast

import orjson
from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from egard.base.refusal import Refusal
from egard.base.tables import BadLine, Piece
from egard.base.tables.values import Reader
from egard.kernel.cases import bulk, types
from egard.kernel.cases.bulk import Chosen, PastCase, Player
from egard.kernel.cases.models import CaseType
from egard.kernel.cases.rules.definition import CaseType as Definition
from egard.kernel.cases.rules.past import STATUSES, Figures, Row, Status
from egard.kernel.cases.rules.values import problems
from egard.kernel.lifecycle.imports.batches import Batch, yes_or_no
from egard.kernel.lifecycle.imports.events import BadChannel, EmptyField, is_channel
from egard.kernel.lifecycle.imports.job import Job
from egard.kernel.lifecycle.imports.owners import owners_of
from egard.kernel.lifecycle.imports.persons import persons_of
from egard.kernel.people.bulk import again_where_raced
from egard.kernel.timeline.bulk import NoPerson
from egard.kernel.timeline.operations import CLOCK_SKEW, FromTheFuture

CASES = 1_000
"""Cases of one transaction."""
ROWS_MAX = 5_000
"""Rows of one case: more is a column that numbers no case."""
NUMBER_MAX = 200


class NoCaseType(Refusal):
    """One file is cases of one type."""

    code = "import.no_case_type"
    message = _("The map must name one type of case, as a constant: `type: {{constant: complaint}}`.")


class UnknownClock(Refusal):
    """The map chooses a promise that the type does not make."""

    code = "import.unknown_clock"
    message = _("The type of case makes no promise “{clock}”. It makes: {known}.")


class BadStatus(Refusal):
    """The map says what each status of the file means here."""

    code = "import.bad_status"
    message = _("The map does not say what the status “{status}” means. It may mean: {known}.")


class BackInTime(Refusal):
    """Rows of a case follow one another in time."""

    code = "import.back_in_time"
    message = _("This row is dated before the one above it in the same case.")


class TooManyRows(Refusal):
    """So many rows under one number: the column numbers no case."""

    code = "import.too_many_rows"
    message = _("More than {limit} rows have the number {number}: is this the case’s number?")


class BadField(Refusal):
    """A value does not fit its field of the case."""

    code = "import.bad_case_field"
    message = _("“{field}”: {why}")


class CaseIncomplete(Refusal):
    """Without the row that was refused the case would have gone another way."""

    code = "import.case_incomplete"
    message = _("Another row of this case was refused: put that one right and import them together.")


class CaseChanged(Refusal):
    """The case is here already; its history is never written anew."""

    code = "import.case_changed"
    message = _("The case {number} is here already with another history, which stays.")


_TABLE = """
create temp table import_case (line bigint, number text collate "C", at timestamptz, opened_at timestamptz, status text,
    grp text, channel text, person_kind text, person_value text, data text)
"""


def load(job: Job) -> None:
    """Stage the rows, play the cases, write them; see `Importer` for the fields. Raises `NoCaseType`, `UnknownType`,
    `UnknownClock`."""
    version = types.current(_constant(job, "type") or _no_type())
    player = Player(version, _chosen(job, types.defined(version)), job.by, job.now)
    figures = Figures()
    with connection.cursor() as cursor:
        cursor.execute("drop table if exists import_case, import_case_refused")
        cursor.execute(_TABLE)
        cursor.execute('create temp table import_case_refused (number text collate "C" primary key)')
    staging = _Staging(job, types.defined(version))
    for batch in job.batches():
        staging.take(batch)
    _refuse_incomplete(job)
    with connection.cursor() as cursor:
        cursor.execute("create index on import_case (number, line)")
        cursor.execute(
            "create temp table import_case_place on commit preserve rows as select number, min(line) as line,"
            " row_number() over (order by min(line)) as place, count(*) as rows from import_case group by number"
        )
        cursor.execute("select count(*) from import_case_place")
        count = cursor.fetchone()[0]
    for first in range(1, count + 1, CASES):
        _write(job, player, list(_cases(first, job, version)), figures)
        job.tell("writing", min(first + CASES - 1, count), count)
    job.tally.more.update(dataclasses.asdict(figures))
    with connection.cursor() as cursor:
        cursor.execute("drop table import_case, import_case_refused, import_case_place")


def _no_type() -> str:
    raise NoCaseType


def _constant(job: Job, name: str) -> str:
    field = job.map.fields.get(name)
    return (field.constant or "") if field else ""


def _chosen(job: Job, case_type: Definition) -> Chosen:
    told = {name: _constant(job, f"promise.{name}") for name in ("clock", "kind", "within", "calendar")}
    clocks = [*case_type.promises, *(key for key, step in case_type.steps.items() if step.promise)]
    if any(told.values()) and told["clock"] not in clocks:
        raise UnknownClock(clock=told["clock"][:60], known=", ".join(clocks) or "–")
    return Chosen(**told)


class _Staging:
    """Checks rows and copies them to the table of this session."""

    def __init__(self, job: Job, case_type: Definition) -> None:
        self.job, self.type = job, case_type
        job.unread = self._unread

    def take(self, batch: Batch) -> None:
        rows = self._rows(batch)
        numbers = batch.texts("number")
        with transaction.atomic(), connection.cursor() as cursor:
            with cursor.copy("copy import_case from stdin") as copy:
                for place, row in enumerate(rows):
                    if place not in batch.bad:
                        copy.write_row((batch.lines[place], *row))
            self._refused({numbers[place] for place in batch.bad})

    def _refused(self, numbers: set[str]) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "insert into import_case_refused select unnest(%s::text[]) on conflict do nothing",
                [sorted(number for number in numbers if number and "\0" not in number)],
            )

    def _unread(self, lines: Sequence[BadLine]) -> None:
        """Lines that could not be read may be of a case too: its number is looked for counted from either end."""
        names = self.job.table.names
        rows = []
        for bad in lines:
            cells = list(bad.cells) if len(bad.cells) > 1 else bad.cells[0].split(",") if bad.cells else []
            rows += [[*cells, *[""] * len(names)][: len(names)], [*[""] * len(names), *cells][-len(names) :]]
        columns: dict[str, Sequence[Any]] = dict(zip(names, zip(*rows, strict=True), strict=True)) if rows else {}
        self._refused(set(Batch(self.job, Piece(range(len(rows)), columns)).texts("number")) if rows else set())

    def _rows(self, batch: Batch) -> list[tuple[Any, ...]]:
        moments, statuses = batch.moments("at"), batch.texts("status")
        opened = batch.moments("opened_at") if batch.has("opened_at") else moments
        numbers, groups, channels = batch.texts("number"), batch.texts("group"), batch.texts("channel", "import")
        pairs, data = persons_of(batch), self._data(batch)
        latest, rows = self.job.now + CLOCK_SKEW, []
        for place in range(len(batch)):
            at, pair = moments[place], pairs[place]
            if not numbers[place] or len(numbers[place]) > NUMBER_MAX:
                batch.refuse(place, EmptyField(field="number"))
            elif at is None:
                batch.refuse(place, EmptyField(field="at"))
            elif at > latest:
                batch.refuse(place, FromTheFuture(at=at.isoformat()))
            elif statuses[place] not in STATUSES:
                batch.refuse(place, BadStatus(status=statuses[place][:50], known=", ".join(STATUSES)))
            elif not is_channel(channels[place]):
                batch.refuse(place, BadChannel(channel=channels[place][:50]))
            elif pair is None and not self.job.map.anonymous:
                batch.refuse(place, NoPerson())
            elif wrong := problems(self.type, data[place]):
                name, why = next(iter(wrong.items()))
                batch.refuse(place, BadField(field=name, why=why.en))
            rows.append(
                (
                    numbers[place], at, opened[place] or at, statuses[place], groups[place], channels[place].lower(),
                    *(pair or (None, None)), orjson.dumps(data[place]).decode(),
                )
            )  # fmt: skip
        return rows

    def _data(self, batch: Batch) -> list[dict[str, Any]]:
        """The fields below `data.`, each as its type stores it; an empty cell takes a value away."""
        columns = {name.removeprefix("data."): self._column(batch, name) for name in batch.under("data.")}
        return [{name: cells[place] for name, cells in columns.items()} for place in range(len(batch))]

    def _column(self, batch: Batch, name: str) -> Sequence[Any]:
        field = self.type.data.get(name.removeprefix("data."))
        kind = field.type if field else "text"
        if kind == "moment":
            return [at.isoformat() if at else None for at in batch.moments(name)]
        if kind == "yes_no":
            return batch.read(name, f"flag:{name}", lambda: Reader(yes_or_no))
        if kind in ("number", "whole"):
            exact = batch.numbers(name)
            return [
                None if one is None else int(one) if one == one.to_integral_value() else float(one) for one in exact
            ]
        return [text or None for text in batch.texts(name)]


def _refuse_incomplete(job: Job) -> None:
    refusal, many = CaseIncomplete(), TooManyRows(limit=ROWS_MAX, number="")
    with connection.cursor() as cursor:
        late = "select line from import_case join import_case_refused using (number)"
        cursor.execute(f"select exists ({late})")
        if cursor.fetchone()[0]:
            job.reject_selected(late, [], refusal.code, refusal.detail)
            cursor.execute("delete from import_case c using import_case_refused r where r.number = c.number")
        over = "select number from import_case group by number having count(*) > %s"
        cursor.execute(f"select exists ({over})", [ROWS_MAX])
        if cursor.fetchone()[0]:
            job.reject_selected(f"select line from import_case where number in ({over})", [ROWS_MAX], many.code,
                                many.detail)  # fmt: skip
            cursor.execute(f"delete from import_case where number in ({over})", [ROWS_MAX])


class _Read(NamedTuple):
    """A case as it stands in the file."""

    past: PastCase
    lines: list[int]
    pair: tuple[str, str] | None


_SELECT = """
select c.line, c.number, c.at, c.opened_at, c.status, c.grp, c.channel, c.person_kind, c.person_value, c.data
from import_case_place p join import_case c using (number)
where p.place >= %s and p.place < %s order by p.place, c.line
"""


def _cases(first: int, job: Job, version: CaseType) -> Iterator[_Read]:
    with connection.cursor() as cursor:
        cursor.execute(_SELECT, [first, first + CASES])
        rows = cursor.fetchall()
    for number, some in _grouped(rows):
        lines = [row[0] for row in some]
        past = [Row(row[2], cast(Status, row[4]), row[5], orjson.loads(row[9])) for row in some]
        if any(b.at < a.at for a, b in pairwise(past)):
            _refuse(job, lines, BackInTime())
            continue
        opened_at: datetime = min(some[0][3], past[0].at)
        pair = (some[0][7], some[0][8]) if some[0][7] else None
        opening = {name: value for name, value in past[0].data.items() if value is not None}
        case = PastCase(version.name, number, opened_at, past, channel=some[0][6], opening=opening)
        yield _Read(case, lines, pair)


def _grouped(rows: Sequence[tuple[Any, ...]]) -> Iterator[tuple[str, list[tuple[Any, ...]]]]:
    for number, some in groupby(rows, key=lambda row: row[1]):
        yield number, list(some)


def _refuse(job: Job, lines: Sequence[int], refusal: Refusal) -> None:
    job.reject_later(lines, refusal.code, refusal.detail)


def _write(job: Job, player: Player, read: list[_Read], figures: Figures) -> None:
    """Play and write some cases in one transaction, and count their rows by what became of them."""
    if not job.dry_run:
        outcomes = again_where_raced(lambda: _written(job, player, read))
    else:
        here = bulk.known([one.past for one in read])
        outcomes = ["new" if one.past.uuid not in here else _is_same(one, here) for one in read]
    for one, outcome in zip(read, outcomes, strict=True):
        if isinstance(outcome, Refusal):
            _refuse(job, one.lines, outcome)
            continue
        figures.add(one.past.rows)
        if outcome == "new":
            job.tally.imported += len(one.lines)
        else:
            job.tally.unchanged += len(one.lines)


def _is_same(one: _Read, here: dict[Any, str]) -> str | Refusal:
    key = here[one.past.uuid]
    return "same" if key in ("", one.past.key) else CaseChanged(number=one.past.number)


@transaction.atomic
def _written(job: Job, player: Player, read: list[_Read]) -> list[str | Refusal]:
    here = bulk.known([one.past for one in read])
    newcomers = [one for one in read if one.past.uuid not in here]
    owners = owners_of(job, {one.pair: one.past.opened_at for one in newcomers if one.pair})
    played, outcomes = [], []
    for one in read:
        if one.past.uuid in here:
            outcomes.append(_is_same(one, here))
            continue
        owner = owners.get(one.pair) if one.pair else None
        if isinstance(owner, Refusal):
            outcomes.append(owner)
            continue
        one.past.person_id = owner
        try:
            played.append(player.play(one.past))
        except Refusal as refusal:
            outcomes.append(refusal)
            continue
        outcomes.append("new")
    bulk.write(played, now=job.now)
    return outcomes
