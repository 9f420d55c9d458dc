"""Whom rows are about: identifiers in their stored form, checked once per distinct cell."""

from __future__ import annotations

from egard.base.refusal import Refusal
from egard.base.tables.coded import Coded
from egard.base.tables.values import BadCell, Reader
from egard.kernel.lifecycle.imports.batches import Batch, plain_text
from egard.kernel.people.bulk import Pair
from egard.kernel.people.operations import normalise
from egard.kernel.registry import registry


def identifier_reader(kind: str) -> Reader[Pair | None]:
    """From a cell to an identifier in its stored form; None for an empty cell.

    Raises `UnknownKind` at once where no journey declares the kind.
    """
    if kind not in registry.identifier_kinds:
        normalise(kind, "")  # refuses, with the kinds that are known

    def understand(cell: object) -> Pair | None:
        text = plain_text(cell)
        if not text:
            return None
        try:
            return kind, normalise(kind, text)
        except Refusal as refusal:
            raise BadCell(refusal.code, refusal.detail) from refusal

    return Reader(understand)


def persons_of(batch: Batch) -> list[Pair | None]:
    """The identifier that says whom each row is about: of several fields the first, in the map's order, that is not
    empty. None where all are."""
    found: list[Pair | None] = [None] * len(batch)
    fields = batch.under("person.")
    if set(fields) >= {"person.kind", "person.value"}:
        return _stated(batch)
    for name in reversed(fields):
        kind = name.removeprefix("person.")
        pairs = batch.read(name, f"identifier:{name}", lambda kind=kind: identifier_reader(kind))
        found = [pair or before for pair, before in zip(pairs, found, strict=True)] if any(found) else pairs
    return found


def coded_persons(batch: Batch) -> Coded:
    """The same by distinct identifiers."""
    fields = batch.under("person.")
    if len(fields) == 1 and fields != ["person.kind"]:
        kind = fields[0].removeprefix("person.")
        return batch.coded(fields[0], f"identifier:{fields[0]}", lambda: identifier_reader(kind))
    return Coded.of(persons_of(batch))


def _stated(batch: Batch) -> list[Pair | None]:
    """Rows that say the kind too, as programs write events."""
    found: list[Pair | None] = []
    for place, (kind, value) in enumerate(zip(batch.texts("person.kind"), batch.texts("person.value"), strict=True)):
        try:
            found.append((kind, normalise(kind, value)) if kind and value else None)
        except Refusal as refusal:
            batch.refuse(place, refusal)
            found.append(None)
    return found
