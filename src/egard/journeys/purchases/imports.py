"""Purchases from a file of order lines: many rows, anywhere in the file, are one order.

Lines are copied to a table of this session and grouped there by SQL, so that memory stays flat whatever the size of the
file. Each order of each buyer is one fact under its number; a row that the map's rule calls a cancellation belongs to a
cancellation instead.

What odd rows mean, so that nothing is lost and sums agree with the file:
- The total of an order is Σ quantity × unit price of its lines (or the stated total), rounded once. Negative quantities
  and prices count as they are; an order may come out at zero (gifts) or below (an adjustment in the buyer's favour).
- The total of a cancellation is what was given back: the file's sum without its sign.
- An order is dated by its earliest line. Lines of two buyers under one number are an order of each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import compress
from typing import Any, NamedTuple

import orjson
from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from egard.base.copytext import NULL, copy_block, text_column
from egard.base.money import exponent, to_minor
from egard.base.refusal import Refusal
from egard.base.tables.values import BadCell, Reader
from egard.journeys.purchases.facts import PurchaseCancelled, PurchaseMade
from egard.kernel.lifecycle.imports import Batch, Job
from egard.kernel.lifecycle.imports.batches import plain_text
from egard.kernel.lifecycle.imports.events import BadChannel, EmptyField, is_channel
from egard.kernel.lifecycle.imports.persons import persons_of
from egard.kernel.lifecycle.imports.recording import record
from egard.kernel.people.bulk import NewPerson, Pair
from egard.kernel.people.operations import normalise
from egard.kernel.registry import registry
from egard.kernel.timeline.bulk import NoPerson, Prepared
from egard.kernel.timeline.documents import json_documents
from egard.kernel.timeline.operations import CLOCK_SKEW, FromTheFuture

STAGED_BATCHES = 30
ORDERS = 2_000
"""Orders of one transaction: some 40,000 lines."""
LINES_MAX = 2_000
"""Lines under one number at most: more is a column that is no order number."""
TEXT_MAX = 200
ORDER_NUMBER_MAX = 100


class NoAmount(Refusal):
    """The map says neither what a line costs nor what the order came to."""

    code = "purchases.no_amount"
    message = _("The map must say `unit_price` (of each line) or `total` (of the order).")


class TooLong(Refusal):
    """A text of a purchase is longer than its field."""

    code = "purchases.too_long"
    message = _("“{cell}…” is longer than {limit} characters.")


class BadCurrency(Refusal):
    """A currency is three letters of ISO 4217."""

    code = "purchases.bad_currency"
    message = _("“{currency}” is not a currency: write three letters (EUR).")


class BadQuantity(Refusal):
    """Pieces are counted in whole numbers."""

    code = "purchases.bad_quantity"
    message = _("“{quantity}” is not a whole number of pieces.")


class UnclearOrder(Refusal):
    """One order has one total in one currency."""

    code = "purchases.unclear_order"
    message = _("The lines of the order {order} state several totals or currencies.")


class TooManyLines(Refusal):
    """So many lines under one number: the column is no order number."""

    code = "purchases.too_many_lines"
    message = _("More than {limit} lines have the number {order}: is this the order’s number?")


def load(job: Job) -> None:
    """Copy the lines, group them, record one fact per order; see `Importer` for the fields."""
    if not {"unit_price", "total"} & set(job.map.fields):
        raise NoAmount
    with connection.cursor() as cursor:
        cursor.execute("drop table if exists import_line, import_order")
        cursor.execute(_LINES)
    batches = job.batches()
    while _stage(job, batches):
        pass
    with connection.cursor() as cursor:
        cursor.execute("analyze import_line")
        cursor.execute(_GROUP, [LINES_MAX])
        cursor.execute("alter table import_order add primary key (place)")
        cursor.execute("select count(*) from import_order")
        count = cursor.fetchone()[0]
    job.tally.more.update(orders=0, cancellations=0)
    for first in range(1, count + 1, ORDERS):
        _record(job, _orders(first))
        job.tell("writing", min(first + ORDERS - 1, count), count)
    with connection.cursor() as cursor:
        cursor.execute("drop table import_line, import_order")


# --- lines: checked and copied ----------------------------------------------------------------------------------------

_LINES = """
create temp table import_line (
    line bigint, person_kind text collate "C", person_value text collate "C", order_number text collate "C",
    cancelled bool, at timestamptz, currency text collate "C", amount numeric, stated numeric,
    channel text collate "C", site text collate "C", original text collate "C", item text collate "C"
)
"""


def _stage(job: Job, batches: Iterator[Batch]) -> bool:
    """Copy the lines of some batches by one COPY: the server writes while the next lines are read. False at the end.

    Not one for the whole file: while a transaction is open, reactions cannot pass it. A file that turns out damaged
    leaves nothing: half an order would stand in the way of the whole one.
    """
    with transaction.atomic(), connection.cursor() as cursor, cursor.copy("copy import_line from stdin") as copy:
        for n, batch in enumerate(batches, 1):
            if block := _lines(job, batch):
                copy.write(block)
            if n == STAGED_BATCHES:
                return True
    return False


def _lines(job: Job, whole: Batch) -> str:
    """Check the rows of a batch; the good ones as COPY takes them."""
    pairs = persons_of(whole)
    if not job.map.anonymous:
        nobody = NoPerson()
        code, why = nobody.code, nobody.detail
        for place, pair in enumerate(pairs):
            if pair is None:
                whole.fail(place, code, why)
    batch, places = whole.good()
    pairs = [pairs[place] for place in places]
    block = _checked_lines(job, batch, pairs)
    whole.take(batch, places)
    return block


def _checked_lines(job: Job, batch: Batch, pairs: Sequence[Pair | None]) -> str:
    count = len(batch)
    orders = batch.read("order_number", "order", lambda: _words("order_number", ORDER_NUMBER_MAX))
    moments = batch.moments("at")
    currencies = _column(batch, "currency", _currency, settings.CURRENCY)
    channels = _column(batch, "channel", _channel, "import")
    sites = _column(batch, "site", lambda: _words("site", TEXT_MAX))
    originals = _column(batch, "original", lambda: _words("original", ORDER_NUMBER_MAX))
    totals = batch.numbers("total") if batch.has("total") else [None] * count
    items = _items(job, batch, currencies)
    _check(job, batch, orders, moments, totals)
    good = [place not in batch.bad for place in range(count)] if batch.bad else [True] * count
    columns: Sequence[Sequence[Any]] = (
        batch.lines, pairs, orders, batch.flags("cancelled"), moments, currencies, totals, channels, sites, originals,
        items,
    )  # fmt: skip
    if batch.bad:
        columns = [list(compress(column, good)) for column in columns]
    lines, pairs, orders, cancelled, moments, currencies, totals, channels, sites, originals, items = columns
    return copy_block(
        map(str, lines),
        [pair[0] if pair else NULL for pair in pairs],
        text_column([pair[1] if pair else "\x00" for pair in pairs]),
        text_column(orders),
        ["t" if flag else "f" for flag in cancelled],
        [moment.isoformat() for moment in moments],
        currencies,
        [item.amount for item in items],
        [NULL if total is None else str(total) for total in totals],
        channels,
        text_column(sites),
        text_column(originals),
        text_column([item.text for item in items]),
    ).replace("\x00", NULL)


def _check(
    job: Job,
    batch: Batch,
    orders: Sequence[str | None],
    moments: Sequence[datetime | None],
    totals: Sequence[Decimal | None],
) -> None:
    """Refuse rows that lack what every order needs."""
    latest = job.now + CLOCK_SKEW
    by_total = not batch.has("unit_price")
    for place, (order, moment) in enumerate(zip(orders, moments, strict=True)):
        if not order:
            batch.refuse(place, EmptyField(field="order_number"))
        elif moment is None:
            batch.refuse(place, EmptyField(field="at"))
        elif moment > latest:
            batch.refuse(place, FromTheFuture(at=moment.isoformat()))
        elif by_total and totals[place] is None:
            batch.refuse(place, EmptyField(field="total"))


def _column(batch: Batch, name: str, make: Callable[[], Reader[str]], default: str = "") -> Sequence[str]:
    """A text field, its default where the map or the cell has none."""
    if not batch.has(name):
        return [default] * len(batch)
    return [cell or default for cell in batch.read(name, name, make)]


def _words(name: str, limit: int) -> Reader[str]:
    """Trimmed text of at most `limit` characters."""

    def understand(cell: Any) -> str:
        text = plain_text(cell)
        if len(text) > limit:
            raise _bad(TooLong(cell=text[:30], limit=limit))
        if "\0" in text:
            raise _bad(EmptyField(field=name))
        return text

    return Reader(understand)


def _currency() -> Reader[str]:
    def understand(cell: Any) -> str:
        text = plain_text(cell).upper()
        if text and not (len(text) == 3 and text.isascii() and text.isalpha()):
            raise _bad(BadCurrency(currency=text[:20]))
        return text

    return Reader(understand)


def _channel() -> Reader[str]:
    def understand(cell: Any) -> str:
        text = plain_text(cell).lower()
        if text and not is_channel(text):
            raise _bad(BadChannel(channel=text[:50]))
        return text

    return Reader(understand)


def _bad(refusal: Refusal) -> BadCell:
    return BadCell(refusal.code, refusal.detail)


class _Item(NamedTuple):
    """A line as the fact holds it, as JSON, and what it comes to (a number as text, NULL without a price)."""

    text: str
    amount: str


def _items(job: Job, batch: Batch, currencies: Sequence[str]) -> list[_Item]:
    """The line of each row: its article, pieces and price. Each distinct line is understood once."""
    count = len(batch)
    labels = _column(batch, "label", lambda: _words("label", TEXT_MAX))
    skus = _column(batch, "sku", lambda: _words("sku", TEXT_MAX))
    quantities = batch.numbers("quantity") if batch.has("quantity") else [None] * count
    priced = batch.has("unit_price")
    prices = batch.numbers("unit_price") if priced else [None] * count
    described = any(batch.has(name) for name in ("label", "sku", "quantity", "unit_price"))
    reader = job.reader("item", lambda: Reader(lambda line: _item(line, priced, described)))
    items = reader.column(list(zip(skus, labels, quantities, prices, currencies, strict=True)))
    for place, bad in reader.bad_places(items):
        batch.fail(place, bad.reason, bad.why)
    return items


def _item(line: tuple[str, str, Decimal | None, Decimal | None, str], priced: bool, described: bool) -> _Item:
    sku, label, quantity, price, currency = line
    pieces = Decimal(1) if quantity is None else quantity
    if pieces != pieces.to_integral_value() or abs(pieces) > 10**9:
        raise _bad(BadQuantity(quantity=str(pieces)))
    if priced and price is None:
        raise _bad(EmptyField(field="unit_price"))
    unit = None if price is None else float(price.scaleb(exponent(currency)))
    held = {"sku": sku, "label": label, "quantity": int(pieces), "unit": unit}
    text = orjson.dumps(held).decode() if described else ""
    return _Item(text, NULL if price is None else f"{pieces * price:f}")


# --- orders: grouped and recorded -------------------------------------------------------------------------------------

_GROUP = """
create temp table import_order as
with too_many as (select order_number from import_line group by order_number having count(*) > %s),
orders as (
    select person_kind, person_value, order_number, cancelled, min(at) as at, min(currency) as currency,
           sum(amount) as amount, max(stated) as stated, min(channel) as channel, min(site) as site,
           nullif(max(original), '') as original, min(line) as first_line, count(*) as lines,
           min(currency) <> max(currency) or coalesce(min(stated) <> max(stated), false) as unclear,
           bool_or(t.order_number is not null) as too_many,
           string_agg(item, ',' order by line) filter (where t.order_number is null and item <> '') as items
    from import_line left join too_many t using (order_number)
    group by person_kind, person_value, order_number, cancelled
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

    def document(self) -> str:
        """The data of the fact, as JSON."""
        total = to_minor(self.amount if self.stated is None else self.stated, self.currency)  # type: ignore[arg-type]
        head: dict[str, Any] = {
            "order_number": self.order_number,
            "total": {"amount": abs(total) if self.cancelled else total, "currency": self.currency},
            **({"original": self.original} if self.cancelled else {}),
            "site": self.site,
            "note": "",
        }
        return f'{orjson.dumps(head).decode()[:-1]},"lines":[{self.items or ""}]}}'

    def refusal(self) -> Refusal | None:
        if self.too_many:
            return TooManyLines(order=self.order_number, limit=LINES_MAX)
        return UnclearOrder(order=self.order_number) if self.unclear else None


def _orders(first: int) -> list[_Order]:
    with connection.cursor() as cursor:
        cursor.execute(
            "select * from import_order where place >= %s and place < %s order by place", [first, first + ORDERS]
        )
        return [_Order(*row) for row in cursor.fetchall()]


def _record(job: Job, orders: list[_Order]) -> None:
    """Record some orders in one transaction, and count their lines by what became of them."""
    clear = []
    for order in orders:
        if refusal := order.refusal():
            _refuse(job, order, refusal)
        else:
            clear.append(order)
    prepared, newcomers = [], {}
    for cls, cancelled in ((PurchaseMade, False), (PurchaseCancelled, True)):
        fact_type = registry.fact_of[cls]
        some = [order for order in clear if order.cancelled is cancelled]
        for order, document in zip(some, json_documents(fact_type, [o.document() for o in some]), strict=True):
            if isinstance(document, Refusal):
                _refuse(job, order, document)
                continue
            pair = (order.person_kind, order.person_value) if order.person_kind and order.person_value else None
            if pair:
                newcomers.setdefault(pair, NewPerson([pair], roles=[("customer", order.since)]))
            number = ("order_number", normalise("order_number", order.order_number))
            key = f"{order.kind}:{order.order_number}"
            prepared.append(
                Prepared(
                    order.place - orders[0].place,
                    fact_type,
                    order.at,
                    order.channel,
                    key,
                    document.encode(),
                    pair=pair,
                    identifiers=[number],
                )
            )
    prepared.sort(key=lambda one: one.n)  # in the file's order: two imports side by side wait, never lock each other
    for one, outcome in zip(prepared, record(job, prepared, newcomers=newcomers), strict=True):
        order = orders[one.n]
        if outcome.refusal is not None:
            _refuse(job, order, outcome.refusal)
            continue
        job.tally.more["cancellations" if order.cancelled else "orders"] += 1
        if outcome.outcome == "recorded":
            job.tally.imported += order.lines
        else:
            job.tally.unchanged += order.lines


def _refuse(job: Job, order: _Order, refusal: Refusal) -> None:
    """Refuse an order: all its lines go to the rejects file, so that it can be put right and imported again."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select line from import_line where order_number = %s and cancelled = %s"
            " and person_kind is not distinct from %s and person_value is not distinct from %s",
            [order.order_number, order.cancelled, order.person_kind, order.person_value],
        )
        job.reject_later([row[0] for row in cursor.fetchall()], refusal.code, refusal.detail)
