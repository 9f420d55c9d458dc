"""Keeping the value of buyers from the facts of buying."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any

import orjson
from django.db import connection

from egard.base.copytext import moment_array, number_array, text_array
from egard.base.quickread import quick_rows
from egard.journeys.purchases import rules
from egard.journeys.purchases.models import Value
from egard.kernel.access.actors import Actor
from egard.kernel.people.models import Person
from egard.kernel.timeline.models import Fact
from egard.kernel.timeline.operations import record
from egard.kernel.timeline.reactions import LoggedFact

_SUMS = "orders, spent_minor, cancellations, cancelled_minor, first_at, last_at, visit_at, visit_site"
_HELD = f"""
select person_id, currency, {_SUMS}, months::text from purchases_value
where person_id = any(%s::bigint[]) order by id for update
"""
_KEEP = f"""
insert into purchases_value (person_id, currency, {_SUMS}, months)
select * from unnest(%s::bigint[], %s::text[], %s::int[], %s::bigint[], %s::int[], %s::bigint[],
                     %s::timestamptz[], %s::timestamptz[], %s::timestamptz[], %s::text[], %s::jsonb[])
on conflict (person_id, currency) do update set
({_SUMS}, months) = ({", ".join(f"excluded.{name}" for name in (*_SUMS.split(", "), "months"))})
"""

FACTS = ("purchases.made/1", "purchases.cancelled/1")


def record_purchase(person: Person | None, fact: Any, *, at: datetime, channel: str, by: Actor, now: datetime) -> Fact:
    """Record a purchase or a cancellation once, under its order's number."""
    name = type(fact).__fact__.name.rpartition(".")[2]
    return record(person, fact, at=at, by=by, channel=channel, key=f"{name}:{fact.order_number}", now=now)


def keep_value(facts: list[LoggedFact]) -> None:
    """Add a batch of facts to the values of their buyers: one read and one write for the whole batch.

    A person who has a correction among them is summed up anew, from the log up to the last fact of the batch.
    """
    corrected = {f.person_id for f in facts if f.corrects and f.person_id}
    last = (facts[-1].txid, facts[-1].id)
    steps: dict[tuple[int, str], list[rules.Step]] = defaultdict(list)
    for f in facts:
        if f.person_id and f.person_id not in corrected:
            steps[f.person_id, f.data["total"]["currency"]].append((_name(f.kind), f.at, f.data, f.channel))
    held = _held({pk for pk, _currency in steps})
    values = {place: rules.add(held.get(place, rules.Buying()), some) for place, some in steps.items()}
    if corrected:
        Value.objects.filter(person__in=corrected).delete()
        values |= _summed_up(corrected, last)
    _write(values)


def _name(kind: str) -> Any:
    return kind.split("/")[0].rpartition(".")[2]


def _summed_up(persons: set[int], last: tuple[int, int]) -> dict[tuple[int, str], rules.Buying]:
    """Values from the whole log of some persons, without the facts that were corrected since."""
    rows = (
        Fact.objects.filter(person__in=persons, kind__name__in=("purchases.made", "purchases.cancelled"))
        .extra(where=["(timeline_fact.txid, timeline_fact.id) <= (%s, %s)"], params=list(last))
        .select_related("kind")
        .order_by("txid", "id")
    )
    facts = list(rows)
    gone = {f.corrects for f in facts if f.corrects}
    steps: dict[tuple[int, str], list[rules.Step]] = defaultdict(list)
    for f in facts:
        if f.uuid not in gone and f.person_id:
            steps[f.person_id, f.data["total"]["currency"]].append((_name(f.kind.name), f.at, f.data, f.channel))
    return {place: rules.add(rules.Buying(), some) for place, some in steps.items()}


def _held(persons: set[int]) -> dict[tuple[int, str], rules.Buying]:
    """The values kept so far, held for this transaction."""
    rows = quick_rows(_HELD, [number_array(sorted(persons))])
    return {(pk, currency): rules.Buying(*sums, orjson.loads(months)) for pk, currency, *sums, months in rows}


def _write(values: dict[tuple[int, str], rules.Buying]) -> None:
    """One statement for all of them."""
    if not values:
        return
    kept = values.values()
    columns = (
        number_array(pk for pk, _currency in values),
        text_array([currency for _pk, currency in values]),
        number_array(b.orders for b in kept),
        number_array(b.spent_minor for b in kept),
        number_array(b.cancellations for b in kept),
        number_array(b.cancelled_minor for b in kept),
        moment_array(b.first_at for b in kept),
        moment_array(b.last_at for b in kept),
        moment_array(b.visit_at for b in kept),
        text_array([b.visit_site for b in kept]),
        text_array([orjson.dumps(b.months).decode() for b in kept]),
    )
    with connection.cursor() as cursor:
        cursor.execute(_KEEP, columns)
