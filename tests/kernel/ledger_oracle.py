"""The ledger once more, in plain Python and as slowly as one likes: what the real one must agree with."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

GROWS_BY_CREDIT = ("liability", "income", "equity")


class No(Exception):
    """Refused, with a code."""


@dataclass
class Purse:
    """One part of a lots account: how much of it is there, and how much of that is held."""

    left: int
    held: int
    priority: int
    ends: datetime | None
    born: int

    def order(self):
        return self.priority, self.ends is None, self.ends or self.born, self.born


@dataclass
class Holder:
    kind: str
    limited: bool = False
    ceiling: int | None = None
    lots: bool = False
    posted: int = 0
    coming: int = 0
    going: int = 0
    parts: list[Purse] = field(default_factory=list)

    def free(self, now):
        if self.lots:
            return sum(part.left - part.held for part in self.parts if part.ends is None or part.ends > now)
        return self.posted - self.going


@dataclass
class Move:
    debit: str
    credit: str
    amount: int
    state: str  # posted, pending, done (a pending one that was resolved)
    taken: list = field(default_factory=list)  # [(part, amount)], of the debit account
    part: Purse | None = None  # what it made
    until: datetime | None = None
    ends: datetime | None = None
    priority: int = 0
    given_back: int = 0
    back: bool = False


class Oracle:
    def __init__(self, holders):
        self.holders: dict[str, Holder] = holders
        self.moves: dict[str, Move] = {}
        self.closed: datetime | None = None
        self.born = 0

    def _loses(self, name, is_debit):
        return (self.holders[name].kind in GROWS_BY_CREDIT) == is_debit

    def _look(self, name, is_debit, amount, now):
        holder = self.holders[name]
        if self._loses(name, is_debit):
            if holder.limited and amount > holder.free(now):
                raise No("ledger.insufficient")
        elif holder.ceiling is not None and holder.posted + holder.coming + amount > holder.ceiling:
            raise No("ledger.over_ceiling")

    def _shift(self, move, amount, what):
        """`what` is the counter that grows where value comes, and where it goes."""
        for name, is_debit in ((move.debit, True), (move.credit, False)):
            holder, loses = self.holders[name], self._loses(name, is_debit)
            if what == "posted":
                holder.posted += -amount if loses else amount
            elif loses:
                holder.going += amount
            else:
                holder.coming += amount

    def _take(self, name, amount, now, first=None):
        taken = []
        for part in sorted(self.holders[name].parts, key=lambda one: (one is not first, one.order())):
            if amount and (part.ends is None or part.ends > now) and part.left > part.held:
                got = min(amount, part.left - part.held)
                taken.append((part, got))
                amount -= got
        assert not amount
        return taken

    def _make(self, move, amount):
        if self.holders[move.credit].lots:
            self.born += 1
            move.part = Purse(amount, 0, move.priority, move.ends, self.born)
            self.holders[move.credit].parts.append(move.part)

    def _open(self, at):
        if self.closed is not None and at < self.closed:
            raise No("ledger.period_closed")

    def transfer(self, key, debit, credit, amount, now, *, pending=False, until=None, ends=None, priority=0):
        self._look(debit, True, amount, now)
        self._look(credit, False, amount, now)
        state = "pending" if pending else "posted"
        move = Move(debit, credit, amount, state, until=until, ends=ends, priority=priority)
        if self.holders[debit].lots:
            move.taken = self._take(debit, amount, now)
            for part, got in move.taken:
                part.held += got if pending else 0
                part.left -= 0 if pending else got
        self._shift(move, amount, state)
        if not pending:
            self._make(move, amount)
        self.moves[key] = move

    def resolve(self, key, amount, now):
        """`amount` is posted; 0 voids."""
        move = self.moves[key]
        if move.state == "posted":
            raise No("ledger.not_pending")
        if move.state == "done":
            raise No("ledger.resolved")
        if amount and move.until is not None and move.until <= now:
            raise No("ledger.expired")
        self._shift(move, -move.amount, "pending")
        used, left = [], amount
        for part, got in move.taken:
            part.held -= got
            part.left -= min(got, left)
            used.append((part, min(got, left)))
            left -= min(got, left)
        move.taken = [(part, got) for part, got in used if got]
        move.state, move.amount = "done", amount
        if amount:
            self._shift(move, amount, "posted")
            self._make(move, amount)

    def reverse(self, key, amount, now):
        move = self.moves[key]
        if move.state == "pending" or (move.state == "done" and not move.amount):
            raise No("ledger.still_pending" if move.state == "pending" else "ledger.not_reversible")
        if move.back:
            raise No("ledger.not_reversible")
        if amount > move.amount - move.given_back:
            raise No("ledger.reversed_already")
        self._look(move.credit, True, amount, now)
        self._look(move.debit, False, amount, now)
        if self.holders[move.credit].lots:
            for part, got in self._take(move.credit, amount, now, first=move.part):
                part.left -= got
        skip, left = move.given_back, amount
        for part, got in sorted(move.taken, key=lambda one: one[0].order(), reverse=True):
            gone = min(skip, got)
            skip -= gone
            some = min(left, got - gone)
            part.left += some
            left -= some
        self._shift(move, -amount, "posted")
        move.given_back += amount

    def sweep(self, now):
        for key, move in self.moves.items():
            if move.state == "pending" and move.until is not None and move.until <= now:
                self.resolve(key, 0, now)
        for holder in self.holders.values():
            for part in holder.parts:
                if part.ends is not None and part.ends <= now:
                    holder.posted -= part.left - part.held
                    self.holders["lapsed"].posted += part.left - part.held
                    part.left = part.held
