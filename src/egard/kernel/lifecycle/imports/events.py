"""Facts of any kind from a file: one row, one fact."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from typing import Any

from django.utils.translation import gettext_lazy as _

from egard.base.ahead import ahead
from egard.base.refusal import Refusal
from egard.kernel.lifecycle.imports.batches import Batch
from egard.kernel.lifecycle.imports.job import Job
from egard.kernel.lifecycle.imports.persons import persons_of
from egard.kernel.lifecycle.imports.recording import record_rows
from egard.kernel.registry import FactType
from egard.kernel.timeline import kinds
from egard.kernel.timeline.bulk import NoPerson, Prepared
from egard.kernel.timeline.documents import documents
from egard.kernel.timeline.operations import CLOCK_SKEW, FromTheFuture, identifiers_of

KEY_MAX = 200
CHANNEL_MAX = 32


class BadKey(Refusal):
    """A fact's key names it for ever: a short text that is not empty."""

    code = "import.bad_key"
    message = _("The key must have 1 to {limit} characters.")


class BadChannel(Refusal):
    """A channel is a short word: shop, web, phone."""

    code = "import.bad_channel"
    message = _("“{channel}” is not a channel: use a short word of letters, digits, - and _.")


class EmptyField(Refusal):
    """A field that every row needs is empty."""

    code = "import.empty"
    message = _("“{field}” is empty.")


def load(job: Job) -> None:
    """Record each row as a fact of its person; see `Importer` for the fields."""
    # The next rows are prepared while the server writes these.
    with closing(ahead(((batch, _prepared(job, batch)) for batch in job.unsettled()), count=1)) as pairs:
        for batch, prepared in pairs:
            record_rows(job, batch, prepared)
            job.settle(batch)


def _prepared(job: Job, batch: Batch) -> list[Prepared]:
    """The rows that are facts by themselves; `n` is the place of each in the batch."""
    moments = batch.moments("at")
    keys = batch.texts("key")
    channels = batch.texts("channel", "import")
    pairs = persons_of(batch)
    data = rows_of_data(batch)
    stored = _stored(batch, data)
    prepared: list[Prepared] = []
    latest = job.now + CLOCK_SKEW
    for place, (fact_type, document) in stored.items():
        if place in batch.bad:
            continue
        moment, key, channel, pair = moments[place], keys[place], channels[place], pairs[place]
        if moment is None:
            batch.refuse(place, EmptyField(field="at"))
        elif moment > latest:
            batch.refuse(place, FromTheFuture(at=moment.isoformat()))
        elif not 0 < len(key) <= KEY_MAX or "\0" in key:
            batch.refuse(place, BadKey(limit=KEY_MAX))
        elif not is_channel(channel):
            batch.refuse(place, BadChannel(channel=channel[:50]))
        elif pair is None and not job.map.anonymous:
            batch.refuse(place, NoPerson())
        else:
            try:
                identifiers = identifiers_of(fact_type, data[place])
            except Refusal as refusal:  # a text that the fact may hold is not yet one that points to somebody
                batch.refuse(place, refusal)
                continue
            prepared.append(
                Prepared(place, fact_type, moment, channel.lower(), key, document, pair=pair, identifiers=identifiers)
            )
    return prepared


def is_channel(word: str) -> bool:
    return len(word) <= CHANNEL_MAX and word[:1].isalpha() and word.isascii() and word.replace("-", "_").isidentifier()


def _stored(batch: Batch, data: Sequence[dict[str, Any]]) -> dict[int, tuple[FactType, bytes]]:
    """The type and the stored data of each row, by place; all rows of a kind are checked together."""
    places: dict[str, list[int]] = {}
    for place, kind in enumerate(batch.texts("kind")):
        places.setdefault(kind, []).append(place)
    found: dict[int, tuple[FactType, bytes]] = {}
    for kind, some in places.items():
        try:
            fact_type = kinds.declared(kind)
        except Refusal as refusal:
            for place in some:
                batch.refuse(place, refusal)
            continue
        rows = data if len(some) == len(data) else [data[place] for place in some]
        for place, document in zip(some, documents(fact_type, rows), strict=True):
            if isinstance(document, Refusal):
                batch.refuse(place, document)
            else:
                found[place] = fact_type, document
    return found


def rows_of_data(batch: Batch) -> list[dict[str, Any]]:
    """The fields below `data.` as one object per row; dots reach into objects. An empty cell is a field not given."""
    tree: dict[str, Any] = {}
    for name in sorted(batch.under("data."), key=lambda name: name.count(".")):
        *above, last = name.removeprefix("data.").split(".")
        branch = tree
        for part in above:
            branch = branch.setdefault(part, {})
            if not isinstance(branch, dict):
                break  # the object itself is a column already: its parts are inside
        else:
            branch[last] = batch.raw(name)
    return _objects(tree, len(batch))


def _objects(tree: dict[str, Any], count: int) -> list[dict[str, Any]]:
    if not tree:
        return [{} for _row in range(count)]
    names = list(tree)
    columns = [_objects(held, count) if isinstance(held, dict) else held for held in tree.values()]
    # False and 0 are values; empty text, nothing and empty objects are not given.
    return [
        {name: cell for name, cell in zip(names, cells, strict=True) if cell or cell == 0}
        for cells in zip(*columns, strict=True)
    ]
