"""In which order those who are in the shop are received, by whom and when. Pure.

Who booked and came in time has her turn at her hour; who walked in, or came later than the grace, at the moment when
she came. The time of a host is given to one after the other in that order, each the earliest piece that is long enough:
a later one never delays an earlier one, and a piece that ends at the next booked visit goes only to who fits in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

Piece: TypeAlias = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Waiting:
    """Somebody in the shop. `turn`: see `turn_of`; `hosts`: who can receive her, in the order in which they are asked;
    `own`: who keeps time for her, from `turn` on.
    """

    id: int
    turn: datetime
    minutes: int
    hosts: tuple[int, ...] = ()
    own: int | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """When somebody is expected to be received, and by whom. `at` is None where nobody has so much time today."""

    id: int
    host: int | None
    at: datetime | None


def is_late(starts_at: datetime, arrived_at: datetime, grace_minutes: int) -> bool:
    """Whether she came too late to keep her turn."""
    return arrived_at > starts_at + timedelta(minutes=grace_minutes)


def turn_of(starts_at: datetime, arrived_at: datetime, *, walked_in: bool, grace_minutes: int) -> datetime:
    """The moment by which her place in the queue is reckoned."""
    return arrived_at if walked_in or is_late(starts_at, arrived_at, grace_minutes) else starts_at


def ordered(waiting: Iterable[Waiting]) -> list[Waiting]:
    """In their turn; of two at one moment the one for whom time is kept comes first."""
    return sorted(waiting, key=lambda one: (one.turn, one.own is None, one.id))


def expected(
    waiting: Iterable[Waiting], free: Mapping[int, Sequence[Piece]], kept_from: Mapping[int, datetime], *, now: datetime
) -> list[Turn]:
    """When each is received, in order. `free`: the pieces of each host's time from now on that nobody has, in order;
    `kept_from`: from when a host is with nobody any more, where she is with somebody now.
    """
    left = {host: list(pieces) for host, pieces in free.items()}
    found = []
    for one in ordered(waiting):
        if one.own is not None:
            found.append(Turn(one.id, one.own, max(now, one.turn, kept_from.get(one.own, now))))
        else:
            found.append(_earliest(one, left, now))
    return found


def _earliest(one: Waiting, left: dict[int, list[Piece]], now: datetime) -> Turn:
    """The earliest time that is long enough, and it is taken; of two hosts at one moment the first that is asked."""
    length = timedelta(minutes=one.minutes)
    best: tuple[datetime, int, int, int] | None = None
    for rank, host in enumerate(one.hosts):
        for n, (start, end) in enumerate(left.get(host, ())):
            start = max(start, now)
            if start + length <= end:
                best = min(best or (start, rank, host, n), (start, rank, host, n))
                break
    if best is None:
        return Turn(one.id, None, None)
    at, _rank, host, n = best
    start, end = left[host].pop(n)
    pieces = [(start, at), (at + length, end)]
    left[host][n:n] = [(a, b) for a, b in pieces if a < b]
    return Turn(one.id, host, at)
