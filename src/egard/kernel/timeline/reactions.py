"""Reading the log in order, exactly once: the engine of reactions.

The log is ordered by (txid, id): the number of the writing transaction, then the row. A reader never passes a
transaction that may still be open (`pg_snapshot_xmin`), so nothing can appear behind its cursor. The effects of a batch
and the cursor's move commit together; a crash before that repeats the batch on a clean slate.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from django.db import connection, transaction
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from egard.base.quickread import quick_rows
from egard.base.refusal import Conflict
from egard.kernel.people.live import tell_persons
from egard.kernel.registry import Reaction, registry
from egard.kernel.timeline import kinds
from egard.kernel.timeline.models import Cursor, Fact

log = logging.getLogger("egard.reactions")
BACKOFF_MAX = timedelta(minutes=10)


class ShardsApart(Conflict):
    """The number of a reaction's shards changed while they stood at different points of the log."""

    code = "timeline.shards_apart"
    message = _(
        "Let the {shards} shards of “{reaction}” catch up before changing their number: run the worker as it was."
    )


@dataclass(frozen=True, slots=True)
class LoggedFact:
    """A fact as reactions read it. `person_id` is None for facts of nobody known."""

    id: int
    uuid: UUID
    person_id: int | None
    kind: str
    at: datetime
    recorded_at: datetime
    channel: str
    key: str
    corrects: UUID | None
    history: bool
    data: dict[str, Any]
    txid: int


def ensure_cursors() -> None:
    """One cursor per shard of each declared reaction; called after `migrate`.

    A reaction that skips history takes what is in the log when it first appears for history. A changed number of shards
    goes on from the lowest of the old cursors only if those stood at one point; else it is refused (see docs).
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtext('egard.ensure_cursors'))")
        # Whatever is committed now has a number below the snapshot's end, also where something older is still open.
        cursor.execute("select pg_snapshot_xmax(pg_current_snapshot())::text::bigint + egard_log_base()")
        so_far = cursor.fetchone()[0]
        for reaction in registry.reactions.values():
            held = list(Cursor.objects.select_for_update().filter(reaction=reaction.name).order_by("shard"))
            if len(held) == reaction.shards:
                continue
            places = {(c.txid, c.fact_id) for c in held}
            if len(places) > 1:
                raise ShardsApart(reaction=reaction.name, shards=len(held))
            txid, fact_id = places.pop() if places else (0, 0)
            live_from = held[0].live_from if held else so_far
            Cursor.objects.filter(reaction=reaction.name).delete()
            Cursor.objects.bulk_create(
                Cursor(
                    reaction=reaction.name,
                    shard=n,
                    shards=reaction.shards,
                    txid=txid,
                    fact_id=fact_id,
                    live_from=live_from,
                )
                for n in range(reaction.shards)
            )


_WINDOW = """
with window_of_log as (
    select * from timeline_fact
    where (txid, id) > (%(txid)s, %(fact)s) and txid < egard_log_horizon()
    order by txid, id limit %(batch)s
)
select id, uuid, person_id, kind_id, at, recorded_at, channel, key, corrects, history, data::text, txid,
       kind_id = any(%(kinds)s)
       and (%(shards)s = 1 or coalesce(person_id, 0) %% %(shards)s = %(shard)s)
       and not (%(skip)s and (history or txid < %(live_from)s)) as wanted
from window_of_log order by txid, id
"""


def react_once(reaction: Reaction, shard: int, *, now: datetime) -> int | None:
    """Handle the next batch of one shard: how many facts of the log were passed, 0 when it has caught up.

    None when another worker holds the shard or it waits after a failure. A failure is written on the cursor and tried
    again later, ever later; nothing is skipped.
    """
    try:
        with transaction.atomic():
            place = (
                Cursor.objects.select_for_update(skip_locked=True).filter(reaction=reaction.name, shard=shard).first()
            )
            if place is None or (place.retry_at and place.retry_at > now):
                return None
            passed, facts, last = _read(reaction, place)
            if not passed:
                return 0
            if facts:
                reaction.handle(facts)
                tell_persons([fact.person_id for fact in facts], "effects")
            place.txid, place.fact_id = last
            place.handled += len(facts)
            place.error, place.failures, place.retry_at = "", 0, None
            place.save()
            return passed
    except Exception as error:
        log.exception("reaction %s/%s failed", reaction.name, shard)
        _note_failure(reaction, shard, error, now=now)
        return None


def _read(reaction: Reaction, place: Cursor) -> tuple[int, list[LoggedFact], tuple[int, int]]:
    numbers = {kinds.number(registry.facts[kind]): kind for kind in reaction.facts if kind in registry.facts}
    # A batch that failed is tried in halves, down to the one fact that fails.
    batch = max(1, reaction.batch >> min(place.failures, 16))
    rows = quick_rows(
        _WINDOW,
        {
            "txid": place.txid,
            "fact": place.fact_id,
            "batch": batch,
            "kinds": list(numbers),
            "shards": place.shards,
            "shard": place.shard,
            "skip": reaction.history == "skip",
            "live_from": place.live_from,
        },
    )
    if not rows:
        return 0, [], (place.txid, place.fact_id)
    facts = [
        LoggedFact(r[0], r[1], r[2], numbers[r[3]], r[4], r[5], r[6], r[7], r[8], r[9], orjson.loads(r[10]), r[11])
        for r in rows
        if r[12]
    ]
    return len(rows), facts, (rows[-1][11], rows[-1][0])


def _note_failure(reaction: Reaction, shard: int, error: Exception, *, now: datetime) -> None:
    place = Cursor.objects.get(reaction=reaction.name, shard=shard)
    failures = place.failures + 1
    wait = min(timedelta(seconds=2 ** min(failures, 20)), BACKOFF_MAX)
    Cursor.objects.filter(pk=place.pk).update(
        # The first line only: what follows in a database's words may quote the rows of people.
        error=f"{type(error).__name__}: {error}".splitlines()[0][:500],
        failures=failures,
        retry_at=now + wait,
    )


def catch_up(*, now: datetime, stop: Callable[[], bool] = lambda: False) -> int:
    """Run every reaction until each has caught up or waits, or `stop` says so; how many facts were passed in all.

    Commands call it after an import so that figures are right at once; beside a running worker it takes what is free.
    """
    total = 0
    while not stop():
        passed = sum(
            react_once(reaction, shard, now=now) or 0
            for reaction in registry.reactions.values()
            for shard in range(reaction.shards)
        )
        total += passed
        if not passed:
            break
    return total


def lag() -> dict[str, Any]:
    """What operators ask: facts waiting (at most 100,000 are counted) and reactions that fail, by name."""
    newest = Fact.objects.aggregate(at=Max("txid"))["at"] or 0
    places = list(Cursor.objects.filter(reaction__in=registry.reactions).order_by("reaction", "shard"))
    behind = min(((c.txid, c.fact_id) for c in places), default=(newest, 0))
    with connection.cursor() as cursor:
        cursor.execute(
            "select count(*) from (select 1 from timeline_fact where (txid, id) > (%s, %s) limit 100000) waiting",
            list(behind),
        )
        waiting = cursor.fetchone()[0] if places else 0
    return {"waiting": waiting, "failing": {f"{c.reaction}/{c.shard}": c.error for c in places if c.failures}}
