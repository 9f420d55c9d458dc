"""The arithmetic of the ledger: balances, limits, lots. Whole numbers of a unit's smallest piece; no database."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

Kind = Literal["asset", "liability", "income", "expense", "equity"]
KINDS: tuple[Kind, ...] = ("asset", "liability", "income", "expense", "equity")
CREDIT_KINDS = frozenset({"liability", "income", "equity"})
"""Kinds whose balance grows by credits; that of the others grows by debits."""
Limit = Literal["none", "no_negative", "ceiling"]
LIMITS: tuple[Limit, ...] = ("none", "no_negative", "ceiling")
"""`ceiling`: never below zero, and never above an amount."""
Phase = Literal["posted", "pending", "post", "void", "expire"]
PHASES: tuple[Phase, ...] = ("posted", "pending", "post", "void", "expire")
"""`posted` at once; `pending`, then once `post`, `void` or `expire`, each a transfer of its own."""
POSTING: tuple[Phase, ...] = ("posted", "post")
AMOUNT_MAX = 10**15
"""More than any organisation moves at once, and far enough from what a bigint holds."""


@dataclass(frozen=True, slots=True)
class Sums:
    """What an account was debited and credited in all. As a change of them, any may be negative."""

    debits_posted: int = 0
    credits_posted: int = 0
    debits_pending: int = 0
    credits_pending: int = 0

    def __add__(self, other: Sums) -> Sums:
        return Sums(
            self.debits_posted + other.debits_posted,
            self.credits_posted + other.credits_posted,
            self.debits_pending + other.debits_pending,
            self.credits_pending + other.credits_pending,
        )


@dataclass(frozen=True, slots=True)
class Balance:
    """Of an account, on the side on which it grows: what it holds, what is announced, what is held back."""

    posted: int = 0
    pending_in: int = 0
    pending_out: int = 0
    lapsed: int = 0
    """Of an account kept in lots: past their time and not taken away yet."""

    @property
    def available(self) -> int:
        """What can be taken now: nothing that only was announced, nothing that is held back."""
        return self.posted - self.pending_out - self.lapsed


def balance_of(sums: Sums, kind: str) -> Balance:
    if kind in CREDIT_KINDS:
        return Balance(sums.credits_posted - sums.debits_posted, sums.credits_pending, sums.debits_pending)
    return Balance(sums.debits_posted - sums.credits_posted, sums.debits_pending, sums.credits_pending)


def effect(phase: Phase, amount: int, held: int = 0) -> tuple[Sums, Sums]:
    """What a transfer changes in the sums of its debit and of its credit account; `held` is the amount that was pending
    of what it resolves.
    """
    posted = amount if phase in POSTING else 0
    pending = amount if phase == "pending" else -held
    return Sums(debits_posted=posted, debits_pending=pending), Sums(credits_posted=posted, credits_pending=pending)


# --- lots ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Piece:
    """A lot as it stands: `remaining` of it is in the balance, `reserved` of that is held back by pending ones."""

    id: int
    remaining: int
    reserved: int
    priority: int
    expires_at: datetime | None

    @property
    def free(self) -> int:
        return self.remaining - self.reserved

    def is_live(self, now: datetime) -> bool:
        return self.expires_at is None or self.expires_at > now


def in_order(pieces: Iterable[Piece]) -> list[Piece]:
    """As lots are consumed: the lowest priority first, of equals what expires first, then the oldest."""
    return sorted(pieces, key=lambda one: (one.priority, one.expires_at is None, one.expires_at or 0, one.id))


def lapsed(pieces: Iterable[Piece], now: datetime) -> int:
    return sum(one.free for one in pieces if not one.is_live(now))


def take(pieces: Iterable[Piece], amount: int, now: datetime, *, first: int | None = None) -> list[tuple[int, int]]:
    """From which lots `amount` is taken, `[(lot, amount)]`, beginning with the lot `first`; an empty list where they
    do not suffice. Lots past their time give nothing.
    """
    ordered = [one for one in in_order(pieces) if one.free > 0 and one.is_live(now)]
    ordered.sort(key=lambda one: one.id != first)
    taken, left = [], amount
    for one in ordered:
        if not left:
            break
        part = min(left, one.free)
        taken.append((one.id, part))
        left -= part
    return taken if not left else []


def part_of(uses: Sequence[tuple[int, int]], amount: int) -> list[tuple[int, int]]:
    """The first `amount` of some uses `[(lot, amount)]`: what a posting of less than was held consumes."""
    found, left = [], amount
    for lot, used in uses:
        part = min(left, used)
        if part:
            found.append((lot, part))
            left -= part
    return found


def give_back(
    uses: Sequence[tuple[int, int]], pieces: Iterable[Piece], amount: int, *, before: int = 0
) -> list[tuple[int, int]]:
    """To which lots `amount` of some uses returns, what lasts longest first; `before` of them was returned earlier."""
    place = {one.id: n for n, one in enumerate(in_order(pieces))}
    backwards = sorted(uses, key=lambda use: -place[use[0]])
    found, skipped, left = [], before, amount
    for lot, used in backwards:
        gone = min(skipped, used)
        skipped -= gone
        part = min(left, used - gone)
        if part:
            found.append((lot, part))
            left -= part
    return found


def changed(piece: Piece, *, remaining: int = 0, reserved: int = 0) -> Piece:
    """The lot after so much more, or less, of each."""
    return replace(piece, remaining=piece.remaining + remaining, reserved=piece.reserved + reserved)
