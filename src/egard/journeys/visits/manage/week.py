"""A day of a shop by its hosts, or a week by its days: what the calendar draws, and where a visit could go."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from egard.console.moments import day_words
from egard.journeys.visits import queries
from egard.journeys.visits.models import Reason, Rota, Shop, Visit
from egard.journeys.visits.offering import day_of, hours_at, offers, opening
from egard.journeys.visits.public import said
from egard.kernel.access.actors import Viewer

View = Literal["day", "week"]
DAY = timedelta(days=1)
GONE = ("cancelled",)
HOUR = 60


@dataclass(slots=True)
class Block:
    """A visit in the grid: minutes of the shop's clock after midnight, and beside how many others it stands."""

    visit: Visit
    name: str
    what: str
    start: int
    minutes: int
    column: str
    lane: int = 0
    lanes: int = 1

    @property
    def clock(self) -> str:
        return f"{self.start // HOUR:02}:{self.start % HOUR:02}"

    @property
    def may_move(self) -> bool:
        return self.visit.state == "booked"


@dataclass(slots=True)
class Column:
    """A host of a day (its key is her id), or a day of a week (its date), with the hours that are worked."""

    key: str
    title: str
    under: str = ""
    open: list[tuple[int, int]] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    is_today: bool = False


@dataclass(slots=True)
class Sheet:
    """All that is drawn; `first` and `last` are the hours between which it lies."""

    columns: list[Column]
    first: int
    last: int

    @property
    def hours(self) -> list[tuple[int, str]]:
        return [(hour * HOUR, f"{hour:02}:00") for hour in range(self.first, self.last + 1)]

    @property
    def count(self) -> int:
        return sum(len(column.blocks) for column in self.columns)


def sheet(viewer: Viewer, shop: Shop, day: date, view: View, *, now: datetime) -> Sheet:
    """As many queries, however many visits there are. Raises `NotAllowed`."""
    zone = ZoneInfo(shop.site.zone)
    days = [day] if view == "day" else week_of(day)
    today = now.astimezone(zone).date()
    rows = _visits(viewer, shop, days)
    rotas = queries.rotas(viewer, shop) if view == "day" else []
    columns = _hosts(shop, rotas, rows, day) if view == "day" else _days(shop, days, today)
    held = {column.key: column for column in columns}
    for row in rows:
        block = _block(row, zone, view)
        if column := held.get(block.column):
            column.blocks.append(block)
    for column in columns:
        _lay(column.blocks)
    minutes = [one for column in columns for span in column.open for one in span]
    minutes += [one for column in columns for block in column.blocks for one in (block.start, _end(block))]
    first = min(minutes, default=9 * HOUR) // HOUR
    return Sheet(columns, first, min(24, max(first + 1, -(-max(minutes, default=18 * HOUR) // HOUR))))


def free(
    shop: Shop, reason: Reason, day: date, view: View, *, visit: Visit | None = None, now: datetime
) -> list[dict[str, Any]]:
    """Where a visit could begin on the days shown: the column, the moment, the minute of the clock."""
    zone = ZoneInfo(shop.site.zone)
    days = [day] if view == "day" else week_of(day)
    first = max(days[0], now.astimezone(zone).date())
    if first > days[-1]:
        return []
    beside = visit.sitting_id if visit else None
    offer = offers([shop], reason, first, days[-1], now=now, beside=beside)[0]
    users = {key: host.user for key, host in offer.hosts.items()}
    found = []
    for at, able in offer.at.items():
        local = at.astimezone(zone)
        columns = [str(users[one]) for one in able] if view == "day" else [local.date().isoformat()]
        found += [
            {"column": column, "at": at.isoformat(), "minute": local.hour * HOUR + local.minute,
             "words": f"{local:%H:%M}"} for column in columns
        ]  # fmt: skip
    return found


def week_of(day: date) -> list[date]:
    monday = day - day.weekday() * DAY
    return [monday + n * DAY for n in range(7)]


# --- inside --------------------------------------------------------------------------------------------------------


def _visits(viewer: Viewer, shop: Shop, days: list[date]) -> list[Visit]:
    start, end = day_of(shop, days[0])[0], day_of(shop, days[-1])[1]
    found = queries.visits(viewer).filter(site=shop.site_id, starts_at__gte=start, starts_at__lt=end)
    return list(found.exclude(state__in=GONE).order_by("starts_at", "pk"))


def _hosts(shop: Shop, rotas: list[Rota], rows: list[Visit], day: date) -> list[Column]:
    columns = [
        Column(str(one.resource.user_id), one.resource.user.name if one.resource.user else "",
               open=_open(hours_at(shop, one.hours), day))
        for one in rotas
    ]  # fmt: skip
    known: set[str] = {column.key for column in columns}
    others: dict[str, str] = {
        str(row.host_id or ""): row.host.name if row.host else _("Nobody yet")
        for row in rows
        if str(row.host_id or "") not in known
    }
    return columns + [Column(key, name) for key, name in others.items()]


def _days(shop: Shop, days: list[date], today: date) -> list[Column]:
    calendar = opening(shop)
    return [
        Column(one.isoformat(), day_words(one, "D j"), open=_open(calendar, one), is_today=one == today) for one in days
    ]  # fmt: skip


def _open(calendar: Any, day: date) -> list[tuple[int, int]]:
    return [(one.opens, min(one.closes, 24 * HOUR)) for one in calendar.hours_of(day)] if calendar else []


def _block(row: Visit, zone: ZoneInfo, view: View) -> Block:
    local = row.starts_at.astimezone(zone)
    name = row.name or (row.person.name if row.person else "") or _("Visitor without a name")
    return Block(
        row, name, said.text(row.reason.name), local.hour * HOUR + local.minute,
        round((row.ends_at - row.starts_at).total_seconds() / 60),
        str(row.host_id or "") if view == "day" else local.date().isoformat(),
    )  # fmt: skip


def _end(block: Block) -> int:
    return min(24 * HOUR, block.start + block.minutes)


def _lay(blocks: Iterable[Block]) -> None:
    """Those that overlap stand side by side."""
    together: list[Block] = []
    until = -1
    for block in blocks:
        if block.start >= until:
            together, until = [], -1
        taken = {one.lane for one in together if _end(one) > block.start}
        block.lane = next(lane for lane in range(len(together) + 1) if lane not in taken)
        together.append(block)
        until = max(until, _end(block))
        lanes = max(one.lane for one in together) + 1
        for one in together:
            one.lanes = lanes
