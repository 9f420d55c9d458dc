"""People from a file: one row, one person, found again by her identifiers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from egard.base.refusal import Refusal
from egard.base.tables.values import BadCell, Reader
from egard.kernel.access.models import Site
from egard.kernel.access.queries import UnknownSite
from egard.kernel.lifecycle.imports.batches import Batch, plain_text, yes_or_no
from egard.kernel.lifecycle.imports.job import Job
from egard.kernel.lifecycle.imports.persons import identifier_reader
from egard.kernel.lifecycle.imports.running import MissingFields
from egard.kernel.people.bulk import NewPerson, Pair, Word
from egard.kernel.people.operations import checked_values, slug
from egard.kernel.people.upsert import put_persons
from egard.kernel.timeline.operations import FromTheFuture

VALUES = ("given_name", "family_name", "language", "address", "country")


def load(job: Job) -> None:
    """Make or complete the person of each row; see `Importer` for the fields."""
    _check_fields(job)
    for batch in job.batches():
        rows = _rows(job, batch)
        outcomes = put_persons([row for _place, row in rows], by=job.by, now=job.now, dry_run=job.dry_run)
        for (place, _row), outcome in zip(rows, outcomes, strict=True):
            if outcome.refusal is not None:
                batch.refuse(place, outcome.refusal)
            elif outcome.outcome == "unchanged":
                job.tally.unchanged += 1
            else:
                job.tally.imported += 1
                job.tally.people += outcome.outcome == "created"


def _rows(job: Job, batch: Batch) -> list[tuple[int, NewPerson]]:
    """The rows that can be people, with their places."""
    values = {name: _read(batch, name, lambda name=name: _value_reader(name), "") for name in VALUES}
    sites = _read(batch, "site", _site_reader, None)
    identifiers = _identifiers(job, batch)
    roles = _read(batch, "role", _role_reader, "")
    since = batch.moments("since") if batch.has("since") else [None] * len(batch)
    consents = _consents(job, batch)
    rows: list[tuple[int, NewPerson]] = []
    for place in range(len(batch)):
        if place in batch.bad:
            continue
        held: dict[str, Any] = {name: column[place] or "" for name, column in values.items()}
        role = roles[place]
        rows.append(
            (
                place,
                NewPerson(
                    identifiers[place],
                    **held,
                    site_id=sites[place],
                    roles=[(role, since[place] or job.now)] if role else [],
                    consents=[word for column in consents if (word := column[place]) is not None],
                ),
            )
        )
    return rows


def _read(batch: Batch, name: str, make: Any, absent: Any) -> Sequence[Any]:
    return batch.read(name, name, make) if batch.has(name) else [absent] * len(batch)


def _identifiers(job: Job, batch: Batch) -> list[list[Pair]]:
    """All identifiers of each row, the kind that the map's `match` names first, else in the map's order."""
    names = sorted(batch.under("identifiers."), key=lambda name: name != f"identifiers.{job.map.match}")
    columns = [
        batch.read(name, name, lambda name=name: identifier_reader(name.removeprefix("identifiers."))) for name in names
    ]
    if not columns:
        return [[] for _row in range(len(batch))]
    return [list(dict.fromkeys(pair for pair in pairs if pair)) for pairs in zip(*columns, strict=True)]


_DATED = ".at"


def _consents(job: Job, batch: Batch) -> list[list[Word | None]]:
    """Yes and no by purpose and channel, a column each: `consents.news.email`, said at `consents.news.email.at`."""
    found: list[list[Word | None]] = []
    for name in batch.under("consents."):
        _consents, purpose, channel, *dated = name.split(".")
        if dated:
            continue
        said = (slug(purpose), slug(channel, limit=32))
        words = batch.read(name, name, lambda: Reader(yes_or_no))
        moments = batch.moments(name + _DATED) if batch.has(name + _DATED) else [None] * len(batch)
        for place, at in enumerate(moments):
            if at is not None and at > job.now:
                batch.refuse(place, FromTheFuture(at=at.isoformat()))
        found.append(
            [None if given is None else Word(*said, given, at) for given, at in zip(words, moments, strict=True)]
        )
    return found


def _check_fields(job: Job) -> None:
    """A date of consent dates a yes or no that the file holds too."""
    for name in job.map.fields:
        word = name.removesuffix(_DATED)
        if name.startswith("consents.") and name.count(".") == 3 and word not in job.map.fields:
            raise MissingFields(path=job.table.path.name, missing=word, found=", ".join(job.table.names[:100]))


def _value_reader(name: str) -> Reader[str]:
    def understand(cell: Any) -> str:
        try:
            return checked_values({name: plain_text(cell)})[name]
        except Refusal as refusal:
            raise BadCell(refusal.code, " ".join(refusal.fields.values()) or refusal.detail) from refusal

    return Reader(understand)


def _role_reader() -> Reader[str]:
    def understand(cell: Any) -> str:
        text = plain_text(cell)
        try:
            return slug(text) if text else ""
        except Refusal as refusal:
            raise BadCell(refusal.code, " ".join(refusal.fields.values())) from refusal

    return Reader(understand)


def _site_reader() -> Reader[Any]:
    sites = dict(Site.objects.values_list("code", "pk"))

    def understand(cell: Any) -> Any:
        code = plain_text(cell)
        if code and code not in sites:
            raise BadCell(UnknownSite.code, f"{UnknownSite.title}: {code[:64]}")
        return sites.get(code)

    return Reader(understand)
