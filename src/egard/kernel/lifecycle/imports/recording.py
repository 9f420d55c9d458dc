"""Writing rows that became facts, and counting what came of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection

from egard.kernel.lifecycle.imports.batches import Batch
from egard.kernel.lifecycle.imports.job import Job
from egard.kernel.people.bulk import Pair
from egard.kernel.timeline.writing import Outcome, Prepared, record_prepared


def record_rows(job: Job, batch: Batch, prepared: Sequence[Prepared]) -> None:
    """Record one fact per row (`n` is its place in the batch), in one transaction; refused rows are marked."""
    outcomes = record(job, prepared)
    for one, outcome in zip(prepared, outcomes, strict=True):
        if outcome.outcome == "recorded":
            job.tally.imported += 1
        elif outcome.outcome == "unchanged":
            job.tally.unchanged += 1
        elif outcome.refusal is not None:
            batch.refuse(one.n, outcome.refusal)


def record(job: Job, prepared: Sequence[Prepared], **more: Any) -> list[Outcome]:
    """Record facts as the job says, and count the people and facts written."""
    if not prepared:
        return []
    result = record_prepared(
        prepared,
        by=job.by,
        now=job.now,
        history=job.history,
        create_people=job.map.create_people,
        dry_run=job.dry_run,
        **more,
    )
    job.tally.facts += sum(outcome.outcome == "recorded" for outcome in result.outcomes)
    if job.dry_run:
        job.tally.people = count_would_be(result.made)
    else:
        job.tally.people += len(result.made)
    return result.outcomes


def forget_would_be() -> None:
    with connection.cursor() as cursor:
        cursor.execute("drop table if exists pg_temp.would_be")


def count_would_be(pairs: Iterable[Pair]) -> int:
    """How many people a dry run would have made so far: a new person of one batch is the same in the next.

    They are kept in a table of this session, so that memory stays flat.
    """
    wanted = list(pairs)
    with connection.cursor() as cursor:
        cursor.execute("create temp table if not exists would_be (kind text, value text, primary key (kind, value))")
        cursor.execute(
            "insert into would_be select * from unnest(%s::text[], %s::text[]) on conflict do nothing",
            [[kind for kind, _v in wanted], [value for _k, value in wanted]],
        )
        cursor.execute("select count(*) from would_be")
        return cursor.fetchone()[0]
