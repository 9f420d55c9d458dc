"""The persons whom rows name, found or made: for loaders that write no facts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from egard.base.refusal import Refusal
from egard.kernel.lifecycle.imports.job import Job
from egard.kernel.people import bulk
from egard.kernel.people.bulk import NewPerson, Pair, WasErased
from egard.kernel.timeline.bulk import NoPerson


def owners_of(job: Job, pairs: Mapping[Pair, datetime]) -> dict[Pair, int | Refusal]:
    """The person (`Person.pk`) behind each identifier, or why there is none; each with since when she is a client.

    In the caller's transaction: persons are held against erasure until it ends.
    """
    if not pairs:
        return {}
    bulk.lock_shared(pairs)
    found: dict[Pair, int | Refusal] = {pair: pks[0] for pair, pks in bulk.find(pairs).items()}
    missing = [pair for pair in pairs if pair not in found]
    gone = bulk.erased(missing)
    found |= {pair: WasErased() for pair in gone}
    missing = [pair for pair in missing if pair not in gone]
    if not job.map.create_people:
        return found | {pair: NoPerson() for pair in missing}
    made = bulk.create(
        [NewPerson([pair], roles=[("customer", pairs[pair])]) for pair in missing], by=job.by, now=job.now
    )
    job.tally.people += len(made)
    return found | dict(zip(missing, made, strict=True))
