"""Complaints from a file: one row, one complaint, with what became of it, as the past.

A file need not say when a complaint was answered or closed: such a one is closed on the day on which it was received,
so that nothing is said of its promises (they are released), and it counts for no figure of what was settled at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from egard.base.refusal import Refusal
from egard.journeys.complaints import operations, rules
from egard.journeys.complaints.facts import SUBJECT_MAX
from egard.journeys.complaints.models import Complaint
from egard.kernel.cases import bulk, types
from egard.kernel.cases.bulk import Chosen, PastCase, Player
from egard.kernel.cases.rules.definition import CaseType
from egard.kernel.cases.rules.state import Event
from egard.kernel.cases.rules.values import TEXT_MAX, problems
from egard.kernel.lifecycle.imports import Batch, Job
from egard.kernel.lifecycle.imports.cases import NUMBER_MAX, BadField, CaseChanged
from egard.kernel.lifecycle.imports.events import BadChannel, EmptyField, is_channel
from egard.kernel.lifecycle.imports.owners import owners_of
from egard.kernel.lifecycle.imports.persons import persons_of
from egard.kernel.people.bulk import Pair, again_where_raced
from egard.kernel.timeline.bulk import NoPerson
from egard.kernel.timeline.operations import CLOCK_SKEW, FromTheFuture

TEXTS = ("subject", "words", "category", "order_number", "contact")
BEFORE = ("acknowledged_at", "answered_at", "closed_at")


class BeforeReceived(Refusal):
    """What became of a complaint came after it."""

    code = "complaints.before_received"
    message = _("It was answered or closed before it was received.")


class UnknownOutcome(Refusal):
    """The type of case knows what may come of a complaint; the map says which words of the file mean which."""

    code = "complaints.unknown_outcome"
    message = _("“{outcome}” is no outcome here. Outcomes are: {known}.")


@dataclass(slots=True)
class _Row:
    """A row that is a complaint."""

    place: int
    past: PastCase
    pair: Pair | None
    contact: str
    answered_at: datetime | None
    closed_at: datetime | None
    outcome: str


def load(job: Job) -> None:
    """Play each row as a case; see `Importer` for the fields."""
    version = types.current(rules.TYPE)
    case_type = types.defined(version)
    player = Player(version, Chosen(), job.by, job.now)
    job.tally.more["complaints"] = 0
    for batch in job.batches():
        rows = list(_rows(job, batch, case_type))
        outcomes = _dry(rows) if job.dry_run else again_where_raced(lambda rows=rows: _written(job, player, rows))
        for row, outcome in zip(rows, outcomes, strict=True):
            if isinstance(outcome, Refusal):
                batch.refuse(row.place, outcome)
                continue
            job.tally.more["complaints"] += 1
            if outcome == "new":
                job.tally.imported += 1
            else:
                job.tally.unchanged += 1


def _rows(job: Job, batch: Batch, case_type: CaseType) -> Iterator[_Row]:
    texts = {name: batch.texts(name) for name in (*TEXTS, "number", "answer", "outcome")}
    channels, pairs = batch.texts("channel", "import"), persons_of(batch)
    received = batch.moments("received_at")
    dated = {name: batch.moments(name) if batch.has(name) else [None] * len(batch) for name in BEFORE}
    is_open, latest = batch.flags("open"), job.now + CLOCK_SKEW
    for place in range(len(batch)):
        at, number, channel, pair = received[place], texts["number"][place], channels[place].lower(), pairs[place]
        moments = {name: column[place] for name, column in dated.items()}
        data = {name: texts[name][place][:TEXT_MAX] for name in TEXTS if texts[name][place]}
        data["subject"] = (data.get("subject") or operations._first_words(data.get("words", "")) or number)[
            :SUBJECT_MAX
        ]
        refusal = _wrong(case_type, number, at, moments, data, texts["outcome"][place], latest)
        if place in batch.bad:
            continue
        if refusal is None and not is_channel(channel):
            refusal = BadChannel(channel=channel[:50])
        if refusal is None and pair is None and not job.map.anonymous:
            refusal = NoPerson()
        if refusal is not None or at is None:
            batch.refuse(place, refusal or EmptyField(field="received_at"))
            continue
        answer, outcome = texts["answer"][place], texts["outcome"][place]
        told = _events(at, data, texts["words"][place], moments, answer, outcome, is_open=is_open[place])
        events = sorted(told, key=lambda pair: pair[0])
        past = PastCase(rules.TYPE, number, at, events=events, channel=channel, opening=data)
        yield _Row(place, past, pair, data.get("contact", ""), moments["answered_at"], moments["closed_at"], outcome)


def _wrong(
    case_type: CaseType, number: str, at: datetime | None, moments: dict[str, datetime | None], data: dict[str, Any],
    outcome: str, latest: datetime,
) -> Refusal | None:  # fmt: skip
    if not number or len(number) > NUMBER_MAX:
        return EmptyField(field="number")
    if at is None:
        return EmptyField(field="received_at")
    known = [moment for moment in moments.values() if moment]
    if late := [moment for moment in (at, *known) if moment > latest]:
        return FromTheFuture(at=late[0].isoformat())
    if any(moment < at for moment in known):
        return BeforeReceived()
    if wrong := problems(case_type, data):
        name, why = next(iter(wrong.items()))
        return BadField(field=name, why=why.en)
    if outcome and outcome not in case_type.closing.outcomes:
        return UnknownOutcome(outcome=outcome[:60], known=", ".join(case_type.closing.outcomes))
    return None


def _events(
    at: datetime,
    data: dict[str, Any],
    words: str,
    moments: dict[str, datetime | None],
    answer: str,
    outcome: str,
    *,
    is_open: bool,
) -> Iterator[tuple[datetime, Event]]:
    if data.get("category"):
        yield at, {"kind": "completed", "step": "listen", "data": {}}
    for start in range(TEXT_MAX, len(words), TEXT_MAX):  # what is longer than its field goes on as notes
        yield at, {"kind": "noted", "text": words[start : start + TEXT_MAX]}
    if moments["acknowledged_at"]:
        yield moments["acknowledged_at"], {"kind": "completed", "step": "acknowledge", "data": {}}
    if moments["answered_at"]:
        yield moments["answered_at"], {"kind": "completed", "step": "answer", "data": {"answer": answer or "–"}}
    elif answer:
        yield at, {"kind": "data", "data": {"answer": answer}}
    if not is_open:
        ended_at = moments["closed_at"] or moments["answered_at"] or at
        yield max(ended_at, moments["answered_at"] or at), {"kind": "closed", "outcome": outcome}


def _dry(rows: Sequence[_Row]) -> list[str | Refusal]:
    here = bulk.known([row.past for row in rows])
    return [_known(row, here) for row in rows]


def _known(row: _Row, here: dict[Any, str]) -> str | Refusal:
    key = here.get(row.past.uuid)
    if key is None:
        return "new"
    return "same" if key in ("", row.past.key) else CaseChanged(number=row.past.number)


@transaction.atomic
def _written(job: Job, player: Player, rows: Sequence[_Row]) -> list[str | Refusal]:
    here = bulk.known([row.past for row in rows])
    outcomes: list[str | Refusal] = []
    for row in rows:
        outcomes.append(_known(row, here))
        here.setdefault(row.past.uuid, row.past.key)  # a number twice in a file is one complaint, or another history
    new = [n for n, outcome in enumerate(outcomes) if outcome == "new"]
    owners = owners_of(job, {pair: rows[n].past.opened_at for n in new if (pair := rows[n].pair)})
    played, made = [], []
    for n in new:
        row = rows[n]
        owner = owners.get(row.pair) if row.pair else None
        if isinstance(owner, Refusal):
            outcomes[n] = owner
            continue
        row.past.person_id = owner
        held, promises = player.play(row.past)
        played.append((held, promises))
        made.append((row, held))
    bulk.write(played, now=job.now)
    Complaint.objects.bulk_create(
        Complaint(
            case_id=held.id, category=held.state["data"].get("category", ""), channel=held.channel,
            contact=rules.contact_key(row.contact), received_at=row.past.opened_at, answered_at=row.answered_at,
            closed_at=row.closed_at if held.state["status"] == "closed" else None, outcome=row.outcome,
        )
        for row, held in made
    )  # fmt: skip
    return outcomes
