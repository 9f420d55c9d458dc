"""Who waits in a shop now, in fair order, and until when: loaded for `rules.queue`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from egard.journeys.visits.models import Occupied, Reason, Shop, Visit
from egard.journeys.visits.offering import Present, counts, present
from egard.journeys.visits.rules import queue


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the queue: whose turn it is, from when she is reckoned, who is expected to receive her, and when."""

    visit: Visit
    turn: datetime
    is_late: bool
    host: UUID | None
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Line:
    """Who waits in a shop, in order; and when somebody who came now would be received."""

    places: tuple[Place, ...]
    _told: tuple[queue.Waiting, ...]
    _free: dict[int, list[queue.Piece]]
    _kept_from: dict[int, datetime]
    _hosts: tuple[Present, ...]
    _now: datetime

    def soonest(self, reason: Reason) -> datetime | None:
        """Behind all who wait. None: nobody has so much time left today."""
        able = tuple(one.id for one in self._hosts if reason.pk in one.reasons)
        last = max((one.turn for one in self._told), default=self._now)
        newcomer = queue.Waiting(0, max(last, self._now), reason.minutes, able)
        turns = queue.expected([*self._told, newcomer], self._free, self._kept_from, now=self._now)
        return next(turn.at for turn in turns if turn.id == newcomer.id)


def line(shop: Shop, visits: Sequence[Visit], *, hosts: Sequence[Present] | None = None, now: datetime) -> Line:
    """Those of `visits` who have arrived and were not received yet. Six queries, one where the `hosts` of today are
    known.
    """
    rows = {visit.pk: visit for visit in visits if visit.state == "arrived" and visit.arrived_at is not None}
    if hosts is None:
        hosts = present(shop, now.astimezone(ZoneInfo(shop.site.zone)).date(), now=now)
    of_user = {one.user: one.id for one in hosts}
    users = {one.id: one.user for one in hosts}
    told = {pk: _told(shop, row, hosts, of_user) for pk, row in rows.items()}
    free = {one.id: [(max(a, now), b) for a, b in one.free if b > now] for one in hosts}
    kept_from = _kept_from(users, now)
    places = tuple(
        Place(
            rows[one.id], told[one.id].turn, told[one.id].turn != rows[one.id].starts_at,
            rows[one.id].host_id if one.host is None else users[one.host], one.at,
        )
        for one in queue.expected(told.values(), free, kept_from, now=now)
    )  # fmt: skip
    return Line(places, tuple(told.values()), free, kept_from, tuple(hosts), now)


def _told(shop: Shop, row: Visit, hosts: Sequence[Present], of_user: dict[UUID, int]) -> queue.Waiting:
    assert row.arrived_at is not None
    turn = queue.turn_of(row.starts_at, row.arrived_at, walked_in=row.walked_in, grace_minutes=shop.grace_minutes)
    able = [one for one in hosts if row.reason_id in one.reasons]
    able.sort(key=lambda one: (one.user != row.host_id, one.id))
    # Who came in time sits where her host keeps time for her; the others take what is free.
    keeps = not row.walked_in and turn == row.starts_at and row.host_id in of_user
    return queue.Waiting(
        row.pk, turn, row.reason.minutes, tuple(one.id for one in able),
        of_user[row.host_id] if keeps and row.host_id else None,
    )  # fmt: skip


def _kept_from(users: dict[int, UUID], now: datetime) -> dict[int, datetime]:
    """Until when hosts are with somebody now, by what was given to those whom they receive."""
    rows = Occupied.objects.filter(
        counts(now), resource__in=users, since__lte=now, until__gt=now, sitting__visits__state="started"
    )
    return dict(rows.values_list("resource_id", "until"))
