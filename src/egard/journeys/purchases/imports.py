"""Purchases from a file of order lines: many rows, anywhere in the file, are one order.

Lines are copied to a table of this session and grouped there by SQL, so that memory stays flat whatever the size of the
file. Each order of each buyer is one fact under its number; a row that the map's rule calls a cancellation belongs to a
cancellation instead.

What odd rows mean, so that nothing is lost and sums agree with the file:
- The total of an order is Σ quantity × unit price of its lines (or the stated total), rounded once. Negative quantities
  and prices count as they are; an order may come out at zero (gifts) or below (an adjustment in the buyer's favour).
- The total of a cancellation is what was given back: the file's sum without its sign.
- An order of which a line is refused comes back as a whole: its total would be wrong for ever.
- An order is dated by its earliest line. Lines of two buyers under one number are an order of each.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

import orjson
from django.db import connection
from django.utils.translation import gettext_lazy as _

from egard.base.money import to_minor
from egard.base.quickread import quick_rows
from egard.base.refusal import Refusal
from egard.journeys.purchases.facts import PurchaseCancelled, PurchaseMade
from egard.journeys.purchases.import_lines import LINES, REFUSED, RefusedOrders, stage
from egard.kernel.lifecycle.imports import Job
from egard.kernel.lifecycle.imports.recording import record
from egard.kernel.people.bulk import NewPerson, Pair
from egard.kernel.people.operations import normalise
from egard.kernel.registry import registry
from egard.kernel.timeline.bulk import Prepared
from egard.kernel.timeline.documents import documents, limited

ORDERS = 5_000
"""Orders of one transaction: some 100,000 lines."""
LINES_MAX = 2_000
"""Lines under one number at most: more is a column that is no order number."""


class NoAmount(Refusal):
    """The map says neither what a line costs nor what the order came to."""

    code = "purchases.no_amount"
    message = _("The map must say `unit_price` (of each line) or `total` (of the order).")


class UnclearOrder(Refusal):
    """One order has one total in one currency."""

    code = "purchases.unclear_order"
    message = _("The lines of the order {order} state several totals or currencies.")


class TooManyLines(Refusal):
    """So many lines under one number: the column is no order number."""

    code = "purchases.too_many_lines"
    message = _("More than {limit} lines have the number {order}: is this the order’s number?")


class OrderIncomplete(Refusal):
    """Without the line that was refused the order's total would be wrong, and a recorded order stays as it is."""

    code = "purchases.order_incomplete"
    message = _("Another line of this order was refused: put that one right and import them together.")


def load(job: Job) -> None:
    """Copy the lines, group them, record one fact per order; see `Importer` for the fields."""
    if not {"unit_price", "total"} & set(job.map.fields):
        raise NoAmount
    with connection.cursor() as cursor:
        cursor.execute("drop table if exists import_line, import_order, import_refused")
        cursor.execute(LINES)
        cursor.execute(REFUSED)
    batches = job.batches(whole=True)
    refused = RefusedOrders(job)
    while stage(job, batches, refused):
        pass
    _refuse_incomplete(job)
    with connection.cursor() as cursor:
        cursor.execute("set work_mem = '64MB'")
        cursor.execute(_GROUP, [LINES_MAX])
        cursor.execute("reset work_mem")
        cursor.execute("alter table import_order add primary key (place)")
        cursor.execute("select count(*) from import_order")
        count = cursor.fetchone()[0]
    job.tally.more.update(orders=0, cancellations=0)
    for batch in _batches(count):
        _record(job, batch)
        job.tell("writing", batch.orders[-1].place, count)
    with connection.cursor() as cursor:
        cursor.execute("drop table import_line, import_order, import_refused")


def _refuse_incomplete(job: Job) -> None:
    """The other lines of orders of which a line was refused: an order is in as a whole, or comes back as a whole."""
    refusal = OrderIncomplete()
    with connection.cursor() as cursor:
        cursor.execute("select exists (select from import_refused)")
        if not cursor.fetchone()[0]:
            return
        select = "select line from import_line join import_refused using (order_number, cancelled)"
        job.reject_selected(select, [], refusal.code, refusal.detail)
        cursor.execute("delete from import_line l using import_late late where l.line = late.line")


# --- orders: grouped and recorded -------------------------------------------------------------------------------------

_GROUP = """
create temp table import_order as
with too_many as (select order_number from import_line group by order_number having count(*) > %s),
orders as (
    select person_kind, person_value, order_number, cancelled, min(at) as at, min(currency) as currency,
           sum(quantity * price) as amount, max(stated) as stated, min(channel) as channel, min(site) as site,
           nullif(max(original), '') as original, min(line) as first_line, count(*) as lines,
           min(currency) <> max(currency) or coalesce(min(stated) <> max(stated), false) as unclear,
           bool_or(t.order_number is not null) as too_many,
           string_agg(item, ',' order by line) filter (where t.order_number is null and item <> '') as items
    from import_line left join too_many t using (order_number)
    group by order_number, person_value, person_kind, cancelled
)
select row_number() over (order by first_line) as place, orders.*,
       min(at) over (partition by person_kind, person_value) as since
from orders
"""


class _Order(NamedTuple):
    """One row of `import_order`."""

    place: int
    person_kind: str | None
    person_value: str | None
    order_number: str
    cancelled: bool
    at: datetime
    currency: str
    amount: Decimal | None
    stated: Decimal | None
    channel: str
    site: str
    original: str | None
    first_line: int
    lines: int
    unclear: bool
    too_many: bool
    items: str | None
    since: datetime

    @property
    def kind(self) -> str:
        return "cancelled" if self.cancelled else "made"

    def head(self) -> dict[str, Any]:
        """The data of the fact without its lines."""
        total = to_minor(self.amount if self.stated is None else self.stated, self.currency)  # type: ignore[arg-type]
        return {
            "order_number": self.order_number,
            "total": {"amount": abs(total) if self.cancelled else total, "currency": self.currency},
            **({"original": self.original} if self.cancelled else {}),
            "site": self.site,
            "note": "",
        }

    def document(self, head: dict[str, Any]) -> bytes:
        """The whole data as JSON; the lines are JSON already, each checked when it was read."""
        return orjson.dumps(head)[:-1] + f',"lines":[{self.items or ""}]}}'.encode()

    def refusal(self) -> Refusal | None:
        if self.too_many:
            return TooManyLines(order=self.order_number, limit=LINES_MAX)
        return UnclearOrder(order=self.order_number) if self.unclear else None


def _orders(first: int) -> list[_Order]:
    rows = quick_rows(
        "select * from import_order where place >= %s and place < %s order by place", [first, first + ORDERS]
    )
    return [_Order(*row) for row in rows]


@dataclass(slots=True)
class _Batch:
    """Orders, and what becomes of each: a fact, or a refusal."""

    orders: list[_Order]
    prepared: list[Prepared] = field(default_factory=list)
    newcomers: dict[Pair, NewPerson] = field(default_factory=dict)
    refused: list[tuple[_Order, Refusal]] = field(default_factory=list)


def _batches(count: int) -> Iterator[_Batch]:
    """All orders, batch by batch; the facts of one are made while the server writes those of the one before."""
    with ThreadPoolExecutor(1) as thread:
        waiting: Future[_Batch] | None = None
        for first in range(1, count + 1, ORDERS):
            coming = thread.submit(copy_context().run, _understood, _orders(first))
            if waiting:
                yield waiting.result()
            waiting = coming
        if waiting:
            yield waiting.result()


def _understood(orders: list[_Order]) -> _Batch:
    batch = _Batch(orders)
    clear = []
    for order in orders:
        if refusal := order.refusal():
            batch.refused.append((order, refusal))
        else:
            clear.append(order)
    for cls, cancelled in ((PurchaseMade, False), (PurchaseCancelled, True)):
        fact_type = registry.fact_of[cls]
        some = [order for order in clear if order.cancelled is cancelled]
        heads = [order.head() for order in some]
        for order, head, checked in zip(some, heads, documents(fact_type, heads), strict=True):
            document = checked if isinstance(checked, Refusal) else limited(fact_type, order.document(head))
            number = _number(order)
            if isinstance(document, Refusal):
                batch.refused.append((order, document))
            elif isinstance(number, Refusal):
                batch.refused.append((order, number))
            else:
                pair = (order.person_kind, order.person_value) if order.person_kind and order.person_value else None
                if pair:
                    batch.newcomers.setdefault(pair, NewPerson([pair], roles=[("customer", order.since)]))
                place, key = order.place - orders[0].place, f"{order.kind}:{order.order_number}"
                batch.prepared.append(
                    Prepared(place, fact_type, order.at, order.channel, key, document, pair=pair, identifiers=[number])
                )
    batch.prepared.sort(key=lambda one: one.n)  # in the file's order: two imports side by side wait
    return batch


def _record(job: Job, batch: _Batch) -> None:
    """Record some orders in one transaction, and count their lines by what became of them."""
    for order, refusal in batch.refused:
        _refuse(job, order, refusal)
    outcomes = record(job, batch.prepared, newcomers=batch.newcomers)
    for one, outcome in zip(batch.prepared, outcomes, strict=True):
        order = batch.orders[one.n]
        if outcome.refusal is not None:
            _refuse(job, order, outcome.refusal)
            continue
        job.tally.more["cancellations" if order.cancelled else "orders"] += 1
        if outcome.outcome == "recorded":
            job.tally.imported += order.lines
        else:
            job.tally.unchanged += order.lines


def _number(order: _Order) -> Pair | Refusal:
    """The order's number as it points to the buyer, or why it cannot (a character that cannot be read)."""
    try:
        return "order_number", normalise("order_number", order.order_number)
    except Refusal as refusal:
        return refusal


def _refuse(job: Job, order: _Order, refusal: Refusal) -> None:
    """Refuse an order: all its lines go to the rejects file, so that it can be put right and imported again."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select line from import_line where order_number = %s and cancelled = %s"
            " and person_kind is not distinct from %s and person_value is not distinct from %s",
            [order.order_number, order.cancelled, order.person_kind, order.person_value],
        )
        job.reject_later([row[0] for row in cursor.fetchall()], refusal.code, refusal.detail)
