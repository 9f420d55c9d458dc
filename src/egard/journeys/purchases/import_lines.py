"""The lines of a file of purchases: checked, and copied in bulk to the table where they are grouped into orders.

Everything is done column by column on distinct cells (see `Coded`): what repeats is understood once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from functools import lru_cache
from itertools import islice
from typing import Any

import orjson
import pyarrow as pa
from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from egard.base.copytext import NULL, text_column
from egard.base.money import exponent
from egard.base.refusal import Refusal
from egard.base.tables import BadLine, Piece
from egard.base.tables.coded import Coded, block, joined
from egard.base.tables.values import BadCell, Reader
from egard.journeys.purchases.facts import ORDER_NUMBER_MAX, PIECES_MAX, TEXT_MAX
from egard.kernel.lifecycle.imports import Batch, Job
from egard.kernel.lifecycle.imports.batches import plain_text
from egard.kernel.lifecycle.imports.events import BadChannel, EmptyField, is_channel
from egard.kernel.lifecycle.imports.persons import coded_persons
from egard.kernel.timeline.bulk import NoPerson
from egard.kernel.timeline.operations import CLOCK_SKEW, FromTheFuture

STAGED_BATCHES = 30
"""Batches of one COPY: some 300,000 lines."""


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


LINES = """
create temp table import_line (
    line bigint, person_kind text collate "C", person_value text collate "C", order_number text collate "C",
    cancelled bool, at timestamptz, currency text collate "C", quantity numeric, price numeric, stated numeric,
    channel text collate "C", site text collate "C", original text collate "C", item text collate "C"
)
"""

REFUSED = """
create temp table import_refused (order_number text collate "C", cancelled bool, primary key (order_number, cancelled))
"""


class RefusedOrders:
    """Numbers of orders of which a line was refused: without it their total would be wrong.

    Kept here for one COPY at most, then in a table of this session.
    """

    def __init__(self, job: Job) -> None:
        self._job = job
        self._found: set[tuple[str, bool]] = set()
        job.unread = self.unread

    def add(self, batch: Batch, orders: Coded) -> None:
        """The orders of a batch's refused rows, where the number can be read."""
        if batch.bad:
            numbers, flags = orders.listed(), batch.flags("cancelled")
            self._found.update((numbers[place], flags[place]) for place in batch.bad if numbers[place])

    def unread(self, lines: Sequence[BadLine]) -> None:
        """The same of lines that could not be read. A line with a cell too many or too few may have its number counted
        from either end, and its rule cannot be trusted."""
        names = self._job.table.names
        rows = []
        for cells in (self._cells(bad) for bad in lines):
            rows += [[*cells, *[""] * len(names)][: len(names)], [*[""] * len(names), *cells][-len(names) :]]
        columns = dict(zip(names, zip(*rows, strict=True), strict=True))
        numbers = _orders(Batch(self._job, Piece(range(len(rows)), columns)))
        self._found.update((number, flag) for number in numbers.values if number for flag in (True, False))

    def _cells(self, bad: BadLine) -> Sequence[str]:
        found = self._job.table.detected
        if len(bad.cells) != 1 or found["format"] != "csv":
            return bad.cells
        # A line whose quotation marks are broken comes whole, or its beginning.
        return [cell.strip(f" {found['quote']}") for cell in bad.cells[0].split(found["separator"])]

    def write(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "insert into import_refused select * from unnest(%s::text[], %s::bool[]) on conflict do nothing",
                [[number for number, _flag in self._found], [flag for _number, flag in self._found]],
            )
        self._found.clear()


def stage(job: Job, batches: Iterator[Batch], refused: RefusedOrders) -> bool:
    """Copy the lines of some batches by one COPY: the server writes while the next lines are read. False at the end.

    Not one for the whole file: while a transaction is open, reactions cannot pass it. A file that turns out damaged
    leaves nothing: half an order would stand in the way of the whole one.
    """
    count = 0
    with transaction.atomic(), connection.cursor() as cursor:
        with cursor.copy("copy import_line from stdin") as copy:
            for batch in islice(batches, STAGED_BATCHES):
                count += 1
                rows = _lines(job, batch, refused)
                if len(rows):
                    copy.write(bytes(block(rows)))
        refused.write()
    return count == STAGED_BATCHES


def _orders(batch: Batch) -> Coded:
    return batch.coded("order_number", "order_number", lambda: _words("order_number", ORDER_NUMBER_MAX))


def _lines(job: Job, whole: Batch, refused: RefusedOrders) -> pa.Array:
    """Check the rows of a batch; the good ones as COPY takes them. Rows of nobody go first: they may be many."""
    pairs = coded_persons(whole)
    if not job.map.anonymous:
        nobody = NoPerson()
        code, why = nobody.code, nobody.detail
        for place in pairs.where(lambda pair: pair is None):
            whole.fail(place, code, why)
    orders = _orders(whole)
    batch, places = whole.good()
    if batch is whole:
        rows = _checked_lines(job, batch, pairs, orders)
    else:
        rows = _checked_lines(job, batch, pairs.take(places), orders.take(places))
    whole.take(batch, places)
    refused.add(whole, orders)
    return rows


def _checked_lines(job: Job, batch: Batch, pairs: Coded, orders: Coded) -> pa.Array:
    """The good rows of a batch as lines of COPY, all columns joined at once."""
    currencies = _texts(batch, "currency", _currency, settings.CURRENCY)
    moments = batch.coded("at", "moment:at", lambda: job.moments("at"))
    quantities = _numbers(job, batch, "quantity")
    prices = _numbers(job, batch, "unit_price")
    totals = _numbers(job, batch, "total")
    skus = _texts(batch, "sku", lambda: _words("sku", TEXT_MAX))
    labels = _texts(batch, "label", lambda: _words("label", TEXT_MAX))
    columns = [
        Coded.of(batch.lines).map(str) if not isinstance(batch.lines, range) else _numbered(batch.lines),
        pairs.map(lambda pair: pair[0] if pair else NULL),
        pairs.map(lambda pair: _escaped(pair[1]) if pair else NULL),
        orders.map(lambda order: _escaped(order or "")),
        Coded.of(batch.flags("cancelled")).map(lambda flag: "t" if flag else "f"),
        moments.map(lambda moment: moment.isoformat() if moment else NULL),
        currencies.map(str),
        quantities.map(lambda pieces: "1" if pieces is None else f"{pieces:f}"),
        prices.map(_number),
        totals.map(_number),
        _texts(batch, "channel", _channel, "import").map(str),
        _texts(batch, "site", lambda: _words("site", TEXT_MAX)).map(_escaped),
        _texts(batch, "original", lambda: _words("original", ORDER_NUMBER_MAX)).map(_escaped),
        _items(batch, skus, labels, quantities, prices, currencies),
    ]
    _check(job, batch, orders, moments, quantities, prices, totals)
    if batch.bad:
        good = pa.array([place for place in range(len(batch)) if place not in batch.bad], pa.int64())
        columns = [column.take(good) for column in columns]
    *front, last = columns
    ended = joined([last, Coded.repeated("\n", len(last))], "")
    return joined([*front, ended], "\t")


def _numbered(lines: range) -> pa.Array:
    return pa.array(lines, pa.int64()).cast(pa.string())


def _check(
    job: Job, batch: Batch, orders: Coded, moments: Coded, quantities: Coded, prices: Coded, totals: Coded
) -> None:
    """Refuse rows that lack what every order needs, or state it in a way that no order does."""
    latest = job.now + CLOCK_SKEW
    for place in orders.where(lambda order: not order):
        batch.refuse(place, EmptyField(field="order_number"))
    for place in moments.where(lambda moment: moment is None or moment > latest):
        moment = moments[place]
        batch.refuse(place, FromTheFuture(at=moment.isoformat()) if moment else EmptyField(field="at"))
    for place in quantities.where(lambda pieces: not _is_whole(pieces)):
        batch.refuse(place, BadQuantity(quantity=str(quantities[place])))
    needed, column = ("unit_price", prices) if batch.has("unit_price") else ("total", totals)
    for place in column.where(lambda number: number is None):
        batch.refuse(place, EmptyField(field=needed))


def _is_whole(pieces: Decimal | None) -> bool:
    return pieces is None or (pieces == pieces.to_integral_value() and abs(pieces) <= PIECES_MAX)


def _escaped(text: str | None) -> str:
    return text_column([text or ""])[0]


def _number(value: Decimal | None) -> str:
    return NULL if value is None else f"{value:f}"


def _numbers(job: Job, batch: Batch, name: str) -> Coded:
    """A field of numbers; None where the map or the cell has none."""
    if not batch.has(name):
        return Coded.repeated(None, len(batch))
    return batch.coded(name, f"number:{name}", lambda: job.numbers(name))


def _texts(batch: Batch, name: str, make: Callable[[], Reader[str]], default: str = "") -> Coded:
    """A field of text, its default where the map or the cell has none."""
    if not batch.has(name):
        return Coded.repeated(default, len(batch))
    return batch.coded(name, name, make).map(lambda cell: cell or default)


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


def _items(batch: Batch, skus: Coded, labels: Coded, quantities: Coded, prices: Coded, currencies: Coded) -> pa.Array:
    """The line of each row as the fact holds it, as JSON; empty where the file describes no lines.

    Each part was held to the limits that the fact declares (see `facts.Line`), once per distinct cell.
    """
    if not any(batch.has(name) for name in ("label", "sku", "quantity", "unit_price")):
        return Coded.repeated("", len(batch)).text()
    if len(currencies.values) == 1:
        currency = currencies.values[0]
        units = prices.map(lambda price: _unit(price, currency))
    else:
        both = Coded.of(list(zip(prices, currencies, strict=True)))
        units = both.map(lambda pair: _unit(*pair))
    parts = [
        skus.map(lambda sku: f'{{"sku":{_json(sku)},"label":'),
        labels.map(lambda label: f'{_json(label)},"quantity":'),
        quantities.map(lambda pieces: f'{1 if pieces is None or not _is_whole(pieces) else int(pieces)},"unit":'),
        units,
    ]
    return joined(parts, "")


@lru_cache(maxsize=65_536)
def _json(text: str) -> str:
    return _escaped(orjson.dumps(text).decode())


def _unit(price: Decimal | None, currency: str) -> str:
    """The price of a piece in minor units, as JSON, and the end of the line's object."""
    unit = None if price is None else float(price.scaleb(exponent(currency)))
    return f"{orjson.dumps(unit).decode()}}}"
