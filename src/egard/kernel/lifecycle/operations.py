"""What concerns a person everywhere at once: the copy of all that is held on her, her erasure, her merging.

Each kernel package and journey declares its part as hooks; this is the only place that calls them together.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from egard.kernel.access.actors import Actor, Viewer
from egard.kernel.access.operations import log_change, log_sight
from egard.kernel.messages.notices import address_of, say_farewell, warn_of_export
from egard.kernel.people import merges
from egard.kernel.people.facts import PersonMerged, PersonUnmerged
from egard.kernel.people.models import Merge, Person
from egard.kernel.registry import registry
from egard.kernel.timeline.operations import validated
from egard.kernel.timeline.writing import Prepared, record_prepared


def export_person(viewer: Viewer, person: Person, *, now: datetime) -> dict[str, Any]:
    """Everything held on a person, by who holds it, as plain data. The export is logged as a sight, and she is told.

    What was recorded for rows that were merged into hers stands below `merged`, in the same shape.
    """
    viewer.require("people.export")
    log_sight(viewer, "export", person_id=person.pk, now=now)
    if viewer.actor.kind != "person":
        warn_of_export(person, by=viewer.actor, now=now)
    # As it is stored: what `person` shows may be filled from other rows.
    rows = {row.pk: row for row in Person.objects.filter(pk__in=person.members).select_related("site")}
    own, *others = (_exported(rows[pk]) for pk in person.members)
    return {"exported_at": now, **own, **({"merged": others} if others else {})}


def _exported(row: Person) -> dict[str, Any]:
    return {name: hooks.export(row) for name, hooks in registry.hooks.items() if hooks.export is not None}


@transaction.atomic
def erase_person(person: Person, *, by: Actor, now: datetime) -> None:
    """Take away who she was, everywhere; that things happened, and every sum, stay. Erasing twice changes nothing.

    One transaction: she is erased everywhere or nowhere, with all rows that were merged into hers.
    """
    merges.turn()
    held = Person.objects.get(pk=person.pk)
    rows = Person.objects.select_for_update().filter(pk__in=merges.whole(held)).order_by("pk")
    address, language = address_of(held), held.language
    for row in rows:
        if row.erased_at:
            continue
        # Those that lean on the person's identifiers go before `people` takes them away.
        for name in reversed(list(registry.hooks)):
            erase = registry.hooks[name].erase
            if erase is not None:
                erase(row, now=now)
        log_change("people.erased", by=by, now=now, subject=str(row.uuid))
    if address:
        say_farewell(address, key=str(held.uuid), language=language, by=by, now=now)


@transaction.atomic
def merge_persons(survivor: Person, absorbed: Person, *, reason: str = "", by: Actor, now: datetime) -> Merge:
    """Say that `absorbed` is `survivor`: from now on they are read as one, and nothing moves.

    Raises `merges.WithHerself`, `Erased`, `AlreadyMerged`, `TwoAccounts`, and what a journey's hook refuses.
    """
    merge = merges.link(survivor, absorbed, reason=reason, by=by, now=now)
    for hooks in registry.hooks.values():
        if hooks.merge is not None:
            hooks.merge(merge.survivor, merge.absorbed, now=now)
    _tell(merge, {merge.survivor.pk: PersonMerged(merge.pk, merge.absorbed.uuid)}, by=by, now=now)
    log_change("people.merged", by=by, now=now, subject=str(merge.survivor.uuid))
    return merge


@transaction.atomic
def undo_merge(merge: Merge, *, by: Actor, now: datetime) -> None:
    """Part two that were merged: each has again what was recorded for her, before the merge or since.

    What was merged with the absorbed before goes with her; later merges of the survivor stay.
    Raises `merges.AlreadyUndone`, `Erased`, and what a journey's hook refuses.
    """
    left, alone = merges.cut(merge, by=by, now=now)
    for hooks in reversed(registry.hooks.values()):
        if hooks.unmerge is not None:
            hooks.unmerge(left, alone, now=now)
    said = {left.pk: PersonUnmerged(merge.pk, alone.uuid), alone.pk: PersonUnmerged(merge.pk, left.uuid)}
    _tell(merge, said, by=by, now=now)
    log_change("people.unmerged", by=by, now=now, subject=str(left.uuid))


def _tell(merge: Merge, facts: Mapping[int, Any], *, by: Actor, now: datetime) -> None:
    """Record one fact for each row. It came by no channel: the person did not say it."""
    told = []
    for n, (row, said) in enumerate(facts.items()):
        kind = registry.fact_of[type(said)]
        key = f"{kind.name.rpartition('.')[2]}:{merge.pk}"
        told.append(Prepared(n, kind, now, "", key, validated(kind, said), person_id=row))
    record_prepared(told, by=by, now=now, history=False, create_people=False)
